/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Named limits on what a domain and those who talk to it may make its supervisor keep, with the reason beside each. */
#ifndef SLIP_LIFE_LIMITS_H
#define SLIP_LIFE_LIMITS_H

/* A JSON message between command and supervisor. */
#define SLIP_LIMIT_MESSAGE_BYTES (64u << 10)
/* Console output kept for those who attach later. */
#define SLIP_LIMIT_CONSOLE_HISTORY_BYTES (128u << 10)
/* Consoles attached to one guest at a time. */
#define SLIP_LIMIT_CLIENTS 16u
/* Domains of one hypervisor: Xen's numbers end below 0x7ff0. */
#define SLIP_LIMIT_DOMAINS 0x7ff0u

/* How often a kernel is taken to another form or place than it was loaded in: into the form that its notes ask for, then to where it can
 * be. Its reader is a child that nobody vouches for, and might ask for ever. */
#define SLIP_LIMIT_KERNEL_PLACES 3u

#endif
