/* multiclass.c: one classifier against the rest, one for each pair, one for each bit of a code.
 *
 * Oracle   sklearn/multiclass.py, sklearn/utils/multiclass.py _ovr_decision_function(),
 *          scikit-learn 1.2 to 1.9.
 * Exact    Scores, votes and confidences bit for bit, in the order of estimators_; shares of a
 *          row within one rounding of numpy's sum. The nearest code is the first maximum of 2
 *          c.y - |c|^2, which orders codes as their distances do.
 * Why so   The threshold of a binary or multilabel answer is what the first estimator says, also
 *          where the others have scores of another kind. */
#include "import/sklearn/attr.h"
#include "import/sklearn/emit.h"
#include "import/sklearn/kernel_rows.h"
#include "import/sklearn/meta_ask.h"

/* _predict_binary() of every estimator, in order. */
static mc_status binary_scores(mc_lowering *to, const mc_items *estimators, const mc_sym *x,
                               mc_sym *out, mc_error *err)
{
    mc_sym *parts = NULL;
    MC_TRY(mc_arena_new(to->arena, mc_sym, estimators->n, &parts, err));
    for (size_t i = 0; i < estimators->n; i++)
        MC_TRY_IN(mc_ask_binary_score(to, estimators->at[i], x, &parts[i], err), err,
                  "estimators_[%zu]", i);
    return mc_emit_hstack(to, parts, estimators->n, false, out, err);
}

static mc_status read_estimators(mc_lowering *to, const mc_value *est, mc_items *out, mc_error *err)
{
    MC_TRY(mc_attr_items(to, est, "estimators_", out, err));
    return out->n > 0 ? MC_OK
                      : mc_refuse(err, est, "estimators_: expected at least one, found none");
}

/* The classes of `est`; their number is in *out_n. */
static mc_status read_classes(mc_lowering *to, const mc_value *est, uint32_t *out_table,
                              size_t *out_n, mc_error *err)
{
    const mc_value *classes = NULL;
    const mc_value *binarizer = mc_value_attr(est, "label_binarizer_");
    MC_TRY(mc_attr_need(binarizer != NULL ? binarizer : est, "classes_", &classes, err));
    return mc_emit_classes(to, classes, out_table, out_n, err);
}

/* ---------------------------------------------------------------------- _ConstantPredictor ---- */

/* What training had one answer for: y_, an array of one. */
mc_status mc_lower_constant_predictor(mc_lowering *to, const mc_value *est, mc_method method,
                                      const mc_sym *x, mc_answer *out, mc_error *err)
{
    const double *value = NULL;
    size_t n = 0;
    mc_ndarray array;
    mc_sym y;
    (void)x;
    if (method != MC_METHOD_PREDICT && method != MC_METHOD_DECISION_FUNCTION &&
        method != MC_METHOD_PREDICT_PROBA)
        return mc_no_method(err, est, method);
    MC_TRY(mc_attr_vector(to, est, "y_", 1, &value, &n, err));
    const double shares[2] = {1.0 - value[0], value[0]};
    if (method == MC_METHOD_PREDICT_PROBA) {
        MC_TRY(mc_emit_constant(to, shares, 2, &y, err));
        return mc_answer_matrix(to, y, out, err);
    }
    MC_TRY(mc_attr_array(to, est, "y_", &array, err));
    MC_TRY(mc_emit_constant(to, value, 1, &y, err));
    y.type = array.dtype.kind == 'f' ? MC_VALUE_FLOAT : MC_VALUE_INT;
    return mc_answer_scalar(to, y, out, err);
}

/* ----------------------------------------------------------------------- one against the rest ----
 */

typedef struct rest {
    const mc_value *est, *binarizer;
    mc_items estimators;
    bool is_multilabel, is_multiclass;
} rest;

