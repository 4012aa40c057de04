/* neighbors_metric.c: metrics by name, by function, and as objects.
 *
 * Oracle   sklearn/metrics/_dist_metrics.pyx.tp METRIC_MAPPING; sklearn/metrics/pairwise.py;
 *          sklearn/metrics/_pairwise_distances_reduction/_dispatcher.py valid_metrics.
 * Exact    As kernel/distance.c. */
#include <math.h>
#include <string.h>

#include "import/sklearn/attr.h"
#include "import/sklearn/neighbors_fit.h"

#define SEARCHED 1u /* ArgKmin takes it */
#define DOTS     2u
#define UNIT     4u

static const struct {
    const char *name;  /* as scikit-learn's parameter, and scipy.spatial.distance */
    const char *class; /* of DistanceMetric, without "Distance" and its width */
    mc_metric_id id;
    unsigned is;
} METRICS[] = {
    {"euclidean", "Euclidean", MC_METRIC_EUCLIDEAN, SEARCHED | DOTS},
    {"l2", "", MC_METRIC_EUCLIDEAN, SEARCHED},
    {"sqeuclidean", "", MC_METRIC_SQEUCLIDEAN, SEARCHED | DOTS},
    {"manhattan", "Manhattan", MC_METRIC_MANHATTAN, SEARCHED},
    {"cityblock", "", MC_METRIC_MANHATTAN, SEARCHED},
    {"l1", "", MC_METRIC_MANHATTAN, SEARCHED},
    {"chebyshev", "Chebyshev", MC_METRIC_CHEBYSHEV, SEARCHED},
    {"infinity", "", MC_METRIC_CHEBYSHEV, SEARCHED},
    {"minkowski", "Minkowski", MC_METRIC_MINKOWSKI, SEARCHED},
    {"p", "", MC_METRIC_MINKOWSKI, SEARCHED},
    {"wminkowski", "WMinkowski", MC_METRIC_WMINKOWSKI, SEARCHED},
    {"seuclidean", "SEuclidean", MC_METRIC_SEUCLIDEAN, SEARCHED},
    {"", "Mahalanobis", MC_METRIC_MAHALANOBIS, 0},
    {"mahalanobis", "", MC_METRIC_PAIRED_MAHALANOBIS, 0}, /* cdist */
    {"haversine", "Haversine", MC_METRIC_HAVERSINE, SEARCHED},
    {"nan_euclidean", "", MC_METRIC_NAN_EUCLIDEAN, 0},
    {"cosine", "", MC_METRIC_UNIT_COSINE, UNIT},
    {"correlation", "", MC_METRIC_CORRELATION, 0},
    {"canberra", "Canberra", MC_METRIC_CANBERRA, SEARCHED},
    {"braycurtis", "BrayCurtis", MC_METRIC_BRAYCURTIS, SEARCHED},
    {"hamming", "Hamming", MC_METRIC_HAMMING, 0},
    {"matching", "Matching", MC_METRIC_MATCHING, 0},
    {"jaccard", "Jaccard", MC_METRIC_JACCARD, 0},
    {"dice", "Dice", MC_METRIC_DICE, 0},
    {"kulsinski", "Kulsinski", MC_METRIC_KULSINSKI, 0},
    {"kulczynski1", "", MC_N_METRICS, 0}, /* scipy's own; not for rows that agree */
    {"rogerstanimoto", "RogersTanimoto", MC_METRIC_ROGERSTANIMOTO, 0},
    {"russellrao", "RussellRao", MC_METRIC_RUSSELLRAO, 0},
    {"sokalmichener", "SokalMichener", MC_METRIC_ROGERSTANIMOTO, 0},
    {"sokalsneath", "SokalSneath", MC_METRIC_SOKALSNEATH, 0},
    {"yule", "", MC_METRIC_YULE, 0},
};

static mc_status metric_at(const mc_value *est, size_t at, size_t d, mc_near_metric *out,
                           mc_error *err)
{
    if (METRICS[at].id == MC_METRIC_HAVERSINE && d != 2)
        return mc_refuse(err, est, "metric: haversine of %zu columns, expected 2", d);
    *out = (mc_near_metric){.id = METRICS[at].id,
                            .p = 2.0,
                            .unit_rows = (METRICS[at].is & UNIT) != 0,
                            .through_dots = (METRICS[at].is & DOTS) != 0,
                            .searched = (METRICS[at].is & SEARCHED) != 0};
    return MC_OK;
}

