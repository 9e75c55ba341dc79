/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Virtual CPUs, where they run, their features, NUMA; both ways. It must not know the rest of a domain. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/libvirt.h"

/* libvirt calls features as QEMU does; xl as Xen's libxl_cpuid.c. Those with the same name in both are not here. */
static const struct {
    const char *libvirt, *xl;
} features[] = {
    {"cx16", "cmpxchg16"},
    {"cid", "cntxid"},
    {"ds_cpl", "dscpl"},
    {"pclmuldq", "pclmulqdq"},
    {"pni", "sse3"},
    {"ht", "htt"},
    {"pn", "psn"},
    {"clflush", "clfsh"},
    {"sep", "sysenter"},
    {"cx8", "cmpxchg8"},
    {"nodeid_msr", "nodeid"},
    {"cr8legacy", "altmovcr8"},
    {"lahf_lm", "lahfsahf"},
    {"cmp_legacy", "cmplegacy"},
    {"fxsr_opt", "ffxsr"},
    {"pdpe1gb", "page1gb"},
    {"spec-ctrl", "ibrsb"},
};

/* forbid and require are what QEMU's domains have besides. */
static const struct {
    const char *policy, *value;
} policies[] = {
    {"force", "1"}, {"disable", "0"}, {"optional", "x"}, {"require", "1"}, {"forbid", "0"},
};

static struct xml_node *child(struct xml_node *node, const char *name)
{
    return node ? slip__xml_child(node, name, NULL) : NULL;
}

static const char *to_xl(const char *name)
{
    for (size_t i = 0; i < SLIP_COUNT(features); i++) {
        if (strcmp(features[i].libvirt, name) == 0)
            return features[i].xl;
    }
    return name;
}

static const char *from_xl(const char *name)
{
    for (size_t i = 0; i < SLIP_COUNT(features); i++) {
        if (strcmp(features[i].xl, name) == 0)
            return features[i].libvirt;
    }
    return name;
}

static bool is_virtualisation(const char *name)
{
    return strcmp(name, "vmx") == 0 || strcmp(name, "svm") == 0;
}

/* vmx and svm are nestedhvm; all others go into cpuid. */
static void read_feature(struct libvirt_reader *r, struct xml_node *node)
{
    const struct xml_attr *name = slip__xml_attr(node, "name");
    const struct xml_attr *policy = slip__xml_attr(node, "policy");
    struct slip_guest *g = r->guest;
    char item[96];
    size_t i = 0;

    while (policy && i < SLIP_COUNT(policies) && strcmp(policies[i].policy, policy->value) != 0)
        i++;
    if (!name || !policy || i == SLIP_COUNT(policies) || strlen(name->value) > 64 ||
        strchr(name->value, ','))
        return;
    slip__libvirt_take(node, "name");
    slip__libvirt_take(node, "policy");
    if (is_virtualisation(name->value)) {
        if (policies[i].value[0] == '0')
            slip__libvirt_num(&g->nestedhvm, 0, policy->span);
        return;
    }
    if (!g->cpuid.count)
        slip__libvirt_add(r, &g->cpuid, "host", node->span);
    snprintf(item, sizeof(item), "%s=%s", to_xl(name->value), policies[i].value);
    slip__libvirt_add(r, &g->cpuid, item, node->span);
}

/* Distances by node number, in a list without gaps; one that is not told is what libvirt takes it for. */
static void read_distances(struct libvirt_reader *r, struct xml_node *cell, size_t id,
                           size_t n_cells, struct slip_vnode *vnode)
{
    struct xml_node *distances = child(cell, "distances");

    if (!distances)
        return;
    slip__libvirt_take_node(distances);
    for (size_t k = 0; k < n_cells; k++) {
        char text[24];
        struct xml_node *s = child(distances, "sibling");
        const char *found = NULL;

        for (; s && !found; s = slip__xml_child(distances, "sibling", s)) {
            const struct xml_attr *of = slip__xml_attr(s, "id");

            if (!of || !slip__libvirt_is_index(of->value, k) || !slip__xml_attr(s, "value"))
                continue;
            slip__libvirt_take(s, "id");
            found = slip__libvirt_take(s, "value");
        }
        snprintf(text, sizeof(text), "%u", k == id ? 10 : 20);
        slip__libvirt_add(r, &vnode->vdistances, found ? found : text, distances->span);
    }
}

