/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Images read by a child in a jail (reader.c): the struct slip_image here is what that child says of it, checked. Whatever it says,
 * or does to itself, is an error here and no more. Where guest memory is a file, the child has it mapped and writes to it;
 * elsewhere it fills the rooms of a ring, and what is in them is put where it belongs here, while it goes on.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/ckd.h"
#include "base/cleanup.h"
#include "base/reader.h"
#include "image/elf.h"
#include "image/report.h"
#include "image/talk.h"

struct slip_image_proxy {
    struct slip_jail jail;
    int ring_fd; /* -1: none yet */
    uint8_t *ring;
};

static const struct slip_jail_terms terms = {
    .what = "its reader",
    .rc = SLIP_EIMAGE,
    .memory_bytes = SLIP_LIMIT_READER_BYTES,
    .cpu_seconds = SLIP_LIMIT_READER_CPU_SECONDS,
    .reply_ms = SLIP_LIMIT_READER_SECONDS * 1000u,
};

/* What the answers to one request mean here. */
struct call {
    struct slip_image *image;
    struct slip_ram *ram; /* NULL: no bytes are to come */
    slip_bytes_fn *progress;
    void *payload;
};

/* Nothing it says counts any more. */
static int give_up(struct slip_image *image, int rc, struct slip_error **err)
{
    slip__jail_end(&image->proxy->jail);
    slip__error_prefix(err, "kernel '%s'", image->name);
    return rc;
}

static int nonsense(struct slip_image *image, const char *why, struct slip_error **err)
{
    return give_up(image, slip__jail_nonsense(&image->proxy->jail, why, err), err);
}

static int take_image(struct slip_image *image, const struct slip_buf *body,
                      struct slip_error **err)
{
    const char *why = slip__wire_take(body->data, body->len, image);

    if (why == SLIP_WIRE_OOM)
        return give_up(image, slip__error_oom(err), err);
    return why ? nonsense(image, why, err) : 0;
}

static int no_memory(const struct slip_image *image, struct slip_error **err)
{
    slip__error_code(err, SLIP_ENOMEM, SLIP_CODE_JAIL_MEMORY,
                     "kernel '%s': reading it takes more than %llu MiB of memory, or the host has "
                     "none left",
                     image->name, ULL(SLIP_LIMIT_READER_BYTES >> 20));
    return SLIP_ENOMEM;
}

/* Its own refusal, in its own words, but for what no terminal should get. */
static int take_error(struct slip_image *image, const struct slip_buf *body,
                      struct slip_error **err)
{
    SLIP_AUTO(slip__buf_dispose) struct slip_buf message = {0}, hint = {0};
    struct slip_reader r = slip__reader(body->data, body->len);
    uint32_t rc = slip__reader_u32(&r, 0), code = slip__reader_u32(&r, 4);
    const char *text = body->data + 8, *second;

    if (!slip__reader_ok(&r) || body->len < 10 || body->data[body->len - 1] != '\0')
        return nonsense(image, "an error is cut off", err);
    second = text + strlen(text) + 1;
    if (second >= body->data + body->len || second + strlen(second) + 1 != body->data + body->len)
        return nonsense(image, "an error has not two texts", err);
    if (rc == 0 || rc > (uint32_t)-SLIP_ENOTSUP || (code && !slip_code_find(code)))
        return nonsense(image, "there is no such error", err);
    if (rc == (uint32_t)-SLIP_ENOMEM)
        return no_memory(image, err);
    slip__report_clean(&message, text, false);
    slip__report_clean(&hint, second, false);
    if (message.failed || hint.failed)
        return slip__error_oom(err);
    return slip__error_make(err, (enum slip_rc) - (int)rc, code,
                            message.len ? message.data : "its reader failed",
                            hint.len ? hint.data : NULL);
}

static int take_progress(const struct call *call, const struct slip_buf *body,
                         struct slip_error **err)
{
    struct slip_reader r = slip__reader(body->data, body->len);
    uint64_t done = slip__reader_u64(&r, 0), total = slip__reader_u64(&r, 8);

    if (!slip__reader_ok(&r) || body->len != 16 || !call->progress)
        return nonsense(call->image, "progress that nobody asked for", err);
    call->progress(done < total ? done : total, total, call->payload);
    return 0;
}

/* Does [gpa, gpa + len) belong to the file's part of a segment? Nothing else is loaded. */
static bool is_loaded(const struct slip_image *image, uint64_t gpa, uint64_t len)
{
    for (size_t i = 0; i < image->n_segments; i++) {
        const struct slip_segment *s = &image->segments[i];

        if (gpa >= s->gpa && slip__range_fits(gpa - s->gpa, len, s->file_bytes))
            return true;
    }
    return false;
}

