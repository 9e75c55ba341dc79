/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xl block-attach, block-list, block-detach and the same for network: devices of running guests. */
#include <stdlib.h>
#include <string.h>

#include "xl.h"

/* What tells disks from network interfaces. */
struct kind {
    enum slip_device_kind kind;
    const char *key;        /* in a description: what a list of them is called */
    const char *list;       /* and in libxl's JSON */
    const char *item;       /* what -N prints before one */
    const char *add_failed; /* what xl says, for scripts that look for it */
    const char *remove_failed;
};

static const struct kind disks = {SLIP_DEVICE_DISK,
                                  "disk",
                                  "disks",
                                  "disk",
                                  "libxl_device_disk_add failed.",
                                  "libxl_device_disk_safe_remove failed."};
static const struct kind nics = {SLIP_DEVICE_VIF,
                                 "vif",
                                 "nics",
                                 "vif",
                                 "libxl_device_nic_add failed.",
                                 "libxl_device_nic_del failed."};

/* The arguments after the domain as one spec: xl reads each where the one before ended. NULL when out of memory. */
static char *join_specs(const struct xl_args *args)
{
    char *spec = NULL;
    size_t size;
    FILE *f = open_memstream(&spec, &size);

    for (int i = 1; f && i < args->n; i++)
        fprintf(f, "%s%s", i > 1 ? "," : "", args->names[i]);
    if (f && fclose(f) != 0) {
        free(spec);
        spec = NULL;
    }
    return spec;
}

static void show_diags(const struct xl_args *args, const struct slip_diags *diags)
{
    struct cli_guest g = {.path = "command line", .diags = (struct slip_diags *)diags};

    cli_guest_report(&args->cli, &g, SLIP_OK, NULL);
}

/* Prints what a spec means, as libxl's JSON. It is read as part of a description that is otherwise the least there is. */
static int dry_attach(const struct xl_args *args, const struct kind *k, const char *spec)
{
    struct slip_diags *diags = slip_diags_new();
    const char quote = strchr(spec, '"') ? '\'' : '"';
    struct slip_guest_options options = {
        .size = sizeof(options), .flags = SLIP_GUEST_XL_COMPAT, .format = "xl"};
    struct slip_guest *guest = NULL;
    struct slip_error *err = NULL;
    json_t *config = NULL;
    char *text = NULL;
    int len, rc, code = XL_FAILED;

    len = asprintf(&text, "name=\"x\"\ntype=\"pvh\"\nkernel=\"/x\"\n%s=[%c%s%c]\n", k->key, quote,
                   spec, quote);
    if (len < 0 || !diags) {
        text = len < 0 ? NULL : text;
        cli_error(&args->cli, CLI_FAILED, NULL, "out of memory");
        goto out;
    }
    rc = slip_guest_parse("command line", NULL, text, (size_t)len, &options, diags, &guest, &err);
    show_diags(args, diags);
    if (rc < 0 && rc != SLIP_EDESC)
        xl_say(args, err);
    else
        slip_error_free(err);
    if (rc < 0)
        goto out;
    config = xl_json_guest(guest);
    printf("%s: ", k->item);
    code = xl_json_print(json_incref(json_array_get(json_object_get(config, k->list), 0)), stdout);
out:
    json_decref(config);
    slip_guest_free(guest);
    slip_diags_free(diags);
    free(text);
    return code;
}

static int plug(const struct xl_args *args, const struct kind *k, struct slip_domain *domain,
                const char *spec)
{
    struct slip_diags *diags = slip_diags_new();
    struct slip_error *err = NULL;
    int rc;

    if (!diags)
        return cli_error(&args->cli, CLI_FAILED, NULL, "out of memory");
    rc = slip_domain_device_attach(domain, k->kind, spec, diags, &err);
    show_diags(args, diags);
    if (rc < 0 && (rc != SLIP_EDESC || slip_diags_count(diags) == 0))
        xl_say(args, err);
    else
        slip_error_free(err);
    slip_diags_free(diags);
    if (rc < 0)
        fprintf(stderr, "%s\n", k->add_failed);
    return rc < 0 ? XL_FAILED : XL_OK;
}

static int attach(const struct xl_args *args, const struct kind *k)
{
    struct slip_domain *domain = NULL;
    int code = xl_open(args, args->names[0], &domain);
    char *spec = NULL;

    if (code != XL_OK)
        return code;
    spec = join_specs(args);
    if (!spec)
        code = cli_error(&args->cli, CLI_FAILED, NULL, "out of memory");
    else
        code = args->dry_run ? dry_attach(args, k, spec) : plug(args, k, domain, spec);
    free(spec);
    slip_domain_free(domain);
    return code;
}

