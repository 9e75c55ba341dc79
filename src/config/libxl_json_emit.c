/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A guest as libxl's JSON. Devices are in libxl_json_devices.c. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "config/libxl_json_emit.h"

json_t *slip__jx_put(json_t *object, const char *key, json_t *value)
{
    if (object && json_object_set_new(object, key, value) == 0)
        return object;
    if (!object)
        json_decref(value);
    json_decref(object);
    return NULL;
}

json_t *slip__jx_append(json_t *array, json_t *item)
{
    if (array && json_array_append_new(array, item) == 0)
        return array;
    if (!array)
        json_decref(item);
    json_decref(array);
    return NULL;
}

json_t *slip__jx_put_list(json_t *object, const char *key, json_t *array)
{
    if (json_is_array(array) && !json_array_size(array)) {
        json_decref(array);
        return object;
    }
    return slip__jx_put(object, key, array);
}

static json_t *texts_json(struct slip_strs *strs)
{
    json_t *array = json_array();

    for (size_t i = 0; i < strs->count; i++)
        array = slip__jx_append(array, json_string(strs->items[i].value));
    return array;
}

static json_t *bool_text(int64_t value)
{
    return json_string(value ? "True" : "False");
}

static json_t *value_json(const struct jx_key *key, const struct slip_field *field, void *value)
{
    const struct slip_num *num = value;
    char word[64];

    switch (key->kind) {
    case JX_TEXT:
        return json_string(((struct slip_str *)value)->value);
    case JX_TEXTS:
        return texts_json(value);
    case JX_DEFBOOL:
        return bool_text(num->value);
    case JX_FLAG:
        return json_boolean(num->value);
    case JX_MIB:
        return json_integer(num->value * 1024);
    case JX_WORD:
        return json_string(slip__jx_word(field->words, num->value, word, sizeof(word)));
    default:
        return json_integer(num->value);
    }
}

/* What libxl leaves out, as its zero says the same. */
static bool is_zero(const struct jx_key *key, const struct slip_field *field, const void *value)
{
    const struct slip_num *num = value;

    if (key->kind == JX_TEXT)
        return !((const struct slip_str *)value)->value[0];
    if (key->kind == JX_TEXTS)
        return !((const struct slip_strs *)value)->count;
    if (key->kind == JX_FLAG || key->kind == JX_INT)
        return num->value == 0 && !key->zero;
    return key->kind == JX_WORD && num->value == 0 && field->words->items[0].value == 0 &&
           (strcmp(field->words->items[0].word, "default") == 0 ||
            strcmp(field->words->items[0].word, "ignore") == 0 ||
            strcmp(field->words->items[0].word, "none") == 0 ||
            strcmp(field->words->items[0].word, "disabled") == 0);
}

json_t *slip__jx_fields(enum jx_object object, void *record, json_t *json)
{
    for (const struct jx_key *k = slip__jx_keys; k->key; k++) {
        const struct slip_field *field;
        struct slip_mark *mark;

        if (k->object != object)
            continue;
        field = slip__field_named(slip__jx_record(object), k->field);
        mark = slip__field_mark(field, record);
        if (mark->origin != SLIP_GIVEN)
            continue;
        slip__said(mark);
        if (!is_zero(k, field, mark))
            json = slip__jx_put(json, k->key, value_json(k, field, mark));
    }
    return json;
}

/* --- bitmaps ------------------------------------------------------------------------------------------------------------ */

/* A set of CPUs by number, as its members. false: it says more than numbers. */
static bool members(const char *text, unsigned limit, json_t **ret)
{
    SLIP_AUTO_FREE bool *set = calloc(limit, sizeof(*set));
    const char *p = text;

    *ret = NULL;
    while (set) {
        bool not = *p == '^';
        unsigned long from, to;
        char *end;

        p += not ;
        from = to = strtoul(p, &end, 10);
        if (end != p && *end == '-') {
            p = end + 1;
            to = strtoul(p, &end, 10);
        }
        if (end == p || to >= limit || from > to || (*end && *end != ','))
            return false;
        while (from <= to)
            set[from++] = !not ;
        if (!*end)
            break;
        p = end + 1;
    }
    *ret = set ? json_array() : NULL;
    for (unsigned i = 0; set && i < limit; i++) {
        if (set[i])
            *ret = slip__jx_append(*ret, json_integer(i));
    }
    return true;
}

