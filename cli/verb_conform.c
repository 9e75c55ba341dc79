/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * slipway conform: boots the probe guests of rom/probe, which are inside this command, over a matrix of vCPUs, memory
 * and modules on an engine, and prints what they say of each clause of their start. On the null engine, which runs
 * nothing, what it recorded is judged instead.
 */
#include "conform.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "probe_bzImage.h"
#include "probe_elf.h"
#include "probe_pv_elf.h"
#include "text.h"

#define FOLDER_BYTES  512
#define GUEST_SECONDS 240
#define REPORT_BYTES  (256u << 10)

/* One vCPU and several; little memory, an odd number of MiB, some above 4 GiB; no module, one byte, several of odd
 * sizes. */
static const unsigned vcpus[] = {1, 2, 4};
static const unsigned memories[] = {32, 131, 4608};
static const size_t modules[][CONFORM_MAX_MODULES] = {
    {0}, {1}, {70001}, {4096, 1, 4097, 12345, 65536}};

#define RECORD "what the engine recorded can be read"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define HIGH_MIB     4096

struct run {
    const struct cli_args *args;
    const char *engine;
    bool records;
    int code; /* of what stops everything */
};

/* A file that needs no place and no cleaning up: what is in memory, by its name in /proc. */
static int make_file(const void *data, size_t len, char *ret_path, size_t size)
{
    int fd = memfd_create("slipway-conform", MFD_CLOEXEC);
    size_t done = 0;
    ssize_t n = 0;

    while (fd >= 0 && done < len && (n = write(fd, (const char *)data + done, len - done)) > 0)
        done += (size_t)n;
    if (fd >= 0 && done < len) {
        close(fd);
        return -1;
    }
    snprintf(ret_path, size, "/proc/%d/fd/%d", (int)getpid(), fd);
    return fd;
}

/* The command line tells the probe what only we know (rom/probe/expect.c). */
static void make_line(struct conform_case *c)
{
    size_t n = (size_t)snprintf(c->line, sizeof(c->line), "probe.vcpus=%u probe.memory=%u",
                                c->vcpus, c->mib << 10);

    for (unsigned i = 0; i < c->n_modules; i++)
        n += (size_t)snprintf(c->line + n, sizeof(c->line) - n, "%s%zu:%x",
                              i ? "," : " probe.modules=", c->module_bytes[i],
                              (unsigned)conform_sum(c->modules[i], c->module_bytes[i]));
    snprintf(c->line + n, sizeof(c->line) - n, " probe.line=%zu:%x", n,
             (unsigned)conform_sum(c->line, n));
}

static bool make_case(struct conform_case *ret, unsigned cpus, unsigned mib,
                      const size_t sizes[CONFORM_MAX_MODULES])
{
    *ret = (struct conform_case){.vcpus = cpus, .mib = mib};
    for (unsigned i = 0; i < CONFORM_MAX_MODULES && sizes[i]; i++) {
        ret->module_bytes[i] = sizes[i];
        ret->modules[i] = malloc(sizes[i]);
        if (!ret->modules[i])
            return false;
        ret->n_modules++;
        for (size_t k = 0; k < sizes[i]; k++)
            ret->modules[i][k] = (unsigned char)(k * 7 + k / 251 + i * 13 + 1);
    }
    make_line(ret);
    return true;
}

static void dispose_case(struct conform_case *c)
{
    for (unsigned i = 0; i < c->n_modules; i++)
        free(c->modules[i]);
}

/* The guest's description, as a person would write it. */
static void describe(char *text, size_t size, const struct conform_protocol *p,
                     const struct conform_case *c, const char *image, char files[][64])
{
    /* What a container's kernels start by anyway is not asked for: that it is chosen is a part of the proof. */
    bool asks = strcmp(p->name, "pvh") != 0 && strcmp(p->name, "xen-pv") != 0;
    size_t n =
        (size_t)snprintf(text, size,
                         "name = \"conform-%d\"\ntype = \"%s\"\nkernel = \"%s\"\n"
                         "memory = %u\nvcpus = %u\nautoconsole = 0\n"
                         "on_crash = \"destroy\"\non_reboot = \"destroy\"\n"
                         "cmdline = \"%s\"\n%s%s%sramdisk = [",
                         (int)getpid(), p->type, image, c->mib, c->vcpus, c->line,
                         asks ? "protocol = \"" : "", asks ? p->name : "", asks ? "\"\n" : "");

    for (unsigned i = 0; i < c->n_modules; i++)
        n += (size_t)snprintf(text + n, size - n, "\"%s\",", files[i]);
    snprintf(text + n, size - n, "]\n");
}

