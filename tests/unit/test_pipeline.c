/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The whole way from files to a guest in memory, on the null engine and with real kernel files; and each way it can end
 * early, which leaves nothing: no descriptor, no memory (the leak sanitizer watches), no record.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "abi/ram.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "failmalloc.h"
#include "life/life.h"
#include "mkimage.h"
#include "slipway/plan.h"

#define CODE_GPA  0x1000000u
#define CODE_LEN  0x3456u
#define ENTRY_GPA (CODE_GPA + 0x40)
#define BSS_LEN   0x5000u
#define GIVEN     ((struct slip_mark){.origin = SLIP_GIVEN})

struct world {
    char folder[40], kernel[64], bzimage[64], without[64], module[64], broken[64], record[64];
    uint8_t code[CODE_LEN];
};

static void put_file(const char *folder, const char *name, char path[64], const void *bytes,
                     size_t len)
{
    FILE *f;

    snprintf(path, 64, "%s/%s", folder, name);
    f = fopen(path, "we");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
}

/* An ELF of one segment with zeroes behind it; with a PVH note or not. */
static void make_elf(const uint8_t *code, bool with_note, struct slip_buf *out)
{
    struct slip_buf note = {0};
    struct mk_elf elf = {.bits = 64, .entry = ENTRY_GPA, .n_phdrs = with_note ? 2 : 1};

    mk_xen_note(&note, 18, ENTRY_GPA, 4);
    elf.phdrs[0] = (struct mk_phdr){.type = 1,
                                    .flags = 5,
                                    .vaddr = CODE_GPA,
                                    .paddr = CODE_GPA,
                                    .data = code,
                                    .filesz = CODE_LEN,
                                    .memsz = CODE_LEN + BSS_LEN};
    elf.phdrs[1] = (struct mk_phdr){
        .type = 4, .flags = 4, .data = note.data, .filesz = note.len, .memsz = note.len};
    mk_elf(&elf, out);
    slip__buf_dispose(&note);
}

static int make_world(void **state)
{
    struct slip_buf elf = {0}, without = {0}, payload = {0}, bzimage = {0};
    struct world *w = calloc(1, sizeof(*w));
    struct mk_bzimage bz = {0};

    strcpy(w->folder, "/tmp/slipway-pipeline-XXXXXX");
    if (!mkdtemp(w->folder))
        return -1;
    snprintf(w->record, sizeof(w->record), "%s/record", w->folder);
    mk_fill(w->code, sizeof(w->code), 7);
    make_elf(w->code, true, &elf);
    make_elf(w->code, false, &without);
    mk_payload("xz", elf.data, elf.len, &payload);
    bz.payload = payload.data;
    bz.payload_bytes = payload.len;
    mk_bzimage(&bz, &bzimage);
    put_file(w->folder, "kernel", w->kernel, elf.data, elf.len);
    put_file(w->folder, "bzimage", w->bzimage, bzimage.data, bzimage.len);
    put_file(w->folder, "without", w->without, without.data, without.len);
    put_file(w->folder, "module", w->module, "initrd", 6);
    put_file(w->folder, "broken", w->broken, elf.data, elf.len - 100);
    slip__buf_dispose(&elf);
    slip__buf_dispose(&without);
    slip__buf_dispose(&payload);
    slip__buf_dispose(&bzimage);
    *state = w;
    return 0;
}

static int remove_world(void **state)
{
    struct world *w = *state;
    const char *const paths[] = {w->kernel, w->bzimage, w->without, w->module, w->broken};

    for (size_t i = 0; i < SLIP_COUNT(paths); i++)
        unlink(paths[i]);
    if (rmdir(w->folder) < 0)
        return -1;
    free(w);
    return 0;
}

static void remove_record(const struct world *w)
{
    char path[96];

    snprintf(path, sizeof(path), "%s/ram.img", w->record);
    assert_int_equal(unlink(path), 0);
    snprintf(path, sizeof(path), "%s/plan.json", w->record);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(w->record), 0);
}

static struct slip_guest guest_of(char *kernel, struct slip_str *module, int64_t memory_mib)
{
    static char cmdline[] = "quiet";
    struct slip_guest guest = {0};

    guest.type = (struct slip_num){GIVEN, SLIP_TYPE_PVH};
    guest.memory = (struct slip_num){GIVEN, memory_mib};
    guest.kernel = (struct slip_str){GIVEN, kernel};
    guest.cmdline = (struct slip_str){GIVEN, cmdline};
    guest.ramdisk = (struct slip_strs){GIVEN, module ? 1 : 0, module};
    return guest;
}

static int count_fds(void)
{
    int n = 0;

    for (int fd = 0; fd < 256; fd++) {
        struct stat st;

        n += fstat(fd, &st) == 0;
    }
    return n;
}