static mc_status open_rest(mc_lowering *to, const mc_value *est, rest *out, mc_error *err)
{
    *out = (rest){.est = est};
    MC_TRY(read_estimators(to, est, &out->estimators, err));
    MC_TRY(mc_attr_need(est, "label_binarizer_", &out->binarizer, err));
    const mc_bytes type = mc_attr_text(out->binarizer, "y_type_");
    out->is_multilabel = mc_bytes_is(type, "multilabel-indicator");
    out->is_multiclass = mc_bytes_is(type, "multiclass");
    if (!out->is_multilabel && !out->is_multiclass && !mc_bytes_is(type, "binary")) {
        return mc_refuse(err, est,
                         "label_binarizer_.y_type_: expected binary, multiclass or "
                         "multilabel-indicator, found \"%.*s\"",
                         MC_SHOW(type));
    }
    return MC_OK;
}

/* Each label on its own: a matrix of 0 and 1, sparse if y was. */
static mc_status label_matrix(mc_lowering *to, const rest *r, const mc_sym *scores,
                              double threshold, mc_answer *out, mc_error *err)
{
    mc_sym y;
    bool is_sparse = false;
    MC_TRY(mc_attr_bool(r->binarizer, "sparse_input_", false, &is_sparse, err));
    MC_TRY(mc_emit_unary(to, scores, MC_UNARY_ABOVE, threshold, 0.0, &y, err));
    y.type = MC_VALUE_INT;
    y.sparse = is_sparse;
    return mc_answer_matrix(to, y, out, err);
}

static mc_status rest_labels(mc_lowering *to, const rest *r, const mc_sym *x, mc_answer *out,
                             mc_error *err)
{
    double threshold = 0.0;
    uint32_t table = 0;
    size_t n = 0;
    mc_sym y;
    MC_TRY(binary_scores(to, &r->estimators, x, &y, err));
    if (!r->is_multiclass)
        MC_TRY(mc_binary_threshold(to, r->estimators.at[0], x, &threshold, err));
    if (r->is_multilabel)
        return label_matrix(to, r, &y, threshold, out, err);
    MC_TRY(read_classes(to, r->est, &table, &n, err));
    if (y.n_cols != (n == 2 && !r->is_multiclass ? 1 : n))
        return mc_refuse(err, r->est, "classes_: %zu classes for %zu estimators", n, y.n_cols);
    MC_TRY(n == 2 && !r->is_multiclass ? mc_emit_above(to, &y, threshold, false, &y, err)
                                       : mc_emit_argmax(to, &y, &y, err));
    return mc_answer_labels(to, y, table, out, err);
}

/* The second class of each; shares of their sum, which 0 leaves 0 since 1.7, and made NaN before.
 */
static mc_status rest_shares(mc_lowering *to, const rest *r, const mc_sym *x, mc_answer *out,
                             mc_error *err)
{
    mc_sym *parts = NULL, y;
    MC_TRY(mc_arena_new(to->arena, mc_sym, r->estimators.n, &parts, err));
    for (size_t i = 0; i < r->estimators.n; i++) {
        MC_TRY_IN(mc_lower_one(to, r->estimators.at[i], MC_METHOD_PREDICT_PROBA, x, &parts[i], err),
                  err, "estimators_[%zu]", i);
        if (parts[i].n_cols < 2)
            return mc_refuse(err, r->est, "estimators_[%zu]: expected two classes, found %zu", i,
                             parts[i].n_cols);
        MC_TRY(mc_emit_column(to, &parts[i], 1, &parts[i], err));
    }
    MC_TRY(mc_emit_hstack(to, parts, r->estimators.n, false, &y, err));
    if (r->estimators.n == 1)
        MC_TRY(mc_emit_both_sides(to, &y, &y, err));
    if (!r->is_multilabel) {
        const bool stays = mc_version_of(to, r->est) >= 107;
        MC_TRY(mc_emit_row_share(to, &y, stays ? MC_ZERO_STAYS : MC_ZERO_DIVIDES, &y, err));
    }
    return mc_answer_matrix(to, y, out, err);
}

