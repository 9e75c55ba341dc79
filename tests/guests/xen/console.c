/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The PV console: a ring in a page shared with the backend, and an event channel (Xen public/io/console.h). */
#include "guest.h"

#include <xen/io/console.h>

/* How often to rest while nobody empties the ring, before what is printed gets lost. */
#define PATIENCE 2000

static struct xencons_interface *ring;
static uint32_t port;

void console_init(const struct shared *shared)
{
    ring = shared->console;
    port = shared->console_port;
}

static bool wait_below(XENCONS_RING_IDX used)
{
    for (unsigned i = 0; i < PATIENCE; i++) {
        if (*(volatile XENCONS_RING_IDX *)&ring->out_prod -
                *(volatile XENCONS_RING_IDX *)&ring->out_cons <
            used)
            return true;
        notify(port);
        rest();
    }
    return false;
}

static void put(char c)
{
    if (!wait_below(sizeof(ring->out)))
        return;
    ring->out[MASK_XENCONS_IDX(ring->out_prod, ring->out)] = c;
    barrier();
    ring->out_prod++;
}

void print_bytes(const char *text, size_t len)
{
    if (!ring)
        return;
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '\n')
            put('\r');
        put(text[i]);
    }
    notify(port);
}

void print(const char *text)
{
    print_bytes(text, length(text));
}

void print_hex(unsigned long long value)
{
    char digits[16];
    size_t at = sizeof(digits);

    do {
        digits[--at] = "0123456789abcdef"[value & 15];
        value >>= 4;
    } while (value);
    print_bytes(digits + at, sizeof(digits) - at);
}

void report(const char *name, unsigned long long value)
{
    print(name);
    print(" ");
    print_hex(value);
    print("\n");
}

int console_read(void)
{
    int c;

    if (!ring || *(volatile XENCONS_RING_IDX *)&ring->in_prod == ring->in_cons)
        return -1;
    barrier();
    c = (unsigned char)ring->in[MASK_XENCONS_IDX(ring->in_cons, ring->in)];
    barrier();
    ring->in_cons++;
    notify(port);
    return c;
}

void console_flush(void)
{
    if (ring)
        wait_below(1);
}