static int detach(const struct xl_args *args, const struct kind *k)
{
    const char *which = args->names[1];
    struct slip_domain *domain = NULL;
    struct slip_error *err = NULL;
    int rc, code = xl_open(args, args->names[0], &domain);

    if (code != XL_OK)
        return code;
    rc = slip_domain_device_detach(domain, k->kind, which, &err);
    if (rc == SLIP_ENOENT && k->kind == SLIP_DEVICE_DISK)
        fprintf(stderr, "Error: Device %s not connected.\n", which);
    else if (rc == SLIP_ENOENT)
        fprintf(stderr, "Unknown device %s.\n", which);
    else if (rc < 0) {
        xl_say(args, err);
        err = NULL;
        fprintf(stderr, "%s\n", k->remove_failed);
    }
    slip_error_free(err);
    slip_domain_free(domain);
    return rc < 0 ? XL_FAILED : XL_OK;
}

static int list(const struct xl_args *args, const char *name, slip_device_fn *print)
{
    struct slip_domain *domain = NULL;
    struct slip_error *err = NULL;
    struct slip_domain_info info = {.size = sizeof(info), .domid = -1};
    int code = xl_open(args, name, &domain);

    if (code == XL_OK)
        slip_domain_info(domain, &info, NULL);
    if (code == XL_OK && slip_domain_device_list(domain, print, &info.domid, &err) < 0)
        xl_say(args, err); /* xl goes on with the next */
    slip_domain_free(domain);
    return code;
}

static int block_attach(const struct xl_args *args)
{
    return attach(args, &disks);
}

const struct xl_verb xl_verb_block_attach = {
    .name = "block-attach",
    .summary = "Give a running guest a disk",
    .usage = "<Domain> <disk-spec-component(s)>...",
    .letters = "",
    .min_args = 2,
    .can_dry_run = true,
    .changes = true,
    .run = block_attach,
};

/* payload: the guest's number, which is what xl shows for a handle. */
static int print_disk(const struct slip_device_info *d, void *payload)
{
    const int *domid = payload;

    if (d->kind == SLIP_DEVICE_DISK)
        printf("%-5d %-3d %-6d %-5d %-6d %-8d %-30s\n", d->devid, d->backend_domid, *domid,
               d->guest_state, d->event_channel, d->ring_ref, d->path);
    return 0;
}

static int block_list(const struct xl_args *args)
{
    printf("%-5s %-3s %-6s %-5s %-6s %-8s %-30s\n", "Vdev", "BE", "handle", "state", "evt-ch",
           "ring-ref", "BE-path");
    for (int i = 0; i < args->n; i++)
        list(args, args->names[i], print_disk);
    return XL_OK;
}

const struct xl_verb xl_verb_block_list = {
    .name = "block-list",
    .summary = "List the disks of guests",
    .usage = "<Domain(s)>",
    .letters = "",
    .min_args = 1,
    .run = block_list,
};

static int block_detach(const struct xl_args *args)
{
    return detach(args, &disks);
}

static const struct option detach_longs[] = {
    {"force", no_argument, NULL, 'f'}, {"help", no_argument, NULL, 'h'}, {0}};

const struct xl_verb xl_verb_block_detach = {
    .name = "block-detach",
    .summary = "Take a disk from a running guest",
    .usage = "[option] <Domain> <DevId>",
    .help = "-f, --force  taken, and makes no difference here",
    .letters = "f",
    .longs = detach_longs,
    .min_args = 2,
    .changes = true,
    .run = block_detach,
};

static int network_attach(const struct xl_args *args)
{
    return attach(args, &nics);
}

const struct xl_verb xl_verb_network_attach = {
    .name = "network-attach",
    .summary = "Give a running guest a network interface",
    .usage = "<Domain> [mac=<mac>] [bridge=<bridge>] [vifname=<name>] [script=<script>] ...",
    .letters = "",
    .min_args = 1,
    .can_dry_run = true,
    .changes = true,
    .run = network_attach,
};

static int print_nic(const struct slip_device_info *d, void *payload)
{
    (void)payload;
    if (d->kind == SLIP_DEVICE_VIF)
        printf("%-3d %-2d %s%6d %5d %6d %5d/%-11d %-30s\n", d->devid, d->backend_domid, d->mac,
               d->devid, d->guest_state, d->event_channel, d->ring_ref, d->ring_ref_rx, d->path);
    return 0;
}

static int network_list(const struct xl_args *args)
{
    int code = XL_OK;

    printf("%-3s %-2s %-17s %-6s %-5s %-6s %5s/%-5s %-30s\n", "Idx", "BE", "Mac Addr.", "handle",
           "state", "evt-ch", "tx-", "rx-ring-ref", "BE-path");
    for (int i = 0; code == XL_OK && i < args->n; i++)
        code = list(args, args->names[i], print_nic);
    return code;
}

const struct xl_verb xl_verb_network_list = {
    .name = "network-list",
    .summary = "List the network interfaces of guests",
    .usage = "<Domain(s)>",
    .letters = "",
    .min_args = 1,
    .run = network_list,
};

static int network_detach(const struct xl_args *args)
{
    return detach(args, &nics);
}

const struct xl_verb xl_verb_network_detach = {
    .name = "network-detach",
    .summary = "Take a network interface from a running guest",
    .usage = "<Domain> <DevId|mac>",
    .letters = "",
    .min_args = 2,
    .changes = true,
    .run = network_detach,
};
