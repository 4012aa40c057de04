/* voting.c: VotingClassifier and VotingRegressor.
 *
 * Oracle   sklearn/ensemble/_voting.py, scikit-learn 1.2 to 1.9.
 * Exact    As the estimators; weighted sums bit for bit in the order of estimators_ (numpy adds
 *          along the outer axis so), divided by the sum of the weights as numpy adds them.
 * Why so   weights holds one value an estimator that was named, dropped ones included: those are
 *          left out. Without flatten_transform the answer has three dimensions: a list of blocks
 *          here, the same in JSON. */
#include <string.h>

#include "import/sklearn/attr.h"
#include "import/sklearn/emit.h"
#include "import/sklearn/meta_ask.h"

typedef struct voting {
    const mc_value *est;
    mc_items estimators;
    const double *weights; /* (estimators.n), or NULL */
    double divisor;        /* their sum, or number */
} voting;

/* -------------------------------------------------------------------------------- weights ---- */

static bool is_dropped(const mc_value *named)
{
    return mc_value_is(named, MC_KIND_TUPLE) && named->as.items.n == 2 &&
           (mc_value_is_text(named->as.items.at[1], "drop") ||
            mc_value_is_none(named->as.items.at[1]));
}

/* numpy.sum() of up to 128 values: eight running sums, their pairs, then the rest. */
static double numpy_sum(const double *x, size_t n)
{
    double sum = 0.0;
    size_t i = 0;
    if (n >= 8) {
        double r[8];
        memcpy(r, x, sizeof r);
        for (i = 8; i < n - n % 8; i++)
            r[i % 8] += x[i];
        sum = ((r[0] + r[1]) + (r[2] + r[3])) + ((r[4] + r[5]) + (r[6] + r[7]));
    }
    for (; i < n; i++)
        sum += x[i];
    return sum;
}

static mc_status read_weights(mc_lowering *to, voting *v, mc_error *err)
{
    const double *given = NULL;
    double *kept = NULL;
    mc_items named;
    size_t n = 0, at = 0;
    v->divisor = (double)v->estimators.n;
    if (!mc_attr_has(v->est, "weights"))
        return MC_OK;
    MC_TRY(mc_attr_items(to, v->est, "estimators", &named, err));
    MC_TRY(mc_attr_vector(to, v->est, "weights", named.n, &given, &n, err));
    MC_TRY(mc_arena_new(to->arena, double, n, &kept, err));
    for (size_t i = 0; i < n; i++)
        if (!is_dropped(named.at[i]))
            kept[at++] = given[i];
    if (at != v->estimators.n)
        return mc_refuse(err, v->est, "weights: %zu values for %zu estimators_", at,
                         v->estimators.n);
    v->weights = kept;
    v->divisor = numpy_sum(kept, at);
    return MC_OK;
}

static mc_status open_voting(mc_lowering *to, const mc_value *est, voting *out, mc_error *err)
{
    *out = (voting){.est = est};
    MC_TRY(mc_attr_items(to, est, "estimators_", &out->estimators, err));
    if (out->estimators.n == 0)
        return mc_refuse(err, est, "estimators_: expected at least one, found none");
    return read_weights(to, out, err);
}

/* ----------------------------------------------------------------------------- regressors ---- */

/* predict() of each, side by side. */
static mc_status predictions(mc_lowering *to, const voting *v, const mc_sym *x, mc_sym *parts,
                             mc_error *err)
{
    for (size_t i = 0; i < v->estimators.n; i++) {
        MC_TRY_IN(
            mc_ask_numbers(to, v->estimators.at[i], MC_METHOD_PREDICT, x, &parts[i], NULL, err),
            err, "estimators_[%zu]", i);
        if (parts[i].n_cols != 1)
            return mc_refuse(err, v->est, "estimators_[%zu]: expected one value a row, found %zu",
                             i, parts[i].n_cols);
    }
    return MC_OK;
}

mc_status mc_lower_voting_regressor(mc_lowering *to, const mc_value *est, mc_method method,
                                    const mc_sym *x, mc_answer *out, mc_error *err)
{
    voting v;
    mc_sym *parts = NULL, y;
    if (method != MC_METHOD_PREDICT && method != MC_METHOD_TRANSFORM)
        return mc_no_method(err, est, method);
    MC_TRY(open_voting(to, est, &v, err));
    MC_TRY(mc_arena_new(to->arena, mc_sym, v.estimators.n, &parts, err));
    MC_TRY(predictions(to, &v, x, parts, err));
    if (method == MC_METHOD_TRANSFORM) {
        MC_TRY(mc_emit_hstack(to, parts, v.estimators.n, false, &y, err));
        return mc_answer_matrix(to, y, out, err);
    }
    MC_TRY(mc_emit_sum(to, parts, v.estimators.n, v.weights, v.divisor, &y, err));
    return mc_answer_scalar(to, y, out, err);
}

/* ---------------------------------------------------------------------------- classifiers ---- */

