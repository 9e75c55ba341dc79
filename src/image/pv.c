/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Xen's notes read as a PV start: which addresses the kernel wants to live at, and what it demands. The notes'
 * meanings: public/elfnote.h and features.h. Defaults, and which notes must be there:
 * xen/common/libelf/libelf-dominfo.c. A note that comes twice counts as it comes last, as there.
 */
#include "image/pv.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "abi/elf.h"
#include "abi/ram.h"
#include "abi/xen_notes.h"
#include "base/cleanup.h"
#include "image/elf.h"
#include "image/report.h"
#include "image/talk.h"

/* The highest address that Xen's own range may be asked to begin at: public/arch-x86/xen-x86_{64,32}.h. */
#define XEN_START_64 0xffff800000000000ull
#define XEN_START_32 0xf5800000ull

static const struct feature {
    const char *name;
    bool for_pv;
} features[] = {
#define FEATURE(bit, name, for_pv) {name, for_pv},
    SLIP_XEN_FEATURES(FEATURE)
#undef FEATURE
};

/* Says why not; false, so that it is the whole failure path. Texts of notes may be anything: only ASCII gets
 * through. */
static bool refuse(struct slip_pv_problem *problem, enum slip_code code, const char *fmt, ...)
    SLIP_PRINTF(3, 4);
static bool refuse(struct slip_pv_problem *problem, enum slip_code code, const char *fmt, ...)
{
    va_list ap;

    problem->code = code;
    va_start(ap, fmt);
    vsnprintf(problem->text, sizeof(problem->text), fmt, ap);
    va_end(ap);
    for (char *p = problem->text; *p; p++) {
        if (!slip__report_is_plain((uint8_t)*p))
            *p = '?';
    }
    return false;
}

/* Notes as they were found. */
struct raw {
    const struct slip_note *by_type[SLIP_XEN_NOTE_PHYS32_ENTRY + 1];
};

static struct raw collect(const struct slip_image *image)
{
    struct raw raw = {0};

    for (size_t i = 0; i < image->n_notes; i++) {
        const struct slip_note *note = &image->notes[i];

        if (note->xen && note->type < SLIP_COUNT(raw.by_type))
            raw.by_type[note->type] = note;
    }
    return raw;
}

static const char *type_name(unsigned type)
{
    static const char *const names[] = {
#define NAME(number, name, form) [number] = name,
        SLIP_XEN_NOTES(NAME)
#undef NAME
    };

    return names[type];
}

static bool number(const struct raw *raw, unsigned type, uint64_t otherwise, uint64_t *ret,
                   struct slip_pv_problem *problem)
{
    const struct slip_note *note = raw->by_type[type];

    *ret = otherwise;
    if (!note)
        return true;
    if (note->desc_bytes != 4 && note->desc_bytes != 8)
        return refuse(problem, SLIP_CODE_PV_NOTE,
                      "its %s note has a descriptor of %u bytes, 4 or 8 expected", type_name(type),
                      note->desc_bytes);
    *ret = slip__note_number(note);
    return true;
}

/* A note's text; "" if there is none. Not all end in a NUL (Linux's FEATURES does not): what we keep of one is zeroes
 * behind it. */
static bool text(const struct raw *raw, unsigned type, const char **ret,
                 struct slip_pv_problem *problem)
{
    const struct slip_note *note = raw->by_type[type];

    *ret = "";
    if (!note)
        return true;
    if (!memchr(note->desc, 0, sizeof(note->desc)))
        return refuse(problem, SLIP_CODE_PV_NOTE,
                      "its %s note has a text of %u bytes, the limit is %zu", type_name(type),
                      note->desc_bytes, sizeof(note->desc) - 1);
    *ret = (const char *)note->desc;
    return true;
}

static const struct feature *find_feature(const char *name, size_t len)
{
    for (size_t i = 0; i < SLIP_COUNT(features); i++) {
        if (strlen(features[i].name) == len && memcmp(features[i].name, name, len) == 0)
            return &features[i];
    }
    return NULL;
}

/* "a|!b": b is required, a only tells Xen what it may do. Unknown ones that are not required are for other versions
 * of it. */
static bool check_features(const char *list, struct slip_pv_problem *problem)
{
    while (*list) {
        size_t len = strcspn(list, "|");
        bool required = *list == '!';
        const struct feature *f = find_feature(list + required, len - required);

        if (required && (!f || !f->for_pv))
            return refuse(problem, SLIP_CODE_PV_FEATURE, "it requires the feature '%.*s', which %s",
                          len > 40 ? 40 : (int)len - 1, list + 1,
                          f ? "no PV guest has" : "Xen does not have");
        list += len + (list[len] == '|');
    }
    return true;
}

