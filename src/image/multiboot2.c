/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The tags of a Multiboot 2 header. A tag that is not marked optional has to be understood: one that is not makes the header
 * unusable, as does a demand that nothing here can meet. What EFI loaders are told is noted and not used.
 */
#include "abi/multiboot_header.h"
#include "base/ckd.h"
#include "base/cleanup.h"
#include "image/multiboot.h"

/* One tag: its place, and where its own fields begin and end. */
struct tag {
    uint64_t at, fields;
    uint32_t size, type;
    bool optional;
};

static uint32_t word(struct slip_reader *r, const struct tag *tag, unsigned index)
{
    return slip__reader_u32(r, tag->fields + 4 * index);
}

/* Information that nobody defined can't be given. What is defined but not to be had is left out, as the standard says. */
static void read_request(struct slip_multiboot *mb, struct slip_reader *r, const struct tag *tag,
                         struct slip_multiboot_addresses *addresses)
{
    (void)addresses;
    for (unsigned i = 0; i < (tag->size - SLIP_MB2_TAG_BYTES) / 4; i++) {
        uint32_t info = word(r, tag, i);

        if (info > SLIP_MB2_INFO_LAST && !tag->optional)
            slip__multiboot_problem(mb, "it requires information of the unknown type %u", info);
        if (info == SLIP_MB2_INFO_MEMORY || info == SLIP_MB2_INFO_MEMORY_MAP)
            mb->memory_map = mb->memory_map || !tag->optional;
    }
}

static void read_address(struct slip_multiboot *mb, struct slip_reader *r, const struct tag *tag,
                         struct slip_multiboot_addresses *a)
{
    a->given = true;
    a->header = word(r, tag, 0);
    a->load = word(r, tag, 1);
    a->load_end = word(r, tag, 2);
    a->bss_end = word(r, tag, 3);
    /* From the start of the file. A header below its own offset is seen to when the range is checked. */
    if (a->load == SLIP_MB2_LOAD_FROM_START)
        a->load = a->header >= mb->header_offset ? a->header - mb->header_offset : UINT32_MAX;
}

static void read_entry(struct slip_multiboot *mb, struct slip_reader *r, const struct tag *tag,
                       struct slip_multiboot_addresses *addresses)
{
    (void)mb;
    addresses->entry_given = true;
    addresses->entry = word(r, tag, 0);
}

static void read_console(struct slip_multiboot *mb, struct slip_reader *r, const struct tag *tag,
                         struct slip_multiboot_addresses *addresses)
{
    uint32_t flags = word(r, tag, 0);

    (void)addresses;
    if (flags & SLIP_MB2_CONSOLE_EGA)
        mb->flags |= SLIP_MB2_USES_EGA;
    if (flags & SLIP_MB2_CONSOLE_REQUIRED) {
        mb->flags |= SLIP_MB2_NEEDS_CONSOLE;
        if (!tag->optional)
            slip__multiboot_problem(mb, "it can't do without a screen, which these guests lack");
    }
}

static void read_framebuffer(struct slip_multiboot *mb, struct slip_reader *r,
                             const struct tag *tag, struct slip_multiboot_addresses *addresses)
{
    (void)r;
    (void)tag;
    (void)addresses;
    mb->framebuffer = true; /* a wish: the image has to do without */
}

static void read_module_align(struct slip_multiboot *mb, struct slip_reader *r,
                              const struct tag *tag, struct slip_multiboot_addresses *addresses)
{
    (void)r;
    (void)tag;
    (void)addresses;
    mb->page_align = true;
}

static void read_efi(struct slip_multiboot *mb, struct slip_reader *r, const struct tag *tag,
                     struct slip_multiboot_addresses *addresses)
{
    (void)r;
    (void)addresses;
    mb->flags |= tag->type == SLIP_MB2_TAG_EFI_BS ? SLIP_MB2_EFI_BOOT_SERVICES : SLIP_MB2_EFI_ENTRY;
}

