/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The registry of engines: which there are, in which order they are tried, and what can be said of each. Knows their tables
 * and nothing of what is in them.
 */
#include "engine/engine.h"

#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/suggest.h"

/*
 * In the order in which the default is looked for: what runs guests on the bare hypervisor comes before what needs a
 * process for each, and emulation, which works everywhere, comes last. null runs nothing, so it is used only by name.
 */
static const struct {
    const struct slip_engine *engine;
    bool by_default;
} registry[] = {
    {&slip__engine_qemu, true},
    {&slip__engine_null, false},
};

const struct slip_engine *slip__engine_at(size_t index)
{
    return index < SLIP_COUNT(registry) ? registry[index].engine : NULL;
}

static struct slip_engine_status probe(const struct slip_engine *engine)
{
    struct slip_engine_status status = {
        .size = sizeof(status), .name = engine->name, .summary = engine->summary};

    engine->probe(&status);
    return status;
}

/* The index of the default engine, or -1 if nothing can run a guest here. */
static int default_index(void)
{
    for (size_t i = 0; i < SLIP_COUNT(registry); i++)
        if (registry[i].by_default && probe(registry[i].engine).usable)
            return (int)i;
    return -1;
}

static int find_default(const struct slip_engine **ret, struct slip_error **err)
{
    struct slip_buf reasons = {0};
    int index = default_index();

    if (index >= 0) {
        *ret = registry[index].engine;
        return 0;
    }
    for (size_t i = 0; i < SLIP_COUNT(registry); i++) {
        struct slip_engine_status status = probe(registry[i].engine);

        if (registry[i].by_default)
            slip__buf_printf(&reasons, "%s%s: %s", reasons.len ? "; " : "", status.name,
                             status.detail);
    }
    slip__error_code(err, SLIP_EENGINE, SLIP_CODE_ENGINE_UNUSABLE,
                     "no engine can run a guest on this host: %s",
                     reasons.failed ? "out of memory" : reasons.data);
    slip__buf_dispose(&reasons);
    return SLIP_EENGINE;
}

static int unknown_name(const char *name, struct slip_error **err)
{
    struct slip_suggest suggest = slip__suggest(name, strlen(name));
    struct slip_buf names = {0};

    for (size_t i = 0; i < SLIP_COUNT(registry); i++) {
        slip__suggest_try(&suggest, registry[i].engine->name);
        slip__buf_printf(&names, "%s%s", i ? ", " : "", registry[i].engine->name);
    }
    slip__error_code(err, SLIP_EENGINE, SLIP_CODE_ENGINE_UNKNOWN, "there is no engine '%s'", name);
    if (!names.failed && suggest.best)
        slip__error_hint(err, "did you mean '%s'? the engines are: %s", suggest.best, names.data);
    else if (!names.failed)
        slip__error_hint(err, "the engines are: %s", names.data);
    slip__buf_dispose(&names);
    return SLIP_EENGINE;
}

int slip__engine_find(const char *name, const struct slip_engine **ret, struct slip_error **err)
{
    if (!name)
        return find_default(ret, err);
    for (size_t i = 0; i < SLIP_COUNT(registry); i++) {
        const struct slip_engine *engine = registry[i].engine;
        struct slip_engine_status status;

        if (strcmp(engine->name, name) != 0)
            continue;
        status = probe(engine);
        if (!status.usable)
            return slip__error_code(err, SLIP_EENGINE, SLIP_CODE_ENGINE_UNUSABLE,
                                    "engine %s can't run here: %s", name, status.detail);
        *ret = engine;
        return 0;
    }
    return unknown_name(name, err);
}

int slip_engine_status_at(size_t index, struct slip_engine_status *ret, struct slip_error **err)
{
    const struct slip_engine *engine = slip__engine_at(index);
    struct slip_engine_status status;

    if (!ret || ret->size < sizeof(*ret))
        return slip__error(err, SLIP_EINVAL, "slip_engine_status_at: size is not set");
    if (!engine)
        return slip__error(err, SLIP_ENOENT, "there are only %zu engines", SLIP_COUNT(registry));
    status = (struct slip_engine_status){
        .size = ret->size, .name = engine->name, .summary = engine->summary};
    if (engine->describe)
        engine->describe(&status);
    else
        engine->probe(&status);
    status.is_default = (int)index == default_index();
    *ret = status;
    return 0;
}
