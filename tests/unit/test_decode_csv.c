/* test_decode_csv.c: CSV bodies, each at every cut. */
#include "decode_cases.h"

static void check(const mc_row_schema *schema, const char *body, const char *want)
{
    check_body(schema, MC_BODY_CSV, body, want);
}

static void plain_rows(void **state)
{
    (void)state;
    check(&IRIS, "5.1,3.5,1.4,0.2\n1,2,3,4\n", "batch [5.1 3.5 1.4 0.2] [1.0 2.0 3.0 4.0]");
    check(&IRIS, "5.1,3.5,1.4,0.2\r\n\r\n1,2,3,4", "batch [5.1 3.5 1.4 0.2] [1.0 2.0 3.0 4.0]");
    check(&IRIS, "\n 1 ,\t2,,\"4\"\r", "batch [1.0 2.0 NaN 4.0]");
    check(&IRIS, ",,,", "batch [NaN NaN NaN NaN]");
    check(&IRIS, "+1,007,5.,-1e-3", "batch [1.0 7.0 5.0 -0.001]");
    check(&IRIS, "NaN,nan,inf,-Infinity", "batch [NaN NaN Infinity -Infinity]");
    check(&IRIS, "True,false,False,true", "batch [1.0 0.0 0.0 1.0]");
    check(&IRIS,
          "\xef\xbb\xbf"
          "1,2,3,4",
          "batch [1.0 2.0 3.0 4.0]");
    check(&IRIS, "\xef\xbb\xbf\"1\",2,3,4", "batch [1.0 2.0 3.0 4.0]");
}

static void headers(void **state)
{
    (void)state;
    check(&CHURN, "age,city,id,income,plan\n1,a,x,3,b\n", "batch [3.0 1.0|\"a\" \"b\"]");
    check(&CHURN, "plan,income,city,age\nb,3,a,1\nd,30,c,10\n",
          "batch [3.0 1.0|\"a\" \"b\"] [30.0 10.0|\"c\" \"d\"]");
    check(&CHURN, "\xef\xbb\xbf\"plan\",\"income\",city,age\nb,3,a,1",
          "batch [3.0 1.0|\"a\" \"b\"]");
    check(&CHURN, "age,city,income,plan\n", "batch");
    check(&CHURN, "1,a,x,3,b\n", "batch [3.0 1.0|\"a\" \"b\"]");
    check(&CHURN_EXTRA, "age,note,city,income,plan\n1,n,a,3,b\n", "batch [3.0 1.0|\"a\" \"b\"]");
    check(&CHURN, "age,note,city,income,plan\n1,n,a,3,b\n",
          "bad_input: line 1: the model has no column \"note\"");
    check(&CHURN, "age,age,city,income,plan\n", "bad_request: line 1: a column is named twice");
    check(&CHURN, "age,city,id,income,plam\n1,a,x,3,b\n",
          "bad_input@0: row 0, column \"age\" (0): line 1: expected a number, found \"age\"");
    check(&IRIS, "a,b,c,d\n",
          "bad_input@0: row 0, column 0: line 1: expected a number, found \"a\"");
}

static void values_of_any_kind(void **state)
{
    (void)state;
    check(&TEXT, "good film\n7\n7.0\n1e3\n007\ntrue\n",
          "batch [|\"good film\"] [|7] [|7.0] [|1000.0] [|\"007\"] [|\"true\"]");
    check(&TEXT, "\"7\"\n\"\"\n\"a,\"\"b\"\"\nc\"\n NaN\nNaN\n",
          "batch [|\"7\"] [|\"\"] [|\"a,\"b\"\nc\"] [|\" NaN\"] [|NaN]");
    check(&TEXT, "caf\xc3\xa9\n", "batch [|\"caf\xc3\xa9\"]");
    check(&TEXT, "\xef\xbc\x81!\n", "batch [|\"\xef\xbc\x81!\"]");
    check(&CHURN, "1,,,2,\"\"", "batch [2.0 1.0|null \"\"]");
}

static void refusals(void **state)
{
    (void)state;
    check(&IRIS, "",
          "bad_request@0: the body is empty: expected a row a line, for example 5.1,3.5,1.4,0.2");
    check(&IRIS, "\n\r\n",
          "bad_request@0: the body is empty: expected a row a line, for example 5.1,3.5,1.4,0.2");
    check(&IRIS, "1,2,3,4\n1,2,3\n", "bad_input@1: row 1: line 2: expected 4 values, found 3");
    check(&IRIS, "1,2,3,4,5", "bad_input@0: row 0: line 1: expected 4 values, found 5");
    check(&CHURN, "plan,income,city,age\nb,3,a\n",
          "bad_input@0: row 0: line 2: expected 4 values, found 3");
    check(&IRIS, "1,2,3,x4",
          "bad_input@0: row 0, column 3: line 1: expected a number, found \"x4\"");
    check(&IRIS, "1,2,3,+-4",
          "bad_input@0: row 0, column 3: line 1: expected a number, found \"+-4\"");
    check(&IRIS, "1,2,3,4 5",
          "bad_input@0: row 0, column 3: line 1: expected a number, found \"4 5\"");
    check(&IRIS, "1,2,3,4\"",
          "bad_request@7: line 1: a quote inside a field that does not begin with one");
    check(&IRIS, "1,2,3,\"4\"5",
          "bad_request@9: line 1: expected a comma or the end of the line "
          "behind a quoted field");
    check(&IRIS, "1,2,3,4\n\"1,2\n",
          "bad_request@8: line 2: a quoted field of this record is not "
          "closed");
    check(&IRIS, "1,2\r3,4", "bad_request@4: line 1: a carriage return that no newline follows");
    check(&TEXT, "\"a\nb\"\ncaf\xe9\n", "bad_request@6: line 3: the text is not UTF-8");
    check(&CHURN, "1,\xc3,\xa9,4,5", "bad_request@0: line 1: the text is not UTF-8");
    check(&TEXT, "\xef\xbb", "bad_request@0: line 1: the text is not UTF-8");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_rows),
        cmocka_unit_test(headers),
        cmocka_unit_test(values_of_any_kind),
        cmocka_unit_test(refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
