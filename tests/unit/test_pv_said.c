/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is said of PV guests: kernels that can't be one are refused with their reason, before anything is made; plans as people
 * and programs read them; memory that is short. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/cleanup.h"
#include "failmalloc.h"
#include "mkimage.h"
#include "pv_stage.h"
#include "slipway/plan.h"

/* The message has the kernel's path; the rest is checked whole. */
static void refused(struct place *p, const struct variant *v, unsigned want_code, const char *want,
                    const char *want_hint)
{
    struct slip_built built = {0};
    struct slip_error *err = NULL;
    char message[512];
    const char *hole;

    for (int dry = 0; dry < 2; dry++) {
        if (pv_build(p, v, dry, &built, &err) == 0)
            fail_msg("not refused: %s", want);
        hole = strstr(want, "%s");
        snprintf(message, sizeof(message), "%.*s%s%s", hole ? (int)(hole - want) : 0, want,
                 hole ? p->kernel : "", hole ? hole + 2 : want);
        assert_string_equal(slip_error_message(err), message);
        assert_int_equal(slip_error_code(err), want_code);
        if (want_hint)
            assert_string_equal(slip_error_hint(err), want_hint);
        else
            assert_null(slip_error_hint(err));
        assert_true(access(p->record, F_OK) < 0);
        slip_error_free(err);
        err = NULL;
    }
}

#define NO_START "kernel '%s' cannot start as a pv guest: "

