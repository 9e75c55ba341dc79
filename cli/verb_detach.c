/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* slipway detach: pulls a device from a running guest. */
#include <string.h>

#include "cli.h"

int cli_device_kind(const struct cli_args *args, const char *word, enum slip_device_kind *ret)
{
    static const struct {
        const char *word;
        enum slip_device_kind kind;
    } kinds[] = {{"disk", SLIP_DEVICE_DISK}, {"vif", SLIP_DEVICE_VIF}};

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (strcmp(word, kinds[i].word) == 0) {
            *ret = kinds[i].kind;
            return CLI_OK;
        }
    }
    return cli_error(args, CLI_USAGE, "it is disk or vif", "'%s' is no kind of device", word);
}

static int run(const struct cli_args *args)
{
    struct slip_domain *domain = NULL;
    enum slip_device_kind kind = SLIP_DEVICE_DISK;
    struct slip_error *err = NULL;
    int code = cli_device_kind(args, args->names[1], &kind), rc;

    if (code != CLI_OK)
        return code;
    rc = slip_domain_open(args->names[0], &domain, &err);
    if (rc == 0)
        rc = slip_domain_device_detach(domain, kind, args->names[2], &err);
    slip_domain_free(domain);
    return rc < 0 ? cli_fail(args, err, CLI_FAILED) : CLI_OK;
}

const struct cli_verb cli_verb_detach = {
    .name = "detach",
    .summary = "pull a disk or a network interface from a guest",
    .usage = "[--json] NAME disk|vif WHICH",
    .options = "j",
    .min_args = 3,
    .max_args = 3,
    .about =
        "Pulls a device from the running guest NAME and returns when it is gone. WHICH is a disk's vdev (xvdb) or number, an interface's "
        "number or hardware address; 'slipway info NAME' lists them. The guest is without it after restarts, too.",
    .run = run,
};
