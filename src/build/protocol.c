/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The decision point: which protocol starts this image in this container, and why, in one line. Containers, protocols and
 * image formats are independent of each other; only this file knows which go together. Must not know addresses of ours.
 */
#include "build/protocol.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "build/container.h"

/* In the order of choice: what starts fastest and tells most first. Only what is forced takes an ELF's own entry for Linux'. */
static const struct choice {
    enum slip_protocol protocol;
    enum slip_entry_kind kind;
    bool wide; /* 64-bit entry: it may lie above 4 GiB */
    const char *lacks;
} choices[] = {
    {SLIP_PROTOCOL_PVH, SLIP_ENTRY_PVH, false, "no PVH entry"},
    {SLIP_PROTOCOL_LINUX64, SLIP_ENTRY_LINUX64, true, "no boot header with a 64-bit entry"},
    {SLIP_PROTOCOL_LINUX32, SLIP_ENTRY_LINUX32, false, "no boot header with a 32-bit entry"},
    {SLIP_PROTOCOL_MULTIBOOT2, SLIP_ENTRY_MULTIBOOT2, false, "no Multiboot 2 header"},
    {SLIP_PROTOCOL_MULTIBOOT1, SLIP_ENTRY_MULTIBOOT1, false, "no Multiboot 1 header"},
    {SLIP_PROTOCOL_FLAT, SLIP_ENTRY_FLAT, false, "it is no flat binary"},
};

/* "the 64-bit ELF in the bzImage (xz)" */
static void put_image(struct slip_buf *buf, const struct slip_image *image)
{
    switch (image->format) {
    case SLIP_IMAGE_MULTIBOOT:
        slip__buf_puts(buf, "the Multiboot image");
        return;
    case SLIP_IMAGE_FLAT:
        slip__buf_puts(buf, "the flat binary");
        return;
    case SLIP_IMAGE_BZIMAGE:
        if (image->form == SLIP_FORM_LINUX) {
            slip__buf_printf(buf, "the bzImage, which unpacks itself (boot protocol %u.%02u),",
                             image->boot_protocol >> 8, image->boot_protocol & 0xff);
            return;
        }
        break;
    case SLIP_IMAGE_ELF32:
    case SLIP_IMAGE_ELF64:
        break;
    }
    slip__buf_printf(buf, "the %u-bit ELF", image->elf_bits);
    if (image->format == SLIP_IMAGE_BZIMAGE)
        slip__buf_printf(buf, " in the bzImage (%s)",
                         image->compression ? image->compression : "unknown");
    else if (image->packing)
        slip__buf_printf(buf, " in the file (%s)", image->packing);
}

static bool is_linux(enum slip_protocol protocol)
{
    return protocol == SLIP_PROTOCOL_LINUX64 || protocol == SLIP_PROTOCOL_LINUX32;
}

/* Linux as a plain ELF has no boot header; its first instruction takes a zero page all the same, in the mode that the ELF is for. */
static const struct slip_entry *elf_entry(const struct slip_image *image,
                                          enum slip_protocol protocol)
{
    unsigned bits = protocol == SLIP_PROTOCOL_LINUX64 ? 64 : 32;

    if (!is_linux(protocol) || image->format == SLIP_IMAGE_BZIMAGE || image->elf_bits != bits)
        return NULL;
    return slip__image_entry(image, SLIP_ENTRY_ELF);
}

static bool is_plain_elf(const struct slip_image *image)
{
    return image->format == SLIP_IMAGE_ELF64 || image->format == SLIP_IMAGE_ELF32;
}