static void check_memory(const struct world *w, struct slip_ram *ram)
{
    static const uint8_t zero[BSS_LEN];
    uint8_t *code = slip__ram_at(ram, "kernel", CODE_GPA, CODE_LEN + BSS_LEN, NULL);

    assert_memory_equal(code, w->code, CODE_LEN);
    assert_memory_equal(code + CODE_LEN, zero, BSS_LEN);
    assert_memory_equal(slip__ram_at(ram, "module", 32 * 1048576 - 4096, 7, NULL), "initrd", 7);
}

/* Both kinds of kernel file come to the same memory. */
static void builds(void **state)
{
    struct world *w = *state;
    struct slip_str module = {GIVEN, w->module};
    char *const kernels[] = {w->kernel, w->bzimage};
    int fds = count_fds();

    for (size_t i = 0; i < SLIP_COUNT(kernels); i++) {
        struct slip_guest guest = guest_of(kernels[i], &module, 32);
        struct slip_built built = {0};
        struct slip_error *err = NULL;

        if (slip__build_guest(&guest, &slip__engine_null, w->record, false, false, NULL, NULL,
                              &built, &err) < 0)
            fail_msg("%s", slip_error_message(err));
        assert_int_equal(built.plan->start.entry_gpa, ENTRY_GPA);
        check_memory(w, built.run->ram);
        assert_int_equal(slip__engine_null.dispatch(built.run, NULL), SLIP_EVENT_POWEROFF);
        slip__built_dispose(&built);
        slip__built_dispose(&built);
        assert_int_equal(count_fds(), fds);
        remove_record(w);
    }
}

static void plans_only(void **state)
{
    struct world *w = *state;
    struct slip_str module = {GIVEN, w->module};
    struct slip_guest guest = guest_of(w->bzimage, &module, 32);
    struct slip_built built = {0};
    int fds = count_fds();

    assert_int_equal(slip__build_guest(&guest, &slip__engine_null, w->record, false, true, NULL,
                                       NULL, &built, NULL),
                     0);
    assert_null(built.run);
    assert_non_null(built.plan);
    assert_int_equal(count_fds(), fds);
    assert_int_not_equal(access(w->record, F_OK), 0);
    slip__built_dispose(&built);
}

static void ends_early(void **state)
{
    struct world *w = *state;
    struct slip_str no_module = {GIVEN, w->record}; /* there is no such file */
    const struct {
        struct slip_guest guest;
        int rc;
        unsigned code;
    } cases[] = {
        {guest_of(w->record, NULL, 32), SLIP_EIMAGE, SLIP_CODE_PAYLOAD_FILE},
        {guest_of(w->kernel, &no_module, 32), SLIP_EIMAGE, SLIP_CODE_PAYLOAD_FILE},
        {guest_of(w->kernel, NULL, 16), SLIP_EIMAGE, SLIP_CODE_MEMORY_TOO_SMALL},
        {guest_of(w->without, NULL, 32), SLIP_EIMAGE, SLIP_CODE_NO_PVH_ENTRY},
    };

    for (size_t i = 0; i < SLIP_COUNT(cases); i++) {
        struct slip_built built = {0};
        struct slip_error *err = NULL;
        int fds = count_fds();

        assert_int_equal(slip__build_guest(&cases[i].guest, &slip__engine_null, w->record, false,
                                           false, NULL, NULL, &built, &err),
                         cases[i].rc);
        assert_int_equal(slip_error_code(err), cases[i].code);
        assert_null(built.run);
        assert_null(built.plan);
        assert_int_equal(count_fds(), fds);
        assert_int_not_equal(access(w->record, F_OK), 0);
        slip_error_free(err);
    }
}

static void broken_kernel(void **state)
{
    struct world *w = *state;
    struct slip_guest guest = guest_of(w->broken, NULL, 32);
    struct slip_built built = {0};
    struct slip_error *err = NULL;
    int fds = count_fds();

    assert_int_equal(
        slip__build_guest(&guest, &slip__engine_null, NULL, false, false, NULL, NULL, &built, &err),
        SLIP_EIMAGE);
    assert_non_null(strstr(slip_error_message(err), w->broken));
    assert_int_equal(count_fds(), fds);
    slip_error_free(err);
}

/* An engine that begins before the kernel is read, and then has no memory for it. */
static struct {
    struct slip_run run;
    unsigned begun, created, destroyed;
} early;

static int early_begin(const struct slip_guest *guest, struct slip_run **ret,
                       struct slip_error **err)
{
    (void)guest;
    (void)err;
    early.begun++;
    *ret = &early.run;
    return 0;
}

