/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The schema's generic code over random guests: copy, equal, JSON, dispose. No field is named here, so none is forgotten. */
#include "guest_fixture.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "guest/json.h"

/* A fixed seed: a failure comes again. */
static uint64_t seed = 0x9e3779b97f4a7c15u;

static unsigned roll(unsigned sides)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(seed >> 33) % sides;
}

static const struct slip_mark given = {.span = {1, 3, 9}, .origin = SLIP_GIVEN};

static size_t random_text(char *ret, size_t size)
{
    static const char *const atoms[] = {"a", "Z",  "9",  " ",    "\"",       "\\",
                                        "/", "\n", "\t", "\x01", "\xc3\xa9", "\xf0\x9f\x98\x80"};
    size_t len = 0, atoms_left = roll(12);

    ret[0] = 0;
    while (atoms_left-- && len + 5 < size)
        len += (size_t)snprintf(ret + len, size - len, "%s",
                                atoms[roll(sizeof(atoms) / sizeof(atoms[0]))]);
    return len;
}

static void random_object(const struct slip_record *record, void *object);

static void random_field(const struct slip_field *field, void *object)
{
    void *value = slip__field_mark(field, object);
    unsigned n = roll(4);
    char text[64];
    size_t len = random_text(text, sizeof(text));

    switch (field->kind) {
    case SLIP_KIND_STR:
        assert_int_equal(slip__str_set(value, text, len, given), 0);
        break;
    case SLIP_KIND_INT:
        slip__num_set(value, field->min + (int64_t)roll(1000) % (field->max - field->min + 1),
                      given);
        break;
    case SLIP_KIND_BOOL:
        slip__num_set(value, roll(2), given);
        break;
    case SLIP_KIND_ENUM:
        slip__num_set(value, field->words->items[roll((unsigned)field->words->count)].value, given);
        break;
    case SLIP_KIND_STRS:
        *slip__field_mark(field, object) = given; /* an empty list is set, too */
        for (unsigned i = 0; i < n; i++)
            assert_int_equal(slip__strs_add(value, text, len, given), 0);
        break;
    case SLIP_KIND_LIST:
        *slip__field_mark(field, object) = given;
        for (unsigned i = 0; i < n; i++) {
            void *item = slip__list_add(field, object, given);

            assert_non_null(item);
            random_object(field->item, item);
        }
        break;
    }
}

static void random_object(const struct slip_record *record, void *object)
{
    for (size_t i = 0; i < record->n_fields; i++) {
        if (roll(3))
            random_field(&record->fields[i], object);
    }
}

/* Is every set value of object in json, and nothing else? */
static void compare_json(const struct slip_record *record, void *object, const json_t *json)
{
    size_t set = 0;

    for (size_t i = 0; i < record->n_fields; i++) {
        const struct slip_field *field = &record->fields[i];
        void *value = slip__field_mark(field, object);
        const json_t *entry = json_object_get(json, field->name),
                     *v = json_object_get(entry, "value");
        const struct slip_strs *strs = value;
        const struct slip_disk_list *list = value;

        if (slip__field_mark(field, object)->origin == SLIP_UNSET) {
            assert_null(entry);
            continue;
        }
        set++;
        assert_non_null(v);
        assert_int_equal(json_integer_value(json_object_get(json_object_get(entry, "span"), "end")),
                         9);
        switch (field->kind) {
        case SLIP_KIND_STR:
            assert_string_equal(json_string_value(v), ((struct slip_str *)value)->value);
            break;
        case SLIP_KIND_INT:
            assert_int_equal(json_integer_value(v), ((struct slip_num *)value)->value);
            break;
        case SLIP_KIND_BOOL:
            assert_int_equal(json_is_true(v), ((struct slip_num *)value)->value);
            break;
        case SLIP_KIND_ENUM:
            assert_string_equal(json_string_value(v),
                                slip__enum_word(field->words, ((struct slip_num *)value)->value));
            break;
        case SLIP_KIND_STRS:
            assert_int_equal(json_array_size(v), strs->count);
            for (size_t k = 0; k < strs->count; k++)
                assert_string_equal(json_string_value(json_array_get(v, k)), strs->items[k].value);
            break;
        case SLIP_KIND_LIST:
            assert_int_equal(json_array_size(v), list->count);
            for (size_t k = 0; k < list->count; k++)
                compare_json(field->item, (char *)list->items + k * field->item->size,
                             json_array_get(v, k));
            break;
        }
    }
    assert_int_equal(json_object_size(json), set);
}

