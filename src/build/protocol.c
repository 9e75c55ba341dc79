/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The decision point: which protocol starts this image in this container, and why, in one line. Containers, protocols and
 * image formats are independent of each other; only this file knows which go together. Must not know addresses of ours.
 */
#include "build/protocol.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/cleanup.h"

/* "the 64-bit ELF in the bzImage (xz)" */
static void put_image(struct slip_buf *buf, const struct slip_image *image)
{
    slip__buf_printf(buf, "the %u-bit ELF", image->elf_bits);
    if (image->format == SLIP_IMAGE_BZIMAGE)
        slip__buf_printf(buf, " in the bzImage (%s)",
                         image->compression ? image->compression : "unknown");
}

static int no_pvh_entry(const struct slip_image *image, struct slip_error **err)
{
    SLIP_AUTO_FREE char *has = slip__image_describe_entries(image);
    struct slip_pv_kernel pv;
    int rc;

    if (!has)
        return slip__error_oom(err);
    rc = slip__error_code(err, SLIP_EIMAGE, SLIP_CODE_NO_PVH_ENTRY,
                          "kernel '%s' cannot start as a pvh guest: %s", image->name, has);
    if (slip__image_pv(image, &pv, NULL))
        slip__error_hint(err, "it has Xen PV notes: type = \"pv\" starts it on Xen");
    else
        slip__error_hint(err, "Linux has a PVH entry when it is built with CONFIG_PVH=y");
    return rc;
}

/* An entry the first vCPU can really start at: in a segment, and reachable in 32-bit mode. */
static int check_entry(const struct slip_image *image, uint64_t gpa, struct slip_error **err)
{
    for (size_t i = 0; i < image->n_segments; i++) {
        const struct slip_segment *s = &image->segments[i];

        if (gpa >= s->gpa && gpa - s->gpa < s->file_bytes && gpa <= UINT32_MAX)
            return 0;
    }
    return slip__error_code(
        err, SLIP_EIMAGE, SLIP_CODE_ENTRY_OUTSIDE,
        "kernel '%s': its PVH entry 0x%llx is in none of its %zu segments below 4 GiB", image->name,
        (unsigned long long)gpa, image->n_segments);
}

static int decide_pvh(const struct slip_image *image, struct slip_decision *ret,
                      struct slip_buf *why, struct slip_error **err)
{
    const struct slip_entry *entry = slip__image_entry(image, SLIP_ENTRY_PVH);
    int rc;

    if (!entry)
        return no_pvh_entry(image, err);
    rc = check_entry(image, entry->address, err);
    if (rc < 0)
        return rc;
    slip__buf_puts(why, "a pvh guest starts by PVH; ");
    put_image(why, image);
    slip__buf_printf(why, " names an entry for it at 0x%llx (Xen note PHYS32_ENTRY)",
                     (unsigned long long)entry->address);
    ret->protocol = SLIP_PROTOCOL_PVH;
    ret->entry_gpa = entry->address;
    return 0;
}

static int no_pv_entry(const struct slip_image *image, const struct slip_pv_problem *problem,
                       struct slip_error **err)
{
    int rc =
        slip__error_code(err, SLIP_EIMAGE, problem->code,
                         "kernel '%s' cannot start as a pv guest: %s", image->name, problem->text);

    if (slip__image_entry(image, SLIP_ENTRY_PVH))
        slip__error_hint(err, "it has a PVH entry: type = \"pvh\" starts it");
    else if (problem->code == SLIP_CODE_NO_PV_ENTRY)
        slip__error_hint(err, "Linux starts as a pv guest when it is built with CONFIG_XEN_PV=y");
    return rc;
}

static int decide_pv(const struct slip_image *image, struct slip_decision *ret,
                     struct slip_buf *why, struct slip_error **err)
{
    struct slip_pv_problem problem;

    if (!slip__image_pv(image, &ret->pv, &problem))
        return no_pv_entry(image, &problem, err);
    slip__buf_printf(why, "a pv guest starts by Xen's PV interface, %u-bit%s; ", ret->pv.bits,
                     ret->pv.bits == 32 ? " PAE" : "");
    put_image(why, image);
    slip__buf_printf(why, " wants to be mapped from 0x%llx on and entered at 0x%llx (Xen notes)",
                     (unsigned long long)ret->pv.virt_base, (unsigned long long)ret->pv.entry);
    ret->protocol = SLIP_PROTOCOL_XEN_PV;
    return 0;
}

int slip__protocol_decide(enum slip_type container, const struct slip_image *image,
                          struct slip_decision *ret, struct slip_error **err)
{
    static int (*const decide[SLIP_TYPES])(const struct slip_image *, struct slip_decision *,
                                           struct slip_buf *, struct slip_error **) = {
        [SLIP_TYPE_PVH] = decide_pvh,
        [SLIP_TYPE_PV] = decide_pv,
    };
    SLIP_AUTO(slip__buf_dispose) struct slip_buf why = {0};
    int rc;

    if (!decide[container])
        return slip__error_code(err, SLIP_EENGINE, SLIP_CODE_CONTAINER_UNBUILT,
                                "this version builds guests of type pvh and pv only");
    rc = decide[container](image, ret, &why, err);
    if (rc < 0)
        return rc;
    ret->why = slip__buf_steal(&why);
    return ret->why ? 0 : slip__error_oom(err);
}

void slip__decision_dispose(struct slip_decision *decision)
{
    free(decision->why);
    *decision = (struct slip_decision){0};
}
