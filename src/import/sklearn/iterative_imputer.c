/* iterative_imputer.c: IterativeImputer: each missing value from the other columns, round by round.
 *
 * Oracle   sklearn/impute/_iterative.py (transform), scikit-learn 1.2 to 1.9.
 * Exact    As the estimators of its columns. scikit-learn stops at the first guess for a batch in
 *          which every value is missing; here such a row is completed as in any other batch.
 * Why so   A column is a buffer of its own, so a round costs what it computes, not a copy of all.
 *          Estimators are asked for all rows, and their answers used where a value is missing. */
#include <math.h>

#include "import/sklearn/attr.h"
#include "import/sklearn/emit.h"
#include "import/sklearn/impute.h"

/* What is known of the columns that are kept. */
typedef struct rounds {
    const mc_value *est;
    const uint32_t *kept; /* (n): columns of x */
    size_t n;
    mc_sym *now;              /* (n): each column so far, (rows, 1) */
    mc_sym *missing;          /* (n): 1 where it is to be predicted */
    const double *low, *high; /* (n_limits) */
    size_t n_limits;
} rounds;

/* ------------------------------------------------------------------------------- columns ---- */

/* Which columns training saw empty. Until 1.5 the first guess tells. */
static mc_status find_empty(mc_lowering *to, const mc_value *est, const mc_value *initial,
                            size_t n_cols, bool *out, mc_error *err)
{
    const mc_cell *statistics = NULL;
    const int64_t *flags = NULL;
    size_t n = 0;
    if (mc_attr_has(est, "_is_empty_feature")) {
        MC_TRY(mc_attr_integers(to, est, "_is_empty_feature", n_cols, &flags, NULL, err));
        for (size_t j = 0; j < n_cols; j++)
            out[j] = flags[j] != 0;
        return MC_OK;
    }
    MC_TRY(mc_attr_cells(to, initial, "statistics_", &statistics, &n, err));
    if (n != n_cols)
        return mc_refuse(err, est, "initial_imputer_: %zu statistics_ for %zu columns", n, n_cols);
    for (size_t j = 0; j < n_cols; j++)
        out[j] = statistics[j].kind == MC_CELL_NUMBER && isnan(statistics[j].as.number);
    return MC_OK;
}

/* Where column j of the kept ones is to be predicted. With keep_empty_features, columns that
 * training saw empty are not (since 1.6), or all others are everywhere (until 1.5).
 * NOLINTNEXTLINE(readability-function-size): what a column is, and what is asked of it */
static mc_status mask_column(mc_lowering *to, const rounds *r, const mc_missing *missing,
                             const mc_sym *x, bool keeps_empty, const bool *is_empty, size_t j,
                             mc_sym *out, mc_error *err)
{
    static const double NOWHERE = 0.0, EVERYWHERE = 1.0;
    const bool is_old = !mc_attr_has(r->est, "_is_empty_feature");
    if (keeps_empty && is_empty[r->kept[j]] != is_old)
        return mc_emit_constant(to, is_old ? &EVERYWHERE : &NOWHERE, 1, out, err);
    return mc_emit_missing(to, missing, x, &r->kept[j], 1, out, err);
}

static mc_status start_rounds(mc_lowering *to, const mc_value *est, const mc_missing *missing,
                              const mc_sym *x, rounds *r, mc_error *err)
{
    const mc_value *initial = NULL;
    bool keeps_empty = false, *is_empty = NULL;
    uint32_t *kept = NULL;
    mc_sym first;
    *r = (rounds){.est = est};
    MC_TRY(mc_attr_need(est, "initial_imputer_", &initial, err));
    MC_TRY(mc_attr_bool(est, "keep_empty_features", false, &keeps_empty, err));
    MC_TRY(mc_arena_new(to->arena, bool, x->n_cols, &is_empty, err));
    MC_TRY(find_empty(to, est, initial, x->n_cols, is_empty, err));
    MC_TRY(mc_arena_new(to->arena, uint32_t, x->n_cols, &kept, err));
    for (size_t j = 0; j < x->n_cols; j++)
        if (keeps_empty || !is_empty[j])
            kept[r->n++] = (uint32_t)j;
    r->kept = kept;
    MC_TRY_IN(mc_lower_one(to, initial, MC_METHOD_TRANSFORM, x, &first, err), err,
              "initial_imputer_");
    if (first.n_cols != r->n)
        return mc_refuse(err, est, "initial_imputer_ keeps %zu columns, expected %zu", first.n_cols,
                         r->n);
    MC_TRY(mc_arena_new(to->arena, mc_sym, r->n, &r->now, err));
    MC_TRY(mc_arena_new(to->arena, mc_sym, r->n, &r->missing, err));
    for (uint32_t j = 0; j < r->n; j++) {
        MC_TRY(mc_emit_columns(to, &first, &j, 1, &r->now[j], err));
        MC_TRY(mask_column(to, r, missing, x, keeps_empty, is_empty, j, &r->missing[j], err));
    }
    return MC_OK;
}

/* -------------------------------------------------------------------------------- rounds ---- */

/* An _ImputerTriplet: (column, columns to predict it from, fitted estimator). */
typedef struct triplet {
    size_t column;
    const int64_t *neighbors;
    size_t n_neighbors;
    const mc_value *estimator;
} triplet;

