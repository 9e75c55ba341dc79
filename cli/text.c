/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Words and bytes on a screen: escaping, filling, comparing. Knows nothing of guests. */
#include "text.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* How many bytes the UTF-8 character at s takes; 0 if there is none, or one that steers the terminal (C0, DEL, C1). */
static size_t printable_bytes(const unsigned char *s, size_t len)
{
    static const uint32_t first_of_size[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t size;
    uint32_t c;

    if (s[0] < 0x80)
        return s[0] >= 0x20 && s[0] != 0x7f;
    if (s[0] >= 0xc0 && s[0] < 0xe0)
        size = 2;
    else if (s[0] >= 0xe0 && s[0] < 0xf0)
        size = 3;
    else if (s[0] >= 0xf0 && s[0] < 0xf8)
        size = 4;
    else
        return 0;
    if (size > len)
        return 0;
    c = s[0] & (0xffu >> (size + 1));
    for (size_t i = 1; i < size; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | (s[i] & 0x3f);
    }
    if (c < first_of_size[size] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000) || c < 0xa0)
        return 0;
    return size;
}

struct text_cell text_cell_at(const char *text, size_t len, size_t at)
{
    struct text_cell cell = {.bytes = 1, .columns = 1};
    size_t size = printable_bytes((const unsigned char *)text + at, len - at);

    if (text[at] == '\t') {
        cell.tab = true;
        cell.shown[0] = '\t';
    } else if (size) {
        cell.bytes = size;
        memcpy(cell.shown, text + at, size);
    } else {
        cell.columns = 4;
        snprintf(cell.shown, sizeof(cell.shown), "\\x%02x", (unsigned char)text[at]);
    }
    return cell;
}

static void print_n(FILE *out, const char *text, size_t len)
{
    struct text_cell cell;

    for (size_t at = 0; at < len; at += cell.bytes) {
        cell = text_cell_at(text, len, at);
        fputs(cell.tab ? "\\x09" : cell.shown, out);
    }
}

void text_print(FILE *out, const char *text)
{
    print_n(out, text, strlen(text));
}

json_t *text_json(const char *text, size_t len)
{
    char *escaped = NULL;
    size_t size = 0;
    json_t *value;
    FILE *f;

    if (!text)
        return json_null();
    value = json_stringn(text, len);
    if (value)
        return value;
    f = open_memstream(&escaped, &size);
    if (!f)
        return NULL;
    print_n(f, text, len);
    if (fclose(f) == 0)
        value = json_stringn(escaped, size);
    free(escaped);
    return value;
}

static const char *fill_paragraph(FILE *out, const char *text, unsigned indent)
{
    unsigned column = 0;

    while (*text && *text != '\n') {
        unsigned word = (unsigned)strcspn(text, " \n");

        if (column && column + 1 + word > 80) {
            fputc('\n', out);
            column = 0;
        }
        fprintf(out, "%*s%.*s", (int)(column ? 1 : indent), "", (int)word, text);
        column += (column ? 1 : indent) + word;
        text += word + strspn(text + word, " ");
    }
    fputc('\n', out);
    return *text ? text + 1 : text;
}

void text_fill(FILE *out, const char *text, unsigned indent)
{
    while (*text)
        text = fill_paragraph(out, text, indent);
}

static unsigned min2(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

unsigned text_distance(const char *a, const char *b, unsigned limit)
{
    enum { MAX = 32 };
    unsigned d[MAX + 1][MAX + 1];
    size_t n = strlen(a), m = strlen(b);

    if (n > MAX || m > MAX)
        return limit + 1;
    for (size_t i = 0; i <= n; i++)
        d[i][0] = (unsigned)i;
    for (size_t j = 0; j <= m; j++)
        d[0][j] = (unsigned)j;
    for (size_t i = 1; i <= n; i++) {
        for (size_t j = 1; j <= m; j++) {
            d[i][j] =
                min2(d[i - 1][j - 1] + (a[i - 1] != b[j - 1]), min2(d[i - 1][j], d[i][j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                d[i][j] = min2(d[i][j], d[i - 2][j - 2] + 1);
        }
    }
    return min2(d[n][m], limit + 1);
}

void text_duration(char *ret, size_t size, uint64_t us)
{
    if (us < 10000)
        snprintf(ret, size, "%.1f ms", (double)us / 1e3);
    else if (us < 1000000)
        snprintf(ret, size, "%.0f ms", (double)us / 1e3);
    else if (us < 100000000)
        snprintf(ret, size, "%.1f s", (double)us / 1e6);
    else
        snprintf(ret, size, "%llu min %llu s", (unsigned long long)(us / 60000000),
                 (unsigned long long)(us / 1000000 % 60));
}

uint64_t text_now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

bool text_color(FILE *out)
{
    const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

    return isatty(fileno(out)) && !(no_color && *no_color) && !(term && strcmp(term, "dumb") == 0);
}