/* What Xen's own builder insists on before it looks at anything else. */
static bool check_version(const struct raw *raw, struct slip_pv_kernel *ret,
                          struct slip_pv_problem *problem)
{
    const char *version, *loader, *os;

    if (!text(raw, SLIP_XEN_NOTE_XEN_VERSION, &version, problem) ||
        !text(raw, SLIP_XEN_NOTE_LOADER, &loader, problem) ||
        !text(raw, SLIP_XEN_NOTE_GUEST_OS, &os, problem))
        return false;
    if (!*version && !*loader)
        return refuse(problem, SLIP_CODE_NO_PV_ENTRY,
                      "it has no Xen PV notes (a __xen_guest section, the way before "
                      "Xen 3.0.4, is not read)");
    if (strncmp(version, "xen-3.0", 7) != 0)
        return refuse(problem, SLIP_CODE_PV_VERSION,
                      "it is made for the PV interface '%.32s', Xen's is 'xen-3.0'", version);
    ret->linux_guest = strncmp(os, "linux", 5) == 0;
    if (strncmp(loader, "generic", 7) != 0 && !ret->linux_guest)
        return refuse(problem, SLIP_CODE_PV_VERSION,
                      "it is made for the loader '%.32s', only 'generic' is known", loader);
    return true;
}

unsigned slip__image_pv_bits(const struct slip_image *image)
{
    return image->machine == SLIP_ELF_MACHINE_386 ? 32 : 64;
}

static bool check_mode(const struct slip_image *image, const struct raw *raw,
                       struct slip_pv_kernel *ret, struct slip_pv_problem *problem)
{
    const char *pae, *symtab;

    if (!text(raw, SLIP_XEN_NOTE_PAE_MODE, &pae, problem) ||
        !text(raw, SLIP_XEN_NOTE_BSD_SYMTAB, &symtab, problem))
        return false;
    ret->bits = slip__image_pv_bits(image);
    if (ret->bits == 32 && strcmp(pae, "yes") != 0 && !strstr(pae, "bimodal"))
        return refuse(problem, SLIP_CODE_PV_PAE,
                      "it is a 32-bit kernel without PAE (its PAE_MODE note is '%.16s'), "
                      "which no 64-bit Xen runs",
                      pae);
    if (strcmp(symtab, "yes") == 0)
        return refuse(problem, SLIP_CODE_PV_FEATURE,
                      "it wants its symbol table loaded (note BSD_SYMTAB), which this "
                      "version does not do");
    return true;
}

static uint64_t highest(const struct slip_pv_kernel *pv)
{
    return pv->bits == 32 ? UINT32_MAX : UINT64_MAX;
}

static bool read_addresses(const struct slip_image *image, const struct raw *raw,
                           struct slip_pv_kernel *ret, struct slip_pv_problem *problem)
{
    uint64_t low, mod_pfn;
    const struct {
        unsigned type;
        uint64_t otherwise;
        uint64_t *to;
    } numbers[] = {
        {SLIP_XEN_NOTE_VIRT_BASE, 0, &ret->virt_base},
        {SLIP_XEN_NOTE_PADDR_OFFSET, 0, &ret->paddr_offset},
        {SLIP_XEN_NOTE_ENTRY, image->elf_entry, &ret->entry},
        {SLIP_XEN_NOTE_HYPERCALL_PAGE, SLIP_PV_NONE, &ret->hypercall_page},
        {SLIP_XEN_NOTE_INIT_P2M, SLIP_PV_NONE, &ret->init_p2m},
        {SLIP_XEN_NOTE_HV_START_LOW, 0, &low},
        {SLIP_XEN_NOTE_MOD_START_PFN, 0, &mod_pfn},
    };

