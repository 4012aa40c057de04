/* selection_model.c: the mask of SelectFromModel, which is not stored but worked out when it is
 * asked.
 *
 * Oracle   sklearn/feature_selection/_from_model.py (_get_support_mask, _calculate_threshold),
 *          _base.py (_get_feature_importances), numpy.linalg.norm, scikit-learn 1.2 to 1.9.
 * Exact    As scikit-learn for norms 1, 2 and infinity of float64 importances. With other norms, or
 *          float32, a model is refused where an importance is nearer to the threshold than rounding
 *          may move it. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "import/sklearn/attr.h"
#include "import/sklearn/selection.h"
#include "kernel/numpy_order.h"

#define LASSO_THRESHOLD 1e-5
#define ROUNDING_F64    1e-12
#define ROUNDING_F32    1e-5

/* --------------------------------------------------------------------------- importance ---- */

/* |x| ** order of a column, summed over its rows. */
static double power_sum(const double *terms, size_t n, bool pairwise)
{
    if (pairwise)
        return mc_numpy_sum(terms, n);
    double sum = n == 0 ? 0.0 : terms[0];
    for (size_t i = 1; i < n; i++)
        sum += terms[i];
    return sum;
}

/* One column's norm; `terms` (n) holds |x| and is overwritten. */
static double column_norm(double *terms, size_t n, double order, bool pairwise)
{
    double largest = 0.0, smallest = (double)INFINITY, n_nonzero = 0.0;
    for (size_t i = 0; i < n; i++) {
        largest = terms[i] > largest ? terms[i] : largest;
        smallest = terms[i] < smallest ? terms[i] : smallest;
        n_nonzero += terms[i] != 0.0;
    }
    if (isinf(order))
        return order > 0.0 ? largest : smallest;
    if (order == 0.0)
        return n_nonzero;
    if (order == 1.0)
        return power_sum(terms, n, pairwise);
    for (size_t i = 0; i < n; i++)
        terms[i] = order == 2.0 ? terms[i] * terms[i] : pow(terms[i], order);
    const double sum = power_sum(terms, n, pairwise);
    return order == 2.0 ? sqrt(sum) : pow(sum, 1.0 / order);
}

static mc_status norms(mc_lowering *to, const mc_importances *in, double order, double *out,
                       mc_error *err)
{
    double *terms = NULL;
    MC_TRY(mc_arena_new(to->arena, double, in->n_rows, &terms, err));
    for (size_t j = 0; j < in->n_cols; j++) {
        for (size_t i = 0; i < in->n_rows; i++)
            terms[i] = fabs(in->values[i * in->n_cols + j]);
        out[j] = in->is_flat ? terms[0] : column_norm(terms, in->n_rows, order, in->sums_columns);
    }
    return MC_OK;
}

/* ---------------------------------------------------------------------------- threshold ---- */

static bool is_one(const mc_value *est, const char *name)
{
    double ratio = 0.0;
    return mc_attr_number(est, name, 0.0, &ratio, NULL) == MC_OK &&
           fabs(ratio - 1.0) <= 1e-8 + 1e-5;
}

/* numpy.all(numpy.isclose(l1_ratio_, 1)): a number, or one for each class. */
static bool all_one(mc_lowering *to, const mc_value *est, const char *name)
{
    const double *ratios = NULL;
    size_t n = 0;
    if (!mc_attr_has(est, name) ||
        mc_attr_vector(to, est, name, MC_ANY, &ratios, &n, NULL) != MC_OK)
        return false;
    for (size_t i = 0; i < n; i++)
        if (!(fabs(ratios[i] - 1.0) <= 1e-8 + 1e-5))
            return false;
    return true;
}

static bool contains(mc_bytes name, const char *part)
{
    const size_t n = strlen(part);
    for (size_t i = 0; i + n <= name.size; i++)
        if (memcmp(name.data + i, part, n) == 0)
            return true;
    return false;
}

/* Was it fitted with an L1 penalty alone? */
static bool is_lasso(mc_lowering *to, const mc_value *est, unsigned version)
{
    const mc_bytes name = mc_class_name(est);
    if (mc_attr_is_text(est, "penalty", "l1") || contains(name, "Lasso"))
        return true;
    if (version < 101)
        return false;
    if (version < 107 && contains(name, "ElasticNet"))
        return all_one(to, est, "l1_ratio_") || is_one(est, "l1_ratio");
    if (mc_bytes_is(name, "ElasticNet"))
        return is_one(est, "l1_ratio");
    if (mc_bytes_is(name, "ElasticNetCV"))
        return all_one(to, est, "l1_ratio_");
    if (version >= 108 && mc_bytes_is(name, "LogisticRegression"))
        return is_one(est, "l1_ratio");
    return version >= 108 && mc_bytes_is(name, "LogisticRegressionCV") &&
           all_one(to, est, "l1_ratio_");
}

static mc_bytes trimmed(const uint8_t *data, size_t size)
{
    while (size > 0 && (*data == ' ' || *data == '\t')) {
        data++;
        size--;
    }
    while (size > 0 && (data[size - 1] == ' ' || data[size - 1] == '\t'))
        size--;
    return (mc_bytes){data, size};
}

static mc_status reference(mc_lowering *to, const mc_value *est, mc_bytes name,
                           const double *scores, size_t n, double *out, mc_error *err)
{
    double *sorted = NULL;
    if (mc_bytes_is(name, "mean")) {
        *out = mc_numpy_mean(scores, n);
        return MC_OK;
    }
    if (!mc_bytes_is(name, "median") || n == 0)
        return mc_refuse(err, est, "threshold: expected mean or median, found \"%.*s\"",
                         MC_SHOW(name));
    MC_TRY(mc_arena_new(to->arena, double, n, &sorted, err));
    memcpy(sorted, scores, n * sizeof *sorted);
    mc_numpy_sort(sorted, n);
    *out = mc_numpy_median(sorted, n);
    return MC_OK;
}

