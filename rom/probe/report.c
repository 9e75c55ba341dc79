/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The report: TAP lines on the first serial port, or in Xen's console ring where there is one. */
#include "probe.h"

#define COM1          0x3f8
#define OUT_BYTES     2048u /* Xen public/io/console.h: in[1024], out[2048], then four indices */
#define RING_OUT      1024u
#define OUT_CONS      3080u
#define OUT_PROD      3084u
#define RING_PATIENCE 4000000u

static bool serial;
static unsigned lines, failed;

void console_init(void)
{
    if (xen_console.ring)
        return;
    out8(COM1 + 7, 0x5a); /* the scratch register keeps what it is given, where there is one */
    serial = in8(COM1 + 7) == 0x5a;
    if (serial)
        out8(COM1 + 3, 3); /* 8 data bits, no parity */
}

static void wait_serial(uint8_t bit)
{
    for (uint32_t i = 0; i < 100000000 && !(in8(COM1 + 5) & bit); i++)
        ;
}

static volatile uint32_t *index(unsigned offset)
{
    return (volatile uint32_t *)(xen_console.ring + offset);
}

static bool wait_ring(uint32_t used)
{
    for (unsigned i = 0; i < RING_PATIENCE && *index(OUT_PROD) - *index(OUT_CONS) >= used; i++)
        xen_notify(xen_console.port);
    return *index(OUT_PROD) - *index(OUT_CONS) < used;
}

static void put(char c)
{
    if (xen_console.ring) {
        if (!wait_ring(OUT_BYTES))
            return; /* a ring that overflows is one that nobody reads any more */
        xen_console.ring[RING_OUT + (*index(OUT_PROD) & (OUT_BYTES - 1))] = (uint8_t)c;
        barrier();
        ++*index(OUT_PROD);
    } else if (serial) {
        wait_serial(0x20);
        out8(COM1, (uint8_t)c);
    } else {
        out8(0xe9, (uint8_t)c);
    }
}

void print(const char *text)
{
    for (; *text; text++) {
        if (*text == '\n')
            put('\r');
        put(*text);
    }
    if (xen_console.ring)
        xen_notify(xen_console.port);
}

void print_hex(uint64_t value)
{
    char text[19];
    unsigned i = sizeof(text) - 1;

    text[i] = 0;
    do {
        text[--i] = "0123456789abcdef"[value & 15];
        value >>= 4;
    } while (value);
    text[--i] = 'x';
    text[--i] = '0';
    print(text + i);
}

static void print_number(unsigned value)
{
    char text[11];
    unsigned i = sizeof(text) - 1;

    text[i] = 0;
    do {
        text[--i] = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    print(text + i);
}

void console_flush(void)
{
    if (xen_console.ring)
        wait_ring(1);
    else if (serial)
        wait_serial(0x40);
}

void clause(const char *name, bool holds, const char *more, uint64_t value)
{
    print(holds ? "ok " : "not ok ");
    print_number(++lines);
    print(" - ");
    print(name);
    print("\n");
    if (!holds) {
        failed++;
        if (more) {
            print("# ");
            print(more);
            print(" ");
            print_hex(value);
            print("\n");
        }
    }
}

void skip(const char *name, const char *why)
{
    print("ok ");
    print_number(++lines);
    print(" - ");
    print(name);
    print(" # SKIP ");
    print(why);
    print("\n");
}

void note(const char *name, uint64_t value)
{
    print("# ");
    print(name);
    print(" ");
    print_hex(value);
    print("\n");
}

bool report_end(void)
{
    print("1..");
    print_number(lines);
    print("\n");
    console_flush();
    return failed == 0;
}
