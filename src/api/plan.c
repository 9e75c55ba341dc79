/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* slip_plan_new(): the pipeline without an engine's part. */
#include "slipway/plan.h"

#include <string.h>

#include "engine/engine.h"
#include "engine/idle.h"
#include "life/life.h"
#include "life/policy.h"

/* A plan needs an engine's machine, not the engine: one that can't run here will do when it is asked for by name, and for
 * a default where none can run. */
static int find_engine(const char *name, const struct slip_engine **ret, struct slip_error **err)
{
    struct slip_error *none = NULL;
    const struct slip_engine *engine;

    for (size_t i = 0; name && (engine = slip__engine_at(i)); i++) {
        if (strcmp(engine->name, name) == 0) {
            *ret = engine;
            return 0;
        }
    }
    if (name)
        return slip__engine_find(name, ret, err);
    if (slip__engine_find(NULL, ret, &none) < 0)
        *ret = slip__engine_last_default();
    slip_error_free(none);
    return 0;
}

int slip_plan_new(const struct slip_guest *guest, const char *engine_name, struct slip_diags *diags,
                  struct slip_plan **ret, struct slip_error **err)
{
    const struct slip_engine *engine;
    struct slip_built built = {0};
    size_t before;
    int rc;

    if (!guest || !diags || !ret)
        return slip__error(err, SLIP_EINVAL,
                           "slip_plan_new() needs a guest, diagnostics and a "
                           "place for the plan");
    rc = find_engine(engine_name, &engine, err);
    if (rc < 0)
        return rc;
    before = slip_diags_errors(diags);
    engine->check(guest, diags);
    slip__idle_check(guest, diags);
    slip__policy_check(guest, engine, diags);
    if (slip_diags_errors(diags) > before)
        return slip__error(err, SLIP_EDESC, "engine %s cannot honour the description",
                           engine->name);
    rc = slip__build_guest(guest, engine, NULL, false, true, NULL, NULL, &built, err);
    if (rc < 0)
        return rc;
    *ret = built.plan;
    return 0;
}
