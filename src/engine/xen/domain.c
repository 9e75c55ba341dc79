/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Making one domain and taking it away. The steps are those of Xen's own toolstack with its defaults (tools/libs/light of Xen
 * 4.17: libxl_create.c, libxl_dom.c, libxl_x86.c), less those that set what a fresh domain has anyway: the TSC mode, affinities
 * of vCPUs. Must not know what is in memory, nor what happens to a domain that runs.
 */
#include "engine/xen/domain.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/cleanup.h"
#include "engine/xen/cpu.h"
#include "engine/xen/devices.h"
#include "engine/xen/hvm.h"
#include "engine/xen/memory.h"
#include "engine/xen/publish.h"
#include "engine/xen/pv.h"

/* xl's default event_channels=: ports 0 to this. */
#define MAX_EVTCHN_PORT 1023u
/* What xl lets every domain have besides its memory, in KiB (LIBXL_MAXMEM_CONSTANT): special pages come out of it. */
#define SLACK_KIB 1024u

/* "0bbde31b-9fc8-..." of a resolved guest. */
static void read_uuid(const char *text, uint8_t ret[16])
{
    unsigned n = 0;

    memset(ret, 0, 16);
    for (; text && *text && n < 32; text++) {
        unsigned digit = *text >= 'a' ? (unsigned)(*text - 'a') + 10 : (unsigned)(*text - '0');

        if (*text == '-')
            continue;
        ret[n / 2] = (uint8_t)(ret[n / 2] << 4 | (digit & 0xf));
        n++;
    }
}

static int cannot_run(bool pv, struct slip_error **err)
{
    return slip__error_code(
        err, SLIP_EENGINE, SLIP_CODE_XEN_NO_HVM, "%s",
        pv ? "this Xen was built without support for pv guests"
           : "this Xen can't run pvh guests: the processor's virtualisation is missing or switched off");
}

/* May it be made at all? What of the host can refuse it does so here, before anything is made. */
static int check_host(struct slip_xen_run *run, xc_physinfo_t *info, struct slip_error **err)
{
    bool pv = run->type == SLIP_TYPE_PV;
    uint32_t need = pv ? XEN_SYSCTL_PHYSCAP_pv : XEN_SYSCTL_PHYSCAP_hvm;
    uint64_t pages;

    if (xc_physinfo(run->xen.xc, info) < 0)
        return slip__xen_error(&run->xen, err, "ask Xen about the machine");
    if (!(info->capabilities & need))
        return cannot_run(pv, err);
    run->hap = !pv && info->capabilities & XEN_SYSCTL_PHYSCAP_hap;
    run->paging_pages = pv ? 0 : slip__xen_paging_pages(run->memory_bytes, run->maxvcpus, run->hap);
    pages = run->memory_bytes / SLIP_PAGE_BYTES + run->paging_pages +
            slip__xen_overhead_pages(run->maxvcpus);
    return slip__xen_memory_check(info, pages, err);
}

static int make_domain(struct slip_xen_run *run, const xc_physinfo_t *info, struct slip_error **err)
{
    bool pv = run->type == SLIP_TYPE_PV;
    struct xen_domctl_createdomain config = {
        .flags = pv ? 0 : XEN_DOMCTL_CDF_hvm | (run->hap ? XEN_DOMCTL_CDF_hap : 0u),
        .max_vcpus = run->maxvcpus,
        .max_evtchn_port = MAX_EVTCHN_PORT,
        .max_grant_frames =
            -1, /* Xen's own limits: gnttab_max_frames=, gnttab_max_maptrack_frames= */
        .max_maptrack_frames = -1,
        .grant_opts =
            XEN_DOMCTL_GRANT_version(info->capabilities & XEN_SYSCTL_PHYSCAP_gnttab_v2 ? 2 : 1),
        .arch = {.emulation_flags = pv ? 0 : XEN_X86_EMU_LAPIC},
    };

    memcpy(config.handle, run->uuid, sizeof(config.handle));
    run->domid = 0; /* Xen chooses */
    if (xc_domain_create(run->xen.xc, &run->domid, &config) < 0)
        return slip__xen_error(&run->xen, err, "make a domain");
    run->exists = true;
    return 0;
}

