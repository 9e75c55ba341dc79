/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The guest's console on our standard streams. */
#ifndef SLIP_CLI_CONSOLE_H
#define SLIP_CLI_CONSOLE_H

#include <stdbool.h>

enum console_end {
    CONSOLE_ENDED,    /* the guest's side closed: it ended */
    CONSOLE_DETACHED, /* Ctrl-] was typed */
    CONSOLE_SIGNAL,   /* a signal asks us to end */
    CONSOLE_LOST      /* standard output can't be written; errno says why */
};

struct console_result {
    enum console_end end;
    int signal;          /* of CONSOLE_SIGNAL */
    int errnum;          /* of CONSOLE_LOST */
    bool middle_of_line; /* what was printed last did not end its line */
};

/* Copies between the console fd and stdin and stdout until one of the above. A terminal on stdin is raw meanwhile and as it
 * was before afterwards, whatever happens. End of file on stdin ends nothing: the guest lives on. */
struct console_result console_run(int fd);
/* Ends this process by that signal, as if it had never been caught. */
void console_reraise(int signal);

#endif
