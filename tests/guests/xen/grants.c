/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The grant entries that the toolstack leaves for the backends of the console and the store (Xen public/grant_table.h). */
#include "guest.h"

#include <xen/grant_table.h>

static void report_entry(const char *flags, const char *domid, const char *frame,
                         const volatile struct grant_entry_v1 *entry)
{
    /* Whoever has it mapped shows in the flags too, which is not the question. */
    report(flags, entry->flags & (GTF_type_mask | GTF_readonly));
    report(domid, entry->domid);
    report(frame, entry->frame);
}

void report_grants(const volatile void *table)
{
    const volatile struct grant_entry_v1 *entries = table;

    report_entry("grant-console-flags", "grant-console-domid", "grant-console-frame",
                 &entries[GNTTAB_RESERVED_CONSOLE]);
    report_entry("grant-store-flags", "grant-store-domid", "grant-store-frame",
                 &entries[GNTTAB_RESERVED_XENSTORE]);
}
