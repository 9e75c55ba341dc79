/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Plans: the decision, the command line, and the three reports. */
#include "plan_fixture.h"

#include <jansson.h>

#include "base/cleanup.h"
#include "slipway/codes.h"

static struct slip_plan *planned(struct fixture *f, const char *cmdline)
{
    strcpy(f->cmdline, cmdline);
    return fixture_planned(f);
}

static void console_word(void **state)
{
    static const struct {
        const char *line, *want;
        enum slip_console_word word;
    } cases[] = {
        {"", "console=ttyS0", SLIP_CONSOLE_ADDED},
        {"root=/dev/vda quiet", "console=ttyS0 root=/dev/vda quiet", SLIP_CONSOLE_ADDED},
        {"root=/dev/vda -- single", "console=ttyS0 root=/dev/vda -- single", SLIP_CONSOLE_ADDED},
        {"console=hvc0", "console=hvc0", SLIP_CONSOLE_NAMED},
        {"quiet\tconsole=tty0 x", "quiet\tconsole=tty0 x", SLIP_CONSOLE_NAMED},
        {"noconsole=1", "console=ttyS0 noconsole=1", SLIP_CONSOLE_ADDED},
        {"x=\"a console=b\"", "console=ttyS0 x=\"a console=b\"", SLIP_CONSOLE_ADDED},
    };

    (void)state;
    for (size_t i = 0; i < SLIP_COUNT(cases); i++) {
        struct fixture f;
        struct slip_plan *plan;
        const struct slip_piece *piece;

        fixture_init(&f, 96);
        plan = planned(&f, cases[i].line);
        assert_string_equal(plan->cmdline, cases[i].want);
        assert_int_equal(plan->console, cases[i].word);
        piece = fixture_piece(plan, "command line");
        assert_int_equal(piece->bytes, strlen(cases[i].want) + 1);
        assert_string_equal(piece->data, cases[i].want);
        slip_plan_free(plan);
    }
}

static void console_off(void **state)
{
    struct fixture f;
    struct slip_plan *plan;

    (void)state;
    fixture_init(&f, 96);
    fixture_num(&f.guest.autoconsole, 0);
    plan = planned(&f, "quiet");
    assert_string_equal(plan->cmdline, "quiet");
    assert_int_equal(plan->console, SLIP_CONSOLE_OFF);
    slip_plan_free(plan);
}

/* The word never makes Linux cut off the description's own words. */
static void console_without_room(void **state)
{
    static const struct {
        size_t len, want;
        enum slip_console_word word;
    } cases[] = {
        {2033, 2047, SLIP_CONSOLE_ADDED},
        {2034, 2034, SLIP_CONSOLE_NO_ROOM},
        {2047, 2047, SLIP_CONSOLE_NO_ROOM},
        {2048, 2062, SLIP_CONSOLE_ADDED}, /* too long for Linux as it is: not meant for it */
    };

    (void)state;
    for (size_t i = 0; i < SLIP_COUNT(cases); i++) {
        struct fixture f;
        struct slip_plan *plan;

        fixture_init(&f, 96);
        fixture_cmdline(&f, cases[i].len, false);
        plan = fixture_planned(&f);
        assert_int_equal(plan->console, cases[i].word);
        assert_int_equal(strlen(plan->cmdline), cases[i].want);
        slip_plan_free(plan);
    }
}

static void longest_cmdline(void **state)
{
    static char line[65537];
    struct fixture f;

    (void)state;
    fixture_init(&f, 96);
    memset(line, 'y', 65535);
    f.guest.cmdline.value = line;
    slip_plan_free(fixture_planned(&f));
    line[65535] = 'y';
    fixture_refused(&f, SLIP_EDESC, SLIP_CODE_CMDLINE_TOO_LONG,
                    "the command line has 65536 bytes, the limit is 65535", NULL);
}

static void vcpus(void **state)
{
    struct fixture f;

    (void)state;
    fixture_init(&f, 96);
    fixture_num(&f.guest.maxvcpus, 256);
    fixture_refused(&f, SLIP_EDESC, SLIP_CODE_TOO_MANY_VCPUS,
                    "the guest has 256 vCPUs, machine microvm takes 1 to 255", NULL);
    fixture_num(&f.guest.vcpus, 0);
    fixture_num(&f.guest.maxvcpus, 1);
    fixture_refused(&f, SLIP_EDESC, SLIP_CODE_TOO_MANY_VCPUS,
                    "the guest has 0 vCPUs, machine microvm takes 1 to 255", NULL);
}

static void decision_refused(struct fixture *f, int want_rc, unsigned want_code, const char *want)
{
    struct slip_error *err = NULL;
    struct slip_plan *plan = NULL;

    assert_int_equal(fixture_plan(f, &plan, &err), want_rc);
    assert_null(plan);
    assert_int_equal(slip_error_code(err), want_code);
    if (!strstr(slip_error_message(err), want))
        assert_string_equal(slip_error_message(err), want);
    slip_error_free(err);
}

