/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* UUIDs as text. */
#include "guest/uuid.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

/* The text positions of the dashes. */
static bool dash_at(size_t i)
{
    return i == 8 || i == 13 || i == 18 || i == 23;
}

bool slip__uuid_normalize(const char *text, char ret[SLIP_UUID_TEXT_BYTES])
{
    bool dashes = strlen(text) == 36;

    if (!dashes && strlen(text) != 32)
        return false;
    for (size_t i = 0; i < 36; i++) {
        if (dash_at(i)) {
            if (dashes && *text++ != '-')
                return false;
            ret[i] = '-';
            continue;
        }
        if (!isxdigit((unsigned char)*text))
            return false;
        ret[i] = (char)tolower((unsigned char)*text++);
    }
    ret[36] = 0;
    return true;
}

bool slip__uuid_random(char ret[SLIP_UUID_TEXT_BYTES])
{
    uint8_t b[16];

    if (getrandom(b, sizeof(b), 0) != (ssize_t)sizeof(b))
        return false;
    b[6] = (uint8_t)((b[6] & 0x0f) | 0x40); /* version 4 */
    b[8] = (uint8_t)((b[8] & 0x3f) | 0x80); /* the RFC's variant */
    snprintf(ret, SLIP_UUID_TEXT_BYTES,
             "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1],
             b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14],
             b[15]);
    return true;
}
