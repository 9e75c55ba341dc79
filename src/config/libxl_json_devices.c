/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Devices as libxl's JSON: one function for each kind. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "config/libxl_json_emit.h"

static json_t *put_devid(json_t *json, size_t devid)
{
    return slip__jx_put(json, "devid", json_integer((json_int_t)devid));
}

static json_t *disk_json(struct slip_disk *disk)
{
    static const char *const formats[] = {[SLIP_DISK_FORMAT_RAW] = "raw",
                                          [SLIP_DISK_FORMAT_QCOW] = "qcow",
                                          [SLIP_DISK_FORMAT_QCOW2] = "qcow2",
                                          [SLIP_DISK_FORMAT_VHD] = "vhd",
                                          [SLIP_DISK_FORMAT_QED] = "qed"};
    json_t *json = slip__jx_fields(JX_DISK, disk, json_object());
    bool there = SLIP_IS_SET(disk->target) && disk->target.value[0];

    if (!there)
        json = slip__jx_put(json, "pdev_path", json_string(""));
    json = slip__jx_put(json, "format", json_string(there ? formats[disk->format.value] : "empty"));
    if (disk->cdrom.value)
        json = slip__jx_put(slip__jx_put(json, "removable", json_integer(1)), "is_cdrom",
                            json_integer(1));
    if (disk->access.value == SLIP_DISK_ACCESS_RW)
        json = slip__jx_put(json, "readwrite", json_integer(1));
    if (there || disk->format.value == SLIP_DISK_FORMAT_RAW)
        slip__said(&disk->format.mark);
    slip__said(&disk->cdrom.mark);
    slip__said(&disk->access.mark);
    if (disk->removable.value == disk->cdrom.value)
        slip__said(&disk->removable.mark);
    return json;
}

/* N[GMK]{B|b}/s[@N{us|ms|s}] as bytes in an interval of microseconds. */
static bool rate_of(const char *text, uint64_t *ret_bytes, uint64_t *ret_us)
{
    char *end;
    uint64_t n = strtoull(text, &end, 10), us = 50000;
    uint64_t scale = *end == 'G' ? 1000000000 : *end == 'M' ? 1000000 : *end == 'K' ? 1000 : 1;

    if (end == text || (unsigned __int128)n * scale > UINT64_MAX / 1000)
        return false;
    end += scale > 1;
    if (*end == 'b')
        n = n * scale / 8;
    else if (*end == 'B')
        n *= scale;
    else
        return false;
    if (strncmp(end + 1, "/s", 2) != 0)
        return false;
    end += 3;
    if (*end == '@') {
        us = strtoull(end + 1, &end, 10);
        if (strcmp(end, "us") == 0)
            scale = 1;
        else if (strcmp(end, "ms") == 0)
            scale = 1000;
        else if (strcmp(end, "s") == 0)
            scale = 1000000;
        else
            return false;
        us *= scale;
        end += strlen(end);
    }
    if (*end || us > UINT32_MAX)
        return false;
    *ret_us = us;
    *ret_bytes = (uint64_t)((unsigned __int128)n * us / 1000000);
    return true;
}

static json_t *nic_json(struct slip_vif *vif, size_t index)
{
    json_t *json = put_devid(json_object(), (size_t)slip__num_or(&vif->devid, (int64_t)index));
    uint64_t bytes, us;

    slip__said(&vif->devid.mark);
    json = slip__jx_fields(JX_NIC, vif, json);
    if (SLIP_IS_GIVEN(vif->type)) {
        json =
            slip__jx_put(json, "nictype",
                         json_string(strcmp(vif->type.value, "ioemu") == 0 ? "vif_ioemu" : "vif"));
        slip__said(&vif->type.mark);
    }
    if (SLIP_IS_GIVEN(vif->rate) && rate_of(vif->rate.value, &bytes, &us)) {
        json = slip__jx_put(json, "rate_bytes_per_interval", json_integer((json_int_t)bytes));
        json = slip__jx_put(json, "rate_interval_usecs", json_integer((json_int_t)us));
        slip__said(&vif->rate.mark);
    }
    /* COLO's options have libxl's own names. */
    for (size_t i = 0; i < vif->colo.count; i++) {
        const char *pair = vif->colo.items[i].value, *equals = strchr(pair, '=');
        char key[64];

        if (!equals)
            continue;
        snprintf(key, sizeof(key), "%.*s", (int)(equals - pair), pair);
        json = slip__jx_put(json, key, json_string(equals + 1));
        slip__said(&vif->colo.items[i].mark);
    }
    return json;
}

