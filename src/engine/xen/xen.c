/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The xen engine: guests on real Xen, through its low-level libraries. Domains look to xl like any other. Must not know
 * formats, the supervisor or policy.
 */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "engine/engine.h"
#include "engine/xen/check.h"
#include "engine/xen/devices.h"
#include "engine/xen/domain.h"
#include "engine/xen/host.h"
#include "engine/xen/hosted.h"
#include "engine/xen/run.h"

static struct slip_xen_run *to_run(struct slip_run *base)
{
    return (struct slip_xen_run *)base;
}

static void close_console(struct slip_xen_run *run)
{
    if (run->run.console_fd >= 0)
        close(run->run.console_fd);
    run->run.console_fd = run->run.console_in_fd = -1;
}

/*
 * While the domain is made, this process sends xenstored many requests and each answer wakes it. It need not run at once for
 * each: on one processor that would cost two switches per answer. And afterwards, the end of any domain wakes everybody who watches
 * one, which is in the way of whoever ended it. SCHED_BATCH says so to the kernel; what we start is not meant by it.
 */
static void be_patient(struct slip_xen_run *run)
{
    const struct sched_param param = {0};

    run->batch = sched_getscheduler(0) == SCHED_OTHER &&
                 sched_setscheduler(0, SCHED_BATCH | SCHED_RESET_ON_FORK, &param) == 0;
}

static void be_prompt(struct slip_xen_run *run)
{
    const struct sched_param param = {0};

    if (run->batch)
        sched_setscheduler(0, SCHED_OTHER, &param);
    run->batch = false;
}

static void xen_destroy(struct slip_run *base)
{
    struct slip_xen_run *run = to_run(base);

    close_console(run);
    be_prompt(run);
    slip__xen_rest_dispose(run);
    slip__xen_domain_destroy(run);
    slip__xen_store_close(run->watch);
    slip__xen_close(&run->xen);
    free(run);
}

/* Sends the watch and does not wait for its answer, which is an event: so an end that came before it is seen too. */
static int begin_watching(struct slip_xen_run *run, struct slip_error **err)
{
    SLIP_AUTO(slip__xen_nodes_dispose) struct slip_xen_nodes nodes = {0};
    int rc = slip__xen_store_open_shared(&run->watch, err);

    if (rc < 0)
        return rc;
    slip__xen_nodes_watch(&nodes, SLIP_XEN_WATCH_END, SLIP_XEN_WATCH_END);
    return slip__xen_store_send(run->watch, &nodes, err);
}

/* XenStore's daemon takes longer over the domain's nodes than all the rest of a small guest does: it is told first. */
static int xen_begin(const struct slip_guest *guest, struct slip_run **ret, struct slip_error **err)
{
    struct slip_xen_run *run = calloc(1, sizeof(*run));
    int rc;

    if (!run)
        return slip__error_oom(err);
    run->run = (struct slip_run){
        .engine = &slip__engine_xen, .ram = &run->ram.ram, .console_fd = -1, .console_in_fd = -1};
    run->guest = guest;
    be_patient(run);
    rc = slip__xen_open(&run->xen, err);
    if (rc == 0)
        rc = slip__xen_domain_begin(run, err);
    if (rc < 0) {
        xen_destroy(&run->run);
        return rc;
    }
    run->run.domid = run->domid;
    *ret = &run->run;
    return 0;
}

static int xen_create(const struct slip_guest *guest, unsigned kernel_bits, const char *record,
                      struct slip_run **ret, struct slip_error **err)
{
    struct slip_xen_run *run = to_run(*ret);

    (void)guest;  /* begin() has it */
    (void)record; /* null's alone */
    run->kernel_bits = kernel_bits;
    return slip__xen_domain_make(run, err);
}

static int xen_pause(struct slip_run *base, struct slip_error **err)
{
    struct slip_xen_run *run = to_run(base);

    if (xc_domain_pause(run->xen.xc, run->domid) < 0)
        return slip__xen_error(&run->xen, err, "pause domain %u", run->domid);
    return 0;
}

