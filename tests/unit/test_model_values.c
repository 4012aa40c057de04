/* test_model_values.c: the settings of a model, key by key, and the forms of values. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/model_values.h"

static void defaults_are_those_of_the_table(void **state)
{
    (void)state;
    mc_model_values values;
    mc_model_values_init(&values, "iris");
    assert_string_equal(values.name, "iris");
    const mc_model_settings settings = mc_model_values_settings(&values);
    assert_int_equal(settings.struct_size, sizeof settings);
    assert_false(settings.pin);
    assert_int_equal(settings.retry_after_ms, 1000);
    for (size_t id = 0; id < MC_N_MODEL_PARAMS; id++)
        assert_int_equal(values.line[id], 0);
}

static void keys_are_set(void **state)
{
    (void)state;
    mc_model_values values;
    mc_error error;
    mc_model_values_init(&values, "iris");
    assert_int_equal(mc_model_values_set(&values, "pin", "yes", 3, &error), MC_OK);
    assert_int_equal(mc_model_values_set(&values, "retry_after", "5m", 4, &error), MC_OK);
    assert_int_equal(mc_model_values_set(&values, "source", "a.pkl", 5, &error), MC_OK);
    assert_true(mc_model_values_settings(&values).pin);
    assert_int_equal(mc_model_values_settings(&values).retry_after_ms, 300000);
    assert_string_equal(values.text[MC_MODEL_PARAM_SOURCE], "a.pkl");
    assert_int_equal(values.line[MC_MODEL_PARAM_RETRY_AFTER], 4);
}

static void what_is_wrong_is_said(void **state)
{
    (void)state;
    static const struct {
        const char *key, *value, *message;
    } CASES[] = {
        {"pine", "yes", "no key \"pine\" of a model; did you mean pin?"},
        {"retry-after", "1s", "no key \"retry-after\" of a model; did you mean retry_after?"},
        {"whatever", "1", "no key \"whatever\" of a model"},
        {"pin", "perhaps", "pin: expected yes or no, found \"perhaps\""},
        {"retry_after", "0",
         "retry_after: expected a time such as 500ms, 30s, 5m or 1h, from 1 to 86400000 ms, found "
         "\"0\""},
        {"source", "b.pkl", "source: expected once, found in line 2 before"},
    };
    for (size_t i = 0; i < MC_COUNT_OF(CASES); i++) {
        mc_model_values values;
        mc_error error;
        mc_model_values_init(&values, "iris");
        assert_int_equal(mc_model_values_set(&values, "source", "a.pkl", 2, &error), MC_OK);
        assert_int_equal(mc_model_values_set(&values, CASES[i].key, CASES[i].value, 9, &error),
                         MC_E_BAD_REQUEST);
        assert_string_equal(error.message, CASES[i].message);
        assert_string_equal(values.text[MC_MODEL_PARAM_SOURCE], "a.pkl");
        assert_false(mc_model_values_settings(&values).pin);
    }
}

static void times(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool sound;
        uint64_t ms;
    } CASES[] = {{"0", true, 0},
                 {"7", true, 7000},
                 {"250ms", true, 250},
                 {"30s", true, 30000},
                 {"5m", true, 300000},
                 {"5min", true, 300000},
                 {"2h", true, 7200000},
                 {"1d", true, 86400000},
                 {"", false, 0},
                 {"s", false, 0},
                 {"1 s", false, 0},
                 {"1.5s", false, 0},
                 {"-1s", false, 0},
                 {"18446744073709551615d", false, 0},
                 {"99999999999999999999", false, 0}};
    for (size_t i = 0; i < MC_COUNT_OF(CASES); i++) {
        uint64_t ms = 0;
        assert_int_equal(mc_duration_read(CASES[i].text, &ms), CASES[i].sound);
        if (CASES[i].sound)
            assert_int_equal(ms, CASES[i].ms);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_those_of_the_table),
        cmocka_unit_test(keys_are_set),
        cmocka_unit_test(what_is_wrong_is_said),
        cmocka_unit_test(times),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
