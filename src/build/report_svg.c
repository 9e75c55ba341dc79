/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A plan as a picture of guest-physical memory, the highest address on top as in the processor manuals. Each run of
 * addresses is a row whose height grows with the logarithm of its size: a table of 56 bytes and a gigabyte of RAM are both
 * to be seen. Colours work on a light and on a dark page.
 */
#include <stdlib.h>
#include <string.h>

#include "abi/e820.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "build/container.h"
#include "build/report.h"
#include "slipway/plan.h"

#define WIDTH     860
#define BAR_X     150 /* what the memory map says */
#define BAR_WIDTH 14
#define BOX_X     172
#define BOX_WIDTH 380
#define NOTE_X    564
#define TOP       96

/* Free runs up to this size between pieces are slack of page alignment: shown thin, without words. */
#define SLACK_BYTES SLIP_PAGE_BYTES
/* From this many on, modules that lie side by side share a row. */
#define MANY_MODULES 12
#define NAME_CHARS   34

typedef unsigned long long ull;

enum row_kind { ROW_KERNEL, ROW_MODULE, ROW_TABLE, ROW_ACPI, ROW_FREE, ROW_HOLE };

struct row {
    uint64_t gpa, end;
    enum row_kind kind;
    size_t piece, n_pieces; /* those in it */
};

struct rows {
    struct row *row; /* NULL: out of memory */
    size_t count;
};

static void add_row(struct rows *rows, uint64_t gpa, uint64_t end, enum row_kind kind, size_t piece)
{
    if (gpa < end)
        rows->row[rows->count++] = (struct row){gpa, end, kind, piece, kind < ROW_FREE ? 1 : 0};
}

/* Cuts [gpa, end), where no piece is, at the edges of RAM and of the map. */
static void add_free(struct rows *rows, const struct slip_plan *plan, uint64_t gpa, uint64_t end)
{
    while (gpa < end) {
        uint64_t next = end;
        enum row_kind kind = ROW_HOLE;

        for (unsigned i = 0; i < plan->n_map; i++) {
            uint64_t start = plan->map[i].gpa, stop = start + plan->map[i].bytes;

            if (gpa >= start && gpa < stop)
                kind = ROW_FREE;
            if (start > gpa && start < next)
                next = start;
            if (stop > gpa && stop < next)
                next = stop;
        }
        add_row(rows, gpa, next, kind, 0);
        gpa = next;
    }
}

static enum row_kind piece_kind(const struct slip_plan *plan, const struct slip_piece *piece)
{
    if (piece->source == SLIP_SOURCE_IMAGE)
        return ROW_KERNEL;
    if (piece->source == SLIP_SOURCE_FILE)
        return ROW_MODULE;
    if (!plan->n_acpi)
        return ROW_TABLE;
    return piece->gpa >= SLIP_PC_ACPI_GPA && piece->gpa < SLIP_PC_HOLE_END ? ROW_ACPI : ROW_TABLE;
}

static size_t count_modules(const struct slip_plan *plan)
{
    size_t n = 0;

    for (size_t i = 0; i < plan->n_pieces; i++)
        n += plan->pieces[i].source == SLIP_SOURCE_FILE;
    return n;
}

/* All rows from address 0 up. */
static struct rows make_rows(const struct slip_plan *plan)
{
    const struct slip_map_entry *last = &plan->map[plan->n_map - 1];
    bool share = count_modules(plan) >= MANY_MODULES;
    /* A row for each piece, one before each and one at the end, and one more for each edge of the map. */
    struct rows rows = {.row = calloc(2 * plan->n_pieces + 1 + 2 * plan->n_map, sizeof(*rows.row))};
    uint64_t pos = 0;

    if (!rows.row)
        return rows;
    for (size_t i = 0; i < plan->n_pieces; i++) {
        const struct slip_piece *p = &plan->pieces[i];
        struct row *before = rows.count ? &rows.row[rows.count - 1] : NULL;

        if (share && before && before->kind == ROW_MODULE && piece_kind(plan, p) == ROW_MODULE &&
            p->gpa - pos < SLACK_BYTES) {
            before->end = p->gpa + p->bytes;
            before->n_pieces++;
        } else {
            add_free(&rows, plan, pos, p->gpa);
            add_row(&rows, p->gpa, p->gpa + p->bytes, piece_kind(plan, p), i);
        }
        pos = p->gpa + p->bytes;
    }
    add_free(&rows, plan, pos, last->gpa + last->bytes);
    return rows;
}

static bool is_slack(const struct row *row)
{
    return row->kind == ROW_FREE && row->end - row->gpa <= SLACK_BYTES;
}