static int set_limits(struct slip_xen_run *run, struct slip_error **err)
{
    const struct slip_xen *xen = &run->xen;
    uint64_t paging = run->paging_pages * SLIP_PAGE_BYTES;

    if (xc_domain_max_vcpus(xen->xc, run->domid, run->maxvcpus) < 0)
        return slip__xen_error(xen, err, "make %u vCPUs", run->maxvcpus);
    if (xc_domain_setmaxmem(xen->xc, run->domid, run->maxmem_bytes / 1024 + SLACK_KIB) < 0)
        return slip__xen_error(xen, err, "set the domain's memory limit");
    if (paging && xc_set_paging_mempool_size(xen->xc, run->domid, paging) < 0)
        return slip__xen_error(xen, err, "get %" PRIu64 " MiB for page tables", paging >> 20);
    return slip__xen_cpu_policy(xen, run->domid, run->type == SLIP_TYPE_PV, err);
}

static int give_memory(struct slip_xen_run *run, struct slip_error **err)
{
    struct slip_ram *ram = &run->ram.ram;
    int rc;

    slip__xen_ram_init(&run->ram, run->xen.memory, run->domid);
    if (run->type == SLIP_TYPE_PV)
        return slip__xen_pv_populate(run, err);
    ram->n_regions = slip__layout_ram(&slip__machine_xen_pvh, run->memory_bytes, ram->regions);
    run->ram.n_pages = run->memory_bytes / SLIP_PAGE_BYTES;
    rc = slip__xen_populate(&run->xen, run->domid, ram->regions, ram->n_regions, NULL, err);
    return rc < 0 ? rc : slip__xen_hvm_special(run, err);
}

/* The guest's ends of its two channels to domain 0. */
static int make_channels(struct slip_xen_run *run, struct slip_error **err)
{
    struct slip_xen_ring *rings[] = {&run->store, &run->console};

    for (size_t i = 0; i < SLIP_COUNT(rings); i++) {
        int port = xc_evtchn_alloc_unbound(run->xen.xc, run->domid, 0);

        if (port < 0)
            return slip__xen_error(&run->xen, err, "make an event channel");
        rings[i]->port = (uint32_t)port;
    }
    return 0;
}

/* In one place what the guest says of itself. */
static void read_guest(struct slip_xen_run *run)
{
    const struct slip_guest *guest = run->guest;

    run->type = (enum slip_type)guest->type.value;
    read_uuid(guest->uuid.value, run->uuid);
    run->vcpus = (unsigned)guest->vcpus.value;
    run->maxvcpus = (unsigned)guest->maxvcpus.value;
    if (run->maxvcpus < run->vcpus)
        run->maxvcpus = run->vcpus;
    run->memory_bytes = (uint64_t)guest->memory.value << 20;
    /* A PVH guest has all its memory from the start: it knows no more than its memory map. */
    run->maxmem_bytes = run->type == SLIP_TYPE_PV && guest->maxmem.value > guest->memory.value
                            ? (uint64_t)guest->maxmem.value << 20
                            : run->memory_bytes;
}

/* What XenStore is to know. */
static struct slip_xen_publish describe(struct slip_xen_run *run)
{
    return (struct slip_xen_publish){
        .xen = &run->xen,
        .domid = run->domid,
        .guest = run->guest,
        .store_port = run->store.port,
        .console_port = run->console.port,
        .store_frame = run->store.frame,
        .console_frame = run->console.frame,
        .devices = run->devices,
    };
}

static int begin_publishing(struct slip_xen_run *run, struct slip_error **err)
{
    const struct slip_xen_publish what = describe(run);

    run->published = true; /* even if it fails: unpublish() takes what there is */
    return slip__xen_publish_begin(&what, err);
}

int slip__xen_domain_publish(struct slip_xen_run *run, struct slip_error **err)
{
    const struct slip_xen_publish what = describe(run);

    return slip__xen_publish_end(&what, err);
}