    for (size_t i = 0; i < SLIP_COUNT(numbers); i++) {
        if (!number(raw, numbers[i].type, numbers[i].otherwise, numbers[i].to, problem))
            return false;
    }
    ret->mod_start_pfn = mod_pfn != 0;
    if (raw->by_type[SLIP_XEN_NOTE_PADDR_OFFSET] && !raw->by_type[SLIP_XEN_NOTE_VIRT_BASE])
        return refuse(problem, SLIP_CODE_PV_NOTE,
                      "it has a PADDR_OFFSET note but no VIRT_BASE note");
    if (low > (ret->bits == 32 ? XEN_START_32 : XEN_START_64))
        return refuse(problem, SLIP_CODE_PV_ADDRESS,
                      "it wants the hypervisor's range to begin at 0x%llx at the lowest "
                      "(note HV_START_LOW), but Xen's begins at 0x%llx",
                      ULL(low), ret->bits == 32 ? XEN_START_32 : XEN_START_64);
    /* Only 64-bit kernels can ask for it; where it would be in the way, the list goes with the rest, as in Xen's
     * builder. */
    if (ret->bits == 32 || ret->init_p2m >= ret->virt_base || ret->init_p2m % SLIP_PAGE_BYTES)
        ret->init_p2m = SLIP_PV_NONE;
    return true;
}

/* Does the loaded kernel hold the virtual address? */
static bool holds(const struct slip_image *image, const struct slip_pv_kernel *pv, uint64_t va,
                  uint64_t bytes)
{
    /* What slip__image_move_down() took off counts as taken off. */
    uint64_t base = pv->virt_base - (pv->paddr_offset - image->moved_down);

    for (size_t i = 0; i < image->n_segments; i++) {
        const struct slip_segment *s = &image->segments[i];
        uint64_t start = (base + s->gpa) & highest(pv);

        if (va >= start && va - start < s->memory_bytes && bytes <= s->memory_bytes - (va - start))
            return true;
    }
    return false;
}

static bool check_addresses(const struct slip_image *image, const struct slip_pv_kernel *pv,
                            struct slip_pv_problem *problem)
{
    uint64_t page = pv->hypercall_page;

    if (pv->virt_base > highest(pv) || pv->virt_base % SLIP_PAGE_BYTES ||
        pv->paddr_offset % SLIP_PAGE_BYTES)
        return refuse(problem, SLIP_CODE_PV_NOTE,
                      "its notes VIRT_BASE 0x%llx and PADDR_OFFSET 0x%llx are no "
                      "addresses of pages",
                      ULL(pv->virt_base), ULL(pv->paddr_offset));
    if (!holds(image, pv, pv->entry, 1))
        return refuse(
            problem, SLIP_CODE_NO_PV_ENTRY,
            "its PV entry 0x%llx is in none of its %zu segments, which lie "
            "from 0x%llx on",
            ULL(pv->entry), image->n_segments,
            ULL(pv->virt_base - (pv->paddr_offset - image->moved_down) + image->segments[0].gpa));
    if (page != SLIP_PV_NONE &&
        (page % SLIP_PAGE_BYTES || !holds(image, pv, page, SLIP_PAGE_BYTES)))
        return refuse(problem, SLIP_CODE_PV_NOTE,
                      "its HYPERCALL_PAGE note, 0x%llx, is not a page of its segments", ULL(page));
    return true;
}

bool slip__image_pv(const struct slip_image *image, struct slip_pv_kernel *ret,
                    struct slip_pv_problem *problem)
{
    struct slip_pv_problem unwanted;
    struct raw raw = collect(image);
    const char *list;

    if (!problem)
        problem = &unwanted;
    *ret = (struct slip_pv_kernel){0};
    if (image->no_kernel[0])
        return refuse(problem, SLIP_CODE_NO_PV_ENTRY, "%s", image->no_kernel);
    if (!check_version(&raw, ret, problem) || !check_mode(image, &raw, ret, problem) ||
        !text(&raw, SLIP_XEN_NOTE_FEATURES, &list, problem) || !check_features(list, problem) ||
        !read_addresses(image, &raw, ret, problem) || !check_addresses(image, ret, problem))
        return false;
    return true;
}

uint64_t slip__image_pv_offset(const struct slip_image *image)
{
    struct slip_pv_kernel pv;

    return slip__image_pv(image, &pv, NULL) ? pv.paddr_offset - image->moved_down : 0;
}

int slip__image_move_down(struct slip_image *image, uint64_t offset, struct slip_error **err)
{
    if (image->proxy)
        return slip__proxy_move_down(image, offset, err);
    if (image->n_segments == 0)
        return 0;
    if (image->segments[0].gpa < offset)
        return slip__error_code(err, SLIP_EIMAGE, SLIP_CODE_PV_NOTE,
                                "kernel '%s': its segment %u is at 0x%llx, below the 0x%llx of its "
                                "PADDR_OFFSET note",
                                image->name, image->segments[0].index, ULL(image->segments[0].gpa),
                                ULL(offset));
    for (size_t i = 0; i < image->n_segments; i++)
        image->segments[i].gpa -= offset;
    image->moved_down += offset;
    return 0;
}
