/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Texts that are none, for the reader of every format: whatever is wrong with them, there is an error with a place, soon, and without
 * much memory. What is wrong with a text of one format alone is in that format's own tests.
 */
#include "guest_fixture.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/limits.h"
#include "config/config.h"

#define SECONDS  20 /* of a busy machine, with sanitizers; without either it is milliseconds */
#define MOST_MIB 512

static const struct {
    const char *format;
    const char *good; /* a whole text with line ends, a name in UTF-8 among its values */
    const char *open; /* what nests */
    const char *torn; /* begins something and does not end it */
} formats[] = {
    {"xl", "name = 'a'\ntype = 'pvh'\nkernel = '/k\xc3\xa9'\n", "a=[", "name = 'a"},
    {"xm", "name = 'a'\nkernel = '/k\xc3\xa9'\n", "a=[", "name = [ 'a',"},
    {"libvirt",
     "<domain type='xen'>\n<name>a</name>\n<memory unit='MiB'>64</memory>\n<os>\n<type>xenpvh</type>\n"
     "<kernel>/k\xc3\xa9</kernel>\n</os>\n</domain>\n",
     "<a>", "<domain type='xen"},
    {"sxpr", "(vm\n(name 'a')\n(memory 64)\n(image\n(linux\n(kernel '/k\xc3\xa9'))))\n", "(",
     "(vm (name 'a"},
    {"libxl-json",
     "{\n\"c_info\": {\"type\": \"pvh\", \"name\": \"a\"},\n\"b_info\": {\"kernel\": \"/k\xc3\xa9\", \"type.pvh\": {}}\n}\n",
     "{\"a\":", "{\"c_info\": {\"name\": \"a"},
};
#define FORMATS (sizeof(formats) / sizeof(formats[0]))

static struct reading read_as(const char *format, const char *text, size_t len)
{
    struct slip_guest_options options = {
        .size = sizeof(options), .format = format, .flags = SLIP_GUEST_CONVERT};

    return read_options(text, len, &options);
}

/* There is an error that says where, in bounded time and memory. */
static void expect_refused(size_t f, const char *what, const char *text, size_t len)
{
    struct rusage before, after;
    clock_t start = clock();
    struct reading r;

    getrusage(RUSAGE_SELF, &before);
    r = read_as(formats[f].format, text, len);
    getrusage(RUSAGE_SELF, &after);
    if (r.guest || !slip_diags_errors(r.diags))
        fail_msg("%s: %s is taken for a description", formats[f].format, what);
    if ((clock() - start) / CLOCKS_PER_SEC > SECONDS)
        fail_msg("%s: %s took too long", formats[f].format, what);
    if (after.ru_maxrss - before.ru_maxrss > MOST_MIB * 1024)
        fail_msg("%s: %s took %ld KiB", formats[f].format, what,
                 after.ru_maxrss - before.ru_maxrss);
    reading_dispose(&r);
}

static void good_texts(void **state)
{
    (void)state;
    for (size_t f = 0; f < FORMATS; f++) {
        char crlf[1024] = "\xef\xbb\xbf"; /* and a byte order mark */
        size_t len = 3;
        struct reading r = read_as(formats[f].format, formats[f].good, strlen(formats[f].good));

        if (!r.guest || strcmp(r.guest->kernel.value, "/k\xc3\xa9") != 0)
            fail_msg("%s: %s", formats[f].format, r.said);
        reading_dispose(&r);
        for (const char *p = formats[f].good; *p; p++) {
            if (*p == '\n')
                crlf[len++] = '\r';
            crlf[len++] = *p;
        }
        r = read_as(formats[f].format, crlf, len);
        if (!r.guest || strcmp(r.guest->kernel.value, "/k\xc3\xa9") != 0)
            fail_msg("%s with CRLF: %s", formats[f].format, r.said);
        reading_dispose(&r);
    }
}

static void bytes_that_are_no_text(void **state)
{
    static char noise[65536];
    uint32_t x = 1;

    (void)state;
    for (size_t i = 0; i < sizeof(noise); i++) {
        x = x * 1664525 + 1013904223;
        noise[i] = (char)(x >> 24);
    }
    for (size_t f = 0; f < FORMATS; f++) {
        size_t len = strlen(formats[f].good);
        char *text = strdup(formats[f].good);

        assert_non_null(text);
        expect_refused(f, "noise", noise, sizeof(noise));
        expect_refused(f, "an ELF file",
                       "\x7f"
                       "ELF\2\1\1\0\0\0\0\0",
                       12);
        text[len / 2] = 0;
        expect_refused(f, "a NUL byte", text, len);
        text[len / 2] = (char)0xff;
        expect_refused(f, "Latin-1", text, len);
        text[len / 2] = (char)0xc0; /* begins an overlong form */
        expect_refused(f, "overlong UTF-8", text, len);
        free(text);
    }
}

static void torn_texts(void **state)
{
    (void)state;
    for (size_t f = 0; f < FORMATS; f++) {
        expect_refused(f, "a torn text", formats[f].torn, strlen(formats[f].torn));
        /* Wherever it is torn, nothing bad comes of it; some beginnings are whole texts. */
        for (size_t len = 0; len < strlen(formats[f].good); len++) {
            struct reading r = read_as(formats[f].format, formats[f].good, len);

            assert_int_equal(r.guest == NULL, slip_diags_errors(r.diags) > 0);
            reading_dispose(&r);
        }
    }
}

/* 100,000 of what opens something. */
static void deep_texts(void **state)
{
    (void)state;
    for (size_t f = 0; f < FORMATS; f++) {
        size_t n = strlen(formats[f].open), len = 100000 * n;
        char *text = malloc(len + 1);

        assert_non_null(text);
        for (size_t i = 0; i < 100000; i++)
            memcpy(text + i * n, formats[f].open, n);
        expect_refused(f, "deep nesting", text, len);
        /* After a beginning that makes it look like one. */
        memcpy(text, formats[f].torn, strlen(formats[f].torn));
        expect_refused(f, "deep nesting in a text", text, len);
        free(text);
    }
}

/* One byte over the limit; and a file of 1 GiB, which is not read at all. */
static void long_texts(void **state)
{
    char path[] = "/tmp/slipway-test-XXXXXX";
    int fd = mkstemp(path);

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, 1 << 30), 0);
    close(fd);
    for (size_t f = 0; f < FORMATS; f++) {
        size_t len = SLIP_LIMIT_DESCRIPTION_BYTES + 1;
        struct slip_guest_options options = {.size = sizeof(options), .format = formats[f].format};
        struct slip_diags *diags = slip_diags_new();
        struct slip_guest *guest = NULL;
        struct slip_error *err = NULL;
        char *text = malloc(len);

        assert_non_null(text);
        memset(text, ' ', len);
        memcpy(text, formats[f].good, strlen(formats[f].good));
        expect_refused(f, "a long text", text, len);
        free(text);
        assert_true(slip_guest_load(path, &options, diags, &guest, &err) < 0);
        assert_null(guest);
        slip_error_free(err);
        slip_diags_free(diags);
    }
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_texts), cmocka_unit_test(bytes_that_are_no_text),
        cmocka_unit_test(torn_texts), cmocka_unit_test(deep_texts),
        cmocka_unit_test(long_texts),
    };

    return cmocka_run_group_tests_name("bad_texts", tests, NULL, NULL);
}