/* `value` as the (d) or (d, d) numbers that the metric is computed with. */
static mc_status read_by(mc_lowering *to, const mc_value *est, const mc_value *value, size_t n,
                         mc_near_metric *out, mc_error *err)
{
    mc_ndarray array;
    double *items = NULL;
    MC_TRY_IN(mc_ndarray_from_value(to->arena, value, &array, err), err, "metric_params");
    MC_TRY_IN(mc_ndarray_f64(to->arena, &array, &items, err), err, "metric_params");
    if (array.n_items != n)
        return mc_refuse(err, est, "metric_params: expected %zu numbers, found %zu", n,
                         array.n_items);
    out->by = items;
    return MC_OK;
}

/* What is not known here may change the distances. A covariance `V` stands beside its inverse. */
static mc_status check_names(const mc_value *est, const mc_value *params, const char *name,
                             mc_error *err)
{
    if (!mc_value_is(params, MC_KIND_DICT))
        return MC_OK;
    for (size_t i = 0; i + 1 < params->as.items.n; i += 2) {
        const mc_value *key = params->as.items.at[i];
        const bool is_known = mc_value_is_text(key, "p") || mc_value_is_text(key, name) ||
                              (mc_value_is_text(key, "V") && strcmp(name, "VI") == 0) ||
                              mc_value_is_none(params->as.items.at[i + 1]);
        if (!is_known)
            return mc_refuse(err, est, "metric_params: a parameter that its metric does not have");
    }
    return MC_OK;
}

static mc_status read_params(mc_lowering *to, const mc_value *est, const mc_value *params, size_t d,
                             mc_near_metric *out, mc_error *err)
{
    static const char *const NAMES[] = {[MC_NEEDS_NOTHING] = "",
                                        [MC_NEEDS_MAYBE_VECTOR] = "w",
                                        [MC_NEEDS_VECTOR] = "V",
                                        [MC_NEEDS_MATRIX] = "VI"};
    const mc_metric_needs needs = mc_metric_need(out->id);
    const char *name = out->id == MC_METRIC_WMINKOWSKI ? "w" : NAMES[needs];
    const mc_value *p = mc_dict_get(params, "p"), *by = mc_dict_get(params, name);
    MC_TRY(check_names(est, params, name, err));
    if (!mc_value_is_none(p))
        MC_TRY_IN(mc_number_from_value(p, &out->p, err), err, "metric_params p");
    if (needs == MC_NEEDS_NOTHING || (needs == MC_NEEDS_MAYBE_VECTOR && mc_value_is_none(by)))
        return MC_OK;
    if (mc_value_is_none(by))
        return mc_refuse(err, est, "metric_params: expected %s, found none", name);
    return read_by(to, est, by, needs == MC_NEEDS_MATRIX ? d * d : d, out, err);
}

/* A minkowski distance that has a name of its own is computed as that one. */
static void settle_power(mc_near_metric *metric)
{
    if (metric->id != MC_METRIC_MINKOWSKI || metric->by != NULL)
        return;
    if (isinf(metric->p))
        metric->id = MC_METRIC_CHEBYSHEV;
}

mc_status mc_near_metric_named(mc_lowering *to, const mc_value *est, mc_bytes name,
                               const mc_value *params, size_t d, mc_near_metric *out, mc_error *err)
{
    for (size_t i = 0; i < MC_COUNT_OF(METRICS); i++) {
        if (!mc_bytes_is(name, METRICS[i].name) || METRICS[i].id == MC_N_METRICS)
            continue;
        MC_TRY(metric_at(est, i, d, out, err));
        MC_TRY(read_params(to, est, params, d, out, err));
        settle_power(out);
        return MC_OK;
    }
    return mc_refuse(err, est, "metric: %.*s is not known", MC_SHOW(name));
}

mc_status mc_near_state(const mc_value *est, const mc_value *object, size_t at,
                        const mc_value **out, mc_error *err)
{
    const mc_value *state = mc_value_is(object, MC_KIND_OBJECT) ? object->as.object->state : NULL;
    if (!mc_value_is(state, MC_KIND_TUPLE) || state->as.items.n <= at)
        return mc_refuse(err, est, "expected the state of a tree or a metric with %zu items",
                         at + 1);
    *out = state->as.items.at[at];
    return MC_OK;
}

