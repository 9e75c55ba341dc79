/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Guest + image + modules -> plan, and a plan's life. Places nothing itself (layout.c), decides nothing (protocol.c). */
#include "build/plan.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/e820.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "build/cmdline.h"
#include "build/container.h"
#include "build/protocol.h"
#include "build/pv.h"
#include "guest/limits.h"

/* Modules are read in pieces of this size, so that progress moves. */
#define CHUNK_BYTES (8u << 20)

static void parts_dispose(struct slip_parts *parts)
{
    free(parts->cmdline);
    slip__buf_dispose(&parts->acpi);
}

static int check_vcpus(const struct slip_guest *guest, const struct slip_machine *machine,
                       struct slip_parts *ret, struct slip_error **err)
{
    int64_t vcpus = SLIP_IS_SET(guest->vcpus) ? guest->vcpus.value : 1;
    int64_t maxvcpus = SLIP_IS_SET(guest->maxvcpus) ? guest->maxvcpus.value : vcpus;

    if (maxvcpus < vcpus)
        maxvcpus = vcpus;
    if (vcpus < 1 || maxvcpus > machine->vcpus_max)
        return slip__error_code(err, SLIP_EDESC, SLIP_CODE_TOO_MANY_VCPUS,
                                "the guest has %" PRId64 " vCPUs, machine %s takes 1 to %u",
                                vcpus < 1 ? vcpus : maxvcpus, machine->name, machine->vcpus_max);
    ret->vcpus = (unsigned)vcpus;
    ret->maxvcpus = (unsigned)maxvcpus;
    return 0;
}

/* Everything whose size the layout must know. *ret is the caller's to dispose, also on failure. */
static int make_parts(const struct slip_guest *guest, const struct slip_machine *machine,
                      const struct slip_image *image, const struct slip_module *modules,
                      size_t n_modules, struct slip_parts *ret, struct slip_error **err)
{
    int rc;

    if (n_modules > SLIP_LIMIT_MODULES || guest->memory.value < 1 ||
        (uint64_t)guest->memory.value > SLIP_LIMIT_MEMORY_MIB)
        return slip__error(err, SLIP_EINVAL, "%zu modules and %" PRId64 " MiB are not a guest",
                           n_modules, guest->memory.value);
    rc = check_vcpus(guest, machine, ret, err);
    if (rc == 0)
        rc = slip__cmdline_make(guest, machine, &ret->cmdline, &ret->console, err);
    if (rc < 0)
        return rc;
    if (machine->dsdt)
        ret->n_tables = slip__acpi_make(machine, ret->vcpus, ret->maxvcpus, SLIP_PC_ACPI_GPA,
                                        &ret->acpi, ret->tables);
    if (ret->acpi.failed)
        return slip__error_oom(err);
    ret->in = (struct slip_layout_input){
        .machine = machine,
        .image = image,
        .modules = modules,
        .n_modules = n_modules,
        .memory_bytes = (uint64_t)guest->memory.value << 20,
        .cmdline = ret->cmdline,
        .cmdline_bytes = strlen(ret->cmdline) + 1,
        .acpi = ret->acpi.data,
        .acpi_bytes = ret->acpi.len,
    };
    return 0;
}

/* The layout of parts. decision: what the notes say, NULL: they are not read yet. */
static int make_layout(const struct slip_guest *guest, struct slip_parts *parts,
                       const struct slip_decision *decision, struct slip_layout *ret,
                       struct slip_error **err)
{
    const struct slip_container *container = slip__container((enum slip_type)guest->type.value);

    if (!container) /* the decision point has the words */
        return slip__protocol_decide(guest, parts->in.image, &(struct slip_decision){0}, err);
    parts->in.protocol = slip__boot_protocol(
        decision ? decision->protocol : slip__protocol_guess(guest, parts->in.image));
    if (decision && decision->protocol == SLIP_PROTOCOL_XEN_PV) {
        parts->pv = decision->pv;
        parts->in.pv = &parts->pv;
    }
    return slip__layout_make(container, &parts->in, ret, err);
}

