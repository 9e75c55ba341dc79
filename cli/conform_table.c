/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The clauses of `slipway conform`: reading them from a probe's report, counting, printing. Starts nothing. */
#include <string.h>

#include "conform.h"
#include "text.h"

uint32_t conform_sum(const void *data, size_t len)
{
    const unsigned char *bytes = data;
    uint32_t sum = 0;

    for (size_t i = 0; i < len; i++)
        sum = ((sum << 1) | (sum >> 31)) + bytes[i];
    return sum;
}

static struct conform_clause *find_clause(struct conform_protocol *p, const char *name)
{
    for (size_t i = 0; i < p->n_clauses; i++) {
        if (strcmp(p->clauses[i].name, name) == 0)
            return &p->clauses[i];
    }
    return NULL;
}

void conform_judge(struct conform_protocol *p, const struct conform_case *c, const char *name,
                   const char *text, enum conform_verdict verdict, const char *why)
{
    struct conform_clause *clause = find_clause(p, name);

    if (!clause) {
        if (p->n_clauses == CONFORM_MAX_CLAUSES)
            return;
        clause = &p->clauses[p->n_clauses++];
        snprintf(clause->name, sizeof(clause->name), "%s", name);
    }
    if (text && !*clause->text)
        snprintf(clause->text, sizeof(clause->text), "%s", text);
    if (verdict == CONFORM_PASSED)
        clause->passed++;
    if (verdict == CONFORM_UNSEEN && !clause->unseen++ && !clause->missed)
        snprintf(clause->why, sizeof(clause->why), "%s", why ? why : "");
    if (verdict == CONFORM_MISSED && !clause->missed++)
        snprintf(clause->why, sizeof(clause->why), "%s%s%u vCPUs, %u MiB, %u modules",
                 why ? why : "", why ? "; " : "", c->vcpus, c->mib, c->n_modules);
}

/* "ok 3 - cr0: text", "not ok ...", "... # SKIP why". detail: the line after it, for a miss. */
static bool read_line(struct conform_protocol *p, const struct conform_case *c, char *line,
                      const char *detail)
{
    bool ok = strncmp(line, "ok ", 3) == 0;
    char *dash, *text, *skip;

    if (!ok && strncmp(line, "not ok ", 7) != 0)
        return false;
    dash = strstr(line, " - ");
    if (!dash)
        return false;
    text = strchr(dash, ':');
    skip = strstr(dash, " # SKIP ");
    if (!text || (skip && text > skip))
        return false;
    *text++ = 0;
    text += *text == ' ';
    if (skip) {
        *skip = 0;
        skip += strlen(" # SKIP ");
    }
    conform_judge(p, c, dash + 3, text,
                  !ok    ? CONFORM_MISSED
                  : skip ? CONFORM_UNSEEN
                         : CONFORM_PASSED,
                  skip                                             ? skip
                  : !ok && detail && strncmp(detail, "# ", 2) == 0 ? detail + 2
                                                                   : NULL);
    return true;
}

void conform_read_tap(struct conform_protocol *p, const struct conform_case *c, char *output,
                      const char *end)
{
    char *line = output, *next, *after;
    unsigned lines = 0, plan = 0;
    char started[64], why[256], last[128] = "nothing";

    for (char *cr = output; (cr = strchr(cr, '\r'));)
        memmove(cr, cr + 1, strlen(cr));
    snprintf(started, sizeof(started), "# probe: started by %s\n", p->name);
    conform_judge(p, c, "started", "by the protocol that was asked for",
                  strstr(output, started) ? CONFORM_PASSED : CONFORM_MISSED,
                  *output ? NULL : "it printed nothing");
    for (; line && *line; line = next) {
        next = strchr(line, '\n');
        after = NULL;
        if (next) {
            *next++ = 0;
            after = strchr(next, '\n');
            if (after)
                *after = 0;
        }
        if (*line)
            snprintf(last, sizeof(last), "%s", line);
        lines += read_line(p, c, line, next);
        if (after)
            *after = '\n';
        if (sscanf(line, "1..%u", &plan) == 1)
            break;
    }
    snprintf(why, sizeof(why), "%s%s; %s",
             plan ? "clauses got lost before: " : "it ends early, after: ", last, end);
    conform_judge(p, c, "report", "whole to its last line",
                  plan && plan == lines ? CONFORM_PASSED : CONFORM_MISSED, why);
}

static const char *word(const struct conform_clause *clause)
{
    return clause->missed ? "MISS" : clause->passed ? "ok" : "unseen";
}

static void print_rows(const struct conform_protocol *p)
{
    for (size_t i = 0; i < p->n_clauses; i++) {
        const struct conform_clause *clause = &p->clauses[i];

        printf("  %-6s  %-20s  ", word(clause), clause->name);
        text_print(stdout, clause->text);
        fputs("\n", stdout);
        if (clause->missed) {
            printf("          missed in %u of %u guests, first: ", clause->missed, p->guests);
            text_print(stdout, clause->why);
            fputs("\n", stdout);
        } else if (!clause->passed) {
            fputs("          not observable: ", stdout);
            text_print(stdout, clause->why);
            fputs("\n", stdout);
        }
    }
}

static bool has_missed(const struct conform_protocol *p)
{
    for (size_t i = 0; i < p->n_clauses; i++) {
        if (p->clauses[i].missed)
            return true;
    }
    return false;
}

static void print_text(const char *engine, const struct conform_protocol *protocols, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct conform_protocol *p = &protocols[i];
        unsigned clauses[3] = {0};

        if (!p->n_clauses) {
            printf("%s on %s: %s\n\n", p->name, engine, p->absent);
            continue;
        }
        for (size_t k = 0; k < p->n_clauses; k++)
            clauses[p->clauses[k].missed ? 1 : p->clauses[k].passed ? 0 : 2]++;
        printf("%s on %s: %u guests, %u clauses kept, %u missed, %u not observable\n", p->name,
               engine, p->guests, clauses[0], clauses[1], clauses[2]);
        print_rows(p);
        fputs("\n", stdout);
    }
}

static json_t *clause_json(const struct conform_clause *c)
{
    return json_pack("{s:s, s:o, s:s, s:i, s:i, s:i, s:o}", "name", c->name, "text",
                     text_json(c->text, strlen(c->text)), "result",
                     c->missed   ? "missed"
                     : c->passed ? "passed"
                                 : "unseen",
                     "passed", (int)c->passed, "missed", (int)c->missed, "unseen", (int)c->unseen,
                     "why", text_json(c->why, strlen(c->why)));
}

static json_t *protocol_json(const struct conform_protocol *p)
{
    json_t *clauses = json_array();

    for (size_t i = 0; i < p->n_clauses; i++)
        json_array_append_new(clauses, clause_json(&p->clauses[i]));
    return json_pack("{s:s, s:s, s:i, s:s, s:o}", "protocol", p->name, "type", p->type, "guests",
                     (int)p->guests, "absent", p->absent, "clauses", clauses);
}

bool conform_print(const struct cli_args *args, const char *engine,
                   const struct conform_protocol *protocols, size_t count)
{
    bool passed = true;
    json_t *list;

    for (size_t i = 0; i < count; i++)
        passed = passed && !has_missed(&protocols[i]);
    if (!args->json) {
        print_text(engine, protocols, count);
        return passed;
    }
    list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, protocol_json(&protocols[i]));
    cli_print_json(
        args, json_pack("{s:s, s:b, s:o}", "engine", engine, "passed", passed, "protocols", list));
    return passed;
}