static void read_cell(struct libvirt_reader *r, struct xml_node *cell, size_t id, size_t n_cells)
{
    static const struct libvirt_row size = {"size", "@memory", LIBVIRT_KIB, NULL, NULL};
    static const struct libvirt_map map = {&slip__record_vnode, "", 1, &size};
    struct slip_vnode *vnode = slip__libvirt_item(r, "vnuma", cell->span);
    const struct xml_attr *attr = slip__xml_attr(cell, "id"), *cpus = slip__xml_attr(cell, "cpus");
    int64_t n = (int64_t)id;

    if (!vnode)
        return;
    if (cpus) {
        slip__libvirt_set(r, &vnode->vcpus, cpus->value, cpus->span);
        slip__libvirt_take(cell, "cpus");
    }
    slip__libvirt_read_rows(r, &map, cell, vnode);
    if (attr)
        slip__libvirt_number(r, attr->value, attr->span, "id", 0, SLIP_LIMIT_ORDER, &n);
    slip__libvirt_take(cell, "id");
    slip__libvirt_take_node(cell);
    slip__libvirt_num(&vnode->pnode, n, attr ? attr->span : cell->span);
    read_distances(r, cell, (size_t)n, n_cells, vnode);
}

static void read_numa(struct libvirt_reader *r, struct xml_node *numa)
{
    size_t n = 0, id = 0;

    slip__libvirt_take_node(numa);
    for (struct xml_node *c = child(numa, "cell"); c; c = slip__xml_child(numa, "cell", c))
        n++;
    for (struct xml_node *c = child(numa, "cell"); c && !r->oom;
         c = slip__xml_child(numa, "cell", c))
        read_cell(r, c, id++, n);
}

static void read_vcpus(struct libvirt_reader *r, struct xml_node *vcpu)
{
    struct slip_guest *g = r->guest;
    const struct xml_attr *current = slip__xml_attr(vcpu, "current"), *set;
    int64_t n = 1;

    slip__libvirt_take_if(vcpu, "placement", "static");
    if (slip__libvirt_number(r, slip__libvirt_take_text(vcpu), vcpu->text_span, "vcpu", 1,
                             SLIP_LIMIT_VCPUS, &n)) {
        slip__libvirt_num(&g->vcpus, n, vcpu->text_span);
        if (current)
            slip__libvirt_num(&g->maxvcpus, n, vcpu->text_span);
    }
    if (current &&
        slip__libvirt_number(r, current->value, current->span, "current", 1, SLIP_LIMIT_VCPUS, &n))
        slip__libvirt_num(&g->vcpus, n, current->span);
    slip__libvirt_take(vcpu, "current");
    set = slip__xml_attr(vcpu, "cpuset");
    if (set) {
        slip__libvirt_set(r, &g->cpus, set->value, set->span);
        slip__libvirt_take(vcpu, "cpuset");
    }
}

/* vCPUs from 0 on without a gap are a list; others are kept. */
static void read_pins(struct libvirt_reader *r, struct xml_node *tune)
{
    bool more = true;

    while (more && !r->oom) {
        more = false;
        for (struct xml_node *pin = child(tune, "vcpupin"); pin;
             pin = slip__xml_child(tune, "vcpupin", pin)) {
            const struct xml_attr *vcpu = slip__xml_attr(pin, "vcpu");
            const struct xml_attr *set = slip__xml_attr(pin, "cpuset");

            if (pin->taken || !vcpu || !set ||
                !slip__libvirt_is_index(vcpu->value, r->guest->cpus_each.count))
                continue;
            slip__libvirt_add(r, &r->guest->cpus_each, set->value, set->span);
            slip__libvirt_take(pin, "vcpu");
            slip__libvirt_take(pin, "cpuset");
            more = true;
        }
    }
}

void slip__libvirt_read_cpu(struct libvirt_reader *r, struct xml_node *domain)
{
    struct xml_node *vcpu = child(domain, "vcpu"), *cpu = child(domain, "cpu");
    bool host = cpu && slip__libvirt_take_if(cpu, "mode", "host-passthrough");

    if (vcpu)
        read_vcpus(r, vcpu);
    if (child(domain, "cputune"))
        read_pins(r, child(domain, "cputune"));
    if (!cpu)
        return;
    if (child(cpu, "numa"))
        read_numa(r, child(cpu, "numa"));
    if (!host)
        return;
    if (slip__libvirt_is_hvm(r->guest))
        slip__libvirt_num(&r->guest->nestedhvm, 1, cpu->span);
    for (struct xml_node *f = child(cpu, "feature"); f && !r->oom;
         f = slip__xml_child(cpu, "feature", f))
        read_feature(r, f);
}