static mc_status read_triplet(mc_lowering *to, const rounds *r, const mc_value *value, triplet *out,
                              mc_error *err)
{
    mc_ndarray array;
    int64_t column = -1, *neighbors = NULL;
    const mc_value *items =
        mc_value_is(value, MC_KIND_OBJECT) ? value->as.object->arguments : value;
    if (!mc_value_is(items, MC_KIND_TUPLE) || items->as.items.n != 3)
        return mc_refuse(err, r->est, "expected a column, its neighbours and their estimator");
    MC_TRY(mc_integer_from_value(items->as.items.at[0], &column, err));
    MC_TRY(mc_ndarray_from_value(to->arena, items->as.items.at[1], &array, err));
    MC_TRY(mc_ndarray_i64(to->arena, &array, &neighbors, err));
    bool ok = column >= 0 && (uint64_t)column < r->n && (uint64_t)column < r->n_limits;
    for (size_t i = 0; i < array.n_items; i++)
        ok = ok && neighbors[i] >= 0 && (uint64_t)neighbors[i] < r->n;
    if (!ok || array.n_items == 0)
        return mc_refuse(err, r->est, "a column that is not there");
    *out = (triplet){(size_t)column, neighbors, array.n_items, items->as.items.at[2]};
    return MC_OK;
}

/* Predicts one column from its neighbours, and puts it where it is missing. */
static mc_status predict_column(mc_lowering *to, rounds *r, const triplet *t, mc_error *err)
{
    mc_step step = MC_STEP_INIT(CHOOSE);
    mc_sym *neighbors = NULL, x, y;
    uint32_t buffer = 0;
    MC_TRY(mc_arena_new(to->arena, mc_sym, t->n_neighbors, &neighbors, err));
    for (size_t i = 0; i < t->n_neighbors; i++)
        neighbors[i] = r->now[t->neighbors[i]];
    MC_TRY(mc_emit_hstack(to, neighbors, t->n_neighbors, false, &x, err));
    MC_TRY(mc_lower_one(to, t->estimator, MC_METHOD_PREDICT, &x, &y, err));
    MC_TRY(mc_to_numbers(to, &y, &y, err));
    if (y.n_cols != 1)
        return mc_refuse(err, r->est, "an estimator that predicts %zu columns", y.n_cols);
    const uint32_t sources[3] = {r->missing[t->column].buffer, y.buffer, r->now[t->column].buffer};
    step.value[0] = r->low[t->column];
    step.value[1] = r->high[t->column];
    MC_TRY(mc_build_u32(to->b, sources, 3, &step.array[0], err));
    MC_TRY(mc_build_step(to->b, step, 1, &buffer, err));
    r->now[t->column].buffer = buffer;
    return MC_OK;
}

/* Limits of the values, one a column; up to 0.22 one for all. */
static mc_status read_limits(mc_lowering *to, rounds *r, mc_error *err)
{
    double *limits[2] = {NULL, NULL};
    MC_TRY(mc_attr_vector(to, r->est, "_min_value", MC_ANY, &r->low, &r->n_limits, err));
    MC_TRY(mc_attr_vector(to, r->est, "_max_value", r->n_limits, &r->high, NULL, err));
    if (r->n_limits != 1)
        return MC_OK;
    for (size_t i = 0; i < 2; i++) {
        MC_TRY(mc_arena_new(to->arena, double, r->n, &limits[i], err));
        for (size_t j = 0; j < r->n; j++)
            limits[i][j] = i == 0 ? r->low[0] : r->high[0];
    }
    r->low = limits[0];
    r->high = limits[1];
    r->n_limits = r->n;
    return MC_OK;
}

static mc_status all_rounds(mc_lowering *to, rounds *r, mc_error *err)
{
    mc_items sequence;
    int64_t n_iter = 0;
    MC_TRY(mc_attr_integer(r->est, "n_iter_", 0, &n_iter, err));
    if (n_iter == 0)
        return MC_OK;
    MC_TRY(mc_attr_items(to, r->est, "imputation_sequence_", &sequence, err));
    MC_TRY(read_limits(to, r, err));
    for (size_t i = 0; i < sequence.n; i++) {
        triplet t = {0};
        MC_TRY_IN(read_triplet(to, r, sequence.at[i], &t, err), err, "imputation_sequence_[%zu]",
                  i);
        MC_TRY_IN(predict_column(to, r, &t, err), err, "imputation_sequence_[%zu]", i);
    }
    return MC_OK;
}

mc_status mc_lower_iterative_imputer(mc_lowering *to, const mc_value *est, mc_method method,
                                     const mc_sym *x, mc_answer *out, mc_error *err)
{
    mc_missing missing;
    rounds r;
    bool is_random = false;
    mc_sym in, y;
    if (method != MC_METHOD_TRANSFORM)
        return mc_no_method(err, est, method);
    MC_TRY(mc_attr_bool(est, "sample_posterior", false, &is_random, err));
    if (is_random)
        return mc_refuse(err, est, "sample_posterior=True: it draws at random");
    MC_TRY(mc_missing_of(to, est, &missing, err));
    if (missing.on_cells)
        return mc_refuse(err, est, "missing_values: expected a number");
    MC_TRY(mc_emit_check(to, x, missing.is_nan ? MC_OR_NAN : MC_FINITE, &in, err));
    in.sparse = in.sparse_as_input = false;
    in.type_as_input = 0;
    MC_TRY(start_rounds(to, est, &missing, &in, &r, err));
    MC_TRY(all_rounds(to, &r, err));
    MC_TRY(mc_emit_hstack(to, r.now, r.n, false, &y, err));
    y.type = MC_VALUE_FLOAT;
    y.type_as_input = 0;
    MC_TRY(mc_append_indicator(to, est, &missing, &in, &y, err));
    return mc_answer_matrix(to, y, out, err);
}
