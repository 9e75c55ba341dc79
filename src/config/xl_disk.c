/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Disks: xl-disk-configuration(5)'s three spellings, read as libxlu_disk_l.l reads them. Parts stand by position (target,
 * format, vdev, access) or by name; deprecated prefixes (file:, phy:, ...) come before the target. It must not know what
 * makes a disk complete: that is a check on the guest.
 */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/suggest.h"
#include "config/xl.h"

/* A disk being read. */
struct disk_reader {
    struct xl_reader *r;
    const struct xl_value *spec;
    struct slip_disk *disk;
    /* What positions have been used. An empty part uses its position and sets nothing. */
    bool target_seen, format_seen, vdev_seen, access_seen;
};

/* Bytes [from, to) of the spec. */
struct part {
    size_t from, to;
};

static bool part_is(const struct disk_reader *d, struct part p, const char *word)
{
    return strlen(word) == p.to - p.from &&
           memcmp(d->spec->text + p.from, word, p.to - p.from) == 0;
}

static struct slip_span part_span(const struct disk_reader *d, struct part p)
{
    return slip__xl_part(d->spec, p.from, p.to);
}

static struct slip_mark part_mark(const struct disk_reader *d, struct part p)
{
    return (struct slip_mark){part_span(d, p), SLIP_GIVEN};
}

/* For "%.*s". */
#define PART(d, p) \
    ((p).to - (p).from > 60 ? 60 : (int)((p).to - (p).from)), (d)->spec->text + (p).from

/* Reports a part that is there already; an empty one may be said again (libxlu: "target= after ,"). */
static bool repeated(struct disk_reader *d, const struct slip_mark *old, struct part p,
                     const char *what)
{
    struct slip_diag *diag;

    if (old->origin == SLIP_UNSET)
        return false;
    diag = slip__diag(d->r->diags, SLIP_CODE_BAD_DISK, part_span(d, p),
                      "the disk's %s is given twice", what);
    slip__diag_note(diag, old->span, "first given here");
    return true;
}

static int set_str(struct disk_reader *d, struct slip_str *str, struct part p, const char *what)
{
    if (repeated(d, &str->mark, p, what) || p.from == p.to)
        return 0;
    return slip__str_set(str, d->spec->text + p.from, p.to - p.from, part_mark(d, p));
}

static int set_target(struct disk_reader *d, struct part p)
{
    d->target_seen = true;
    return set_str(d, &d->disk->target, p, "target");
}

static int set_vdev(struct disk_reader *d, struct part p)
{
    d->vdev_seen = true;
    return set_str(d, &d->disk->vdev, p, "vdev");
}

static int set_script(struct disk_reader *d, struct part p)
{
    return set_str(d, &d->disk->script, p, "script");
}

static int set_backendtype(struct disk_reader *d, struct part p)
{
    return set_str(d, &d->disk->backendtype, p, "backendtype");
}

static int set_format(struct disk_reader *d, struct part p)
{
    const struct slip_field *field = slip__field_find(&slip__record_disk, "format");

    d->format_seen = true;
    if (repeated(d, &d->disk->format.mark, p, "format"))
        return 0;
    if (p.from == p.to) {
        slip__num_set(&d->disk->format, SLIP_DISK_FORMAT_RAW, part_mark(d, p));
        return 0;
    }
    if (part_is(d, p, "empty")) /* an empty drive: what has no target is one */
        return 0;
    return slip__xl_set_field(d->r, field, d->disk, d->spec, p.from, p.to);
}

static int set_access(struct disk_reader *d, struct part p)
{
    static const struct {
        const char *word;
        enum slip_disk_access access;
    } words[] = {{"", SLIP_DISK_ACCESS_RW},
                 {"rw", SLIP_DISK_ACCESS_RW},
                 {"w", SLIP_DISK_ACCESS_RW},
                 {"ro", SLIP_DISK_ACCESS_RO},
                 {"r", SLIP_DISK_ACCESS_RO}};
    struct slip_diag *diag;

    d->access_seen = true;
    if (repeated(d, &d->disk->access.mark, p, "access") || p.from == p.to)
        return 0;
    for (size_t i = 0; i < SLIP_COUNT(words); i++) {
        if (part_is(d, p, words[i].word)) {
            slip__num_set(&d->disk->access, words[i].access, part_mark(d, p));
            return 0;
        }
    }
    diag = slip__diag(d->r->diags, SLIP_CODE_UNKNOWN_WORD, part_span(d, p),
                      "'access' can't be '%.*s'", PART(d, p));
    slip__diag_hint(diag, "one of ro (or r), rw (or w)");
    return 0;
}

static int set_devtype(struct disk_reader *d, struct part p)
{
    struct slip_diag *diag;
    bool cdrom = part_is(d, p, "cdrom");

    if (repeated(d, &d->disk->cdrom.mark, p, "devtype"))
        return 0;
    if (cdrom || part_is(d, p, "disk")) {
        slip__num_set(&d->disk->cdrom, cdrom, part_mark(d, p));
        return 0;
    }
    diag = slip__diag(d->r->diags, SLIP_CODE_UNKNOWN_WORD, part_span(d, p),
                      "'devtype' can't be '%.*s'", PART(d, p));
    slip__diag_hint(diag, "one of cdrom, disk");
    return 0;
}