/* A set that libvirt can read: of numbers, not of the host's nodes. */
static bool is_numbers(const char *set)
{
    return *set && !set[strspn(set, "0123456789-,^")];
}

/* A set of CPUs by number as libvirt writes it: sorted, in ranges, with nothing taken away: 0-1,3. What makes no set is not said. */
static void say_cpus(struct libvirt_writer *w, struct xml_node *node, const char *attr,
                     struct slip_str *set)
{
    enum { MOST = 4096 };
    SLIP_AUTO(slip__buf_dispose) struct slip_buf text = {0};
    bool in[MOST] = {false};
    char *end = set->value;

    for (const char *p = set->value; *p; p = *end ? end + 1 : end) {
        bool without = *p == '^';
        unsigned long from = strtoul(p += without, &end, 10), to = from;

        if (end != p && *end == '-') {
            p = end + 1;
            to = strtoul(p, &end, 10);
        }
        if (end == p || from > to || to >= MOST || (*end && *end != ','))
            return;
        while (from <= to)
            in[from++] = !without;
    }
    for (unsigned i = 0, last; i < MOST; i = last + 1) {
        for (last = i; in[i] && last + 1 < MOST && in[last + 1]; last++)
            ;
        if (in[i])
            slip__buf_printf(&text, "%s%u", text.len ? "," : "", i);
        if (in[i] && last > i)
            slip__buf_printf(&text, "-%u", last);
    }
    w->oom |= text.failed;
    if (!text.len)
        return;
    slip__libvirt_attr(w, node, attr, text.data);
    slip__said(&set->mark);
}

static void write_vcpus(struct libvirt_writer *w)
{
    struct slip_guest *g = w->guest;
    struct xml_node *vcpu = slip__libvirt_make(w, w->root, "vcpu");
    int64_t now = slip__num_or(&g->vcpus, 1), max = slip__num_or(&g->maxvcpus, now);
    char text[32];

    slip__libvirt_attr(w, vcpu, "placement", "static");
    if (SLIP_IS_GIVEN(g->cpus) && is_numbers(g->cpus.value))
        say_cpus(w, vcpu, "cpuset", &g->cpus);
    else if (SLIP_IS_GIVEN(g->cpus) && strcmp(g->cpus.value, "all") == 0)
        slip__said(&g->cpus.mark); /* not there is all */
    if (now != max)
        slip__libvirt_attrf(w, vcpu, "current", "%lld", (long long)now);
    snprintf(text, sizeof(text), "%lld", (long long)max);
    slip__libvirt_text(w, vcpu, text);
    slip__said(&g->vcpus.mark);
    slip__said(&g->maxvcpus.mark);
    for (size_t i = 0; i < g->cpus_each.count; i++) {
        struct slip_str *set = &g->cpus_each.items[i];
        struct xml_node *pin;

        if (!is_numbers(set->value))
            break;
        pin = slip__libvirt_new(w, slip__libvirt_make(w, w->root, "cputune"), "vcpupin");
        slip__libvirt_attrf(w, pin, "vcpu", "%zu", i);
        say_cpus(w, pin, "cpuset", set);
    }
}

/* One FLAG=VALUE of cpuid. False: it is none that libvirt has a word for. */
static bool write_feature(struct libvirt_writer *w, struct xml_node *cpu, const char *item)
{
    const char *equals = strchr(item, '=');
    struct xml_node *feature;
    char name[80];
    size_t i = 0;

    if (!equals || equals == item || (size_t)(equals - item) >= sizeof(name) || strchr(item, ':') ||
        !slip__xml_sayable(item))
        return false;
    while (i < SLIP_COUNT(policies) && strcmp(policies[i].value, equals + 1) != 0)
        i++;
    if (i == SLIP_COUNT(policies))
        return false;
    snprintf(name, sizeof(name), "%.*s", (int)(equals - item), item);
    if (is_virtualisation(name))
        return false; /* nestedhvm says that, and wins */
    feature = slip__libvirt_new(w, cpu, "feature");
    slip__libvirt_attr(w, feature, "policy", policies[i].policy);
    slip__libvirt_attr(w, feature, "name", from_xl(name));
    return true;
}

