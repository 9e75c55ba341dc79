/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The base folder: errors, diagnostics and their places, bounded reading, suggestions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/diag.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/reader.h"
#include "base/suggest.h"

static void error_first_wins(void **state)
{
    struct slip_error *err = NULL;

    (void)state;
    assert_int_equal(slip__error(&err, SLIP_EIO, "disk %d", 7), SLIP_EIO);
    slip__error_hint(&err, "try %s", "harder");
    slip__error_prefix(&err, "guest '%s'", "a");
    slip__error(&err, SLIP_ENOMEM, "second");
    assert_string_equal(slip_error_message(err), "guest 'a': disk 7");
    assert_string_equal(slip_error_hint(err), "try harder");
    assert_int_equal(slip_error_rc(err), SLIP_EIO);
    slip_error_free(err);
    assert_int_equal(slip__error(NULL, SLIP_EPERM, "nobody listens"), SLIP_EPERM);
}

static void places(void **state)
{
    struct slip_diags *diags = slip_diags_new();
    struct slip_place place;
    unsigned source = slip__diags_add_source(diags, "vm.cfg", "one\r\n\ttwo = 3\nlast", 18);

    (void)state;
    assert_true(slip_diags_place(diags, (struct slip_span){source, 6, 9}, &place));
    assert_int_equal(place.line, 2);
    assert_int_equal(place.column, 2);
    assert_int_equal(place.text_len, 8);
    assert_int_equal(place.mark_len, 3);
    assert_true(slip_diags_place(diags, (struct slip_span){source, 0, 17}, &place));
    assert_int_equal(place.line, 1);
    assert_int_equal(place.text_len, 3); /* the carriage return is not text */
    assert_true(slip_diags_place(diags, (struct slip_span){source, 100, 200}, &place));
    assert_int_equal(place.line, 3);
    assert_int_equal(place.mark_len, 0);
    assert_false(slip_diags_place(diags, SLIP_NO_SPAN, &place));
    slip_diags_free(diags);
}

static void diags_are_bounded(void **state)
{
    struct slip_diags *diags = slip_diags_new();

    (void)state;
    for (unsigned i = 0; i < SLIP_LIMIT_DIAGS + 5; i++)
        slip__diag_as(diags, SLIP_ERROR, SLIP_CODE_NONE, SLIP_NO_SPAN, "number %u", i);
    assert_int_equal(slip_diags_count(diags), SLIP_LIMIT_DIAGS);
    assert_int_equal(slip_diags_dropped(diags), 5);
    assert_int_equal(slip_diags_errors(diags), SLIP_LIMIT_DIAGS + 5);
    slip_diags_free(diags);
}

static void reader_is_sticky(void **state)
{
    const uint8_t bytes[] = {1, 2, 3, 4, 5, 6, 7, 8};
    struct slip_reader r = slip__reader(bytes, sizeof(bytes));

    (void)state;
    assert_int_equal(slip__reader_u16(&r, 1), 0x0302);
    assert_int_equal(slip__reader_u64(&r, 0), 0x0807060504030201);
    assert_true(slip__reader_ok(&r));
    assert_int_equal(slip__reader_u32(&r, 5), 0);
    assert_int_equal(slip__reader_u32(&r, UINT64_MAX), 0);
    assert_false(slip__reader_ok(&r));
    assert_int_equal(r.bad_offset, 5);
}

static const char *nearest(const char *word)
{
    static const char *const words[] = {"kernel", "ramdisk", "memory", "vcpus", "maxvcpus", "vif"};
    struct slip_suggest s = slip__suggest(word, strlen(word));

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        slip__suggest_try(&s, words[i]);
    return s.best;
}

static void suggestions(void **state)
{
    (void)state;
    assert_string_equal(nearest("kernal"), "kernel");
    assert_string_equal(nearest("memroy"), "memory");
    assert_string_equal(nearest("Vcpu"), "vcpus");
    assert_null(nearest("xyzzy"));
    assert_null(nearest(""));
}

static void buffer(void **state)
{
    struct slip_buf buf = {0};
    char *text;

    (void)state;
    slip__buf_uint(&buf, 0x11223344, 4);
    slip__buf_align(&buf, 8);
    assert_int_equal(buf.len, 8);
    slip__buf_patch(&buf, 4, 0xaabb, 2);
    slip__buf_patch(&buf, 7, 0xaabb, 2); /* outside: nothing happens */
    assert_memory_equal(buf.data, "\x44\x33\x22\x11\xbb\xaa\0\0", 8);
    slip__buf_dispose(&buf);
    slip__buf_printf(&buf, "%d-%s", 5, "x");
    text = slip__buf_steal(&buf);
    assert_string_equal(text, "5-x");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(error_first_wins),  cmocka_unit_test(places),
        cmocka_unit_test(diags_are_bounded), cmocka_unit_test(reader_is_sticky),
        cmocka_unit_test(suggestions),       cmocka_unit_test(buffer),
    };

    return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
