/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The Xen host: is there one, and the handles to it. Knows no guest. */
#include "engine/xen/host.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xentoollog.h>

#include "base/cleanup.h"

#define CAPABILITIES "/proc/xen/capabilities"
#define PRIVCMD      "/dev/xen/privcmd"
#define STORE_SOCKET "/var/run/xenstored/socket"

/* Xen's libraries print to stderr unless they are given a logger. This one keeps what was said last. */
struct slip_xen_log {
    xentoollog_logger logger; /* first */
    char last[256];           /* empty: nothing since the last error was made of it */
};

__attribute__((format(printf, 5, 0))) /* checked where Xen's libraries call it */
static void
keep_message(xentoollog_logger *logger, xentoollog_level level, int errnum, const char *context,
             const char *format, va_list args)
{
    struct slip_xen_log *log = (struct slip_xen_log *)logger;

    (void)errnum; /* is in errno too */
    (void)context;
    if (level >= XTL_ERROR)
        vsnprintf(log->last, sizeof(log->last), format, args);
}

static void ignore_progress(xentoollog_logger *logger, const char *context, const char *what,
                            int percent, unsigned long done, unsigned long total)
{
    (void)logger;
    (void)context;
    (void)what;
    (void)percent;
    (void)done;
    (void)total;
}

static void ignore_destroy(xentoollog_logger *logger)
{
    (void)logger;
}

/* Can this user open it for reading and writing? Without opening it. */
static bool may_use(const char *path)
{
    return faccessat(AT_FDCWD, path, R_OK | W_OK, AT_EACCESS) == 0;
}

static bool is_control_domain(void)
{
    char text[64];
    SLIP_AUTO_CLOSE int fd = open(CAPABILITIES, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

    if (n <= 0)
        return false;
    text[n] = '\0';
    return strstr(text, "control_d") != NULL;
}

/* Why the engine can't be used here; NULL: it can. */
static const char *what_is_missing(void)
{
    bool xen = access("/sys/hypervisor/type", F_OK) == 0 || access("/proc/xen", F_OK) == 0 ||
               access(PRIVCMD, F_OK) == 0;

    if (access(CAPABILITIES, F_OK) < 0)
        return !xen ? "this is no Xen host"
                    : "xenfs is not mounted on /proc/xen, or this domain is no control domain";
    if (!is_control_domain())
        return "this domain of Xen is not the control domain (" CAPABILITIES " has no control_d)";
    if (access(PRIVCMD, F_OK) < 0)
        return PRIVCMD " is missing: is the kernel's xen-privcmd module loaded?";
    if (!may_use(PRIVCMD))
        return "not permitted: " PRIVCMD " is for root";
    if (access(STORE_SOCKET, F_OK) < 0)
        return "xenstored is not running: its socket is missing";
    if (!may_use(STORE_SOCKET))
        return "not permitted: xenstored's socket is for root";
    return NULL;
}

void slip__xen_probe(struct slip_engine_status *status)
{
    const char *missing = what_is_missing();

    status->usable = !missing;
    snprintf(status->detail, sizeof(status->detail), "%s",
             missing ? missing : "control domain of a Xen host");
}

/* Whoever comes here has most often asked slip__xen_probe() already: only now is it looked for again what is missing. */
static int open_failed(struct slip_xen *xen, const char *what, struct slip_error **err)
{
    int errnum = errno, rc;
    const char *missing = what_is_missing();

    if (missing)
        rc = slip__error_code(err, geteuid() ? SLIP_EPERM : SLIP_EENGINE, SLIP_CODE_XEN_HOST, "%s",
                              missing);
    else
        rc = slip__error_code(err, errnum == EACCES || errnum == EPERM ? SLIP_EPERM : SLIP_EENGINE,
                              SLIP_CODE_XEN_HOST, "cannot open %s: %s", what, strerror(errnum));
    slip__xen_close(xen);
    return rc;
}

int slip__xen_open(struct slip_xen *ret, struct slip_error **err)
{
    int rc;

    *ret = (struct slip_xen){0};
    ret->log = calloc(1, sizeof(*ret->log));
    if (!ret->log)
        return slip__error_oom(err);
    ret->log->logger = (xentoollog_logger){
        .vmessage = keep_message, .progress = ignore_progress, .destroy = ignore_destroy};
    ret->xc = xc_interface_open(&ret->log->logger, &ret->log->logger, 0);
    if (!ret->xc)
        return open_failed(ret, "the hypervisor (" PRIVCMD ")", err);
    ret->memory = xc_interface_fmem_handle(ret->xc);
    rc = slip__xen_store_open(&ret->store, err);
    if (rc < 0)
        slip__xen_close(ret);
    return rc;
}

void slip__xen_close(struct slip_xen *xen)
{
    slip__xen_store_close(xen->store);
    if (xen->xc)
        xc_interface_close(xen->xc);
    free(xen->log);
    *xen = (struct slip_xen){0};
}

int slip__xen_error(const struct slip_xen *xen, struct slip_error **err, const char *fmt, ...)
{
    int errnum = errno;
    enum slip_rc rc = errnum == ENOMEM                      ? SLIP_ENOMEM
                      : errnum == EPERM || errnum == EACCES ? SLIP_EPERM
                                                            : SLIP_EENGINE;
    char doing[192];
    va_list args;

    va_start(args, fmt);
    vsnprintf(doing, sizeof(doing), fmt, args);
    va_end(args);
    slip__error_code(err, rc, SLIP_CODE_XEN_REFUSED, "cannot %s: %s", doing, strerror(errnum));
    if (xen->log && xen->log->last[0]) {
        slip__error_hint(err, "Xen's library says: %s", xen->log->last);
        xen->log->last[0] = '\0';
    }
    return rc;
}