static void disable_vmx(struct libvirt_writer *w, struct xml_node *cpu)
{
    struct xml_node *feature = slip__libvirt_new(w, cpu, "feature");

    slip__libvirt_attr(w, feature, "policy", "disable");
    slip__libvirt_attr(w, feature, "name", "vmx");
}

/* "k" and "s" are x but for a migration, when they keep what the guest had. */
static void say_flag(struct libvirt_writer *w, struct xml_node *cpu, struct slip_str *item)
{
    size_t len = strlen(item->value);
    char text[96];

    if (len > 2 && len < sizeof(text) && item->value[len - 2] == '=' &&
        strchr("ks", item->value[len - 1])) {
        snprintf(text, sizeof(text), "%.*sx", (int)len - 1, item->value);
        if (!write_feature(w, cpu, text))
            return;
        slip__libvirt_rounded(w, "cpuid", item->mark.span, "'%.60s' becomes '%.60s' in libvirt",
                              item->value, text);
        slip__said(&item->mark);
    } else if (write_feature(w, cpu, item->value)) {
        slip__said(&item->mark);
    }
}

static void write_features(struct libvirt_writer *w)
{
    struct slip_guest *g = w->guest;
    bool flags =
        SLIP_IS_GIVEN(g->cpuid) && g->cpuid.count && strcmp(g->cpuid.items[0].value, "host") == 0;
    bool nested = SLIP_IS_GIVEN(g->nestedhvm) && slip__libvirt_is_hvm(g);
    struct xml_node cpu = {0}, *made;
    const char *name = NULL;

    /* vmx first, as libvirt has it; it goes again if there is nothing to go with. */
    if (slip__libvirt_is_hvm(g) && !slip__num_or(&g->nestedhvm, 0))
        disable_vmx(w, &cpu);
    name = cpu.first ? "vmx" : NULL;
    for (size_t i = 1; flags && i < g->cpuid.count; i++)
        say_flag(w, &cpu, &g->cpuid.items[i]);
    if (flags)
        slip__said(&g->cpuid.items[0].mark);
    if (nested || (cpu.first && cpu.first != (name ? cpu.last : NULL))) {
        made = slip__libvirt_make(w, w->root, "cpu");
        slip__libvirt_attr(w, made, "mode", "host-passthrough");
        made->first = cpu.first; /* numa comes later */
        made->last = cpu.last;
        for (struct xml_node *f = made->first; f; f = f->next)
            f->parent = made;
        if (name && !nested)
            slip__libvirt_default(w, "nestedhvm",
                                  "libvirt lets a guest with CPU features run guests"
                                  " itself, xl does not unless said");
    } else {
        slip__xml_free(cpu.first);
    }
    if (nested)
        slip__said(&g->nestedhvm.mark);
}

static void write_cell(struct libvirt_writer *w, struct xml_node *numa, size_t id,
                       struct slip_vnode *vnode)
{
    struct xml_node *cell = slip__libvirt_new(w, numa, "cell"), *sibling;

    slip__libvirt_attrf(w, cell, "id", "%zu", id);
    if (SLIP_IS_GIVEN(vnode->vcpus) && is_numbers(vnode->vcpus.value))
        say_cpus(w, cell, "cpus", &vnode->vcpus);
    if (SLIP_IS_SET(vnode->size)) {
        slip__libvirt_attrf(w, cell, "memory", "%lld", (long long)vnode->size.value * 1024);
        slip__libvirt_attr(w, cell, "unit", "KiB");
        slip__said(&vnode->size.mark);
    }
    if (slip__num_or(&vnode->pnode, (int64_t)id) == (int64_t)id)
        slip__said(&vnode->pnode.mark);
    for (size_t i = 0; i < vnode->vdistances.count; i++) {
        sibling = slip__libvirt_new(w, slip__libvirt_make(w, cell, "distances"), "sibling");
        slip__libvirt_attrf(w, sibling, "id", "%zu", i);
        slip__libvirt_say_attr(w, sibling, "value", &vnode->vdistances.items[i]);
    }
    slip__said(&vnode->vdistances.mark);
}

void slip__libvirt_write_cpu(struct libvirt_writer *w)
{
    struct slip_guest *g = w->guest;

    write_vcpus(w);
    write_features(w);
    for (size_t i = 0; i < g->vnuma.count; i++)
        write_cell(w, slip__libvirt_make(w, w->root, "cpu/numa"), i, &g->vnuma.items[i]);
    slip__said(&g->vnuma.mark);
}
