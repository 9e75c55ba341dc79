/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A disk is known by what it is, not by its name: a block device by its number, a file by its file system and inode, also
 * through loop devices. Domains' disks are found in XenStore's backends: physical-device for those of blkback, params for
 * those of QEMU.
 */
#include "engine/xen/sharing.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "engine/xen/limits.h"
#include "engine/xen/loop.h"

/* What a disk is: a block device that is no loop device (rdev), or a file (device and inode). */
struct identity {
    dev_t rdev;
    dev_t device;
    ino_t inode;
};

static struct identity of_number(dev_t rdev)
{
    struct slip_loop loop;

    return slip__loop_look(rdev, &loop)
               ? (struct identity){.device = loop.device, .inode = loop.inode}
               : (struct identity){.rdev = rdev};
}

static struct identity of_stat(const struct stat *st)
{
    return S_ISBLK(st->st_mode) ? of_number(st->st_rdev)
                                : (struct identity){.device = st->st_dev, .inode = st->st_ino};
}

static bool same(struct identity a, struct identity b)
{
    return a.rdev == b.rdev && a.device == b.device && a.inode == b.inode;
}

/* One disk of another domain, as XenStore has it. */
struct other {
    char physical[24];
    char params[1024];
    char mode[4];
    unsigned domid;
};

static bool identify(const struct other *other, struct identity *ret)
{
    const char *path = other->params;
    unsigned major_number, minor_number;
    struct stat st;
    char end;

    /* blkback's own form: two hexadecimal numbers. */
    if (sscanf(other->physical, "%x:%x%c", &major_number, &minor_number, &end) == 2) {
        *ret = of_number(makedev(major_number, minor_number));
        return true;
    }
    if (path[0] != '/' &&
        strstr(path, ":/")) /* QEMU's: "aio:/path", "qcow2:/path"; paths may have colons */
        path = strstr(path, ":/") + 1;
    if (path[0] != '/' || stat(path, &st) < 0)
        return false;
    *ret = of_stat(&st);
    return true;
}

static int in_use(size_t index, const char *path, const char *how, const char *who,
                  struct slip_error **err)
{
    slip__error_code(err, SLIP_EENGINE, SLIP_CODE_DISK_IN_USE, "disk %zu: '%s' is being %s by %s",
                     index, path, how, who);
    slip__error_hint(err, "end the other one, or give both the disk with access 'ro'");
    return SLIP_EENGINE;
}

struct search {
    struct slip_xen_store *store;
    struct identity mine;
    bool writable;
    size_t index;
    const char *path;
};

/* Adds what is to be read of every disk of one domain. */
static int collect_domain(const struct search *search, const char *kind, const char *domid,
                          struct slip_xen_read **reads, struct other **others, size_t *count)
{
    SLIP_AUTO(slip__buf_dispose) struct slip_buf disks = {0};

    slip__xen_store_list(search->store, &disks, "/local/domain/0/backend/%s/%s", kind, domid);
    for (const char *id = NULL; (id = slip__xen_store_list_next(&disks, id));) {
        struct slip_xen_read *more = realloc(*reads, (*count + 1) * 3 * sizeof(*more));
        struct other *other;

        if (!more)
            return -1;
        *reads = more;
        other = realloc(*others, (*count + 1) * sizeof(*other));
        if (!other)
            return -1;
        *others = other;
        for (unsigned i = 0; i < 3; i++)
            snprintf(more[*count * 3 + i].path, sizeof(more->path),
                     "/local/domain/0/backend/%s/%s/%s/%s", kind, domid, id,
                     ((const char *[]){"physical-device", "params", "mode"})[i]);
        other[*count].domid = (unsigned)strtoul(domid, NULL, 10);
        if (++*count > SLIP_LIMIT_DISKS_ON_HOST)
            return -1;
    }
    return 0;
}

/* The values' places are known only when the list no longer grows. */
static int read_others(struct search *search, struct slip_xen_read *reads, struct other *others,
                       size_t count, struct slip_error **err)
{
    for (size_t i = 0; i < count; i++) {
        struct slip_xen_read *r = &reads[i * 3];

        r[0].value = others[i].physical;
        r[0].size = sizeof(others[i].physical);
        r[1].value = others[i].params;
        r[1].size = sizeof(others[i].params);
        r[2].value = others[i].mode;
        r[2].size = sizeof(others[i].mode);
    }
    return slip__xen_store_read_all(search->store, reads, count * 3, err);
}

static int judge(struct search *search, const struct other *others, size_t count,
                 struct slip_error **err)
{
    for (size_t i = 0; i < count; i++) {
        bool writes = others[i].mode[0] == 'w';
        struct identity identity;
        char who[160], name[96];

        if ((!writes && !search->writable) || !identify(&others[i], &identity) ||
            !same(identity, search->mine))
            continue;
        slip__xen_store_read(search->store, name, sizeof(name), "/local/domain/%u/name",
                             others[i].domid);
        snprintf(who, sizeof(who), "domain %u%s%s", others[i].domid, name[0] ? ", " : "", name);
        return in_use(search->index, search->path, writes ? "written" : "used", who, err);
    }
    return 0;
}

static int check_domains(struct search *search, struct slip_error **err)
{
    static const char *const kinds[] = {"vbd", "qdisk", "vbd3", "tap"};
    SLIP_AUTO_FREE struct slip_xen_read *reads = NULL;
    SLIP_AUTO_FREE struct other *others = NULL;
    size_t count = 0;
    int rc;

    for (size_t k = 0; k < SLIP_COUNT(kinds); k++) {
        SLIP_AUTO(slip__buf_dispose) struct slip_buf domains = {0};

        slip__xen_store_list(search->store, &domains, "/local/domain/0/backend/%s", kinds[k]);
        for (const char *id = NULL; (id = slip__xen_store_list_next(&domains, id));)
            if (collect_domain(search, kinds[k], id, &reads, &others, &count) < 0)
                return slip__error_oom(err);
    }
    rc = read_others(search, reads, others, count, err);
    return rc < 0 ? rc : judge(search, others, count, err);
}

/* Loop devices that no domain has: the host's own, or of a guest that is just being made. */
static int check_loops(struct search *search, struct slip_error **err)
{
    DIR *folder = opendir("/sys/block");
    const struct dirent *entry;
    int rc = 0;

    while (folder && rc == 0 && (entry = readdir(folder))) {
        unsigned number;
        struct slip_loop loop;
        char path[64], who[80];

        if (sscanf(entry->d_name, "loop%u", &number) != 1)
            continue;
        snprintf(path, sizeof(path), "/sys/block/loop%u/loop", number);
        if (access(path, F_OK) < 0 || !slip__loop_look(makedev(7, number), &loop) ||
            (loop.read_only && !search->writable) ||
            !same((struct identity){.device = loop.device, .inode = loop.inode}, search->mine))
            continue;
        snprintf(who, sizeof(who), "the host, as /dev/loop%u", number);
        rc = in_use(search->index, search->path, loop.read_only ? "used" : "written", who, err);
    }
    if (folder)
        closedir(folder);
    return rc;
}

int slip__xen_sharing_check(struct slip_xen_store *store, const char *path, bool writable,
                            size_t index, struct slip_error **err)
{
    struct search search = {.store = store, .writable = writable, .index = index, .path = path};
    struct stat st;
    int rc;

    if (stat(path, &st) < 0)
        return 0;
    search.mine = of_stat(&st);
    rc = check_domains(&search, err);
    /* A loop device that was named itself is no other user of its file. */
    return rc < 0 || S_ISBLK(st.st_mode) ? rc : check_loops(&search, err);
}
