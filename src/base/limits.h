/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Named limits on what any text may make us allocate or do, with the reason beside each. Each folder has its own. */
#ifndef SLIP_BASE_LIMITS_H
#define SLIP_BASE_LIMITS_H

/* A description is written by hand; the largest known (generated, 100 disks) is under 100 KiB. */
#define SLIP_LIMIT_DESCRIPTION_BYTES (1u << 20)
/* Lists in lists in lists is the deepest xl.cfg knows (vnuma); more is a mistake or an attack on the stack. */
#define SLIP_LIMIT_NESTING 16u
/* Items of one list in a description. */
#define SLIP_LIMIT_LIST_ITEMS 4096u
/* Errors shown for one description, and as many warnings: past this, more of them help nobody. */
#define SLIP_LIMIT_DIAGS 20u
/* Notes on one diagnostic. */
#define SLIP_LIMIT_DIAG_NOTES 8u

#endif
