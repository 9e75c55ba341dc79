/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The qemu engine: QEMU as a bare container around memory that we fill. It opens no kernel, runs no firmware of its own, and
 * has no file of the host but through descriptors it inherits. Must not know formats, the supervisor or policy.
 *
 * create() starts QEMU at once, stopped (-S): it sets itself up while the caller fills the memory. start() waits for it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "engine/engine.h"
#include "engine/qemu/argv.h"
#include "engine/qemu/check.h"
#include "engine/disk.h"
#include "engine/qemu/memory.h"
#include "engine/qemu/probe.h"
#include "engine/qemu/qmp.h"
#include "engine/qemu/ram.h"
#include "engine/qemu/reset.h"
#include "engine/child.h"

/* How long QEMU may take to greet and to answer. Both are a matter of milliseconds; a host that swaps is slower. */
#define GREETING_TIMEOUT_MS 60000
#define CALL_TIMEOUT_MS     60000
/* How long after hanging up its end may take to show. */
#define END_TIMEOUT_MS 2000

/* Messages that one dispatch takes at most. */
#define MESSAGES_MAX 64u

/* The rest of QEMU's events say nothing that we act on. */
static const char *const wanted_events[] = {"SHUTDOWN", "GUEST_PANICKED", "STOP", NULL};

#define MAX_SLOTS 32
/* Descriptors QEMU gets besides the standard ones and the disks: RAM, ROM, QMP. */
#define FIXED_FDS 3

struct qemu_run {
    struct slip_run run; /* first: the engine interface's part */
    struct slip_qemu_ram ram;
    struct slip_child child;
    struct slip_qmp qmp;
    int qmp_fd;
    bool over;           /* the one event that ends a run was handed out */
    enum slip_event end; /* how the guest ended, told once QEMU is at rest */
    uint64_t rest_id;    /* the command whose reply says so */
    uint64_t status_id;  /* the command that asks why QEMU stopped the guest */
};

/* Descriptors that go to QEMU and are ours only until it has them. */
struct handover {
    int rom, console_out, console_in, qmp;
    size_t n_disks;
    int disks[MAX_SLOTS];
};

#define HANDOVER_NONE ((struct handover){.rom = -1, .console_out = -1, .console_in = -1, .qmp = -1})

static void handover_dispose(struct handover *h)
{
    const int fds[] = {h->rom, h->console_out, h->console_in, h->qmp};

    for (size_t i = 0; i < SLIP_COUNT(fds); i++)
        if (fds[i] >= 0)
            close(fds[i]);
    for (size_t i = 0; i < h->n_disks; i++)
        close(h->disks[i]);
    *h = HANDOVER_NONE;
}

static int open_disks(const struct slip_guest *guest, struct handover *h, struct slip_error **err)
{
    size_t slots = slip__machine_microvm.virtio_mmio_slots;

    if (guest->disk.count > slots || guest->disk.count > MAX_SLOTS)
        return slip__error_code(err, SLIP_EENGINE, SLIP_CODE_ENGINE_SLOTS,
                                "%zu disks need as many slots, the machine has %zu",
                                guest->disk.count, slots);
    for (size_t i = 0; i < guest->disk.count; i++) {
        int fd = slip__disk_open(&guest->disk.items[i], i, err);

        if (fd < 0)
            return fd;
        h->disks[h->n_disks++] = fd;
    }
    return 0;
}

/* A stream to QEMU whose near end never blocks. */
static int make_stream(int *ret_ours, int *ret_theirs, struct slip_error **err)
{
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
        return slip__error_errno(err, SLIP_EENGINE, errno, "cannot make a connection to QEMU");
    *ret_ours = pair[0];
    *ret_theirs = pair[1];
    if (fcntl(pair[0], F_SETFL, O_NONBLOCK) < 0)
        return slip__error_errno(err, SLIP_EENGINE, errno, "cannot make a connection to QEMU");
    return 0;
}

