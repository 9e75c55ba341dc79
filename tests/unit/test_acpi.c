/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The ACPI tables: walked from the RSDP as a guest would, by offsets of the specification; then taken apart by iasl. */
#include "plan_fixture.h"

#include <stdio.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/reader.h"
#include "build/acpi.h"
#include "skip.h"

#define GPA 0xe0000ull

struct made {
    struct slip_buf buf;
    struct slip_acpi_table tables[SLIP_ACPI_MAX_TABLES];
    unsigned n_tables;
    struct slip_reader reader;
};

static void make(struct made *m, unsigned vcpus, unsigned maxvcpus)
{
    memset(m, 0, sizeof(*m));
    m->n_tables = slip__acpi_make(&slip__machine_microvm, vcpus, maxvcpus, GPA, &m->buf, m->tables);
    assert_false(m->buf.failed);
    m->reader = slip__reader(m->buf.data, m->buf.len);
}

static uint8_t sum(const struct made *m, uint64_t gpa, uint64_t len)
{
    uint8_t total = 0;

    assert_true(gpa >= GPA && slip__range_fits(gpa - GPA, len, m->buf.len));
    for (uint64_t i = 0; i < len; i++)
        total = (uint8_t)(total + (uint8_t)m->buf.data[gpa - GPA + i]);
    return total;
}

static void check_signature(const struct made *m, uint64_t gpa, const char *want)
{
    assert_memory_equal(m->buf.data + (gpa - GPA), want, strlen(want));
}

/* Checks a table's header and returns its length. */
static uint32_t check_table(struct made *m, uint64_t gpa, const char *signature, unsigned revision)
{
    uint32_t len = slip__reader_u32(&m->reader, gpa - GPA + 4);

    assert_int_equal(gpa % 64, 0);
    check_signature(m, gpa, signature);
    assert_true(len >= 36);
    assert_int_equal(slip__reader_u8(&m->reader, gpa - GPA + 8), revision);
    assert_int_equal(sum(m, gpa, len), 0);
    return len;
}

static void check_madt(struct made *m, uint64_t gpa, uint32_t len, unsigned vcpus,
                       unsigned maxvcpus)
{
    struct slip_reader *r = &m->reader;
    unsigned lapics = 0, ioapics = 0, overrides = 0, nmis = 0;
    uint64_t at = gpa - GPA, end = at + len;

    assert_int_equal(slip__reader_u32(r, at + 36), 0xfee00000);
    assert_int_equal(slip__reader_u32(r, at + 40), 1); /* the 8259s are there */
    for (at += 44; at < end; at += slip__reader_u8(r, at + 1)) {
        assert_true(slip__reader_u8(r, at + 1) >= 6);
        switch (slip__reader_u8(r, at)) {
        case 0:
            assert_int_equal(slip__reader_u8(r, at + 2), lapics);
            assert_int_equal(slip__reader_u8(r, at + 3), lapics);
            /* Enabled from vcpus, not from maxvcpus; never online capable. */
            assert_int_equal(slip__reader_u32(r, at + 4), lapics < vcpus ? 1 : 0);
            lapics++;
            break;
        case 1:
            assert_int_equal(slip__reader_u32(r, at + 4), 0xfec00000);
            assert_int_equal(slip__reader_u32(r, at + 8), 0);
            ioapics++;
            break;
        case 2:
            /* The PIT's interrupt arrives at 2; the SCI is level-triggered, active high. */
            assert_int_equal(slip__reader_u8(r, at + 3), overrides ? 11 : 0);
            assert_int_equal(slip__reader_u32(r, at + 4), overrides ? 11 : 2);
            assert_int_equal(slip__reader_u16(r, at + 8), overrides ? 0xd : 0);
            overrides++;
            break;
        case 4:
            assert_int_equal(slip__reader_u8(r, at + 2), 0xff);
            assert_int_equal(slip__reader_u8(r, at + 5), 1);
            nmis++;
            break;
        default:
            fail_msg("MADT entry of type %u", slip__reader_u8(r, at));
        }
    }
    assert_int_equal(at, end);
    assert_int_equal(lapics, maxvcpus);
    assert_int_equal(ioapics, 1);
    assert_int_equal(overrides, 2);
    assert_int_equal(nmis, 1);
}