static mc_status ask_shares(mc_lowering *to, const voting *v, const mc_sym *x, mc_sym *parts,
                            mc_error *err)
{
    for (size_t i = 0; i < v->estimators.n; i++) {
        const mc_status status =
            mc_lower_one(to, v->estimators.at[i], MC_METHOD_PREDICT_PROBA, x, &parts[i], err);
        if (status == MC_E_NO_METHOD)
            return mc_no_method(err, v->est, MC_METHOD_PREDICT_PROBA);
        if (status != MC_OK)
            return mc_fail_in(err, status, "estimators_[%zu]", i);
    }
    return MC_OK;
}

/* Each estimator adds its weight to the class that it chooses. */
static mc_status count_votes(mc_lowering *to, const voting *v, const mc_sym *x, size_t n_classes,
                             mc_sym *parts, mc_sym *out, mc_error *err)
{
    mc_cell *numbers = NULL;
    MC_TRY(mc_arena_new(to->arena, mc_cell, n_classes, &numbers, err));
    for (size_t k = 0; k < n_classes; k++) /* they were fitted on class numbers */
        numbers[k] = (mc_cell){.kind = MC_CELL_INTEGER, .as.integer = (int64_t)k};
    for (size_t i = 0; i < v->estimators.n; i++) {
        MC_TRY_IN(mc_ask_classes(to, v->estimators.at[i], x, numbers, n_classes, &parts[i], err),
                  err, "estimators_[%zu]", i);
        MC_TRY(mc_emit_one_hot_label(to, &parts[i], n_classes, &parts[i], err));
    }
    return mc_emit_sum(to, parts, v->estimators.n, v->weights, 1.0, out, err);
}

static mc_status labels(mc_lowering *to, const voting *v, const mc_sym *x, bool is_soft,
                        mc_sym *parts, mc_answer *out, mc_error *err)
{
    const mc_value *classes = NULL;
    uint32_t table = 0;
    size_t n = 0;
    mc_sym y;
    MC_TRY(mc_attr_need(v->est, "classes_", &classes, err));
    MC_TRY(mc_emit_classes(to, classes, &table, &n, err));
    if (is_soft) {
        MC_TRY(ask_shares(to, v, x, parts, err));
        MC_TRY(mc_emit_sum(to, parts, v->estimators.n, v->weights, v->divisor, &y, err));
    } else {
        MC_TRY(count_votes(to, v, x, n, parts, &y, err));
    }
    if (y.n_cols != n)
        return mc_refuse(err, v->est, "classes_: %zu classes, the estimators know %zu", n,
                         y.n_cols);
    MC_TRY(mc_emit_argmax(to, &y, &y, err));
    return mc_answer_labels(to, y, table, out, err);
}

/* What the estimators answer, side by side or one block each. */
static mc_status transformed(mc_lowering *to, const voting *v, const mc_sym *x, bool is_soft,
                             mc_sym *parts, mc_answer *out, mc_error *err)
{
    bool flatten = mc_version_of(to, v->est) >= 21; /* what None meant, and what 0.18 did */
    mc_sym y;
    MC_TRY(mc_attr_bool(v->est, "flatten_transform", flatten, &flatten, err));
    MC_TRY(is_soft ? ask_shares(to, v, x, parts, err) : predictions(to, v, x, parts, err));
    if (!is_soft || flatten) {
        MC_TRY(mc_emit_hstack(to, parts, v->estimators.n, false, &y, err));
        return mc_answer_matrix(to, y, out, err);
    }
    MC_TRY(mc_answer_parts(to, v->estimators.n, out, err));
    for (size_t i = 0; i < out->n_parts; i++)
        out->parts[i].value = parts[i];
    out->is_list = true;
    return MC_OK;
}

mc_status mc_lower_voting_classifier(mc_lowering *to, const mc_value *est, mc_method method,
                                     const mc_sym *x, mc_answer *out, mc_error *err)
{
    voting v;
    mc_sym *parts = NULL, y;
    const bool is_soft = mc_attr_is_text(est, "voting", "soft");
    if (method != MC_METHOD_PREDICT && method != MC_METHOD_TRANSFORM &&
        !(method == MC_METHOD_PREDICT_PROBA && is_soft))
        return mc_no_method(err, est, method);
    MC_TRY(open_voting(to, est, &v, err));
    MC_TRY(mc_arena_new(to->arena, mc_sym, v.estimators.n, &parts, err));
    if (method == MC_METHOD_PREDICT)
        return labels(to, &v, x, is_soft, parts, out, err);
    if (method == MC_METHOD_TRANSFORM)
        return transformed(to, &v, x, is_soft, parts, out, err);
    MC_TRY(ask_shares(to, &v, x, parts, err));
    MC_TRY(mc_emit_sum(to, parts, v.estimators.n, v.weights, v.divisor, &y, err));
    return mc_answer_matrix(to, y, out, err);
}
