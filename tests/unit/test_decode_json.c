/* test_decode_json.c: JSON and NDJSON bodies, each at every cut. */
#include "decode_cases.h"

#include "base/alloc.h"
#include "base/limits.h"
#include "serve/decode_rows.h"

typedef struct body_case {
    const mc_row_schema *schema;
    const char *body, *want;
} body_case;

static void check_all(const body_case *cases, size_t n, mc_body_kind kind)
{
    for (size_t i = 0; i < n; i++)
        check_body(cases[i].schema, kind, cases[i].body, cases[i].want);
}
#define CHECK_ALL(cases, kind) check_all((cases), MC_COUNT_OF(cases), (kind))

#define IRIS_ROW "[5.1, 3.5, 1.4, 0.2]"
#define IRIS_GOT "[5.1 3.5 1.4 0.2]"
#define EXAMPLE  "for example {\"input\": " IRIS_ROW "}"

static void list_rows(void **state)
{
    (void)state;
    static const body_case CASES[] = {
        {&IRIS, "{\"input\": " IRIS_ROW "}", "single " IRIS_GOT},
        {&IRIS, "{\"input\":[5.1,3.5,1.4,0.2]}", "single " IRIS_GOT},
        {&IRIS, " \t\r\n{ \"input\" : [ 5.1 , 3.5\n,\t1.4 ,0.2 ] } \n", "single " IRIS_GOT},
        {&IRIS, "{\"features\": " IRIS_ROW "}", "single " IRIS_GOT},
        {&IRIS, "{\"data\": [" IRIS_ROW "]}", "batch " IRIS_GOT},
        {&IRIS, "{\"instances\": [" IRIS_ROW ", [1,2,3,4]]}",
         "batch " IRIS_GOT " [1.0 2.0 3.0 4.0]"},
        {&IRIS, "{\"input\": [" IRIS_ROW "]}", "batch " IRIS_GOT},
        {&IRIS, "{\"inputs\": [" IRIS_ROW "," IRIS_ROW "]}", "batch " IRIS_GOT " " IRIS_GOT},
        {&IRIS, "{\"inputs\": []}", "batch"},
        {&IRIS, "{\"input\": [true, false, null, -0.0]}", "single [1.0 0.0 NaN -0.0]"},
        {&IRIS, "{\"input\": [NaN, Infinity, -Infinity, -0]}",
         "single [NaN Infinity -Infinity 0.0]"},
        {&IRIS, "{\"input\": [1e3, 1E-2, 1.5e+2, 123456789012345678901234567890]}",
         "single [1000.0 0.01 150.0 1.2345678901234568e+29]"},
        {&IRIS, "{\"input\": [9007199254740993, 9223372036854775807, -9223372036854775808, 1e999]}",
         "single [9007199254740992.0 9.223372036854776e+18 -9.223372036854776e+18 Infinity]"},
        {&IRIS,
         "{\"input\": [0.1000000000000000055511151231257827, 4.9e-324, 2e-324, "
         "1.7976931348623157e308]}",
         "single [0.1 5e-324 0.0 1.7976931348623157e+308]"},
        {&CHURN, "{\"input\": [41, \"Bern\", {}, 1, 2]}",
         "bad_input@0: row 0, column \"id\" (2): expected one value, found an object"},
        {&CHURN, "{\"input\": [41, \"Bern\", \"x\", 5000.5, true]}",
         "single [5000.5 41.0|\"Bern\" true]"},
        {&CHURN, "{\"inputs\": [[null, null, null, null, null], [1, 2, 3, 4, 5.0]]}",
         "batch [NaN NaN|null null] [4.0 1.0|2 5.0]"},
        {&CHURN, "{\"input\": [1, 9223372036854775808, 0, 2, -9223372036854775808]}",
         "single [2.0 1.0|9.223372036854776e+18 -9223372036854775808]"},
        {&TEXT, "{\"input\": \"good film\"}", "single [|\"good film\"]"},
        {&TEXT, "{\"input\": [\"good film\", \"\"]}", "batch [|\"good film\"] [|\"\"]"},
        {&TEXT, "{\"inputs\": [\"a\", [\"b\"], null, 3]}", "batch [|\"a\"] [|\"b\"] [|null] [|3]"},
        {&TEXT, "{\"data\": []}", "batch"},
        {&TEXT, "{\"input\": \"a\\u00e9\\n\\\"\\\\\\/\\b\\f\\r\\t\\ud83d\\ude00\xc3\xa9\"}",
         "single [|\"a\xc3\xa9\n\"\\/\b\f\r\t\xf0\x9f\x98\x80\xc3\xa9\"]"},
        {&TEXT, "{\"input\": \"\\u00e9\\u20AC\\u0000\"}", "single [|\"\xc3\xa9\xe2\x82\xac\\0\"]"},
        {&TURNED, "{\"inputs\": [[1, 2], [3, 4]]}", "batch [2.0 1.0] [4.0 3.0]"},
        {&ONE, "{\"input\": [7]}", "single [7.0]"},
        {&ONE, "{\"input\": [[7], [8]]}", "batch [7.0] [8.0]"},
    };
    CHECK_ALL(CASES, MC_BODY_JSON);
}