static void refusals(void **state)
{
    static char line[1025];
    const struct {
        struct variant v;
        unsigned code;
        const char *message, *hint;
    } bad[] = {
        {{"", LIKE_LINUX, .loader = NULL, .version = NULL},
         SLIP_CODE_NO_PV_ENTRY,
         NO_START "it has no Xen PV notes (a __xen_guest section, the way before Xen 3.0.4, is not "
                  "read)",
         "Linux starts as a pv guest when it is built with CONFIG_XEN_PV=y"},
        {{"", LIKE_LINUX, .entry = LINUX64},
         SLIP_CODE_NO_PV_ENTRY,
         NO_START "its PV entry 0xffffffff80000000 is in none of its 1 segments, which lie from "
                  "0xffffffff81000000 on",
         "Linux starts as a pv guest when it is built with CONFIG_XEN_PV=y"},
        {{"", LIKE_LINUX, .version = "xen-4.0"},
         SLIP_CODE_PV_VERSION,
         NO_START "it is made for the PV interface 'xen-4.0', Xen's is 'xen-3.0'",
         NULL},
        {{"", LIKE_LINUX, .os = "other", .loader = "gro\033b"},
         SLIP_CODE_PV_VERSION,
         NO_START "it is made for the loader 'gro?b', only 'generic' is known",
         NULL},
        {{"", LIKE_LINUX, .features = "pae_pgdir_above_4gb|!dom0"},
         SLIP_CODE_PV_FEATURE,
         NO_START "it requires the feature 'dom0', which no PV guest has",
         NULL},
        {{"", LIKE_LINUX, .features = "!auto_translated_physmap"},
         SLIP_CODE_PV_FEATURE,
         NO_START "it requires the feature 'auto_translated_physmap', which no PV guest has",
         NULL},
        {{"", LIKE_LINUX, .features = "!teleport|future"},
         SLIP_CODE_PV_FEATURE,
         NO_START "it requires the feature 'teleport', which Xen does not have",
         NULL},
        {{"", LIKE_LINUX, .symtab = "yes"},
         SLIP_CODE_PV_FEATURE,
         NO_START "it wants its symbol table loaded (note BSD_SYMTAB), which this version does not "
                  "do",
         NULL},
        {{"", .bits = 32, PV_NOTES, .entry = 0, .memory_mib = 16, .pae = "no"},
         SLIP_CODE_PV_PAE,
         NO_START "it is a 32-bit kernel without PAE (its PAE_MODE note is 'no'), which no 64-bit "
                  "Xen runs",
         NULL},
        {{"", LIKE_LINUX, .hypercall_page = LINUX64 + 0x1000800},
         SLIP_CODE_PV_NOTE,
         NO_START "its HYPERCALL_PAGE note, 0xffffffff81000800, is not a page of its segments",
         NULL},
        {{"", LIKE_LINUX, .virt_base = NONE},
         SLIP_CODE_PV_NOTE,
         NO_START "it has a PADDR_OFFSET note but no VIRT_BASE note",
         NULL},
        {{"", LIKE_LINUX, .virt_base = LINUX64 + 8},
         SLIP_CODE_PV_NOTE,
         NO_START "its notes VIRT_BASE 0xffffffff80000008 and PADDR_OFFSET 0x0 are no addresses of "
                  "pages",
         NULL},
        {{"", LIKE_LINUX, .paddr_offset = 0x2000000, .entry = LINUX64 - 0x1000000,
          .hypercall_page = NONE},
         SLIP_CODE_PV_NOTE,
         "kernel '%s': its segment 0 is at 0x1000000, below the 0x2000000 of its PADDR_OFFSET note",
         NULL},
        {{"", LIKE_LINUX, .hv_start_low = 0xffffc00000000000},
         SLIP_CODE_PV_ADDRESS,
         NO_START "it wants the hypervisor's range to begin at 0xffffc00000000000 at the lowest "
                  "(note HV_START_LOW), but Xen's begins at 0xffff800000000000",
         NULL},
        {{"", LIKE_LINUX, .virt_base = 0xffff87fffe000000, .entry = 0xffff87ffff000000,
          .hypercall_page = NONE},
         SLIP_CODE_PV_ADDRESS,
         "kernel '%s': its initial mapping would be 0x1400000 bytes from 0xffff87fffe000000 on, "
         "which is not all a 64-bit pv guest's to map",
         NULL},
        {{"", LIKE_LINUX, .init_p2m = 0xffff800000000000},
         SLIP_CODE_PV_ADDRESS,
         "kernel '%s': its p2m list would be 0x20000 bytes from 0xffff800000000000 on, which is "
         "not all a 64-bit pv guest's to map",
         NULL},
        {{"", LIKE_LINUX, .init_p2m = LINUX64 - 0x1000},
         SLIP_CODE_PV_ADDRESS,
         "kernel '%s': its p2m list, 0x20000 bytes from 0xffffffff7ffff000 on, runs into its "
         "initial mapping from 0xffffffff80000000 on",
         NULL},
        {{"", .bits = 32, PV_NOTES, .virt_base = 0xf5780000, .entry = 0xf5780000, .memory_mib = 16},
         SLIP_CODE_PV_ADDRESS,
         "kernel '%s': its initial mapping would be 0x480000 bytes from 0xf5780000 on, which is "
         "not all a 32-bit pv guest's to map",
         NULL},
        {{"", LIKE_LINUX, .modules = 2},
         SLIP_CODE_PV_MODULES,
         "kernel '%s' is Linux, which takes one initrd as a pv guest; this guest has 2 modules",
         "join them: cat FIRST SECOND > initrd.img"},
        {{"", LIKE_LINUX, .memory_mib = 20, .modules = 1},
         SLIP_CODE_PV_MEMORY,
         "kernel '%s' as a pv guest needs at least 21 MiB of memory with its modules, frame list "
         "and page tables, the guest has 20 MiB",
         "memory = 21"},
        {{"", LIKE_LINUX, .cmdline = line},
         SLIP_CODE_PV_CMDLINE,
         "the command line has 1024 bytes, a xenpv machine's start info has room for 1023",
         NULL},
    };

    memset(line, 'x', 1024);
    for (size_t i = 0; i < SLIP_COUNT(bad); i++)
        refused(*state, &bad[i].v, bad[i].code, bad[i].message, bad[i].hint);
}

