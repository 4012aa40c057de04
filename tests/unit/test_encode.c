/* test_encode.c: answers and errors, as json.dumps would print them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "serve/encode.h"

#define TEXT(literal)                                                             \
    {                                                                             \
        .kind = MC_CELL_STRING, .size = sizeof(literal) - 1, .as.text = (literal) \
    }

static const mc_cell SPECIES[] = {TEXT("setosa"), TEXT("versi\"color"), TEXT("caf\xc3\xa9")};
static const mc_cell MIXED[] = {{.kind = MC_CELL_INTEGER, .as.integer = -3},
                                {.kind = MC_CELL_NUMBER, .as.number = 2.0},
                                {.kind = MC_CELL_BOOL, .as.integer = 1},
                                {.kind = MC_CELL_NONE}};

static const mc_cell *classes(const void *context, size_t table, size_t *n_out)
{
    assert_ptr_equal(context, SPECIES);
    assert_in_range(table, 0, 1);
    *n_out = table == 0 ? MC_COUNT_OF(SPECIES) : MC_COUNT_OF(MIXED);
    return table == 0 ? SPECIES : MIXED;
}

static const mc_class_tables TABLES = {.classes = classes, .context = SPECIES};

/* The buffer must hold `want` behind what it held before. */
static void check_text(const mc_buffer *buffer, const char *want)
{
    const mc_bytes got = {buffer->data, buffer->size};
    if (!mc_bytes_is(got, want))
        fail_msg("got  %.*s\nwant %s", (int)got.size, (const char *)got.data, want);
}

static void check_answer(const mc_output *output, const char *want)
{
    mc_meter meter = {.limit = 1 << 16};
    mc_buffer buffer;
    mc_buffer_init(&buffer, &meter);
    assert_int_equal(mc_encode_answer(&buffer, &TABLES, output, NULL), MC_OK);
    check_text(&buffer, want);
    mc_buffer_fini(&buffer);
    assert_int_equal(atomic_load(&meter.used), 0);
}

static void check_part(const mc_part *part, size_t n_rows, const char *want)
{
    const mc_output output = {.n_rows = n_rows, .n_parts = 1, .parts = part};
    check_answer(&output, want);
}

/* Values of pairs of rows: a list for each pair that has more than one. */
static void pairs(void **state)
{
    (void)state;
    static const double MEAN[] = {1.0, 2.0}, COV[] = {4.0, 0.5, 1.0, 0.25, 1.0, 0.25, 9.0, 2.0};
    mc_part parts[] = {
        {.type = MC_VALUE_FLOAT, .scalar = true, .n_columns = 1, .data = MEAN},
        {.name = "cov", .type = MC_VALUE_FLOAT, .n_columns = 2, .n_deep = 1, .data = COV}};
    const mc_output output = {.n_rows = 2, .n_parts = 2, .parts = parts};
    check_answer(&output, "{\"prediction\":[1.0,2.0],\"cov\":[[4.0,0.5],[1.0,0.25]]}\n");
    parts[1].n_columns = 4;
    parts[1].n_deep = 2;
    check_answer(&output, "{\"prediction\":[1.0,2.0],"
                          "\"cov\":[[[4.0,0.5],[1.0,0.25]],[[1.0,0.25],[9.0,2.0]]]}\n");
}

static void scalars(void **state)
{
    (void)state;
    static const double FLOATS[] = {1.0,    0.1,     -0.0,   1e5,  1e16,      1e-5,
                                    0.0001, 1.5e300, 5e-324, 1e22, 1.0 / 3.0, 123456789012345680.0};
    check_part(&(mc_part){.type = MC_VALUE_FLOAT, .scalar = true, .n_columns = 1, .data = FLOATS},
               MC_COUNT_OF(FLOATS),
               "{\"prediction\":[1.0,0.1,-0.0,100000.0,1e+16,1e-05,0.0001,1.5e+300,5e-324,1e+22,"
               "0.3333333333333333,1.2345678901234568e+17]}\n");
    static const double SPECIAL[] = {__builtin_nan(""), __builtin_inf(), -__builtin_inf()};
    check_part(&(mc_part){.type = MC_VALUE_FLOAT, .scalar = true, .n_columns = 1, .data = SPECIAL},
               3, "{\"prediction\":[NaN,Infinity,-Infinity]}\n");
    static const double WHOLE[] = {0.0, -7.0, 9007199254740992.0, 1e19};
    check_part(&(mc_part){.type = MC_VALUE_INT, .scalar = true, .n_columns = 1, .data = WHOLE}, 4,
               "{\"prediction\":[0,-7,9007199254740992,1e+19]}\n");
    check_part(&(mc_part){.type = MC_VALUE_BOOL, .scalar = true, .n_columns = 1, .data = WHOLE}, 2,
               "{\"prediction\":[false,true]}\n");
    check_part(&(mc_part){.type = MC_VALUE_CELL, .scalar = true, .n_columns = 1, .data = MIXED}, 4,
               "{\"prediction\":[-3,2.0,true,null]}\n");
    check_part(&(mc_part){.type = MC_VALUE_FLOAT, .scalar = true, .n_columns = 1, .data = NULL}, 0,
               "{\"prediction\":[]}\n");
}