static json_t *range_json(int64_t count)
{
    json_t *array = json_array();

    for (int64_t i = 0; i < count; i++)
        array = slip__jx_append(array, json_integer(i));
    return array;
}

/* One set for each vCPU: the same for all, or each its own. */
static json_t *put_affinity(json_t *json, const char *key, struct slip_str *all,
                            struct slip_strs *each, int64_t vcpus, bool *ret_any)
{
    json_t *array = json_array(), *one;

    if (SLIP_IS_GIVEN(*all) && strcmp(all->value, "all") == 0)
        slip__said(&all->mark); /* as if it were not there */
    else if (SLIP_IS_GIVEN(*all) && members(all->value, 4096, &one)) {
        for (int64_t i = 0; i < vcpus; i++)
            array = slip__jx_append(array, json_deep_copy(one));
        json_decref(one);
        slip__said(&all->mark);
    } else if (SLIP_IS_GIVEN(*each)) {
        for (size_t i = 0; i < each->count; i++) {
            if (!members(each->items[i].value, 4096, &one))
                break;
            array = slip__jx_append(array, one);
            slip__said(&each->items[i].mark);
        }
    }
    if (json_array_size(array))
        *ret_any = true;
    return slip__jx_put_list(json, key, array);
}

/* --- b_info -------------------------------------------------------------------------------------------------------------- */

static json_t *put_vcpus(json_t *json, struct slip_guest *g)
{
    bool any = false;
    int64_t max = g->maxvcpus.value;

    if (SLIP_IS_GIVEN(g->vcpus)) {
        g->maxvcpus.mark.origin = SLIP_GIVEN; /* xl writes both */
        json = slip__jx_put(json, "avail_vcpus", range_json(g->vcpus.value));
        slip__said(&g->vcpus.mark);
    }
    json = put_affinity(json, "vcpu_hard_affinity", &g->cpus, &g->cpus_each, max, &any);
    any = false; /* xl leaves libxl's own placement alone unless it is told of soft affinity */
    json = put_affinity(json, "vcpu_soft_affinity", &g->cpus_soft, &g->cpus_soft_each, max, &any);
    any = any || g->vnuma.count; /* which places the guest itself */
    return any ? slip__jx_put(json, "numa_placement", json_string("False")) : json;
}

/* Bits of leaves, as xend wrote them: LEAF[,SUBLEAF]:REGISTER=BITS,... */
static bool cpuid_json(const char *text, json_t **ret)
{
    unsigned long leaf, sub = 0;
    json_t *json;
    char *end;
    bool has_sub = false;

    *ret = NULL;
    leaf = strtoul(text, &end, 0);
    if (end == text)
        return false;
    if (*end == ',') {
        text = end + 1;
        sub = strtoul(text, &end, 0);
        has_sub = end != text;
    }
    if (*end != ':')
        return false;
    json = slip__jx_put(json_object(), "leaf", json_integer((json_int_t)leaf));
    if (has_sub)
        json = slip__jx_put(json, "subleaf", json_integer((json_int_t)sub));
    for (text = end + 1; *text;) {
        size_t len = strcspn(text, ",");
        char reg[4] = "", bits[33] = "";

        if (len != 36 || text[3] != '=' || strspn(text + 4, "01xks") < 32) {
            json_decref(json);
            return false;
        }
        memcpy(reg, text, 3);
        memcpy(bits, text + 4, 32);
        json = slip__jx_put(json, reg, json_string(bits));
        text += len + (text[len] == ',');
    }
    *ret = json;
    return true;
}

static json_t *put_cpuid(json_t *json, struct slip_guest *g)
{
    json_t *array = json_array(), *one;

    for (size_t i = 0; i < g->cpuid.count; i++) {
        if (!cpuid_json(g->cpuid.items[i].value, &one))
            continue;
        array = slip__jx_append(array, one);
        slip__said(&g->cpuid.items[i].mark);
    }
    if (!json_array_size(array)) {
        json_decref(array);
        return json;
    }
    /* Xen 4.17.2 put MSRs beside the leaves, and an object around both. */
    array = slip__jx_put(json_object(), "cpuid", array);
    return slip__jx_put(json, "cpuid", slip__jx_put(array, "msr", json_array()));
}

