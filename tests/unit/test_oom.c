/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Running out of memory while a description is read: each allocation in turn fails, and each time the call says so, leaks
 * nothing (the leak sanitizer watches) and leaves no guest.
 */
#include "guest_fixture.h"

#include <fcntl.h>
#include <jansson.h>
#include <unistd.h>

#include "base/file.h"
#include "failmalloc.h"

/* Much to complain about; and everything there is to allocate for, with nothing to complain about. */
static const char mistaken[] = "name='a b';type='pvv';kernel='k';bios='x';root='x\\q'\n"
                               "ramdisk=['a','b'];bootloader_args=[oops];serial='pty';cmdlin=1\n";
static const char clean[] =
    "name='a\\x41';type='pvh';kernel='k';root='x';extra='y';extra+='z'\n"
    "ramdisk=['a','b'];irqs=[5];uuid='4A3C1E0E8B1F4D8E9A570D2B6C7F1E90'\n"
    "disk=['d,raw,xvda','vdev=xvdb,backendtype=phy,script=s,target=e'];vif=['','bridge=b,mac=02:00:00:00:00:01']\n";

static int parse(const char *text, struct slip_diags *diags, struct slip_guest **ret,
                 struct slip_error **err)
{
    static const char *const overrides[] = {"vcpus=2", "extra=console=hvc0"};
    struct slip_guest_options options = {
        .size = sizeof(options), .overrides = overrides, .n_overrides = 2};

    return slip_guest_parse("vm.cfg", "sub", text, strlen(text), &options, diags, ret, err);
}

/* Returns how many allocations there are to fail. */
static unsigned fail_each(const char *text, bool wrong)
{
    for (unsigned n = 1;; n++) {
        struct slip_diags *diags = slip_diags_new();
        struct slip_guest *guest = NULL;
        struct slip_error *err = NULL;
        bool failed;
        int rc;

        fail_allocation(n);
        rc = parse(text, diags, &guest, &err);
        failed = allocation_failed();
        fail_allocation(0);
        if (failed && !wrong && rc != SLIP_ENOMEM)
            fail_msg("allocation %u: returned %d", n, rc);
        /* A wrong description may be called so although the words for it are lost. */
        if (failed && wrong)
            assert_true(rc == SLIP_ENOMEM || rc == SLIP_EDESC);
        assert_int_equal(rc == 0, guest != NULL);
        assert_int_equal(rc == 0, err == NULL);
        slip_guest_free(guest);
        slip_error_free(err);
        slip_diags_free(diags);
        if (!failed) {
            assert_int_equal(rc, wrong ? SLIP_EDESC : 0);
            return n - 1;
        }
    }
}

static void right(void **state)
{
    (void)state;
    assert_true(fail_each(clean, false) > 50);
}

static void wrong(void **state)
{
    (void)state;
    assert_true(fail_each(mistaken, true) > 20);
}

static void *json_malloc(size_t size)
{
    return malloc(size); /* by way of failmalloc.c, which a library is not linked to */
}

/* The JSON library may do without some of what it asks for; then the text is whole all the same. */
static void to_json(void **state)
{
    struct slip_diags *diags = slip_diags_new();
    struct slip_guest *guest = NULL;
    char *whole = NULL;
    bool failed = true;

    (void)state;
    assert_int_equal(parse(clean, diags, &guest, NULL), 0);
    json_set_alloc_funcs(json_malloc, free);
    assert_int_equal(slip_guest_to_json(guest, &whole, NULL), 0);
    for (unsigned n = 1; failed; n++) {
        struct slip_error *err = NULL;
        char *text = NULL;
        int rc;

        fail_allocation(n);
        rc = slip_guest_to_json(guest, &text, &err);
        failed = allocation_failed();
        fail_allocation(0);
        assert_true(rc == 0 || (failed && rc == SLIP_ENOMEM));
        if (rc == 0)
            assert_string_equal(text, whole);
        else
            assert_null(text);
        free(text);
        slip_error_free(err);
    }
    free(whole);
    slip_guest_free(guest);
    slip_diags_free(diags);
}

/* Writing, with losses to tell of: the whole text, or a word that memory was short. */
static void to_xm(void **state)
{
    const struct slip_convert_options to = {.size = sizeof(to), .format = "xm"};
    struct slip_diags *diags = slip_diags_new();
    struct slip_guest *guest = NULL;
    char *whole = NULL;
    bool failed = true;
    unsigned n;

    (void)state;
    assert_int_equal(parse(clean, diags, &guest, NULL), 0);
    assert_int_equal(slip_guest_convert(guest, &to, diags, &whole, NULL, NULL), 0);
    for (n = 1; failed; n++) {
        struct slip_losses *losses = NULL;
        struct slip_error *err = NULL;
        char *text = NULL;
        int rc;

        fail_allocation(n);
        rc = slip_guest_convert(guest, &to, diags, &text, &losses, &err);
        failed = allocation_failed();
        fail_allocation(0);
        assert_true(rc == 0 || (failed && rc == SLIP_ENOMEM));
        assert_int_equal(rc == 0, text && losses && !err);
        if (rc == 0)
            assert_string_equal(text, whole);
        free(text);
        slip_losses_free(losses);
        slip_error_free(err);
    }
    assert_true(n > 50);
    free(whole);
    slip_guest_free(guest);
    slip_diags_free(diags);
}

/* A source without end must not be read without end when what was read can't be kept. */
static void endless_input(void **state)
{
    struct slip_error *err = NULL;
    int zeros = open("/dev/zero", O_RDONLY | O_CLOEXEC), before = dup(STDIN_FILENO);
    char *text = NULL;
    size_t len;
    int rc;

    (void)state;
    assert_int_equal(dup2(zeros, STDIN_FILENO), STDIN_FILENO);
    alarm(60);
    fail_allocation(1);
    rc = slip__file_read("description", "-", 1 << 20, SLIP_CODE_TOO_LONG, &text, &len, &err);
    fail_allocation(0);
    alarm(0);
    dup2(before, STDIN_FILENO);
    close(before);
    close(zeros);
    assert_int_equal(rc, SLIP_ENOMEM);
    assert_int_equal(slip_error_rc(err), SLIP_ENOMEM);
    slip_error_free(err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(right), cmocka_unit_test(wrong),         cmocka_unit_test(to_json),
        cmocka_unit_test(to_xm), cmocka_unit_test(endless_input),
    };

    return cmocka_run_group_tests_name("oom", tests, NULL, NULL);
}
