/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A plan as text for people. Must not know a terminal: no colours, no width. */
#include <string.h>

#include "abi/e820.h"
#include "base/error.h"
#include "build/container.h"
#include "build/report.h"
#include "slipway/plan.h"

typedef unsigned long long ull;

static void put_head(struct slip_buf *buf, const struct slip_plan *plan)
{
    const struct slip_container *container = slip__container(plan->container);
    const struct slip_guest *guest = plan->guest;

    slip__buf_printf(buf, "guest      %s, type %s\n", guest->name.value ? guest->name.value : "?",
                     slip__report_type_word(plan->container));
    slip__buf_printf(buf, "machine    %s\n", plan->machine->name);
    slip__buf_printf(buf, "protocol   %s: %s\n", slip__boot_protocol(plan->protocol)->name,
                     plan->why);
    for (unsigned i = 0; i < plan->n_passed; i++)
        slip__buf_printf(buf, "           not %s: %s\n",
                         slip__boot_protocol(plan->passed[i].protocol)->name, plan->passed[i].why);
    container->start_text(plan, buf);
    slip__buf_printf(buf, "vCPUs      %u", plan->vcpus);
    if (plan->maxvcpus > plan->vcpus)
        slip__buf_printf(buf, " (%u described, the rest not enabled)", plan->maxvcpus);
    slip__buf_puts(buf, "\nmemory     ");
    slip__report_size(buf, (uint64_t)guest->memory.value << 20);
    slip__buf_putc(buf, '\n');
}

/* "  0x00000000fee00000 - 0x00000000fee00fff     4 KiB  " */
static void put_range(struct slip_buf *buf, uint64_t gpa, uint64_t bytes)
{
    struct slip_buf size = {0};

    slip__report_size(&size, bytes);
    slip__buf_printf(buf, "  0x%010llx - 0x%010llx  %10s  ", (ull)gpa, (ull)(gpa + bytes - 1),
                     size.failed ? "?" : size.data);
    buf->failed |= size.failed;
    slip__buf_dispose(&size);
}

static void put_map(struct slip_buf *buf, const struct slip_plan *plan)
{
    slip__buf_printf(buf, "\n%s\n", slip__container(plan->container)->map_title);
    for (unsigned i = 0; i < plan->n_map; i++) {
        put_range(buf, plan->map[i].gpa, plan->map[i].bytes);
        slip__buf_printf(buf, "%s\n", slip__report_map_word(plan->map[i].type));
    }
}

/* Bytes that would move a terminal's cursor or colours are shown as what they are. */
static void put_visible(struct slip_buf *buf, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];

        if (c < 0x20 || c == 0x7f)
            slip__buf_printf(buf, "\\x%02x", c);
        else
            slip__buf_putc(buf, (char)c);
    }
}

static void put_name(struct slip_buf *buf, const char *name)
{
    struct slip_buf clean = {0};

    slip__report_utf8(&clean, name, SIZE_MAX);
    slip__buf_puts(buf, ": ");
    if (!clean.failed)
        put_visible(buf, clean.data, clean.len);
    buf->failed |= clean.failed;
    slip__buf_dispose(&clean);
}

static void put_pieces(struct slip_buf *buf, const struct slip_plan *plan)
{
    slip__buf_puts(buf, "\nin memory at the start (all else is zero)\n");
    for (size_t i = 0; i < plan->n_pieces; i++) {
        const struct slip_piece *p = &plan->pieces[i];

        put_range(buf, p->gpa, p->bytes);
        slip__buf_puts(buf, p->what);
        if (p->name)
            put_name(buf, p->name);
        if (p->source == SLIP_SOURCE_FILE)
            slip__buf_printf(buf, ", %llu bytes", (ull)p->bytes);
        if (p->source == SLIP_SOURCE_ZERO)
            slip__buf_puts(buf, ", zero");
        if (slip__container(plan->container)->maps)
            slip__container(plan->container)->piece_words(plan, p->gpa, p->gpa + p->bytes, buf);
        else if (p->source == SLIP_SOURCE_FILE && p->gpa >= SLIP_4_GIB)
            slip__buf_puts(buf, plan->protocol == SLIP_PROTOCOL_PVH
                                    ? " (no room below 4 GiB; Linux cannot reach an initrd up here)"
                                    : " (no room below 4 GiB)");
        slip__buf_putc(buf, '\n');
    }
}

static void put_acpi(struct slip_buf *buf, const struct slip_plan *plan)
{
    slip__buf_puts(buf, plan->n_acpi ? "\nACPI tables\n" : "");
    for (unsigned i = 0; i < plan->n_acpi; i++)
        slip__buf_printf(buf, "  0x%010llx  %5llu bytes  %s\n", (ull)plan->acpi[i].gpa,
                         (ull)plan->acpi[i].bytes, plan->acpi[i].signature);
}

static void put_cmdline(struct slip_buf *buf, const struct slip_plan *plan)
{
    static const char *const remarks[] = {
        [SLIP_CONSOLE_ADDED] = "; [console=] is ours, autoconsole = 0 leaves it out",
        [SLIP_CONSOLE_NAMED] = "; it names its own console=",
        [SLIP_CONSOLE_OFF] = "; no console= added, autoconsole = 0",
        [SLIP_CONSOLE_NO_ROOM] = "; no console= added, Linux would cut off the end of the line",
    };
    size_t len = strlen(plan->cmdline);
    const char *space = strchr(plan->cmdline, ' ');
    size_t ours = space ? (size_t)(space - plan->cmdline) : len;

    slip__buf_printf(buf, "\ncommand line (%zu bytes%s)\n  ", len, remarks[plan->console]);
    if (plan->console == SLIP_CONSOLE_ADDED) {
        slip__buf_putc(buf, '[');
        put_visible(buf, plan->cmdline, ours);
        slip__buf_putc(buf, ']');
        put_visible(buf, plan->cmdline + ours, len - ours);
    } else {
        put_visible(buf, plan->cmdline, len);
    }
    slip__buf_putc(buf, '\n');
}

int slip_plan_to_text(const struct slip_plan *plan, char **ret, struct slip_error **err)
{
    struct slip_buf buf = {0};
    char *text;

    if (!plan || !ret)
        return slip__error(err, SLIP_EINVAL, "slip_plan_to_text() needs a plan and a place");
    put_head(&buf, plan);
    put_map(&buf, plan);
    put_pieces(&buf, plan);
    put_acpi(&buf, plan);
    put_cmdline(&buf, plan);
    text = slip__buf_steal(&buf);
    if (!text)
        return slip__error_oom(err);
    *ret = text;
    return 0;
}