static void nested_rows(void **state)
{
    (void)state;
    static const body_case CASES[] = {
        {&LISTS, "{\"input\": [\"a\", \"b\"]}", "single [|(\"a\" \"b\")]"},
        {&LISTS, "{\"input\": []}", "single [|()]"},
        {&LISTS, "{\"inputs\": []}", "batch"},
        {&LISTS, "{\"inputs\": [[], [1, 2.5, null, true], [\"\"]]}",
         "batch [|()] [|(1 2.5 null true)] [|(\"\")]"},
        {&LISTS, "{\"input\": [[\"a\"], [\"b\", [\"c\", 1]]]}",
         "batch [|(\"a\")] [|(\"b\" (\"c\" 1))]"},
        {&LISTS, "{\"inputs\": [[[\"a\", 1], [\"b\", [[], {}]]], [{\"k\": [1]}]]}",
         "batch [|((\"a\" 1) (\"b\" (() {})))] [|({\"k\" (1)})]"},
        {&LISTS, "{\"input\": \"a\"}", "bad_input@0: row 0: expected a list, found a string"},
        {&LISTS, "{\"inputs\": [[1], {}]}", "batch [|(1)] [|{}]"},
        {&DICTS, "{\"input\": {\"a\": 1, \"b\": \"x\"}}", "single [|{\"a\" 1 \"b\" \"x\"}]"},
        {&DICTS, "{\"inputs\": [{}, {\"a\": [\"x\", \"y\"]}, {\"indices\": [1], \"values\": [2]}]}",
         "batch [|{}] [|{\"a\" (\"x\" \"y\")}] [|{\"indices\" (1) \"values\" (2)}]"},
        {&DICTS, "{\"data\": [{\"a\": 1, \"b\": 2, \"a\": 3}]}", "batch [|{\"a\" 3 \"b\" 2}]"},
        {&DICTS,
         "{\"input\": {\"a\":1,\"b\":2,\"c\":3,\"d\":4,\"e\":5,\"f\":6,\"\":7,\"h\":8,\"i\":9,"
         "\"a\":10,\"h\":11,\"\":12}}",
         "single [|{\"a\" 10 \"b\" 2 \"c\" 3 \"d\" 4 \"e\" 5 \"f\" 6 \"\" 12 \"h\" 11 \"i\" 9}]"},
        {&DICTS, "{\"input\": [1]}", "bad_input@0: row 0: expected an object, found a list"},
        {&DICTS, "{\"inputs\": [[1]]}", "bad_input@0: row 0: expected an object, found a list"},
    };
    static const body_case LINES[] = {
        {&LISTS, "[\"a\"]\n[]\n", "batch [|(\"a\")] [|()]"},
        {&DICTS, "{\"a\": 1}\n\n{}", "batch [|{\"a\" 1}] [|{}]"},
    };
    CHECK_ALL(CASES, MC_BODY_JSON);
    CHECK_ALL(LINES, MC_BODY_NDJSON);
}

