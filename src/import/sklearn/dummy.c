/* dummy.c: estimators that do not look at their input. Gradient boosting begins with one.
 *
 * Oracle   sklearn/dummy.py, scikit-learn 1.2 to 1.9.
 * Exact    Bit for bit. Strategies that draw (stratified, uniform) among several classes are
 *          refused: their answers are not a function of the row. */
#include <math.h>

#include "import/sklearn/attr.h"
#include "import/sklearn/emit.h"
#include "kernel/category.h"

/* 0.18 to 0.21 know no _strategy: the parameter stands. */
static const char *strategy_name(const mc_value *est)
{
    return mc_attr_has(est, "_strategy") ? "_strategy" : "strategy";
}

/* Item k of an attribute that is a list when there is more than one output. */
static mc_status output_item(mc_lowering *to, const mc_value *est, const char *name, size_t k,
                             size_t n_outputs, const mc_value **out, mc_error *err)
{
    mc_items items;
    MC_TRY(mc_attr_need(est, name, out, err));
    if (n_outputs == 1)
        return MC_OK;
    MC_TRY(mc_attr_items(to, est, name, &items, err));
    if (items.n != n_outputs)
        return mc_refuse(err, est, "%s: expected %zu items, found %zu", name, n_outputs, items.n);
    *out = items.at[k];
    return MC_OK;
}

/* Which of the classes is the constant of output k? */
static mc_status constant_class(mc_lowering *to, const mc_value *est, const mc_cell *classes,
                                size_t n, size_t k, size_t *out, mc_error *err)
{
    const mc_cell *constants = NULL;
    mc_cell single;
    size_t n_constants = 1;
    const mc_value *value = mc_value_attr(est, "constant");
    if (mc_value_is_array(value) || mc_value_is(value, MC_KIND_LIST) ||
        mc_value_is(value, MC_KIND_TUPLE)) {
        MC_TRY(mc_attr_cells(to, est, "constant", &constants, &n_constants, err));
    } else {
        MC_TRY_IN(mc_cell_from_value(to->arena, value, &single, err), err, "attribute constant");
        constants = &single;
    }
    for (size_t i = 0; k < n_constants && i < n; i++) {
        if (mc_cell_compare(&classes[i], &constants[k]) == 0) {
            *out = i;
            return MC_OK;
        }
    }
    return mc_refuse(err, est, "constant: it is none of the classes");
}

/* The shares of the classes of one output. */
static mc_status class_shares(mc_lowering *to, const mc_value *est, size_t k, size_t n_outputs,
                              const mc_value *classes, double **out, size_t *out_n, mc_error *err)
{
    mc_ndarray array;
    const mc_value *value = NULL;
    mc_cell *cells = NULL;
    double *prior = NULL;
    size_t chosen = 0;
    MC_TRY_IN(mc_ndarray_from_value(to->arena, classes, &array, err), err, "classes_");
    MC_TRY_IN(mc_ndarray_cells(to->arena, &array, &cells, err), err, "classes_");
    *out_n = array.n_items;
    MC_TRY(output_item(to, est, "class_prior_", k, n_outputs, &value, err));
    MC_TRY_IN(mc_ndarray_from_value(to->arena, value, &array, err), err, "class_prior_");
    MC_TRY_IN(mc_ndarray_f64(to->arena, &array, &prior, err), err, "class_prior_");
    if (array.n_items != *out_n || *out_n == 0)
        return mc_refuse(err, est, "class_prior_: expected %zu values, found %zu", *out_n,
                         array.n_items);
    *out = prior;
    if (mc_attr_is_text(est, strategy_name(est), "prior"))
        return MC_OK;
    if (mc_attr_is_text(est, strategy_name(est), "constant"))
        MC_TRY(constant_class(to, est, cells, *out_n, k, &chosen, err));
    else
        for (size_t i = 1; i < *out_n; i++)
            chosen = prior[i] > prior[chosen] ? i : chosen;
    for (size_t i = 0; i < *out_n; i++)
        prior[i] = i == chosen ? 1.0 : 0.0;
    return MC_OK;
}

