/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command line as the guest gets it. Must not know where it lies in memory. */
#include "build/cmdline.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guest/limits.h"

/* Does a word of the line begin with console=? Words end at spaces outside double quotes, as Linux reads them. */
static bool names_console(const char *line)
{
    static const char key[] = "console=";
    bool quoted = false, word_start = true;

    for (const char *p = line; *p; p++) {
        if (word_start && strncmp(p, key, sizeof(key) - 1) == 0)
            return true;
        if (*p == '"')
            quoted = !quoted;
        word_start = !quoted && (*p == ' ' || *p == '\t' || *p == '\n');
    }
    return false;
}

static size_t limit(const struct slip_machine *machine)
{
    return machine->cmdline_max ? machine->cmdline_max : SLIP_LIMIT_CMDLINE_BYTES;
}

static enum slip_console_word console_word(const struct slip_guest *guest,
                                           const struct slip_machine *machine, const char *line,
                                           size_t added)
{
    size_t len = strlen(line);

    if (SLIP_IS_SET(guest->autoconsole) && !guest->autoconsole.value)
        return SLIP_CONSOLE_OFF;
    if (names_console(line))
        return SLIP_CONSOLE_NAMED;
    if (len <= SLIP_LIMIT_LINUX_CMDLINE_BYTES && len + added > SLIP_LIMIT_LINUX_CMDLINE_BYTES)
        return SLIP_CONSOLE_NO_ROOM;
    return len + added > limit(machine) ? SLIP_CONSOLE_NO_ROOM : SLIP_CONSOLE_ADDED;
}

int slip__cmdline_make(const struct slip_guest *guest, const struct slip_machine *machine,
                       char **ret, enum slip_console_word *ret_console, struct slip_error **err)
{
    const char *line = guest->cmdline.value ? guest->cmdline.value : "";
    size_t len = strlen(line), added = strlen("console= ") + strlen(machine->console);
    char *text;

    if (len > SLIP_LIMIT_CMDLINE_BYTES)
        return slip__error_code(err, SLIP_EDESC, SLIP_CODE_CMDLINE_TOO_LONG,
                                "the command line has %zu bytes, the limit is %u", len,
                                SLIP_LIMIT_CMDLINE_BYTES);
    if (len > limit(machine))
        return slip__error_code(err, SLIP_EDESC, SLIP_CODE_PV_CMDLINE,
                                "the command line has %zu bytes, a %s machine's start info has "
                                "room for %zu",
                                len, machine->name, limit(machine));
    *ret_console = console_word(guest, machine, line, added);
    /* In front: what follows a "--" is for init, not for the kernel. */
    if (*ret_console != SLIP_CONSOLE_ADDED)
        text = strdup(line);
    else if (asprintf(&text, "console=%s%s%s", machine->console, len ? " " : "", line) < 0)
        text = NULL;
    if (!text)
        return slip__error_oom(err);
    *ret = text;
    return 0;
}