/*
 * A pipe whose end ours (one of the two) never blocks. Pipes, not a socket: QEMU writes a guest's characters one by one, and
 * a socket's buffer, which counts each message's overhead, is full after some 270 of them. A kernel waits 10 ms for a full
 * port, then loses characters; a pipe holds 64 KiB.
 */
static int make_pipe(int *ret_read, int *ret_write, const int *ours, struct slip_error **err)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) < 0)
        return slip__error_errno(err, SLIP_EENGINE, errno, "cannot make a console pipe");
    *ret_read = ends[0];
    *ret_write = ends[1];
    if (fcntl(*ours, F_SETFL, O_NONBLOCK) < 0)
        return slip__error_errno(err, SLIP_EENGINE, errno, "cannot make a console pipe");
    return 0;
}

static int spawn(struct qemu_run *q, const struct slip_guest *guest, const struct handover *h,
                 struct slip_error **err)
{
    const struct slip_qemu_fds fds = {
        .ram = q->ram.fd,
        .rom = h->rom,
        .qmp = h->qmp,
        .disks = h->disks,
    };
    int keep[FIXED_FDS + MAX_SLOTS] = {q->ram.fd, h->rom, h->qmp};
    SLIP_AUTO_FREE char *program = NULL;
    bool kvm = slip__qemu_kvm_usable(NULL);
    struct slip_child_io io = {.in = h->console_in, .out = h->console_out};
    struct slip_qemu_argv argv;
    int rc = slip__qemu_find_here(&program, err);

    if (rc)
        return rc;
    rc = slip__qemu_argv_make(&argv, program, guest, &fds, kvm, err);
    if (rc)
        return rc;
    memcpy(keep + FIXED_FDS, h->disks, h->n_disks * sizeof(h->disks[0]));
    if (kvm)
        slip__qemu_kvm_access(&io.group, &io.keep_root);
    rc = slip__child_start(&q->child, argv.items, &io, keep, FIXED_FDS + h->n_disks, err);
    slip__qemu_argv_dispose(&argv);
    return rc;
}

static void qemu_destroy(struct slip_run *run)
{
    struct qemu_run *q = (struct qemu_run *)run;

    if (!run)
        return;
    slip__child_dispose(&q->child);
    slip__qmp_dispose(&q->qmp);
    if (q->qmp_fd >= 0)
        close(q->qmp_fd);
    if (q->run.console_fd >= 0)
        close(q->run.console_fd);
    if (q->run.console_in_fd >= 0)
        close(q->run.console_in_fd);
    slip__qemu_ram_dispose(&q->ram);
    free(q);
}

/* Fills q; on failure what is there is for qemu_destroy(). */
static int create_parts(struct qemu_run *q, const struct slip_guest *guest, struct handover *h,
                        struct slip_error **err)
{
    uint64_t bytes = (uint64_t)guest->memory.value << 20;
    int rc = slip__memory_check_here(bytes, err);

    if (rc == 0)
        rc = open_disks(guest, h, err);
    if (rc == 0) /* what may be wrong on the host came before what we make */
        rc = slip__qemu_ram_init(&q->ram, &slip__machine_microvm, bytes, err);
    if (rc)
        return rc;
    h->rom = slip__reset_rom_file(err);
    if (h->rom < 0)
        return h->rom;
    rc = make_pipe(&q->run.console_fd, &h->console_out, &q->run.console_fd, err);
    if (rc)
        return rc;
    rc = make_pipe(&h->console_in, &q->run.console_in_fd, &q->run.console_in_fd, err);
    if (rc)
        return rc;
    rc = make_stream(&q->qmp_fd, &h->qmp, err);
    if (rc)
        return rc;
    slip__qmp_init(&q->qmp, q->qmp_fd, wanted_events);
    return spawn(q, guest, h, err);
}

static int qemu_create(const struct slip_guest *guest, unsigned kernel_bits, const char *record,
                       struct slip_run **ret, struct slip_error **err)
{
    struct handover h = HANDOVER_NONE;
    struct qemu_run *q = calloc(1, sizeof(*q));
    int rc;