static void options(void **state)
{
    (void)state;
    static const body_case CASES[] = {
        {&IRIS, "{\"method\": \"predict_proba\", \"input\": " IRIS_ROW "}",
         "single method=predict_proba " IRIS_GOT},
        {&IRIS, "{\"input\": " IRIS_ROW ", \"method\": \"apply\", \"timeout\": 0.5}",
         "single method=apply timeout=0.5 " IRIS_GOT},
        {&IRIS, "{\"timeout\": 3, \"inputs\": [" IRIS_ROW "], \"return_std\": true}",
         "batch timeout=3.0 std " IRIS_GOT},
        {&IRIS, "{\"input\": " IRIS_ROW ", \"return_cov\": true, \"return_std\": false}",
         "single cov " IRIS_GOT},
        {&IRIS,
         "{\"method\": null, \"timeout\": null, \"return_std\": null, \"input\": " IRIS_ROW "}",
         "single " IRIS_GOT},
        {&IRIS, "{\"method\": \"apply\", \"method\": \"predict\", \"input\": " IRIS_ROW "}",
         "single method=predict " IRIS_GOT},
        {&IRIS, "{\"met\\u0068od\": \"predict\", \"input\": " IRIS_ROW "}",
         "single method=predict " IRIS_GOT},
        {&IRIS, "{\"method\": \"guess\", \"input\": " IRIS_ROW "}",
         "no_method@11: there is no method \"guess\""},
        {&IRIS, "{\"method\": 3}",
         "bad_request@11: \"method\": expected a name such as \"predict\""},
        {&IRIS, "{\"method\": [\"predict\"]}",
         "bad_request@11: \"method\": expected one value, found a list"},
        {&IRIS, "{\"timeout\": 0}",
         "bad_request@12: \"timeout\": expected a number of seconds above 0"},
        {&IRIS, "{\"timeout\": Infinity}",
         "bad_request@12: \"timeout\": expected a number of seconds above 0"},
        {&IRIS, "{\"timeout\": \"1\"}",
         "bad_request@12: \"timeout\": expected a number of seconds above 0"},
        {&IRIS, "{\"return_std\": 1}", "bad_request@15: \"return_std\": expected true or false"},
        {&IRIS, "{\"input\": " IRIS_ROW ", \"data\": 1}",
         "bad_request@32: expected rows under one key, found \"input\" and \"data\""},
        {&IRIS, "{\"rows\": 1}",
         "bad_request@1: unknown key \"rows\": expected \"input\" or \"inputs\", and \"method\", "
         "\"timeout\", \"return_std\", \"return_cov\""},
        {&IRIS, "{}",
         "bad_request: the body holds no rows: expected the key \"input\" or \"inputs\", " EXAMPLE},
        {&IRIS, "{\"method\": \"predict\"}",
         "bad_request: the body holds no rows: expected the key \"input\" or \"inputs\", " EXAMPLE},
    };
    CHECK_ALL(CASES, MC_BODY_JSON);
}

static void object_rows(void **state)
{
    (void)state;
    static const body_case CASES[] = {
        {&CHURN, "{\"input\": {\"age\": 41, \"city\": \"Bern\", \"income\": 5e3, \"plan\": null}}",
         "single [5000.0 41.0|\"Bern\" null]"},
        {&CHURN,
         "{\"input\": {\"plan\": \"b\", \"id\": 7, \"income\": 1, \"city\": \"a\", \"age\": 2}}",
         "single [1.0 2.0|\"a\" \"b\"]"},
        {&CHURN, "{\"inputs\": [{\"age\":1,\"city\":2,\"income\":3,\"plan\":4}, [5,6,7,8,9]]}",
         "batch [3.0 1.0|2 4] [8.0 5.0|6 9]"},
        {&CHURN, "{\"data\": [{\"age\":1,\"city\":2,\"income\":3,\"plan\":4}]}",
         "batch [3.0 1.0|2 4]"},
        {&CHURN,
         "{\"input\": {\"age\":1,\"age\":9,\"city\":\"x\",\"city\":\"y\",\"income\":3,\"plan\":4}}",
         "single [3.0 9.0|\"y\" 4]"},
        {&CHURN,
         "{\"inputs\": [{\"age\":1,\"city\":2,\"income\":3,\"plan\":4}, "
         "{\"age\":1,\"city\":2,\"plan\":4}]}",
         "bad_input@1: row 1, column \"income\" (3): missing from the row"},
        {&CHURN, "{\"input\": {}}", "bad_input@0: row 0, column \"age\" (0): missing from the row"},
        {&CHURN, "{\"input\": {\"agee\": 1}}",
         "bad_input@0: row 0: the model has no column \"agee\""},
        {&CHURN, "{\"input\": {\"age\": \"old\"}}",
         "bad_input@0: row 0, column \"age\" (0): expected a number, found the string \"old\""},
        {&CHURN, "{\"input\": {\"age\": [1]}}",
         "bad_input@0: row 0, column \"age\" (0): expected one value, found a list"},
        {&CHURN_EXTRA,
         "{\"input\": {\"x\": {\"y\": [1, {\"z\": []}], \"w\": {}}, \"age\": 1, \"v\": 2, "
         "\"city\": \"c\", "
         "\"u\": [], \"income\": 3, \"plan\": 4, \"t\": \"s\"}}",
         "single [3.0 1.0|\"c\" 4]"},
        {&CHURN_EXTRA, "{\"input\": {\"values\": 2, \"age\":1,\"city\":2,\"income\":3,\"plan\":4}}",
         "single [3.0 1.0|2 4]"},
        {&IRIS, "{\"input\": {\"a\": 1}}",
         "bad_input@0: row 0: the model was fitted without column names: expected a list of 4 "
         "values, "
         "found an object with the key \"a\""},
        {&IRIS, "{\"input\": {}}",
         "bad_input@0: row 0: the model was fitted without column names: expected a list of 4 "
         "values, "
         "found an object"},
    };
    CHECK_ALL(CASES, MC_BODY_JSON);
}

