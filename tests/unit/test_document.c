/* test_document.c: JSON and UBJSON as one kind of tree, and what is wrong with a document. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "import/file/document.h"

typedef struct reading {
    mc_arena arena;
    mc_doc doc;
    mc_error err;
    mc_status status;
} reading;

static reading read_bytes(const void *data, size_t size)
{
    reading r = {0};
    mc_arena_init(&r.arena, 1u << 20, "document");
    r.status = mc_doc_read((mc_bytes){data, size}, &r.arena, &r.doc, &r.err);
    return r;
}

static reading read_text(const char *text)
{
    return read_bytes(text, strlen(text));
}

static void json_of_every_kind(void **state)
{
    (void)state;
    reading r =
        read_text(" {\"a\": [1, -2.5e1, NaN, true], \"b\": {\"c\": \"x\\u00e9\\ud83d\\ude00\\n\"},"
                  " \"d\": [1, \"two\", null, []], \"e\": {}, \"f\": \"12.5\"} \n");
    double number = 0.0;
    assert_int_equal(r.status, MC_OK);
    const mc_doc *a = mc_doc_get(&r.doc, "a");
    assert_int_equal(a->kind, MC_DOC_NUMBERS);
    assert_int_equal(a->n, 4);
    assert_true(a->as.numbers[1] == -25.0 && isnan(a->as.numbers[2]) && a->as.numbers[3] == 1.0);
    const mc_doc *c = mc_doc_get(mc_doc_get(&r.doc, "b"), "c");
    assert_true(mc_bytes_is(c->as.text, "x\xc3\xa9\xf0\x9f\x98\x80\n"));
    const mc_doc *d = mc_doc_get(&r.doc, "d");
    assert_int_equal(d->kind, MC_DOC_LIST);
    assert_int_equal(d->n, 4);
    assert_true(d->as.members[0].value.as.number == 1.0);
    assert_int_equal(d->as.members[3].value.kind, MC_DOC_NUMBERS);
    assert_int_equal(mc_doc_get(&r.doc, "e")->kind, MC_DOC_OBJECT);
    assert_true(mc_doc_number(mc_doc_get(&r.doc, "f"), &number) && number == 12.5);
    assert_null(mc_doc_get(&r.doc, "g"));
    mc_arena_fini(&r.arena);
}

static void ubjson_of_every_kind(void **state)
{
    (void)state;
    static const char BYTES[] = "{U\x01"
                                "a[$d#U\x02\x3f\x80\x00\x00\xc0\x00\x00\x00"
                                "L\x00\x00\x00\x00\x00\x00\x00\x01"
                                "b[#U\x03i\xffSU\x02hiT"
                                "U\x01"
                                "c[l\x00\x00\x01\x00Z]"
                                "U\x01"
                                "d{U\x01xD\x3f\xe0\x00\x00\x00\x00\x00\x00}}";
    reading r = read_bytes(BYTES, sizeof BYTES - 1);
    double number = 0.0;
    assert_int_equal(r.status, MC_OK);
    const mc_doc *a = mc_doc_get(&r.doc, "a"), *b = mc_doc_get(&r.doc, "b");
    assert_int_equal(a->kind, MC_DOC_NUMBERS);
    assert_true(a->n == 2 && a->as.numbers[0] == 1.0 && a->as.numbers[1] == -2.0);
    assert_int_equal(b->kind, MC_DOC_LIST);
    assert_true(b->n == 3 && b->as.members[0].value.as.number == -1.0);
    assert_true(mc_bytes_is(b->as.members[1].value.as.text, "hi"));
    assert_int_equal(mc_doc_get(&r.doc, "c")->n, 2);
    assert_true(mc_doc_number(mc_doc_get(mc_doc_get(&r.doc, "d"), "x"), &number) && number == 0.5);
    mc_arena_fini(&r.arena);
}

static void refused(const void *data, size_t size)
{
    reading r = read_bytes(data, size);
    assert_int_not_equal(r.status, MC_OK);
    assert_true(r.err.message[0] != '\0');
    mc_arena_fini(&r.arena);
}

static void broken_json_is_refused(void **state)
{
    static const char *const BROKEN[] = {
        "",          "{",           "[1,",         "[1 2]",   "{\"a\" 1}",
        "{\"a\":}",  "{a:1}",       "[1]]",        "\"open",  "\"\\u12\"",
        "[\"\\q\"]", "{\"a\":1,}x", "\"\\ud800\"", "[1],[2]", "nul"};
    (void)state;
    for (size_t i = 0; i < MC_COUNT_OF(BROKEN); i++)
        refused(BROKEN[i], strlen(BROKEN[i]));
}

/* Every beginning of a good document is refused, and reads nothing behind it. */
static void cut_ubjson_is_refused(void **state)
{
    static const char BYTES[] = "{U\x01"
                                "a[$d#U\x02\x3f\x80\x00\x00\xc0\x00\x00\x00U\x01"
                                "b[#U\x02i\x01SU\x02hi}";
    (void)state;
    for (size_t size = 2; size < sizeof BYTES - 1; size++) {
        char *copy = test_malloc(size);
        memcpy(copy, BYTES, size);
        refused(copy, size);
        test_free(copy);
    }
    refused("{L\xff\xff\xff\xff\xff\xff\xff\xff", 10); /* a length below 0 */
    refused("{U\x01"
            "a[$d#L\x7f\xff\xff\xff\xff\xff\xff\xff",
            16); /* more than there is */
    refused("{U\x01"
            "aH",
            5);
    refused("{U\x01"
            "a[$d!",
            8);
}

static void nesting_has_a_limit(void **state)
{
    char text[MC_DOC_DEPTH + 2];
    (void)state;
    memset(text, '[', sizeof text);
    reading r = read_bytes(text, sizeof text);
    assert_int_equal(r.status, MC_E_LIMIT);
    mc_arena_fini(&r.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_of_every_kind),     cmocka_unit_test(ubjson_of_every_kind),
        cmocka_unit_test(broken_json_is_refused), cmocka_unit_test(cut_ubjson_is_refused),
        cmocka_unit_test(nesting_has_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
