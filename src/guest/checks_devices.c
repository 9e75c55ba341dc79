/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Checks on devices beside each other, and on numbers of processors: what is right by itself and wrong with what else there is.
 * They must not know any format.
 */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "guest/rules.h"

/* CPUs that Xen can be built for. */
#define LIMIT_CPUS 4096u

/* What is wrong for who starts the guest, and worth a word to who only writes it in another format. */
static enum slip_severity severity(const struct slip_rules *r)
{
    return r->strictness.convert ? SLIP_WARNING : SLIP_ERROR;
}

/* --- the same thing twice ------------------------------------------------------------------------------------------------ */

/* Two disks on one file, of which one is written to. */
static void check_targets(struct slip_rules *r)
{
    const struct slip_disk_list *list = &r->guest->disk;

    for (size_t i = 0; i < list->count; i++) {
        const struct slip_disk *b = &list->items[i];

        for (size_t k = 0; k < i && SLIP_IS_SET(b->target) && b->target.value[0]; k++) {
            const struct slip_disk *a = &list->items[k];
            unsigned writers =
                (a->access.value == SLIP_DISK_ACCESS_RW) + (b->access.value == SLIP_DISK_ACCESS_RW);
            struct slip_diag *d;

            if (!SLIP_IS_SET(a->target) || strcmp(a->target.value, b->target.value) != 0 ||
                !writers || (a->shareable.value && b->shareable.value))
                continue;
            d = slip__diag_as(r->diags, severity(r), SLIP_CODE_TARGET_TWICE, b->target.mark.span,
                              writers == 2 ? "two disks write to '%.60s'"
                                           : "one disk reads what another writes: '%.60s'",
                              b->target.value);
            slip__diag_note(d, a->target.mark.span, "the other one is here");
            slip__diag_hint(d, "give each disk a file of its own, or make both read-only");
            break;
        }
    }
}

/* Items of a list that have the same text in one field. */
static void check_texts(struct slip_rules *r, const char *list_name, const char *field_name,
                        enum slip_code code, const char *message)
{
    const struct slip_field *field = slip__field_named(&slip__record_guest, list_name);
    const struct slip_disk_list *list = (const void *)slip__field_mark(field, r->guest);
    const struct slip_field *text = slip__field_named(field->item, field_name);

    for (size_t i = 0; i < list->count; i++) {
        const struct slip_str *b = (const void *)((const char *)(const void *)list->items +
                                                  i * field->item->size + text->offset);

        for (size_t k = 0; k < i && SLIP_IS_GIVEN(*b); k++) {
            const struct slip_str *a = (const void *)((const char *)(const void *)list->items +
                                                      k * field->item->size + text->offset);
            struct slip_diag *d;

            if (!SLIP_IS_GIVEN(*a) || strcmp(a->value, b->value) != 0)
                continue;
            d = slip__diag_as(r->diags, severity(r), code, b->mark.span, "%s '%.60s'", message,
                              b->value);
            slip__diag_note(d, a->mark.span, "the other one is here");
            break;
        }
    }
}

static void check_pci(struct slip_rules *r)
{
    check_texts(r, "pci", "bdf", SLIP_CODE_PCI_TWICE, "given twice:");
}

static void check_channels(struct slip_rules *r)
{
    check_texts(r, "channel", "name", SLIP_CODE_NAME_TWICE, "two channels are called");
    check_texts(r, "p9", "tag", SLIP_CODE_NAME_TWICE, "two folders have the tag");
}

static void check_devids(struct slip_rules *r)
{
    const struct slip_vif_list *list = &r->guest->vif;

    for (size_t i = 0; i < list->count; i++) {
        for (size_t k = 0; k < i && SLIP_IS_GIVEN(list->items[i].devid); k++) {
            const struct slip_num *a = &list->items[k].devid, *b = &list->items[i].devid;
            struct slip_diag *d;

            if (!SLIP_IS_GIVEN(*a) || a->value != b->value)
                continue;
            d = slip__diag_as(r->diags, severity(r), SLIP_CODE_NAME_TWICE, b->mark.span,
                              "two interfaces have the number %lld", (long long)b->value);
            slip__diag_note(d, a->mark.span, "the other one is here");
            break;
        }
    }
}

