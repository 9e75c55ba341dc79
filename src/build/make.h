/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Making a plan: guest + image + modules -> plan. The layout (layout.c) is the sole allocator of guest addresses. */
#ifndef SLIP_BUILD_MAKE_H
#define SLIP_BUILD_MAKE_H

#include "base/progress.h"
#include "build/plan.h"
#include "image/image.h"

/* One module that goes into the guest. */
struct slip_module {
    int fd;
    uint64_t bytes; /* not 0 */
    const char *name;
};

/* What of a kernel's file goes where, when not all of it where it is linked. */
struct slip_kernel_place {
    bool changes; /* from what the image is set to now */
    enum slip_image_form form;
    uint64_t
        gpa; /* of the lowest segment; of a form that is linked somewhere: 0, where it is linked */
};

/* After probing, and again after each loading, when more is known, until it changes nothing: is this the right form at the right place? A bzImage without a PVH
 * entry starts from its bare form, and so does one whose guest names one of Linux' protocols; a kernel that may be moved is moved if
 * it can't stay. SLIP_EIMAGE: there is no place for it, or no protocol. */
int slip__kernel_place(const struct slip_guest *guest, const struct slip_machine *machine,
                       const struct slip_image *image, struct slip_kernel_place *ret,
                       struct slip_error **err);
/* Makes it so; the image is to be loaded (again) then. */
int slip__kernel_settle(struct slip_image *image, const struct slip_kernel_place *place,
                        struct slip_error **err);
/* Can its segments be where they are? */
bool slip__kernel_lies_well(const struct slip_guest *guest, const struct slip_machine *machine,
                            const struct slip_image *image);

/* After probing or loading, before anything is created: can a loaded kernel start in this container, and do kernel,
 * modules and our own pieces fit this guest's memory? Says how much is needed when not (SLIP_EIMAGE, codes 5xx). */
int slip__layout_fits(const struct slip_guest *guest, const struct slip_machine *machine,
                      const struct slip_image *image, const struct slip_module *modules,
                      size_t n_modules, struct slip_error **err);
/* After slip__image_load(): decides the protocol, places everything, makes all tables. guest and machine must
 * outlive the plan; the modules' fds must stay open until slip__plan_write() is done. */
int slip__plan_make(const struct slip_guest *guest, const struct slip_machine *machine,
                    const struct slip_image *image, const struct slip_module *modules,
                    size_t n_modules, struct slip_plan **ret, struct slip_error **err);
/* Writes every piece that the image loader has not written, straight into RAM, but for what needs machine frames
 * (pv.h). progress may be NULL. */
int slip__plan_write(const struct slip_plan *plan, struct slip_ram *ram, slip_bytes_fn *progress,
                     void *payload, struct slip_error **err);
/* The files are about to be closed: the plan forgets their descriptors (and keeps their names). */
void slip__plan_forget_files(struct slip_plan *plan);

#endif
