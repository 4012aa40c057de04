/* test_distance.c: metrics by hand, by their reduced forms, and many rows at a time. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "kernel/distance.h"

#define D 4u
static const double X[D] = {1.0, 0.0, 2.0, -1.0}, Y[D] = {0.0, 0.0, 5.0, 3.0};
static const double UNITS[D] = {1.0, 2.0, 4.0, 0.5};
static const double MATRIX[D * D] = {2.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0,
                                     0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.5};

static mc_metric metric_of(mc_metric_id id)
{
    const mc_metric_needs needs = mc_metric_need(id);
    return (mc_metric){.id = id,
                       .d = id == MC_METRIC_HAVERSINE ? 2 : D,
                       .p = 3.0,
                       .by = needs == MC_NEEDS_MATRIX    ? MATRIX
                             : needs == MC_NEEDS_NOTHING ? NULL
                                                         : UNITS};
}

static void distances_by_hand(void **state)
{
    (void)state;
    /* differences 1, 0, -3, -4; true in both: columns 2 and 3, in one: column 0 */
    const struct {
        mc_metric_id id;
        double want;
    } cases[] = {
        {MC_METRIC_SQEUCLIDEAN, 26.0},
        {MC_METRIC_EUCLIDEAN, 5.0990195135927845},
        {MC_METRIC_MANHATTAN, 8.0},
        {MC_METRIC_CHEBYSHEV, 4.0},
        {MC_METRIC_MINKOWSKI, 5.204827863394186},   /* cbrt(1 + 4 * 27 + 0.5 * 64) */
        {MC_METRIC_WMINKOWSKI, 12.020797268645463}, /* cbrt(1 + 1728 + 8) = cbrt(1737) */
        {MC_METRIC_SEUCLIDEAN, 5.937171043518958},  /* sqrt(1 + 2.25 + 32) */
        {MC_METRIC_MAHALANOBIS, 4.358898943540674}, /* sqrt(2 + 9 + 8) */
        {MC_METRIC_PAIRED_MAHALANOBIS, 4.358898943540674},
        {MC_METRIC_NAN_EUCLIDEAN, 5.0990195135927845},
        {MC_METRIC_CANBERRA, 1.0 + 3.0 / 7.0 + 1.0},
        {MC_METRIC_BRAYCURTIS, 8.0 / 12.0},
        {MC_METRIC_HAMMING, 0.75},
        {MC_METRIC_MATCHING, 0.25},
        {MC_METRIC_JACCARD, 1.0 / 3.0},
        {MC_METRIC_DICE, 1.0 / 5.0},
        {MC_METRIC_KULSINSKI, 3.0 / 5.0},
        {MC_METRIC_ROGERSTANIMOTO, 2.0 / 5.0},
        {MC_METRIC_RUSSELLRAO, 0.5},
        {MC_METRIC_SOKALSNEATH, 0.5},
        {MC_METRIC_YULE, 0.0},
        {MC_METRIC_SUMMED_BRAYCURTIS, 8.0 / 10.0},
        {MC_METRIC_CALLED_COSINE, 0.5099019705901966},
    };
    for (size_t i = 0; i < MC_COUNT_OF(cases); i++) {
        const mc_metric metric = metric_of(cases[i].id);
        const double got = mc_distance(&metric, X, Y);
        if (!(fabs(got - cases[i].want) <= 1e-14 * cases[i].want))
            fail_msg("metric %d: got %.17g, want %.17g", (int)cases[i].id, got, cases[i].want);
    }
}

/* What scipy.spatial.distance.cdist answers, whose sums run in two lanes: one after the other the
 * first ends in ...2. */
