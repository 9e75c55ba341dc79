/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A plan as JSON for programs: addresses and sizes are numbers, in bytes. */
#include <jansson.h>

#include "base/error.h"
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

static json_t *number(uint64_t value)
{
    return json_integer((json_int_t)value);
}

/* array with item at its end; NULL, and both gone, when either is NULL or memory is short. */
static json_t *append(json_t *array, json_t *item)
{
    if (json_array_append_new(array, item) == 0) /* takes item in any case */
        return array;
    json_decref(array);
    return NULL;
}

static json_t *map_json(const struct slip_plan *plan)
{
    json_t *array = json_array();

    for (unsigned i = 0; i < plan->n_map; i++) {
        const struct slip_map_entry *e = &plan->map[i];

        array = append(array, json_pack("{s:o, s:o, s:i, s:s}", "gpa", number(e->gpa), "bytes",
                                        number(e->bytes), "type", (int)e->type, "word",
                                        slip__report_map_word(e->type)));
    }
    return array;
}

static json_t *ram_json(const struct slip_plan *plan)
{
    json_t *array = json_array();

    for (unsigned i = 0; i < plan->n_ram; i++)
        array = append(array, json_pack("{s:o, s:o}", "gpa", number(plan->ram[i].gpa), "bytes",
                                        number(plan->ram[i].size)));
    return array;
}

static json_t *pieces_json(const struct slip_plan *plan)
{
    static const char *const sources[] = {
        [SLIP_SOURCE_IMAGE] = "image", [SLIP_SOURCE_BYTES] = "made", [SLIP_SOURCE_FILE] = "file"};
    json_t *array = json_array();

    for (size_t i = 0; i < plan->n_pieces; i++) {
        const struct slip_piece *p = &plan->pieces[i];
        json_t *piece = json_pack("{s:s, s:o, s:o, s:s}", "what", p->what, "gpa", number(p->gpa),
                                  "bytes", number(p->bytes), "source", sources[p->source]);

        if (p->name && json_object_set_new(piece, "file", text_json(p->name)) < 0) {
            json_decref(piece);
            piece = NULL;
        }
        array = append(array, piece);
    }
    return array;
}

static json_t *acpi_json(const struct slip_plan *plan)
{
    json_t *array = json_array();

    for (unsigned i = 0; i < plan->n_acpi; i++) {
        const struct slip_acpi_table *t = &plan->acpi[i];

        array = append(array, json_pack("{s:s, s:o, s:o}", "signature", t->signature, "gpa",
                                        number(t->gpa), "bytes", number(t->bytes)));
    }
    return array;
}

int slip_plan_to_json(const struct slip_plan *plan, char **ret, struct slip_error **err)
{
    const char *name;
    json_t *json;
    char *text;

    if (!plan || !ret)
        return slip__error(err, SLIP_EINVAL, "slip_plan_to_json() needs a plan and a place");
    name = plan->guest->name.value;
    json = json_pack(
        "{s:o, s:s, s:s, s:s, s:o, s:{s:o, s:o}, s:i, s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:s}",
        "name", text_json(name ? name : ""), "container", slip__report_type_word(plan->container),
        "machine", plan->machine->name, "protocol", "pvh", "why", text_json(plan->why), "start",
        "entry_gpa", number(plan->start.entry_gpa), "start_info_gpa",
        number(plan->start.start_info_gpa), "vcpus", (int)plan->vcpus, "maxvcpus",
        (int)plan->maxvcpus, "memory_bytes", number((uint64_t)plan->guest->memory.value << 20),
        "ram", ram_json(plan), "memory_map", map_json(plan), "pieces", pieces_json(plan), "acpi",
        acpi_json(plan), "cmdline", text_json(plan->cmdline), "console",
        slip__report_console_word(plan->console));
    text = json ? json_dumps(json, JSON_INDENT(2)) : NULL;
    json_decref(json);
    if (!text)
        return slip__error_oom(err);
    *ret = text;
    return 0;
}
