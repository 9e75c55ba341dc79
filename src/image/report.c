/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an image is, in words: shared by text and JSON. Knows no output format. */
#include "image/report.h"

#include <string.h>

#include "abi/elf.h"
#include "abi/xen_notes.h"
#include "base/cleanup.h"
#include "base/reader.h"
#include "image/pv.h"

enum form { RAW, NUMBER, STRING };

/* Types by the note's name. GNU: glibc's elf.h, NT_GNU_*. Linux: include/linux/build-salt.h, elfnote-lto.h. */
static const struct note_type {
    const char *owner;
    uint32_t type;
    const char *name;
    enum form form;
} note_types[] = {
#define XEN_ROW(number, name, form) {SLIP_XEN_NOTE_NAME, number, name, form},
    SLIP_XEN_NOTES(XEN_ROW)
#undef XEN_ROW
        {"GNU", 1, "ABI_TAG", RAW},
    {"GNU", 3, "BUILD_ID", RAW},
    {"GNU", 5, "PROPERTY", RAW},
    {"Linux", 0x100, "BUILD_SALT", STRING},
    {"Linux", 0x101, "LTO_INFO", NUMBER},
};

static const struct slip_entry_words entry_words[] = {
    [SLIP_ENTRY_PVH] = {"pvh", "PVH", "a PVH entry"},
    [SLIP_ENTRY_ELF] = {"elf", "ELF", "a plain ELF entry"},
    [SLIP_ENTRY_LINUX64] = {"linux64", "Linux 64-bit", "a Linux 64-bit entry"},
    [SLIP_ENTRY_LINUX32] = {"linux32", "Linux 32-bit", "a Linux 32-bit entry"},
    [SLIP_ENTRY_XEN_PV] = {"xen-pv", "Xen PV", "a Xen PV entry"},
    [SLIP_ENTRY_MULTIBOOT1] = {"multiboot1", "Multiboot 1", "a Multiboot 1 entry"},
    [SLIP_ENTRY_MULTIBOOT2] = {"multiboot2", "Multiboot 2", "a Multiboot 2 entry"},
    [SLIP_ENTRY_FLAT] = {"flat", "flat", "a stated entry"},
};

const struct slip_entry_words *slip__report_entry_words(enum slip_entry_kind kind)
{
    return &entry_words[kind];
}

static const struct note_type *find_type(const struct slip_note *note)
{
    for (size_t i = 0; i < SLIP_COUNT(note_types); i++) {
        if (note_types[i].type == note->type && strcmp(note_types[i].owner, note->name) == 0)
            return &note_types[i];
    }
    return NULL;
}

const char *slip__report_note_type(const struct slip_note *note)
{
    const struct note_type *type = find_type(note);

    return type ? type->name : NULL;
}

static void put_string(struct slip_buf *buf, const struct slip_note *note, size_t have)
{
    size_t i = 0;

    for (; i < have && note->desc[i]; i++)
        slip__buf_putc(buf, slip__report_is_plain(note->desc[i]) ? (char)note->desc[i] : '?');
    if (i == have && have < note->desc_bytes)
        slip__buf_puts(buf, "...");
}

static void put_bytes(struct slip_buf *buf, const struct slip_note *note, size_t have)
{
    for (size_t i = 0; i < have; i++)
        slip__buf_printf(buf, "%02x", note->desc[i]);
    if (have < note->desc_bytes)
        slip__buf_puts(buf, "...");
}

void slip__report_note_value(struct slip_buf *buf, const struct slip_note *note)
{
    const struct note_type *type = find_type(note);
    size_t have = note->desc_bytes < sizeof(note->desc) ? note->desc_bytes : sizeof(note->desc);
    struct slip_reader r = slip__reader(note->desc, have);

    if (type && type->form == NUMBER && (have == 4 || have == 8))
        slip__buf_printf(buf, "0x%llx",
                         (unsigned long long)slip__reader_uint(&r, 0, (unsigned)have));
    else if (type && type->form == STRING)
        put_string(buf, note, have);
    else
        put_bytes(buf, note, have);
}

void slip__report_flags(struct slip_buf *buf, unsigned flags)
{
    slip__buf_putc(buf, flags & SLIP_ELF_PF_R ? 'r' : '-');
    slip__buf_putc(buf, flags & SLIP_ELF_PF_W ? 'w' : '-');
    slip__buf_putc(buf, flags & SLIP_ELF_PF_X ? 'x' : '-');
}

const enum slip_entry_kind slip__report_entry_order[SLIP_REPORT_ENTRIES] = {
    SLIP_ENTRY_PVH,        SLIP_ENTRY_LINUX64, SLIP_ENTRY_LINUX32, SLIP_ENTRY_MULTIBOOT2,
    SLIP_ENTRY_MULTIBOOT1, SLIP_ENTRY_XEN_PV,  SLIP_ENTRY_ELF,     SLIP_ENTRY_FLAT,
};