static void sparse_rows(void **state)
{
    (void)state;
    static const body_case CASES[] = {
        {&IRIS, "{\"input\": {\"indices\": [1, 3], \"values\": [2.5, -1]}}",
         "single [0.0 2.5 0.0 -1.0]"},
        {&IRIS,
         "{\"inputs\": [{\"values\": [], \"indices\": []}, {\"values\": [true, null], \"indices\": "
         "[3, 0]}]}",
         "batch [0.0 0.0 0.0 0.0] [NaN 0.0 0.0 1.0]"},
        {&IRIS, "{\"input\": {\"indices\": [9], \"indices\": [0], \"values\": [1]}}",
         "single [1.0 0.0 0.0 0.0]"},
        {&CHURN, "{\"input\": {\"indices\": [0, 1], \"values\": [2, 3]}}",
         "single [0.0 2.0|3.0 0.0]"},
        {&PAIR, "{\"input\": {\"indices\": 1, \"values\": 2}}", "single [1.0 2.0]"},
        {&PAIR, "{\"input\": {\"indices\": [1], \"values\": [2]}}",
         "bad_input@0: row 0, column \"indices\" (0): expected one value, found a list"},
        {&IRIS, "{\"input\": {\"indices\": [4], \"values\": [1]}}",
         "bad_input@0: row 0: expected indices below 4, found 4"},
        {&IRIS, "{\"input\": {\"indices\": [-1], \"values\": [1]}}",
         "bad_input@0: row 0: expected indices below 4, found -1"},
        {&IRIS, "{\"input\": {\"indices\": [1, 1], \"values\": [1, 2]}}",
         "bad_input@0: row 0: index 1 occurs twice"},
        {&IRIS, "{\"input\": {\"indices\": [1, 2], \"values\": [1]}}",
         "bad_input@0: row 0: expected as many values as indices, found 1 and 2"},
        {&IRIS, "{\"input\": {\"indices\": [1.0], \"values\": [1]}}",
         "bad_input@0: row 0: \"indices\": expected integers below 4, found a number"},
        {&IRIS, "{\"input\": {\"indices\": [1], \"values\": [\"1\"]}}",
         "bad_input@0: row 0: \"values\": expected numbers, found a string"},
        {&IRIS, "{\"input\": {\"indices\": [1]}}",
         "bad_input@0: row 0: a sparse row holds the two lists \"indices\" and \"values\", and "
         "nothing else"},
        {&IRIS, "{\"input\": {\"indices\": 1}}",
         "bad_input@0: row 0: \"indices\" of a sparse row: expected a list, found a number"},
        {&CHURN, "{\"input\": {\"age\": 1, \"indices\": [1], \"values\": [1]}}",
         "bad_input@0: row 0: a sparse row holds the two lists \"indices\" and \"values\", and "
         "nothing else"},
    };
    CHECK_ALL(CASES, MC_BODY_JSON);
}

static void rows_of_models_that_read_them_sparse(void **state)
{
    (void)state;
    static const body_case CASES[] = {
        {&SPARSE, "{\"input\": {\"indices\": [1, 3], \"values\": [2.5, -1]}}",
         "single [1:2.5 3:-1.0]"},
        {&SPARSE, "{\"input\": {\"indices\": [3, 0, 2], \"values\": [1, 0, 2]}}",
         "single [3:1.0 0:0.0 2:2.0]"},
        {&SPARSE,
         "{\"inputs\": [{\"indices\": [], \"values\": []}, [0, -0.0, null, 7], [0,0,0,0]]}",
         "batch [] [1:-0.0 2:NaN 3:7.0] []"},
        {&SPARSE, "{\"inputs\": []}", "batch"},
        {&SPARSE, "{\"input\": {\"indices\": [2, 0, 2], \"values\": [1, 2, 3]}}",
         "bad_input@0: row 0: index 2 occurs twice"},
        {&SPARSE, "{\"input\": {\"indices\": [4], \"values\": [1]}}",
         "bad_input@0: row 0: expected indices below 4, found 4"},
        {&SPARSE, "{\"input\": [1, 2, 3]}", "bad_input@0: row 0: expected 4 values, found 3"},
        {&SPARSE, "{\"input\": [1, 2, 3, 4, 5]}", "bad_input@0: row 0: expected 4 values, found 5"},
        {&SPARSE, "{\"input\": [1, \"x\", 3, 4]}",
         "bad_input@0: row 0, column \"b\" (1): expected a number, found the string \"x\""},
        {&SPARSE_NAMED, "{\"input\": {\"d\": 4, \"a\": 1, \"b\": 0, \"c\": true}}",
         "single [3:4.0 0:1.0 2:1.0]"},
        {&SPARSE_NAMED, "{\"input\": {\"d\": 4, \"a\": 1, \"b\": 0}}",
         "bad_input@0: row 0, column \"c\" (2): missing from the row"},
        {&SPARSE_NAMED, "{\"input\": {\"a\": 4, \"a\": 1, \"b\": 0, \"c\": 1, \"d\": 1}}",
         "bad_input@0: row 0, column \"a\" (0): occurs twice"},
    };
    CHECK_ALL(CASES, MC_BODY_JSON);
}