static void sums_of_scipy_to_the_bit(void **state)
{
    (void)state;
    const double x[5] = {0.1, 0.7, -0.3, 1.9, 0.4}, y[5] = {1.3, -0.2, 0.6, 0.5, 0.35};
    double hilbert[25];
    for (size_t i = 0; i < 25; i++)
        hilbert[i] = 1.0 / (double)(1 + i / 5 + i % 5);
    const mc_metric mahalanobis = {.id = MC_METRIC_PAIRED_MAHALANOBIS, .d = 5, .by = hilbert};
    const mc_metric correlation = {.id = MC_METRIC_CORRELATION, .d = 5};
    assert_true(mc_distance(&mahalanobis, x, y) == 0x1.95649b8643233p-1);
    assert_true(mc_distance(&correlation, x, y) == 0x1.4b0b23384f0bcp+0);
}

static void reduced_forms_lead_back(void **state)
{
    (void)state;
    for (int id = 0; id < MC_N_METRICS; id++) {
        const mc_metric metric = metric_of((mc_metric_id)id);
        const double distance = mc_distance(&metric, X, Y);
        const double back =
            mc_distance_from_reduced(&metric, mc_distance_to_reduced(&metric, distance));
        if (!(fabs(back - distance) <= 1e-14 * fabs(distance)))
            fail_msg("metric %d: %.17g comes back as %.17g", id, distance, back);
    }
}

/* Four rows at a time give the bits of one by one. */
static void many_rows_are_as_one(void **state)
{
    (void)state;
    double rows[11 * D], out[11];
    for (size_t i = 0; i < MC_COUNT_OF(rows); i++)
        rows[i] = 1.0 / (double)(3 * i + 1) - 0.1 * (double)(i % 7);
    for (int id = 0; id < MC_N_METRICS; id++) {
        const mc_metric metric = metric_of((mc_metric_id)id);
        mc_distances_reduced(&metric, X, rows, 11 * D / metric.d > 11 ? 11 : 11 * D / metric.d,
                             out);
        for (size_t i = 0; i < 11; i++) {
            const double want = mc_distance_reduced(&metric, X, rows + i * metric.d);
            assert_true(out[i] == want || (isnan(out[i]) && isnan(want)));
        }
    }
}

/* Equal rows are at distance 0 through products, too, in each of the ways to sum them. */
static void products_of_equal_rows_cancel(void **state)
{
    (void)state;
    const size_t widths[] = {1, 2, 15, MC_FUSED_COLUMNS, MC_FUSED_COLUMNS + 1, 600};
    for (size_t w = 0; w < MC_COUNT_OF(widths); w++) {
        const size_t d = widths[w], n = 37;
        double *rows = test_calloc(n * d, sizeof *rows), norms[37], out[2 * 37];
        for (size_t i = 0; i < n * d; i++)
            rows[i] = 1.0 / (double)(i % 1013 + 1) + (double)(i % 5);
        mc_squared_norms(rows, n, d, norms);
        mc_sqeuclidean_tile(rows, 2, d, rows, norms, n, 0.0, out);
        assert_true(out[0] == 0.0);
        assert_true(out[n + 1] == 0.0);
        for (size_t j = 0; j < n; j++) {
            const double want = mc_sqeuclidean(rows, rows + j * d, d);
            if (!(fabs(out[j] - want) <= 1e-13 * (norms[0] + norms[j])))
                fail_msg("%zu columns: got %.17g, want %.17g", d, out[j], want);
        }
        test_free(rows);
    }
}

static void missing_columns_are_scaled_up(void **state)
{
    (void)state;
    const double x[D] = {1.0, (double)NAN, 2.0, -1.0}, y[D] = {0.0, 7.0, 5.0, (double)NAN};
    const double none[D] = {(double)NAN, 1.0, (double)NAN, (double)NAN};
    const mc_metric metric = metric_of(MC_METRIC_NAN_EUCLIDEAN);
    assert_true(mc_distance(&metric, x, y) == sqrt(10.0 / 2.0 * 4.0));
    assert_true(isnan(mc_distance(&metric, x, none)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(distances_by_hand),
        cmocka_unit_test(sums_of_scipy_to_the_bit),
        cmocka_unit_test(reduced_forms_lead_back),
        cmocka_unit_test(many_rows_are_as_one),
        cmocka_unit_test(products_of_equal_rows_cancel),
        cmocka_unit_test(missing_columns_are_scaled_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
