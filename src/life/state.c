/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The state folder (state.h says how it works). Knows names, locks and sockets; not what is said over them. */
#include "life/state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "guest/limits.h"
#include "life/protocol.h"

enum { ALIVE_BYTE = 0, GATE_BYTE = 1 };

/* The gate is held for a few system calls. Somebody who holds it for this long is stopped, or not one of us. */
#define GATE_TRIES   2000
#define GATE_WAIT_US 1000

/* Entries that come and go under our feet are tried again; each round means that somebody else finished something. */
#define CLAIM_ROUNDS 1000

#define LISTEN_BACKLOG 64

int slip__state_open(const char *path, int *ret_root_fd, struct slip_error **err)
{
    SLIP_AUTO_CLOSE int fd = -1;
    struct stat st;

    if (mkdir(path, 0700) < 0 && errno != EEXIST)
        return slip__error_errno(err, SLIP_EIO, errno, "cannot make the state folder '%s'", path);
    fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return slip__error_errno(err, SLIP_EIO, errno, "cannot open the state folder '%s'", path);
    if (fstat(fd, &st) < 0)
        return slip__error_errno(err, SLIP_EIO, errno, "cannot look at '%s'", path);
    if (st.st_uid != geteuid()) {
        slip__error_code(err, SLIP_EPERM, SLIP_CODE_STATE_FOLDER,
                         "the state folder '%s' belongs to user %u, this is user %u", path,
                         (unsigned)st.st_uid, (unsigned)geteuid());
        slip__error_hint(err, "remove it, or set XDG_RUNTIME_DIR to a folder of your own");
        return SLIP_EPERM;
    }
    if (st.st_mode & 077) {
        slip__error_code(err, SLIP_EPERM, SLIP_CODE_STATE_FOLDER,
                         "the state folder '%s' has mode %03o, it must be 700", path,
                         (unsigned)st.st_mode & 0777);
        slip__error_hint(err, "chmod 700 %s", path);
        return SLIP_EPERM;
    }
    *ret_root_fd = slip__steal_fd(&fd);
    return 0;
}

/* Safe as one component of a path. What else a name may hold is the guest's checks' business. */
static bool name_is_safe(const char *name)
{
    size_t len = strlen(name);

    return len > 0 && len <= SLIP_LIMIT_NAME_BYTES && name[0] != '.' && !strchr(name, '/');
}

static int check_name(const char *name, struct slip_error **err)
{
    if (name_is_safe(name))
        return 0;
    slip__error(err, SLIP_EINVAL, "'%.*s' cannot be a domain's name", (int)SLIP_LIMIT_NAME_BYTES,
                name);
    slip__error_hint(err, "1 to %u bytes, no '/', not '.' first", SLIP_LIMIT_NAME_BYTES);
    return SLIP_EINVAL;
}

/* Takes a byte's lock without waiting. False: somebody else has it. */
static bool lock_byte(int fd, off_t byte)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1};

    return fcntl(fd, F_OFD_SETLK, &lock) == 0;
}

static void unlock_byte(int fd, off_t byte)
{
    struct flock lock = {.l_type = F_UNLCK, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1};

    fcntl(fd, F_OFD_SETLK, &lock);
}