static int take_put(const struct call *call, const struct slip_buf *body, struct slip_error **err)
{
    struct slip_image_proxy *proxy = call->image->proxy;
    struct slip_put put;
    void *at;
    int rc;

    if (!call->ram || !proxy->ring || body->len != sizeof(put))
        return nonsense(call->image, "bytes that nobody asked for", err);
    memcpy(&put, body->data, sizeof(put));
    if (put.bytes == 0 || !slip__range_fits(put.offset, put.bytes, SLIP_RING_BYTES))
        return nonsense(call->image, "bytes from outside of the ring", err);
    if (!is_loaded(call->image, put.gpa, put.bytes))
        return nonsense(call->image, "bytes for no segment", err);
    at = slip__ram_at(call->ram, "a segment", put.gpa, put.bytes, err);
    if (!at)
        return give_up(call->image, SLIP_EIMAGE, err);
    memcpy(at, proxy->ring + put.offset, put.bytes);
    rc = slip__jail_send(&proxy->jail, SLIP_REQUEST_TAKEN, NULL, 0, -1, err);
    return rc < 0 ? give_up(call->image, rc, err) : 0;
}

/* All answers to one request. */
static int take_answers(const struct call *call, struct slip_error **err)
{
    struct slip_image *image = call->image;
    SLIP_AUTO(slip__buf_dispose) struct slip_buf body = {0};
    int rc = 0;

    while (rc == 0) {
        uint32_t kind;

        rc = slip__jail_receive(&image->proxy->jail, SLIP_LIMIT_WIRE_BYTES, &kind, &body, err);
        if (rc < 0)
            return give_up(image, rc, err);
        switch (kind) {
        case SLIP_REPLY_IMAGE:
            return take_image(image, &body, err);
        case SLIP_REPLY_ERROR:
            return take_error(image, &body, err);
        case SLIP_REPLY_PROGRESS:
            rc = take_progress(call, &body, err);
            break;
        case SLIP_REPLY_PUT:
            rc = take_put(call, &body, err);
            break;
        default:
            return nonsense(image, "it is of no known kind", err);
        }
    }
    return rc;
}

static int ask(const struct call *call, enum slip_request kind, const void *body, size_t len,
               int fd, struct slip_error **err)
{
    struct slip_image *image = call->image;
    int rc = slip__jail_ask(&image->proxy->jail, kind, body, len, fd, err);

    return rc < 0 ? give_up(image, rc, err) : take_answers(call, err);
}

/* Fills in what an image has before anything is known of it. */
static int prepare(struct slip_image *image, uint64_t file_bytes, const char *name,
                   struct slip_error **err)
{
    image->fd = -1;
    image->file_bytes = file_bytes;
    image->name = strdup(name);
    image->proxy = calloc(1, sizeof(*image->proxy));
    if (image->proxy)
        *image->proxy = (struct slip_image_proxy){.jail = SLIP_JAIL_NONE, .ring_fd = -1};
    return image->name && image->proxy ? 0 : slip__error_oom(err);
}

/* Hands the image out if the first answer was good; else frees it. */
static int finish_new(struct slip_image *image, int rc, struct slip_image **ret,
                      struct slip_error **err)
{
    struct call call = {.image = image};

    if (rc == 0)
        rc = take_answers(&call, err);
    if (rc < 0)
        slip_image_free(image);
    else
        *ret = image;
    return rc;
}

static int open_file(struct slip_image_file *file, struct slip_image **ret, struct slip_error **err)
{
    struct slip_image *image = calloc(1, sizeof(*image));
    int rc = image ? prepare(image, file->bytes, file->name, err) : slip__error_oom(err);

    if (rc == 0) {
        rc = slip__jail_start(&image->proxy->jail, &terms, slip__image_reader, file, &file->fd, 1,
                              err);
        if (rc < 0)
            give_up(image, rc, err);
    }
    close(file->fd);
    return image ? finish_new(image, rc, ret, err) : rc;
}

int slip__image_probe(int fd, uint64_t file_bytes, const char *name, struct slip_image **ret,
                      struct slip_error **err)
{
    struct slip_image_file file = {.fd = fd, .bytes = file_bytes, .name = name};

    return open_file(&file, ret, err);
}

int slip__image_flat(int fd, uint64_t file_bytes, const char *name, uint64_t gpa, uint64_t entry,
                     struct slip_image **ret, struct slip_error **err)
{
    struct slip_image_file file = {
        .fd = fd, .bytes = file_bytes, .name = name, .flat = true, .gpa = gpa, .entry = entry};

