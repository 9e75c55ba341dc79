/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A plan: the finished guest as a value: container, protocol, segments, memory map, tables, first vCPU state.
 * Making one reads the kernel and asks for the modules' sizes; it creates nothing and needs no hypervisor and no root.
 */
#ifndef SLIPWAY_PLAN_H
#define SLIPWAY_PLAN_H

#include "slipway/api.h"
#include "slipway/diag.h"
#include "slipway/error.h"
#include "slipway/guest.h"

SLIP_BEGIN_DECLS

struct slip_plan;

/* Plans guest for an engine (NULL: the default one). What that engine can't honour goes to diags; an error among them
 * makes this fail with SLIP_EDESC. guest must outlive the plan. The caller frees *ret. */
SLIP_API int slip_plan_new(const struct slip_guest *guest, const char *engine,
                           struct slip_diags *diags, struct slip_plan **ret,
                           struct slip_error **err) SLIP_MUST_CHECK;
SLIP_API void slip_plan_free(struct slip_plan *plan); /* NULL is fine */

/* For people, for programs, and as a picture. The caller frees *ret with free(). */
SLIP_API int slip_plan_to_text(const struct slip_plan *plan, char **ret, struct slip_error **err);
SLIP_API int slip_plan_to_json(const struct slip_plan *plan, char **ret, struct slip_error **err);
SLIP_API int slip_plan_to_svg(const struct slip_plan *plan, char **ret, struct slip_error **err);

SLIP_END_DECLS

#endif