/* One function or all of them: of several, libxl has a place for the first. */
static int tell_functions(struct slip_emit *e, const struct slip_pci *pci, size_t index)
{
    char setting[32];

    if (strlen(pci->bdf.value) <= sizeof("0000:00:00.0") - 1)
        return 0;
    snprintf(setting, sizeof(setting), "pci[%zu].bdf", index);
    return slip__loss(e->losses, SLIP_LOSS_ROUNDED, setting, pci->bdf.mark.span,
                      "'%s' is said as its first function alone", setting);
}

static json_t *pci_json(struct slip_pci *pci, const struct slip_guest *g)
{
    static const char *const names[] = {"domain", "bus", "dev", "func"};
    const struct {
        struct slip_num *own;
        const struct slip_num *all;
    } flags[] = {{&pci->msitranslate, &g->pci_msitranslate},
                 {&pci->power_mgmt, &g->pci_power_mgmt},
                 {&pci->permissive, &g->pci_permissive},
                 {&pci->seize, &g->pci_seize}};
    json_t *json = json_object();
    unsigned part[4] = {0};
    unsigned slot;
    char star = 0;

    if (SLIP_IS_GIVEN(pci->bdf)) {
        sscanf(pci->bdf.value, "%x:%x:%x.%c", &part[0], &part[1], &part[2], &star);
        part[3] = star >= '0' && star <= '7' ? (unsigned)(star - '0') : 0;
        for (size_t i = 4; i-- > 0;) {
            if (part[i])
                json = slip__jx_put(json, names[i], json_integer(part[i]));
        }
        if (SLIP_IS_GIVEN(pci->vslot) && sscanf(pci->vslot.value, "%x", &slot) == 1 && slot) {
            json = slip__jx_put(json, "vdevfn", json_integer(slot << 3));
            slip__said(&pci->vslot.mark);
        }
        json = slip__jx_put(json, "vfunc_mask", json_integer(star == '*' ? UINT32_MAX : 1));
        slip__said(&pci->bdf.mark);
    }
    for (size_t i = 0; i < SLIP_COUNT(flags); i++) {
        if (!SLIP_IS_GIVEN(*flags[i].own) && SLIP_IS_GIVEN(*flags[i].all))
            *flags[i].own = *flags[i].all;
    }
    return slip__jx_fields(JX_PCI, pci, json);
}

static json_t *vfb_json(struct slip_vfb *vfb, size_t index)
{
    json_t *json = put_devid(json_object(), index);

    json = slip__jx_put(json, "vnc", slip__jx_fields(JX_VFB_VNC, vfb, json_object()));
    json = slip__jx_put(json, "sdl", slip__jx_fields(JX_VFB_SDL, vfb, json_object()));
    return slip__jx_fields(JX_VFB, vfb, json);
}

static json_t *channel_json(struct slip_channel *channel, size_t index)
{
    bool socket = channel->connection.value == SLIP_CONNECTION_SOCKET;
    json_t *json = put_devid(slip__jx_fields(JX_CHANNEL, channel, json_object()), index), *how;

    if (!SLIP_IS_GIVEN(channel->connection))
        return slip__jx_put(json, "connection.unknown", json_object());
    how = json_object();
    if (socket && SLIP_IS_GIVEN(channel->path)) {
        how = slip__jx_put(how, "path", json_string(channel->path.value));
        slip__said(&channel->path.mark);
    }
    slip__said(&channel->connection.mark);
    return slip__jx_put(json, socket ? "connection.socket" : "connection.pty", how);
}

static json_t *usbdev_json(struct slip_usbdev *dev)
{
    json_t *json = slip__jx_fields(JX_USBDEV, dev, json_object()), *host;

    if (!SLIP_IS_GIVEN(dev->type) && !SLIP_IS_GIVEN(dev->hostbus) && !SLIP_IS_GIVEN(dev->hostaddr))
        return json; /* read again, numbers that are not there would be 0 */
    host = json_object();
    if (SLIP_IS_GIVEN(dev->hostbus))
        host = slip__jx_put(host, "hostbus", json_integer(dev->hostbus.value));
    if (SLIP_IS_GIVEN(dev->hostaddr))
        host = slip__jx_put(host, "hostaddr", json_integer(dev->hostaddr.value));
    slip__said(&dev->hostbus.mark);
    slip__said(&dev->hostaddr.mark);
    slip__said(&dev->type.mark);
    return slip__jx_put(json, "type.hostdev", host);
}

static json_t *vdispl_json(struct slip_vdispl *vdispl, size_t index)
{
    json_t *json = put_devid(slip__jx_fields(JX_VDISPL, vdispl, json_object()), index);
    json_t *array = json_array();

    slip__said(&vdispl->connectors.mark);
    for (size_t i = 0; i < vdispl->connectors.count; i++)
        array = slip__jx_append(
            array, slip__jx_fields(JX_CONNECTOR, &vdispl->connectors.items[i], json_object()));
    return slip__jx_put_list(json, "connectors", array);
}

/* --- sound ----------------------------------------------------------------------------------------------------------- */