/* Everything that the guest prints. False: its time was over before it was. */
static bool read_console(struct slip_domain *domain, char *ret, size_t size)
{
    uint64_t deadline = text_now_us() + GUEST_SECONDS * 1000000ull, now;
    struct pollfd p = {.events = POLLIN};
    size_t n = 0;
    ssize_t got = 1;

    *ret = 0;
    if (slip_domain_console(domain, &p.fd, NULL) < 0)
        return false;
    while (n + 1 < size && (now = text_now_us()) < deadline) {
        if (poll(&p, 1, (int)((deadline - now) / 1000) + 1) <= 0)
            continue;
        got = read(p.fd, ret + n, size - 1 - n);
        if (got < 0 && (errno == EAGAIN || errno == EINTR))
            continue;
        if (got <= 0)
            break;
        n += (size_t)got;
    }
    ret[n] = 0;
    close(p.fd);
    return got == 0;
}

/* How a guest that was read to its end came to it. */
static const char *find_end(struct slip_domain *domain)
{
    const char *reason = NULL;
    enum slip_end end;

    if (slip_domain_wait(domain, &end, NULL, NULL) >= 0)
        reason = slip_domain_end_reason(domain);
    return reason ? reason : "nobody knows how it ended";
}

static void remove_folder(const char *folder)
{
    static const char *const names[] = {"ram.img", "plan.json", "p2m", "vcpu.json"};
    char path[FOLDER_BYTES + 16];

    for (size_t i = 0; i < COUNT(names); i++) {
        snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
        unlink(path);
    }
    rmdir(folder);
}

/* Where others make theirs. False: there can be none, errno. */
static bool make_folder(char ret[FOLDER_BYTES])
{
    const char *tmp = getenv("TMPDIR");
    int n =
        snprintf(ret, FOLDER_BYTES, "%s/slipway-conform-XXXXXX", tmp && *tmp == '/' ? tmp : "/tmp");

    if (n >= FOLDER_BYTES)
        errno = ENAMETOOLONG;
    return n < FOLDER_BYTES && mkdtemp(ret);
}

/* Starts a guest that was described, and judges it. */
static int boot(const struct run *run, struct conform_protocol *p, const struct conform_case *c,
                const struct slip_guest *guest, struct slip_diags *diags, struct slip_error **err)
{
    char folder[FOLDER_BYTES];
    struct slip_create_options options = {.size = sizeof(options),
                                          .flags = SLIP_CREATE_OWNED | SLIP_CREATE_CONSOLE,
                                          .engine = run->engine};
    struct slip_domain *domain = NULL;
    char *report = NULL;
    enum slip_end end;
    bool ended;
    int rc;

    if (run->records && !make_folder(folder)) {
        p->guests++;
        conform_judge(p, c, "record", RECORD, CONFORM_MISSED, strerror(errno));
        return SLIP_OK;
    }
    options.record = run->records ? folder : NULL;
    rc = slip_domain_create(guest, &options, diags, &domain, err);
    if (rc < 0)
        goto out;
    p->guests++;
    if (run->records) {
        rc = slip_domain_wait(domain, &end, NULL, err);
        if (rc >= 0 && !conform_static(p, c, folder))
            conform_judge(p, c, "record", RECORD, CONFORM_MISSED, NULL);
    } else if ((report = malloc(REPORT_BYTES))) {
        ended = read_console(domain, report, REPORT_BYTES);
        conform_read_tap(p, c, report, ended ? find_end(domain) : "it did not end in time");
    }
out:
    if (run->records)
        remove_folder(folder);
    free(report);
    slip_domain_free(domain);
    return rc;
}

static const char *first_message(const struct slip_diags *diags)
{
    const struct slip_diag *d = slip_diags_count(diags) ? slip_diags_at(diags, 0) : NULL;

    return d ? slip_diag_message(d) : NULL;
}

