/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The null engine: builds a guest and records it instead of running it. Its guest's memory is a memfd, page by page as
 * written; starting it writes <record>/ram.img (offset = guest address, holes kept), <record>/plan.json and, of a PV guest,
 * <record>/p2m (its frames, which are made up, 8 bytes each), and then the "guest" has powered off. Without a folder it only builds. Must not know any other engine.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "build/pv.h"
#include "engine/engine.h"
#include "slipway/plan.h"

#define COPY_BYTES (1u << 20)

/* What a host would have given a PV guest: frames from 4 GiB up, the last page's first, so that nothing that takes a page
 * for its frame, or frames for a row, goes unseen. */
#define FIRST_FRAME       0x100000ull
#define SHARED_INFO_FRAME 0xabcdull
#define STORE_PORT        1u
#define CONSOLE_PORT      2u

struct null_ram {
    struct slip_ram base;
    int fd; /* regions one after the other */
    uint8_t *bytes;
    uint64_t size;
};

struct null_run {
    struct slip_run base;
    struct null_ram ram;
    char *record;  /* folder; NULL: record nothing */
    uint64_t *p2m; /* PV, once started: frame of each page; owned */
    uint64_t n_pages;
    int event_fd; /* readable while a power-off is to be told */
    bool started;
};

static void null_probe(struct slip_engine_status *status)
{
    status->usable = true;
    snprintf(status->detail, sizeof(status->detail), "records instead of running");
}

/* Nothing runs, so there is nothing that it could not honour. */
static void null_check(const struct slip_guest *guest, struct slip_diags *diags)
{
    (void)guest;
    (void)diags;
}

static void *ram_map(struct slip_ram *base, uint64_t gpa, uint64_t len, struct slip_error **err)
{
    struct null_ram *ram = (struct null_ram *)base;
    uint64_t offset = 0;

    for (unsigned i = 0; i < base->n_regions; i++) {
        const struct slip_ram_region *r = &base->regions[i];

        if (gpa >= r->gpa && gpa - r->gpa < r->size)
            return ram->bytes + offset + (gpa - r->gpa);
        offset += r->size;
    }
    slip__error(err, SLIP_EINTERNAL, "0x%llx + 0x%llx is not in the null engine's RAM",
                (unsigned long long)gpa, (unsigned long long)len);
    return NULL;
}

static int ram_init(struct null_ram *ram, enum slip_type type, uint64_t memory_bytes,
                    struct slip_error **err)
{
    void *bytes;

    ram->base.n_regions =
        slip__layout_ram(slip__engine_null.machines[type], memory_bytes, ram->base.regions);
    ram->base.map = ram_map;
    ram->size = slip__ram_bytes(&ram->base);
    ram->fd = memfd_create("slipway-null", MFD_CLOEXEC);
    if (ram->fd < 0 || ftruncate(ram->fd, (off_t)ram->size) < 0)
        return slip__error_errno(err, SLIP_EENGINE, errno, "cannot make %llu bytes of guest memory",
                                 (unsigned long long)ram->size);
    bytes = mmap(NULL, ram->size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, ram->fd, 0);
    if (bytes == MAP_FAILED)
        return slip__error_errno(err, SLIP_EENGINE, errno, "cannot map %llu bytes of guest memory",
                                 (unsigned long long)ram->size);
    ram->bytes = bytes;
    ram->base.in_file = true;
    ram->base.fd = ram->fd;
    return 0;
}

static void null_destroy(struct slip_run *base)
{
    struct null_run *run = (struct null_run *)base;

    if (run->ram.bytes)
        munmap(run->ram.bytes, run->ram.size);
    if (run->ram.fd >= 0)
        close(run->ram.fd);
    if (run->event_fd >= 0)
        close(run->event_fd);
    free(run->record);
    free(run->p2m);
    free(run);
}

static int null_create(const struct slip_guest *guest, unsigned kernel_bits, const char *record,
                       struct slip_run **ret, struct slip_error **err)
{
    struct null_run *run = calloc(1, sizeof(*run));
    int rc;

