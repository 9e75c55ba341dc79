/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Deprecated spellings replaced by today's, for whoever writes a guest: one place, so that no format has to know them.
 * A guest that was resolved has the new value already (rules of how it starts); one that was only read gets it here. It
 * must not know any format.
 */
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "guest/guest.h"

static void drop_str(struct slip_str *str)
{
    free(str->value);
    *str = (struct slip_str){0};
}

static void given(struct slip_mark *mark)
{
    if (mark->origin == SLIP_DEFAULT)
        mark->origin = SLIP_GIVEN;
}

static int builder(struct slip_guest *g)
{
    if (!SLIP_IS_SET(g->builder))
        return 0;
    if (!SLIP_IS_SET(g->type))
        slip__num_set(&g->type, strcmp(g->builder.value, "hvm") == 0 ? SLIP_TYPE_HVM : SLIP_TYPE_PV,
                      g->builder.mark);
    given(&g->type.mark);
    drop_str(&g->builder);
    return 0;
}

static int bios(struct slip_guest *g)
{
    /* Elsewhere it has no effect, and stays to be told of. */
    if (!SLIP_IS_SET(g->bios) || slip__num_or(&g->type, SLIP_TYPE_PV) != SLIP_TYPE_HVM)
        return 0;
    if (!SLIP_IS_SET(g->firmware) &&
        slip__str_set(&g->firmware, g->bios.value, strlen(g->bios.value), g->bios.mark) < 0)
        return -1;
    given(&g->firmware.mark);
    drop_str(&g->bios);
    return 0;
}

static int cmdline(struct slip_guest *g)
{
    SLIP_AUTO(slip__buf_dispose) struct slip_buf text = {0};
    struct slip_mark mark = SLIP_IS_SET(g->extra) ? g->extra.mark : g->root.mark;

    if (!SLIP_IS_SET(g->root) && !SLIP_IS_SET(g->extra))
        return 0;
    if (!SLIP_IS_SET(g->cmdline)) {
        if (SLIP_IS_SET(g->root))
            slip__buf_printf(&text, "root=%s", g->root.value);
        if (SLIP_IS_SET(g->extra))
            slip__buf_printf(&text, "%s%s", text.len ? " " : "", g->extra.value);
        if (text.failed || slip__str_set(&g->cmdline, text.data, text.len, mark) < 0)
            return -1;
    }
    given(&g->cmdline.mark);
    drop_str(&g->root);
    drop_str(&g->extra);
    return 0;
}

static int stdvga(struct slip_guest *g)
{
    if (SLIP_IS_SET(g->stdvga) && !SLIP_IS_SET(g->vga))
        slip__num_set(&g->vga, g->stdvga.value ? SLIP_VGA_STDVGA : SLIP_VGA_CIRRUS, g->stdvga.mark);
    g->stdvga = (struct slip_num){0};
    return 0;
}

static int altp2m(struct slip_guest *g)
{
    if (SLIP_IS_SET(g->altp2mhvm) && !SLIP_IS_SET(g->altp2m))
        slip__num_set(&g->altp2m, g->altp2mhvm.value ? SLIP_ALTP2M_MIXED : SLIP_ALTP2M_DISABLED,
                      g->altp2mhvm.mark);
    g->altp2mhvm = (struct slip_num){0};
    return 0;
}

int slip__guest_modernize(struct slip_guest *g)
{
    static int (*const spellings[])(struct slip_guest *) = {builder, bios, cmdline, stdvga, altp2m};

    for (size_t i = 0; i < SLIP_COUNT(spellings); i++) {
        if (spellings[i](g) < 0)
            return -1;
    }
    return 0;
}
