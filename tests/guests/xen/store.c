/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* As much of XenStore's protocol as reads and writes this guest's own nodes (Xen public/io/xs_wire.h). One request at a time;
 * answers are waited for by looking again. */
#include "guest.h"

#include <xen/io/xs_wire.h>

#define PATIENCE 2000

static struct xenstore_domain_interface *ring;
static uint32_t port;

void store_init(const struct shared *shared)
{
    ring = shared->store;
    port = shared->store_port;
}

static void send(const void *data, size_t len)
{
    const char *bytes = data;

    for (size_t i = 0; i < len; i++) {
        while (ring->req_prod - *(volatile XENSTORE_RING_IDX *)&ring->req_cons ==
               XENSTORE_RING_SIZE) {
            notify(port);
            rest();
        }
        ring->req[MASK_XENSTORE_IDX(ring->req_prod)] = bytes[i];
        barrier();
        ring->req_prod++;
    }
}

/* Takes len bytes of the answer; what does not fit into ret is dropped. */
static bool receive(void *ret, size_t size, size_t len)
{
    char *bytes = ret, c;

    for (size_t i = 0; i < len; i++) {
        for (unsigned n = 0; *(volatile XENSTORE_RING_IDX *)&ring->rsp_prod == ring->rsp_cons;
             n++) {
            if (n == PATIENCE)
                return false;
            notify(port);
            rest();
        }
        barrier();
        c = ring->rsp[MASK_XENSTORE_IDX(ring->rsp_cons)];
        if (i < size)
            bytes[i] = c;
        barrier();
        ring->rsp_cons++;
    }
    return true;
}

/* The answer's length, or -1. */
static int talk(uint32_t type, const char *path, const char *value, char *ret, size_t size)
{
    struct xsd_sockmsg head = {.type = type, .req_id = 1};

    if (!ring)
        return -1;
    head.len = (uint32_t)(length(path) + 1 + (value ? length(value) : 0));
    send(&head, sizeof(head));
    send(path, length(path) + 1);
    if (value)
        send(value, length(value));
    notify(port);
    if (!receive(&head, sizeof(head), sizeof(head)) || !receive(ret, size - 1, head.len) ||
        head.type == XS_ERROR)
        return -1;
    ret[head.len < size ? head.len : size - 1] = 0;
    return (int)head.len;
}

int store_read(const char *path, char *ret, size_t size)
{
    return talk(XS_READ, path, NULL, ret, size);
}

int store_write(const char *path, const char *value)
{
    char answer[8];

    return talk(XS_WRITE, path, value, answer, sizeof(answer));
}