static void decisions(void **state)
{
    struct fixture f;
    struct slip_plan *plan;

    (void)state;
    fixture_init(&f, 96);
    plan = fixture_planned(&f);
    assert_int_equal(plan->start.entry_gpa, FIXTURE_ENTRY_GPA);
    assert_string_equal(plan->why,
                        "a pvh guest starts by PVH; the 64-bit ELF names an entry for it "
                        "at 0x1000100 (Xen note PHYS32_ENTRY)");
    slip_plan_free(plan);

    f.image.format = SLIP_IMAGE_BZIMAGE;
    f.image.compression = "xz";
    plan = fixture_planned(&f);
    assert_string_equal(plan->why, "a pvh guest starts by PVH; the 64-bit ELF in the bzImage (xz) "
                                   "names an entry for it at 0x1000100 (Xen note PHYS32_ENTRY)");
    slip_plan_free(plan);

    f.image.entries[0].address = 0x2000000;
    decision_refused(&f, SLIP_EIMAGE, SLIP_CODE_ENTRY_OUTSIDE,
                     "kernel '/boot/vmlinux': its PVH entry 0x2000000 is in none of its 2 segments "
                     "below 4 GiB");
    f.image.entries[0].address = 0x1200777; /* the first byte of the zeroes */
    decision_refused(&f, SLIP_EIMAGE, SLIP_CODE_ENTRY_OUTSIDE, "0x1200777 is in none of");
    f.image.entries[0] = (struct slip_entry){SLIP_ENTRY_ELF, FIXTURE_ENTRY_GPA};
    decision_refused(&f, SLIP_EIMAGE, SLIP_CODE_NO_PVH_ENTRY,
                     "kernel '/boot/vmlinux' cannot start as a pvh guest: ");
    f.guest.type.value = SLIP_TYPE_HVM;
    decision_refused(&f, SLIP_EENGINE, SLIP_CODE_CONTAINER_UNBUILT,
                     "this version builds guests of type pvh and pv only");
}

/* The guest of the three reports. */
static struct slip_plan *reported(struct fixture *f)
{
    fixture_init(f, 4096);
    fixture_claim_module(f, 0x123456);
    f->modules[0].name = "/boot/initrd <&\"\xff\">.img";
    return planned(f, "root=/dev/vda\x1b[1m");
}

static const char golden[] =
    "guest      web1, type pvh\n"
    "machine    microvm\n"
    "protocol   PVH: a pvh guest starts by PVH; the 64-bit ELF names an entry for it at 0x1000100 "
    "(Xen note PHYS32_ENTRY)\n"
    "           not Linux 64-bit: no boot header with a 64-bit entry\n"
    "           not Linux 32-bit: no boot header with a 32-bit entry\n"
    "           not Multiboot 2: no Multiboot 2 header\n"
    "           not Multiboot 1: no Multiboot 1 header\n"
    "start      eip 0x1000100, ebx 0x2000 (start info)\n"
    "vCPUs      2 (4 described, the rest not enabled)\n"
    "memory     4 GiB\n"
    "\n"
    "memory map told to the guest\n"
    "  0x0000000000 - 0x000009ffff     640 KiB  RAM\n"
    "  0x00000e0000 - 0x00000effff      64 KiB  ACPI, kept (NVS)\n"
    "  0x00000f0000 - 0x00000fffff      64 KiB  reserved\n"
    "  0x0000100000 - 0x00bfffffff    3071 MiB  RAM\n"
    "  0x0100000000 - 0x013fffffff       1 GiB  RAM\n"
    "\n"
    "in memory at the start (all else is zero)\n"
    "  0x0000002000 - 0x0000002037        56 B  start info\n"
    "  0x0000003000 - 0x000000301f        32 B  module list\n"
    "  0x0000004000 - 0x0000004077       120 B  memory map\n"
    "  0x0000005000 - 0x000000501f        32 B  command line\n";

static void text_is_golden(void **state)
{
    static const char *const rest[] = {
        "  0x0001000000 - 0x0001005122    20.3 KiB  kernel segment 0: /boot/vmlinux\n"
        "  0x0001200000 - 0x0001300776     1.0 MiB  kernel segment 1: /boot/vmlinux\n"
        "  0x00bfedc000 - 0x00bffff455     1.1 MiB  module 0: /boot/initrd <&\"?\">.img, 1193046 "
        "bytes\n"
        "\n"
        "ACPI tables\n"
        "  0x00000e0000     36 bytes  RSD PTR \n",
        "\n"
        "command line (31 bytes; [console=] is ours, autoconsole = 0 leaves it out)\n"
        "  [console=ttyS0] root=/dev/vda\\x1b[1m\n",
    };
    struct fixture f;
    struct slip_plan *plan;
    char *text = NULL;

    (void)state;
    plan = reported(&f);
    assert_int_equal(slip_plan_to_text(plan, &text, NULL), 0);
    slip_plan_free(plan);
    /* The sizes of the ACPI tables are rom/'s to change; all else is told to the byte. */
    assert_memory_equal(text, golden, strlen(golden));
    for (size_t i = 0; i < SLIP_COUNT(rest); i++) {
        if (!strstr(text, rest[i]))
            assert_string_equal(text, rest[i]);
    }
    free(text);
}