/* Screens on the same VNC display. */
static void check_screens(struct slip_rules *r)
{
    const struct slip_guest *g = r->guest;
    const struct slip_num *first[64];
    size_t n = 0;

    if (SLIP_IS_GIVEN(g->vncdisplay) && !slip__num_or(&g->vncunused, 0))
        first[n++] = &g->vncdisplay;
    for (size_t i = 0; i < g->vfb.count && n < SLIP_COUNT(first); i++) {
        const struct slip_vfb *vfb = &g->vfb.items[i];
        struct slip_diag *d;

        if (!SLIP_IS_GIVEN(vfb->vncdisplay) || slip__num_or(&vfb->vncunused, 0) ||
            !slip__num_or(&vfb->vnc, 1))
            continue;
        for (size_t k = 0; k < n; k++) {
            if (first[k]->value != vfb->vncdisplay.value)
                continue;
            d = slip__diag_as(r->diags, severity(r), SLIP_CODE_DISPLAY_TWICE,
                              vfb->vncdisplay.mark.span, "two screens are on VNC display %lld",
                              (long long)first[k]->value);
            slip__diag_note(d, first[k]->mark.span, "the other one is here");
            slip__diag_hint(d, "give each its own, or vncunused=1");
            break;
        }
        first[n++] = &vfb->vncdisplay;
    }
}

static void check_spice(struct slip_rules *r)
{
    const struct slip_guest *g = r->guest;
    struct slip_diag *d;

    if (!SLIP_IS_GIVEN(g->spice) || !g->spice.value || SLIP_IS_GIVEN(g->spiceport) ||
        SLIP_IS_GIVEN(g->spicetls_port))
        return;
    d = slip__diag_as(r->diags, severity(r), SLIP_CODE_SPICE_PORT, g->spice.mark.span,
                      "SPICE has no port");
    slip__diag_hint(d, "give spiceport or spicetls_port");
}

/* --- what one thing needs of another ----------------------------------------------------------------------------------------- */

static void check_bootloader(struct slip_rules *r)
{
    const struct slip_str *bootloader = &r->guest->bootloader;
    const char *name;
    struct slip_diag *d;

    if (!SLIP_IS_SET(*bootloader) || r->guest->disk.count || SLIP_IS_SET(r->guest->kernel) ||
        r->guest->type.value == SLIP_TYPE_HVM)
        return;
    name = strrchr(bootloader->value, '/');
    name = name ? name + 1 : bootloader->value;
    if (strncmp(name, "pygrub", 6) != 0) /* others may find a kernel elsewhere */
        return;
    d = slip__diag_as(r->diags, severity(r), SLIP_CODE_BOOTLOADER_NO_DISK, bootloader->mark.span,
                      "%.40s finds the kernel on the first disk, and there is none", name);
    slip__diag_hint(d, "give disk = [...], or kernel = \"...\" in its place");
}

/* A set of CPUs: the largest number in it, and whether anything is left of it. false: it is no set of numbers alone. */
static bool cpu_set(const char *text, unsigned char *set, unsigned limit, unsigned long *ret_max)
{
    const char *p = text;
    bool taken_away;

    memset(set, 0, limit);
    *ret_max = 0;
    for (;;) {
        unsigned long from, to;
        char *end;

        taken_away = *p == '^';
        p += taken_away;
        from = to = strtoul(p, &end, 10);
        if (end == p)
            return false;
        if (*end == '-') {
            p = end + 1;
            to = strtoul(p, &end, 10);
            if (end == p)
                return false;
        }
        if (to < from)
            return false;
        if (to > *ret_max)
            *ret_max = to;
        for (unsigned long i = from; i <= to && i < limit; i++)
            set[i] = !taken_away;
        if (!*end)
            return true;
        if (*end != ',')
            return false;
        p = end + 1;
    }
}

