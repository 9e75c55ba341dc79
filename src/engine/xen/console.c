/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The terminal that a domain's console leads to. Knows nothing of who reads it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "engine/xen/hosted.h"
#include "engine/xen/limits.h"

static int no_console(uint32_t domid, const char *why, struct slip_error **err)
{
    return slip__error_code(err, SLIP_EENGINE, SLIP_CODE_NO_CONSOLE,
                            "domain %u has no console to open: %s", domid, why);
}

/* xenconsoled makes it a moment after it has heard of the domain. */
static int find_tty(struct slip_xen_store *store, uint32_t domid, char *ret, size_t size,
                    struct slip_error **err)
{
    uint64_t deadline = slip__now_us() + SLIP_LIMIT_CONSOLE_MS * 1000ull;
    char path[SLIP_XEN_PATH_BYTES];
    int rc;

    snprintf(path, sizeof(path), "/local/domain/%u/console/tty", domid);
    if (slip__xen_store_read(store, ret, size, "%s", path) && ret[0])
        return 0;
    rc = slip__xen_store_watch(store, path, "tty", err);
    if (rc < 0)
        return rc;
    do {
        if (slip__xen_store_read(store, ret, size, "%s", path) && ret[0])
            return 0;
    } while (slip__xen_store_wait(store, deadline));
    return no_console(domid, "xenconsoled has made none", err);
}

static int open_raw(const char *path, int *ret_fd)
{
    SLIP_AUTO_CLOSE int fd = -1;
    struct termios mode;
    struct stat st;

    if (strncmp(path, "/dev/", 5) != 0 || strstr(path, "/.."))
        return -EINVAL;
    fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) < 0 || tcgetattr(fd, &mode) < 0)
        return -errno;
    cfmakeraw(&mode);
    if (!S_ISCHR(st.st_mode) || tcsetattr(fd, TCSANOW, &mode) < 0)
        return -ENOTTY;
    *ret_fd = slip__steal_fd(&fd);
    return 0;
}

int slip__xen_console_open(struct slip_xen *xen, uint32_t domid, int *ret_fd,
                           struct slip_error **err)
{
    struct slip_xen_store *store; /* not the run's: its events are its own */
    char tty[64];
    int rc = slip__xen_store_open(&store, err);

    (void)xen;
    if (rc < 0)
        return rc;
    rc = find_tty(store, domid, tty, sizeof(tty), err);
    slip__xen_store_close(store);
    if (rc < 0)
        return rc;
    rc = open_raw(tty, ret_fd);
    return rc < 0 ? no_console(domid, strerrordesc_np(-rc), err) : 0;
}
