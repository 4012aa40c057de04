/* test_prediction_use.c: when the prediction cache is asked, rests, and is tried again. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "cache/prediction_use.h"

static mc_use measured(uint64_t row_ns, uint64_t look_up_ns)
{
    mc_use use = {0};
    mc_use_reset(&use, 7);
    for (uint32_t i = 0; i < MC_USE_TRIALS; i++) {
        assert_int_equal(mc_use_state(&use), MC_PREDICTIONS_MEASURING);
        assert_int_equal(mc_use_note_trial(&use, row_ns + i, look_up_ns), i + 1 == MC_USE_TRIALS);
    }
    return use;
}

static void cheap_models_are_never_looked_up(void **state)
{
    (void)state;
    mc_use cheap = measured(100, 50);
    const mc_use dear = measured(5000, 50);
    char text[160];
    assert_int_equal(mc_use_state(&cheap), MC_PREDICTIONS_TOO_CHEAP);
    assert_int_equal(mc_use_state(&dear), MC_PREDICTIONS_ON);
    mc_use_explain(&cheap, text, sizeof text);
    assert_string_equal(text, "off: a row takes 0.10 us to compute, 0.05 us to look up");
}

static void rows_that_nobody_asks_twice_end_in_a_rest(void **state)
{
    (void)state;
    mc_use use = measured(5000, 50);
    char text[160];
    for (uint32_t i = 1; i < MC_USE_WINDOW; i++)
        assert_false(mc_use_note_rows(&use, 1, 0, 1500));
    assert_true(mc_use_note_rows(&use, 1, 0, 1500));
    assert_int_equal(mc_use_state(&use), MC_PREDICTIONS_RESTING);
    mc_use_explain(&use, text, sizeof text);
    assert_string_equal(text, "off: known rows saved 0 us of 24576 us that the cache took; "
                              "tried again in 262144 rows");
    mc_use_note_rest(&use, MC_USE_REST - 1);
    assert_int_equal(mc_use_state(&use), MC_PREDICTIONS_RESTING);
    mc_use_note_rest(&use, 500);
    assert_int_equal(mc_use_state(&use), MC_PREDICTIONS_ON);
}

static void enough_known_rows_keep_it_on(void **state)
{
    (void)state;
    mc_use use = measured(5000, 50);
    /* 400 of 1,000 known save 2 ms a batch; looking up and keeping take 1.5 ms. */
    const uint64_t batches = (MC_USE_WINDOW + 999) / 1000;
    for (uint64_t i = 0; i < 6 * batches; i++)
        assert_false(mc_use_note_rows(&use, 1000, 400, 1500000));
    assert_int_equal(mc_use_state(&use), MC_PREDICTIONS_ON);
    for (uint64_t i = 0; i < batches; i++)
        assert_int_equal(mc_use_note_rows(&use, 1000, 200, 1500000), i + 1 == batches);
}

static void another_image_is_measured_anew(void **state)
{
    (void)state;
    mc_use use = measured(5000, 50);
    assert_true(mc_use_note_rows(&use, MC_USE_WINDOW, 0, 1));
    mc_use_reset(&use, 9);
    assert_int_equal(mc_use_state(&use), MC_PREDICTIONS_MEASURING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cheap_models_are_never_looked_up),
        cmocka_unit_test(rows_that_nobody_asks_twice_end_in_a_rest),
        cmocka_unit_test(enough_known_rows_keep_it_on),
        cmocka_unit_test(another_image_is_measured_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