/* A kernel that no protocol starts by itself: what there is, and what would. */
static int no_entry(const struct slip_image *image, struct slip_error **err)
{
    SLIP_AUTO_FREE char *has = slip__image_describe_entries(image);
    struct slip_pv_kernel pv;
    int rc;

    if (!has)
        return slip__error_oom(err);
    rc = slip__error_code(err, SLIP_EIMAGE, SLIP_CODE_NO_PVH_ENTRY,
                          "kernel '%s' cannot start as a pvh guest: %s", image->name, has);
    if (slip__image_pv(image, &pv, NULL))
        slip__error_hint(err, "it has Xen PV notes: type = \"pv\" starts it on Xen");
    else if (is_plain_elf(image) && slip__image_entry(image, SLIP_ENTRY_ELF))
        slip__error_hint(err,
                         "if it is Linux, protocol = \"linux%u\" starts it, and so does a kernel "
                         "built with CONFIG_PVH=y",
                         image->elf_bits);
    else
        slip__error_hint(err, "Linux has a PVH entry when it is built with CONFIG_PVH=y");
    return rc;
}

/* The description names a protocol that the kernel has no entry for. */
static int no_forced_entry(const struct slip_image *image, const struct choice *choice,
                           struct slip_error **err)
{
    SLIP_AUTO_FREE char *has = slip__image_describe_entries(image);
    int rc;

    if (!has)
        return slip__error_oom(err);
    rc = slip__error_code(err, SLIP_EIMAGE, SLIP_CODE_NO_PROTOCOL_ENTRY,
                          "kernel '%s' cannot start by protocol %s: %s", image->name,
                          slip__boot_protocol(choice->protocol)->key, has);
    slip__error_hint(err, "without 'protocol' it starts by the first that it has");
    return rc;
}

/* An entry the first vCPU can really start at: in a segment, and reachable in its mode. */
static int check_entry(const struct slip_image *image, const struct choice *choice, uint64_t gpa,
                       struct slip_error **err)
{
    for (size_t i = 0; i < image->n_segments; i++) {
        const struct slip_segment *s = &image->segments[i];

        if (gpa >= s->gpa && gpa - s->gpa < s->file_bytes && (choice->wide || gpa <= UINT32_MAX))
            return 0;
    }
    return slip__error_code(err, SLIP_EIMAGE, SLIP_CODE_ENTRY_OUTSIDE,
                            "kernel '%s': its %s entry 0x%llx is in none of its %zu segments%s",
                            image->name, slip__boot_protocol(choice->protocol)->name,
                            (unsigned long long)gpa, image->n_segments,
                            choice->wide ? "" : " below 4 GiB");
}

/* The chosen entry, in words: "names an entry for it at 0x1000100 (Xen note PHYS32_ENTRY)". */
static void put_entry(struct slip_buf *why, const struct slip_image *image,
                      const struct slip_decision *decision, bool elf)
{
    static const struct {
        const char *before, *after;
    } words[SLIP_PROTOCOLS] = {
        [SLIP_PROTOCOL_PVH] = {"names an entry for it", " (Xen note PHYS32_ENTRY)"},
        [SLIP_PROTOCOL_LINUX64] = {"has a 64-bit entry", " (boot header)"},
        [SLIP_PROTOCOL_LINUX32] = {"has its 32-bit entry", " (boot header)"},
        [SLIP_PROTOCOL_MULTIBOOT2] = {"has a Multiboot 2 header and its entry", ""},
        [SLIP_PROTOCOL_MULTIBOOT1] = {"has a Multiboot 1 header and its entry", ""},
        [SLIP_PROTOCOL_FLAT] = {"is entered where the description says,", ""},
    };

    put_image(why, image);
    slip__buf_printf(why, " %s at 0x%llx%s", elf ? "is entered" : words[decision->protocol].before,
                     (unsigned long long)decision->entry_gpa,
                     elf ? " (ELF header)" : words[decision->protocol].after);
}

static void put_moved(struct slip_buf *why, const struct slip_image *image)
{
    if (image->moved_up && image->form != SLIP_FORM_LINUX)
        slip__buf_printf(why, "; moved from 0x%llx to 0x%llx, since it can't be where it is linked",
                         (unsigned long long)(image->segments[0].gpa - image->moved_up),
                         (unsigned long long)image->segments[0].gpa);
    if (image->form == SLIP_FORM_LINUX && image->segments[0].gpa != image->linux_boot.preferred_gpa)
        slip__buf_printf(why, "; at 0x%llx, since 0x%llx, which it prefers, is not free",
                         (unsigned long long)image->segments[0].gpa,
                         (unsigned long long)image->linux_boot.preferred_gpa);
}