static void rows_that_do_not_fit(void **state)
{
    (void)state;
    static const body_case CASES[] = {
        {&IRIS, "{\"input\": [1, 2, 3]}", "bad_input@0: row 0: expected 4 values, found 3"},
        {&IRIS, "{\"input\": []}", "bad_input@0: row 0: expected 4 values, found 0"},
        {&IRIS, "{\"input\": [1, 2, 3, 4, 5]}", "bad_input@0: row 0: expected 4 values, found 5"},
        {&IRIS, "{\"inputs\": [[1, 2, 3, 4, 5, \"6\", null]]}",
         "bad_input@0: row 0: expected 4 values, found 7"},
        {&IRIS, "{\"input\": [1, 2, 3, 4, {}]}",
         "bad_input@0: row 0: expected 4 values, found an object behind them"},
        {&IRIS, "{\"inputs\": [[1, 2, 3, 4], []]}",
         "bad_input@1: row 1: expected 4 values, found 0"},
        {&IRIS, "{\"inputs\": [[1, 2, 3, 4], 5]}",
         "bad_input@1: row 1: expected a list of 4 values, found a number"},
        {&CHURN, "{\"inputs\": [\"x\"]}",
         "bad_input@0: row 0: expected a list of 5 values or an object, found a string"},
        {&IRIS, "{\"input\": 5}",
         "bad_input@0: row 0: expected a list of 4 values, found a number"},
        {&IRIS, "{\"input\": true}", "bad_input@0: row 0: expected a list of 4 values, found true"},
        {&IRIS, "{\"inputs\": [null]}",
         "bad_input@0: row 0: expected a list of 4 values, found null"},
        {&ONE, "{\"input\": 7}", "bad_input@0: row 0: expected a list of 1 value, found a number"},
        {&IRIS, "{\"inputs\": 5}",
         "bad_request@11: \"inputs\": expected a list of rows, found a number; one row goes under "
         "\"input\""},
        {&IRIS, "{\"input\": [1, \"a\\u0062c\", 3, 4]}",
         "bad_input@0: row 0, column 1: expected a number, found the string \"abc\""},
        {&IRIS, "{\"input\": [1, [2], 3, 4]}",
         "bad_input@0: row 0, column 1: expected one value, found a list"},
        {&TEXT, "{\"inputs\": [[]]}", "bad_input@0: row 0: expected 1 value, found 0"},
        {&TEXT, "{\"input\": {\"text\": \"x\"}}",
         "bad_input@0: row 0: the model was fitted without column names: expected a list of 1 "
         "values, "
         "found an object with the key \"text\""},
    };
    CHECK_ALL(CASES, MC_BODY_JSON);
}