static void labels(void **state)
{
    (void)state;
    static const int32_t LABELS[] = {2, 0, 1, 3};
    mc_part part = {.type = MC_VALUE_LABEL, .scalar = true, .n_columns = 1, .data = LABELS};
    check_part(&part, 3, "{\"prediction\":[\"caf\\u00e9\",\"setosa\",\"versi\\\"color\"]}\n");
    part.classes = 1;
    check_part(&part, 4, "{\"prediction\":[true,-3,2.0,null]}\n");
    part.scalar = false;
    part.n_columns = 2;
    check_part(&part, 2, "{\"prediction\":[[true,-3],[2.0,null]]}\n");
}

static void blocks(void **state)
{
    (void)state;
    static const double DATA[] = {0.25, 0.75, 1.0, 0.0, __builtin_nan(""), 3.0};
    mc_part part = {.type = MC_VALUE_FLOAT, .n_columns = 2, .data = DATA};
    check_part(&part, 2, "{\"prediction\":[[0.25,0.75],[1.0,0.0]]}\n");
    part.n_columns = 3;
    part.sparse = true;
    check_part(&part, 2,
               "{\"prediction\":[{\"indices\":[0,1,2],\"values\":[0.25,0.75,1.0]},"
               "{\"indices\":[1,2],\"values\":[NaN,3.0]}]}\n");
    part.data = DATA + 3;
    part.n_columns = 1;
    check_part(&part, 1, "{\"prediction\":[{\"indices\":[],\"values\":[]}]}\n");
}

static void lists_and_dicts(void **state)
{
    (void)state;
    static const mc_cell WORDS[] = {{.kind = MC_CELL_STRING, .size = 1, .as.text = "a"},
                                    {.kind = MC_CELL_STRING, .size = 1, .as.text = "\""}};
    static const mc_cell PAIR[] = {{.kind = MC_CELL_STRING, .size = 1, .as.text = "k"},
                                   {.kind = MC_CELL_LIST, .size = 2, .as.items = WORDS}};
    static const mc_cell CELLS[] = {{.kind = MC_CELL_LIST, .size = 2, .as.items = WORDS},
                                    {.kind = MC_CELL_LIST},
                                    {.kind = MC_CELL_DICT, .size = 1, .as.items = PAIR},
                                    {.kind = MC_CELL_DICT}};
    check_part(&(mc_part){.type = MC_VALUE_CELL, .scalar = true, .n_columns = 1, .data = CELLS},
               MC_COUNT_OF(CELLS),
               "{\"prediction\":[[\"a\",\"\\\"\"],[],{\"k\":[\"a\",\"\\\"\"]},{}]}\n");
}

static void many_parts(void **state)
{
    (void)state;
    static const double Y[] = {1.0, 2.0}, STD[] = {0.5, 0.25}, P[] = {0.1, 0.9, 0.2, 0.8};
    static const int32_t LABELS[] = {1, 0};
    const mc_part beside[] = {
        {.type = MC_VALUE_FLOAT, .scalar = true, .n_columns = 1, .data = Y},
        {.name = "std", .type = MC_VALUE_FLOAT, .scalar = true, .n_columns = 1, .data = STD},
        {.name = "cov", .type = MC_VALUE_FLOAT, .n_columns = 2, .data = P},
    };
    check_answer(&(mc_output){.n_rows = 2, .n_parts = 3, .parts = beside},
                 "{\"prediction\":[1.0,2.0],\"std\":[0.5,0.25],\"cov\":[[0.1,0.9],[0.2,0.8]]}\n");
    const mc_part list[] = {
        {.type = MC_VALUE_LABEL, .scalar = true, .n_columns = 1, .classes = 1, .data = LABELS},
        {.type = MC_VALUE_FLOAT, .n_columns = 2, .data = P},
    };
    check_answer(&(mc_output){.n_rows = 2, .n_parts = 2, .list = true, .parts = list},
                 "{\"prediction\":[[2.0,[0.1,0.9]],[-3,[0.2,0.8]]]}\n");
    const mc_part named[] = {
        {.name = "distances", .type = MC_VALUE_FLOAT, .n_columns = 2, .data = P},
        {.name = "indices", .type = MC_VALUE_INT, .scalar = true, .n_columns = 1, .data = Y},
    };
    check_answer(&(mc_output){.n_rows = 2, .n_parts = 2, .parts = named},
                 "{\"prediction\":[{\"distances\":[0.1,0.9],\"indices\":1},"
                 "{\"distances\":[0.2,0.8],\"indices\":2}]}\n");
}