    return open_file(&file, ret, err);
}

int slip__proxy_adopt(int socket, uint64_t file_bytes, const char *name, struct slip_image **ret,
                      struct slip_error **err)
{
    struct slip_image *image = calloc(1, sizeof(*image));
    int rc = image ? prepare(image, file_bytes, name, err) : slip__error_oom(err);

    if (rc < 0) {
        close(socket);
        slip_image_free(image);
        return rc;
    }
    slip__jail_adopt(&image->proxy->jail, &terms, socket);
    return finish_new(image, 0, ret, err);
}

static int make_ring(struct slip_image_proxy *proxy, struct slip_error **err)
{
    void *at;

    if (proxy->ring)
        return 0;
    proxy->ring_fd = memfd_create("slipway-ring", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (proxy->ring_fd < 0 || ftruncate(proxy->ring_fd, SLIP_RING_BYTES) < 0 ||
        fcntl(proxy->ring_fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
        return slip__error_errno(err, SLIP_EIO, errno, "cannot make %u bytes of shared memory",
                                 SLIP_RING_BYTES);
    at = mmap(NULL, SLIP_RING_BYTES, PROT_READ, MAP_SHARED, proxy->ring_fd, 0);
    if (at == MAP_FAILED)
        return slip__error_errno(err, SLIP_EIO, errno, "cannot map %u bytes of shared memory",
                                 SLIP_RING_BYTES);
    proxy->ring = at;
    return 0;
}

/* Where the bytes of a load come from and go to; *ret_fd is borrowed. Guest memory that is no file: its segments are made ready
 * here. */
static int choose_way(struct slip_image *image, struct slip_ram *ram,
                      struct slip_load_request *request, int *ret_fd, struct slip_error **err)
{
    int rc;

    *ret_fd = -1;
    if (!ram)
        return 0;
    if (ram->in_file) {
        request->way = SLIP_LOAD_FILE;
        request->n_regions = ram->n_regions;
        memcpy(request->regions, ram->regions, sizeof(request->regions));
        *ret_fd = ram->fd;
        return 0;
    }
    for (size_t i = 0; i < image->n_segments; i++) {
        if (!slip__image_segment_at(image, &image->segments[i], ram, err))
            return SLIP_EIMAGE;
    }
    rc = make_ring(image->proxy, err);
    request->way = SLIP_LOAD_RING;
    *ret_fd = image->proxy->ring_fd;
    return rc;
}

int slip__proxy_load(struct slip_image *image, struct slip_ram *ram, slip_bytes_fn *progress,
                     void *payload, struct slip_error **err)
{
    struct call call = {.image = image, .ram = ram, .progress = progress, .payload = payload};
    struct slip_load_request request = {.progress = progress != NULL};
    int fd, rc = choose_way(image, ram, &request, &fd, err);

    image->loaded = false;
    if (rc < 0) {
        slip__error_prefix(err, "kernel '%s'", image->name);
        return rc;
    }
    return ask(&call, SLIP_REQUEST_LOAD, &request, sizeof(request), fd, err);
}

static int ask_numbers(struct slip_image *image, enum slip_request kind, uint64_t first,
                       uint64_t second, struct slip_error **err)
{
    struct call call = {.image = image};
    uint64_t words[2] = {first, second};

    return ask(&call, kind, words, sizeof(words), -1, err);
}

int slip__proxy_use(struct slip_image *image, enum slip_image_form form, uint64_t gpa,
                    struct slip_error **err)
{
    return ask_numbers(image, SLIP_REQUEST_USE, form, gpa, err);
}

int slip__proxy_move_to(struct slip_image *image, uint64_t gpa, struct slip_error **err)
{
    return ask_numbers(image, SLIP_REQUEST_MOVE_TO, gpa, 0, err);
}

int slip__proxy_move_down(struct slip_image *image, uint64_t offset, struct slip_error **err)
{
    return ask_numbers(image, SLIP_REQUEST_MOVE_DOWN, offset, 0, err);
}

void slip__proxy_finish(struct slip_image_proxy *proxy)
{
    slip__jail_dispose(&proxy->jail);
    if (proxy->ring)
        munmap(proxy->ring, SLIP_RING_BYTES);
    proxy->ring = NULL;
    if (proxy->ring_fd >= 0)
        close(proxy->ring_fd);
    proxy->ring_fd = -1;
}

void slip__proxy_free(struct slip_image_proxy *proxy)
{
    if (proxy)
        slip__proxy_finish(proxy);
    free(proxy);
}