static void round_trip(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 500; i++) {
        struct slip_guest *a = slip__guest_new(), b;
        struct slip_error *err = NULL;
        char *text = NULL;
        json_t *json;

        random_object(&slip__record_guest, a);
        assert_int_equal(slip__object_copy(&slip__record_guest, &b, a), 0);
        assert_true(slip__object_equal(&slip__record_guest, a, &b));
        assert_int_equal(slip_guest_to_json(a, &text, &err), 0);
        json = json_loads(text, 0, NULL);
        assert_non_null(json);
        compare_json(&slip__record_guest, a, json);
        slip__object_dispose(&slip__record_guest, &b);
        assert_int_equal(slip__object_from_json(&slip__record_guest, json, &b, &err), 0);
        assert_true(slip__object_equal(&slip__record_guest, a, &b));
        json_decref(json);
        free(text);
        slip__object_dispose(&slip__record_guest, &b);
        slip_guest_free(a);
    }
}

/* What comes from another process is checked as if it came from an enemy. */
static void foreign_json_is_refused(void **state)
{
    static const struct {
        const char *json, *says;
    } cases[] = {
        {"[]", "a disk is no JSON object"},
        {"{\"speed\": {\"value\": 1, \"from\": \"default\"}}", "a disk has no 'speed'"},
        {"{\"target\": \"/x\"}", "'target' has no value"},
        {"{\"target\": {\"value\": \"/x\"}}", "'target' has no value"},
        {"{\"target\": {\"value\": \"/x\", \"from\": \"hearsay\"}}", "'target' is from nowhere"},
        {"{\"target\": {\"value\": 1, \"from\": \"default\"}}", "'target' is no text"},
        {"{\"target\": {\"value\": \"a\\u0000b\", \"from\": \"default\"}}", "'target' is no text"},
        {"{\"format\": {\"value\": \"rawish\", \"from\": \"default\"}}", "none of its words"},
        {"{\"cdrom\": {\"value\": 1, \"from\": \"default\"}}", "neither true nor false"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        json_t *json = json_loads(cases[i].json, JSON_ALLOW_NUL, NULL);
        struct slip_error *err = NULL;
        struct slip_disk disk, none = {0};

        assert_non_null(json);
        assert_int_equal(slip__object_from_json(&slip__record_disk, json, &disk, &err),
                         SLIP_EINVAL);
        assert_non_null(strstr(slip_error_message(err), cases[i].says));
        assert_true(slip__object_equal(&slip__record_disk, &disk, &none));
        slip_error_free(err);
        json_decref(json);
    }
}

/* Changing any one field makes two guests differ: equal looks at each. */
static void equal_sees_each_field(void **state)
{
    (void)state;
    for (size_t i = 0; i < slip__record_guest.n_fields; i++) {
        const struct slip_field *field = &slip__record_guest.fields[i];
        struct slip_guest *a = slip__guest_new(), b;

        while (slip__field_mark(field, a)->origin == SLIP_UNSET)
            random_field(field, a);
        assert_int_equal(slip__object_copy(&slip__record_guest, &b, a), 0);
        slip__field_dispose(field, &b);
        assert_false(slip__object_equal(&slip__record_guest, a, &b));
        assert_false(slip__object_equal(&slip__record_guest, &b, a));
        slip__object_dispose(&slip__record_guest, &b);
        slip_guest_free(a);
    }
}

static void dispose_is_idempotent(void **state)
{
    struct slip_guest *a = slip__guest_new(), *empty = slip__guest_new();

    (void)state;
    random_object(&slip__record_guest, a);
    slip__object_dispose(&slip__record_guest, a);
    assert_true(slip__object_equal(&slip__record_guest, a, empty));
    slip__object_dispose(&slip__record_guest, a);
    slip_guest_free(a);
    slip_guest_free(empty);
    slip_guest_free(NULL);
}

static void tables(void **state)
{
    const struct slip_field *type = slip__field_find(&slip__record_guest, "type");
    int64_t value;

    (void)state;
    assert_non_null(type);
    assert_null(slip__field_find(&slip__record_guest, "typ"));
    assert_true(slip__enum_value(type->words, "pvh", 3, &value));
    assert_int_equal(value, SLIP_TYPE_PVH);
    assert_false(slip__enum_value(type->words, "pvh", 2, &value) && value == SLIP_TYPE_PVH);
    assert_false(slip__enum_value(type->words, "", 0, &value));
    assert_null(slip__enum_word(type->words, 99));
    /* Each key finds its own field. */
    for (size_t i = 0; i < slip__record_guest.n_fields; i++) {
        const struct slip_field *field = &slip__record_guest.fields[i];

        assert_ptr_equal(slip__field_named(&slip__record_guest, field->name), field);
        assert_ptr_equal(slip__field_find(&slip__record_guest, field->key),
                         field->key_len ? field : NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip),
        cmocka_unit_test(foreign_json_is_refused),
        cmocka_unit_test(equal_sees_each_field),
        cmocka_unit_test(dispose_is_idempotent),
        cmocka_unit_test(tables),
    };

    return cmocka_run_group_tests_name("schema", tests, NULL, NULL);
}
