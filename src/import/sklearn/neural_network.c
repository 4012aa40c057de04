/* neural_network.c: multi-layer perceptrons, and the restricted Boltzmann machine.
 *
 * Oracle   sklearn/neural_network/_multilayer_perceptron.py, _base.py, _rbm.py, scikit-learn 1.2 to
 *          1.9.
 * Exact    Each layer within the bound of kernel/linear.c for its inputs; tanh, expit and exp as
 *          kernel/unary.c, softmax as kernel/linear.c. All in float64: of a network trained on
 *          float32 the weights are exact, and what scikit-learn rounds on the way is not rounded.
 * Why so   BernoulliRBM.score_samples flips a drawn bit of each row: what it draws depends on the
 *          whole batch, so that its answer is no function of the row. It is no method here. */
#include <math.h>

#include "import/sklearn/attr.h"
#include "import/sklearn/emit.h"

/* ------------------------------------------------------------------------------ layers ---- */

/* What a layer makes of its sums; by the name of `attribute`. */
static mc_status activate(mc_lowering *to, const mc_value *est, const char *attribute, mc_sym *y,
                          mc_error *err)
{
    static const double FROM_ZERO = 0.0, TO_INFINITY = (double)INFINITY;
    const mc_bytes name = mc_attr_text(est, attribute);
    if (mc_bytes_is(name, "identity"))
        return MC_OK;
    if (mc_bytes_is(name, "relu"))
        return mc_emit_unary(to, y, MC_UNARY_CLIP, FROM_ZERO, TO_INFINITY, y, err);
    if (mc_bytes_is(name, "tanh"))
        return mc_emit_unary(to, y, MC_UNARY_TANH, 0.0, 0.0, y, err);
    if (mc_bytes_is(name, "logistic"))
        return mc_emit_unary(to, y, MC_UNARY_EXPIT, 0.0, 0.0, y, err);
    if (mc_bytes_is(name, "exp")) /* Poisson loss, from 1.7 on */
        return mc_emit_unary(to, y, MC_UNARY_EXP, 0.0, 0.0, y, err);
    if (mc_bytes_is(name, "softmax"))
        return mc_emit_softmax(to, y, y, err);
    return mc_refuse(err, est, "%s: \"%.*s\" is not known", attribute, MC_SHOW(name));
}

/* y @ coefs + intercepts; coefs (inputs, outputs). */
static mc_status layer(mc_lowering *to, const mc_value *est, const mc_value *coefs,
                       const mc_value *intercepts, mc_sym *y, mc_error *err)
{
    mc_ndarray array, bias;
    double *numbers = NULL, *weights = NULL, *b = NULL;
    MC_TRY(mc_ndarray_from_value(to->arena, coefs, &array, err));
    MC_TRY(mc_ndarray_f64(to->arena, &array, &numbers, err));
    MC_TRY(mc_ndarray_from_value(to->arena, intercepts, &bias, err));
    MC_TRY(mc_ndarray_f64(to->arena, &bias, &b, err));
    const size_t d = y->n_cols;
    if (array.n_dims != 2 || array.shape[0] != d || array.shape[1] != bias.n_items)
        return mc_refuse(err, est, "expected a layer of %zu inputs", d);
    const size_t k = bias.n_items;
    MC_TRY(mc_arena_new(to->arena, double, d *k, &weights, err));
    for (size_t i = 0; i < d; i++)
        for (size_t j = 0; j < k; j++)
            weights[j * d + i] = numbers[i * k + j];
    return mc_emit_linear(to, y, weights, b, k, y, err);
}

static mc_status forward(mc_lowering *to, const mc_value *est, const mc_sym *x, mc_sym *out,
                         mc_error *err)
{
    mc_items coefs, intercepts;
    MC_TRY(mc_attr_items(to, est, "coefs_", &coefs, err));
    MC_TRY(mc_attr_items(to, est, "intercepts_", &intercepts, err));
    if (coefs.n == 0 || coefs.n != intercepts.n)
        return mc_refuse(err, est, "coefs_: %zu layers, intercepts_: %zu", coefs.n, intercepts.n);
    MC_TRY(mc_emit_check_sparse(to, x, MC_FINITE, out, err));
    for (size_t i = 0; i < coefs.n; i++) {
        MC_TRY_IN(layer(to, est, coefs.at[i], intercepts.at[i], out, err), err, "coefs_[%zu]", i);
        MC_TRY(activate(to, est, i + 1 < coefs.n ? "activation" : "out_activation_", out, err));
    }
    return MC_OK;
}