const char *slip__report_format(const struct slip_image *image)
{
    static const char *const names[] = {
        [SLIP_IMAGE_ELF32] = "ELF",       [SLIP_IMAGE_ELF64] = "ELF",
        [SLIP_IMAGE_BZIMAGE] = "bzImage", [SLIP_IMAGE_MULTIBOOT] = "Multiboot",
        [SLIP_IMAGE_FLAT] = "flat",
    };

    return names[image->format];
}

const char *slip__report_machine(const struct slip_image *image)
{
    return image->machine == SLIP_ELF_MACHINE_386 ? "i386" : "x86-64";
}

bool slip__report_is_plain(uint8_t c)
{
    return c >= 0x20 && c < 0x7f;
}

void slip__report_clean(struct slip_buf *buf, const char *text, bool ascii)
{
    for (; *text; text++) {
        uint8_t c = (uint8_t)*text;

        slip__buf_putc(buf, slip__report_is_plain(c) || (c >= 0x80 && !ascii) ? *text : '?');
    }
}

/* "a Linux 64-bit entry and a Linux 32-bit entry"; returns how many. */
static size_t put_offers(struct slip_buf *buf, const struct slip_image *image,
                         const enum slip_entry_kind *kinds, size_t n_kinds)
{
    const struct slip_entry *have[SLIP_IMAGE_MAX_ENTRIES];
    size_t n = 0;

    for (size_t i = 0; i < n_kinds && n < SLIP_COUNT(have); i++) {
        have[n] = slip__image_entry(image, kinds[i]);
        if (have[n])
            n++;
    }
    for (size_t i = 0; i < n; i++) {
        if (i)
            slip__buf_puts(buf, i + 1 < n ? ", " : " and ");
        slip__buf_puts(buf, entry_words[have[i]->kind].article);
    }
    return n;
}

/* Says how it starts as a PV guest, or why not. */
static bool put_pv(struct slip_buf *why, const struct slip_image *image)
{
    struct slip_pv_problem problem;
    struct slip_pv_kernel pv;
    bool boots = slip__image_pv(image, &pv, &problem);

    if (boots)
        slip__buf_printf(why, "it has Xen PV notes, %u-bit%s, mapped from 0x%llx", pv.bits,
                         pv.bits == 32 ? " PAE" : "", (unsigned long long)pv.virt_base);
    else
        slip__buf_puts(why, problem.text);
    return boots;
}

/* The same for a PVH guest, in the order in which build/ chooses. */
static bool put_pvh(struct slip_buf *why, const struct slip_image *image)
{
    const struct slip_entry *pvh = slip__image_entry(image, SLIP_ENTRY_PVH);
    const struct slip_entry *other = NULL;

    if (pvh) {
        slip__buf_printf(why, "it has a PHYS32_ENTRY note, for 0x%llx",
                         (unsigned long long)pvh->address);
        return true;
    }
    for (size_t i = 0; i < SLIP_REPORT_ENTRIES && !other; i++)
        if (slip__report_entry_order[i] != SLIP_ENTRY_XEN_PV &&
            slip__report_entry_order[i] != SLIP_ENTRY_ELF)
            other = slip__image_entry(image, slip__report_entry_order[i]);
    if (other)
        slip__buf_printf(why, "it has %s; ", entry_words[other->kind].article);
    slip__buf_puts(why, image->pvh_problem);
    return other;
}

static bool put_hvm(struct slip_buf *why, const struct slip_image *image)
{
    (void)image;
    slip__buf_puts(why, "this version builds pv and pvh guests only");
    return false;
}

static const struct container {
    const char *name;
    bool (*put)(struct slip_buf *why, const struct slip_image *image);
} containers[SLIP_REPORT_CONTAINERS] = {{"pvh", put_pvh}, {"pv", put_pv}, {"hvm", put_hvm}};

const char *slip__report_container(const struct slip_image *image, size_t index, bool *ret_boots,
                                   struct slip_buf *why)
{
    *ret_boots = containers[index].put(why, image);
    return containers[index].name;
}

char *slip__image_describe_entries(const struct slip_image *image)
{
    const struct slip_entry *pvh = slip__image_entry(image, SLIP_ENTRY_PVH);
    struct slip_buf buf = {0};

    if (pvh)
        slip__buf_printf(&buf, "it has a PVH entry, 0x%llx", (unsigned long long)pvh->address);
    else
        slip__buf_puts(&buf, image->pvh_problem);
    slip__buf_puts(&buf, "; what it has is ");
    if (put_offers(&buf, image, slip__report_entry_order + 1, SLIP_REPORT_ENTRIES - 1) == 0)
        slip__buf_puts(&buf, "no entry point of any kind");
    return slip__buf_steal(&buf);
}