static const char *why_not_pvh(const struct slip_image *image)
{
    if (image->pvh_problem[0])
        return image->pvh_problem;
    return image->form == SLIP_FORM_LINUX && image->n_notes == 0 ? "its notes were not read"
                                                                 : "no PHYS32_ENTRY note";
}

/* Why each of the others was not taken. */
static void explain(const struct slip_image *image, const struct choice *taken, bool forced,
                    struct slip_decision *ret)
{
    bool before = true;

    for (size_t i = 0; i < SLIP_COUNT(choices); i++) {
        const struct choice *choice = &choices[i];
        struct slip_passed *passed = &ret->passed[ret->n_passed];
        const struct slip_multiboot *header =
            choice->protocol == SLIP_PROTOCOL_MULTIBOOT1   ? &image->multiboot[0]
            : choice->protocol == SLIP_PROTOCOL_MULTIBOOT2 ? &image->multiboot[1]
                                                           : NULL;
        const char *why = choice->lacks;

        if (choice == taken) {
            before = false;
            continue;
        }
        if (choice->protocol == SLIP_PROTOCOL_FLAT)
            continue;
        if (slip__image_entry(image, choice->kind))
            why = forced ? "the description names another" : before ? "it was not asked for" : NULL;
        else if (choice->protocol == SLIP_PROTOCOL_PVH)
            why = why_not_pvh(image);
        else if (header && header->problem[0])
            why = header->problem;
        passed->protocol = choice->protocol;
        if (why)
            snprintf(passed->why, sizeof(passed->why), "%s", why);
        else
            snprintf(passed->why, sizeof(passed->why), "it has one, but %s comes first",
                     slip__boot_protocol(taken->protocol)->name);
        ret->n_passed++;
    }
}

/* What of the file a protocol starts from. A Multiboot header without addresses of its own means the kernel as it is. */
static enum slip_image_form form_of(const struct slip_image *image, enum slip_protocol protocol)
{
    if (is_linux(protocol) && image->format == SLIP_IMAGE_BZIMAGE)
        return SLIP_FORM_LINUX;
    if (protocol == SLIP_PROTOCOL_MULTIBOOT1 && image->multiboot[0].has_addresses)
        return SLIP_FORM_MULTIBOOT1;
    if (protocol == SLIP_PROTOCOL_MULTIBOOT2 && image->multiboot[1].has_addresses)
        return SLIP_FORM_MULTIBOOT2;
    return SLIP_FORM_KERNEL;
}

static const struct choice *forced_choice(const struct slip_guest *guest)
{
    for (size_t i = 0; i < SLIP_COUNT(choices); i++) {
        if (SLIP_IS_SET(guest->protocol) && guest->protocol.value == (int64_t)choices[i].protocol)
            return &choices[i];
    }
    return NULL;
}

static const struct choice *first_choice(const struct slip_image *image)
{
    for (size_t i = 0; i < SLIP_COUNT(choices); i++) {
        if (slip__image_entry(image, choices[i].kind))
            return &choices[i];
    }
    return NULL;
}

static int decide_pvh(const struct slip_guest *guest, const struct slip_image *image,
                      struct slip_decision *ret, struct slip_buf *why, struct slip_error **err)
{
    const struct choice *forced = forced_choice(guest);
    const struct choice *choice = forced ? forced : first_choice(image);
    const struct slip_entry *entry;
    bool elf = false;

    if (!choice)
        return no_entry(image, err);
    entry = slip__image_entry(image, choice->kind);
    if (!entry && forced) {
        entry = elf_entry(image, choice->protocol);
        elf = entry;
    }
    if (!entry)
        return no_forced_entry(image, choice, err);
    ret->protocol = choice->protocol;
    ret->entry_gpa = entry->address;
    ret->form = form_of(image, choice->protocol);
    slip__buf_printf(why, forced ? "the description asks for %s; " : "a pvh guest starts by %s; ",
                     slip__boot_protocol(choice->protocol)->name);
    put_entry(why, image, ret, elf);
    put_moved(why, image);
    explain(image, choice, forced, ret);
    return 0;
}