static const struct {
    const char *name;
    int (*set)(struct disk_reader *d, struct part value);
} names[] = {
    {"target", set_target},           {"format", set_format},   {"vdev", set_vdev},
    {"access", set_access},           {"devtype", set_devtype}, {"script", set_script},
    {"backendtype", set_backendtype},
};

/* Parts by name that are the schema's as they stand. */
static const char *const plain_names[] = {
    "backend",   "specification", "transport",   "grant_usage", "colo-host",
    "colo-port", "colo-export",   "active-disk", "hidden-disk",
};

/* Words that set something by themselves. */
static const struct {
    const char *word, *key;
    bool value;
} flags[] = {
    {"direct-io-safe", "direct-io-safe", true},
    {"discard", "discard", true},
    {"no-discard", "discard", false},
    {"trusted", "trusted", true},
    {"untrusted", "trusted", false},
    {"colo", "colo", true},
    {"no-colo", "colo", false},
};

static int set_plain(struct disk_reader *d, const char *name, struct part p)
{
    const struct slip_field *field = slip__field_find(&slip__record_disk, name);

    if (repeated(d, slip__field_mark(field, d->disk), p, name) || p.from == p.to)
        return 0;
    return slip__xl_set_field(d->r, field, d->disk, d->spec, p.from, p.to);
}

static bool set_flag(struct disk_reader *d, struct part p)
{
    for (size_t i = 0; i < SLIP_COUNT(flags); i++) {
        const struct slip_field *field;

        if (!part_is(d, p, flags[i].word))
            continue;
        field = slip__field_find(&slip__record_disk, flags[i].key);
        slip__num_set((void *)slip__field_mark(field, d->disk), flags[i].value, part_mark(d, p));
        return true;
    }
    return false;
}

/* vdev:cdrom and vdev:disk, xend's way to say devtype. */
static int positional_vdev(struct disk_reader *d, struct part p)
{
    const char *colon = memrchr(d->spec->text + p.from, ':', p.to - p.from);
    struct part vdev = p, devtype = p;

    if (!colon)
        return set_vdev(d, p);
    vdev.to = (size_t)(colon - d->spec->text);
    devtype.from = vdev.to + 1;
    slip__diag(d->r->diags, SLIP_CODE_DISK_PREFIX, part_span(d, p),
               "'%.*s' is written %.*s,devtype=%.*s now", PART(d, p), PART(d, vdev),
               PART(d, devtype));
    return set_devtype(d, devtype) < 0 ? -1 : set_vdev(d, vdev);
}

static int positional(struct disk_reader *d, struct part p)
{
    struct slip_diag *diag;

    if (!d->target_seen)
        return set_target(d, p);
    if (!d->format_seen) {
        /* ",hdc:cdrom,r" is an empty drive: no target, and the format is left out. */
        if (!d->disk->target.value && memchr(d->spec->text + p.from, ':', p.to - p.from)) {
            d->format_seen = true;
            return positional_vdev(d, p);
        }
        return set_format(d, p);
    }
    if (!d->vdev_seen)
        return positional_vdev(d, p);
    if (!d->access_seen)
        return set_access(d, p);
    diag = slip__diag(d->r->diags, SLIP_CODE_BAD_DISK, part_span(d, p),
                      "'%.*s' is one part too many", PART(d, p));
    slip__diag_hint(diag, "by position there are TARGET,FORMAT,VDEV,ACCESS");
    return 0;
}

static void unknown_part(struct disk_reader *d, struct part p, size_t name_len)
{
    const char *text = d->spec->text + p.from;
    struct slip_suggest suggest = slip__suggest(text, name_len);
    struct part name = {p.from, p.from + name_len};
    struct slip_diag *diag;

    if (text[0] == '/' || text[0] == '.') {
        diag = slip__diag(d->r->diags, SLIP_CODE_BAD_DISK, part_span(d, p),
                          "a target with '=' in it can't stand by position");
        slip__diag_hint(diag, "write it last, as target=%.*s", PART(d, p));
        return;
    }
    diag = slip__diag(d->r->diags, SLIP_CODE_BAD_DISK, part_span(d, name), "a disk has no '%.*s'",
                      PART(d, name));
    if (!diag) /* one too many to be listed: a suggestion would go nowhere */
        return;
    for (size_t i = 0; i < SLIP_COUNT(names); i++)
        slip__suggest_try(&suggest, names[i].name);
    for (size_t i = 0; i < SLIP_COUNT(plain_names); i++)
        slip__suggest_try(&suggest, plain_names[i]);
    if (suggest.best)
        slip__diag_hint(diag, "did you mean '%s'?", suggest.best);
}