static void read_relocatable(struct slip_multiboot *mb, struct slip_reader *r,
                             const struct tag *tag, struct slip_multiboot_addresses *addresses)
{
    uint64_t min = word(r, tag, 0), max = word(r, tag, 1), align = word(r, tag, 2);

    (void)addresses;
    if (align == 0)
        align = 1;
    if (align & (align - 1) || max <= min) {
        slip__multiboot_problem(mb,
                                "it may be moved between 0x%llx and 0x%llx by multiples of 0x%llx, "
                                "which is nowhere",
                                ULL(min), ULL(max), ULL(align));
        return;
    }
    /* "should end" at max: taken as the first address behind it, which is right under either reading. */
    mb->reloc = (struct slip_reloc){.offered = true, .align = align, .min = min, .max = max - 1};
}

static const struct {
    void (*read)(struct slip_multiboot *mb, struct slip_reader *r, const struct tag *tag,
                 struct slip_multiboot_addresses *addresses);
    unsigned words; /* fields it has at least */
} tags[] = {
    [SLIP_MB2_TAG_REQUEST] = {read_request, 0},
    [SLIP_MB2_TAG_ADDRESS] = {read_address, 4},
    [SLIP_MB2_TAG_ENTRY] = {read_entry, 1},
    [SLIP_MB2_TAG_CONSOLE] = {read_console, 1},
    [SLIP_MB2_TAG_FRAMEBUFFER] = {read_framebuffer, 3},
    [SLIP_MB2_TAG_MODULE_ALIGN] = {read_module_align, 0},
    [SLIP_MB2_TAG_EFI_BS] = {read_efi, 0},
    [SLIP_MB2_TAG_EFI32_ENTRY] = {read_efi, 1},
    [SLIP_MB2_TAG_EFI64_ENTRY] = {read_efi, 1},
    [SLIP_MB2_TAG_RELOCATABLE] = {read_relocatable, 4},
};

static void read_tag(struct slip_multiboot *mb, struct slip_reader *r, const struct tag *tag,
                     struct slip_multiboot_addresses *addresses)
{
    if (tag->type >= SLIP_COUNT(tags) || !tags[tag->type].read) {
        if (!tag->optional)
            slip__multiboot_problem(mb, "it requires what its tag of the unknown type %u means",
                                    tag->type);
        return;
    }
    if (tag->size < SLIP_MB2_TAG_BYTES + 4 * tags[tag->type].words) {
        slip__multiboot_problem(mb, "its tag of type %u has %u bytes, at least %u expected",
                                tag->type, tag->size,
                                SLIP_MB2_TAG_BYTES + 4 * tags[tag->type].words);
        return;
    }
    tags[tag->type].read(mb, r, tag, addresses);
}

void slip__multiboot2_read(struct slip_multiboot *mb, struct slip_reader *r,
                           struct slip_multiboot_addresses *addresses)
{
    uint64_t start = mb->header_offset, end = start + slip__reader_u32(r, start + SLIP_MB2_LENGTH);
    uint32_t arch = slip__reader_u32(r, start + SLIP_MB2_ARCH);
    uint64_t at = start + SLIP_MB2_BYTES;

    if (arch != SLIP_MB2_ARCH_I386)
        slip__multiboot_problem(mb, "its header is for architecture %u, 0 (i386) expected", arch);
    if (end > r->size)
        slip__multiboot_problem(mb, "its header ends at file offset 0x%llx, 0x%llx is the limit",
                                ULL(end), ULL(r->size));
    while (!mb->problem[0]) {
        struct tag tag = {.at = at,
                          .fields = at + SLIP_MB2_TAG_BYTES,
                          .type = slip__reader_u16(r, at),
                          .optional =
                              slip__reader_u16(r, at + SLIP_MB2_TAG_FLAGS) & SLIP_MB2_TAG_OPTIONAL,
                          .size = slip__reader_u32(r, at + SLIP_MB2_TAG_SIZE)};

        if (at > end || end - at < SLIP_MB2_TAG_BYTES)
            slip__multiboot_problem(mb, "its tags have no end tag");
        else if (tag.type == SLIP_MB2_TAG_END)
            return;
        else if (tag.size < SLIP_MB2_TAG_BYTES || tag.size > end - at)
            slip__multiboot_problem(mb,
                                    "its tag of type %u at file offset 0x%llx has %u bytes, "
                                    "%llu are left of the header",
                                    tag.type, ULL(at), tag.size, ULL(end - at));
        else
            read_tag(mb, r, &tag, addresses);
        at += ((uint64_t)tag.size + SLIP_MB2_ALIGN - 1) & ~(SLIP_MB2_ALIGN - 1ull);
    }
}