    (void)kernel_bits; /* a pvh guest is the same for any */
    (void)record;      /* null's alone */
    if (!q)
        return slip__error_oom(err);
    q->run = (struct slip_run){
        .engine = &slip__engine_qemu, .ram = &q->ram.ram, .console_fd = -1, .console_in_fd = -1};
    q->child = SLIP_CHILD_NONE;
    q->qmp_fd = -1;
    rc = create_parts(q, guest, &h, err);
    handover_dispose(&h); /* QEMU has its own by now, or there is none */
    if (rc) {
        qemu_destroy(&q->run);
        return rc;
    }
    *ret = &q->run;
    return 0;
}

/* Hands a failure on; if it is because QEMU ended, that and QEMU's own words are the better reason. Takes why. */
static int explain(struct qemu_run *q, struct slip_error *why, struct slip_error **err)
{
    char end[512];
    int rc;

    if (q->qmp.gone && slip__child_wait(&q->child, END_TIMEOUT_MS)) {
        slip__child_describe_end(&q->child, end, sizeof(end));
        rc = slip__error_code(err, SLIP_EENGINE, SLIP_CODE_QEMU_FAILED, "QEMU %s", end);
    } else {
        rc = slip__error_copy(err, why);
    }
    slip_error_free(why);
    return rc;
}

static int call(struct qemu_run *q, const char *command, struct slip_error **err)
{
    struct slip_error *why = NULL;

    if (slip__qmp_call(&q->qmp, command, NULL, CALL_TIMEOUT_MS, &why) == 0)
        return 0;
    return explain(q, why, err);
}

static int qemu_start(struct slip_run *run, const struct slip_plan *plan, bool paused,
                      struct slip_error **err)
{
    struct qemu_run *q = (struct qemu_run *)run;
    struct slip_error *why = NULL;
    int rc = slip__reset_block_write(run->ram, plan, err);

    if (rc)
        return rc;
    slip__qemu_ram_release(&q->ram);
    if (slip__qmp_open(&q->qmp, GREETING_TIMEOUT_MS, &why))
        return explain(q, why, err);
    return paused ? 0 : call(q, "cont", err);
}

static int qemu_pause(struct slip_run *run, struct slip_error **err)
{
    return call((struct qemu_run *)run, "stop", err);
}

static int qemu_unpause(struct slip_run *run, struct slip_error **err)
{
    return call((struct qemu_run *)run, "cont", err);
}

static int qemu_shutdown(struct slip_run *run, struct slip_error **err)
{
    return call((struct qemu_run *)run, "system_powerdown", err);
}

static unsigned qemu_fds(struct slip_run *run, struct pollfd ret[SLIP_ENGINE_MAX_FDS])
{
    struct qemu_run *q = (struct qemu_run *)run;
    unsigned n = 0;

    /* What was read ahead no descriptor tells of; but a socket that can be written to makes poll() return. */
    if (!q->over && (q->qmp.more || !q->qmp.eof))
        ret[n++] = (struct pollfd){.fd = q->qmp_fd,
                                   .events = (short)(POLLIN | (q->qmp.more ? POLLOUT : 0))};
    if (!q->child.reaped)
        ret[n++] = (struct pollfd){.fd = q->child.pidfd, .events = POLLIN};
    return n;
}

/* What an event of QEMU's says about the guest (QEMU's qapi/run-state.json, ShutdownCause). */
static enum slip_event meaning(const char *event, const json_t *data)
{
    static const struct {
        const char *event, *reason;
        enum slip_event meaning;
    } table[] = {
        {"SHUTDOWN", "guest-shutdown", SLIP_EVENT_POWEROFF},
        {"SHUTDOWN", "guest-reset", SLIP_EVENT_RESET}, /* a triple fault too */
        {"SHUTDOWN", "guest-panic", SLIP_EVENT_PANIC},
        {"GUEST_PANICKED", NULL, SLIP_EVENT_PANIC},
    };
    const char *reason = json_string_value(json_object_get(data, "reason"));