/* A part with a name, or a flag. Returns false if it is neither. */
static bool named(struct disk_reader *d, struct part p, int *ret_rc)
{
    const char *text = d->spec->text + p.from, *equals = memchr(text, '=', p.to - p.from);
    size_t name_len = equals ? (size_t)(equals - text) : p.to - p.from;

    *ret_rc = 0;
    if (!equals && part_is(d, p, "cdrom")) {
        *ret_rc = set_devtype(d, p);
        return true;
    }
    if (!equals && set_flag(d, p))
        return true;
    if (!equals)
        return false;
    for (size_t i = 0; i < SLIP_COUNT(names); i++) {
        if (strlen(names[i].name) == name_len && memcmp(names[i].name, text, name_len) == 0) {
            *ret_rc = names[i].set(d, (struct part){p.from + name_len + 1, p.to});
            return true;
        }
    }
    for (size_t i = 0; i < SLIP_COUNT(plain_names); i++) {
        if (strlen(plain_names[i]) == name_len && memcmp(plain_names[i], text, name_len) == 0) {
            *ret_rc = set_plain(d, plain_names[i], (struct part){p.from + name_len + 1, p.to});
            return true;
        }
    }
    unknown_part(d, p, name_len);
    return true;
}

/* xend's formats tell them apart. */
static int keep_prefix(struct disk_reader *d, struct part p)
{
    struct slip_str *old = &d->disk->prefix;
    char all[64];

    snprintf(all, sizeof(all), "%s%s%.*s", old->value ? old->value : "", old->value ? ":" : "",
             PART(d, p));
    return slip__str_set(old, all, strlen(all), part_mark(d, p));
}

/* Takes a deprecated prefix off the front of the target. Returns its length with the colon, 0 if there is none. */
static size_t prefix(struct disk_reader *d, size_t from, int *ret_rc)
{
    static const char *const idle[] = {"tapdisk", "tap2", "tap", "aio", "ioemu", "file", "phy"};
    static const char *const formats[] = {"raw", "qcow2", "qcow", "vhd"};
    static const char *const scripts[] = {"iscsi", "nbd", "enbd", "drbd"};
    size_t len = strspn(d->spec->text + from, "abcdefghijklmnopqrstuvwxyz0123456789");
    struct part p = {from, from + len};
    char script[16];

    *ret_rc = 0;
    if (len == 0 || d->spec->text[from + len] != ':')
        return 0;
    for (size_t i = 0; i < SLIP_COUNT(formats); i++) {
        if (part_is(d, p, formats[i])) {
            *ret_rc = set_format(d, p);
            goto found;
        }
    }
    for (size_t i = 0; i < SLIP_COUNT(scripts); i++) {
        if (part_is(d, p, scripts[i]) && !repeated(d, &d->disk->script.mark, p, "script")) {
            snprintf(script, sizeof(script), "block-%s", scripts[i]);
            *ret_rc = slip__str_set(&d->disk->script, script, strlen(script), part_mark(d, p));
            goto found;
        }
    }
    for (size_t i = 0; i < SLIP_COUNT(idle); i++) {
        if (part_is(d, p, idle[i]))
            goto found;
    }
    return 0;
found:
    if (*ret_rc == 0)
        *ret_rc = keep_prefix(d, p);
    d->format_seen = true; /* with a prefix there is no format by position */
    slip__diag(d->r->diags, SLIP_CODE_DISK_PREFIX, slip__xl_part(d->spec, from, from + len + 1),
               "the prefix '%.*s:' is deprecated", PART(d, p));
    return len + 1;
}

static int read_parts(struct disk_reader *d)
{
    const char *text = d->spec->text;
    size_t pos = 0, taken;
    int rc = 0;

    while (rc == 0 && pos < d->spec->len) {
        struct part p;

        pos += strspn(text + pos, " \t\n");
        while (!d->target_seen && (taken = prefix(d, pos, &rc)) > 0) {
            if (rc < 0)
                return -1;
            pos += taken;
        }
        if (strncmp(text + pos, "target=", 7) == 0) /* takes all the rest, commas too */
            return set_target(d, (struct part){pos + 7, d->spec->len});
        p = (struct part){pos, pos + strcspn(text + pos, ",")};
        if (!named(d, p, &rc))
            rc = positional(d, p);
        pos = p.to + 1;
    }
    return rc;
}

int slip__xl_disk(struct xl_reader *r, const struct slip_field *field, const struct xl_value *spec)
{
    struct disk_reader d = {.r = r, .spec = spec};

    d.disk = slip__list_add(field, r->guest, (struct slip_mark){spec->span, SLIP_GIVEN});
    if (!d.disk)
        return -1;
    if (read_parts(&d) < 0)
        return -1;
    /* So that a check on a disk with nothing in it still finds its place. */
    if (!SLIP_IS_SET(d.disk->format))
        slip__num_set(&d.disk->format, SLIP_DISK_FORMAT_RAW,
                      (struct slip_mark){spec->span, SLIP_DEFAULT});
    return 0;
}
