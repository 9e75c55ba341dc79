/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The stages of building one guest, in order, once: for a plan, for the first start and for every restart. Each stage is
 * its own folder's work; this only hands values on, keeps the time, and undoes. Must not know any engine by name.
 */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "boot/payload.h"
#include "build/make.h"
#include "image/pv.h"
#include "life/life.h"
#include "life/limits.h"

/* Turns the bytes of one stage into the caller's progress. */
struct stage {
    slip_progress_fn *progress;
    void *payload;
    enum slip_stage stage;
};

static void tell(uint64_t done, uint64_t total, void *payload)
{
    const struct stage *stage = payload;

    if (stage->progress)
        stage->progress(stage->stage, done, total, stage->payload);
}

/* Microseconds since *since, which becomes now. */
static uint64_t lap(uint64_t *since)
{
    uint64_t now = slip__now_us(), us = now - *since;

    *since = now;
    return us;
}

static int probe_image(const struct slip_guest *guest, struct slip_payload *payload,
                       struct slip_image **ret, struct slip_error **err)
{
    bool flat = SLIP_IS_SET(guest->protocol) && guest->protocol.value == SLIP_PROTOCOL_FLAT;
    int64_t gpa = guest->load_address.value;
    int64_t entry = SLIP_IS_SET(guest->entry_address) ? guest->entry_address.value : gpa;
    int fd = payload->kernel.fd;

    payload->kernel.fd = -1; /* the image takes it, also on failure */
    if (flat)
        return slip__image_flat(fd, payload->kernel.size_bytes, payload->kernel.name, (uint64_t)gpa,
                                (uint64_t)entry, ret, err);
    return slip__image_probe(fd, payload->kernel.size_bytes, payload->kernel.name, ret, err);
}

static bool is_compressed(const struct slip_image *image)
{
    return image->packing || (image->compression && strcmp(image->compression, "none") != 0);
}

/*
 * Reads a kernel's notes before anything is made, where that costs next to nothing, so that a kernel for another container is
 * refused as one. A compressed kernel's notes come with the loading; but if its segments can't be where they say, they are read
 * now: then a note may say where else.
 */
static int read_notes(const struct slip_guest *guest, const struct slip_machine *machine,
                      struct slip_image *image, struct slip_error **err)
{
    bool pv = guest->type.value == SLIP_TYPE_PV;
    int rc;

    if (image->form == SLIP_FORM_KERNEL && is_compressed(image) &&
        (pv ? slip__image_end(image) <= (uint64_t)guest->memory.value << 20
            : slip__kernel_lies_well(guest, machine, image)))
        return 0;
    rc = slip__image_load(image, NULL, NULL, NULL, err);
    return rc < 0 || !pv ? rc : slip__image_move_down(image, slip__image_pv_offset(image), err);
}

/* Takes back what was loaded. */
static int wipe(const struct slip_image *image, struct slip_ram *ram, struct slip_error **err)
{
    for (size_t i = 0; i < image->n_segments; i++) {
        const struct slip_segment *s = &image->segments[i];
        void *at = slip__ram_at(ram, "a segment", s->gpa, s->memory_bytes, err);

        if (!at)
            return SLIP_EIMAGE;
        memset(at, 0, s->file_bytes);
    }
    return 0;
}

/* Brings the image into the form and to the place that it starts from, as far as is known. ram: where it was loaded already, to be
 * taken back then; NULL: nowhere. *ret_changed: it is to be loaded. */
static int settle(const struct slip_guest *guest, const struct slip_machine *machine,
                  struct slip_image *image, struct slip_ram *ram, bool *ret_changed,
                  struct slip_error **err)
{
    struct slip_kernel_place place;
    int rc = slip__kernel_place(guest, machine, image, &place, err);

    *ret_changed = rc == 0 && place.changes;
    if (*ret_changed && ram)
        rc = wipe(image, ram, err);
    return rc < 0 || !place.changes ? rc : slip__kernel_settle(image, &place, err);
}

/* What is known before anything is made: which form of the kernel, its notes where they are cheap to read, its place. */
static int know_image(const struct slip_guest *guest, const struct slip_machine *machine,
                      struct slip_image *image, struct slip_error **err)
{
    bool changed;
    int rc = settle(guest, machine, image, NULL, &changed, err);

    if (rc == 0)
        rc = read_notes(guest, machine, image, err);
    changed = image->loaded;
    for (unsigned i = 0; rc == 0 && changed && i < SLIP_LIMIT_KERNEL_PLACES; i++) {
        rc = settle(guest, machine, image, NULL, &changed, err);
        if (rc == 0 && changed)
            rc = slip__image_load(image, NULL, NULL, NULL, err);
    }
    return rc;
}

/* A pv kernel's notes may say that its segments belong elsewhere: then, which is rare, it is loaded again. */
static int load_pv_again(struct slip_image *image, struct slip_ram *ram, struct stage *stage,
                         struct slip_error **err)
{
    uint64_t offset = slip__image_pv_offset(image);
    int rc = 0;

