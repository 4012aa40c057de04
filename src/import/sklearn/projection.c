/* projection.c: random projections, dense and sparse, and back by the pseudo-inverse.
 *
 * Oracle   sklearn/random_projection.py, scikit-learn 1.2 to 1.9.
 * Exact    transform within the bound of kernel/linear.c. inverse_transform likewise where the fit
 *          computed the inverse; else it is computed at load, with the error of kernel/solve.c
 *          times the condition of the components.
 * Limits   An inverse that would take long to compute (MC_LIMIT_PSEUDO_INVERSE) is not offered. */
#include "base/limits.h"
#include "base/size.h"
#include "import/sklearn/attr.h"
#include "import/sklearn/emit_sparse.h"
#include "import/sklearn/matrix.h"

static mc_status densified(mc_lowering *to, const mc_sparse *c, const double **out, mc_error *err)
{
    double *dense = NULL;
    MC_TRY(mc_matrix_new(to, c->n_rows, c->n_cols, &dense, err));
    for (size_t i = 0; i < (c->is_csc ? c->n_cols : c->n_rows); i++) {
        for (int64_t at = c->indptr[i]; at < c->indptr[i + 1]; at++) {
            const size_t other = (size_t)c->indices[at];
            dense[c->is_csc ? other * c->n_cols + i : i * c->n_cols + other] += c->data[at];
        }
    }
    *out = dense;
    return MC_OK;
}

/* components_: `dense` (k, d) or, if it is NULL, `sparse`. */
typedef struct components {
    const double *dense;
    mc_sparse sparse;
    size_t k, d;
} components;

static mc_status read_components(mc_lowering *to, const mc_value *est, components *out,
                                 mc_error *err)
{
    const mc_value *value = NULL;
    *out = (components){0};
    MC_TRY(mc_attr_need(est, "components_", &value, err));
    if (!mc_value_is_sparse(value))
        return mc_attr_matrix(to, est, "components_", MC_ANY, MC_ANY, &out->dense, &out->k, &out->d,
                              err);
    MC_TRY_IN(mc_sparse_from_value(to->arena, value, &out->sparse, err), err,
              "attribute components_");
    out->k = out->sparse.n_rows;
    out->d = out->sparse.n_cols;
    return mc_sparse_is_thin(&out->sparse) ? MC_OK : densified(to, &out->sparse, &out->dense, err);
}

/* Sparse rows by sparse components give sparse rows, unless dense_output. */
static mc_status transform(mc_lowering *to, const mc_value *est, const mc_sym *x,
                           const components *c, mc_answer *out, mc_error *err)
{
    bool dense_output = false;
    mc_sym y, in;
    if (c->d != x->n_cols)
        return mc_refuse(err, est, "attribute components_: expected %zu columns, found %zu x %zu",
                         x->n_cols, c->k, c->d);
    MC_TRY(mc_attr_bool(est, "dense_output", false, &dense_output, err));
    MC_TRY(mc_emit_check_sparse(to, x, MC_FINITE, &in, err));
    if (c->dense != NULL)
        MC_TRY(mc_emit_linear(to, &in, c->dense, NULL, c->k, &y, err));
    else
        MC_TRY(mc_emit_sparse_product(to, &in, &c->sparse, &y, err));
    if (mc_value_is_sparse(mc_value_attr(est, "components_")) && !dense_output) {
        y.sparse = x->sparse;
        y.sparse_as_input = x->sparse_as_input;
    }
    return mc_answer_matrix(to, y, out, err);
}

/* x @ inverse.T, inverse (d, k). */
static mc_status multiply_back(mc_lowering *to, const mc_sym *x, const double *inverse, size_t d,
                               mc_answer *out, mc_error *err)
{
    mc_sym y;
    MC_TRY(mc_emit_check(to, x, MC_FINITE, &y, err));
    MC_TRY(mc_emit_linear(to, &y, inverse, NULL, d, &y, err));
    return mc_answer_matrix(to, y, out, err);
}

static mc_status invert(mc_lowering *to, const components *c, const double **out, mc_error *err)
{
    const double *dense = c->dense;
    if (dense == NULL)
        MC_TRY(densified(to, &c->sparse, &dense, err));
    return mc_matrix_pseudo_inverse(to, dense, c->k, c->d, out, err);
}

/* Written out, sparse components and their inverse may be larger than the model file: they get
 * memory of their own, with a limit of its own, for as long as it takes. */
static mc_status compute_back(mc_lowering *to, const mc_value *est, const mc_sym *x,
                              const components *c, mc_answer *out, mc_error *err)
{
    const double *inverse = NULL;
    mc_arena arena;
    mc_lowering inside = *to;
    mc_arena_init(&arena, MC_LIMIT_PSEUDO_INVERSE_BYTES, "a pseudo-inverse");
    inside.arena = &arena;
    mc_status status = invert(&inside, c, &inverse, err);
    if (status == MC_OK)
        status = multiply_back(to, x, inverse, c->d, out, err);
    mc_arena_fini(&arena);
    return status == MC_E_LIMIT ? mc_no_method(err, est, MC_METHOD_INVERSE_TRANSFORM) : status;
}

/* The inverse is the fit's, or computed here. */
static mc_status back(mc_lowering *to, const mc_value *est, const mc_sym *x, const components *c,
                      mc_answer *out, mc_error *err)
{
    const double *inverse = NULL;
    if (mc_version_of(to, est) < 101)
        return mc_no_method(err, est, MC_METHOD_INVERSE_TRANSFORM);
    if (c->k != x->n_cols)
        return mc_refuse(err, est, "attribute components_: expected %zu rows, found %zu", x->n_cols,
                         c->k);
    if (!mc_attr_has(est, "inverse_components_"))
        return compute_back(to, est, x, c, out, err);
    MC_TRY(mc_attr_matrix(to, est, "inverse_components_", c->d, c->k, &inverse, NULL, NULL, err));
    return multiply_back(to, x, inverse, c->d, out, err);
}

mc_status mc_lower_random_projection(mc_lowering *to, const mc_value *est, mc_method method,
                                     const mc_sym *x, mc_answer *out, mc_error *err)
{
    components c;
    if (method != MC_METHOD_TRANSFORM && method != MC_METHOD_INVERSE_TRANSFORM)
        return mc_no_method(err, est, method);
    MC_TRY(read_components(to, est, &c, err));
    return method == MC_METHOD_TRANSFORM ? transform(to, est, x, &c, out, err)
                                         : back(to, est, x, &c, out, err);
}
