/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Starting and ending a QEMU beside a domain: options as libxl's libxl_dm.c gives them to the machine "xenpv". */
#include "engine/xen/dm.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "engine/child.h"
#include "engine/xen/limits.h"

#define RUN_FOLDER "/var/run/xen"

const char *slip__xen_dm_path(void)
{
    static const char *const paths[] = {
        "/usr/libexec/xen-qemu-system-i386", /* Debian */
        "/usr/lib/xen/bin/qemu-system-i386", /* where Xen's own build installs it */
        "/usr/local/lib/xen/bin/qemu-system-i386",
        "/usr/libexec/xen/bin/qemu-system-i386",
    };

    for (size_t i = 0; i < SLIP_COUNT(paths); i++)
        if (access(paths[i], X_OK) == 0)
            return paths[i];
    return NULL;
}

/* Is the process of this number the QEMU of this domain? Numbers are used again, so its command line is looked at. */
static bool is_dm(pid_t pid, uint32_t domid)
{
    char path[32], text[4096], wanted[32];
    SLIP_AUTO_CLOSE int fd = -1;
    ssize_t len;
    int wanted_len;

    snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    len = fd < 0 ? 0 : read(fd, text, sizeof(text));
    wanted_len = snprintf(wanted, sizeof(wanted), "-xen-domid%c%u", 0, domid) + 1;
    return len > 0 && memmem(text, (size_t)len, wanted, (size_t)wanted_len);
}

/* Where a QEMU of ours writes its number when it is ready. It takes the file away itself when it ends in order. */
static void pid_file(uint32_t domid, char ret[64])
{
    snprintf(ret, 64, RUN_FOLDER "/slipway-qemu-%u.pid", domid);
}

/* What QEMU wrote there. */
static bool read_pid_file(uint32_t domid, uint64_t *ret)
{
    SLIP_AUTO_CLOSE int fd = -1;
    char path[64], text[32];
    ssize_t len;

    pid_file(domid, path);
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    len = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);
    text[len > 0 ? len : 0] = '\0';
    text[strcspn(text, "\n")] = '\0';
    return slip__xen_store_parse_uint(text, ret);
}

static int hold(uint64_t pid, uint32_t domid)
{
    SLIP_AUTO_CLOSE int fd = -1;

    if (pid < 2 || pid > INT32_MAX)
        return -1;
    fd = pidfd_open((pid_t)pid, 0); /* first held, then looked at */
    return fd >= 0 && is_dm((pid_t)pid, domid) ? slip__steal_fd(&fd) : -1;
}

/* A descriptor of the domain's QEMU, or -1. One that XenStore does not tell of yet has its file: whoever started it may have
 * been killed in between. */
static int find(struct slip_xen_store *store, uint32_t domid)
{
    uint64_t pid;
    int fd = -1;

    if (slip__xen_store_read_uint(store, &pid, "/local/domain/%u/image/device-model-pid", domid))
        fd = hold(pid, domid);
    return fd < 0 && read_pid_file(domid, &pid) ? hold(pid, domid) : fd;
}

/* The socket that xl would talk to it through, and its file, which it leaves when it is killed. */
static void forget_files(uint32_t domid)
{
    char path[64];

    snprintf(path, sizeof(path), RUN_FOLDER "/qmp-libxl-%u", domid);
    unlink(path);
    pid_file(domid, path);
    unlink(path);
}

/* Its command line, with room for the texts that are made for it. */
struct command {
    const char *argv[40];
    size_t argc;
    char domid[16], name[128], control[128], vnc[160], pid_file[64], secret[64], log[160];
    int secret_fd; /* the VNC server's password, in memory; -1: none */
};

static void put(struct command *c, const char *a, const char *b)
{
    c->argv[c->argc++] = a;
    if (b)
        c->argv[c->argc++] = b;
}

static int put_password(struct command *c, const char *password, struct slip_error **err)
{
    c->secret_fd = memfd_create("vnc", MFD_CLOEXEC);
    if (c->secret_fd < 0 || slip__write_all(c->secret_fd, password, strlen(password)) < 0)
        return slip__error_errno(err, SLIP_EENGINE, errno, "cannot keep the VNC password");
    snprintf(c->secret, sizeof(c->secret), "secret,id=vnc-password,file=/proc/self/fd/%d",
             c->secret_fd);
    put(c, "-object", c->secret);
    return 0;
}

static int put_screen(struct command *c, const struct slip_vfb *screen, struct slip_error **err)
{
    const char *listen = screen->vnclisten.value, *password = screen->vncpasswd.value;
    bool numbered = strrchr(listen, ':') && !strchr(strrchr(listen, ':'), ']');
    int rc = 0;

    if (screen->vnc.value && password && password[0])
        rc = put_password(c, password, err);
    if (screen->vnc.value) {
        snprintf(c->vnc, sizeof(c->vnc), "%s", listen);
        if (!numbered)
            snprintf(c->vnc, sizeof(c->vnc), "%s:%lld", listen,
                     (long long)screen->vncdisplay.value);
        if (screen->vncunused.value)
            strncat(c->vnc, ",to=99", sizeof(c->vnc) - strlen(c->vnc) - 1);
        if (c->secret_fd >= 0)
            strncat(c->vnc, ",password-secret=vnc-password", sizeof(c->vnc) - strlen(c->vnc) - 1);
    }
    put(c, "-vnc", screen->vnc.value ? c->vnc : "none");
    put(c, "-display", !screen->sdl.value ? "none" : screen->opengl.value ? "sdl,gl=on" : "sdl");
    if (screen->keymap.value && screen->keymap.value[0])
        put(c, "-k", screen->keymap.value);
    return rc;
}

