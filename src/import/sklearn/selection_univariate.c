/* selection_univariate.c: masks from the scores and p-values of univariate tests.
 *
 * Oracle   sklearn/feature_selection/_univariate_selection.py (_get_support_mask of each class),
 *          scikit-learn 1.2 to 1.9.
 * Exact    As scikit-learn, ties included. A percentile of float32 scores is a float32: the
 * smallest percentages select nothing then, as none is above the largest. */
#include <float.h>
#include <math.h>

#include "import/sklearn/attr.h"
#include "import/sklearn/selection.h"
#include "kernel/numpy_order.h"

/* The rule of a selector, and its parameter. */
typedef struct rule {
    const mc_value *est;
    const char *parameter; /* its attribute */
} rule;

/* Scores with NaN below everything else. */
static mc_status read_scores(mc_lowering *to, const mc_value *est, size_t n, double **out,
                             mc_error *err)
{
    const double *scores = NULL;
    double *clean = NULL;
    MC_TRY(mc_attr_vector(to, est, "scores_", n, &scores, NULL, err));
    MC_TRY(mc_arena_new(to->arena, double, n, &clean, err));
    for (size_t i = 0; i < n; i++)
        clean[i] = isnan(scores[i]) ? -DBL_MAX : scores[i];
    *out = clean;
    return MC_OK;
}

static bool has_float32_scores(mc_lowering *to, const mc_value *est)
{
    mc_ndarray scores;
    return mc_attr_array(to, est, "scores_", &scores, NULL) == MC_OK && scores.dtype.kind == 'f' &&
           scores.dtype.item_size == sizeof(float);
}

static void fill(uint8_t *mask, size_t n, bool value)
{
    for (size_t i = 0; i < n; i++)
        mask[i] = value;
}

static mc_status k_best(mc_lowering *to, const rule *r, size_t n, uint8_t *mask, mc_error *err)
{
    double *scores = NULL;
    const uint32_t *order = NULL;
    int64_t k = 0;
    if (mc_attr_is_text(r->est, r->parameter, "all")) {
        fill(mask, n, true);
        return MC_OK;
    }
    MC_TRY(mc_attr_integer(r->est, r->parameter, 10, &k, err));
    if (k < 0)
        return mc_refuse(err, r->est, "%s: expected a count, found %lld", r->parameter,
                         (long long)k);
    MC_TRY(read_scores(to, r->est, n, &scores, err));
    MC_TRY(mc_stable_order(to, scores, n, false, &order, err));
    fill(mask, n, false);
    for (size_t i = (uint64_t)k < n ? n - (size_t)k : 0; i < n; i++)
        mask[order[i]] = 1;
    return MC_OK;
}

/* All above the percentile; of those equal to it the first, until there are enough. */
static mc_status percentile(mc_lowering *to, const rule *r, size_t n, uint8_t *mask, mc_error *err)
{
    double *scores = NULL, *sorted = NULL, percent = 0.0;
    MC_TRY(mc_attr_number(r->est, r->parameter, 10.0, &percent, err));
    fill(mask, n, percent == 100.0);
    if (percent == 100.0 || percent == 0.0 || n == 0)
        return MC_OK;
    MC_TRY(read_scores(to, r->est, n, &scores, err));
    MC_TRY(mc_arena_new(to->arena, double, n, &sorted, err));
    for (size_t i = 0; i < n; i++)
        sorted[i] = scores[i];
    mc_numpy_sort(sorted, n);
    double threshold = mc_numpy_quantile(sorted, n, (100.0 - percent) / 100.0);
    if (has_float32_scores(to, r->est))
        threshold = (double)(float)threshold;
    int64_t n_ties = 0, room = (int64_t)((double)n * percent / 100.0);
    for (size_t i = 0; i < n; i++) {
        mask[i] = scores[i] > threshold;
        room -= mask[i];
        n_ties += scores[i] == threshold;
    }
    if (room < 0) /* a Python slice counts from the end */
        room = n_ties + room < 0 ? 0 : n_ties + room;
    for (size_t i = 0; i < n && room > 0; i++) {
        if (scores[i] == threshold) {
            mask[i] = 1;
            room--;
        }
    }
    return MC_OK;
}

/* p-values below alpha, or below alpha over their number. */
static mc_status below_alpha(mc_lowering *to, const rule *r, size_t n, bool is_shared,
                             uint8_t *mask, mc_error *err)
{
    const double *p = NULL;
    double alpha = 0.05;
    MC_TRY(mc_attr_number(r->est, r->parameter, 0.05, &alpha, err));
    MC_TRY(mc_attr_vector(to, r->est, "pvalues_", n, &p, NULL, err));
    const double limit = is_shared ? alpha / (double)n : alpha;
    for (size_t i = 0; i < n; i++)
        mask[i] = p[i] < limit;
    return MC_OK;
}

static mc_status fpr(mc_lowering *to, const rule *r, size_t n, uint8_t *mask, mc_error *err)
{
    return below_alpha(to, r, n, false, mask, err);
}

static mc_status fwe(mc_lowering *to, const rule *r, size_t n, uint8_t *mask, mc_error *err)
{
    return below_alpha(to, r, n, true, mask, err);
}

/* Benjamini and Hochberg: up to the largest p-value that is below its share of alpha. */
static mc_status fdr(mc_lowering *to, const rule *r, size_t n, uint8_t *mask, mc_error *err)
{
    const double *p = NULL;
    double *sorted = NULL, alpha = 0.05, largest = -1.0;
    MC_TRY(mc_attr_number(r->est, r->parameter, 0.05, &alpha, err));
    MC_TRY(mc_attr_vector(to, r->est, "pvalues_", n, &p, NULL, err));
    MC_TRY(mc_arena_new(to->arena, double, n, &sorted, err));
    for (size_t i = 0; i < n; i++)
        sorted[i] = p[i];
    mc_numpy_sort(sorted, n);
    for (size_t i = 0; i < n; i++)
        if (sorted[i] <= alpha / (double)n * (double)(i + 1))
            largest = sorted[i];
    for (size_t i = 0; i < n; i++)
        mask[i] = p[i] <= largest;
    return MC_OK;
}

typedef mc_status rule_fn(mc_lowering *to, const rule *r, size_t n, uint8_t *mask, mc_error *err);

static const struct {
    const char *class_name, *mode, *parameter;
    rule_fn *apply;
} RULES[] = {
    {"SelectKBest", "k_best", "k", k_best},
    {"SelectPercentile", "percentile", "percentile", percentile},
    {"SelectFpr", "fpr", "alpha", fpr},
    {"SelectFdr", "fdr", "alpha", fdr},
    {"SelectFwe", "fwe", "alpha", fwe},
};

mc_status mc_univariate_mask(mc_lowering *to, const mc_value *est, size_t n_features, uint8_t *mask,
                             mc_error *err)
{
    const mc_bytes name = mc_class_name(est);
    const bool is_generic = mc_bytes_is(name, "GenericUnivariateSelect");
    for (size_t i = 0; i < MC_COUNT_OF(RULES); i++) {
        const rule r = {est, is_generic ? "param" : RULES[i].parameter};
        if (is_generic ? mc_attr_is_text(est, "mode", RULES[i].mode)
                       : mc_bytes_is(name, RULES[i].class_name))
            return RULES[i].apply(to, &r, n_features, mask, err);
    }
    return mc_refuse(err, est,
                     "mode: expected one of k_best, percentile, fpr, fdr and fwe, found "
                     "\"%.*s\"",
                     MC_SHOW(mc_attr_text(est, "mode")));
}