/* --------------------------------------------------------------------------- estimators ---- */

mc_status mc_lower_mlp_regressor(mc_lowering *to, const mc_value *est, mc_method method,
                                 const mc_sym *x, mc_answer *out, mc_error *err)
{
    mc_sym y;
    if (method != MC_METHOD_PREDICT)
        return mc_no_method(err, est, method);
    MC_TRY(forward(to, est, x, &y, err));
    return y.n_cols == 1 ? mc_answer_scalar(to, y, out, err) : mc_answer_matrix(to, y, out, err);
}

/* Labels as LabelBinarizer.inverse_transform() gives them: the more likely class; each label on its
 * own where a row may have several. */
static mc_status labels(mc_lowering *to, const mc_value *est, mc_sym y, mc_answer *out,
                        mc_error *err)
{
    const mc_value *binarizer = NULL, *classes = NULL;
    uint32_t table = 0;
    size_t n = 0;
    MC_TRY(mc_attr_need(est, "_label_binarizer", &binarizer, err));
    MC_TRY(mc_attr_need(binarizer, "classes_", &classes, err));
    if (mc_attr_is_text(binarizer, "y_type_", "multilabel-indicator")) {
        bool is_sparse = false;
        MC_TRY(mc_attr_bool(binarizer, "sparse_input_", false, &is_sparse, err));
        MC_TRY(mc_emit_unary(to, &y, MC_UNARY_ABOVE, 0.5, 0.0, &y, err));
        y.type = MC_VALUE_INT;
        y.sparse = is_sparse;
        return mc_answer_matrix(to, y, out, err);
    }
    MC_TRY(mc_emit_classes(to, classes, &table, &n, err));
    const bool is_only = n == 1 && y.n_cols == 1;
    if (!is_only && n != (y.n_cols == 1 ? 2 : y.n_cols))
        return mc_refuse(err, est, "classes_: %zu classes for %zu outputs", n, y.n_cols);
    MC_TRY(y.n_cols == 1 && !is_only ? mc_emit_above(to, &y, 0.5, false, &y, err)
                                     : mc_emit_argmax(to, &y, &y, err));
    return mc_answer_labels(to, y, table, out, err);
}

mc_status mc_lower_mlp_classifier(mc_lowering *to, const mc_value *est, mc_method method,
                                  const mc_sym *x, mc_answer *out, mc_error *err)
{
    mc_sym y;
    if (method != MC_METHOD_PREDICT && method != MC_METHOD_PREDICT_PROBA &&
        method != MC_METHOD_PREDICT_LOG_PROBA)
        return mc_no_method(err, est, method);
    MC_TRY(forward(to, est, x, &y, err));
    if (method == MC_METHOD_PREDICT)
        return labels(to, est, y, out, err);
    if (y.n_cols == 1)
        MC_TRY(mc_emit_both_sides(to, &y, &y, err));
    if (method == MC_METHOD_PREDICT_LOG_PROBA)
        MC_TRY(mc_emit_unary(to, &y, MC_UNARY_LOG, 0.0, 0.0, &y, err));
    return mc_answer_matrix(to, y, out, err);
}

/* Probabilities of the hidden units. */
mc_status mc_lower_bernoulli_rbm(mc_lowering *to, const mc_value *est, mc_method method,
                                 const mc_sym *x, mc_answer *out, mc_error *err)
{
    const double *weights = NULL, *bias = NULL;
    size_t k = 0;
    mc_sym y;
    if (method != MC_METHOD_TRANSFORM)
        return mc_no_method(err, est, method);
    MC_TRY(mc_attr_matrix(to, est, "components_", MC_ANY, x->n_cols, &weights, &k, NULL, err));
    MC_TRY(mc_attr_vector(to, est, "intercept_hidden_", k, &bias, NULL, err));
    MC_TRY(mc_emit_check_sparse(to, x, MC_FINITE, &y, err));
    MC_TRY(mc_emit_linear(to, &y, weights, bias, k, &y, err));
    MC_TRY(mc_emit_unary(to, &y, MC_UNARY_EXPIT, 0.0, 0.0, &y, err));
    return mc_answer_matrix(to, y, out, err);
}
