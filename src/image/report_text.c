/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An image as text for people. Must not know a terminal: no colours, no width. */
#include "base/error.h"
#include "image/report.h"
#include "slipway/image.h"

typedef unsigned long long ull;

static void put_linux(struct slip_buf *buf, const struct slip_linux *boot)
{
    if (!boot->offered) {
        slip__buf_puts(buf, "unpacks      itself only where no boot loader of today loads it\n");
        return;
    }
    slip__buf_printf(buf, "unpacks      itself at 0x%llx", (ull)boot->preferred_gpa);
    if (boot->relocatable)
        slip__buf_printf(buf, " or any multiple of 0x%llx", (ull)boot->min_align);
    if (boot->min_align < boot->align)
        slip__buf_printf(buf, ", better of 0x%llx", (ull)boot->align);
    slip__buf_printf(buf, ", in %llu bytes; %llu bytes are loaded\n", (ull)boot->init_bytes,
                     (ull)boot->bytes);
    slip__buf_printf(buf, "takes        a command line of %llu bytes, an initrd up to 0x%llx%s\n",
                     (ull)boot->cmdline_max, (ull)boot->initrd_max,
                     boot->above_4g ? ", or above 4 GiB" : "");
}

static void put_bzimage(struct slip_buf *buf, const struct slip_image *image)
{
    slip__buf_printf(buf, "format       bzImage, boot protocol %u.%02u\n",
                     image->boot_protocol >> 8, image->boot_protocol & 0xff);
    slip__buf_printf(buf, "version      %s\n", image->version[0] ? image->version : "not given");
    put_linux(buf, &image->linux_boot);
    if (image->no_kernel[0]) {
        slip__buf_printf(buf, "inside       nothing to be seen: %s\n", image->no_kernel);
        return;
    }
    slip__buf_printf(buf,
                     "payload      %llu bytes at 0x%llx, compression %s, %llu bytes decompressed\n",
                     (ull)image->payload_bytes, (ull)image->payload_offset, image->compression,
                     (ull)image->inflated_bytes);
    slip__buf_printf(buf, "inside       %u-bit ELF, %s, %llu bytes\n", image->elf_bits,
                     slip__report_machine(image), (ull)image->elf_bytes);
    slip__buf_printf(buf, "relocations  %llu bytes behind the ELF, not loaded\n",
                     (ull)image->relocs_bytes);
}

static void put_head(struct slip_buf *buf, const struct slip_image *image)
{
    slip__buf_puts(buf, "file         ");
    slip__report_clean(buf, image->name, false);
    slip__buf_printf(buf, ", %llu bytes\n", (ull)image->file_bytes);
    if (image->packing)
        slip__buf_printf(buf, "compressed   as a whole, %s: %llu bytes are in it\n", image->packing,
                         (ull)image->unpacked_bytes);
    if (image->format == SLIP_IMAGE_BZIMAGE)
        put_bzimage(buf, image);
    else if (image->elf_bits)
        slip__buf_printf(buf, "format       %u-bit ELF, %s\n", image->elf_bits,
                         slip__report_machine(image));
    else
        slip__buf_printf(buf, "format       %s, no ELF\n", slip__report_format(image));
}

/* "anywhere from 0x0 to 0xffffffff, at multiples of 0x200000" */
static void put_reloc(struct slip_buf *buf, const char *who, const struct slip_reloc *reloc)
{
    if (reloc->offered)
        slip__buf_printf(buf, "moves        from 0x%llx to 0x%llx, by multiples of 0x%llx (%s)\n",
                         (ull)reloc->min, (ull)reloc->max, (ull)reloc->align, who);
}