static int xen_unpause(struct slip_run *base, struct slip_error **err)
{
    struct slip_xen_run *run = to_run(base);

    if (xc_domain_unpause(run->xen.xc, run->domid) < 0)
        return slip__xen_error(&run->xen, err, "unpause domain %u", run->domid);
    return 0;
}

static int xen_start(struct slip_run *base, const struct slip_plan *plan, bool paused,
                     struct slip_error **err)
{
    struct slip_xen_run *run = to_run(base);
    int rc = slip__xen_domain_finish(run, plan, err);

    /* From here on others have work because of us: whoever waits for us comes first. */
    be_prompt(run);
    if (rc == 0)
        rc = slip__xen_domain_publish(run, err);
    slip__xen_store_rest(run->xen.store);
    if (rc == 0 && !paused)
        rc = xen_unpause(base, err);
    return rc;
}

static int xen_shutdown(struct slip_run *base, struct slip_error **err)
{
    struct slip_xen_run *run = to_run(base);

    return slip__xen_ask(&run->xen, run->domid, "poweroff", err);
}

static int xen_reboot(struct slip_run *base, struct slip_error **err)
{
    struct slip_xen_run *run = to_run(base);

    return slip__xen_ask(&run->xen, run->domid, "reboot", err);
}

static int xen_console(struct slip_run *base, bool wanted, struct slip_error **err)
{
    struct slip_xen_run *run = to_run(base);
    int fd, rc;

    if (!wanted) {
        close_console(run);
        return 0;
    }
    if (run->run.console_fd >= 0)
        return 0;
    rc = slip__xen_console_open(&run->xen, run->domid, &fd, err);
    if (rc == 0)
        run->run.console_fd = run->run.console_in_fd = fd;
    return rc;
}

static int xen_look(struct slip_run *base, struct slip_domain_info *ret, struct slip_error **err)
{
    struct slip_xen_run *run = to_run(base);

    return slip__xen_look(&run->xen, run->domid, ret, err);
}

static int xen_attach(struct slip_run *base, const struct slip_device *device,
                      struct slip_error **err)
{
    struct slip_xen_run *run = to_run(base);

    return slip__xen_device_attach(&run->xen, run->domid, device, err);
}

static int xen_detach(struct slip_run *base, enum slip_device_kind kind, const char *which,
                      struct slip_error **err)
{
    struct slip_xen_run *run = to_run(base);

    return slip__xen_device_detach(&run->xen, run->domid, kind, which, err);
}

static int xen_devices(struct slip_run *base, slip_device_fn *fn, void *payload,
                       struct slip_error **err)
{
    struct slip_xen_run *run = to_run(base);

    return slip__xen_device_list(&run->xen, run->domid, fn, payload, err);
}

/* At first, and when xenstored was started anew: the guest lives on, and so does this, if the new one is there already. */
static void watch(struct slip_xen_run *run)
{
    slip__xen_store_close(run->watch);
    run->watch = NULL;
    if (begin_watching(run, NULL) < 0 && !run->watch)
        run->over = true; /* out of memory */
}

static unsigned xen_fds(struct slip_run *base, struct pollfd ret[SLIP_ENGINE_MAX_FDS])
{
    struct slip_xen_run *run = to_run(base);

    /* Only now: whoever waits for the start of the domain need not wait for this too. */
    if (!run->over && !run->watch) {
        watch(run);
        be_patient(run);
    }
    if (run->over || slip__xen_store_lost(run->watch))
        return 0;
    ret[0] = (struct pollfd){.fd = slip__xen_store_fd(run->watch), .events = POLLIN};
    if (!run->rest.waiting)
        return 1;
    ret[1] = (struct pollfd){.fd = run->rest.timer_fd, .events = POLLIN};
    return 2;
}