static bool is_fixed(const mc_value *est)
{
    static const char *const FIXED[] = {"prior", "most_frequent", "constant"};
    for (size_t i = 0; i < MC_COUNT_OF(FIXED); i++)
        if (mc_attr_is_text(est, strategy_name(est), FIXED[i]))
            return true;
    return false;
}

/* One output of the answer. */
static mc_status class_part(mc_lowering *to, const mc_value *est, mc_method method, size_t k,
                            size_t n_outputs, mc_answer_part *out, mc_error *err)
{
    const mc_value *classes = NULL;
    double *shares = NULL;
    size_t n = 0;
    MC_TRY(output_item(to, est, "classes_", k, n_outputs, &classes, err));
    MC_TRY(class_shares(to, est, k, n_outputs, classes, &shares, &n, err));
    if (n > 1 && !is_fixed(est)) /* of one class it can draw no other */
        return mc_refuse(err, est,
                         "_strategy: expected prior, most_frequent or constant, found %.*s",
                         MC_SHOW(mc_attr_text(est, strategy_name(est))));
    for (size_t i = 0; method == MC_METHOD_PREDICT_LOG_PROBA && i < n; i++)
        shares[i] = log(shares[i]);
    MC_TRY(mc_emit_constant(to, shares, n, &out->value, err));
    if (method != MC_METHOD_PREDICT)
        return MC_OK;
    out->scalar = true;
    MC_TRY(mc_emit_argmax(to, &out->value, &out->value, err));
    return mc_emit_classes(to, classes, &out->table, &n, err);
}

mc_status mc_lower_dummy_classifier(mc_lowering *to, const mc_value *est, mc_method method,
                                    const mc_sym *x, mc_answer *out, mc_error *err)
{
    int64_t n_outputs = 1;
    (void)x;
    if (method != MC_METHOD_PREDICT && method != MC_METHOD_PREDICT_PROBA &&
        method != MC_METHOD_PREDICT_LOG_PROBA)
        return mc_no_method(err, est, method);
    MC_TRY(mc_attr_integer(est, "n_outputs_", 1, &n_outputs, err));
    if (n_outputs < 1 || n_outputs > (int64_t)MC_LIMIT_WIDTH)
        return mc_refuse(err, est, "n_outputs_: %lld", (long long)n_outputs);
    MC_TRY(mc_answer_parts(to, (size_t)n_outputs, out, err));
    for (size_t k = 0; k < out->n_parts; k++)
        MC_TRY(class_part(to, est, method, k, out->n_parts, &out->parts[k], err));
    return MC_OK;
}

/* mean, median, quantile and constant: fit() has made constant_ of each. */
mc_status mc_lower_dummy_regressor(mc_lowering *to, const mc_value *est, mc_method method,
                                   const mc_sym *x, mc_answer *out, mc_error *err)
{
    mc_ndarray constant;
    double *row = NULL;
    mc_sym y;
    (void)x;
    if (method != MC_METHOD_PREDICT)
        return mc_no_method(err, est, method);
    MC_TRY(mc_attr_array(to, est, "constant_", &constant, err));
    MC_TRY_IN(mc_ndarray_f64(to->arena, &constant, &row, err), err, "attribute constant_");
    if (constant.n_items == 0)
        return mc_refuse(err, est, "constant_: expected a value, found none");
    MC_TRY(mc_emit_constant(to, row, constant.n_items, &y, err));
    const bool keeps_type = mc_version_of(to, est) >= 20; /* before, it was multiplied by 1.0 */
    if (keeps_type && (constant.dtype.kind == 'i' || constant.dtype.kind == 'u'))
        y.type = MC_VALUE_INT;
    return constant.n_items == 1 ? mc_answer_scalar(to, y, out, err)
                                 : mc_answer_matrix(to, y, out, err);
}