/* "1.25*mean": the number before the star. */
static mc_status scale_of(const mc_value *est, mc_bytes text, double *out, mc_error *err)
{
    char copy[40], *end = NULL;
    const mc_bytes digits = trimmed(text.data, text.size);
    if (digits.size == 0 || digits.size >= sizeof copy)
        return mc_refuse(err, est, "threshold: expected a factor, found \"%.*s\"", MC_SHOW(digits));
    memcpy(copy, digits.data, digits.size);
    copy[digits.size] = '\0';
    *out = strtod(copy, &end);
    return end == copy + digits.size
               ? MC_OK
               : mc_refuse(err, est, "threshold: expected a factor, found \"%s\"", copy);
}

static mc_status threshold_of(mc_lowering *to, const mc_value *est, const mc_value *inner,
                              const double *scores, size_t n, double *out, mc_error *err)
{
    const mc_value *given = mc_value_attr(est, "threshold");
    mc_bytes text = mc_bytes_of("mean");
    double scale = 1.0;
    if (mc_value_is_none(given)) {
        *out = LASSO_THRESHOLD;
        if (is_lasso(to, inner, mc_version_of(to, est)))
            return MC_OK;
    } else if (!mc_value_is(given, MC_KIND_TEXT)) {
        MC_TRY_IN(mc_number_from_value(given, out, err), err, "attribute threshold");
        return MC_OK;
    } else {
        text = given->as.bytes;
    }
    size_t star = 0;
    while (star < text.size && text.data[star] != '*')
        star++;
    if (star == text.size)
        return reference(to, est, text, scores, n, out, err);
    MC_TRY(scale_of(est, (mc_bytes){text.data, star}, &scale, err));
    const mc_bytes name = trimmed(text.data + star + 1, text.size - star - 1);
    MC_TRY(reference(to, est, name, scores, n, out, err));
    *out = scale * *out;
    return MC_OK;
}

/* --------------------------------------------------------------------------------- mask ---- */

/* The max_features largest, or all. */
static mc_status candidates(mc_lowering *to, const mc_value *est, const double *scores, size_t n,
                            uint8_t *mask, mc_error *err)
{
    const uint32_t *order = NULL;
    int64_t most = 0;
    memset(mask, 1, n);
    if (!mc_attr_has(est, "max_features"))
        return MC_OK;
    const char *name = mc_attr_has(est, "max_features_") ? "max_features_" : "max_features";
    MC_TRY(mc_attr_integer(est, name, 0, &most, err));
    if (most < 0)
        return mc_refuse(err, est, "%s: expected a count, found %lld", name, (long long)most);
    MC_TRY(mc_stable_order(to, scores, n, true, &order, err));
    for (size_t i = 0; i < n; i++)
        mask[order[i]] = i < (uint64_t)most;
    return MC_OK;
}

/* Does rounding that we do not repeat decide about a column? */
static bool is_near(double score, double threshold, double rounding, double doubt)
{
    return isfinite(threshold) && score != threshold &&
           fabs(score - threshold) <= rounding * fabs(threshold) + doubt;
}

static mc_status norm_order(const mc_value *est, double *out, mc_error *err)
{
    return mc_attr_number(est, "norm_order", 1.0, out, err);
}

mc_status mc_model_mask(mc_lowering *to, const mc_value *est, size_t n_features, uint8_t *mask,
                        mc_error *err)
{
    mc_importances found;
    double *scores = NULL, threshold = 0.0, order = 1.0;
    const mc_value *inner = mc_value_attr(est, "estimator_");
    if (mc_value_is_none(inner))
        MC_TRY(mc_attr_need(est, "estimator", &inner, err));
    const mc_value *getter = mc_value_attr(est, "importance_getter");
    if (getter != NULL && !mc_value_is(getter, MC_KIND_TEXT))
        return mc_refuse(err, est, "importance_getter: expected a text, found a function");
    const mc_bytes path = getter == NULL ? mc_bytes_of("auto") : getter->as.bytes;
    MC_TRY(mc_importances_of(to, inner, path, &found, err));
    if (found.n_cols != n_features)
        return mc_refuse(err, est, "%zu importances for %zu features", found.n_cols, n_features);
    MC_TRY(mc_arena_new(to->arena, double, n_features, &scores, err));
    MC_TRY(norm_order(est, &order, err));
    MC_TRY(norms(to, &found, order, scores, err));
    MC_TRY(threshold_of(to, est, inner, scores, n_features, &threshold, err));
    MC_TRY(candidates(to, est, scores, n_features, mask, err));
    const bool is_exact =
        found.is_flat || isinf(order) || (order >= 0.0 && order <= 2.0 && order == rint(order));
    const double rounding = found.is_single                  ? ROUNDING_F32
                            : is_exact && found.doubt == 0.0 ? 0.0
                                                             : ROUNDING_F64;
    /* Twice: a threshold is made of such scores. */
    const double doubt = 2.0 * (double)found.n_rows * found.doubt;
    for (size_t i = 0; i < n_features; i++) {
        if (mask[i] && is_near(scores[i], threshold, rounding, doubt))
            return mc_refuse(err, est, "importance %zu is as good as its threshold", i);
        mask[i] = mask[i] && !(scores[i] < threshold);
    }
    return MC_OK;
}