/* What a domain's shutdown code says (public/sched.h). */
static enum slip_event meaning(unsigned code)
{
    static const enum slip_event table[] = {
        [SHUTDOWN_poweroff] = SLIP_EVENT_POWEROFF, [SHUTDOWN_reboot] = SLIP_EVENT_RESET,
        [SHUTDOWN_suspend] = SLIP_EVENT_NONE, /* asked for by who saves it */
        [SHUTDOWN_crash] = SLIP_EVENT_PANIC,       [SHUTDOWN_watchdog] = SLIP_EVENT_WATCHDOG,
        [SHUTDOWN_soft_reset] = SLIP_EVENT_RESET,
    };

    return code < SLIP_COUNT(table) ? table[code] : SLIP_EVENT_PANIC;
}

static enum slip_event look_for_end(const struct slip_xen_run *run)
{
    xc_domaininfo_t info;
    int got = xc_domain_getinfolist(run->xen.xc, run->domid, 1, &info);

    if (got < 0)
        return SLIP_EVENT_NONE; /* out of memory for the moment */
    if (got == 0 || info.domain != run->domid || info.flags & XEN_DOMINF_dying ||
        memcmp(info.handle, run->uuid, sizeof(run->uuid)) != 0)
        return SLIP_EVENT_GONE;
    if (info.flags & XEN_DOMINF_shutdown)
        return meaning(info.flags >> XEN_DOMINF_shutdownshift & XEN_DOMINF_shutdownmask);
    return SLIP_EVENT_NONE;
}

/* An end is told once, and when the last words before it have come through. */
static enum slip_event tell(struct slip_xen_run *run, enum slip_event event)
{
    struct slip_xen_rest *rest = &run->rest;

    if (event != SLIP_EVENT_NONE && event != rest->told)
        rest->held = event;
    if (rest->held == SLIP_EVENT_NONE)
        return SLIP_EVENT_NONE;
    if (rest->held != SLIP_EVENT_GONE && run->run.console_fd >= 0 && !slip__xen_rest_is_out(run))
        return SLIP_EVENT_NONE;
    slip__xen_rest_dispose(run);
    rest->told = rest->held;
    rest->held = SLIP_EVENT_NONE;
    return rest->told;
}

static enum slip_event xen_dispatch(struct slip_run *base, struct slip_error **err)
{
    struct slip_xen_run *run = to_run(base);
    char path[SLIP_XEN_PATH_BYTES], token[SLIP_XEN_PATH_BYTES];
    enum slip_event event = SLIP_EVENT_NONE;
    bool any = !run->watch;

    (void)err;
    run->run.last_words = NULL;
    run->run.last_words_bytes = run->run.unheard_bytes = 0;
    if (run->over)
        return SLIP_EVENT_NONE;
    while (run->watch && slip__xen_store_event(run->watch, path, token))
        any = true;
    if (run->watch && slip__xen_store_lost(run->watch)) {
        watch(run);
        any = true;
    }
    if (any)
        event = look_for_end(run);
    event = tell(run, event);
    run->over = event == SLIP_EVENT_GONE;
    return event;
}

const struct slip_engine slip__engine_xen = {
    .name = "xen",
    .summary = "real Xen, from its control domain",
    .machines = {[SLIP_TYPE_PVH] = &slip__machine_xen_pvh, [SLIP_TYPE_PV] = &slip__machine_xen_pv},
    .hosted = &slip__xen_hosted,
    .watchdog = true,
    .probe = slip__xen_probe,
    .describe = slip__xen_describe,
    .check = slip__xen_check,
    .begin = xen_begin,
    .create = xen_create,
    .start = xen_start,
    .pause = xen_pause,
    .unpause = xen_unpause,
    .shutdown = xen_shutdown,
    .reboot = xen_reboot,
    .console = xen_console,
    .look = xen_look,
    .attach = xen_attach,
    .detach = xen_detach,
    .devices = xen_devices,
    .info = slip__xen_info,
    .log = slip__xen_dmesg,
    .fds = xen_fds,
    .dispatch = xen_dispatch,
    .destroy = xen_destroy,
};