/* Is the lock held by anybody? Asks without taking it. */
static bool is_alive(int fd)
{
    struct flock lock = {
        .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = ALIVE_BYTE, .l_len = 1};

    return fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

static bool lock_gate(int fd)
{
    const struct timespec pause = {.tv_nsec = GATE_WAIT_US * 1000L};

    for (unsigned i = 0; i < GATE_TRIES; i++) {
        if (lock_byte(fd, GATE_BYTE))
            return true;
        nanosleep(&pause, NULL);
    }
    return false;
}

static int open_folder(int root_fd, const char *name)
{
    return openat(root_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static int open_lock(int folder_fd, int flags)
{
    return openat(folder_fd, "lock", O_RDWR | O_NOFOLLOW | O_CLOEXEC | flags, 0600);
}

/* Is what we locked still what others find by its name? Else it was cleared away between our open and our lock. */
static bool still_there(int root_fd, const char *name, int lock_fd)
{
    char path[SLIP_LIMIT_NAME_BYTES + sizeof("/lock")];
    struct stat by_name, locked;

    snprintf(path, sizeof(path), "%s/lock", name);
    return fstatat(root_fd, path, &by_name, AT_SYMLINK_NOFOLLOW) == 0 &&
           fstat(lock_fd, &locked) == 0 && by_name.st_ino == locked.st_ino &&
           by_name.st_dev == locked.st_dev;
}

#define LINK_BYTES (1 + SLIP_UUID_TEXT_BYTES)

static void link_path(const char *uuid, char ret[LINK_BYTES])
{
    snprintf(ret, LINK_BYTES, ".%s", uuid);
}

bool slip__state_name_of(int root_fd, const char *uuid, char ret[SLIP_LIMIT_NAME_BYTES + 1])
{
    char path[LINK_BYTES];
    ssize_t len;

    link_path(uuid, path);
    len = uuid[0] ? readlinkat(root_fd, path, ret, SLIP_LIMIT_NAME_BYTES + 1) : -1;
    if (len <= 0 || len > (ssize_t)SLIP_LIMIT_NAME_BYTES)
        return false;
    ret[len] = 0;
    return true;
}

static void unlink_uuid(int root_fd, const char *uuid, const char *name)
{
    char linked[SLIP_LIMIT_NAME_BYTES + 1], path[LINK_BYTES];

    if (!slip__state_name_of(root_fd, uuid, linked) || strcmp(linked, name) != 0)
        return;
    link_path(uuid, path);
    unlinkat(root_fd, path, 0);
}

/* The lock file goes last but the folder: while it is there, our lock on it keeps others off the rest. */
static void remove_entry(int root_fd, int folder_fd, const char *name, const char *uuid)
{
    static const char *const files[] = {"control", "record", "record.new", "lock"};

    unlink_uuid(root_fd, uuid, name);
    for (size_t i = 0; i < SLIP_COUNT(files); i++)
        unlinkat(folder_fd, files[i], 0);
    unlinkat(root_fd, name, AT_REMOVEDIR); /* fails if a new owner is in it already: as it should */
}

enum claim { CLAIMED, TAKEN, TRY_AGAIN, GATE_STUCK, BROKEN };

/* One attempt. BROKEN leaves errno. */
static enum claim try_claim(int root_fd, const char *name, int *ret_folder_fd, int *ret_lock_fd,
                            bool *ret_leftover)
{
    SLIP_AUTO_CLOSE int folder_fd = -1;
    SLIP_AUTO_CLOSE int lock_fd = -1;
    enum claim claim = CLAIMED;

    bool fresh = mkdirat(root_fd, name, 0700) == 0;

    if (!fresh && errno != EEXIST)
        return BROKEN;
    folder_fd = open_folder(root_fd, name);
    if (folder_fd < 0)
        return errno == ENOENT ? TRY_AGAIN : BROKEN;
    lock_fd = open_lock(folder_fd, O_CREAT);
    if (lock_fd < 0)
        return errno == ENOENT ? TRY_AGAIN : BROKEN;
    if (!lock_gate(lock_fd))
        return GATE_STUCK;
    if (!lock_byte(lock_fd, ALIVE_BYTE))
        claim = still_there(root_fd, name, lock_fd) ? TAKEN : TRY_AGAIN;
    else if (!still_there(root_fd, name, lock_fd))
        claim = TRY_AGAIN;
    if (claim != CLAIMED)
        return claim;
    if (!fresh)
        unlinkat(folder_fd, "control", 0); /* a dead owner's */
    *ret_leftover = !fresh && faccessat(folder_fd, "record", F_OK, AT_SYMLINK_NOFOLLOW) == 0;
    unlock_byte(lock_fd, GATE_BYTE);
    *ret_folder_fd = slip__steal_fd(&folder_fd);
    *ret_lock_fd = slip__steal_fd(&lock_fd);
    return CLAIMED;
}

static int claim_error(enum claim claim, const char *name, int errnum, struct slip_error **err)
{
    switch (claim) {
    case TAKEN:
        slip__error_code(err, SLIP_EEXIST, SLIP_CODE_NAME_TAKEN, "a guest called '%s' is alive",
                         name);
        slip__error_hint(err, "choose another name (name=...), or end it: slipway destroy %s",
                         name);
        return SLIP_EEXIST;
    case BROKEN:
        return slip__error_errno(err, SLIP_EIO, errnum, "cannot make the state of '%s'", name);
    default:
        slip__error_code(err, SLIP_ESTATE, SLIP_CODE_STATE_FOLDER,
                         "somebody has held the gate of '%s' for over %u ms", name,
                         GATE_TRIES * (GATE_WAIT_US / 1000));
        slip__error_hint(err, "look for a stopped slipway process");
        return SLIP_ESTATE;
    }
}

/* How long a name that is taken is looked at: its owner may have been killed just now. */
#define CLAIM_WAIT_MS 200

/* A child that the owner left behind, and that goes with it, may hold the lock for so many looks more. */
#define CHILD_TRIES 200

static bool is_alive_without_owner(int root_fd, const char *name)
{
    const struct timespec pause = {.tv_nsec = GATE_WAIT_US * 1000L};
    bool alive = slip__state_is_alive(root_fd, name);

    for (unsigned i = 0; alive && i < CHILD_TRIES; i++) {
        nanosleep(&pause, NULL);
        alive = slip__state_is_alive(root_fd, name);
    }
    return alive;
}

/* Waits at most ms for a supervisor that may be ending. */
static bool is_alive_after(int root_fd, const char *name, int ms)
{
    struct slip_domain_info record = {.size = sizeof(record)};
    struct pollfd pfd = {.fd = -1, .events = POLLIN};
    bool ended;

    if (!slip__state_is_alive(root_fd, name))
        return false;
    if (slip__state_read_record(root_fd, name, &record, NULL) == 0 && record.supervisor_pid > 0)
        pfd.fd = (int)syscall(SYS_pidfd_open, record.supervisor_pid, 0);
    ended = pfd.fd < 0 || poll(&pfd, 1, ms) > 0;
    if (pfd.fd >= 0)
        close(pfd.fd);
    return ended ? is_alive_without_owner(root_fd, name) : slip__state_is_alive(root_fd, name);
}

int slip__state_claim(int root_fd, const char *name, struct slip_entry *ret,
                      struct slip_error **err)
{
    enum claim claim = TRY_AGAIN;
    int folder_fd = -1, lock_fd = -1, rc, errnum;
    bool leftover = false;

    rc = check_name(name, err);
    if (rc < 0)
        return rc;
    for (unsigned i = 0; i < CLAIM_ROUNDS && claim == TRY_AGAIN; i++) {
        claim = try_claim(root_fd, name, &folder_fd, &lock_fd, &leftover);
        if (claim == TAKEN && !is_alive_after(root_fd, name, CLAIM_WAIT_MS))
            claim = TRY_AGAIN;
    }
    errnum = errno;
    if (claim != CLAIMED)
        return claim_error(claim, name, errnum, err);
    *ret = (struct slip_entry){
        .root_fd = root_fd, .folder_fd = folder_fd, .lock_fd = lock_fd, .leftover = leftover};
    snprintf(ret->name, sizeof(ret->name), "%s", name);
    return 0;
}

int slip__state_link(struct slip_entry *entry, const char *uuid, struct slip_error **err)
{
    char path[LINK_BYTES], other[SLIP_LIMIT_NAME_BYTES + 1];

    link_path(uuid, path);
    if (slip__state_name_of(entry->root_fd, uuid, other)) {
        if (strcmp(other, entry->name) != 0 &&
            faccessat(entry->root_fd, other, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
            slip__error_code(err, SLIP_EEXIST, SLIP_CODE_UUID_TAKEN,
                             "the uuid %s is that of guest '%s'", uuid, other);
            slip__error_hint(err, "take uuid= out of one of the two descriptions");
            return SLIP_EEXIST;
        }
        unlinkat(entry->root_fd, path, 0); /* a dead one's: it leads nowhere, or to us */
    }
    if (symlinkat(entry->name, entry->root_fd, path) < 0)
        return slip__error_errno(err, SLIP_EIO, errno, "cannot note the uuid of '%s'", entry->name);
    snprintf(entry->uuid, sizeof(entry->uuid), "%s", uuid);
    return 0;
}

void slip__state_reset(struct slip_entry *entry)
{
    struct slip_domain_info old = {.size = sizeof(old)};

    if (slip__state_read_record(entry->root_fd, entry->name, &old, NULL) == 0)
        unlink_uuid(entry->root_fd, old.uuid, entry->name);
    unlinkat(entry->folder_fd, "record", 0);
    entry->leftover = false;
}

void slip__state_forget(struct slip_entry *entry)
{
    if (entry->lock_fd >= 0)
        close(entry->lock_fd);
    if (entry->folder_fd >= 0)
        close(entry->folder_fd);
    entry->lock_fd = entry->folder_fd = -1;
}

void slip__state_release(struct slip_entry *entry)
{
    if (entry->folder_fd >= 0)
        remove_entry(entry->root_fd, entry->folder_fd, entry->name, entry->uuid);
    slip__state_forget(entry);
}

/* A socket's address has 108 bytes, a folder's path may have more: go through the open folder. */
static struct sockaddr_un control_address(int folder_fd)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/control", folder_fd);
    return address;
}

int slip__state_listen(const struct slip_entry *entry, int *ret_fd, struct slip_error **err)
{
    struct sockaddr_un address = control_address(entry->folder_fd);
    SLIP_AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
        listen(fd, LISTEN_BACKLOG) < 0)
        return slip__error_errno(err, SLIP_EIO, errno, "cannot make the control socket of '%s'",
                                 entry->name);
    *ret_fd = slip__steal_fd(&fd);
    return 0;
}

int slip__state_write_record(const struct slip_entry *entry, const struct slip_domain_info *info,
                             uint64_t created_us, struct slip_error **err)
{
    SLIP_AUTO(slip__buf_dispose) struct slip_buf text = {0};
    SLIP_AUTO_CLOSE int fd = -1;
    int rc, r;

    rc = slip__message_put(&text, slip__record_to_json(info, created_us), err);
    if (rc < 0)
        return rc;
    fd = openat(entry->folder_fd, "record.new",
                O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    r = fd < 0 ? -errno : slip__write_all(fd, text.data, text.len);
    if (r == 0 && renameat(entry->folder_fd, "record.new", entry->folder_fd, "record") < 0)
        r = -errno;
    return r < 0 ? slip__error_errno(err, SLIP_EIO, -r, "cannot write the record of '%s'",
                                     entry->name)
                 : 0;
}

static int no_such(const char *name, struct slip_error **err)
{
    slip__error_code(err, SLIP_ENOENT, SLIP_CODE_NO_SUCH_DOMAIN, "there is no guest called '%s'",
                     name);
    slip__error_hint(err, "see: slipway list");
    return SLIP_ENOENT;
}

/* The caller found the entry's lock free. Somebody else may be about to take it: then it is not dead. */
static void clear_dead(int root_fd, int folder_fd, int lock_fd, const char *name)
{
    struct slip_domain_info old = {.size = sizeof(old)};

    if (!lock_byte(lock_fd, GATE_BYTE) || !lock_byte(lock_fd, ALIVE_BYTE) ||
        !still_there(root_fd, name, lock_fd))
        return;
    slip__state_read_record(root_fd, name, &old, NULL); /* without one there is no link either */
    remove_entry(root_fd, folder_fd, name, old.uuid);
}

enum entry { NO_ENTRY, DEAD, ALIVE };

/* Opens an entry. NO_ENTRY: there is none; DEAD and ALIVE leave both open. */
static enum entry open_entry(int root_fd, const char *name, int *ret_folder_fd, int *ret_lock_fd)
{
    SLIP_AUTO_CLOSE int folder_fd = name_is_safe(name) ? open_folder(root_fd, name) : -1;

    if (folder_fd < 0)
        return NO_ENTRY;
    *ret_lock_fd = open_lock(folder_fd, 0);
    if (*ret_lock_fd < 0) { /* its creator is here, or died here: only an empty folder goes */
        unlinkat(root_fd, name, AT_REMOVEDIR);
        return NO_ENTRY;
    }
    *ret_folder_fd = slip__steal_fd(&folder_fd);
    return is_alive(*ret_lock_fd) ? ALIVE : DEAD;
}

/* Opens the folder of a living entry, -1 if it is none. */
static int open_living(int root_fd, const char *name)
{
    SLIP_AUTO_CLOSE int folder_fd = -1;
    SLIP_AUTO_CLOSE int lock_fd = -1;

    return open_entry(root_fd, name, &folder_fd, &lock_fd) == ALIVE ? slip__steal_fd(&folder_fd)
                                                                    : -1;
}

bool slip__state_is_alive(int root_fd, const char *name)
{
    SLIP_AUTO_CLOSE int folder_fd = open_living(root_fd, name);

    return folder_fd >= 0;
}

#define LAST_BREATH_MS 5000

bool slip__state_is_still_alive(int root_fd, const char *name)
{
    return is_alive_after(root_fd, name, LAST_BREATH_MS);
}

void slip__state_clear(int root_fd, const char *name)
{
    SLIP_AUTO_CLOSE int folder_fd = -1;
    SLIP_AUTO_CLOSE int lock_fd = -1;

    if (open_entry(root_fd, name, &folder_fd, &lock_fd) == DEAD)
        clear_dead(root_fd, folder_fd, lock_fd, name);
}

int slip__state_connect(int root_fd, const char *name, int *ret_fd, struct slip_error **err)
{
    SLIP_AUTO_CLOSE int folder_fd = -1;
    SLIP_AUTO_CLOSE int fd = -1;
    struct sockaddr_un address;
    int rc;

    rc = check_name(name, err);
    if (rc < 0)
        return rc;
    folder_fd = open_living(root_fd, name);
    if (folder_fd < 0)
        return no_such(name, err);
    address = control_address(folder_fd);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return slip__error_errno(err, SLIP_EIO, errno, "cannot make a socket");
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0) {
        *ret_fd = slip__steal_fd(&fd);
        return 0;
    }
    if (errno == ENOENT || errno == ECONNREFUSED)
        return slip__error_code(err, SLIP_ESTATE, SLIP_CODE_STILL_BUILDING,
                                "guest '%s' is still being built", name);
    if (errno == EAGAIN)
        return slip__error_code(err, SLIP_EIO, SLIP_CODE_NO_ANSWER,
                                "the supervisor of guest '%s' does not answer", name);
    return slip__error_errno(err, SLIP_EIO, errno, "cannot connect to guest '%s'", name);
}

int slip__state_read_record(int root_fd, const char *name, struct slip_domain_info *ret,
                            struct slip_error **err)
{
    char path[SLIP_LIMIT_NAME_BYTES + sizeof("/record")];
    char text[4096]; /* a record has under 1 KiB */
    SLIP_AUTO_CLOSE int fd = -1;
    json_t *json;
    ssize_t r;
    int rc;

    rc = check_name(name, err);
    if (rc < 0)
        return rc;
    snprintf(path, sizeof(path), "%s/record", name);
    fd = openat(root_fd, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    r = fd < 0 ? -1 : read(fd, text, sizeof(text));
    if (r < 0)
        return slip__error_errno(err, SLIP_EIO, errno, "cannot read the record of '%s'", name);
    rc = slip__message_parse(text, (size_t)r, &json, err);
    if (rc < 0)
        return rc;
    slip__record_from_json(json, ret);
    json_decref(json);
    return 0;
}

static void close_dir(DIR **dir)
{
    if (*dir)
        closedir(*dir);
}

static int open_root(int root_fd, DIR **ret, struct slip_error **err)
{
    int fd = openat(root_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    *ret = fd < 0 ? NULL : fdopendir(fd);
    if (*ret)
        return 0;
    slip__error_errno(err, SLIP_EIO, errno, "cannot list the state folder");
    if (fd >= 0)
        close(fd);
    return SLIP_EIO;
}

int slip__state_each(int root_fd, slip_state_fn *fn, void *payload, struct slip_error **err)
{
    SLIP_AUTO(close_dir) DIR *dir = NULL;
    struct dirent *entry;
    int rc = open_root(root_fd, &dir, err);

    while (rc == 0 && (entry = readdir(dir))) {
        SLIP_AUTO_CLOSE int folder_fd = -1;
        SLIP_AUTO_CLOSE int lock_fd = -1;
        enum entry kind = open_entry(root_fd, entry->d_name, &folder_fd, &lock_fd);

        if (kind != NO_ENTRY)
            rc = fn(entry->d_name, kind == ALIVE, payload);
    }
    return rc;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(a, b);
}

int slip__state_uuids(int root_fd, struct slip_uuids *ret, struct slip_error **err)
{
    SLIP_AUTO(close_dir) DIR *dir = NULL;
    struct dirent *entry;
    size_t room = 0;
    int rc = open_root(root_fd, &dir, err);

    *ret = (struct slip_uuids){0};
    while (rc == 0 && (entry = readdir(dir)) && ret->count < SLIP_LIMIT_DOMAINS) {
        if (entry->d_name[0] != '.' || strlen(entry->d_name) != SLIP_UUID_TEXT_BYTES)
            continue;
        if (ret->count == room) {
            void *more = reallocarray(ret->list, room ? 2 * room : 16, sizeof(*ret->list));

            if (!more)
                return slip__error_oom(err);
            room = room ? 2 * room : 16;
            ret->list = more;
        }
        memcpy(ret->list[ret->count++], entry->d_name + 1, SLIP_UUID_TEXT_BYTES);
    }
    if (ret->count)
        qsort(ret->list, ret->count, sizeof(*ret->list), by_text);
    return rc;
}

bool slip__uuids_have(const struct slip_uuids *uuids, const char *uuid)
{
    return uuids->count && bsearch(uuid, uuids->list, uuids->count, sizeof(*uuids->list), by_text);
}

void slip__uuids_dispose(struct slip_uuids *uuids)
{
    free(uuids->list);
    *uuids = (struct slip_uuids){0};
}