static json_t *put_vnuma(json_t *json, struct slip_guest *g)
{
    json_t *array = json_array();

    for (size_t i = 0; i < g->vnuma.count; i++) {
        struct slip_vnode *node = &g->vnuma.items[i];
        json_t *one = json_object(), *distances = json_array(), *vcpus = NULL;

        if (SLIP_IS_GIVEN(node->size))
            one = slip__jx_put(one, "memkb", json_integer(node->size.value * 1024));
        for (size_t k = 0; k < node->vdistances.count; k++)
            distances = slip__jx_append(
                distances, json_integer(strtoll(node->vdistances.items[k].value, NULL, 10)));
        one = slip__jx_put_list(one, "distances", distances);
        if (SLIP_IS_GIVEN(node->pnode) && node->pnode.value)
            one = slip__jx_put(one, "pnode", json_integer(node->pnode.value));
        slip__said_all(&slip__record_vnode, node);
        if (SLIP_IS_GIVEN(node->vcpus) && members(node->vcpus.value, SLIP_LIMIT_VCPUS, &vcpus))
            one = slip__jx_put(one, "vcpus", vcpus);
        else
            node->vcpus.mark.said = false;
        array = slip__jx_append(array, one);
    }
    return slip__jx_put_list(json, "vnuma_nodes", array);
}

static json_t *put_start(json_t *json, struct slip_guest *g)
{
    const char *dm = g->device_model_version.value;

    if (SLIP_IS_GIVEN(g->device_model_version) && strncmp(dm, "qemu-xen", 8) == 0) {
        json = slip__jx_put(
            json, "device_model_version",
            json_string(strcmp(dm, "qemu-xen") == 0 ? "qemu_xen" : "qemu_xen_traditional"));
        slip__said(&g->device_model_version.mark);
    }
    if (SLIP_IS_GIVEN(g->kernel)) {
        json = slip__jx_put(json, "kernel", json_string(g->kernel.value));
        slip__said(&g->kernel.mark);
    }
    if (SLIP_IS_GIVEN(g->ramdisk) && g->ramdisk.count) {
        json = slip__jx_put(json, "ramdisk", json_string(g->ramdisk.items[0].value));
        slip__said(&g->ramdisk.items[0].mark);
    }
    return json;
}

static json_t *put_host(json_t *json, struct slip_guest *g)
{
    json_t *ports = json_array(), *irqs = json_array(), *iomem = json_array();

    for (size_t i = 0; i < g->ioports.count; i++) {
        struct slip_ioport *p = &g->ioports.items[i];

        ports = slip__jx_append(ports, json_pack("{s:I, s:I}", "first", (json_int_t)p->first.value,
                                                 "number",
                                                 (json_int_t)(p->last.value - p->first.value + 1)));
        slip__said_all(&slip__record_ioport, p);
    }
    for (size_t i = 0; i < g->irqs.count; i++)
        irqs = slip__jx_append(irqs, json_integer(strtoll(g->irqs.items[i].value, NULL, 10)));
    slip__said(&g->irqs.mark);
    for (size_t i = 0; i < g->iomem.count; i++) {
        struct slip_iomem *m = &g->iomem.items[i];
        json_t *one = json_pack("{s:I, s:I}", "start", (json_int_t)m->start.value, "number",
                                (json_int_t)m->number.value);

        if (SLIP_IS_GIVEN(m->gfn))
            one = slip__jx_put(one, "gfn", json_integer(m->gfn.value));
        iomem = slip__jx_append(iomem, one);
        slip__said_all(&slip__record_iomem, m);
    }
    json = slip__jx_put_list(json, "ioports", ports);
    json = slip__jx_put_list(json, "irqs", irqs);
    return slip__jx_put_list(json, "iomem", iomem);
}

/* --- the type's part --------------------------------------------------------------------------------------------------- */

static json_t *bits_json(uint64_t bits)
{
    json_t *array = json_array();

    for (unsigned i = 0; i < 64; i++) {
        if (bits & 1ull << i)
            array = slip__jx_append(array, json_integer(i));
    }
    return array;
}

static json_t *put_viridian(json_t *json, struct slip_guest *g)
{
    struct slip_strs *v = &g->viridian;
    uint64_t bits[2] = {0, 0};

    if (!SLIP_IS_GIVEN(*v))
        return json;
    slip__said(&v->mark);
    if (!v->count)
        return slip__jx_put(json, "viridian", bool_text(0));
    for (size_t i = 0; i < v->count; i++) {
        const char *word = v->items[i].value;
        bool not = word[0] == '!';

        word += not ;
        if (strcmp(word, "all") == 0)
            bits[not ] = UINT64_MAX, bits[!not ] = 0; /* those to come, too */
        else if (strcmp(word, "defaults") == 0)
            json = slip__jx_put(json, "viridian", bool_text(!not ));
        for (unsigned k = 0; slip__viridian_word(k); k++) {
            if (strcmp(word, slip__viridian_word(k)) != 0)
                continue;
            bits[not ] |= 1ull << k;
            bits[!not ] &= ~(1ull << k);
        }
    }
    json = slip__jx_put_list(json, "viridian_enable", bits_json(bits[0]));
    return slip__jx_put_list(json, "viridian_disable", bits_json(bits[1]));
}

