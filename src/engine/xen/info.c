/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What there is to say of a Xen host: the rows of `xl info`, one line for `slipway engines`, Xen's messages. Knows no guest.
 * Names, order and formats are those of `xl info` of Xen 4.17, as scripts parse them.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/cleanup.h"
#include "engine/xen/host.h"

#define PAGES_PER_MIB 256u
/* Xen's console ring is 16 KiB by default and as large as conring_size= says; this is the most that is read of it. */
#define MAX_LOG_BYTES (64u << 20)

/* Rows go out one by one until somebody has enough. */
struct rows {
    slip_pair_fn *fn;
    void *payload;
    bool enough;
};

static void SLIP_PRINTF(3, 4) row(struct rows *rows, const char *name, const char *fmt, ...)
{
    char text[1200];
    va_list args;

    if (rows->enough)
        return;
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    rows->enough = rows->fn(name, text, rows->payload) != 0;
}

/* In xl's order. */
static void describe_caps(const xc_physinfo_t *info, char *ret, size_t size)
{
    static const struct {
        uint32_t all; /* of these bits */
        const char *word;
    } words[] = {
        {XEN_SYSCTL_PHYSCAP_pv, "pv"},
        {XEN_SYSCTL_PHYSCAP_hvm, "hvm"},
        {XEN_SYSCTL_PHYSCAP_hvm | XEN_SYSCTL_PHYSCAP_directio, "hvm_directio"},
        {XEN_SYSCTL_PHYSCAP_pv | XEN_SYSCTL_PHYSCAP_directio, "pv_directio"},
        {XEN_SYSCTL_PHYSCAP_hap, "hap"},
        {XEN_SYSCTL_PHYSCAP_shadow, "shadow"},
        {XEN_SYSCTL_PHYSCAP_iommu_hap_pt_share, "iommu_hap_pt_share"},
        {XEN_SYSCTL_PHYSCAP_vmtrace, "vmtrace"},
        {XEN_SYSCTL_PHYSCAP_vpmu, "vpmu"},
        {XEN_SYSCTL_PHYSCAP_gnttab_v1, "gnttab-v1"},
        {XEN_SYSCTL_PHYSCAP_gnttab_v2, "gnttab-v2"},
    };
    size_t n = 0;

    ret[0] = '\0';
    for (size_t i = 0; i < SLIP_COUNT(words) && n < size; i++)
        if ((info->capabilities & words[i].all) == words[i].all)
            n += (size_t)snprintf(ret + n, size - n, "%s%s", n ? " " : "", words[i].word);
}

static const char *scheduler_word(int id)
{
    static const struct {
        int id;
        const char *word;
    } words[] = {
        {XEN_SCHEDULER_CREDIT, "credit"},     {XEN_SCHEDULER_CREDIT2, "credit2"},
        {XEN_SCHEDULER_ARINC653, "arinc653"}, {XEN_SCHEDULER_RTDS, "rtds"},
        {XEN_SCHEDULER_NULL, "null"},
    };

    for (size_t i = 0; i < SLIP_COUNT(words); i++)
        if (words[i].id == id)
            return words[i].word;
    return "unknown";
}

static void tell_kernel(struct rows *rows)
{
    struct utsname name;

    if (uname(&name) < 0)
        return;
    row(rows, "host", "%s", name.nodename);
    row(rows, "release", "%s", name.release);
    row(rows, "version", "%s", name.version);
    row(rows, "machine", "%s", name.machine);
}

/* CPUs that belong to no pool, which no guest can use. */
static unsigned free_cpus(const struct slip_xen *xen)
{
    int bytes = xc_get_cpumap_size(xen->xc);
    xc_cpumap_t map = xc_cpupool_freeinfo(xen->xc);
    unsigned count = 0;

    for (int i = 0; map && i < bytes; i++)
        count += (unsigned)__builtin_popcount(map[i]);
    free(map);
    return count;
}

