/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Named limits of what XenStore, guests and scripts may make the xen engine do, with the reason beside each. */
#ifndef SLIP_ENGINE_XEN_LIMITS_H
#define SLIP_ENGINE_XEN_LIMITS_H

/* XenStore's daemon says nothing for so long: it hangs. A busy one with thousands of domains still answers in a second. */
#define SLIP_LIMIT_XENSTORE_MS 20000
/* Times a transaction is tried again because somebody else wrote the same nodes meanwhile. */
#define SLIP_LIMIT_XENSTORE_RETRIES 64u
/* Names below one node: 32752 domains of six bytes are 200 KB. */
#define SLIP_LIMIT_XENSTORE_LIST_BYTES (1u << 20)
/* Events that wait to be read; more than that are one: a reader looks at everything again anyway. */
#define SLIP_LIMIT_XENSTORE_EVENTS 256u

/* A backend of the host answers within milliseconds, unless its module is missing or the host is overloaded: as long as xl waits. */
#define SLIP_LIMIT_BACKEND_MS 40000
/* Hotplug scripts are shell: on a slow or busy host one takes seconds. */
#define SLIP_LIMIT_SCRIPT_MS 60000
/* A guest that is asked to take or give up a device: as long as xl waits. */
#define SLIP_LIMIT_FRONTEND_MS 10000
/* A guest that is going away anyway gets less. */
#define SLIP_LIMIT_CLOSE_MS 2000
/* A guest's acknowledgement of control/shutdown. */
#define SLIP_LIMIT_CONTROL_MS 10000

/* Whoever waits for a domain's end is told of it; this is only how long one wait can be. */
#define SLIP_LIMIT_LOOK_AGAIN_MS 600000

/* xenconsoled makes a new domain's terminal within this, unless it does not run. On an overloaded host that has just started, more
 * than five seconds have been seen. */
#define SLIP_LIMIT_CONSOLE_MS 20000
/* It is waited for so long before a domain's nodes are taken away: it would write the terminal's again. */
#define SLIP_LIMIT_CONSOLE_NOTE_MS 500

/* How long after a guest's last words its console is taken to be silent, if what is missing is in the ring; and if more is missing,
 * which only xenconsoled can have, or somebody else who reads there. */
#define SLIP_LIMIT_REST_QUIET_MS 100
#define SLIP_LIMIT_REST_MS       3000

/* Disks of all domains together that are compared with a new one: 32752 domains with two each. */
#define SLIP_LIMIT_DISKS_ON_HOST 65536u

/* Devices of one kind and domain that are looked at. */
#define SLIP_LIMIT_DEVICES 1024u

#endif