    if (offset == 0)
        return 0;
    if (ram)
        rc = wipe(image, ram, err);
    if (rc == 0)
        rc = slip__image_move_down(image, offset, err);
    return rc < 0 || !ram ? rc : slip__image_load(image, ram, tell, stage, err);
}

/* Loads the kernel. The notes of a compressed one come with its last bytes: they may say that it starts in another form, or
 * elsewhere. Then it is taken back and loaded once more, and whether it fits is asked anew. */
static int load(const struct slip_guest *guest, const struct slip_machine *machine,
                const struct slip_payload *files, const struct slip_module *modules,
                struct slip_image *image, struct slip_ram *ram, struct stage *stage,
                struct slip_error **err)
{
    bool changed = true; /* from what was known before: nothing, perhaps */
    int rc = slip__image_load(image, ram, tell, stage, err);

    if (rc < 0)
        return rc;
    if (guest->type.value == SLIP_TYPE_PV)
        return load_pv_again(image, ram, stage, err);
    for (unsigned i = 0; rc == 0 && changed && i < SLIP_LIMIT_KERNEL_PLACES; i++) {
        rc = settle(guest, machine, image, ram, &changed, err);
        if (rc == 0 && changed)
            rc = slip__layout_fits(guest, machine, image, modules, files->n_modules, err);
        if (rc == 0 && changed)
            rc = slip__image_load(image, ram, tell, stage, err);
    }
    return rc;
}

static struct slip_module *list_modules(const struct slip_payload *payload)
{
    struct slip_module *modules = calloc(payload->n_modules + 1, sizeof(*modules));

    for (size_t i = 0; modules && i < payload->n_modules; i++)
        modules[i] = (struct slip_module){.fd = payload->modules[i].fd,
                                          .bytes = payload->modules[i].size_bytes,
                                          .name = payload->modules[i].name};
    return modules;
}

int slip__build_guest(const struct slip_guest *guest, const struct slip_engine *engine,
                      const char *record, bool paused, bool dry_run, slip_progress_fn *progress,
                      void *payload, struct slip_built *ret, struct slip_error **err)
{
    const struct slip_machine *machine =
        slip__engine_machine(engine, (enum slip_type)guest->type.value);
    struct slip_payload files = {.kernel = {.fd = -1}};
    struct stage stage = {.progress = progress, .payload = payload};
    struct slip_built built = {0};
    struct slip_image *image = NULL;
    struct slip_module *modules = NULL;
    uint64_t since = slip__now_us();
    int rc;

    rc = slip__payload_open(guest, &files, err);
    if (rc < 0)
        return rc;
    modules = list_modules(&files);
    if (!machine) {
        rc = slip__error_code(err, SLIP_EENGINE, SLIP_CODE_ENGINE_TYPE,
                              "the %s engine has no such container", engine->name);
        goto out;
    }
    rc = modules ? 0 : slip__error_oom(err);
    if (rc == 0 && engine->begin && !dry_run)
        rc = engine->begin(guest, &built.run, err);
    built.timing.engine_us = lap(&since);
    if (rc == 0)
        rc = probe_image(guest, &files, &image, err);
    if (rc == 0)
        rc = know_image(guest, machine, image, err);
    if (rc < 0)
        goto out;
    rc = slip__layout_fits(guest, machine, image, modules, files.n_modules, err);
    if (rc < 0)
        goto out;
    built.timing.image_us = lap(&since);

    stage.stage = SLIP_STAGE_ENGINE;
    tell(0, 0, &stage);
    if (!dry_run)
        rc = engine->create(guest, slip__image_pv_bits(image), record, &built.run, err);
    if (rc < 0)
        goto out;
    built.timing.engine_us += lap(&since);

    stage.stage = SLIP_STAGE_IMAGE;
    rc = load(guest, machine, &files, modules, image, dry_run ? NULL : built.run->ram, &stage, err);
    if (rc < 0)
        goto out;
    built.timing.image_us += lap(&since);

    stage.stage = SLIP_STAGE_MODULES;
    rc = slip__plan_make(guest, machine, image, modules, files.n_modules, &built.plan, err);
    if (rc == 0 && !dry_run)
        rc = slip__plan_write(built.plan, built.run->ram, tell, &stage, err);
    if (rc < 0)
        goto out;
    slip__plan_forget_files(built.plan);
    slip_image_free(image); /* and who reads it, now that others may still be at work */
    image = NULL;
    built.timing.build_us = lap(&since);

    stage.stage = SLIP_STAGE_START;
    tell(0, 0, &stage);
    if (!dry_run)
        rc = engine->start(built.run, built.plan, paused, err);
    built.timing.engine_us += lap(&since);
out:
    slip_image_free(image);
    free(modules);
    slip__payload_dispose(&files);
    if (rc < 0)
        slip__built_dispose(&built);
    else
        *ret = built;
    return rc;
}

void slip__built_dispose(struct slip_built *built)
{
    slip_plan_free(built->plan);
    if (built->run)
        built->run->engine->destroy(built->run);
    *built = (struct slip_built){0};
}