    (void)kernel_bits;
    if (!run)
        return slip__error_oom(err);
    run->base = (struct slip_run){
        .engine = &slip__engine_null, .ram = &run->ram.base, .console_fd = -1, .console_in_fd = -1};
    run->ram.fd = -1;
    run->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (run->event_fd < 0) {
        rc = slip__error_errno(err, SLIP_EENGINE, errno, "cannot make an event descriptor");
        goto fail;
    }
    if (record) {
        run->record = strdup(record);
        if (!run->record) {
            rc = slip__error_oom(err);
            goto fail;
        }
    }
    rc = ram_init(&run->ram, (enum slip_type)guest->type.value, (uint64_t)guest->memory.value << 20,
                  err);
    if (rc < 0)
        goto fail;
    *ret = &run->base;
    return 0;
fail:
    null_destroy(&run->base);
    return rc;
}

/* Opens folder/name for writing, afresh. */
static int open_record(const char *folder, const char *name, int *ret, struct slip_error **err)
{
    SLIP_AUTO_FREE char *path = NULL;

    if (asprintf(&path, "%s/%s", folder, name) < 0) {
        path = NULL;
        return slip__error_oom(err);
    }
    *ret = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (*ret < 0)
        return slip__error_errno(err, SLIP_EIO, errno, "cannot write '%s'", path);
    return 0;
}

/* Copies what was written of one region; offset is the region's in the memfd. Returns 0 or -errno. */
static int record_region(const struct null_ram *ram, const struct slip_ram_region *region,
                         uint64_t offset, int to)
{
    off_t end = (off_t)(offset + region->size), data = (off_t)offset, hole;

    while ((data = lseek(ram->fd, data, SEEK_DATA)) >= 0 && data < end) {
        hole = lseek(ram->fd, data, SEEK_HOLE);
        if (hole < 0)
            return -errno;
        if (hole > end)
            hole = end;
        while (data < hole) {
            size_t n = hole - data < COPY_BYTES ? (size_t)(hole - data) : COPY_BYTES;
            ssize_t r = pwrite(to, ram->bytes + data, n, data - (off_t)offset + (off_t)region->gpa);

            if (r < 0 && errno == EINTR)
                continue;
            if (r < 0)
                return -errno;
            data += r;
        }
    }
    return data < 0 && errno != ENXIO ? -errno : 0;
}

static int record_ram(const struct null_run *run, struct slip_error **err)
{
    const struct slip_ram *ram = &run->ram.base;
    const struct slip_ram_region *last = &ram->regions[ram->n_regions - 1];
    SLIP_AUTO_CLOSE int fd = -1;
    uint64_t offset = 0;
    int rc = open_record(run->record, "ram.img", &fd, err), r = 0;

    if (rc < 0)
        return rc;
    if (ftruncate(fd, (off_t)(last->gpa + last->size)) < 0)
        r = -errno;
    for (unsigned i = 0; i < ram->n_regions && r == 0; i++) {
        r = record_region(&run->ram, &ram->regions[i], offset, fd);
        offset += ram->regions[i].size;
    }
    if (r < 0)
        return slip__error_errno(err, SLIP_EIO, -r, "cannot write '%s/ram.img'", run->record);
    return 0;
}

static int record_plan(const struct null_run *run, const struct slip_plan *plan,
                       struct slip_error **err)
{
    SLIP_AUTO_FREE char *json = NULL;
    SLIP_AUTO_CLOSE int fd = -1;
    int rc = slip_plan_to_json(plan, &json, err), r;

    if (rc == 0)
        rc = open_record(run->record, "plan.json", &fd, err);
    if (rc < 0)
        return rc;
    r = slip__write_all(fd, json, strlen(json));
    if (r < 0)
        return slip__error_errno(err, SLIP_EIO, -r, "cannot write '%s/plan.json'", run->record);
    return 0;
}

