/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The reader in the jail: does what its proxy asks for with an image that it reads here, and tells what came of it. It runs in a
 * child that can do nothing else (base/jail.h), and need not be believed.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/reader.h"
#include "image/pv.h"
#include "image/talk.h"

/* Requests are structs of a few numbers. */
#define REQUEST_BYTES sizeof(struct slip_load_request)
/* How many steps progress is told in. */
#define PROGRESS_STEPS 100u

/* The rooms of a ring, seen from who fills them. */
struct ring {
    struct slip_ram_sink sink;
    int socket;
    uint8_t *bytes;
    unsigned room;                  /* the one in use */
    uint64_t put, taken;            /* messages, so far */
    uint64_t last[SLIP_RING_ROOMS]; /* the message that used a room last */
    struct slip_buf *body;          /* for messages; has room */
};

static int gone(struct slip_error **err)
{
    return slip__error(err, SLIP_EIO, "nobody takes what is read");
}

/* Until the first count messages were taken. */
static int await_taken(struct ring *ring, uint64_t count, struct slip_error **err)
{
    uint32_t kind;

    while (ring->taken < count) {
        if (!slip__jailed_receive(ring->socket, 0, &kind, ring->body, NULL) ||
            kind != SLIP_REQUEST_TAKEN)
            return gone(err);
        ring->taken++;
    }
    return 0;
}

static void *ring_room(struct slip_ram_sink *sink, size_t *ret_cap, struct slip_error **err)
{
    struct ring *ring = (struct ring *)sink;

    ring->room = (ring->room + 1) % SLIP_RING_ROOMS;
    *ret_cap = SLIP_RING_ROOM_BYTES;
    return await_taken(ring, ring->last[ring->room], err) < 0
               ? NULL
               : ring->bytes + ring->room * SLIP_RING_ROOM_BYTES;
}

static int ring_put(struct slip_ram_sink *sink, const void *at, uint64_t gpa, size_t len,
                    struct slip_error **err)
{
    struct ring *ring = (struct ring *)sink;
    struct slip_put put = {
        .offset = (uint32_t)((const uint8_t *)at - ring->bytes),
        .bytes = (uint32_t)len,
        .gpa = gpa,
    };
    int rc = ring->put < SLIP_RING_UNTAKEN
                 ? 0
                 : await_taken(ring, ring->put - SLIP_RING_UNTAKEN + 1, err);

    if (rc < 0)
        return rc;
    if (!slip__jailed_send(ring->socket, SLIP_REPLY_PUT, &put, sizeof(put)))
        return gone(err);
    ring->last[ring->room] = ++ring->put;
    return 0;
}

/* Guest memory in a file. */
struct ram {
    struct slip_ram base;
    uint8_t *bytes;
};

static void *ram_map(struct slip_ram *base, uint64_t gpa, uint64_t len, struct slip_error **err)
{
    struct ram *ram = (struct ram *)base;
    uint64_t before = 0;

    (void)len; /* the door (slip__ram_at) has checked it */
    for (unsigned i = 0; i < base->n_regions; i++) {
        const struct slip_ram_region *r = &base->regions[i];

        if (gpa >= r->gpa && gpa - r->gpa < r->size)
            return ram->bytes + before + (gpa - r->gpa);
        before += r->size;
    }
    slip__error(err, SLIP_EINTERNAL, "0x%llx is in no region", (unsigned long long)gpa);
    return NULL;
}

/* Tells of progress in a few steps. */
struct teller {
    int socket;
    uint64_t next;
};

static void tell(uint64_t done, uint64_t total, void *payload)
{
    struct teller *teller = payload;
    uint64_t words[2] = {done, total};

    if (done < teller->next && done != total)
        return;
    teller->next = done + total / PROGRESS_STEPS + 1;
    slip__jailed_send(teller->socket, SLIP_REPLY_PROGRESS, words, sizeof(words));
}

struct reader {
    int socket;
    struct slip_buf body; /* of a request; has room for the longest from the start */
    struct slip_image *image;
};

static int load_to(struct reader *reader, struct slip_ram *ram, bool progress,
                   struct slip_error **err)
{
    struct teller teller = {.socket = reader->socket};

    return slip__image_load_here(reader->image, ram, progress ? tell : NULL, &teller, err);
}

static int map_shared(int fd, uint64_t bytes, uint8_t **ret, struct slip_error **err)
{
    void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0);

    if (at == MAP_FAILED)
        return slip__error_oom(err);
    *ret = at;
    return 0;
}

static int load_to_file(struct reader *reader, const struct slip_load_request *request, int fd,
                        struct slip_error **err)
{
    struct ram ram = {.base = {.map = ram_map, .n_regions = request->n_regions}};
    uint64_t bytes;
    int rc;