    for (size_t i = 0; i < SLIP_COUNT(table); i++)
        if (strcmp(table[i].event, event) == 0 &&
            (!table[i].reason || (reason && strcmp(table[i].reason, reason) == 0)))
            return table[i].meaning;
    return SLIP_EVENT_NONE;
}

/* An event. The guest's end is not told yet: "stop" is answered when every vCPU rests and the disks are written out. */
static int on_event(struct qemu_run *q, const char *event, const json_t *data,
                    struct slip_error **err)
{
    if (q->end != SLIP_EVENT_NONE)
        return 0;
    q->end = meaning(event, data);
    if (q->end != SLIP_EVENT_NONE) {
        if (slip__qmp_send(&q->qmp, "stop", &q->rest_id, NULL))
            q->over = true; /* QEMU is gone already, so all is at rest */
        return 0;
    }
    if (strcmp(event, "STOP") == 0) /* asked for by pause(), or because QEMU can't go on */
        return slip__qmp_send(&q->qmp, "query-status", &q->status_id, err);
    return 0;
}

/* The reply to a command that was not waited for. */
static int on_reply(struct qemu_run *q, uint64_t id, const json_t *value, struct slip_error **err)
{
    const char *status = json_string_value(json_object_get(value, "status"));

    if (q->rest_id && id == q->rest_id) {
        q->over = true;
        return 0;
    }
    if (id != q->status_id || !status || strcmp(status, "internal-error") != 0)
        return 0;
    return slip__error_code(err, SLIP_EENGINE, SLIP_CODE_QEMU_FAILED,
                            "QEMU stopped the guest: the accelerator could not run it further");
}

/* The messages that are there, a bounded number of them. Stops early once the guest's end may be told. */
static int read_messages(struct qemu_run *q, struct slip_error **err)
{
    json_t *message;
    int rc = 0;

    for (unsigned i = 0; i < MESSAGES_MAX && !q->over; i++) {
        const char *event;

        rc = slip__qmp_next(&q->qmp, &message, err);
        if (rc <= 0)
            return rc;
        event = json_string_value(json_object_get(message, "event"));
        rc = event ? on_event(q, event, json_object_get(message, "data"), err)
                   : on_reply(q, (uint64_t)json_integer_value(json_object_get(message, "id")),
                              json_object_get(message, "return"), err);
        json_decref(message);
        if (rc)
            return rc;
    }
    return rc;
}

static enum slip_event qemu_dispatch(struct slip_run *run, struct slip_error **err)
{
    struct qemu_run *q = (struct qemu_run *)run;
    bool ended =
        slip__child_ended(&q->child); /* first: what it said before its end is read after */
    char how[512];

    if (q->over)
        return SLIP_EVENT_NONE;
    if (read_messages(q, err) < 0) {
        q->over = true;
        return SLIP_EVENT_DIED;
    }
    if (!q->over && (!ended || q->qmp.more))
        return SLIP_EVENT_NONE;
    q->over = true;
    if (q->end != SLIP_EVENT_NONE)
        return q->end;
    slip__child_describe_end(&q->child, how, sizeof(how));
    slip__error_code(err, SLIP_EENGINE, SLIP_CODE_QEMU_FAILED, "QEMU %s", how);
    return SLIP_EVENT_DIED;
}

const struct slip_engine slip__engine_qemu = {
    .name = "qemu",
    .summary = "QEMU as a bare container: KVM where the host has it, else emulation",
    .machines = {[SLIP_TYPE_PVH] = &slip__machine_microvm},
    .probe = slip__qemu_probe,
    .describe = slip__qemu_describe,
    .check = slip__qemu_check,
    .create = qemu_create,
    .start = qemu_start,
    .pause = qemu_pause,
    .unpause = qemu_unpause,
    .shutdown = qemu_shutdown,
    .fds = qemu_fds,
    .dispatch = qemu_dispatch,
    .destroy = qemu_destroy,
};