/* Cards, their devices and streams have the same five. */
static json_t *sound_params(struct slip_strs *rates, struct slip_strs *formats,
                            struct slip_num *channels_min, struct slip_num *channels_max,
                            struct slip_num *buffer_size)
{
    const struct {
        const char *key;
        struct slip_num *num;
    } nums[] = {{"channels_min", channels_min},
                {"channels_max", channels_max},
                {"buffer_size", buffer_size}};
    json_t *json = json_object(), *array = json_array();

    for (size_t i = 0; i < rates->count; i++)
        array = slip__jx_append(array, json_integer(strtoll(rates->items[i].value, NULL, 10)));
    json = slip__jx_put_list(json, "sample_rates", array);
    array = json_array();
    for (size_t i = 0; i < formats->count; i++)
        array = slip__jx_append(array, json_string(formats->items[i].value));
    json = slip__jx_put_list(json, "sample_formats", array);
    slip__said(&rates->mark);
    slip__said(&formats->mark);
    for (size_t i = 0; i < SLIP_COUNT(nums); i++) {
        if (SLIP_IS_GIVEN(*nums[i].num) && nums[i].num->value)
            json = slip__jx_put(json, nums[i].key, json_integer(nums[i].num->value));
        slip__said(&nums[i].num->mark);
    }
    return json;
}

#define PARAMS(x)                                                                                  \
    sound_params(&(x)->sample_rates, &(x)->sample_formats, &(x)->channels_min, &(x)->channels_max, \
                 &(x)->buffer_size)

static json_t *stream_json(struct slip_vsnd_stream *s)
{
    json_t *json = json_object();

    if (SLIP_IS_GIVEN(s->unique_id))
        json = slip__jx_put(json, "unique_id", json_string(s->unique_id.value));
    if (SLIP_IS_GIVEN(s->type))
        json =
            slip__jx_put(json, "type", json_string(s->type.value == SLIP_SND_STREAM_P ? "p" : "c"));
    slip__said(&s->unique_id.mark);
    slip__said(&s->type.mark);
    return slip__jx_put(json, "params", PARAMS(s));
}

static json_t *pcm_json(struct slip_vsnd_pcm *pcm)
{
    json_t *json = json_object(), *array = json_array();

    slip__said(&pcm->stream.mark);
    if (SLIP_IS_GIVEN(pcm->name))
        json = slip__jx_put(json, "name", json_string(pcm->name.value));
    slip__said(&pcm->name.mark);
    json = slip__jx_put(json, "params", PARAMS(pcm));
    for (size_t i = 0; i < pcm->stream.count; i++)
        array = slip__jx_append(array, stream_json(&pcm->stream.items[i]));
    return slip__jx_put_list(json, "streams", array);
}

static json_t *vsnd_json(struct slip_vsnd *card, size_t index)
{
    json_t *json = put_devid(slip__jx_fields(JX_VSND, card, json_object()), index);
    json_t *array = json_array();

    slip__said(&card->pcm.mark);
    json = slip__jx_put(json, "params", PARAMS(card));
    for (size_t i = 0; i < card->pcm.count; i++)
        array = slip__jx_append(array, pcm_json(&card->pcm.items[i]));
    return slip__jx_put_list(json, "pcms", array);
}

/* --- all ------------------------------------------------------------------------------------------------------------- */

/* A list of devices whose keys are all in the table. */
static json_t *put_plain(json_t *json, const char *key, enum jx_object object, bool devid,
                         void *items, size_t count)
{
    size_t size = slip__jx_record(object)->size;
    json_t *array = json_array();

    for (size_t i = 0; i < count; i++) {
        json_t *one = slip__jx_fields(object, (char *)items + i * size, json_object());

        array = slip__jx_append(array, devid ? put_devid(one, i) : one);
    }
    return slip__jx_put_list(json, key, array);
}

static json_t *put_disks(json_t *json, struct slip_guest *g)
{
    json_t *array = json_array();

    for (size_t i = 0; i < g->disk.count; i++)
        array = slip__jx_append(array, disk_json(&g->disk.items[i]));
    return slip__jx_put_list(json, "disks", array);
}

static json_t *put_nics(json_t *json, struct slip_guest *g)
{
    json_t *array = json_array();

    for (size_t i = 0; i < g->vif.count; i++)
        array = slip__jx_append(array, nic_json(&g->vif.items[i], i));
    return slip__jx_put_list(json, "nics", array);
}