/* The wanted texts are json.dumps's. */
static void texts(void **state)
{
    (void)state;
    static const struct {
        const char *text, *want;
    } CASES[] = {
        {"", "\"\""},
        {"plain ~text", "\"plain ~text\""},
        {"\"\\/\b\f\n\r\t", "\"\\\"\\\\/\\b\\f\\n\\r\\t\""},
        {"\x01\x1f\x7f", "\"\\u0001\\u001f\\u007f\""},
        {"\xc3\xa9\xe2\x82\xac", "\"\\u00e9\\u20ac\""},
        {"\xf0\x9f\x98\x80!", "\"\\ud83d\\ude00!\""},
        {"a\xffz\xe2\x82", "\"a\\ufffdz\\ufffd\\ufffd\""},
    };
    mc_meter meter = {.limit = 1 << 16};
    mc_buffer buffer;
    mc_buffer_init(&buffer, &meter);
    for (size_t i = 0; i < MC_COUNT_OF(CASES); i++) {
        buffer.size = 0;
        assert_int_equal(mc_encode_text(&buffer, CASES[i].text, strlen(CASES[i].text), NULL),
                         MC_OK);
        check_text(&buffer, CASES[i].want);
    }
    buffer.size = 0;
    assert_int_equal(mc_encode_text(&buffer, "\0x", 2, NULL), MC_OK);
    check_text(&buffer, "\"\\u0000x\"");
    mc_buffer_fini(&buffer);
}

static void check_error(const mc_error *error, const char *want)
{
    mc_meter meter = {.limit = 1 << 16};
    mc_buffer buffer;
    mc_buffer_init(&buffer, &meter);
    assert_int_equal(mc_encode_error(&buffer, error, NULL), MC_OK);
    check_text(&buffer, want);
    mc_buffer_fini(&buffer);
}

static void errors(void **state)
{
    (void)state;
    mc_error error;
    (void)mc_fail(&error, MC_E_BAD_REQUEST, 12, "expected ':', found '\"'");
    check_error(&error, "{\"error\":{\"code\":\"bad_request\",\"message\":\"expected ':', found "
                        "'\\\"'\",\"where\":\"byte 12\"}}\n");
    (void)mc_fail(&error, MC_E_BAD_INPUT, 3, "row 3: too wide");
    check_error(&error, "{\"error\":{\"code\":\"bad_input\",\"message\":\"row 3: too wide\","
                        "\"where\":\"row 3\"}}\n");
    (void)mc_fail(&error, MC_E_MALFORMED, 7, "bad");
    (void)mc_fail_in(&error, MC_E_MALFORMED, "tree_");
    (void)mc_fail_in(&error, MC_E_MALFORMED, "step \"clf\"");
    check_error(&error, "{\"error\":{\"code\":\"malformed\",\"message\":\"bad\","
                        "\"where\":\"byte 7 / in tree_ / in step \\\"clf\\\"\"}}\n");
    (void)mc_fail(&error, MC_E_NOT_FOUND, MC_NO_OFFSET, "no model \"x\"");
    check_error(&error, "{\"error\":{\"code\":\"not_found\",\"message\":\"no model \\\"x\\\"\","
                        "\"where\":\"\"}}\n");
    (void)mc_fail_in(&error, MC_E_NOT_FOUND, "here");
    check_error(&error, "{\"error\":{\"code\":\"not_found\",\"message\":\"no model \\\"x\\\"\","
                        "\"where\":\"in here\"}}\n");
}

/* A buffer that cannot grow keeps what it held: by the meter, and by each allocation. */
static void no_room(void **state)
{
    (void)state;
    static const double DATA[400];
    const mc_part part = {.type = MC_VALUE_FLOAT, .n_columns = 400, .data = DATA};
    const mc_output output = {.n_rows = 1, .n_parts = 1, .parts = &part};
    mc_meter meter = {.limit = 600};
    mc_buffer buffer;
    mc_buffer_init(&buffer, &meter);
    assert_int_equal(mc_buffer_append(&buffer, "kept", 4, NULL), MC_OK);
    mc_error err = {.status = MC_OK};
    assert_int_equal(mc_encode_answer(&buffer, &TABLES, &output, &err), MC_E_BUSY);
    check_text(&buffer, "kept");
    mc_error said;
    (void)mc_fail(&said, MC_E_NOT_FOUND, MC_NO_OFFSET, "%0300d", 7);
    assert_int_equal(mc_buffer_append(&buffer, DATA, 400, NULL), MC_OK);
    const size_t before = buffer.size;
    assert_int_equal(mc_encode_error(&buffer, &said, &err), MC_E_BUSY);
    assert_int_equal(buffer.size, before);
    meter.limit = 1 << 16;
    mc_status status = MC_E_NO_MEMORY;
    uint64_t k = 1;
    for (; status != MC_OK; k++) {
        mc_buffer_trim(&buffer, 0);
        mc_alloc_fail_at(k);
        status = mc_encode_answer(&buffer, &TABLES, &output, &err);
        mc_alloc_fail_at(0);
        assert_true(status == MC_OK || (status == MC_E_NO_MEMORY && buffer.size == 0));
    }
    assert_true(k > 3);
    mc_buffer_fini(&buffer);
    assert_int_equal(atomic_load(&meter.used), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pairs),  cmocka_unit_test(scalars),    cmocka_unit_test(labels),
        cmocka_unit_test(blocks), cmocka_unit_test(many_parts), cmocka_unit_test(lists_and_dicts),
        cmocka_unit_test(texts),  cmocka_unit_test(errors),     cmocka_unit_test(no_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
