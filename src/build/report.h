/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Words that the reports of a plan share. Private to build/. */
#ifndef SLIP_BUILD_REPORT_H
#define SLIP_BUILD_REPORT_H

#include "base/buf.h"
#include "build/plan.h"

const char *slip__report_type_word(enum slip_type type);       /* "pvh" */
const char *slip__report_map_word(uint32_t type);              /* "RAM", "NVS (ACPI tables)", ... */
const char *slip__report_console_word(enum slip_console_word); /* "added", "named", ... */
/* "512 MiB", "56 B", exact where four digits do; "47.3 MiB" where not. */
void slip__report_size(struct slip_buf *buf, uint64_t bytes);
/* The file's own name, without its folders. */
const char *slip__report_file(const char *path);
/* At most limit characters of text, ending in "..." if that cuts it. A file name need not be UTF-8 while JSON and XML must
 * be: bytes that are not become '?'. Control characters stay. */
void slip__report_utf8(struct slip_buf *buf, const char *text, size_t limit);

#endif