static int tell_hardware(const struct slip_xen *xen, struct rows *rows, struct slip_error **err)
{
    xc_physinfo_t info = {0};
    long freed = xc_sharing_freed_pages(xen->xc), used = xc_sharing_used_frames(xen->xc);
    char caps[160];

    if (xc_physinfo(xen->xc, &info) < 0)
        return slip__xen_error(xen, err, "ask Xen about the machine");
    describe_caps(&info, caps, sizeof(caps));
    row(rows, "nr_cpus", "%u", info.nr_cpus);
    row(rows, "max_cpu_id", "%u", info.max_cpu_id);
    row(rows, "nr_nodes", "%u", info.nr_nodes);
    row(rows, "cores_per_socket", "%u", info.cores_per_socket);
    row(rows, "threads_per_core", "%u", info.threads_per_core);
    row(rows, "cpu_mhz", "%u.%03u", info.cpu_khz / 1000, info.cpu_khz % 1000);
    row(rows, "hw_caps", "%08x:%08x:%08x:%08x:%08x:%08x:%08x:%08x", info.hw_cap[0], info.hw_cap[1],
        info.hw_cap[2], info.hw_cap[3], info.hw_cap[4], info.hw_cap[5], info.hw_cap[6],
        info.hw_cap[7]);
    row(rows, "virt_caps", "%s", caps);
    row(rows, "total_memory", "%" PRIu64, info.total_pages / PAGES_PER_MIB);
    row(rows, "free_memory", "%" PRIu64,
        (info.free_pages - info.outstanding_pages) / PAGES_PER_MIB);
    row(rows, "sharing_freed_memory", "%ld", freed > 0 ? freed / (long)PAGES_PER_MIB : 0);
    row(rows, "sharing_used_memory", "%ld", used > 0 ? used / (long)PAGES_PER_MIB : 0);
    row(rows, "outstanding_claims", "%" PRIu64, info.outstanding_pages / PAGES_PER_MIB);
    row(rows, "free_cpus", "%u", free_cpus(xen));
    return 0;
}

static void tell_build_id(const struct slip_xen *xen, struct rows *rows)
{
    union {
        xen_build_id_t id;
        unsigned char room[sizeof(xen_build_id_t) + 64];
    } build = {.id.len = 64};
    char hex[2 * 64 + 1] = "";
    int len = xc_version(xen->xc, XENVER_build_id, &build.id);

    for (int i = 0; i < len && i < 64; i++)
        snprintf(hex + 2 * i, 3, "%02x", build.room[offsetof(xen_build_id_t, buf) + (size_t)i]);
    row(rows, "build_id", "%s", hex);
}

static void tell_version(const struct slip_xen *xen, struct rows *rows)
{
    xen_extraversion_t extra = "";
    xen_capabilities_info_t caps = "";
    xen_changeset_info_t changeset = "";
    xen_commandline_t line = "";
    xen_platform_parameters_t platform = {0};
    struct xen_compile_info built = {0};
    int version = xc_version(xen->xc, XENVER_version, NULL), scheduler = 0;
    int pagesize = xc_version(xen->xc, XENVER_pagesize, NULL);

    xc_version(xen->xc, XENVER_extraversion, &extra);
    xc_version(xen->xc, XENVER_capabilities, &caps);
    xc_version(xen->xc, XENVER_changeset, &changeset);
    xc_version(xen->xc, XENVER_commandline, &line);
    xc_version(xen->xc, XENVER_platform_parameters, &platform);
    xc_version(xen->xc, XENVER_compile_info, &built);
    xc_sched_id(xen->xc, &scheduler);
    row(rows, "xen_major", "%d", version >> 16);
    row(rows, "xen_minor", "%d", version & 0xffff);
    row(rows, "xen_extra", "%.*s", (int)sizeof(extra), extra);
    row(rows, "xen_version", "%d.%d%.*s", version >> 16, version & 0xffff, (int)sizeof(extra),
        extra);
    row(rows, "xen_caps", "%.*s", (int)sizeof(caps), caps);
    row(rows, "xen_scheduler", "%s", scheduler_word(scheduler));
    row(rows, "xen_pagesize", "%d", pagesize);
    row(rows, "platform_params", "virt_start=0x%lx", (unsigned long)platform.virt_start);
    row(rows, "xen_changeset", "%.*s", (int)sizeof(changeset), changeset);
    row(rows, "xen_commandline", "%.*s", (int)sizeof(line), line);
    row(rows, "cc_compiler", "%.*s", (int)sizeof(built.compiler), built.compiler);
    row(rows, "cc_compile_by", "%.*s", (int)sizeof(built.compile_by), built.compile_by);
    row(rows, "cc_compile_domain", "%.*s", (int)sizeof(built.compile_domain), built.compile_domain);
    row(rows, "cc_compile_date", "%.*s", (int)sizeof(built.compile_date), built.compile_date);
}

