/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Prints docs/errors.md from the one table of codes, as `slipway explain` does code by code. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "slipway/codes.h"

static const char *const severities[] = {
    [SLIP_NOTE] = "note", [SLIP_WARNING] = "warning", [SLIP_ERROR] = "error"};

static const struct {
    unsigned from;
    const char *title;
} chapters[] = {
    {100, "The text of a description"}, {200, "Keys and values"},
    {300, "How a guest starts"},        {400, "Kernel and module files"},
    {500, "Memory and layout"},         {600, "Engines and running guests"},
};

/* Markdown would take these for markup, but not between backquotes. */
static void print_escaped(const char *text)
{
    bool code = false;

    for (; *text; text++) {
        code ^= *text == '`';
        if (!code && strchr("\\*_<", *text))
            putchar('\\');
        putchar(*text);
    }
}

int main(void)
{
    const struct slip_code_info *info;
    size_t chapter = 0;

    printf(
        "<!-- SPDX-License-Identifier: LGPL-2.1-or-later -->\n"
        "<!-- Made by docs/gen/errors.c from include/slipway/codes.def: `ninja -C build docs-refresh`. -->\n"
        "# Messages and what they mean\n\n"
        "A message that ends in `[SLIP-nnn]` is explained here, and by `slipway explain SLIP-nnn`. A number never changes its\n"
        "meaning and is never used again. With `--xl-compat` some errors are warnings; their text says so.\n");
    for (unsigned i = 0; (info = slip_code_at(i)); i++) {
        while (chapter < sizeof(chapters) / sizeof(chapters[0]) &&
               info->number >= chapters[chapter].from)
            printf("\n## %s\n", chapters[chapter++].title);
        printf("\n### SLIP-%u: ", info->number);
        print_escaped(info->title);
        printf("\n\n*%s.* ", severities[info->severity]);
        print_escaped(info->story);
        putchar('\n');
    }
    return ferror(stdout) ? 1 : 0;
}