static void bad_syntax(void **state)
{
    (void)state;
    static const body_case CASES[] = {
        {&IRIS, "", "bad_request@0: the body is empty: expected an object, " EXAMPLE},
        {&IRIS, "  ", "bad_request@0: the body is empty: expected an object, " EXAMPLE},
        {&IRIS, "[1, 2]", "bad_request@0: expected an object, " EXAMPLE ", found a list"},
        {&IRIS, " 7", "bad_request@1: expected an object, " EXAMPLE ", found a number"},
        {&IRIS, "{\"input\": [1, 2, 3, 4]", "bad_request@22: the body ends inside an object"},
        {&IRIS, "{\"input\": [1, 2", "bad_request@15: the body ends inside a list"},
        {&IRIS, "{\"inp", "bad_request@1: the string that begins here is not closed"},
        {&IRIS, "{\"input\": [1, 2, 3, 4]} x",
         "bad_request@24: expected the end of the body, found 'x'"},
        {&IRIS, "{\"input\": [1, 2, 3, 4]}{",
         "bad_request@23: expected the end of the body, found '{'"},
        {&IRIS, "{\"input\": [1, 2, 3, 4,]}", "bad_request@22: expected a JSON value, found ']'"},
        {&IRIS, "{\"input\": [,1]}", "bad_request@11: expected a JSON value, found ','"},
        {&IRIS, "{\"input\": [1 2]}", "bad_request@13: expected ',' or ']', found '2'"},
        {&IRIS, "{\"input\": [1, 2}}", "bad_request@15: expected ',' or ']', found '}'"},
        {&IRIS, "{\"input\" [1]}", "bad_request@9: expected ':', found '['"},
        {&IRIS, "{\"method\": \"predict\" \"input\"}",
         "bad_request@21: expected ',' or '}', found '\"'"},
        {&IRIS, "{\"method\": \"predict\",}",
         "bad_request@21: expected a key in double quotes, found '}'"},
        {&IRIS, "{input: 1}", "bad_request@1: expected a key in double quotes, or '}', found 'i'"},
        {&IRIS, "{'input': 1}",
         "bad_request@1: expected a key in double quotes, or '}', found '''"},
        {&IRIS, "{\"input\": [01]}", "bad_request@11: expected a JSON value, found \"01\""},
        {&IRIS, "{\"input\": [+1]}", "bad_request@11: expected a JSON value, found \"+1\""},
        {&IRIS, "{\"input\": [.5]}", "bad_request@11: expected a JSON value, found \".5\""},
        {&IRIS, "{\"input\": [5.]}", "bad_request@11: expected a JSON value, found \"5.\""},
        {&IRIS, "{\"input\": [1e]}", "bad_request@11: expected a JSON value, found \"1e\""},
        {&IRIS, "{\"input\": [1e+]}", "bad_request@11: expected a JSON value, found \"1e+\""},
        {&IRIS, "{\"input\": [-]}", "bad_request@11: expected a JSON value, found \"-\""},
        {&IRIS, "{\"input\": [0x10]}", "bad_request@11: expected a JSON value, found \"0x10\""},
        {&IRIS, "{\"input\": [1_000]}", "bad_request@11: expected a JSON value, found \"1_000\""},
        {&IRIS, "{\"input\": [nan]}", "bad_request@11: expected a JSON value, found \"nan\""},
        {&IRIS, "{\"input\": [True]}", "bad_request@11: expected a JSON value, found \"True\""},
        {&IRIS, "{\"input\": [+Infinity]}",
         "bad_request@11: expected a JSON value, found \"+Infinity\""},
        {&IRIS, "{\"input\": [1;2]}", "bad_request@12: expected ',' or ']', found ';'"},
        {&IRIS, "{\"input\": [\x01]}",
         "bad_request@11: expected a JSON value, found the byte 0x01"},
        {&IRIS, "{\"input\": [\xe9]}",
         "bad_request@11: expected a JSON value, found the byte 0xe9"},
        {&IRIS, "\xef\xbb\xbf{}",
         "bad_request@0: expected a JSON value, found the byte 0xef: JSON is UTF-8 without a byte "
         "order mark"},
        {&TEXT, "{\"input\": \"a\tb\"}",
         "bad_request@12: a control character in a string must be written as an escape"},
        {&TEXT, "{\"input\": \"caf\xe9\"}", "bad_request@14: the text is not UTF-8"},
        {&TEXT, "{\"input\": \"\xc0\x80\"}", "bad_request@11: the text is not UTF-8"},
        {&TEXT, "{\"input\": \"12345678\xed\xa0\x80\"}", "bad_request@19: the text is not UTF-8"},
        {&TEXT, "{\"input\": \"\xf4\x90\x80\x80\"}", "bad_request@11: the text is not UTF-8"},
        {&TEXT, "{\"input\": \"a\\x\"}", "bad_request@12: unknown escape"},
        {&TEXT, "{\"input\": \"\\u12g4\"}", "bad_request@11: \\u needs four hexadecimal digits"},
        {&TEXT, "{\"input\": \"\\u12\"}", "bad_request@11: \\u needs four hexadecimal digits"},
        {&TEXT, "{\"input\": \"\\ud800\"}",
         "bad_request@11: half of a surrogate pair is no character"},
        {&TEXT, "{\"input\": \"\\udc00\\ud800\"}",
         "bad_request@11: half of a surrogate pair is no character"},
        {&TEXT, "{\"input\": \"\\ud800\\u0041\"}",
         "bad_request@11: half of a surrogate pair is no character"},
        {&TEXT, "{\"input\": \"open\\\"}",
         "bad_request@10: the string that begins here is not closed"},
    };
    CHECK_ALL(CASES, MC_BODY_JSON);
}