int slip__xen_domain_begin(struct slip_xen_run *run, struct slip_error **err)
{
    xc_physinfo_t info = {0};
    int rc;

    read_guest(run);
    if (run->type != SLIP_TYPE_PV) {
        run->store.frame = slip__xen_hvm_special_frame(SLIP_XEN_SPECIAL_STORE);
        run->console.frame = slip__xen_hvm_special_frame(SLIP_XEN_SPECIAL_CONSOLE);
    }
    rc = check_host(run, &info, err);
    if (rc == 0)
        rc = slip__xen_devices_open(&run->xen, run->guest, &run->devices, err);
    if (rc == 0)
        rc = make_domain(run, &info, err);
    if (rc == 0)
        rc = make_channels(run, err);
    return rc < 0 ? rc : begin_publishing(run, err);
}

int slip__xen_domain_make(struct slip_xen_run *run, struct slip_error **err)
{
    int rc = run->type == SLIP_TYPE_PV ? slip__xen_pv_check(run, err) : 0;

    if (rc == 0)
        rc = set_limits(run, err);
    return rc < 0 ? rc : give_memory(run, err);
}

/* xenstored and xenconsoled take the rings by these grants, so that they need no right to all of the guest's memory. The guest
 * keeps the entries: public/grant_table.h reserves them. */
static int seed_grants(struct slip_xen_run *run, struct slip_error **err)
{
    xenforeignmemory_resource_handle *resource;
    const struct {
        unsigned entry;
        uint64_t frame;
    } seeds[] = {{GNTTAB_RESERVED_CONSOLE, run->console.frame},
                 {GNTTAB_RESERVED_XENSTORE, run->store.frame}};
    void *at = NULL;

    resource = xenforeignmemory_map_resource(
        run->xen.memory, (domid_t)run->domid, XENMEM_resource_grant_table,
        XENMEM_resource_grant_table_id_shared, 0, 1, &at, PROT_READ | PROT_WRITE, 0);
    if (!resource)
        return slip__xen_error(&run->xen, err, "map the domain's grant table");
    for (size_t i = 0; i < SLIP_COUNT(seeds); i++) {
        grant_entry_v1_t *entry = (grant_entry_v1_t *)at + seeds[i].entry;

        entry->domid = 0;
        entry->frame = (uint32_t)seeds[i].frame;
        entry->flags = GTF_permit_access; /* last: it makes the entry valid */
    }
    xenforeignmemory_unmap_resource(run->xen.memory, resource);
    return 0;
}

int slip__xen_domain_finish(struct slip_xen_run *run, const struct slip_plan *plan,
                            struct slip_error **err)
{
    int rc;

    if (run->type == SLIP_TYPE_PV) {
        rc = slip__xen_pv_start(run, plan, err);
        slip__xen_ram_release(&run->ram);
    } else {
        slip__xen_ram_release(&run->ram);
        rc = slip__xen_hvm_start(run, plan, err);
    }
    return rc < 0 ? rc : seed_grants(run, err);
}

/* Is there still this domain, and not another one of its number? */
static bool is_ours(const struct slip_xen_run *run)
{
    xc_domaininfo_t info;

    return xc_domain_getinfolist(run->xen.xc, run->domid, 1, &info) == 1 &&
           info.domain == run->domid && memcmp(info.handle, run->uuid, sizeof(run->uuid)) == 0;
}

/* In the reverse order. Windows into its memory would keep it from going, and its number is somebody else's once it is gone. */
void slip__xen_domain_destroy(struct slip_xen_run *run)
{
    slip__xen_ram_dispose(&run->ram);
    if (run->exists && is_ours(run)) {
        xc_domain_pause(run->xen.xc, run->domid);
        if (run->published)
            slip__xen_unpublish(&run->xen, run->domid, NULL);
        xc_domain_destroy(run->xen.xc, run->domid);
    }
    run->exists = false;
    slip__xen_devices_dispose(run->devices);
    run->devices = NULL;
}
