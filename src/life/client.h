/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A command's side of the control socket: one connection to one supervisor. */
#ifndef SLIP_LIFE_CLIENT_H
#define SLIP_LIFE_CLIENT_H

#include <jansson.h>

#include "base/error.h"
#include "guest/limits.h"
#include "life/protocol.h"
#include "life/state.h"

struct slip_client {
    int fd;
    int root_fd;    /* state folder, for more connections; owned */
    int console_fd; /* a creator's console, attached from the start; -1: none, or handed out */
    bool owned;     /* the domain is to end with this connection, even if its supervisor dies */
    struct slip_ending ending; /* once it was told */
    char name[SLIP_LIMIT_NAME_BYTES + 1];
};

#define SLIP_CLIENT_INIT ((struct slip_client){.fd = -1, .root_fd = -1, .console_fd = -1})

/* Connects; root_fd is taken over on success. */
int slip__client_open(int root_fd, const char *name, struct slip_client *ret,
                      struct slip_error **err);
void slip__client_dispose(struct slip_client *client);

/* Asks and waits for the answer, for as long as the verb may take. SLIP_ENOENT: the domain has ended. ret (may be NULL) gets
 * the reply. */
int slip__client_request(struct slip_client *client, const char *verb, json_t **ret,
                         struct slip_error **err);
/* The same with a request that has more than a verb (made by slip__message_request(); the reference is taken). */
int slip__client_send(struct slip_client *client, json_t *request, json_t **ret,
                      struct slip_error **err);
/* Opens another connection that is the console. */
int slip__client_console(struct slip_client *client, int *ret_fd, struct slip_error **err);
/* Waits for the end and leaves it in client->ending, whichever end it is: a supervisor that died is SLIP_END_FAILED. */
void slip__client_wait(struct slip_client *client);

/* What the domain says of itself, or, if it does not answer by the deadline, what its record says. SLIP_ENOENT: it is gone. */
int slip__client_look(int root_fd, const char *name, uint64_t deadline_us,
                      struct slip_domain_info *ret, struct slip_error **err);

#endif
