/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* UUIDs as text (RFC 4122): read in either spelling, written in one. */
#ifndef SLIP_GUEST_UUID_H
#define SLIP_GUEST_UUID_H

#include <stdbool.h>

#define SLIP_UUID_TEXT_BYTES 37 /* 32 digits, four dashes, the end */

/* Reads 32 hexadecimal digits, with dashes in the four places or with none, and writes them in small letters with dashes.
 * False if text is no UUID. */
bool slip__uuid_normalize(const char *text, char ret[SLIP_UUID_TEXT_BYTES]);
/* A random UUID (version 4). False if the kernel gives no randomness. */
bool slip__uuid_random(char ret[SLIP_UUID_TEXT_BYTES]);

#endif