static mc_status rest_decisions(mc_lowering *to, const rest *r, const mc_sym *x, mc_answer *out,
                                mc_error *err)
{
    mc_sym *parts = NULL, y;
    const mc_method method = MC_METHOD_DECISION_FUNCTION;
    if (r->estimators.n == 1 && mc_version_of(to, r->est) > 18) /* 0.18 answers one column */
        return mc_lower(to, r->estimators.at[0], method, x, out, err);
    MC_TRY(mc_arena_new(to->arena, mc_sym, r->estimators.n, &parts, err));
    for (size_t i = 0; i < r->estimators.n; i++)
        MC_TRY_IN(mc_lower_one(to, r->estimators.at[i], method, x, &parts[i], err), err,
                  "estimators_[%zu]", i);
    MC_TRY(mc_emit_hstack(to, parts, r->estimators.n, false, &y, err));
    y.type = MC_VALUE_FLOAT;
    return mc_answer_matrix(to, y, out, err);
}

mc_status mc_lower_one_vs_rest(mc_lowering *to, const mc_value *est, mc_method method,
                               const mc_sym *x, mc_answer *out, mc_error *err)
{
    rest r;
    bool has = true;
    if (method != MC_METHOD_PREDICT && method != MC_METHOD_PREDICT_PROBA &&
        method != MC_METHOD_DECISION_FUNCTION)
        return mc_no_method(err, est, method);
    MC_TRY(open_rest(to, est, &r, err));
    if (method == MC_METHOD_PREDICT)
        return rest_labels(to, &r, x, out, err);
    for (size_t i = 0; has && i < r.estimators.n; i++) /* scikit-learn asks the first, and fails */
        MC_TRY_IN(mc_offers(to, r.estimators.at[i], method, x, &has, err), err, "estimators_[%zu]",
                  i);
    if (!has)
        return mc_no_method(err, est, method);
    return method == MC_METHOD_PREDICT_PROBA ? rest_shares(to, &r, x, out, err)
                                             : rest_decisions(to, &r, x, out, err);
}

/* ------------------------------------------------------------------------- one for each pair ----
 */

/* Columns that estimator i sees: all, or rows of a precomputed kernel. */
static mc_status pair_columns(mc_lowering *to, const mc_value *est, size_t i, size_t n,
                              const mc_sym *x, mc_sym *out, mc_error *err)
{
    mc_items all;
    mc_ndarray array;
    int64_t *wide = NULL;
    uint32_t *at = NULL;
    *out = *x;
    if (!mc_attr_has(est, "pairwise_indices_"))
        return MC_OK;
    MC_TRY(mc_attr_items(to, est, "pairwise_indices_", &all, err));
    if (all.n != n)
        return mc_refuse(err, est, "pairwise_indices_: expected %zu items, found %zu", n, all.n);
    MC_TRY_IN(mc_ndarray_from_value(to->arena, all.at[i], &array, err), err, "pairwise_indices_");
    MC_TRY_IN(mc_ndarray_i64(to->arena, &array, &wide, err), err, "pairwise_indices_");
    MC_TRY(mc_arena_new(to->arena, uint32_t, array.n_items, &at, err));
    for (size_t k = 0; k < array.n_items; k++) {
        if (wide[k] < 0 || (uint64_t)wide[k] >= x->n_cols)
            return mc_refuse(err, est, "pairwise_indices_: %lld of %zu columns", (long long)wide[k],
                             x->n_cols);
        at[k] = (uint32_t)wide[k];
    }
    return mc_emit_columns(to, x, at, array.n_items, out, err);
}

/* Votes and confidences (n, K) of the K (K - 1) / 2 estimators. */
static mc_status pair_votes(mc_lowering *to, const mc_value *est, const mc_items *estimators,
                            const mc_sym *x, size_t n_classes, mc_sym *out, mc_error *err)
{
    mc_sym *labels = NULL, *scores = NULL, votes;
    mc_step step = MC_STEP_INIT(PAIR_SCORES);
    MC_TRY(mc_arena_new(to->arena, mc_sym, estimators->n, &labels, err));
    MC_TRY(mc_arena_new(to->arena, mc_sym, estimators->n, &scores, err));
    for (size_t i = 0; i < estimators->n; i++) {
        const mc_value *inside = estimators->at[i];
        mc_sym seen;
        MC_TRY(pair_columns(to, est, i, estimators->n, x, &seen, err));
        MC_TRY_IN(mc_ask_numbers(to, inside, MC_METHOD_PREDICT, &seen, &labels[i], NULL, err), err,
                  "estimators_[%zu]", i);
        MC_TRY_IN(mc_ask_binary_score(to, inside, &seen, &scores[i], err), err, "estimators_[%zu]",
                  i);
    }
    MC_TRY(mc_emit_hstack(to, labels, estimators->n, false, &votes, err));
    MC_TRY(mc_emit_hstack(to, scores, estimators->n, false, out, err));
    MC_TRY(mc_to_numbers(to, &votes, &votes, err));
    MC_TRY(mc_to_numbers(to, out, out, err));
    step.src2 = votes.buffer;
    step.n[0] = (uint32_t)n_classes;
    step.flags = mc_version_of(to, est) <= 20 ? MC_STEP_SCALED : 0;
    MC_TRY(mc_emit_kernel_step(to, step, out, 2 * n_classes, out, err));
    return mc_emit_first_columns(to, n_classes, out, err); /* behind them the sums */
}

