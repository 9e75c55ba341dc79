/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* JSON texts: large numbers, and memory that runs out while they are made and written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/json.h"

static unsigned countdown; /* this allocation of jansson's fails; 0: none */

static void *json_malloc(size_t size)
{
    return countdown && --countdown == 0 ? NULL : malloc(size);
}

static int set_up(void **state)
{
    (void)state;
    json_set_alloc_funcs(json_malloc, free);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    countdown = 0;
    json_set_alloc_funcs(malloc, free);
    return 0;
}

/* Long keys: each makes the text grow, which is where a failure may be passed over. */
static json_t *make(void)
{
    json_t *object = json_object();
    char key[200];

    for (int i = 0; i < 20; i++) {
        snprintf(key, sizeof(key), "%0150d", i);
        json_object_set_new(object, key, json_integer(i));
    }
    return object;
}

static void short_memory_gives_no_text(void **state)
{
    SLIP_AUTO_FREE char *whole = NULL;
    json_t *json = make();

    (void)state;
    assert_int_equal(slip__json_dump(json_incref(json), JSON_INDENT(2), &whole, NULL), 0);
    for (unsigned n = 1; n < 200; n++) {
        SLIP_AUTO_FREE char *text = NULL;
        struct slip_error *err = NULL;
        int rc;

        countdown = n;
        rc = slip__json_dump(json_incref(json), JSON_INDENT(2), &text, &err);
        countdown = 0;
        assert_int_equal(rc, slip_error_rc(err));
        if (rc == 0)
            assert_string_equal(text, whole);
        else
            assert_int_equal(rc, SLIP_ENOMEM);
        slip_error_free(err);
    }
    json_decref(json);
}

static void nothing_is_no_memory(void **state)
{
    struct slip_error *err = NULL;
    char *text = NULL;

    (void)state;
    assert_int_equal(slip__json_dump(NULL, 0, &text, &err), SLIP_ENOMEM);
    assert_null(text);
    slip_error_free(err);
    assert_null(slip__json_append(NULL, json_true()));
    assert_null(slip__json_append(json_array(), NULL));
}

static void numbers_of_64_bits(void **state)
{
    static const struct {
        uint64_t value;
        const char *text;
    } rows[] = {{0, "0"},
                {INT64_MAX, "9223372036854775807"},
                {1ull << 63, "9.2233720368547758e18"},
                {UINT64_MAX, "1.8446744073709552e19"}};

    (void)state;
    for (size_t i = 0; i < SLIP_COUNT(rows); i++) {
        SLIP_AUTO_FREE char *text = NULL;

        assert_int_equal(
            slip__json_dump(slip__json_uint(rows[i].value), JSON_ENCODE_ANY, &text, NULL), 0);
        assert_string_equal(text, rows[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(short_memory_gives_no_text, set_up, tear_down),
        cmocka_unit_test(nothing_is_no_memory),
        cmocka_unit_test(numbers_of_64_bits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