static void lines(void **state)
{
    (void)state;
    static const body_case CASES[] = {
        {&IRIS, "[1,2,3,4]\n[5, 6, 7, 8]\n", "batch [1.0 2.0 3.0 4.0] [5.0 6.0 7.0 8.0]"},
        {&IRIS, "\r\n[1,2,3,4]\r\n\n[5,6,7,8]", "batch [1.0 2.0 3.0 4.0] [5.0 6.0 7.0 8.0]"},
        {&CHURN, "{\"age\":1,\"city\":\"a\",\"income\":3,\"plan\":4}\n[5,6,7,8,9]\n",
         "batch [3.0 1.0|\"a\" 4] [8.0 5.0|6 9]"},
        {&TEXT, "\"a\"\n\"b\"\n3", "batch [|\"a\"] [|\"b\"] [|3]"},
        {&IRIS, "{\"indices\":[2],\"values\":[7]}", "batch [0.0 0.0 7.0 0.0]"},
        {&IRIS, "",
         "bad_request@0: the body is empty: expected a row a line, for example " IRIS_ROW},
        {&IRIS, "[1,2,3,4] [5,6,7,8]", "bad_request@10: expected the end of the line, found '['"},
        {&IRIS, "[1,2,\n3,4]",
         "bad_request@5: line 1 ends inside a row: a row must stand on one line"},
        {&IRIS, "[1,2,3,4]\n[1,2]\n", "bad_input@1: row 1: expected 4 values, found 2"},
        {&IRIS, "[1,2,3,4]\n]", "bad_request@10: expected a JSON value, found ']'"},
        {&IRIS, "[1,2,3", "bad_request@6: the body ends inside a list"},
        {&IRIS, "7\n", "bad_input@0: row 0: expected a list of 4 values, found a number"},
    };
    CHECK_ALL(CASES, MC_BODY_NDJSON);
}

/* `[` or `{"a":` repeated, more often than any level allows: refused by name, at once. */
static void deep_nests(void **state)
{
    (void)state;
    static char body[40000];
    size_t size = (size_t)snprintf(body, sizeof body, "{\"input\": ");
    memset(body + size, '[', 20000);
    mc_meter meter = {.limit = 1 << 16};
    mc_decode *decode = NULL;
    assert_int_equal(mc_decode_create(&meter, &decode, NULL), MC_OK);
    check_cut(decode, &CHURN, MC_BODY_JSON, (mc_bytes){(const uint8_t *)body, size + 20000}, NULL,
              0, "bad_input@0: row 0, column \"age\" (0): expected one value, found a list");
    size = (size_t)snprintf(body, sizeof body, "{\"input\": {\"x\": ");
    memset(body + size, '[', 20000);
    char want[100];
    (void)snprintf(want, sizeof want,
                   "bad_request@%zu: more than %d lists and objects in each other",
                   size + MC_LIMIT_JSON_DEPTH - 2, MC_LIMIT_JSON_DEPTH);
    check_cut(decode, &CHURN_EXTRA, MC_BODY_JSON, (mc_bytes){(const uint8_t *)body, size + 20000},
              NULL, 0, want);
    mc_decode_destroy(decode);
}

static void long_keys(void **state)
{
    (void)state;
    char body[2100], want[200];
    memset(body, 'k', sizeof body);
    memcpy(body, "{\"", 2);
    const size_t limit = MC_LIMIT_KEY_BYTES;
    memcpy(body + 2 + limit + 1, "\":1}", 4);
    (void)snprintf(want, sizeof want, "bad_request@1: a key of %zu bytes; keys may have %zu",
                   limit + 1, limit);
    check_body_bytes(&IRIS, MC_BODY_JSON, (mc_bytes){(const uint8_t *)body, limit + 7}, want);
}

/* The meter's limit ends a request, and everything is given back. */
static void memory_limit(void **state)
{
    (void)state;
    mc_meter meter = {.limit = 4096};
    mc_decode *decode = NULL;
    mc_error err = {.status = MC_OK};
    assert_int_equal(mc_decode_create(&meter, &decode, NULL), MC_OK);
    mc_decode_begin(decode, &IRIS, MC_BODY_JSON);
    mc_status status = mc_decode_feed(decode, "{\"inputs\": [", 12, &err);
    size_t n_rows = 0;
    for (; status == MC_OK && n_rows < 1000; n_rows++)
        status = mc_decode_feed(decode, n_rows == 0 ? "[1,2,3,4]" : ",[1,2,3,4]",
                                n_rows == 0 ? 9 : 10, &err);
    assert_int_equal(status, MC_E_BUSY);
    assert_non_null(strstr(err.message, "--request-memory"));
    assert_in_range(n_rows, 60, 129); /* of 32 bytes; the last one failed */
    assert_in_range(atomic_load(&meter.used), 1, meter.limit);
    assert_int_equal(mc_decode_bytes(decode), atomic_load(&meter.used));
    mc_decode_trim(decode, 0);
    assert_int_equal(atomic_load(&meter.used), 0);
    check_cut(decode, &IRIS, MC_BODY_JSON, mc_bytes_of("{\"input\": " IRIS_ROW "}"), NULL, 0,
              "single " IRIS_GOT);
    mc_decode_destroy(decode);
}