mc_status mc_lower_one_vs_one(mc_lowering *to, const mc_value *est, mc_method method,
                              const mc_sym *x, mc_answer *out, mc_error *err)
{
    mc_items estimators;
    mc_sym y;
    uint32_t table = 0;
    size_t n = 0;
    double threshold = 0.0;
    if (method != MC_METHOD_PREDICT && method != MC_METHOD_DECISION_FUNCTION)
        return mc_no_method(err, est, method);
    MC_TRY(read_estimators(to, est, &estimators, err));
    MC_TRY(read_classes(to, est, &table, &n, err));
    if (n < 2 || n > 65536 || estimators.n != n * (n - 1) / 2)
        return mc_refuse(err, est, "classes_: %zu classes for %zu estimators", n, estimators.n);
    MC_TRY(mc_emit_check(to, x, MC_OR_NAN | MC_OR_INFINITY, &y, err));
    MC_TRY(pair_votes(to, est, &estimators, &y, n, &y, err));
    const bool is_single = n == 2 && mc_version_of(to, est) > 18; /* 0.18 has a column for each */
    if (is_single)
        MC_TRY(mc_emit_column(to, &y, 1, &y, err));
    if (method == MC_METHOD_DECISION_FUNCTION)
        return is_single ? mc_answer_scalar(to, y, out, err) : mc_answer_matrix(to, y, out, err);
    if (is_single) {
        if (mc_version_of(to, est) > 100) /* before, 0 for probabilities too */
            MC_TRY(mc_binary_threshold(to, estimators.at[0], x, &threshold, err));
        MC_TRY(mc_emit_above(to, &y, threshold, false, &y, err));
    } else {
        MC_TRY(mc_emit_argmax(to, &y, &y, err));
    }
    return mc_answer_labels(to, y, table, out, err);
}

/* ------------------------------------------------------------------ one for each bit of a code
 * ---- */

mc_status mc_lower_output_code(mc_lowering *to, const mc_value *est, mc_method method,
                               const mc_sym *x, mc_answer *out, mc_error *err)
{
    mc_items estimators;
    const double *codes = NULL;
    double *weights = NULL, *lengths = NULL;
    size_t n_codes = 0, n_bits = 0, n = 0;
    uint32_t table = 0;
    mc_sym y;
    if (method != MC_METHOD_PREDICT)
        return mc_no_method(err, est, method);
    MC_TRY(read_estimators(to, est, &estimators, err));
    MC_TRY(read_classes(to, est, &table, &n, err));
    MC_TRY(mc_attr_matrix(to, est, "code_book_", n, estimators.n, &codes, &n_codes, &n_bits, err));
    MC_TRY(mc_arena_new(to->arena, double, n_codes *n_bits, &weights, err));
    MC_TRY(mc_arena_new(to->arena, double, n_codes, &lengths, err));
    for (size_t i = 0; i < n_codes * n_bits; i++) {
        weights[i] = 2.0 * codes[i];
        lengths[i / n_bits] -= codes[i] * codes[i];
    }
    MC_TRY(binary_scores(to, &estimators, x, &y, err));
    MC_TRY(mc_emit_linear(to, &y, weights, lengths, n_codes, &y, err));
    MC_TRY(mc_emit_argmax(to, &y, &y, err));
    return mc_answer_labels(to, y, table, out, err);
}