int slip__xen_info(slip_pair_fn *fn, void *payload, struct slip_error **err)
{
    SLIP_AUTO(slip__xen_close) struct slip_xen xen = {0};
    struct rows rows = {.fn = fn, .payload = payload};
    int rc = slip__xen_open(&xen, err);

    if (rc < 0)
        return rc;
    tell_kernel(&rows);
    rc = tell_hardware(&xen, &rows, err);
    if (rc < 0)
        return rc;
    tell_version(&xen, &rows);
    tell_build_id(&xen, &rows);
    row(&rows, "xend_config_format", "4");
    return 0;
}

void slip__xen_describe(struct slip_engine_status *status)
{
    SLIP_AUTO(slip__xen_close) struct slip_xen xen = {0};
    struct slip_error *why = NULL;
    xen_extraversion_t extra = "";
    xc_physinfo_t info = {0};
    char caps[160];
    int version;

    slip__xen_probe(status);
    if (!status->usable)
        return;
    if (slip__xen_open(&xen, &why) < 0 || xc_physinfo(xen.xc, &info) < 0) {
        status->usable = false;
        snprintf(status->detail, sizeof(status->detail), "%s",
                 why ? slip_error_message(why) : "Xen does not say what the machine is");
        slip_error_free(why);
        return;
    }
    version = xc_version(xen.xc, XENVER_version, NULL);
    xc_version(xen.xc, XENVER_extraversion, &extra);
    describe_caps(&info, caps, sizeof(caps));
    snprintf(status->detail, sizeof(status->detail), "Xen %d.%d%.*s: %s; %" PRIu64 " MiB free",
             version >> 16, version & 0xffff, (int)sizeof(extra), extra, caps,
             (info.free_pages - info.outstanding_pages) / PAGES_PER_MIB);
}

/* The ring is read in ever larger steps until all of it fits: nobody tells its size. */
int slip__xen_dmesg(bool clear, struct slip_buf *ret, struct slip_error **err)
{
    SLIP_AUTO(slip__xen_close) struct slip_xen xen = {0};
    SLIP_AUTO_FREE char *text = NULL;
    unsigned int got = 0, size;
    int rc = slip__xen_open(&xen, err);

    if (rc < 0)
        return rc;
    for (size = 32768; size <= MAX_LOG_BYTES; size *= 2) {
        char *grown = realloc(text, size);

        if (!grown)
            return slip__error_oom(err);
        text = grown;
        got = size;
        if (xc_readconsolering(xen.xc, text, &got, 0, 0, NULL) < 0)
            return slip__xen_error(&xen, err, "read Xen's messages");
        if (got < size)
            break;
    }
    slip__buf_put(ret, text, got);
    got = 0;
    if (clear && xc_readconsolering(xen.xc, text, &got, 1, 0, NULL) < 0)
        return slip__xen_error(&xen, err, "clear Xen's messages");
    return 0;
}