/* One as a text, several as a list. */
static json_t *put_one_or_list(json_t *json, const char *one, const char *list,
                               struct slip_strs *strs)
{
    if (!SLIP_IS_GIVEN(*strs) || !strs->count)
        return json;
    slip__said(&strs->mark);
    if (strs->count == 1)
        return slip__jx_put(json, one, json_string(strs->items[0].value));
    return slip__jx_put(json, list, texts_json(strs));
}

static json_t *put_firmware(json_t *json, struct slip_guest *g)
{
    static const char *const names[] = {"seabios", "ovmf", "rombios"};

    for (size_t i = 0; i < SLIP_COUNT(names) && SLIP_IS_GIVEN(g->firmware); i++) {
        if (strcmp(g->firmware.value, names[i]) != 0)
            continue;
        slip__said(&g->firmware.mark);
        return slip__jx_put(json, "bios", json_string(names[i]));
    }
    return json;
}

static json_t *put_gfx(json_t *json, struct slip_num *gfx)
{
    if (!SLIP_IS_GIVEN(*gfx))
        return json;
    slip__said(&gfx->mark);
    json = slip__jx_put(json, "gfx_passthru", bool_text(gfx->value != SLIP_GFX_PASSTHRU_OFF));
    return gfx->value == SLIP_GFX_PASSTHRU_IGD
               ? slip__jx_put(json, "gfx_passthru_kind", json_string("igd"))
               : json;
}

static json_t *hvm_json(struct slip_guest *g)
{
    json_t *json = put_firmware(json_object(), g);

    json = slip__jx_fields(JX_HVM, g, json);
    json = put_viridian(json, g);
    json = slip__jx_put(json, "vga", slip__jx_fields(JX_VGA, g, json_object()));
    json = slip__jx_put(json, "vnc", slip__jx_fields(JX_VNC, g, json_object()));
    json = slip__jx_put(json, "sdl", slip__jx_fields(JX_SDL, g, json_object()));
    json = slip__jx_put(json, "spice", slip__jx_fields(JX_SPICE, g, json_object()));
    json = put_gfx(json, &g->gfx_passthru);
    json = put_one_or_list(json, "serial", "serial_list", &g->serial);
    json = put_one_or_list(json, "usbdevice", "usbdevice_list", &g->usbdevice);
    json = slip__jx_put(json, "rdm", slip__jx_fields(JX_RDM, g, json_object()));
    if (SLIP_IS_GIVEN(g->mca_caps) && g->mca_caps.count == 1 &&
        strcmp(g->mca_caps.items[0].value, "lmce") == 0) {
        json = slip__jx_put(json, "mca_caps", json_integer(1));
        slip__said(&g->mca_caps.mark);
    }
    if (SLIP_IS_GIVEN(g->ms_vm_genid) && g->ms_vm_genid.value == SLIP_GENID_NONE)
        slip__said(&g->ms_vm_genid.mark);
    return json;
}

static json_t *b_info(struct slip_guest *g)
{
    json_t *json = put_vcpus(json_object(), g);

    if (SLIP_IS_GIVEN(g->memory))
        g->maxmem.mark.origin = SLIP_GIVEN; /* xl writes both */
    json = slip__jx_fields(JX_B_INFO, g, json);
    json = put_cpuid(json, g);
    json = put_vnuma(json, g);
    json = slip__jx_put(json, "sched_params", slip__jx_fields(JX_SCHED, g, json_object()));
    json = put_host(json, g);
    json = slip__jx_put(json, "claim_mode", json_string("True"));
    json = put_start(json, g);
    if (g->type.value == SLIP_TYPE_HVM)
        json = slip__jx_put(json, "type.hvm", hvm_json(g));
    else if (g->type.value == SLIP_TYPE_PV)
        json = slip__jx_put(json, "type.pv", slip__jx_fields(JX_PV, g, json_object()));
    else
        json = slip__jx_put(json, "type.pvh", slip__jx_fields(JX_PVH, g, json_object()));
    json = slip__jx_put(json, "arch_arm", slip__jx_fields(JX_ARM, g, json_object()));
    json = slip__jx_put(json, "arch_x86", slip__jx_fields(JX_X86, g, json_object()));
    if (SLIP_IS_GIVEN(g->altp2m)) {
        char word[32];
        const struct slip_field *field = slip__field_named(&slip__record_guest, "altp2m");

        slip__said(&g->altp2m.mark);
        if (g->altp2m.value != SLIP_ALTP2M_DISABLED)
            json = slip__jx_put(
                json, "altp2m",
                json_string(slip__jx_word(field->words, g->altp2m.value, word, sizeof(word))));
    }
    return json;
}