static void check_fadt(struct made *m, uint64_t gpa)
{
    struct slip_reader *r = &m->reader;
    uint64_t at = gpa - GPA, facs, dsdt;

    assert_int_equal(check_table(m, gpa, "FACP", 6), 276);
    facs = slip__reader_u32(r, at + 36);
    dsdt = slip__reader_u32(r, at + 40);
    assert_int_equal(slip__reader_u64(r, at + 132), 0); /* one of the two FACS fields only */
    assert_int_equal(slip__reader_u64(r, at + 140), dsdt);
    assert_int_equal(slip__reader_u32(r, at + 48), 0);              /* SMI_CMD: in ACPI mode */
    assert_int_equal(slip__reader_u32(r, at + 112) & (1 << 20), 0); /* not hardware-reduced */
    assert_int_equal(slip__reader_u32(r, at + 112) & (1 << 10), 1 << 10);
    assert_int_equal(slip__reader_u32(r, at + 76), 0); /* no PM timer */
    assert_int_equal(slip__reader_u8(r, at + 116), 0); /* reset register: system memory */
    assert_int_equal(slip__reader_u8(r, at + 117), 8);
    assert_int_equal(slip__reader_u64(r, at + 120), 0xfea00202);
    assert_int_equal(slip__reader_u8(r, at + 128), 0x42);
    assert_int_equal(slip__reader_u8(r, at + 131), 3);
    /* The sleep register is the upper byte of PM1 control; PM1's events are zero bytes in the tables' own memory. */
    assert_int_equal(slip__reader_u16(r, at + 46), 11);
    assert_int_equal(slip__reader_u32(r, at + 56), 0);
    assert_int_equal(slip__reader_u32(r, at + 64), 0);
    assert_int_equal(slip__reader_u32(r, at + 172), 0x01081000);
    assert_int_equal(slip__reader_u64(r, at + 176), 0xfea001ff);
    assert_int_equal(slip__reader_u32(r, slip__reader_u64(r, at + 152) - GPA), 0);
    check_signature(m, facs, "FACS");
    assert_int_equal(facs % 64, 0);
    assert_int_equal(slip__reader_u32(r, facs - GPA + 4), 64);
    check_table(m, dsdt, "DSDT", 2);
}

static void walk(unsigned vcpus, unsigned maxvcpus)
{
    struct slip_reader *r;
    struct made m;
    uint64_t xsdt, fadt, madt;

    make(&m, vcpus, maxvcpus);
    r = &m.reader;
    check_signature(&m, GPA, "RSD PTR ");
    assert_int_equal(sum(&m, GPA, 20), 0);
    assert_int_equal(sum(&m, GPA, 36), 0);
    assert_int_equal(slip__reader_u8(r, 15), 2);
    assert_int_equal(slip__reader_u32(r, 20), 36);
    xsdt = slip__reader_u64(r, 24);
    assert_int_equal(check_table(&m, xsdt, "XSDT", 1), 36 + 2 * 8);
    fadt = slip__reader_u64(r, xsdt - GPA + 36);
    madt = slip__reader_u64(r, xsdt - GPA + 44);
    check_fadt(&m, fadt);
    check_madt(&m, madt, check_table(&m, madt, "APIC", 5), vcpus, maxvcpus);
    assert_true(slip__reader_ok(r));
    slip__buf_dispose(&m.buf);
}

static void walks(void **state)
{
    (void)state;
    walk(1, 1);
    walk(2, 4);
    walk(16, 16);
    walk(1, 255);
    walk(255, 255);
}

/* What reports say of the tables is where they are. */
static void listed(void **state)
{
    static const char *const want[] = {"RSD PTR ", "DSDT", "FACS", "FACP", "APIC", "XSDT"};
    struct made m;

    (void)state;
    make(&m, 2, 4);
    assert_int_equal(m.n_tables, SLIP_COUNT(want));
    for (unsigned i = 0; i < m.n_tables; i++) {
        assert_string_equal(m.tables[i].signature, want[i]);
        check_signature(&m, m.tables[i].gpa, want[i]);
        assert_true(slip__range_fits(m.tables[i].gpa - GPA, m.tables[i].bytes, m.buf.len));
    }
    slip__buf_dispose(&m.buf);
}

static void write_file(const char *path, const char *data, size_t len)
{
    FILE *f = fopen(path, "we");

    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
}

/* Another implementation reads every table: no error, no warning about a checksum or a length. */
static void iasl_reads_them(void **state)
{
    char folder[] = "/tmp/slipway-acpi-XXXXXX", command[512];
    struct made m;
    int r;

    (void)state;
    assert_non_null(mkdtemp(folder));
    make(&m, 2, 4);
    for (unsigned i = 1; i < m.n_tables;
         i++) { /* iasl does not take an RSDP from a file of its own */
        char path[128];

        snprintf(path, sizeof(path), "%s/%.4s.dat", folder, m.tables[i].signature);
        write_file(path, m.buf.data + (m.tables[i].gpa - GPA), m.tables[i].bytes);
        snprintf(command, sizeof(command),
                 "cd %s && timeout 60 iasl -d %.4s.dat >log 2>&1 </dev/null && test -s %.4s.dsl && "
                 "! grep -qiE 'error|warning|invalid|incorrect' log || { cat log; exit 1; }",
                 folder, m.tables[i].signature, m.tables[i].signature);
        r = system(command);
        if (r != 0)
            fail_msg("iasl -d of %s: status %d", m.tables[i].signature, r);
    }
    /* The FADT and MADT, written out and compiled again, are the same bytes (after the header, where
     * iasl signs as creator). */
    snprintf(command, sizeof(command),
             "cd %s && for t in FACP APIC; do timeout 60 iasl -p again -f $t.dsl >log 2>&1 && "
             "cmp -i 36 again.aml $t.dat || { cat log; exit 1; }; done",
             folder);
    assert_int_equal(system(command), 0);
    snprintf(command, sizeof(command), "rm -r %s", folder);
    assert_int_equal(system(command), 0);
    slip__buf_dispose(&m.buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(walks),
        cmocka_unit_test(listed),
        TEST_IF(system("command -v iasl >/dev/null") == 0, iasl_reads_them,
                "iasl is not installed"),
    };

    return cmocka_run_group_tests_name("acpi", tests, NULL, NULL);
}
