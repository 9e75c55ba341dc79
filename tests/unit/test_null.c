/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The null engine: a whole guest in memory, read back as the guest would; and what it records. */
#include "plan_fixture.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/stat.h>

#include "abi/e820.h"
#include "base/cleanup.h"
#include "base/reader.h"
#include "engine/engine.h"

#define KERNEL_BYTE 0xa5

/* Fills the segments as the image loader would: file bytes only, the rest stays zero. */
static void load_kernel(const struct fixture *f, struct slip_ram *ram)
{
    for (size_t i = 0; i < f->image.n_segments; i++) {
        const struct slip_segment *s = &f->image.segments[i];
        void *to = slip__ram_at(ram, "kernel", s->gpa, s->memory_bytes, NULL);

        assert_non_null(to);
        memset(to, KERNEL_BYTE, s->file_bytes);
    }
}

static struct slip_run *create(const struct fixture *f, const char *record)
{
    struct slip_error *err = NULL;
    struct slip_run *run = NULL;

    if (slip__engine_null.create(&f->guest, f->image.elf_bits, record, &run, &err) < 0)
        fail_msg("%s", slip_error_message(err));
    return run;
}

/* A reader of one structure in guest memory. */
static struct slip_reader at(struct slip_ram *ram, uint64_t gpa, uint64_t len)
{
    void *bytes = slip__ram_at(ram, "a structure", gpa, len, NULL);

    assert_non_null(bytes);
    return slip__reader(bytes, len);
}

/* Reads start info and what it points to as a kernel does, and compares it with what was asked for. */
static void check_start_info(const struct fixture *f, const struct slip_plan *plan,
                             struct slip_ram *ram)
{
    struct slip_reader info = at(ram, plan->start.start_info_gpa, 56), list, map;
    uint64_t list_gpa = slip__reader_u64(&info, 16), cmdline_gpa = slip__reader_u64(&info, 24);
    uint64_t rsdp_gpa = slip__reader_u64(&info, 32), map_gpa = slip__reader_u64(&info, 40);
    uint32_t n_map = slip__reader_u32(&info, 48);
    size_t len = strlen(plan->cmdline);

    assert_int_equal(slip__reader_u32(&info, 0), 0x336ec578);
    assert_int_equal(slip__reader_u32(&info, 4), 1);
    assert_int_equal(slip__reader_u32(&info, 8), 0);
    assert_int_equal(slip__reader_u32(&info, 12), f->n_modules);
    assert_int_equal(slip__reader_u32(&info, 52), 0);
    assert_memory_equal(slip__ram_at(ram, "cmdline", cmdline_gpa, len + 1, NULL), plan->cmdline,
                        len + 1);
    assert_memory_equal(slip__ram_at(ram, "rsdp", rsdp_gpa, 8, NULL), "RSD PTR ", 8);
    if (!f->n_modules)
        assert_int_equal(list_gpa, 0);
    else
        list = at(ram, list_gpa, 32 * f->n_modules);
    for (size_t i = 0; i < f->n_modules; i++) {
        uint64_t gpa = slip__reader_u64(&list, 32 * i);
        uint8_t *bytes = slip__ram_at(ram, "module", gpa, f->modules[i].bytes, NULL);

        assert_int_equal(slip__reader_u64(&list, 32 * i + 8), f->modules[i].bytes);
        assert_int_equal(slip__reader_u64(&list, 32 * i + 16), 0);
        assert_int_equal(slip__reader_u64(&list, 32 * i + 24), 0);
        for (uint64_t n = 0; n < f->modules[i].bytes; n++)
            assert_int_equal(bytes[n], fixture_byte(i, n));
    }
    map = at(ram, map_gpa, 24 * n_map);
    assert_int_equal(n_map, plan->n_map);
    for (unsigned i = 0; i < n_map; i++) {
        assert_int_equal(slip__reader_u64(&map, 24 * i), plan->map[i].gpa);
        assert_int_equal(slip__reader_u64(&map, 24 * i + 8), plan->map[i].bytes);
        assert_int_equal(slip__reader_u32(&map, 24 * i + 16), plan->map[i].type);
        assert_int_equal(slip__reader_u32(&map, 24 * i + 20), 0);
    }
}

static void assert_zero(int fd, off_t start, off_t end)
{
    static uint8_t chunk[65536];

    while ((start = lseek(fd, start, SEEK_DATA)) >= 0 && start < end) {
        size_t want = end - start < (off_t)sizeof(chunk) ? (size_t)(end - start) : sizeof(chunk);
        ssize_t n = pread(fd, chunk, want, start);

        assert_true(n > 0);
        for (ssize_t i = 0; i < n; i++) {
            if (chunk[i])
                fail_msg("byte 0x%02x at 0x%llx is in no piece", chunk[i],
                         (unsigned long long)(start + i));
        }
        start += n;
    }
}