static void json_is_json(void **state)
{
    json_t *json, *map, *piece, *start;
    struct fixture f;
    struct slip_plan *plan;
    char *text = NULL;

    (void)state;
    plan = reported(&f);
    assert_int_equal(slip_plan_to_json(plan, &text, NULL), 0);
    json = json_loads(text, 0, NULL);
    assert_non_null(json);
    assert_string_equal(json_string_value(json_object_get(json, "name")), "web1");
    assert_string_equal(json_string_value(json_object_get(json, "container")), "pvh");
    assert_string_equal(json_string_value(json_object_get(json, "console")), "added");
    assert_string_equal(json_string_value(json_object_get(json, "cmdline")), plan->cmdline);
    assert_int_equal(json_integer_value(json_object_get(json, "memory_bytes")), 4096 * MIB);
    start = json_object_get(json, "start");
    assert_int_equal(json_integer_value(json_object_get(start, "entry_gpa")), FIXTURE_ENTRY_GPA);
    map = json_object_get(json, "memory_map");
    assert_int_equal(json_array_size(map), 5);
    assert_int_equal(json_integer_value(json_object_get(json_array_get(map, 4), "gpa")),
                     0x100000000);
    assert_int_equal(json_array_size(json_object_get(json, "pieces")), plan->n_pieces);
    piece = json_array_get(json_object_get(json, "pieces"), plan->n_pieces - 1);
    assert_string_equal(json_string_value(json_object_get(piece, "what")), "module 0");
    assert_int_equal(json_integer_value(json_object_get(piece, "bytes")), 0x123456);
    assert_string_equal(json_string_value(json_object_get(piece, "file")),
                        "/boot/initrd <&\"?\">.img");
    json_decref(json);
    free(text);
    slip_plan_free(plan);
}

static void check_xml(const char *text)
{
    FILE *p = popen("timeout 20 xmllint --noout --nonet - 2>&1", "we");

    assert_non_null(p);
    assert_int_equal(fwrite(text, 1, strlen(text), p), strlen(text));
    assert_int_equal(pclose(p), 0);
}

static void svg_is_xml(void **state)
{
    struct fixture f;
    struct slip_plan *plan;
    char *text = NULL;

    (void)state;
    plan = reported(&f);
    assert_int_equal(slip_plan_to_svg(plan, &text, NULL), 0);
    slip_plan_free(plan);
    assert_non_null(strstr(text, "module 0: initrd &lt;&amp;&quot;?&quot;&gt;.img"));
    assert_non_null(strstr(text, "entry at 0x1000100"));
    assert_non_null(strstr(text, "start info"));
    assert_null(strchr(text, '\xff'));
    if (system("command -v xmllint >/dev/null") == 0)
        check_xml(text);
    else
        print_message("# xmllint is not installed: the picture was not parsed\n");
    free(text);
    /* Many modules share a row, and the picture stays a page long. */
    fixture_init(&f, 512);
    for (size_t i = 0; i < FIXTURE_MODULES; i++)
        fixture_claim_module(&f, 5000 + i);
    plan = planned(&f, "");
    assert_int_equal(slip_plan_to_svg(plan, &text, NULL), 0);
    assert_non_null(strstr(text, ">64 modules<"));
    assert_true(strlen(text) < 8192);
    free(text);
    slip_plan_free(plan);
}

/* A plan outlives the files it was made from: it has its own copies of their names. */
static void names_are_copies(void **state)
{
    struct fixture f;
    struct slip_plan *plan;
    char name[] = "initrd.img";

    (void)state;
    fixture_init(&f, 96);
    fixture_claim_module(&f, 7);
    f.modules[0].fd = 5;
    f.modules[0].name = name;
    plan = planned(&f, "");
    f.modules[0].fd = -1;
    memset(name, 'z', sizeof(name) - 1);
    assert_string_equal(fixture_piece(plan, "module 0")->name, "initrd.img");
    assert_int_equal(fixture_piece(plan, "module 0")->fd, 5);
    slip__plan_forget_files(plan);
    assert_int_equal(fixture_piece(plan, "module 0")->fd, -1);
    slip_plan_free(plan);
    slip_plan_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(console_word),
        cmocka_unit_test(console_off),
        cmocka_unit_test(console_without_room),
        cmocka_unit_test(longest_cmdline),
        cmocka_unit_test(vcpus),
        cmocka_unit_test(decisions),
        cmocka_unit_test(text_is_golden),
        cmocka_unit_test(json_is_json),
        cmocka_unit_test(svg_is_xml),
        cmocka_unit_test(names_are_copies),
    };

    return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