    memcpy(ram.base.regions, request->regions, sizeof(ram.base.regions));
    bytes = slip__ram_bytes(&ram.base);
    rc = map_shared(fd, bytes, &ram.bytes, err);
    if (rc < 0)
        return rc;
    rc = load_to(reader, &ram.base, request->progress, err);
    munmap(ram.bytes, bytes);
    return rc;
}

static int load_to_ring(struct reader *reader, const struct slip_load_request *request, int fd,
                        struct slip_error **err)
{
    struct ring ring = {
        .sink = {ring_room, ring_put}, .socket = reader->socket, .body = &reader->body};
    struct slip_ram ram = {.sink = &ring.sink};
    int rc = map_shared(fd, SLIP_RING_BYTES, &ring.bytes, err);

    if (rc < 0)
        return rc;
    rc = load_to(reader, &ram, request->progress, err);
    if (rc == 0)
        rc = await_taken(&ring, ring.put, err);
    munmap(ring.bytes, SLIP_RING_BYTES);
    return rc;
}

static int load(struct reader *reader, int fd, struct slip_error **err)
{
    struct slip_load_request request = {0};

    if (reader->body.len == sizeof(request))
        memcpy(&request, reader->body.data, sizeof(request));
    switch (request.way) {
    case SLIP_LOAD_FILE:
        return load_to_file(reader, &request, fd, err);
    case SLIP_LOAD_RING:
        return load_to_ring(reader, &request, fd, err);
    default:
        return load_to(reader, NULL, request.progress, err);
    }
}

static int obey(struct reader *reader, uint32_t kind, int fd, struct slip_error **err)
{
    struct slip_reader r = slip__reader(reader->body.data, reader->body.len);

    switch (kind) {
    case SLIP_REQUEST_LOAD:
        return load(reader, fd, err);
    case SLIP_REQUEST_USE:
        return slip__image_use(reader->image, (enum slip_image_form)slip__reader_u64(&r, 0),
                               slip__reader_u64(&r, 8), err);
    case SLIP_REQUEST_MOVE_TO:
        return slip__image_move_to(reader->image, slip__reader_u64(&r, 0), err);
    case SLIP_REQUEST_MOVE_DOWN:
        return slip__image_move_down(reader->image, slip__reader_u64(&r, 0), err);
    default:
        return slip__error(err, SLIP_EINTERNAL, "request %u is unknown", kind);
    }
}

static bool answer_error(const struct reader *reader, int rc, struct slip_error *e)
{
    SLIP_AUTO(slip__buf_dispose) struct slip_buf buf = {0};
    const char *hint = slip_error_hint(e);

    slip__buf_uint(&buf, (uint32_t)-rc, 4);
    slip__buf_uint(&buf, slip_error_code(e), 4);
    slip__buf_put(&buf, slip_error_message(e), strlen(slip_error_message(e)) + 1);
    slip__buf_put(&buf, hint ? hint : "", hint ? strlen(hint) + 1 : 1);
    slip_error_free(e);
    if (!buf.failed)
        return slip__jailed_send(reader->socket, SLIP_REPLY_ERROR, buf.data, buf.len);
    /* Eight bytes of numbers and two empty texts: what there is to say without memory. */
    return slip__jailed_send(reader->socket, SLIP_REPLY_ERROR, "\2\0\0\0\0\0\0\0\0", 10);
}

static bool answer(const struct reader *reader, int rc, struct slip_error *e)
{
    SLIP_AUTO(slip__buf_dispose) struct slip_buf buf = {0};

    if (rc < 0)
        return answer_error(reader, rc, e);
    slip__wire_put(&buf, reader->image);
    if (buf.failed)
        return answer_error(reader, SLIP_ENOMEM, NULL);
    return slip__jailed_send(reader->socket, SLIP_REPLY_IMAGE, buf.data, buf.len);
}

static int start(struct reader *reader, const struct slip_image_file *file, struct slip_error **err)
{
    if (!slip__buf_reserve(&reader->body, REQUEST_BYTES))
        return slip__error_oom(err);
    if (file->flat)
        return slip__image_flat_here(file->fd, file->bytes, file->name, file->gpa, file->entry,
                                     &reader->image, err);
    return slip__image_probe_here(file->fd, file->bytes, file->name, &reader->image, err);
}

void slip__image_reader(int fd, void *payload)
{
    struct reader reader = {.socket = fd};
    struct slip_error *err = NULL;
    uint32_t kind;
    int passed = -1;
    int rc = start(&reader, payload, &err);

    while (answer(&reader, rc, err) && reader.image &&
           slip__jailed_receive(fd, REQUEST_BYTES, &kind, &reader.body, &passed)) {
        err = NULL;
        rc = obey(&reader, kind, passed, &err);
        if (passed >= 0)
            close(passed);
        passed = -1;
    }
}