int slip__layout_fits(const struct slip_guest *guest, const struct slip_machine *machine,
                      const struct slip_image *image, const struct slip_module *modules,
                      size_t n_modules, struct slip_error **err)
{
    SLIP_AUTO(parts_dispose) struct slip_parts parts = {0};
    SLIP_AUTO(slip__layout_dispose) struct slip_layout layout = {0};
    SLIP_AUTO(slip__decision_dispose) struct slip_decision decision = {0};
    int rc = 0;

    if (image->loaded)
        rc = slip__protocol_decide(guest, image, &decision, err);
    if (rc == 0)
        rc = make_parts(guest, machine, image, modules, n_modules, &parts, err);
    if (rc < 0)
        return rc;
    return make_layout(guest, &parts, image->loaded ? &decision : NULL, &layout, err);
}

struct slip_piece *slip__plan_add(struct slip_plan *plan, const char *what, uint64_t gpa,
                                  uint64_t bytes, enum slip_source_kind source)
{
    struct slip_piece *piece = &plan->pieces[plan->n_pieces++];

    *piece = (struct slip_piece){.gpa = gpa, .bytes = bytes, .source = source, .fd = -1};
    snprintf(piece->what, sizeof(piece->what), "%s", what);
    return piece;
}

bool slip__plan_add_bytes(struct slip_plan *plan, const char *what, uint64_t gpa,
                          struct slip_buf *buf)
{
    struct slip_piece *piece;
    uint64_t bytes = buf->len;
    char *data = slip__buf_steal(buf);

    if (!data || !bytes) {
        free(data);
        return data || bytes == 0;
    }
    piece = slip__plan_add(plan, what, gpa, bytes, SLIP_SOURCE_BYTES);
    piece->data = data;
    return true;
}

static bool add_kernel(struct slip_plan *plan, const struct slip_image *image)
{
    for (size_t i = 0; i < image->n_segments; i++) {
        const struct slip_segment *s = &image->segments[i];
        struct slip_piece *piece;
        char what[32];

        if (!s->memory_bytes)
            continue;
        if (image->form == SLIP_FORM_LINUX)
            snprintf(what, sizeof(what), "kernel and its room to unpack");
        else
            snprintf(what, sizeof(what), "kernel segment %u", s->index);
        piece = slip__plan_add(plan, what, s->gpa, s->memory_bytes, SLIP_SOURCE_IMAGE);
        piece->name = strdup(image->name);
        if (!piece->name)
            return false;
    }
    return true;
}

static bool add_modules(struct slip_plan *plan, const struct slip_layout *layout,
                        const struct slip_module *modules, size_t n_modules)
{
    for (size_t i = 0; i < n_modules; i++) {
        struct slip_piece *piece;
        char what[32];

        snprintf(what, sizeof(what), "module %zu", i);
        piece =
            slip__plan_add(plan, what, layout->module_gpas[i], modules[i].bytes, SLIP_SOURCE_FILE);
        piece->fd = modules[i].fd;
        piece->name = strdup(modules[i].name);
        if (!piece->name)
            return false;
    }
    return true;
}

static int by_gpa(const void *a, const void *b)
{
    uint64_t x = ((const struct slip_piece *)a)->gpa, y = ((const struct slip_piece *)b)->gpa;

    return (x > y) - (x < y);
}

/* The plan's pieces and what of the layout it keeps. False: out of memory. */
static bool fill(struct slip_plan *plan, struct slip_layout *layout, struct slip_parts *parts)
{
    const struct slip_container *container = slip__container(plan->container);
    const struct slip_layout_input *in = &parts->in;

    plan->pieces = calloc(container->own_pieces + in->image->n_segments + in->n_modules,
                          sizeof(*plan->pieces));
    if (!plan->pieces)
        return false;
    memcpy(plan->ram, layout->ram, sizeof(plan->ram));
    plan->n_ram = layout->n_ram;
    memcpy(plan->map, layout->map, sizeof(plan->map));
    plan->n_map = layout->n_map;
    plan->vcpus = parts->vcpus;
    plan->maxvcpus = parts->maxvcpus;
    plan->console = parts->console;
    memcpy(plan->acpi, parts->tables, sizeof(plan->acpi));
    plan->n_acpi = parts->n_tables;
    if (!add_kernel(plan, in->image) || !add_modules(plan, layout, in->modules, in->n_modules) ||
        !container->pieces(plan, layout, parts))
        return false;
    plan->cmdline = slip__steal(&parts->cmdline);
    qsort(plan->pieces, plan->n_pieces, sizeof(*plan->pieces), by_gpa);
    return true;
}

