/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Talking to a supervisor. It must not know what the supervisor does about it. */
#include "life/client.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "life/stray.h"

/* Most answers take microseconds, but the supervisor may be building its guest again (a second for a large initrd). */
#define ANSWER_US 15000000u
/* A reboot builds the guest before it answers, an end gives back all its memory (seconds for hundreds of GiB), and a device is
 * there once the guest's driver has taken it. */
#define LONG_ANSWER_US 60000000u

int slip__client_open(int root_fd, const char *name, struct slip_client *ret,
                      struct slip_error **err)
{
    struct slip_client client = SLIP_CLIENT_INIT;
    int rc;

    rc = slip__state_connect(root_fd, name, &client.fd, err);
    if (rc < 0)
        return rc;
    client.root_fd = root_fd;
    memcpy(client.name, name, strlen(name) + 1); /* connect() checked its length */
    *ret = client;
    return 0;
}

void slip__client_dispose(struct slip_client *client)
{
    if (client->fd >= 0)
        close(client->fd);
    if (client->console_fd >= 0)
        close(client->console_fd);
    if (client->root_fd >= 0)
        close(client->root_fd);
    slip__ending_dispose(&client->ending);
    *client = SLIP_CLIENT_INIT;
}

static int has_ended(const struct slip_client *client, struct slip_error **err)
{
    return slip__error_code(err, SLIP_ENOENT, SLIP_CODE_NO_SUCH_DOMAIN, "guest '%s' has ended",
                            client->name);
}

static void set_died(struct slip_client *client)
{
    if (client->root_fd >= 0)
        slip__stray_clear(client->root_fd, client->name, client->owned);
    client->ending.end = SLIP_END_FAILED;
    slip__error_code(&client->ending.err, SLIP_EINTERNAL, SLIP_CODE_SUPERVISOR_DIED,
                     "the supervisor of guest '%s' died", client->name);
}

/* The next message that is not the end; at the end, or if the supervisor closed without a word, *ret is NULL and the ending
 * is set. */
static int next_message(struct slip_client *client, uint64_t deadline_us, json_t **ret,
                        struct slip_error **err)
{
    json_t *message = NULL;
    int rc = slip__message_receive(client->fd, deadline_us, &message, err);

    if (rc < 0)
        return rc;
    if (message && strcmp(slip__message_text(message, "event"), "end") == 0) {
        slip__ending_from_json(message, &client->ending);
        json_decref(message);
        message = NULL;
    } else if (!message) {
        set_died(client);
    }
    *ret = message;
    return 0;
}

/* A silent supervisor is named, with what its person can do. */
static int explain_silence(const struct slip_client *client, int rc, struct slip_error **err)
{
    struct slip_domain_info info = {0};

    if (!err || slip_error_code(*err) != SLIP_CODE_NO_ANSWER ||
        slip__state_read_record(client->root_fd, client->name, &info, NULL) < 0 ||
        info.supervisor_pid <= 0)
        return rc;
    slip__error_prefix(err, "guest '%s' (supervisor: process %d)", client->name,
                       (int)info.supervisor_pid);
    slip__error_hint(err, "if it is stopped: kill -CONT %d; to end the guest hard: kill -KILL %d",
                     (int)info.supervisor_pid, (int)info.supervisor_pid);
    return rc;
}

static uint64_t patience_us(const char *verb)
{
    static const char *const slow[] = {"reboot", "destroy", "attach", "detach-device"};

    for (size_t i = 0; i < SLIP_COUNT(slow); i++)
        if (strcmp(verb, slow[i]) == 0)
            return LONG_ANSWER_US;
    return ANSWER_US;
}

/* Takes the request. */
static int ask(struct slip_client *client, json_t *request, uint64_t deadline_us, json_t **ret,
               struct slip_error **err)
{
    json_t *reply = NULL;
    int rc;

    if (client->ending.end) {
        json_decref(request);
        return has_ended(client, err);
    }
    /* A failed send is no news: if the supervisor is gone, its last words are still to be read. */
    rc = slip__message_send(client->fd, request, deadline_us, NULL);
    if (rc == SLIP_ENOMEM)
        return slip__error_oom(err);
    rc = next_message(client, deadline_us, &reply, err);
    if (rc < 0)
        return explain_silence(client, rc, err);
    if (!reply)
        return has_ended(client, err);
    rc = slip__message_result(reply, err);
    if (rc == 0 && ret)
        *ret = json_incref(reply);
    json_decref(reply);
    return rc;
}

int slip__client_request(struct slip_client *client, const char *verb, json_t **ret,
                         struct slip_error **err)
{
    return slip__client_send(client, slip__message_request(verb), ret, err);
}

int slip__client_send(struct slip_client *client, json_t *request, json_t **ret,
                      struct slip_error **err)
{
    uint64_t patience = patience_us(slip__message_text(request, "request"));

    return ask(client, request, slip__now_us() + patience, ret, err);
}

int slip__client_console(struct slip_client *client, int *ret_fd, struct slip_error **err)
{
    struct slip_client console = SLIP_CLIENT_INIT;
    int rc;

    if (client->console_fd >= 0) {
        *ret_fd = slip__steal_fd(&client->console_fd);
        return 0;
    }
    rc = slip__client_open(client->root_fd, client->name, &console, err);
    if (rc < 0)
        return rc;
    rc = slip__client_request(&console, "console", NULL, err);
    if (rc == 0) {
        fcntl(console.fd, F_SETFL, fcntl(console.fd, F_GETFL) & ~O_NONBLOCK);
        *ret_fd = slip__steal_fd(&console.fd);
    }
    console.root_fd = -1; /* borrowed */
    slip__client_dispose(&console);
    return rc;
}

void slip__client_wait(struct slip_client *client)
{
    while (!client->ending.end) {
        json_t *message = NULL;
        struct slip_error *err = NULL;

        if (next_message(client, SLIP_NO_DEADLINE, &message, &err) < 0) {
            client->ending.end = SLIP_END_FAILED;
            client->ending.err = err;
        }
        json_decref(message); /* an answer nobody waits for any more */
    }
}

int slip__client_look(int root_fd, const char *name, uint64_t deadline_us,
                      struct slip_domain_info *ret, struct slip_error **err)
{
    struct slip_client client = SLIP_CLIENT_INIT;
    json_t *reply = NULL;
    int rc;

    rc = slip__client_open(root_fd, name, &client, NULL);
    if (rc == 0)
        rc = ask(&client, slip__message_request("info"), deadline_us, &reply, NULL);
    client.root_fd = -1; /* borrowed */
    slip__client_dispose(&client);
    if (rc == SLIP_ENOENT) /* it ended while we asked */
        return slip__error_code(err, SLIP_ENOENT, SLIP_CODE_NO_SUCH_DOMAIN,
                                "there is no guest called '%s'", name);
    if (rc < 0)
        return slip__state_read_record(root_fd, name, ret, err);
    slip__info_from_json(reply, ret);
    json_decref(reply);
    return 0;
}