static void check_affinity_text(struct slip_rules *r, const struct slip_str *cpus)
{
    static const unsigned char none[LIMIT_CPUS];
    unsigned char set[LIMIT_CPUS];
    unsigned long max;

    if (!SLIP_IS_GIVEN(*cpus) || !cpu_set(cpus->value, set, LIMIT_CPUS, &max))
        return;
    if (max >= LIMIT_CPUS)
        slip__diag_as(r->diags, severity(r), SLIP_CODE_AFFINITY, cpus->mark.span,
                      "CPU %lu is past the last that a host can have, %u", max, LIMIT_CPUS - 1);
    else if (memcmp(set, none, sizeof(set)) == 0)
        slip__diag_as(r->diags, severity(r), SLIP_CODE_AFFINITY, cpus->mark.span,
                      "'%.60s' leaves no CPU", cpus->value);
}

static void check_affinity(struct slip_rules *r)
{
    const struct slip_guest *g = r->guest;
    const struct slip_strs *lists[] = {&g->cpus_each, &g->cpus_soft_each};

    check_affinity_text(r, &g->cpus);
    check_affinity_text(r, &g->cpus_soft);
    for (size_t k = 0; k < SLIP_COUNT(lists); k++) {
        for (size_t i = 0; i < lists[k]->count; i++) {
            struct slip_diag *d;

            check_affinity_text(r, &lists[k]->items[i]);
            if (i != (size_t)g->maxvcpus.value)
                continue;
            d = slip__diag_as(r->diags, severity(r), SLIP_CODE_AFFINITY,
                              lists[k]->items[i].mark.span,
                              "this is the CPUs of vCPU %zu, and there are %lld", i,
                              (long long)g->maxvcpus.value);
            if (g->maxvcpus.mark.span.source || g->vcpus.mark.span.source)
                slip__diag_note(
                    d, g->maxvcpus.mark.span.source ? g->maxvcpus.mark.span : g->vcpus.mark.span,
                    "as many are given here");
        }
    }
}

/* The nodes of a guest have all of its memory, and each vCPU is in one of them. */
static void check_vnuma(struct slip_rules *r)
{
    const struct slip_guest *g = r->guest;
    unsigned char set[SLIP_LIMIT_VCPUS + 1], all[SLIP_LIMIT_VCPUS + 1] = {0};
    int64_t total = 0;
    struct slip_diag *d;

    for (size_t i = 0; i < g->vnuma.count; i++) {
        const struct slip_vnode *node = &g->vnuma.items[i];
        unsigned long max;

        total += node->size.value;
        if (node->vdistances.count && node->vdistances.count != g->vnuma.count)
            slip__diag_as(r->diags, severity(r), SLIP_CODE_VNUMA, node->vdistances.mark.span,
                          "%zu distances for %zu nodes", node->vdistances.count, g->vnuma.count);
        if (!SLIP_IS_GIVEN(node->vcpus) || !cpu_set(node->vcpus.value, set, sizeof(set), &max))
            continue;
        if (max >= (unsigned long)g->maxvcpus.value)
            slip__diag_as(r->diags, severity(r), SLIP_CODE_VNUMA, node->vcpus.mark.span,
                          "vCPU %lu of a node that is one of a guest with %lld", max,
                          (long long)g->maxvcpus.value);
        for (size_t k = 0; k < sizeof(set); k++) {
            if (set[k] && all[k]) {
                slip__diag_as(r->diags, severity(r), SLIP_CODE_VNUMA, node->vcpus.mark.span,
                              "vCPU %zu is in two nodes", k);
                break;
            }
            all[k] |= set[k];
        }
    }
    if (!g->vnuma.count || total == g->maxmem.value || r->strictness.damaged)
        return;
    d = slip__diag_as(r->diags, severity(r), SLIP_CODE_VNUMA, g->vnuma.mark.span,
                      "the nodes have %lld MiB together, the guest has %lld", (long long)total,
                      (long long)g->maxmem.value);
    if (g->maxmem.mark.span.source)
        slip__diag_note(d, g->maxmem.mark.span, "as said here");
}

static const struct {
    const char *name;
    void (*run)(struct slip_rules *r);
} checks[] = {
    {"targets", check_targets},       {"pci", check_pci},           {"channels", check_channels},
    {"devids", check_devids},         {"screens", check_screens},   {"spice", check_spice},
    {"bootloader", check_bootloader}, {"affinity", check_affinity}, {"vnuma", check_vnuma},
};

void slip__rules_check_together(struct slip_rules *r)
{
    for (size_t i = 0; i < SLIP_COUNT(checks); i++)
        checks[i].run(r);
}