static int early_create(const struct slip_guest *guest, unsigned kernel_bits, const char *record,
                        struct slip_run **ret, struct slip_error **err)
{
    (void)guest;
    (void)kernel_bits;
    (void)record;
    early.created++;
    assert_ptr_equal(*ret, &early.run);
    return slip__error(err, SLIP_EENGINE, "no memory");
}

static void early_destroy(struct slip_run *run)
{
    assert_ptr_equal(run, &early.run);
    early.destroyed++;
}

/* What was begun is taken away once, whether the kernel or the engine is the reason; a plan begins nothing. */
static void begun_is_taken_away(void **state)
{
    struct world *w = *state;
    struct slip_engine engine = slip__engine_null;
    struct slip_guest broken = guest_of(w->broken, NULL, 32), good = guest_of(w->bzimage, NULL, 32);
    struct slip_built built = {0};

    engine.begin = early_begin;
    engine.create = early_create;
    engine.destroy = early_destroy;
    early.run.engine = &engine;
    assert_int_equal(
        slip__build_guest(&broken, &engine, NULL, false, false, NULL, NULL, &built, NULL),
        SLIP_EIMAGE);
    assert_int_equal(early.begun, 1);
    assert_int_equal(early.created, 0);
    assert_int_equal(early.destroyed, 1);
    assert_int_equal(
        slip__build_guest(&good, &engine, NULL, false, false, NULL, NULL, &built, NULL),
        SLIP_EENGINE);
    assert_int_equal(early.begun, 2);
    assert_int_equal(early.created, 1);
    assert_int_equal(early.destroyed, 2);
    assert_int_equal(slip__build_guest(&good, &engine, NULL, false, true, NULL, NULL, &built, NULL),
                     0);
    assert_int_equal(early.begun, 2);
    slip__built_dispose(&built);
}

struct seen {
    unsigned stages; /* bit per stage */
    enum slip_stage last;
};

static void see(enum slip_stage stage, uint64_t done, uint64_t total, void *payload)
{
    struct seen *seen = payload;

    assert_true(total == 0 || done <= total);
    assert_true(stage >= seen->last);
    seen->last = stage;
    seen->stages |= 1u << stage;
}

static void progress_in_order(void **state)
{
    struct world *w = *state;
    struct slip_str module = {GIVEN, w->module};
    struct slip_guest guest = guest_of(w->kernel, &module, 32);
    struct slip_built built = {0};
    struct seen seen = {0};

    assert_int_equal(
        slip__build_guest(&guest, &slip__engine_null, NULL, false, false, see, &seen, &built, NULL),
        0);
    assert_int_equal(seen.stages, 1u << SLIP_STAGE_ENGINE | 1u << SLIP_STAGE_IMAGE |
                                      1u << SLIP_STAGE_MODULES | 1u << SLIP_STAGE_START);
    slip__built_dispose(&built);
}

/* Everything that a guest and its reports need. */
static int build_and_report(const struct slip_guest *guest, struct slip_error **err)
{
    struct slip_built built = {0};
    char *text = NULL;
    int rc =
        slip__build_guest(guest, &slip__engine_null, NULL, false, false, NULL, NULL, &built, err);

    if (rc == 0)
        rc = slip_plan_to_text(built.plan, &text, err);
    free(text);
    text = NULL;
    if (rc == 0)
        rc = slip_plan_to_svg(built.plan, &text, err);
    free(text);
    text = NULL;
    if (rc == 0)
        rc = slip_plan_to_json(built.plan, &text, err);
    free(text);
    slip__built_dispose(&built);
    return rc;
}

/* Each allocation in turn fails: the call says so, and nothing is left. */
static void out_of_memory(void **state)
{
    struct world *w = *state;
    struct slip_str module = {GIVEN, w->module};
    struct slip_guest guest = guest_of(w->kernel, &module, 32);
    int fds = count_fds();
    bool failed = true;

    for (unsigned n = 1; failed; n++) {
        struct slip_error *err = NULL;
        int rc;

        fail_allocation(n);
        rc = build_and_report(&guest, &err);
        failed = allocation_failed();
        fail_allocation(0);
        if (rc != (failed ? SLIP_ENOMEM : 0))
            fail_msg("allocation %u: %d, %s", n, rc, slip_error_message(err));
        assert_int_equal(err != NULL, failed);
        assert_int_equal(count_fds(), fds);
        slip_error_free(err);
        assert_true(failed || n > 30); /* it did come to many */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(builds),
        cmocka_unit_test(plans_only),
        cmocka_unit_test(ends_early),
        cmocka_unit_test(broken_kernel),
        cmocka_unit_test(begun_is_taken_away),
        cmocka_unit_test(out_of_memory),
        cmocka_unit_test(progress_in_order),
    };

    return cmocka_run_group_tests_name("pipeline", tests, make_world, remove_world);
}