static int record_p2m(const struct null_run *run, struct slip_error **err)
{
    SLIP_AUTO_CLOSE int fd = -1;
    int rc = open_record(run->record, "p2m", &fd, err), r;

    if (rc < 0)
        return rc;
    r = slip__write_all(fd, run->p2m, run->n_pages * sizeof(*run->p2m));
    if (r < 0)
        return slip__error_errno(err, SLIP_EIO, -r, "cannot write '%s/p2m'", run->record);
    return 0;
}

/* What a PV guest has of its host is made up. */
static int finish_pv(struct null_run *run, const struct slip_plan *plan, struct slip_error **err)
{
    struct slip_pv_host host = {.shared_info_mfn = SHARED_INFO_FRAME,
                                .store_port = STORE_PORT,
                                .console_port = CONSOLE_PORT};

    run->n_pages = plan->pv->n_pages;
    run->p2m = malloc(run->n_pages * sizeof(*run->p2m));
    if (!run->p2m)
        return slip__error_oom(err);
    for (uint64_t i = 0; i < run->n_pages; i++)
        run->p2m[i] = FIRST_FRAME + run->n_pages - 1 - i;
    host.p2m = run->p2m;
    return slip__pv_finish(plan, &run->ram.base, &host, err);
}

/* The guest ends as soon as it runs. An eventfd just made or read takes a 1 without blocking. */
static int tell_poweroff(struct null_run *run, struct slip_error **err)
{
    if (eventfd_write(run->event_fd, 1) < 0)
        return slip__error_errno(err, SLIP_EENGINE, errno, "cannot signal the end");
    return 0;
}

static int null_start(struct slip_run *base, const struct slip_plan *plan, bool paused,
                      struct slip_error **err)
{
    struct null_run *run = (struct null_run *)base;
    int rc = plan->pv ? finish_pv(run, plan, err) : 0;

    if (rc == 0 && run->record) {
        if (mkdir(run->record, 0700) < 0 && errno != EEXIST)
            return slip__error_errno(err, SLIP_EIO, errno, "cannot make the folder '%s'",
                                     run->record);
        rc = record_ram(run, err);
        if (rc == 0)
            rc = record_plan(run, plan, err);
        if (rc == 0 && run->p2m)
            rc = record_p2m(run, err);
    }
    if (rc < 0)
        return rc;
    run->started = true;
    return paused ? 0 : tell_poweroff(run, err);
}

static int null_pause(struct slip_run *base, struct slip_error **err)
{
    (void)base;
    (void)err;
    return 0;
}

/* Running and asked to end: either way the recorded guest is over. */
static int null_end(struct slip_run *base, struct slip_error **err)
{
    struct null_run *run = (struct null_run *)base;

    if (!run->started)
        return slip__error(err, SLIP_ESTATE, "the guest was not started");
    return tell_poweroff(run, err);
}

static unsigned null_fds(struct slip_run *base, struct pollfd ret[SLIP_ENGINE_MAX_FDS])
{
    struct null_run *run = (struct null_run *)base;

    ret[0] = (struct pollfd){.fd = run->event_fd, .events = POLLIN};
    return 1;
}

static enum slip_event null_dispatch(struct slip_run *base, struct slip_error **err)
{
    struct null_run *run = (struct null_run *)base;
    eventfd_t told;

    (void)err;
    return eventfd_read(run->event_fd, &told) == 0 ? SLIP_EVENT_POWEROFF : SLIP_EVENT_NONE;
}

const struct slip_engine slip__engine_null = {
    .name = "null",
    .summary = "builds the guest and records its memory, runs nothing",
    .machines = {[SLIP_TYPE_PVH] = &slip__machine_microvm, [SLIP_TYPE_PV] = &slip__machine_xen_pv},
    .records = true,
    .probe = null_probe,
    .check = null_check,
    .create = null_create,
    .start = null_start,
    .pause = null_pause,
    .unpause = null_end,
    .shutdown = null_end,
    .fds = null_fds,
    .dispatch = null_dispatch,
    .destroy = null_destroy,
};
