/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A whole program over libslipway: reads a description, says what is wrong with it, shows the plan, boots the guest, prints
 * its console and tells how it ended.
 *
 *     cc -o boot boot.c $(pkg-config --cflags --libs slipway)
 *     ./boot FILE [ENGINE [RECORD]]
 *
 * ENGINE is one of `slipway engines`; RECORD is the folder that the null engine writes to. Exit status: 0 if the guest
 * powered off.
 */
#include <slipway/slipway.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Says why a call failed, in the library's own words, and frees them. */
static int failed(struct slip_error *err)
{
    fprintf(stderr, "boot: %s\n", slip_error_message(err));
    if (slip_error_hint(err))
        fprintf(stderr, "      %s\n", slip_error_hint(err));
    slip_error_free(err);
    return 1;
}

/* Prints all diagnostics: file:line:column: message. */
static void print_diags(const struct slip_diags *diags)
{
    const struct slip_diag *diag;
    struct slip_place place;

    for (size_t i = 0; (diag = slip_diags_at(diags, i)); i++) {
        if (slip_diags_place(diags, slip_diag_span(diag), &place))
            fprintf(stderr, "%s:%u:%u: ", place.source_name, place.line, place.column);
        fprintf(stderr, "%s [SLIP-%u]\n", slip_diag_message(diag), slip_diag_code(diag));
    }
}

/* What would be built. Needs no hypervisor and no rights, and leaves nothing behind. */
static int show_plan(const struct slip_guest *guest, const char *engine, struct slip_diags *diags)
{
    struct slip_plan *plan = NULL;
    struct slip_error *err = NULL;
    char *text = NULL;
    int rc;

    if (slip_plan_new(guest, engine, diags, &plan, &err) < 0)
        return failed(err);
    rc = slip_plan_to_text(plan, &text, &err);
    slip_plan_free(plan);
    if (rc < 0)
        return failed(err);
    fputs(text, stdout);
    free(text);
    return 0;
}

/* Copies what the guest prints to stdout until the guest is gone. */
static int print_console(struct slip_domain *domain)
{
    struct slip_error *err = NULL;
    char bytes[4096];
    ssize_t n;
    int fd;

    if (slip_domain_console(domain, &fd, &err) < 0)
        return failed(err);
    while ((n = read(fd, bytes, sizeof(bytes))) > 0) {
        fwrite(bytes, 1, (size_t)n, stdout);
        fflush(stdout);
    }
    close(fd);
    return 0;
}

/* Boots the guest and stays with it. SLIP_CREATE_OWNED: should we die, the guest goes too. SLIP_CREATE_CONSOLE: what it prints
 * before we have its console is kept for us. */
static int boot(const struct slip_guest *guest, const char *engine, const char *record,
                struct slip_diags *diags)
{
    struct slip_create_options options = {.size = sizeof(options),
                                          .flags = SLIP_CREATE_OWNED | SLIP_CREATE_CONSOLE,
                                          .engine = engine,
                                          .record = record};
    struct slip_domain *domain = NULL;
    struct slip_error *err = NULL;
    enum slip_end end = SLIP_END_FAILED;
    int status;

    if (slip_domain_create(guest, &options, diags, &domain, &err) < 0)
        return failed(err);
    status = print_console(domain);
    if (status == 0 && slip_domain_wait(domain, &end, NULL, &err) < 0)
        status = failed(err);
    slip_domain_free(domain);
    printf("guest '%s' %s\n", slip_guest_name(guest),
           end == SLIP_END_POWEROFF ? "powered off" : "did not power off");
    return status || end != SLIP_END_POWEROFF;
}

int main(int argc, char **argv)
{
    const char *engine = argc > 2 ? argv[2] : NULL, *record = argc > 3 ? argv[3] : NULL;
    struct slip_diags *diags = slip_diags_new();
    struct slip_guest *guest = NULL;
    struct slip_error *err = NULL;
    int status;

    if (argc < 2 || !diags) {
        fputs("usage: boot FILE [ENGINE [RECORD]]\n", stderr);
        slip_diags_free(diags);
        return 2;
    }
    if (slip_guest_load(argv[1], NULL, diags, &guest, &err) < 0)
        status = failed(err);
    else
        status = show_plan(guest, engine, diags) || boot(guest, engine, record, diags);
    print_diags(diags);
    slip_guest_free(guest);
    slip_diags_free(diags);
    return status;
}
