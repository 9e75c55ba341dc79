/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A plan as JSON for programs: addresses and sizes are numbers, in bytes. */
#include "base/json.h"
#include "build/container.h"
#include "build/report.h"
#include "slipway/plan.h"

/* NULL only for lack of memory. */
static json_t *text_json(const char *text)
{
    struct slip_buf buf = {0};
    json_t *json;

    slip__report_utf8(&buf, text, SIZE_MAX);
    json = buf.failed ? NULL : json_string(buf.data);
    slip__buf_dispose(&buf);
    return json;
}

static json_t *map_json(const struct slip_plan *plan)
{
    json_t *array = json_array();

    for (unsigned i = 0; i < plan->n_map; i++) {
        const struct slip_map_entry *e = &plan->map[i];

        array = slip__json_append(array,
                                  json_pack("{s:o, s:o, s:i, s:s}", "gpa", slip__json_uint(e->gpa),
                                            "bytes", slip__json_uint(e->bytes), "type",
                                            (int)e->type, "word", slip__report_map_word(e->type)));
    }
    return array;
}

static json_t *ram_json(const struct slip_plan *plan)
{
    json_t *array = json_array();

    for (unsigned i = 0; i < plan->n_ram; i++)
        array = slip__json_append(array,
                                  json_pack("{s:o, s:o}", "gpa", slip__json_uint(plan->ram[i].gpa),
                                            "bytes", slip__json_uint(plan->ram[i].size)));
    return array;
}

static json_t *pieces_json(const struct slip_plan *plan)
{
    static const char *const sources[] = {[SLIP_SOURCE_IMAGE] = "image",
                                          [SLIP_SOURCE_BYTES] = "made",
                                          [SLIP_SOURCE_FILE] = "file",
                                          [SLIP_SOURCE_FRAMES] = "frames",
                                          [SLIP_SOURCE_ZERO] = "zero"};
    json_t *array = json_array();

    for (size_t i = 0; i < plan->n_pieces; i++) {
        const struct slip_piece *p = &plan->pieces[i];
        json_t *piece =
            json_pack("{s:s, s:o, s:o, s:s}", "what", p->what, "gpa", slip__json_uint(p->gpa),
                      "bytes", slip__json_uint(p->bytes), "source", sources[p->source]);

        if (p->name && json_object_set_new(piece, "file", text_json(p->name)) < 0) {
            json_decref(piece);
            piece = NULL;
        }
        array = slip__json_append(array, piece);
    }
    return array;
}

static json_t *acpi_json(const struct slip_plan *plan)
{
    json_t *array = json_array();

    for (unsigned i = 0; i < plan->n_acpi; i++) {
        const struct slip_acpi_table *t = &plan->acpi[i];

        array = slip__json_append(array, json_pack("{s:s, s:o, s:o}", "signature", t->signature,
                                                   "gpa", slip__json_uint(t->gpa), "bytes",
                                                   slip__json_uint(t->bytes)));
    }
    return array;
}

static json_t *passed_json(const struct slip_plan *plan)
{
    json_t *array = json_array();

    for (unsigned i = 0; i < plan->n_passed; i++)
        array =
            slip__json_append(array, json_pack("{s:s, s:o}", "protocol",
                                               slip__boot_protocol(plan->passed[i].protocol)->key,
                                               "why", text_json(plan->passed[i].why)));
    return array;
}

int slip_plan_to_json(const struct slip_plan *plan, char **ret, struct slip_error **err)
{
    const struct slip_container *container;
    const char *name;
    json_t *json;

    if (!plan || !ret)
        return slip__error(err, SLIP_EINVAL, "slip_plan_to_json() needs a plan and a place");
    container = slip__container(plan->container);
    name = plan->guest->name.value;
    json = json_pack(
        "{s:o, s:s, s:s, s:s, s:o, s:o, s:o, s:i, s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:s}", "name",
        text_json(name ? name : ""), "container", slip__report_type_word(plan->container),
        "machine", plan->machine->name, "protocol", slip__boot_protocol(plan->protocol)->key, "why",
        text_json(plan->why), "passed_over", passed_json(plan), "start",
        container->start_json(plan), "vcpus", (int)plan->vcpus, "maxvcpus", (int)plan->maxvcpus,
        "memory_bytes", slip__json_uint((uint64_t)plan->guest->memory.value << 20), "ram",
        ram_json(plan), "memory_map", map_json(plan), "pieces", pieces_json(plan), "acpi",
        acpi_json(plan), "cmdline", text_json(plan->cmdline), "console",
        slip__report_console_word(plan->console));
    return slip__json_dump(json, JSON_INDENT(2), ret, err);
}