/* Nothing outside the pieces; of the kernel, nothing outside its file bytes. */
static void check_rest_is_zero(const struct fixture *f, const struct slip_plan *plan, int fd)
{
    struct stat st;
    off_t pos = 0;

    for (size_t i = 0; i < plan->n_pieces; i++) {
        assert_zero(fd, pos, (off_t)plan->pieces[i].gpa);
        pos = (off_t)(plan->pieces[i].gpa + plan->pieces[i].bytes);
    }
    assert_int_equal(fstat(fd, &st), 0);
    assert_zero(fd, pos, st.st_size);
    for (size_t i = 0; i < f->image.n_segments; i++) {
        const struct slip_segment *s = &f->image.segments[i];

        assert_zero(fd, (off_t)(s->gpa + s->file_bytes), (off_t)(s->gpa + s->memory_bytes));
    }
}

static int open_in(const char *folder, const char *name)
{
    char path[128];
    int fd;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    return fd;
}

static void remove_record(const char *folder)
{
    char path[128];

    snprintf(path, sizeof(path), "%s/ram.img", folder);
    unlink(path);
    snprintf(path, sizeof(path), "%s/plan.json", folder);
    unlink(path);
    assert_int_equal(rmdir(folder), 0);
}

static bool told(struct slip_run *run)
{
    struct pollfd fds[SLIP_ENGINE_MAX_FDS];
    unsigned n = slip__engine_null.fds(run, fds);

    return poll(fds, n, 0) > 0;
}

/* Builds, starts, records and checks all of one guest. */
static void whole_guest(struct fixture *f)
{
    char folder[] = "/tmp/slipway-null-XXXXXX", record[64];
    struct slip_error *err = NULL;
    struct slip_plan *plan = fixture_planned(f);
    struct slip_run *run;
    struct stat st;
    uint64_t module_bytes = 0;
    int fd;

    assert_non_null(mkdtemp(folder));
    snprintf(record, sizeof(record), "%s/record", folder); /* made by the engine */
    run = create(f, record);
    assert_int_equal(slip__ram_bytes(run->ram), f->guest.memory.value << 20);
    load_kernel(f, run->ram);
    if (slip__plan_write(plan, run->ram, NULL, NULL, &err) < 0)
        fail_msg("%s", slip_error_message(err));
    check_start_info(f, plan, run->ram);
    assert_false(told(run));
    if (slip__engine_null.start(run, plan, false, &err) < 0)
        fail_msg("%s", slip_error_message(err));
    assert_true(told(run));
    assert_int_equal(slip__engine_null.dispatch(run, &err), SLIP_EVENT_POWEROFF);
    assert_int_equal(slip__engine_null.dispatch(run, &err), SLIP_EVENT_NONE);
    slip__engine_null.destroy(run);

    fd = open_in(record, "ram.img");
    assert_int_equal(fstat(fd, &st), 0);
    assert_int_equal(st.st_size, plan->ram[plan->n_ram - 1].gpa + plan->ram[plan->n_ram - 1].size);
    for (size_t i = 0; i < f->n_modules; i++)
        module_bytes += f->modules[i].bytes;
    assert_true((uint64_t)st.st_blocks * 512 < module_bytes + 2 * MIB); /* holes kept */
    check_rest_is_zero(f, plan, fd);
    for (size_t i = 0; i < plan->n_pieces; i++) {
        const struct slip_piece *p = &plan->pieces[i];
        uint8_t first = 0;

        assert_int_equal(pread(fd, &first, 1, (off_t)p->gpa), 1);
        assert_int_equal(first, p->source == SLIP_SOURCE_IMAGE ? KERNEL_BYTE
                                : p->source == SLIP_SOURCE_BYTES
                                    ? *(uint8_t *)p->data
                                    : fixture_byte(atoi(p->what + 7), 0));
    }
    close(fd);
    slip_plan_free(plan);
    remove_record(record);
    assert_int_equal(rmdir(folder), 0);
}

static void sizes(void **state)
{
    static const int64_t memories[] = {96, 512, 6144};
    static const size_t module_counts[] = {0, 1, 3, 64}, cmdlines[] = {0, 1, 255, 2047};

    (void)state;
    for (size_t i = 0; i < SLIP_COUNT(memories); i++) {
        for (size_t j = 0; j < SLIP_COUNT(module_counts); j++) {
            struct fixture f;

            fixture_init(&f, memories[i]);
            fixture_cmdline(&f, cmdlines[j], true);
            for (size_t n = 0; n < module_counts[j]; n++)
                fixture_add_module(&f, 1 + n * 1777);
            whole_guest(&f);
            fixture_dispose(&f);
        }
    }
}