int slip__plan_make(const struct slip_guest *guest, const struct slip_machine *machine,
                    const struct slip_image *image, const struct slip_module *modules,
                    size_t n_modules, struct slip_plan **ret, struct slip_error **err)
{
    SLIP_AUTO(parts_dispose) struct slip_parts parts = {0};
    SLIP_AUTO(slip__layout_dispose) struct slip_layout layout = {0};
    SLIP_AUTO(slip__decision_dispose) struct slip_decision decision = {0};
    struct slip_plan *plan;
    int rc;

    rc = slip__protocol_decide(guest, image, &decision, err);
    if (rc < 0)
        return rc;
    plan = calloc(1, sizeof(*plan));
    if (!plan)
        return slip__error_oom(err);
    plan->guest = guest;
    plan->machine = machine;
    plan->container = (enum slip_type)guest->type.value;
    plan->protocol = decision.protocol;
    plan->why = slip__steal(&decision.why);
    memcpy(plan->passed, decision.passed, sizeof(plan->passed));
    plan->n_passed = decision.n_passed;
    plan->start.entry_gpa = decision.entry_gpa;
    rc = make_parts(guest, machine, image, modules, n_modules, &parts, err);
    if (rc == 0)
        rc = make_layout(guest, &parts, &decision, &layout, err);
    if (rc == 0 && !fill(plan, &layout, &parts))
        rc = slip__error_oom(err);
    if (rc < 0) {
        slip_plan_free(plan);
        return rc;
    }
    *ret = plan;
    return 0;
}

void slip_plan_free(struct slip_plan *plan)
{
    if (!plan)
        return;
    for (size_t i = 0; i < plan->n_pieces; i++) {
        free(plan->pieces[i].data);
        free(plan->pieces[i].name);
    }
    free(plan->pieces);
    free(plan->why);
    free(plan->cmdline);
    free(plan->pv);
    free(plan);
}

void slip__plan_forget_files(struct slip_plan *plan)
{
    for (size_t i = 0; i < plan->n_pieces; i++)
        plan->pieces[i].fd = -1;
}

struct progress {
    slip_bytes_fn *fn;
    void *payload;
    uint64_t done, total;
};

static int write_file(const struct slip_piece *piece, struct slip_ram *ram,
                      struct progress *progress, struct slip_error **err)
{
    char *to = slip__ram_at(ram, piece->what, piece->gpa, piece->bytes, err);
    uint64_t done = 0;

    if (!to)
        return SLIP_EIMAGE;
    while (done < piece->bytes) {
        uint64_t n = piece->bytes - done < CHUNK_BYTES ? piece->bytes - done : CHUNK_BYTES;
        int rc = slip__file_pread(piece->fd, piece->name, to + done, n, done, err);

        if (rc < 0) {
            slip__error_prefix(err, "%s", piece->what);
            return rc;
        }
        done += n;
        progress->done += n;
        if (progress->fn)
            progress->fn(progress->done, progress->total, progress->payload);
    }
    return 0;
}

int slip__plan_write(const struct slip_plan *plan, struct slip_ram *ram, slip_bytes_fn *progress,
                     void *payload, struct slip_error **err)
{
    struct progress state = {.fn = progress, .payload = payload};

    for (size_t i = 0; i < plan->n_pieces; i++)
        state.total += plan->pieces[i].source == SLIP_SOURCE_FILE ? plan->pieces[i].bytes : 0;
    for (size_t i = 0; i < plan->n_pieces; i++) {
        const struct slip_piece *piece = &plan->pieces[i];
        void *to;
        int rc;

        switch (piece->source) {
        case SLIP_SOURCE_IMAGE:
        case SLIP_SOURCE_FRAMES:
            break;
        case SLIP_SOURCE_ZERO:
            to = ram->stale ? slip__ram_at(ram, piece->what, piece->gpa, piece->bytes, err) : NULL;
            if (ram->stale && !to)
                return SLIP_EIMAGE;
            if (to)
                memset(to, 0, piece->bytes);
            break;
        case SLIP_SOURCE_BYTES:
            to = slip__ram_at(ram, piece->what, piece->gpa, piece->bytes, err);
            if (!to)
                return SLIP_EIMAGE;
            memcpy(to, piece->data, piece->bytes);
            break;
        case SLIP_SOURCE_FILE:
            rc = write_file(piece, ram, &state, err);
            if (rc < 0)
                return rc;
            break;
        }
    }
    return 0;
}