/* The class of an object that newObj(class) made, or its own; without "Distance" and its width. */
static mc_bytes short_class(const mc_value *object)
{
    const mc_value *arguments =
        mc_value_is(object, MC_KIND_OBJECT) ? object->as.object->arguments : NULL;
    mc_bytes name = mc_class_name(object);
    if (mc_value_is(arguments, MC_KIND_TUPLE) && arguments->as.items.n == 1 &&
        mc_value_is(arguments->as.items.at[0], MC_KIND_GLOBAL))
        name = arguments->as.items.at[0]->as.global->name;
    if (name.size > 2 && (memcmp(name.data + name.size - 2, "64", 2) == 0 ||
                          memcmp(name.data + name.size - 2, "32", 2) == 0))
        name.size -= 2;
    if (name.size > 8 && memcmp(name.data + name.size - 8, "Distance", 8) == 0)
        name.size -= 8;
    return name;
}

/* Metrics of truth values: matching, dice ... */
static bool is_of_truths(mc_metric_id id)
{
    return id >= MC_METRIC_MATCHING && id <= MC_METRIC_YULE;
}

mc_status mc_near_metric_called(mc_lowering *to, const mc_value *est, mc_bytes name,
                                const mc_value *params, size_t d, mc_near_metric *out,
                                mc_error *err)
{
    MC_TRY(mc_near_metric_named(to, est, name, params, d, out, err));
    out->searched = out->through_dots = out->unit_rows = false;
    out->of_truths = is_of_truths(out->id);
    out->not_of_zero = out->id == MC_METRIC_UNIT_COSINE;
    if (out->id == MC_METRIC_UNIT_COSINE)
        out->id = MC_METRIC_CALLED_COSINE;
    mc_near_as_scipy(out);
    return MC_OK;
}

/* A tree's PyFuncDistance. Correlation is not among them: it is NaN for rows of one value, which
 * no walk through a tree survives. */
static mc_status read_called(mc_lowering *to, const mc_value *est, const mc_value *object, size_t d,
                             mc_near_metric *out, mc_error *err)
{
    const mc_value *function = NULL, *keywords = NULL;
    char text[160];
    MC_TRY(mc_near_state(est, object, 3, &function, err));
    if (!mc_value_is(function, MC_KIND_GLOBAL) ||
        !mc_bytes_is(function->as.global->module, "scipy.spatial.distance") ||
        mc_bytes_is(function->as.global->name, "correlation"))
        return mc_refuse(err, est, "metric: %s is a function of the user's",
                         mc_value_type_name(function, text, sizeof text));
    MC_TRY(mc_near_state(est, object, 4, &keywords, err));
    MC_TRY(mc_near_metric_called(to, est, function->as.global->name, keywords, d, out, err));
    if (out->of_truths) {
        return mc_refuse(err, est,
                         "metric: %s of the centres of a tree, which are not of 0 and 1, depends "
                         "on the version of scipy",
                         mc_value_type_name(function, text, sizeof text));
    }
    out->not_of_zero = out->not_of_zero || out->id == MC_METRIC_SUMMED_BRAYCURTIS;
    return MC_OK;
}

mc_status mc_near_metric_object(mc_lowering *to, const mc_value *est, const mc_value *object,
                                size_t d, mc_near_metric *out, mc_error *err)
{
    const mc_bytes name = short_class(object);
    const mc_value *part = NULL;
    size_t at = 0;
    while (at < MC_COUNT_OF(METRICS) && !mc_bytes_is(name, METRICS[at].class))
        at++;
    if (mc_bytes_is(name, "PyFunc"))
        return read_called(to, est, object, d, out, err);
    if (at == MC_COUNT_OF(METRICS) || name.size == 0)
        return mc_refuse(err, est, "metric: %.*s is not known", MC_SHOW(name));
    MC_TRY(metric_at(est, at, d, out, err));
    out->through_dots = false;
    MC_TRY(mc_near_state(est, object, 0, &part, err));
    MC_TRY_IN(mc_number_from_value(part, &out->p, err), err, "metric p");
    const mc_metric_needs needs = mc_metric_need(out->id);
    MC_TRY(mc_near_state(est, object, needs == MC_NEEDS_MATRIX ? 2 : 1, &part, err));
    mc_ndarray array;
    MC_TRY_IN(mc_ndarray_from_value(to->arena, part, &array, err), err, "metric");
    if (needs == MC_NEEDS_NOTHING || (needs == MC_NEEDS_MAYBE_VECTOR && array.n_items != d))
        return MC_OK; /* one number or none stands for no weights */
    return read_by(to, est, part, needs == MC_NEEDS_MATRIX ? d * d : d, out, err);
}
