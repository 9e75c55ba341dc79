/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What an image's proxy (proxy.c) and the reader that it keeps in a jail (reader.c) say to each other: a request, then any number of
 * REPLY_PROGRESS and REPLY_PUT, then REPLY_IMAGE or REPLY_ERROR. The first answer comes without a request: it is that of probing.
 * Nobody else includes this.
 */
#ifndef SLIP_IMAGE_TALK_H
#define SLIP_IMAGE_TALK_H

#include "base/jail.h"
#include "image/image.h"
#include "image/wire.h"

enum slip_request {
    SLIP_REQUEST_LOAD = 1,  /* struct slip_load_request */
    SLIP_REQUEST_USE,       /* form, address: 8 bytes each */
    SLIP_REQUEST_MOVE_TO,   /* address: 8 bytes */
    SLIP_REQUEST_MOVE_DOWN, /* by how much: 8 bytes */
    SLIP_REQUEST_TAKEN      /* after REPLY_PUT: its bytes are where they belong */
};

enum slip_reply {
    SLIP_REPLY_IMAGE = 1, /* as wire.h has it */
    SLIP_REPLY_ERROR, /* rc (negated) and code, 4 bytes each; message and hint, each with a NUL */
    SLIP_REPLY_PROGRESS, /* done, total: 8 bytes each */
    SLIP_REPLY_PUT       /* struct slip_put */
};

/* Where what is loaded goes. */
enum slip_load_way {
    SLIP_LOAD_NOWHERE,
    SLIP_LOAD_FILE, /* the descriptor that comes along is guest memory */
    SLIP_LOAD_RING  /* ... is a ring of rooms, from which the proxy takes it */
};

struct slip_load_request {
    uint32_t way;
    uint32_t progress; /* 1: it is to be told */
    uint32_t n_regions;
    uint32_t unused;
    struct slip_ram_region regions[SLIP_RAM_MAX_REGIONS];
};

/* So many bytes of the ring belong there. */
struct slip_put {
    uint32_t offset, bytes;
    uint64_t gpa;
};

/* The ring: rooms that are filled in turn. Together small enough for a processor's cache. */
#define SLIP_RING_ROOMS      8u
#define SLIP_RING_ROOM_BYTES (128u << 10)
#define SLIP_RING_BYTES      (SLIP_RING_ROOMS * SLIP_RING_ROOM_BYTES)
/* REPLY_PUTs on their way at a time, so that neither side waits for room in a socket while the other one does. */
#define SLIP_RING_UNTAKEN 32u

/* The longest message and hint, with their NULs. */
#define SLIP_LIMIT_TALK_TEXT 2048u

/* What to read, and as what. */
struct slip_image_file {
    int fd;
    uint64_t bytes;
    const char *name;
    bool flat; /* as bytes for gpa, entered at entry */
    uint64_t gpa, entry;
};

/* The reader: answers until nobody asks. payload: struct slip_image_file. */
slip_jail_fn slip__image_reader;

/* An image whose reader is at the other end of socket (taken over) already: nobody knows who that is. For tests. */
int slip__proxy_adopt(int socket, uint64_t file_bytes, const char *name, struct slip_image **ret,
                      struct slip_error **err);
/* For what the reader is to do: image.h, with a proxy. */
int slip__proxy_load(struct slip_image *image, struct slip_ram *ram, slip_bytes_fn *progress,
                     void *payload, struct slip_error **err);
int slip__proxy_use(struct slip_image *image, enum slip_image_form form, uint64_t gpa,
                    struct slip_error **err);
int slip__proxy_move_to(struct slip_image *image, uint64_t gpa, struct slip_error **err);
int slip__proxy_move_down(struct slip_image *image, uint64_t offset, struct slip_error **err);
/* Nothing is to be asked any more: what the image says stays. */
void slip__proxy_finish(struct slip_image_proxy *proxy);
void slip__proxy_free(struct slip_image_proxy *proxy);

#endif