/* A module above 4 GiB is written there, and the file keeps the hole below. */
static void above_4_gib(void **state)
{
    struct fixture f;

    (void)state;
    fixture_init(&f, 6144);
    f.segments[1].gpa = 0x1006000;
    f.segments[1].memory_bytes = 0xc0000000 - 0x1006000; /* all that is left below */
    f.segments[1].file_bytes = 0x777;
    fixture_add_module(&f, 16 * MIB - 0x100000 +
                               1); /* one byte more than what is free under the kernel */
    whole_guest(&f);
    fixture_dispose(&f);
}

static void paused_tells_nothing(void **state)
{
    struct fixture f;
    struct slip_plan *plan;
    struct slip_run *run;

    (void)state;
    fixture_init(&f, 96);
    plan = fixture_planned(&f);
    run = create(&f, NULL);
    assert_int_equal(slip__engine_null.unpause(run, NULL), SLIP_ESTATE);
    assert_int_equal(slip__engine_null.start(run, plan, true, NULL), 0);
    assert_int_equal(slip__engine_null.dispatch(run, NULL), SLIP_EVENT_NONE);
    assert_int_equal(slip__engine_null.unpause(run, NULL), 0);
    assert_int_equal(slip__engine_null.dispatch(run, NULL), SLIP_EVENT_POWEROFF);
    slip__engine_null.destroy(run);
    slip_plan_free(plan);
}

/* A module that lost its end after it was measured. */
static void module_shrinks(void **state)
{
    struct fixture f;
    struct slip_error *err = NULL;
    struct slip_plan *plan;
    struct slip_run *run;

    (void)state;
    fixture_init(&f, 96);
    fixture_add_module(&f, 10000);
    plan = fixture_planned(&f);
    assert_int_equal(ftruncate(f.modules[0].fd, 9000), 0);
    run = create(&f, NULL);
    assert_true(slip__plan_write(plan, run->ram, NULL, NULL, &err) < 0);
    assert_string_equal(slip_error_message(err), "module 0: initrd.img ends at byte 9000, 10000 "
                                                 "bytes at 0 were wanted");
    slip_error_free(err);
    slip__engine_null.destroy(run);
    slip_plan_free(plan);
    fixture_dispose(&f);
}

static void record_that_fails(void **state)
{
    struct fixture f;
    struct slip_error *err = NULL;
    struct slip_plan *plan;
    struct slip_run *run;

    (void)state;
    fixture_init(&f, 96);
    plan = fixture_planned(&f);
    run = create(&f, "/dev/null/record");
    assert_int_equal(slip__engine_null.start(run, plan, false, &err), SLIP_EIO);
    assert_string_equal(slip_error_message(err),
                        "cannot make the folder '/dev/null/record': Not a directory");
    assert_int_equal(slip__engine_null.dispatch(run, NULL), SLIP_EVENT_NONE);
    slip_error_free(err);
    slip__engine_null.destroy(run);
    slip_plan_free(plan);
}

struct seen {
    uint64_t calls, last, total;
};

static void see(uint64_t done, uint64_t total, void *payload)
{
    struct seen *seen = payload;

    assert_true(done > seen->last);
    seen->last = done;
    seen->total = total;
    seen->calls++;
}

static void progress_moves(void **state)
{
    struct fixture f;
    struct seen seen = {0};
    struct slip_plan *plan;
    struct slip_run *run;

    (void)state;
    fixture_init(&f, 96);
    fixture_add_module(&f, 20 * MIB);
    fixture_add_module(&f, 5);
    plan = fixture_planned(&f);
    run = create(&f, NULL);
    assert_int_equal(slip__plan_write(plan, run->ram, see, &seen, NULL), 0);
    assert_int_equal(seen.calls, 4);
    assert_int_equal(seen.last, 20 * MIB + 5);
    assert_int_equal(seen.total, seen.last);
    slip__engine_null.destroy(run);
    slip_plan_free(plan);
    fixture_dispose(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes),          cmocka_unit_test(above_4_gib),
        cmocka_unit_test(module_shrinks), cmocka_unit_test(paused_tells_nothing),
        cmocka_unit_test(progress_moves), cmocka_unit_test(record_that_fails),
    };

    return cmocka_run_group_tests_name("null", tests, NULL, NULL);
}