static json_t *put_pci(json_t *json, struct slip_emit *e)
{
    struct slip_guest *g = e->guest;
    struct slip_num *all[] = {&g->pci_msitranslate, &g->pci_power_mgmt, &g->pci_permissive,
                              &g->pci_seize};
    json_t *array = json_array();

    for (size_t i = 0; array && i < g->pci.count; i++) {
        array = slip__jx_append(array, pci_json(&g->pci.items[i], g));
        if (SLIP_IS_GIVEN(g->pci.items[i].bdf) && tell_functions(e, &g->pci.items[i], i) < 0) {
            json_decref(array);
            array = NULL;
        }
    }
    for (size_t i = 0; i < SLIP_COUNT(all) && g->pci.count; i++)
        slip__said(&all[i]->mark); /* with each device */
    return slip__jx_put_list(json, "pcidevs", array);
}

static json_t *put_dtdev(json_t *json, struct slip_guest *g)
{
    json_t *array = json_array();

    for (size_t i = 0; i < g->dtdev.count; i++)
        array = slip__jx_append(
            array, slip__jx_put(json_object(), "path", json_string(g->dtdev.items[i].value)));
    slip__said(&g->dtdev.mark);
    return slip__jx_put_list(json, "dtdevs", array);
}

/* Whoever gives the touched area means that there is one. */
static json_t *vkb_json(struct slip_vkb *vkb)
{
    bool touch = SLIP_IS_GIVEN(vkb->multi_touch_width) || SLIP_IS_GIVEN(vkb->multi_touch_height) ||
                 SLIP_IS_GIVEN(vkb->multi_touch_num_contacts);

    if (touch && !SLIP_IS_SET(vkb->feature_multi_touch))
        slip__num_set(&vkb->feature_multi_touch, 1, (struct slip_mark){.origin = SLIP_GIVEN});
    return slip__jx_fields(JX_VKB, vkb, json_object());
}

/* Each screen has a keyboard and a pointer beside it, which xl adds. */
static json_t *put_screens(json_t *json, struct slip_guest *g)
{
    json_t *vfbs = json_array(), *vkbs = json_array();

    for (size_t i = 0; i < g->vfb.count; i++) {
        vfbs = slip__jx_append(vfbs, vfb_json(&g->vfb.items[i], i));
        vkbs = slip__jx_append(vkbs, put_devid(json_object(), i));
    }
    for (size_t i = 0; i < g->vkb.count; i++)
        vkbs = slip__jx_append(vkbs, put_devid(vkb_json(&g->vkb.items[i]), g->vfb.count + i));
    json = slip__jx_put_list(json, "vfbs", vfbs);
    return slip__jx_put_list(json, "vkbs", vkbs);
}

/* Whatever is said of a device, it has its object in the list. */
static void each_is_there(struct slip_guest *g)
{
    struct slip_mark *const lists[] = {
        &g->disk.mark,    &g->vif.mark,    &g->pci.mark,     &g->vfb.mark,    &g->vkb.mark,
        &g->virtio.mark,  &g->vtpm.mark,   &g->p9.mark,      &g->vdispl.mark, &g->vsnd.mark,
        &g->channel.mark, &g->usbdev.mark, &g->usbctrl.mark, &g->pvcalls.mark};

    for (size_t i = 0; i < SLIP_COUNT(lists); i++)
        slip__said(lists[i]);
}

json_t *slip__jx_devices(json_t *json, struct slip_emit *e)
{
    struct slip_guest *g = e->guest;
    json_t *array;

    each_is_there(g);
    json = put_disks(json, g);
    json = put_nics(json, g);
    json = put_pci(json, e);
    json = put_dtdev(json, g);
    json = put_screens(json, g);
    json = put_plain(json, "virtios", JX_VIRTIO, true, g->virtio.items, g->virtio.count);
    json = put_plain(json, "vtpms", JX_VTPM, true, g->vtpm.items, g->vtpm.count);
    json = put_plain(json, "p9s", JX_P9, false, g->p9.items, g->p9.count);
    json = put_plain(json, "pvcallsifs", JX_PVCALLS, true, g->pvcalls.items, g->pvcalls.count);
    array = json_array();
    for (size_t i = 0; i < g->vdispl.count; i++)
        array = slip__jx_append(array, vdispl_json(&g->vdispl.items[i], i));
    json = slip__jx_put_list(json, "vdispls", array);
    array = json_array();
    for (size_t i = 0; i < g->vsnd.count; i++)
        array = slip__jx_append(array, vsnd_json(&g->vsnd.items[i], i));
    json = slip__jx_put_list(json, "vsnds", array);
    array = json_array();
    for (size_t i = 0; i < g->channel.count; i++)
        array = slip__jx_append(array, channel_json(&g->channel.items[i], i));
    json = slip__jx_put_list(json, "channels", array);
    json = put_plain(json, "usbctrls", JX_USBCTRL, true, g->usbctrl.items, g->usbctrl.count);
    array = json_array();
    for (size_t i = 0; i < g->usbdev.count; i++)
        array = slip__jx_append(array, usbdev_json(&g->usbdev.items[i]));
    return slip__jx_put_list(json, "usbdevs", array);
}