static const char golden[] =
    "guest      ?, type pv\n"
    "machine    xenpv\n"
    "protocol   Xen PV: a pv guest starts by Xen's PV interface, 64-bit; the 64-bit ELF in the "
    "bzImage (xz) wants to be mapped from 0xffffffff80000000 on and entered at 0xffffffff81000040 "
    "(Xen notes)\n"
    "start      rip 0xffffffff81000040, rsi 0xffffffff81010000 (start info), rsp "
    "0xffffffff81021000\n"
    "virtual    0xffffffff80000000 - 0xffffffff813fffff is memory from 0 on; 13 page tables at "
    "0xffffffff81013000\n"
    "           0x8000000000 - 0x800001ffff is the p2m list (note INIT_P2M)\n"
    "modules    told as page frame 0x1400, 9000 bytes, not mapped (note MOD_START_PFN)\n"
    "vCPUs      1\n"
    "memory     64 MiB\n"
    "\n"
    "pseudo-physical memory\n"
    "  0x0000000000 - 0x0003ffffff      64 MiB  RAM\n"
    "\n"
    "in memory at the start (all else is zero)\n"
    "  0x0001000000 - 0x000100f455    61.1 KiB  kernel segment 0: FILE, at 0xffffffff81000000, "
    "entry\n"
    "  0x0001010000 - 0x0001010fff       4 KiB  start info, at 0xffffffff81010000, rsi\n"
    "  0x0001011000 - 0x0001011fff       4 KiB  XenStore page, zero, at 0xffffffff81011000\n"
    "  0x0001012000 - 0x0001012fff       4 KiB  console page, zero, at 0xffffffff81012000\n"
    "  0x0001013000 - 0x000101ffff      52 KiB  page tables, at 0xffffffff81013000\n"
    "  0x0001020000 - 0x0001020fff       4 KiB  boot stack, zero, at 0xffffffff81020000\n"
    "  0x0001400000 - 0x0001402327      9000 B  module 0: FILE, 9000 bytes\n"
    "  0x0001403000 - 0x0001422fff     128 KiB  p2m list, at 0x8000000000\n"
    "  0x0001423000 - 0x0001425fff      12 KiB  p2m list's page tables\n"
    "\n"
    "command line (18 bytes; [console=] is ours, autoconsole = 0 leaves it out)\n"
    "  [console=hvc0] quiet\n";

/* text with what stands between a colon and the next comma or line's end, if it is a path, as FILE. */
static void hide_paths(char *text)
{
    char *at;

    while ((at = strstr(text, ": /"))) {
        size_t len = strcspn(at + 2, ",\n");

        memmove(at + 6, at + 2 + len, strlen(at + 2 + len) + 1);
        memcpy(at + 2, "FILE", 4);
    }
}

static void reports(void **state)
{
    struct slip_built built = {0};
    char *text = NULL;
    json_t *json;
    const char *entry, *protocol, *source;
    int gpa, tables;

    assert_int_equal(pv_build(*state, &pv_linux, true, &built, NULL), 0);
    assert_int_equal(slip_plan_to_text(built.plan, &text, NULL), 0);
    hide_paths(text);
    assert_string_equal(text, golden);
    free(text);
    assert_int_equal(slip_plan_to_json(built.plan, &text, NULL), 0);
    json = json_loads(text, 0, NULL);
    assert_non_null(json);
    assert_int_equal(json_unpack(json, "{s:s, s:{s:s, s:[{s:i, s:i}]}, s:[{}, {s:s}]}", "protocol",
                                 &protocol, "start", "entry", &entry, "mappings", "gpa", &gpa,
                                 "tables", &tables, "pieces", "source", &source),
                     0);
    assert_string_equal(protocol, "xen-pv");
    assert_string_equal(entry, "0xffffffff81000040");
    assert_int_equal(gpa, 0);
    assert_int_equal(tables, 13);
    assert_string_equal(source, "frames");
    json_decref(json);
    free(text);
    assert_int_equal(slip_plan_to_svg(built.plan, &text, NULL), 0);
    assert_non_null(strstr(text, ">rip 0xffffffff81000040 &#160; rsi 0xffffffff81010000 &#160; rsp "
                                 "0xffffffff81021000</text>"));
    assert_non_null(strstr(text, "61.1 KiB, at 0xffffffff81000000, entry</text>"));
    assert_null(strstr(text, "class=\"acpi\""));
    free(text);
    slip__built_dispose(&built);
}

/* Each allocation of ours in turn fails: nothing is left, and the call says so. */
static void out_of_memory(void **state)
{
    struct place *p = *state;
    bool failed = true;

    pv_make_kernel(p, &pv_linux);
    for (unsigned n = 1; failed; n++) {
        struct slip_built built = {0};
        struct slip_error *err = NULL;
        char *text = NULL;
        int rc;

        fail_allocation(n);
        rc = pv_start(p, &pv_linux, true, &built, &err);
        if (rc == 0)
            rc = slip_plan_to_text(built.plan, &text, &err);
        failed = allocation_failed();
        fail_allocation(0);
        assert_int_equal(rc, failed ? SLIP_ENOMEM : 0);
        assert_true(failed || n > 30);
        free(text);
        slip_error_free(err);
        slip__built_dispose(&built);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refusals),
        cmocka_unit_test(reports),
        cmocka_unit_test(out_of_memory),
    };

    return cmocka_run_group_tests_name("pv_said", tests, pv_make_place, pv_remove_place);
}
