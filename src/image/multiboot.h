/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Between the files of this folder: Multiboot headers. Nobody else includes this. */
#ifndef SLIP_IMAGE_MULTIBOOT_H
#define SLIP_IMAGE_MULTIBOOT_H

#include "base/reader.h"
#include "image/elf.h"

/* Is there a header of either version in the first bytes of a file? */
bool slip__multiboot_probe(const uint8_t *head, size_t len);
/* Opens a file that is no ELF: its header must have the addresses. */
int slip__multiboot_open(struct slip_image *image, const uint8_t *head, size_t len,
                         struct slip_error **err);
int slip__multiboot_finish(struct slip_image *image, struct slip_error **err);
/* Looks for headers in the first bytes of an ELF whose program headers were read, and fills image->multiboot. */
void slip__multiboot_read(struct slip_image *image, const uint8_t *head, size_t len);
/* The entries they offer, in place of those known so far. */
void slip__multiboot_entries(struct slip_image *image);

/* What a header with addresses loads. */
struct slip_segment slip__multiboot_segment(const struct slip_multiboot *mb);

/* What a header says of addresses, before it is checked. */
struct slip_multiboot_addresses {
    bool given, entry_given;
    uint64_t header, load, load_end, bss_end, entry;
};
/* The tags of a header of version 2, whose magic and checksum are right (multiboot2.c). */
void slip__multiboot2_read(struct slip_multiboot *mb, struct slip_reader *head,
                           struct slip_multiboot_addresses *addresses);
/* The first problem is the one that is told. */
void slip__multiboot_problem(struct slip_multiboot *mb, const char *fmt, ...) SLIP_PRINTF(2, 3);

#endif
