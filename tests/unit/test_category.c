/* test_category.c: cells are equal where Python's == says so, and have one order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "kernel/category.h"

static mc_cell none(void)
{
    return (mc_cell){.kind = MC_CELL_NONE};
}

static mc_cell number(double value)
{
    return (mc_cell){.kind = MC_CELL_NUMBER, .as.number = value};
}

static mc_cell integer(int64_t value)
{
    return (mc_cell){.kind = MC_CELL_INTEGER, .as.integer = value};
}

static mc_cell truth(bool value)
{
    return (mc_cell){.kind = MC_CELL_BOOL, .as.integer = value};
}

static mc_cell text(const char *value, size_t size)
{
    return (mc_cell){.kind = MC_CELL_STRING, .size = (uint32_t)size, .as.text = value};
}

#define BIG (INT64_C(1) << 53)

/* Each row is equal within itself and less than the next: the whole order. */
static void order(void **state)
{
    (void)state;
    const struct {
        mc_cell a, b;
    } rows[] = {
        {none(), none()},
        {number(-(double)INFINITY), number(-(double)INFINITY)},
        {integer(INT64_MIN), number(-0x1p63)},
        {integer(-BIG - 1), integer(-BIG - 1)},
        {integer(-BIG), number(-0x1p53)},
        {number(-0.5), number(-0.5)},
        {number(-0.0), integer(0)},
        {number(0x1p-1074), number(0x1p-1074)}, /* a denormal is not 0 */
        {number(0.5), number(0.5)},
        {truth(true), number(1.0)},
        {integer(2), number(2.0)},
        {integer(BIG), number(0x1p53)},
        {integer(BIG + 1), integer(BIG + 1)}, /* 2**53 + 1 is no double */
        {integer(BIG + 2), number(0x1p53 + 2.0)},
        {integer(INT64_MAX), integer(INT64_MAX)},
        {number(0x1p63), number(0x1p63)}, /* 2**63 - 1 is less */
        {number((double)INFINITY), number((double)INFINITY)},
        {number((double)NAN), number(-(double)NAN)},
        {text("", 0), text("", 0)},
        {text("\0", 1), text("\0", 1)},
        {text("1", 1), text("1", 1)},
        {text("Z", 1), text("Z", 1)},
        {text("a", 1), text("a", 1)},
        {text("a\0b", 3), text("a\0b", 3)}, /* a NUL does not end it */
        {text("ab", 2), text("ab", 2)},
        {text("\xc3\xa9", 2), text("\xc3\xa9", 2)}, /* by code point, as by byte */
        {text("\xf0\x9f\x98\x80", 4), text("\xf0\x9f\x98\x80", 4)},
    };
    const size_t n = sizeof rows / sizeof rows[0];
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) {
            const int want = i < j ? -1 : i > j ? 1 : 0;
            const int got = mc_cell_compare(&rows[i].a, &rows[j].b);
            if ((got > 0) - (got < 0) != want)
                fail_msg("row %zu against row %zu: got %d, want %d", i, j, got, want);
        }
}

static void truth_values_are_integers(void **state)
{
    (void)state;
    const mc_cell yes = truth(true), no = truth(false), one = integer(1), zero = number(-0.0);
    assert_int_equal(mc_cell_compare(&yes, &one), 0);
    assert_int_equal(mc_cell_compare(&no, &zero), 0);
    assert_true(mc_cell_compare(&no, &yes) < 0);
}

static void only_numbers_are_nan(void **state)
{
    (void)state;
    const mc_cell cells[] = {none(), integer(0), truth(false), text("nan", 3), number(INFINITY)};
    const mc_cell nan = number((double)NAN);
    for (size_t i = 0; i < sizeof cells / sizeof cells[0]; i++)
        assert_false(mc_cell_is_nan(&cells[i]));
    assert_true(mc_cell_is_nan(&nan));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(order),
        cmocka_unit_test(truth_values_are_integers),
        cmocka_unit_test(only_numbers_are_nan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
