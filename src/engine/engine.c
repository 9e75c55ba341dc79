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
    {&slip__engine_xen, true},
    {&slip__engine_qemu, true},
    {&slip__engine_null, false},
};

const struct slip_engine *slip__engine_at(size_t index)
{
    return index < SLIP_COUNT(registry) ? registry[index].engine : NULL;
}

const struct slip_engine *slip__engine_last_default(void)
{
    size_t last = 0;

    for (size_t i = 0; i < SLIP_COUNT(registry); i++)
        last = registry[i].by_default ? i : last;
    return registry[last].engine;
}

const struct slip_machine *slip__engine_machine(const struct slip_engine *engine,
                                                enum slip_type container)
{
    return (unsigned)container < SLIP_TYPES ? engine->machines[container] : NULL;
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

static int knows_nothing(const struct slip_engine *engine, const char *what,
                         struct slip_error **err)
{
    return slip__error(err, SLIP_ENOTSUP, "the %s engine has no %s", engine->name, what);
}

int slip_engine_info(const char *name, slip_pair_fn *fn, void *payload, struct slip_error **err)
{
    const struct slip_engine *engine;
    int rc;

    if (!fn)
        return slip__error(err, SLIP_EINVAL, "slip_engine_info() needs a function");
    rc = slip__engine_find(name, &engine, err);
    if (rc < 0)
        return rc;
    return engine->info ? engine->info(fn, payload, err)
                        : knows_nothing(engine, "knowledge of the host", err);
}

int slip_engine_log(const char *name, bool clear, char **ret, struct slip_error **err)
{
    const struct slip_engine *engine;
    struct slip_buf text = {0};
    int rc;

    if (!ret)
        return slip__error(err, SLIP_EINVAL, "slip_engine_log() needs ret");
    rc = slip__engine_find(name, &engine, err);
    if (rc == 0)
        rc = engine->log ? engine->log(clear, &text, err) : knows_nothing(engine, "log", err);
    if (rc == 0 && text.failed)
        rc = slip__error_oom(err);
    if (rc < 0) {
        slip__buf_dispose(&text);
        return rc;
    }
    *ret = slip__buf_steal(&text);
    return *ret ? 0 : slip__error_oom(err);
}