static int no_pv_entry(const struct slip_image *image, const struct slip_pv_problem *problem,
                       struct slip_error **err)
{
    int rc =
        slip__error_code(err, SLIP_EIMAGE, problem->code,
                         "kernel '%s' cannot start as a pv guest: %s", image->name, problem->text);

    if (slip__image_entry(image, SLIP_ENTRY_PVH))
        slip__error_hint(err, "it has a PVH entry: type = \"pvh\" starts it");
    else if (problem->code == SLIP_CODE_NO_PV_ENTRY)
        slip__error_hint(err, "Linux starts as a pv guest when it is built with CONFIG_XEN_PV=y");
    return rc;
}

static int decide_pv(const struct slip_guest *guest, const struct slip_image *image,
                     struct slip_decision *ret, struct slip_buf *why, struct slip_error **err)
{
    struct slip_pv_problem problem;

    (void)guest;
    if (!slip__image_pv(image, &ret->pv, &problem))
        return no_pv_entry(image, &problem, err);
    slip__buf_printf(why, "a pv guest starts by Xen's PV interface, %u-bit%s; ", ret->pv.bits,
                     ret->pv.bits == 32 ? " PAE" : "");
    put_image(why, image);
    slip__buf_printf(why, " wants to be mapped from 0x%llx on and entered at 0x%llx (Xen notes)",
                     (unsigned long long)ret->pv.virt_base, (unsigned long long)ret->pv.entry);
    ret->protocol = SLIP_PROTOCOL_XEN_PV;
    return 0;
}

int slip__protocol_choose(const struct slip_guest *guest, const struct slip_image *image,
                          struct slip_decision *ret, struct slip_error **err)
{
    static int (*const decide[SLIP_TYPES])(const struct slip_guest *, const struct slip_image *,
                                           struct slip_decision *, struct slip_buf *,
                                           struct slip_error **) = {
        [SLIP_TYPE_PVH] = decide_pvh,
        [SLIP_TYPE_PV] = decide_pv,
    };
    SLIP_AUTO(slip__buf_dispose) struct slip_buf why = {0};
    enum slip_type container = (enum slip_type)guest->type.value;
    int rc;

    *ret = (struct slip_decision){0};
    if (!decide[container])
        return slip__error_code(err, SLIP_EENGINE, SLIP_CODE_CONTAINER_UNBUILT,
                                "this version builds guests of type pvh and pv only");
    rc = decide[container](guest, image, ret, &why, err);
    if (rc < 0)
        return rc;
    ret->why = slip__buf_steal(&why);
    return ret->why ? 0 : slip__error_oom(err);
}

int slip__protocol_decide(const struct slip_guest *guest, const struct slip_image *image,
                          struct slip_decision *ret, struct slip_error **err)
{
    int rc = slip__protocol_choose(guest, image, ret, err);

    for (size_t i = 0; rc == 0 && i < SLIP_COUNT(choices); i++) {
        if (choices[i].protocol == ret->protocol)
            rc = check_entry(image, &choices[i], ret->entry_gpa, err);
    }
    return rc;
}

enum slip_protocol slip__protocol_guess(const struct slip_guest *guest,
                                        const struct slip_image *image)
{
    const struct choice *forced = forced_choice(guest);

    if (forced)
        return forced->protocol;
    if (image->form == SLIP_FORM_LINUX)
        return image->linux_boot.entry64 ? SLIP_PROTOCOL_LINUX64 : SLIP_PROTOCOL_LINUX32;
    return SLIP_PROTOCOL_PVH;
}

void slip__decision_dispose(struct slip_decision *decision)
{
    free(decision->why);
    *decision = (struct slip_decision){0};
}
