/* tfidf_transformer.c: TfidfTransformer.
 *
 * Oracle   sklearn/feature_extraction/text.py TfidfTransformer, scikit-learn 1.2 to 1.9.
 * Exact    As kernel/tfidf.h.
 * Versions Until 1.4 the weights are a diagonal sparse matrix, _idf_diag, and rows come out of the
 *          product with it turned round; from 1.5 on they are the vector idf_. */
#include "import/sklearn/tfidf_transformer.h"

/* The diagonal of a square sparse matrix; what is not stored is 0. */
static mc_status read_diagonal(mc_lowering *to, const mc_value *est, const mc_value *value,
                               size_t n, const double **out, mc_error *err)
{
    mc_sparse matrix;
    double *idf = NULL;
    MC_TRY_IN(mc_sparse_from_value(to->arena, value, &matrix, err), err, "attribute _idf_diag");
    if (matrix.n_rows != n || matrix.n_cols != n)
        return mc_refuse(err, est, "_idf_diag: expected %zu x %zu, found %zu x %zu", n, n,
                         matrix.n_rows, matrix.n_cols);
    MC_TRY(mc_arena_new(to->arena, double, n, &idf, err));
    for (size_t i = 0; i < n; i++) {
        for (int64_t j = matrix.indptr[i]; j < matrix.indptr[i + 1]; j++) {
            if (matrix.indices[j] != (int64_t)i)
                return mc_refuse(err, est, "_idf_diag: a weight beside the diagonal");
            idf[i] = matrix.data[j];
        }
    }
    *out = idf;
    return MC_OK;
}

/* Was training in float32? The weights are of the dtype of what they were learnt from. */
static bool is_float32(mc_lowering *to, const mc_value *weights)
{
    mc_ndarray array;
    const mc_value *data = mc_value_is_sparse(weights) ? mc_value_attr(weights, "data") : weights;
    return mc_ndarray_from_value(to->arena, data, &array, NULL) == MC_OK &&
           array.dtype.kind == 'f' && array.dtype.item_size == sizeof(float);
}

static mc_status put_idf(mc_lowering *to, const mc_value *est, size_t n, mc_step *step,
                         mc_error *err)
{
    const double *idf = NULL;
    size_t n_found = 0;
    bool use_idf = true;
    const mc_value *diagonal = mc_value_attr(est, "_idf_diag");
    const mc_value *weights = diagonal != NULL ? diagonal : mc_value_attr(est, "idf_");
    MC_TRY(mc_attr_bool(est, "use_idf", true, &use_idf, err));
    if (!use_idf && weights == NULL)
        return MC_OK;
    if (diagonal != NULL && !use_idf) /* it is looked at only if it is wanted */
        return MC_OK;
    if (is_float32(to, weights))
        step->flags |= MC_STEP_HELD32;
    if (diagonal != NULL) {
        step->flags |= MC_STEP_DESCENDING;
        MC_TRY(read_diagonal(to, est, diagonal, n, &idf, err));
    } else {
        MC_TRY(mc_attr_vector(to, est, "idf_", n, &idf, &n_found, err));
    }
    return mc_build_f64(to->b, idf, 1, n, &step->array[0], err);
}

static mc_status put_norm(const mc_value *est, mc_step *step, mc_error *err)
{
    const mc_value *norm = mc_value_attr(est, "norm");
    if (mc_value_is_none(norm))
        return norm == NULL ? mc_refuse(err, est, "no attribute norm") : MC_OK;
    step->n[0] = mc_value_is_text(norm, "l1") ? 1 : 2;
    if (!mc_value_is_text(norm, "l1") && !mc_value_is_text(norm, "l2"))
        return mc_refuse(err, est, "norm: expected \"l1\", \"l2\" or None");
    return MC_OK;
}

/* Flags beside those that `est` asks for, and which flags may be set at all. */
typedef struct flags {
    uint16_t more;
    uint16_t allowed;
} flags;

static mc_status emit(mc_lowering *to, const mc_value *est, const mc_sym *x, flags how, mc_sym *out,
                      mc_error *err)
{
    mc_step step = MC_STEP_INIT(TFIDF);
    bool sublinear = false;
    mc_sym y = *x;
    MC_TRY(mc_attr_bool(est, "sublinear_tf", false, &sublinear, err));
    step.src = x->buffer;
    step.flags = (uint16_t)((sublinear ? MC_STEP_SUBLINEAR : 0) | how.more);
    MC_TRY(put_idf(to, est, x->n_cols, &step, err));
    MC_TRY(put_norm(est, &step, err));
    step.flags &= how.allowed;
    MC_TRY(mc_build_step(to->b, step, x->n_cols, &y.buffer, err));
    y.type = MC_VALUE_FLOAT;
    y.type_as_input = 0;
    y.sparse = true;
    *out = y;
    return MC_OK;
}

mc_status mc_emit_tfidf(mc_lowering *to, const mc_value *est, const mc_sym *x, bool float32,
                        mc_sym *out, mc_error *err)
{
    const flags how = {.more = float32 ? MC_STEP_HELD32 : 0, .allowed = UINT16_MAX};
    return emit(to, est, x, how, out, err);
}

/* Before 1.5 dense rows become float64, whatever the weights were learnt from. */
static flags of_rows(const mc_lowering *to, const mc_value *est, const mc_sym *x)
{
    flags how = {.allowed = UINT16_MAX};
    if (x->sparse || mc_version_of(to, est) >= 105)
        return how;
    if (x->sparse_as_input)
        how.more = MC_STEP_HELD_AS_ROWS;
    else
        how.allowed = UINT16_MAX & ~MC_STEP_HELD32;
    return how;
}

mc_status mc_lower_tfidf_transformer(mc_lowering *to, const mc_value *est, mc_method method,
                                     const mc_sym *x, mc_answer *out, mc_error *err)
{
    mc_sym y;
    if (method != MC_METHOD_TRANSFORM)
        return mc_no_method(err, est, method);
    MC_TRY(mc_emit_check_sparse(to, x, MC_FINITE, &y, err));
    const flags how = of_rows(to, est, &y);
    MC_TRY(mc_to_sparse(to, &y, &y, err));
    MC_TRY(emit(to, est, &y, how, &y, err));
    return mc_answer_matrix(to, y, out, err);
}