/* One row more than MC_LIMIT_ROWS; the rows before it are only claimed. */
static void rows_limit(void **state)
{
    (void)state;
    mc_meter meter = {.limit = 1 << 16};
    mc_rows rows;
    mc_error err = {.status = MC_OK};
    mc_rows_init(&rows, &meter);
    mc_rows_begin(&rows, &TEXT);
    rows.n_rows = MC_LIMIT_ROWS - 1;
    assert_int_equal(mc_rows_open(&rows, &err), MC_OK);
    mc_rows_close(&rows);
    assert_int_equal(mc_rows_open(&rows, &err), MC_E_BAD_REQUEST);
    assert_string_equal(err.message, "more than 10000000 rows in one request");
    mc_rows_fini(&rows);
    assert_int_equal(atomic_load(&meter.used), 0);
}

/* After the first request nothing is allocated. */
static void no_allocation_when_warm(void **state)
{
    (void)state;
    static const char BODY[] =
        "{\"inputs\": [{\"age\": 41, \"city\": \"B\\u0065rn\", \"income\": 5e3, "
        "\"plan\": \"p\"}, [1, \"x\", 2, 3, 4]]}";
    mc_meter meter = {.limit = 1 << 20};
    mc_decode *decode = NULL;
    mc_predict_request request;
    assert_int_equal(mc_decode_create(&meter, &decode, NULL), MC_OK);
    uint64_t before = 0;
    for (size_t i = 0; i < 10; i++) {
        if (i == 1)
            before = mc_alloc_count();
        mc_decode_begin(decode, &CHURN, MC_BODY_JSON);
        assert_int_equal(mc_decode_feed(decode, BODY, 30, NULL), MC_OK);
        assert_int_equal(mc_decode_feed(decode, BODY + 30, sizeof BODY - 31, NULL), MC_OK);
        assert_int_equal(mc_decode_end(decode, &request, NULL), MC_OK);
    }
    assert_int_equal(mc_alloc_count() - before, 0);
    mc_decode_destroy(decode);
}

/* Whichever allocation fails, the request ends with MC_E_NO_MEMORY and nothing leaks. */
static void allocation_failures(void **state)
{
    (void)state;
    static const char BODY[] = "{\"inputs\": [{\"age\": 41, \"city\": \"Bern\", \"income\": 5e3, "
                               "\"plan\": \"\\n\"}, {\"indices\": [1], \"values\": [2]}]}";
    mc_meter meter = {.limit = 1 << 20};
    mc_predict_request request;
    mc_status status = MC_E_NO_MEMORY;
    uint64_t k = 1;
    for (; status != MC_OK; k++) {
        mc_decode *decode = NULL;
        mc_alloc_fail_at(k);
        status = mc_decode_create(&meter, &decode, NULL);
        if (status == MC_OK) {
            mc_decode_begin(decode, &CHURN, MC_BODY_JSON);
            status = mc_decode_feed(decode, BODY, sizeof BODY - 1, NULL);
        }
        if (status == MC_OK)
            status = mc_decode_end(decode, &request, NULL);
        mc_alloc_fail_at(0);
        mc_decode_destroy(decode);
        assert_int_equal(atomic_load(&meter.used), 0);
        assert_true(status == MC_OK || status == MC_E_NO_MEMORY);
    }
    assert_true(k > 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(list_rows),
        cmocka_unit_test(nested_rows),
        cmocka_unit_test(options),
        cmocka_unit_test(object_rows),
        cmocka_unit_test(sparse_rows),
        cmocka_unit_test(rows_of_models_that_read_them_sparse),
        cmocka_unit_test(rows_that_do_not_fit),
        cmocka_unit_test(bad_syntax),
        cmocka_unit_test(lines),
        cmocka_unit_test(deep_nests),
        cmocka_unit_test(long_keys),
        cmocka_unit_test(memory_limit),
        cmocka_unit_test(rows_limit),
        cmocka_unit_test(no_allocation_when_warm),
        cmocka_unit_test(allocation_failures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