/* One guest. False: there is no use in going on with this protocol. */
static bool try_case(struct run *run, struct conform_protocol *p, const struct conform_case *c,
                     const char *image)
{
    struct slip_guest_options options = {.size = sizeof(options), .format = "xl"};
    char text[4096], files[CONFORM_MAX_MODULES][64];
    int fds[CONFORM_MAX_MODULES], rc;
    struct slip_diags *diags = slip_diags_new();
    struct slip_guest *guest = NULL;
    struct slip_error *err = NULL;

    for (unsigned i = 0; i < c->n_modules; i++)
        fds[i] = make_file(c->modules[i], c->module_bytes[i], files[i], sizeof(files[i]));
    describe(text, sizeof(text), p, c, image, files);
    rc = slip_guest_parse("conform", "/", text, strlen(text), &options, diags, &guest, &err);
    if (rc == SLIP_OK)
        rc = boot(run, p, c, guest, diags, &err);
    /* An engine may lack a container; but our own images have to be started. */
    if (rc < 0 && !p->guests && rc != SLIP_EIMAGE)
        snprintf(p->absent, sizeof(p->absent), "%s",
                 first_message(diags) ? first_message(diags) : slip_error_message(err));
    else if (rc < 0)
        conform_judge(p, c, "created", "every guest of the matrix can be created", CONFORM_MISSED,
                      slip_error_message(err));
    for (unsigned i = 0; i < c->n_modules; i++) {
        if (fds[i] >= 0)
            close(fds[i]);
    }
    slip_error_free(err);
    slip_guest_free(guest);
    slip_diags_free(diags);
    return rc >= 0 || p->guests;
}

static void try_protocol(struct run *run, struct conform_protocol *p)
{
    bool little = strcmp(run->engine, "xen") == 0; /* whose memory is nobody's promise */
    struct conform_case c;
    char image[64];
    int fd = make_file(p->image, p->image_bytes, image, sizeof(image));

    for (size_t v = 0; v < COUNT(vcpus); v++) {
        for (size_t m = 0; m < COUNT(memories); m++) {
            for (size_t k = 0; k < COUNT(modules); k++) {
                bool fits = p->max_modules > 1 || !modules[k][1];

                if (!fits || (little && (memories[m] > HIGH_MIB || v == 1)))
                    continue;
                if (make_case(&c, vcpus[v], memories[m], modules[k]) &&
                    !try_case(run, p, &c, image))
                    v = COUNT(vcpus) - 1, m = COUNT(memories) - 1, k = COUNT(modules) - 1;
                dispose_case(&c);
            }
        }
    }
    if (fd >= 0)
        close(fd);
}

/* The engine's name, also where none was asked for; NULL: there is none. */
static const char *find_engine(const struct cli_args *args)
{
    struct slip_engine_status status = {.size = sizeof(status)};

    for (size_t i = 0; slip_engine_status_at(i, &status, NULL) == SLIP_OK; i++) {
        if (args->engine ? strcmp(args->engine, status.name) == 0 : status.is_default)
            return status.name;
    }
    return NULL;
}

static int run(const struct cli_args *args)
{
    static struct conform_protocol protocols[] = {
        {"pvh", "pvh", probe_elf, sizeof(probe_elf), CONFORM_MAX_MODULES},
        {"linux64", "pvh", probe_bzImage, sizeof(probe_bzImage), 1},
        {"linux32", "pvh", probe_bzImage, sizeof(probe_bzImage), 1},
        {"multiboot2", "pvh", probe_elf, sizeof(probe_elf), CONFORM_MAX_MODULES},
        {"multiboot1", "pvh", probe_elf, sizeof(probe_elf), CONFORM_MAX_MODULES},
        {"xen-pv", "pv", probe_pv_elf, sizeof(probe_pv_elf), 1},
    };
    struct run r = {.args = args, .engine = find_engine(args)};
    unsigned guests = 0;

    if (!r.engine)
        return cli_error(args, CLI_ENGINE, "'slipway engines' lists them",
                         "no engine%s%s can be used", args->engine ? " " : "",
                         args->engine ? args->engine : "");
    r.records = strcmp(r.engine, "null") == 0;
    for (size_t i = 0; i < COUNT(protocols); i++) {
        try_protocol(&r, &protocols[i]);
        guests += protocols[i].guests;
    }
    if (!guests)
        return cli_error(args, CLI_ENGINE, NULL, "the %s engine started no probe: %s", r.engine,
                         protocols[0].absent);
    return conform_print(args, r.engine, protocols, COUNT(protocols)) ? CLI_OK : CLI_FAILED;
}

const struct cli_verb cli_verb_conform = {
    .name = "conform",
    .summary = "prove from inside what guests find when they start",
    .usage = "[-e ENGINE] [--json]",
    .options = "ej",
    .max_args = 0,
    .about =
        "Boots small guests of its own, a matrix of boot protocols, vCPUs, memory sizes and modules, that report from inside "
        "whether every clause of the protocol's start state holds: registers, segments, task register, memory map, modules, "
        "command line, tables, untouched memory, processors. The null engine's record is judged from outside.\n"
        "Exit status: 0 all that could be observed holds, 1 a clause was missed, 5 the engine cannot run guests.",
    .run = run,
};
