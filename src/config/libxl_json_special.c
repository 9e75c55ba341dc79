/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keys of libxl's JSON that say more, or less, than one field. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/limits.h"
#include "config/libxl_json_read.h"

static json_int_t int_of(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

static void *add_item(struct jx_reader *r, const char *list, struct slip_mark mark)
{
    return slip__list_add(slip__field_named(&slip__record_guest, list), r->guest, mark);
}

/* --- c_info, b_info ---------------------------------------------------------------------------------------------------- */

static int read_type(struct jx_reader *r, const json_t *value, struct slip_mark mark)
{
    const struct slip_field *field = slip__field_named(&slip__record_guest, "type");
    const char *word = json_string_value(value);
    int64_t type;

    if (word && slip__jx_value(field->words, word, &type))
        slip__num_set(&r->guest->type, type, mark);
    else
        slip__jx_wrong(r, mark, "type", "pv, pvh or hvm");
    return 0;
}

/* [0, 1, 2, 5] as 0-2,5. */
static int bitmap_text(const json_t *array, struct slip_buf *out)
{
    size_t n = json_array_size(array);

    for (size_t i = 0; i < n; i++) {
        json_int_t first = json_integer_value(json_array_get(array, i)), last = first;

        while (i + 1 < n && json_integer_value(json_array_get(array, i + 1)) == last + 1) {
            last++;
            i++;
        }
        slip__buf_printf(out, "%s%lld", out->len ? "," : "", (long long)first);
        if (last > first)
            slip__buf_printf(out, "-%lld", (long long)last);
    }
    return out->failed ? -1 : 0;
}

/* A set for each vCPU. */
static int read_affinity(struct jx_reader *r, struct slip_strs *each, const json_t *value,
                         struct slip_mark mark)
{
    for (size_t i = 0; i < json_array_size(value) && i < SLIP_LIMIT_VCPUS; i++) {
        SLIP_AUTO(slip__buf_dispose) struct slip_buf text = {0};

        if (bitmap_text(json_array_get(value, i), &text) < 0)
            return -1;
        if (!text.len) {
            slip__jx_wrong(r, mark, "an affinity", "sets of CPUs");
            return 0;
        }
        each->mark = mark;
        if (slip__strs_add(each, text.data, text.len, mark) < 0)
            return -1;
    }
    return 0;
}

static int read_vnuma(struct jx_reader *r, const json_t *value, struct slip_mark mark)
{
    for (size_t i = 0; i < json_array_size(value) && i < SLIP_LIMIT_VCPUS; i++) {
        SLIP_AUTO(slip__buf_dispose) struct slip_buf vcpus = {0};
        const json_t *one = json_array_get(value, i), *distances;
        struct slip_vnode *node = add_item(r, "vnuma", mark);
        char text[32];

        if (!node || bitmap_text(json_object_get(one, "vcpus"), &vcpus) < 0)
            return -1;
        slip__num_set(&node->pnode, int_of(one, "pnode"), mark);
        slip__num_set(&node->size, int_of(one, "memkb") / 1024, mark);
        if (vcpus.len && slip__str_set(&node->vcpus, vcpus.data, vcpus.len, mark) < 0)
            return -1;
        distances = json_object_get(one, "distances");
        for (size_t k = 0; k < json_array_size(distances) && k < SLIP_LIMIT_VCPUS; k++) {
            node->vdistances.mark = mark;
            snprintf(text, sizeof(text), "%lld",
                     (long long)json_integer_value(json_array_get(distances, k)));
            if (slip__strs_add(&node->vdistances, text, strlen(text), mark) < 0)
                return -1;
        }
    }
    return 0;
}

static int read_cpuid(struct jx_reader *r, const json_t *value, struct slip_mark mark)
{
    static const char *const regs[] = {"eax", "ebx", "ecx", "edx"};

    for (size_t i = 0; i < json_array_size(value) && i < SLIP_LIMIT_LIST_ITEMS; i++) {
        SLIP_AUTO(slip__buf_dispose) struct slip_buf text = {0};
        const json_t *one = json_array_get(value, i), *sub = json_object_get(one, "subleaf");
        char between = ':';

        slip__buf_printf(&text, "0x%llx", (long long)int_of(one, "leaf"));
        if (sub)
            slip__buf_printf(&text, ",0x%llx", (long long)json_integer_value(sub));
        for (size_t k = 0; k < SLIP_COUNT(regs); k++) {
            const char *bits = json_string_value(json_object_get(one, regs[k]));

            if (!bits)
                continue;
            slip__buf_printf(&text, "%c%s=%.32s", between, regs[k], bits);
            between = ',';
        }
        r->guest->cpuid.mark = mark;
        if (text.failed || slip__strs_add(&r->guest->cpuid, text.data, text.len, mark) < 0)
            return -1;
    }
    return 0;
}

static int read_host(struct jx_reader *r, const char *key, const json_t *value,
                     struct slip_mark mark)
{
    for (size_t i = 0; i < json_array_size(value) && i < SLIP_LIMIT_LIST_ITEMS; i++) {
        const json_t *one = json_array_get(value, i);
        char text[32];

        if (strcmp(key, "irqs") == 0) {
            snprintf(text, sizeof(text), "%lld", (long long)json_integer_value(one));
            r->guest->irqs.mark = mark;
            if (slip__strs_add(&r->guest->irqs, text, strlen(text), mark) < 0)
                return -1;
        } else if (strcmp(key, "ioports") == 0) {
            struct slip_ioport *range = add_item(r, key, mark);

            if (!range)
                return -1;
            slip__num_set(&range->first, int_of(one, "first") & 0xffff, mark);
            slip__num_set(&range->last, (int_of(one, "first") + int_of(one, "number") - 1) & 0xffff,
                          mark);
        } else {
            struct slip_iomem *range = add_item(r, key, mark);

            if (!range)
                return -1;
            slip__num_set(&range->start, int_of(one, "start") & (json_int_t)SLIP_LIMIT_FRAME, mark);
            slip__num_set(&range->number, int_of(one, "number") & (json_int_t)SLIP_LIMIT_FRAME,
                          mark);
            if (json_object_get(one, "gfn"))
                slip__num_set(&range->gfn, int_of(one, "gfn") & (json_int_t)SLIP_LIMIT_FRAME, mark);
        }
    }
    return 0;
}

/* "avail_vcpus": [0, 1]: those that are there at the start. */
static int read_avail(struct jx_reader *r, const json_t *value, struct slip_mark mark)
{
    size_t n = json_array_size(value);

    if (n >= 1 && n <= SLIP_LIMIT_VCPUS)
        slip__num_set(&r->guest->vcpus, (int64_t)n, mark);
    return 0;
}

static int read_b_info(struct jx_reader *r, const char *key, const json_t *value,
                       struct slip_mark mark, const char *path)
{
    struct slip_guest *g = r->guest;
    const char *text = json_string_value(value);
    char below[64];

    snprintf(below, sizeof(below), "%s/%.20s", path, key);
    if (strcmp(key, "avail_vcpus") == 0)
        return read_avail(r, value, mark);
    if (strcmp(key, "vcpu_hard_affinity") == 0)
        return read_affinity(r, &g->cpus_each, value, mark);
    if (strcmp(key, "vcpu_soft_affinity") == 0)
        return read_affinity(r, &g->cpus_soft_each, value, mark);
    if (strcmp(key, "vnuma_nodes") == 0)
        return read_vnuma(r, value, mark);
    if (strcmp(key, "cpuid") == 0 && json_is_object(value) &&
        !json_array_size(json_object_get(value, "msr")))
        value = json_object_get(value, "cpuid"); /* since Xen 4.17.2 */
    if (strcmp(key, "cpuid") == 0 && json_is_array(value))
        return read_cpuid(r, value, mark);
    if (strcmp(key, "ioports") == 0 || strcmp(key, "irqs") == 0 || strcmp(key, "iomem") == 0)
        return read_host(r, key, value, mark);
    if (strcmp(key, "sched_params") == 0)
        return slip__jx_object(r, JX_SCHED, g, value, below);
    if (strcmp(key, "type.hvm") == 0)
        return slip__jx_object(r, JX_HVM, g, value, below);
    if (strcmp(key, "type.pv") == 0)
        return slip__jx_object(r, JX_PV, g, value, below);
    if (strcmp(key, "type.pvh") == 0)
        return slip__jx_object(r, JX_PVH, g, value, below);
    if (strcmp(key, "arch_arm") == 0)
        return slip__jx_object(r, JX_ARM, g, value, below);
    if (strcmp(key, "arch_x86") == 0)
        return slip__jx_object(r, JX_X86, g, value, below);
    if (strcmp(key, "kernel") == 0 && text)
        return slip__jx_set_text(&g->kernel, text, mark);
    if (strcmp(key, "ramdisk") == 0 && text) {
        g->ramdisk.mark = mark;
        return slip__strs_add(&g->ramdisk, text, strlen(text), mark);
    }
    if (strcmp(key, "device_model_version") == 0 && text)
        return slip__jx_set_text(
            &g->device_model_version,
            strcmp(text, "qemu_xen_traditional") == 0 ? "qemu-xen-traditional" : "qemu-xen", mark);
    if (strcmp(key, "altp2m") == 0 && text) {
        const struct slip_field *field = slip__field_named(&slip__record_guest, "altp2m");
        int64_t n;

        if (slip__jx_value(field->words, text, &n))
            slip__num_set(&g->altp2m, n, mark);
        return 0;
    }
    if (strcmp(key, "numa_placement") == 0 ||
        (strcmp(key, "claim_mode") == 0 && text && strcmp(text, "True") == 0))
        return 0; /* as xl has it by itself */
    return 1;
}

static int read_viridian(struct jx_reader *r, const json_t *value, bool not, struct slip_mark mark)
{
    bool all = json_array_size(value) > 32; /* "all" sets bits that have no names yet */

    r->guest->viridian.mark = mark;
    if (all)
        return slip__strs_add(&r->guest->viridian, not ? "!all" : "all", not ? 4 : 3, mark);
    for (size_t i = 0; i < json_array_size(value) && i < 32; i++) {
        json_int_t bit = json_integer_value(json_array_get(value, i));
        char word[64];

        if (bit < 0 || !slip__viridian_word((size_t)bit))
            continue;
        snprintf(word, sizeof(word), "%s%s", not ? "!" : "", slip__viridian_word((size_t)bit));
        if (slip__strs_add(&r->guest->viridian, word, strlen(word), mark) < 0)
            return -1;
    }
    return 0;
}

static int read_texts(struct slip_strs *strs, const json_t *value, struct slip_mark mark)
{
    strs->mark = mark;
    if (json_is_string(value))
        return slip__strs_add(strs, json_string_value(value), json_string_length(value), mark);
    for (size_t i = 0; i < json_array_size(value) && i < SLIP_LIMIT_LIST_ITEMS; i++) {
        const char *text = json_string_value(json_array_get(value, i));

        if (text && slip__strs_add(strs, text, strlen(text), mark) < 0)
            return -1;
    }
    return 0;
}

static int read_hvm(struct jx_reader *r, const char *key, const json_t *value,
                    struct slip_mark mark, const char *path)
{
    static const struct {
        const char *key;
        enum jx_object object;
    } parts[] = {
        {"vga", JX_VGA}, {"vnc", JX_VNC}, {"sdl", JX_SDL}, {"spice", JX_SPICE}, {"rdm", JX_RDM}};
    struct slip_guest *g = r->guest;
    const char *text = json_string_value(value);
    char below[96];

    snprintf(below, sizeof(below), "%s/%.20s", path, key);
    for (size_t i = 0; i < SLIP_COUNT(parts); i++) {
        if (strcmp(key, parts[i].key) == 0)
            return slip__jx_object(r, parts[i].object, g, value, below);
    }
    if (strcmp(key, "bios") == 0 && text)
        return slip__jx_set_text(&g->firmware, text, mark);
    if (strcmp(key, "viridian") == 0 && text) {
        g->viridian.mark = mark;
        return strcmp(text, "True") == 0 ? slip__strs_add(&g->viridian, "defaults", 8, mark) : 0;
    }
    if (strcmp(key, "viridian_enable") == 0 || strcmp(key, "viridian_disable") == 0)
        return read_viridian(r, value, key[9] == 'd', mark);
    if (strcmp(key, "serial") == 0 || strcmp(key, "serial_list") == 0)
        return read_texts(&g->serial, value, mark);
    if (strcmp(key, "usbdevice") == 0 || strcmp(key, "usbdevice_list") == 0)
        return read_texts(&g->usbdevice, value, mark);
    if (strcmp(key, "gfx_passthru") == 0 && text) {
        slip__num_set(&g->gfx_passthru,
                      strcmp(text, "True") == 0 ? SLIP_GFX_PASSTHRU_ON : SLIP_GFX_PASSTHRU_OFF,
                      mark);
        return 0;
    }
    if (strcmp(key, "gfx_passthru_kind") == 0 && text && strcmp(text, "igd") == 0) {
        slip__num_set(&g->gfx_passthru, SLIP_GFX_PASSTHRU_IGD, mark);
        return 0;
    }
    if (strcmp(key, "mca_caps") == 0 && json_integer_value(value) == 1) {
        g->mca_caps.mark = mark;
        return slip__strs_add(&g->mca_caps, "lmce", 4, mark);
    }
    if (strcmp(key, "altp2m") == 0 && text) {
        slip__num_set(&g->altp2m, strcmp(text, "True") == 0 ? SLIP_ALTP2M_MIXED : 0, mark);
        return 0;
    }
    return 1;
}

/* --- devices --------------------------------------------------------------------------------------------------------- */

static int read_disk(struct slip_disk *disk, const char *key, const json_t *value,
                     struct slip_mark mark)
{
    const struct slip_field *format = slip__field_named(&slip__record_disk, "format");
    const char *text = json_string_value(value);
    int64_t n;

    if (strcmp(key, "format") == 0 && text) {
        if (slip__jx_value(format->words, text, &n))
            slip__num_set(&disk->format, n, mark);
        return 0; /* "empty" has no target */
    }
    if (strcmp(key, "readwrite") == 0) {
        slip__num_set(&disk->access,
                      json_integer_value(value) ? SLIP_DISK_ACCESS_RW : SLIP_DISK_ACCESS_RO, mark);
        return 0;
    }
    if (strcmp(key, "is_cdrom") == 0) {
        slip__num_set(&disk->cdrom, json_integer_value(value) != 0, mark);
        return 0;
    }
    return strcmp(key, "removable") == 0 ||
                   (strcmp(key, "colo_restore_enable") == 0 && text && strcmp(text, "False") == 0)
               ? 0
               : 1;
}

static int read_nic(struct slip_vif *vif, const char *key, const json_t *value,
                    struct slip_mark mark)
{
    char text[160];

    if (strcmp(key, "devid") == 0) {
        slip__num_set(&vif->devid, json_integer_value(value) & 0xffff, mark);
        return 0;
    }
    if (strcmp(key, "nictype") == 0 && json_is_string(value))
        return slip__jx_set_text(
            &vif->type, strcmp(json_string_value(value), "vif") == 0 ? "vif" : "ioemu", mark);
    if (strcmp(key, "rate_bytes_per_interval") == 0) {
        snprintf(text, sizeof(text), "%lld", (long long)json_integer_value(value));
        return slip__jx_set_text(&vif->rate, text, mark); /* settled by the interval */
    }
    if (strcmp(key, "rate_interval_usecs") == 0 && SLIP_IS_SET(vif->rate)) {
        unsigned long long us = (unsigned long long)json_integer_value(value);
        unsigned long long bytes = strtoull(vif->rate.value, NULL, 10);

        if (!us)
            return 0;
        /* Rounded up, as the way back rounds down. */
        snprintf(text, sizeof(text), "%lluB/s@%lluus",
                 (unsigned long long)(((unsigned __int128)bytes * 1000000 + us - 1) / us), us);
        return slip__jx_set_text(&vif->rate, text, mark);
    }
    if (strncmp(key, "colo_", 5) == 0 && json_is_string(value)) {
        snprintf(text, sizeof(text), "%.60s=%.90s", key, json_string_value(value));
        vif->colo.mark = mark;
        return slip__strs_add(&vif->colo, text, strlen(text), mark);
    }
    return 1;
}

/* A device that is known by its name may have none. */
static bool has_address(const json_t *json)
{
    return !json_object_get(json, "name") || json_object_get(json, "vfunc_mask");
}

/* bus, dev, func and domain make the address; libxl leaves zeros out. */
static int read_pci_address(struct slip_pci *pci, const json_t *json, struct slip_mark mark)
{
    char text[64];
    json_int_t mask = int_of(json, "vfunc_mask"), slot = int_of(json, "vdevfn") >> 3 & 0x1f;

    if (mask == UINT32_MAX || mask == -1)
        snprintf(text, sizeof(text), "%04x:%02x:%02x.*", (unsigned)int_of(json, "domain") & 0xffff,
                 (unsigned)int_of(json, "bus") & 0xff, (unsigned)int_of(json, "dev") & 0x1f);
    else
        snprintf(text, sizeof(text), "%04x:%02x:%02x.%x", (unsigned)int_of(json, "domain") & 0xffff,
                 (unsigned)int_of(json, "bus") & 0xff, (unsigned)int_of(json, "dev") & 0x1f,
                 (unsigned)int_of(json, "func") & 7);
    if (slip__jx_set_text(&pci->bdf, text, mark) < 0)
        return -1;
    if (!slot)
        return 0;
    snprintf(text, sizeof(text), "%x", (unsigned)slot);
    return slip__jx_set_text(&pci->vslot, text, mark);
}

static int read_channel(struct jx_reader *r, struct slip_channel *channel, const char *key,
                        const json_t *value, struct slip_mark mark)
{
    const char *path = json_string_value(json_object_get(value, "path"));

    (void)r;
    if (strncmp(key, "connection.", 11) != 0)
        return 1;
    if (strcmp(key + 11, "pty") == 0)
        slip__num_set(&channel->connection, SLIP_CONNECTION_PTY, mark);
    else if (strcmp(key + 11, "socket") == 0)
        slip__num_set(&channel->connection, SLIP_CONNECTION_SOCKET, mark);
    return path ? slip__jx_set_text(&channel->path, path, mark) : 0;
}

static int read_usbdev(struct slip_usbdev *dev, const char *key, const json_t *value,
                       struct slip_mark mark)
{
    if (strcmp(key, "type.hostdev") != 0)
        return 1;
    slip__num_set(&dev->type, SLIP_USBDEV_TYPE_HOSTDEV, mark);
    slip__num_set(&dev->hostbus, int_of(value, "hostbus") & 0xff, mark);
    slip__num_set(&dev->hostaddr, int_of(value, "hostaddr") & 0xff, mark);
    return 0;
}

/* --- sound ----------------------------------------------------------------------------------------------------------- */

/* What cards, their devices and streams have the same. */
static int read_params(const struct slip_record *record, void *object, const json_t *json,
                       struct slip_mark mark)
{
    static const char *const numbers[] = {"channels_min", "channels_max", "buffer_size"};
    static const char *const texts[] = {"sample_rates", "sample_formats"};

    for (size_t i = 0; i < SLIP_COUNT(numbers); i++) {
        const struct slip_field *field = slip__field_named(record, numbers[i]);
        const json_t *value = json_object_get(json, numbers[i]);

        if (json_is_integer(value))
            slip__num_set((void *)slip__field_mark(field, object),
                          json_integer_value(value) & UINT32_MAX, mark);
    }
    for (size_t i = 0; i < SLIP_COUNT(texts); i++) {
        const json_t *list = json_object_get(json, texts[i]);
        struct slip_strs *strs =
            (void *)slip__field_mark(slip__field_named(record, texts[i]), object);

        for (size_t k = 0; k < json_array_size(list) && k < SLIP_LIMIT_LIST_ITEMS; k++) {
            const json_t *value = json_array_get(list, k);
            const char *text = json_string_value(value);
            char number[32];

            snprintf(number, sizeof(number), "%lld", (long long)json_integer_value(value));
            strs->mark = mark;
            text = text ? text : number;
            if (slip__strs_add(strs, text, strlen(text), mark) < 0)
                return -1;
        }
    }
    return 0;
}

static int set_text(struct slip_str *str, const json_t *json, const char *key,
                    struct slip_mark mark)
{
    const char *text = json_string_value(json_object_get(json, key));

    return text ? slip__jx_set_text(str, text, mark) : 0;
}

static int read_pcm(struct slip_vsnd *card, const json_t *json, struct slip_mark mark)
{
    const json_t *streams = json_object_get(json, "streams");
    struct slip_vsnd_pcm *pcm =
        slip__list_add(slip__field_named(&slip__record_vsnd, "pcm"), card, mark);

    if (!pcm || set_text(&pcm->name, json, "name", mark) < 0 ||
        read_params(&slip__record_vsnd_pcm, pcm, json_object_get(json, "params"), mark) < 0)
        return -1;
    for (size_t i = 0; i < json_array_size(streams) && i < SLIP_LIMIT_LIST_ITEMS; i++) {
        const json_t *one = json_array_get(streams, i);
        const char *type = json_string_value(json_object_get(one, "type"));
        struct slip_vsnd_stream *stream =
            slip__list_add(slip__field_named(&slip__record_vsnd_pcm, "stream"), pcm, mark);

        if (!stream || set_text(&stream->unique_id, one, "unique_id", mark) < 0 ||
            read_params(&slip__record_vsnd_stream, stream, json_object_get(one, "params"), mark) <
                0)
            return -1;
        if (type)
            slip__num_set(&stream->type,
                          strcmp(type, "p") == 0 ? SLIP_SND_STREAM_P : SLIP_SND_STREAM_C, mark);
    }
    return 0;
}

static int read_vsnd(struct slip_vsnd *card, const char *key, const json_t *value,
                     struct slip_mark mark)
{
    if (strcmp(key, "params") == 0)
        return read_params(&slip__record_vsnd, card, value, mark);
    if (strcmp(key, "pcms") != 0)
        return strcmp(key, "devid") == 0 ? 0 : 1;
    for (size_t i = 0; i < json_array_size(value) && i < SLIP_LIMIT_LIST_ITEMS; i++) {
        if (read_pcm(card, json_array_get(value, i), mark) < 0)
            return -1;
    }
    return 0;
}

/* --- all lists ------------------------------------------------------------------------------------------------------- */

static const struct {
    const char *key, *list;
    enum jx_object object;
} lists[] = {
    {"disks", "disk", JX_DISK},
    {"nics", "vif", JX_NIC},
    {"pcidevs", "pci", JX_PCI},
    {"vfbs", "vfb", JX_VFB},
    {"vkbs", "vkb", JX_VKB},
    {"virtios", "virtio", JX_VIRTIO},
    {"vtpms", "vtpm", JX_VTPM},
    {"p9s", "p9", JX_P9},
    {"pvcallsifs", "pvcalls", JX_PVCALLS},
    {"vdispls", "vdispl", JX_VDISPL},
    {"channels", "channel", JX_CHANNEL},
    {"usbctrls", "usbctrl", JX_USBCTRL},
    {"usbdevs", "usbdev", JX_USBDEV},
    {"vsnds", "vsnd", JX_VSND},
};

/* The keyboard that xl puts beside each screen says nothing but its number. */
static bool is_own_vkb(const struct jx_reader *r, enum jx_object object, const json_t *item,
                       size_t index)
{
    return object == JX_VKB && index < r->guest->vfb.count && json_object_size(item) <= 1;
}

static int read_list(struct jx_reader *r, size_t which, const json_t *value, struct slip_mark mark)
{
    char path[48];

    for (size_t i = 0; i < json_array_size(value) && i < SLIP_LIMIT_LIST_ITEMS; i++) {
        const json_t *item = json_array_get(value, i);
        void *record;

        if (is_own_vkb(r, lists[which].object, item, i))
            continue;
        record = add_item(r, lists[which].list, mark);
        snprintf(path, sizeof(path), "/%s/%zu", lists[which].key, i);
        if (!record || slip__jx_object(r, lists[which].object, record, item, path) < 0 ||
            (lists[which].object == JX_PCI && has_address(item) &&
             read_pci_address(record, item, mark) < 0))
            return -1;
    }
    return 0;
}

static int read_top(struct jx_reader *r, const char *key, const json_t *value,
                    struct slip_mark mark, const char *path)
{
    static const char *const actions[] = {"on_poweroff", "on_reboot", "on_watchdog", "on_crash",
                                          "on_soft_reset"};
    char below[32];

    snprintf(below, sizeof(below), "%s/%.20s", path, key);
    if (strcmp(key, "c_info") == 0)
        return slip__jx_object(r, JX_C_INFO, r->guest, value, below);
    if (strcmp(key, "b_info") == 0)
        return slip__jx_object(r, JX_B_INFO, r->guest, value, below);
    for (size_t i = 0; i < SLIP_COUNT(actions); i++) {
        const struct slip_field *field = slip__field_named(&slip__record_guest, actions[i]);
        const char *word = json_string_value(value);
        int64_t n;

        if (strcmp(key, actions[i]) != 0)
            continue;
        if (word && slip__jx_value(field->words, word, &n))
            slip__num_set((void *)slip__field_mark(field, r->guest), n, mark);
        else
            slip__jx_wrong(r, mark, key, "an action");
        return 0;
    }
    for (size_t i = 0; i < SLIP_COUNT(lists); i++) {
        if (strcmp(key, lists[i].key) == 0)
            return read_list(r, i, value, mark);
    }
    if (strcmp(key, "dtdevs") != 0)
        return 1;
    for (size_t i = 0; i < json_array_size(value) && i < SLIP_LIMIT_LIST_ITEMS; i++) {
        const char *p = json_string_value(json_object_get(json_array_get(value, i), "path"));

        r->guest->dtdev.mark = mark;
        if (p && slip__strs_add(&r->guest->dtdev, p, strlen(p), mark) < 0)
            return -1;
    }
    return 0;
}

int slip__jx_special(struct jx_reader *r, enum jx_object object, void *record, const char *key,
                     const json_t *value, struct slip_mark mark, const char *path)
{
    static const char *const pci_parts[] = {"func", "dev", "bus", "domain", "vdevfn", "vfunc_mask"};
    char below[64];
    int rc;

    switch (object) {
    case JX_TOP:
        return read_top(r, key, value, mark, path);
    case JX_C_INFO:
        if (strcmp(key, "type") == 0)
            return read_type(r, value, mark);
        /* Of a running domain, or as xl has it by itself. */
        return strcmp(key, "domid") == 0 || strcmp(key, "run_hotplug_scripts") == 0 ? 0 : 1;
    case JX_B_INFO:
        return read_b_info(r, key, value, mark, path);
    case JX_HVM:
        return read_hvm(r, key, value, mark, path);
    case JX_DISK:
        return read_disk(record, key, value, mark);
    case JX_NIC:
        return read_nic(record, key, value, mark);
    case JX_PCI:
        for (size_t i = 0; i < SLIP_COUNT(pci_parts); i++) {
            if (strcmp(key, pci_parts[i]) == 0)
                return 0;
        }
        return 1;
    case JX_CHANNEL:
        rc = read_channel(r, record, key, value, mark);
        return rc > 0 && strcmp(key, "devid") == 0 ? 0 : rc;
    case JX_USBDEV:
        return read_usbdev(record, key, value, mark);
    case JX_VSND:
        return read_vsnd(record, key, value, mark);
    case JX_VFB:
        snprintf(below, sizeof(below), "%s/%.20s", path, key);
        if (strcmp(key, "vnc") == 0)
            return slip__jx_object(r, JX_VFB_VNC, record, value, below);
        if (strcmp(key, "sdl") == 0)
            return slip__jx_object(r, JX_VFB_SDL, record, value, below);
        break;
    case JX_VDISPL:
        if (strcmp(key, "connectors") == 0) {
            const struct slip_field *field = slip__field_named(&slip__record_vdispl, "connectors");

            for (size_t i = 0; i < json_array_size(value) && i < SLIP_LIMIT_LIST_ITEMS; i++) {
                void *connector = slip__list_add(field, record, mark);

                if (!connector ||
                    slip__jx_object(r, JX_CONNECTOR, connector, json_array_get(value, i), path) < 0)
                    return -1;
            }
            return 0;
        }
        break;
    default:
        break;
    }
    return strcmp(key, "devid") == 0 ? 0 : 1; /* numbers by place */
}

/* The same set for each vCPU that there may be is one for all. */
static void settle_affinity(struct slip_guest *g, struct slip_str *all, const char *list)
{
    const struct slip_field *field = slip__field_named(&slip__record_guest, list);
    struct slip_strs *each = (void *)slip__field_mark(field, g);
    size_t vcpus = (size_t)slip__num_or(&g->maxvcpus, 1);

    for (size_t i = 1; i < each->count; i++) {
        if (strcmp(each->items[i].value, each->items[0].value) != 0)
            return;
    }
    if (!each->count || each->count != vcpus || SLIP_IS_SET(*all))
        return;
    *all = each->items[0];
    each->items[0] = (struct slip_str){0};
    slip__field_dispose(field, g);
}

/* To libxl a flag that is not there is off; elsewhere it follows from the others. */
static void settle_touch(struct slip_vkb *vkb)
{
    bool touch = SLIP_IS_SET(vkb->multi_touch_width) || SLIP_IS_SET(vkb->multi_touch_height) ||
                 SLIP_IS_SET(vkb->multi_touch_num_contacts);

    if (touch && !SLIP_IS_SET(vkb->feature_multi_touch))
        slip__num_set(&vkb->feature_multi_touch, 0, vkb->backend_type.mark);
}

void slip__jx_settle(struct jx_reader *r)
{
    struct slip_guest *g = r->guest;

    settle_affinity(g, &g->cpus, "cpus_each");
    settle_affinity(g, &g->cpus_soft, "cpus_soft_each");
    for (size_t i = 0; i < g->vkb.count; i++)
        settle_touch(&g->vkb.items[i]);

    /* What is not said is not there: libxl leaves zeros out. */
    for (size_t i = 0; i < g->disk.count; i++) {
        struct slip_disk *disk = &g->disk.items[i];

        if (SLIP_IS_SET(disk->target) && !disk->target.value[0])
            slip__field_dispose(slip__field_named(&slip__record_disk, "target"), disk);
        if (!SLIP_IS_SET(disk->access))
            slip__num_set(&disk->access, SLIP_DISK_ACCESS_RO, disk->vdev.mark);
    }
    /* libxl's default action is to destroy; xl's for a reboot is not, and is always said. */
    if (!SLIP_IS_SET(g->on_reboot))
        slip__num_set(&g->on_reboot, SLIP_ACTION_DESTROY, g->name.mark);
    if (!SLIP_IS_SET(g->on_soft_reset))
        slip__num_set(&g->on_soft_reset, SLIP_ACTION_DESTROY, g->name.mark);
    for (size_t i = 0; i < g->vif.count; i++) {
        if (SLIP_IS_SET(g->vif.items[i].devid) && g->vif.items[i].devid.value == (int64_t)i)
            g->vif.items[i].devid = (struct slip_num){0};
    }
}