static int make_command(struct command *c, struct slip_xen_store *store, uint32_t domid,
                        const struct slip_vfb *screen, struct slip_error **err)
{
    int rc = 0;

    snprintf(c->domid, sizeof(c->domid), "%u", domid);
    slip__xen_store_read(store, c->name, sizeof(c->name), "/local/domain/%u/name", domid);
    /* QEMU's options end at commas, and a doubled one stands for itself; names with one are rare enough to go without. */
    c->name[strcspn(c->name, ",")] = '\0';
    snprintf(c->control, sizeof(c->control),
             "socket,id=libxl-cmd,path=" RUN_FOLDER "/qmp-libxl-%u,server=on,wait=off", domid);
    pid_file(domid, c->pid_file);
    put(c, slip__xen_dm_path(), NULL);
    put(c, "-xen-domid", c->domid);
    put(c, "-xen-attach", "-no-shutdown");
    put(c, "-nodefaults", "-no-user-config");
    put(c, "-name", c->name[0] ? c->name : c->domid);
    put(c, "-machine", "xenpv");
    put(c, "-chardev", c->control); /* xl talks to it there */
    put(c, "-mon", "chardev=libxl-cmd,mode=control");
    put(c, "-pidfile", c->pid_file);
    put(c, "-daemonize", NULL);
    /* Where libxl's QEMUs write, so that the host's care for logs covers it. */
    snprintf(c->log, sizeof(c->log), "/var/log/xen/qemu-dm-%s.log",
             c->name[0] ? c->name : c->domid);
    if (access("/var/log/xen", W_OK) == 0 && !strchr(c->name, '/'))
        put(c, "-D", c->log);
    if (screen)
        rc = put_screen(c, screen, err);
    else {
        put(c, "-vnc", "none");
        put(c, "-display", "none");
    }
    return rc;
}

/* With -daemonize the first process ends when the other is ready, or with the reason why not. */
static int run(struct command *c, const struct slip_vfb *screen, struct slip_error **err)
{
    SLIP_AUTO(slip__child_dispose) struct slip_child child = SLIP_CHILD_NONE;
    char display[128], authority[300], words[512];
    char *env[] = {(char[]){"LC_ALL=C"}, (char[]){"PATH=/usr/sbin:/usr/bin:/sbin:/bin"}, display,
                   authority, NULL};
    struct slip_child_io io = {.in = -1, .out = -1, .keep_root = true, .env = env};
    bool window = screen && screen->sdl.value;
    int rc;

    snprintf(display, sizeof(display), "DISPLAY=%s",
             window && screen->display.value ? screen->display.value : "");
    snprintf(authority, sizeof(authority), "XAUTHORITY=%s",
             window && screen->xauthority.value ? screen->xauthority.value : "");
    rc = slip__child_start(&child, (char *const *)c->argv, &io, &c->secret_fd, c->secret_fd >= 0,
                           err);
    if (rc < 0)
        return rc;
    if (slip__child_wait(&child, SLIP_LIMIT_SCRIPT_MS) && child.how == CLD_EXITED &&
        child.status == 0)
        return 0;
    slip__child_describe_end(&child, words, sizeof(words));
    return slip__error_code(err, SLIP_EENGINE, SLIP_CODE_DISK_BACKEND, "%s %s", c->argv[0],
                            slip__child_ended(&child) ? words : "did not get ready in time");
}

/* Tells others who it is: our own process number of it may be any. */
static int note(const struct command *c, struct slip_xen_store *store, uint32_t domid,
                struct slip_error **err)
{
    SLIP_AUTO(slip__xen_nodes_dispose) struct slip_xen_nodes nodes = {0};
    char text[24];
    uint64_t pid;

    if (!read_pid_file(domid, &pid))
        return slip__error_code(err, SLIP_EENGINE, SLIP_CODE_DISK_BACKEND,
                                "%s did not say which process it is", c->argv[0]);
    snprintf(text, sizeof(text), "%llu", (unsigned long long)pid);
    slip__xen_nodes_write(&nodes, text, "/local/domain/%u/image/device-model-pid", domid);
    return slip__xen_store_apply(store, &nodes, err);
}

int slip__xen_dm_ensure(struct slip_xen_store *store, uint32_t domid, const struct slip_vfb *screen,
                        struct slip_error **err)
{
    struct command command = {.secret_fd = -1};
    int fd = find(store, domid), rc;

    if (fd >= 0) {
        close(fd);
        return 0;
    }
    if (!slip__xen_dm_path())
        return slip__error_code(err, SLIP_EENGINE, SLIP_CODE_DISK_BACKEND,
                                "there is no QEMU with Xen support on this host");
    forget_files(domid); /* of an earlier domain of this number */
    rc = make_command(&command, store, domid, screen, err);
    if (rc == 0)
        rc = run(&command, screen, err);
    if (rc == 0)
        rc = note(&command, store, domid, err);
    if (command.secret_fd >= 0)
        close(command.secret_fd);
    if (rc < 0)
        slip__xen_dm_stop(store, domid);
    return rc;
}

void slip__xen_dm_stop(struct slip_xen_store *store, uint32_t domid)
{
    SLIP_AUTO_CLOSE int fd = find(store, domid);
    struct pollfd pfd = {.fd = fd, .events = POLLIN};

    if (fd >= 0) {
        pidfd_send_signal(fd, SIGTERM, NULL, 0);
        if (poll(&pfd, 1, SLIP_LIMIT_CLOSE_MS) <= 0) {
            pidfd_send_signal(fd, SIGKILL, NULL, 0);
            poll(&pfd, 1, SLIP_LIMIT_CLOSE_MS);
        }
    }
    forget_files(domid);
}