static unsigned row_height(const struct row *row)
{
    uint64_t pages = (row->end - row->gpa) / SLIP_PAGE_BYTES;
    unsigned log = 0;

    if (is_slack(row))
        return 7;
    if (row->kind == ROW_HOLE)
        return 30;
    while (pages >>= 1)
        log++;
    return 22 + 4 * log;
}

static void put_xml(struct slip_buf *buf, const char *text, size_t limit)
{
    struct slip_buf clean = {0};

    slip__report_utf8(&clean, text, limit);
    buf->failed |= clean.failed;
    for (const char *p = clean.data; p && *p; p++) {
        switch (*p) {
        case '&':
            slip__buf_puts(buf, "&amp;");
            break;
        case '<':
            slip__buf_puts(buf, "&lt;");
            break;
        case '>':
            slip__buf_puts(buf, "&gt;");
            break;
        case '"':
            slip__buf_puts(buf, "&quot;");
            break;
        default: /* XML knows no control characters */
            slip__buf_putc(buf, (unsigned char)*p < 0x20 ? '?' : *p);
        }
    }
    slip__buf_dispose(&clean);
}

static void put_head(struct slip_buf *buf, const struct slip_plan *plan, unsigned height)
{
    const char *name = plan->guest->name.value ? plan->guest->name.value : "guest";

    slip__buf_printf(buf,
                     "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%u\" "
                     "viewBox=\"0 0 %d %u\" font-family=\"sans-serif\" font-size=\"12\">\n",
                     WIDTH, height, WIDTH, height);
    slip__buf_puts(buf, "<style>\n"
                        "text{fill:#6b7280} .name{fill:#111827} .h{font-weight:bold}\n"
                        ".mono{font-family:monospace;font-size:11px}\n"
                        "rect{stroke:#6b7280;stroke-width:.6}\n"
                        ".kernel{fill:#f4b183} .module{fill:#9dc3e6} .table{fill:#ffd966}\n"
                        ".acpi{fill:#d5a6e6} .free{fill:#e5e7eb} .kept{fill:#cbd5e1}\n"
                        ".hole{fill:none;stroke-dasharray:4 3} .bar{stroke:none}\n"
                        ".t1{fill:#6aa84f} .t2{fill:#8d99a6} .t3{fill:#8e63ce} .t4{fill:#8e63ce}\n"
                        ".t0{fill:none}\n"
                        "@media (prefers-color-scheme:dark){text{fill:#9ca3af} .h{fill:#d1d5db}}\n"
                        "</style>\n<title>");
    put_xml(buf, name, SIZE_MAX);
    slip__buf_puts(buf, ": guest memory at the first instruction</title>\n"
                        "<text class=\"h\" x=\"16\" y=\"26\" font-size=\"17\">");
    put_xml(buf, name, 50);
    slip__buf_puts(buf, "</text>\n<text x=\"16\" y=\"46\">");
    slip__buf_printf(buf, "%s, %u vCPU%s, ", slip__report_type_word(plan->container), plan->vcpus,
                     plan->vcpus == 1 ? "" : "s");
    slip__report_size(buf, (uint64_t)plan->guest->memory.value << 20);
    slip__buf_printf(buf, ", machine %s; guest memory when its first instruction runs</text>\n",
                     plan->machine->name);
    slip__buf_puts(buf, "<text class=\"mono\" x=\"16\" y=\"66\">");
    slip__container(plan->container)->start_words(plan, buf);
    slip__buf_puts(buf, "</text>\n");
}

/* What the memory map says about an address; 0: nothing. */
static uint32_t map_type(const struct slip_plan *plan, uint64_t gpa)
{
    for (unsigned i = 0; i < plan->n_map; i++) {
        if (gpa >= plan->map[i].gpa && gpa - plan->map[i].gpa < plan->map[i].bytes)
            return plan->map[i].type;
    }
    return 0;
}

static void put_label(struct slip_buf *buf, const struct slip_plan *plan, const struct row *row)
{
    const struct slip_piece *p = row->n_pieces ? &plan->pieces[row->piece] : NULL;

    if (row->n_pieces > 1) {
        slip__buf_printf(buf, "%zu modules", row->n_pieces);
    } else if (p) {
        slip__buf_puts(buf, p->what);
        if (p->name) {
            slip__buf_puts(buf, ": ");
            put_xml(buf, slip__report_file(p->name), NAME_CHARS);
        }
    } else if (row->kind == ROW_HOLE) {
        slip__buf_puts(buf, "nothing the guest may use as memory");
    } else {
        uint32_t type = map_type(plan, row->gpa);

        slip__buf_puts(buf, type == SLIP_E820_RAM ? "free RAM, zero" : slip__report_map_word(type));
    }
}