static void put_multiboot(struct slip_buf *buf, const struct slip_image *image, unsigned version)
{
    const struct slip_multiboot *mb = &image->multiboot[version - 1];

    if (mb->problem[0])
        slip__buf_printf(buf, "multiboot %u  not usable: %s\n", version, mb->problem);
    if (!mb->offered)
        return;
    slip__buf_printf(buf, "multiboot %u  header at 0x%llx", version, (ull)mb->header_offset);
    if (mb->has_addresses)
        slip__buf_printf(buf, ", loads 0x%llx bytes of 0x%llx from 0x%llx to 0x%llx",
                         (ull)mb->load_bytes, (ull)mb->memory_bytes, (ull)mb->load_offset,
                         (ull)mb->load_gpa);
    slip__buf_puts(buf, mb->page_align ? ", modules on pages" : "");
    slip__buf_puts(buf, mb->memory_map ? ", needs a memory map" : "");
    slip__buf_puts(buf, mb->framebuffer ? ", asks for a framebuffer" : "");
    if (version == 2 && mb->flags & (SLIP_MB2_EFI_BOOT_SERVICES | SLIP_MB2_EFI_ENTRY))
        slip__buf_puts(buf, ", has a way of its own under EFI");
    slip__buf_putc(buf, '\n');
}

static void put_ways(struct slip_buf *buf, const struct slip_image *image)
{
    put_multiboot(buf, image, 1);
    put_multiboot(buf, image, 2);
    put_reloc(buf, "Xen note PHYS32_RELOC", &image->reloc);
    put_reloc(buf, "Multiboot 2", &image->multiboot[1].reloc);
}

static void put_segments(struct slip_buf *buf, const struct slip_image *image)
{
    if (image->n_segments == 0)
        return;
    slip__buf_puts(
        buf,
        "\nsegments: guest address, size in memory, size in the file, flags, program header\n");
    for (size_t i = 0; i < image->n_segments; i++) {
        const struct slip_segment *s = &image->segments[i];

        slip__buf_printf(buf, "  0x%010llx  0x%08llx  0x%08llx  ", (ull)s->gpa,
                         (ull)s->memory_bytes, (ull)s->file_bytes);
        slip__report_flags(buf, s->flags);
        slip__buf_printf(buf, "  %u\n", s->index);
    }
}

static void put_notes(struct slip_buf *buf, const struct slip_image *image)
{
    slip__buf_puts(buf, image->n_notes ? "\nnotes\n" : "\nnotes: none\n");
    for (size_t i = 0; i < image->n_notes; i++) {
        const struct slip_note *note = &image->notes[i];
        const char *type = slip__report_note_type(note);

        slip__buf_printf(buf, "  %-6s %3u ", note->name, note->type);
        slip__buf_printf(buf, "%-19s", type ? type : "?");
        slip__report_note_value(buf, note);
        slip__buf_puts(buf, note->from_section ? " (only in the section headers)\n" : "\n");
    }
}

static void put_entries(struct slip_buf *buf, const struct slip_image *image)
{
    slip__buf_puts(buf, image->n_entries ? "\nentry points\n" : "\nentry points: none\n");
    for (size_t i = 0; i < SLIP_REPORT_ENTRIES; i++) {
        const struct slip_entry *e = slip__image_entry(image, slip__report_entry_order[i]);

        if (!e)
            continue;
        slip__buf_printf(buf, "  %-13s 0x%llx%s\n", slip__report_entry_words(e->kind)->label,
                         (ull)e->address, e->kind == SLIP_ENTRY_XEN_PV ? " (virtual)" : "");
    }
}

static void put_containers(struct slip_buf *buf, const struct slip_image *image)
{
    slip__buf_puts(buf, "\nboots as\n");
    for (size_t i = 0; i < SLIP_REPORT_CONTAINERS; i++) {
        struct slip_buf why = {0};
        bool boots;
        const char *name = slip__report_container(image, i, &boots, &why);

        if (why.failed)
            buf->failed = true;
        else
            slip__buf_printf(buf, "  %-4s %-4s %s\n", name, boots ? "yes:" : "no:", why.data);
        slip__buf_dispose(&why);
    }
}

int slip_image_to_text(const struct slip_image *image, char **ret, struct slip_error **err)
{
    struct slip_buf buf = {0};

    if (!image || !ret)
        return slip__error(err, SLIP_EINVAL,
                           "slip_image_to_text() needs an image and a place for the text");
    put_head(&buf, image);
    put_ways(&buf, image);
    put_segments(&buf, image);
    put_notes(&buf, image);
    put_entries(&buf, image);
    put_containers(&buf, image);
    *ret = slip__buf_steal(&buf);
    return *ret ? 0 : slip__error_oom(err);
}