static json_t *c_info(struct slip_guest *g)
{
    static const char *const types[] = {
        [SLIP_TYPE_PV] = "pv", [SLIP_TYPE_PVH] = "pvh", [SLIP_TYPE_HVM] = "hvm"};
    json_t *json = slip__jx_put(json_object(), "type", json_string(types[g->type.value]));

    slip__said(&g->type.mark);
    if (SLIP_IS_SET(g->uuid)) /* one that was made, too: it has its place among the others */
        g->uuid.mark.origin = SLIP_GIVEN;
    json = slip__jx_fields(JX_C_INFO, g, json);
    return slip__jx_put(json, "run_hotplug_scripts", json_string("True"));
}

static json_t *put_actions(json_t *json, struct slip_guest *g)
{
    const struct {
        const char *key;
        struct slip_num *action;
        int64_t xl; /* what xl puts there */
    } actions[] = {{"on_poweroff", &g->on_poweroff, SLIP_ACTION_DESTROY},
                   {"on_reboot", &g->on_reboot, SLIP_ACTION_RESTART},
                   {"on_watchdog", &g->on_watchdog, SLIP_ACTION_DESTROY},
                   {"on_crash", &g->on_crash, SLIP_ACTION_DESTROY},
                   {"on_soft_reset", &g->on_soft_reset, SLIP_ACTION_SOFT_RESET}};
    const struct slip_field *field = slip__field_named(&slip__record_guest, "on_crash");
    char word[32];

    for (size_t i = 0; i < SLIP_COUNT(actions); i++) {
        int64_t value = slip__num_or(actions[i].action, actions[i].xl);

        slip__said(&actions[i].action->mark);
        if (value != SLIP_ACTION_DESTROY)
            json =
                slip__jx_put(json, actions[i].key,
                             json_string(slip__jx_word(field->words, value, word, sizeof(word))));
    }
    return json;
}

/* What this format alone had words for goes back to where it was. */
static json_t *put_kept(json_t *json, struct slip_guest *g)
{
    for (size_t i = 0; i < g->foreign.count; i++) {
        struct slip_foreign *f = &g->foreign.items[i];
        json_t *object = json, *value;
        const char *p, *slash;
        char key[64];

        if (!f->format.value || strcmp(f->format.value, "libxl-json") != 0 || !f->path.value ||
            !f->text.value)
            continue;
        for (p = f->path.value + 1; object && (slash = strchr(p, '/')); p = slash + 1) {
            snprintf(key, sizeof(key), "%.*s", (int)(slash - p), p);
            object = json_is_array(object) ? json_array_get(object, (size_t)strtoul(key, NULL, 10))
                                           : json_object_get(object, key);
        }
        value = json_is_object(object) ? json_loads(f->text.value, JSON_DECODE_ANY, NULL) : NULL;
        if (value && json_object_set_new(object, p, value) == 0)
            slip__said_all(&slip__record_foreign, f);
    }
    return json;
}

int slip__jx_emit(struct slip_emit *e)
{
    struct slip_guest *g = e->guest;
    json_t *json = slip__jx_put(json_object(), "c_info", c_info(g));
    char *text;

    json = slip__jx_put(json, "b_info", b_info(g));
    json = slip__jx_devices(json, e);
    json = put_actions(json, g);
    json = json ? put_kept(json, g) : NULL;
    text = json ? json_dumps(json, e->options->compact ? JSON_COMPACT : JSON_INDENT(4)) : NULL;
    json_decref(json);
    if (!text)
        return -1;
    slip__buf_printf(e->out, "%s\n", text);
    free(text);
    return 0;
}