static void put_note(struct slip_buf *buf, const struct slip_plan *plan, const struct row *row)
{
    const struct slip_container *container = slip__container(plan->container);

    slip__report_size(buf, row->end - row->gpa);
    if (row->n_pieces)
        container->piece_words(plan, row->gpa, row->end, buf);
    if (row->kind == ROW_MODULE && row->gpa >= SLIP_4_GIB && !container->maps)
        slip__buf_puts(buf, ", no room below 4 GiB");
}

static void put_address(struct slip_buf *buf, uint64_t gpa, unsigned y)
{
    slip__buf_printf(buf,
                     "<text class=\"mono\" x=\"%d\" y=\"%u\" text-anchor=\"end\">0x%llx</text>\n",
                     BAR_X - 8, y, (ull)gpa);
}

static void put_row(struct slip_buf *buf, const struct slip_plan *plan, const struct row *row,
                    unsigned y)
{
    static const char *const classes[] = {
        [ROW_KERNEL] = "kernel", [ROW_MODULE] = "module", [ROW_TABLE] = "table",
        [ROW_ACPI] = "acpi",     [ROW_FREE] = "free",     [ROW_HOLE] = "hole"};
    unsigned height = row_height(row), middle = y + height / 2 + 4;
    uint32_t type = map_type(plan, row->gpa);
    bool kept = row->kind == ROW_FREE && type != SLIP_E820_RAM;

    slip__buf_printf(buf, "<rect class=\"bar t%u\" x=\"%d\" y=\"%u\" width=\"%d\" height=\"%u\"/>",
                     type, BAR_X, y, BAR_WIDTH, height);
    slip__buf_printf(buf, "<rect class=\"%s\" x=\"%d\" y=\"%u\" width=\"%d\" height=\"%u\"/>\n",
                     kept ? "kept" : classes[row->kind], BOX_X, y, BOX_WIDTH, height);
    if (is_slack(row))
        return;
    slip__buf_printf(buf, "<text class=\"%s\" x=\"%d\" y=\"%u\">",
                     row->kind == ROW_HOLE ? "" : "name", BOX_X + 10, middle);
    put_label(buf, plan, row);
    slip__buf_printf(buf, "</text><text x=\"%d\" y=\"%u\">", NOTE_X, middle);
    put_note(buf, plan, row);
    slip__buf_puts(buf, "</text>");
    put_address(buf, row->gpa, y + height - 1);
}

static void put_legend(struct slip_buf *buf, unsigned y)
{
    static const struct {
        uint32_t type;
        const char *word;
    } items[] = {
        {SLIP_E820_RAM, "RAM"}, {SLIP_E820_NVS, "ACPI, kept"}, {SLIP_E820_RESERVED, "reserved"}};
    int x = BAR_X;

    slip__buf_printf(buf, "<text x=\"%d\" y=\"%u\" text-anchor=\"end\">memory map:</text>\n",
                     BAR_X - 8, y + 11);
    for (size_t i = 0; i < SLIP_COUNT(items); i++, x += 110)
        slip__buf_printf(buf,
                         "<rect class=\"bar t%u\" x=\"%d\" y=\"%u\" width=\"%d\" height=\"14\"/>"
                         "<text x=\"%d\" y=\"%u\">%s</text>\n",
                         items[i].type, x, y, BAR_WIDTH, x + BAR_WIDTH + 6, y + 11, items[i].word);
    slip__buf_printf(buf,
                     "<text x=\"%d\" y=\"%u\">heights grow with the logarithm of the size"
                     "</text>\n",
                     NOTE_X - 60, y + 11);
}

int slip_plan_to_svg(const struct slip_plan *plan, char **ret, struct slip_error **err)
{
    struct slip_buf buf = {0};
    struct rows rows;
    unsigned y = TOP, height = TOP + 46;
    char *text;

    if (!plan || !ret)
        return slip__error(err, SLIP_EINVAL, "slip_plan_to_svg() needs a plan and a place");
    rows = make_rows(plan);
    if (!rows.row)
        return slip__error_oom(err);
    for (size_t i = 0; i < rows.count; i++)
        height += row_height(&rows.row[i]);
    put_head(&buf, plan, height);
    for (size_t i = rows.count; i-- > 0;) {
        put_row(&buf, plan, &rows.row[i], y);
        y += row_height(&rows.row[i]);
    }
    put_address(&buf, rows.row[rows.count - 1].end, TOP - 3);
    put_legend(&buf, y + 18);
    slip__buf_puts(&buf, "</svg>\n");
    free(rows.row);
    text = slip__buf_steal(&buf);
    if (!text)
        return slip__error_oom(err);
    *ret = text;
    return 0;
}
