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

/* A row of sparse components costs less than a dense one while few of its values are there. */
static bool stays_sparse(const mc_sparse *c)
{
    return !c->is_csc && c->n_rows > 0 && c->n_items / c->n_rows < c->n_cols / 8 &&
           c->n_items <= MC_LIMIT_WIDTH;
}

/* The entries (row, column, value) of a CSR matrix, columns of each row ascending: sorted by
 * counting, a column at a time. */
typedef struct sorted_rows {
    uint32_t *indptr, *columns; /* (n_rows + 1), (n_items) */
    double *values;
} sorted_rows;

/* first[j] (n_cols + 1): where column j begins when the entries go by columns. */
static mc_status count_columns(mc_lowering *to, const mc_sparse *c, size_t **out, mc_error *err)
{
    size_t *first = NULL;
    MC_TRY(mc_arena_new(to->arena, size_t, c->n_cols + 1, &first, err));
    for (size_t at = 0; at < c->n_items; at++)
        first[c->indices[at] + 1]++;
    for (size_t j = 0; j < c->n_cols; j++)
        first[j + 1] += first[j];
    *out = first;
    return MC_OK;
}

static mc_status sort_rows(mc_lowering *to, const mc_sparse *c, sorted_rows *out, mc_error *err)
{
    size_t *next = NULL, *row_of = NULL, *entry_of = NULL;
    uint32_t *end = NULL;
    MC_TRY(count_columns(to, c, &next, err));
    MC_TRY(mc_arena_new(to->arena, size_t, c->n_items, &row_of, err));
    MC_TRY(mc_arena_new(to->arena, size_t, c->n_items, &entry_of, err));
    MC_TRY(mc_arena_new(to->arena, uint32_t, c->n_rows + 1, &out->indptr, err));
    MC_TRY(mc_arena_new(to->arena, uint32_t, c->n_rows, &end, err));
    MC_TRY(mc_arena_new(to->arena, uint32_t, c->n_items, &out->columns, err));
    MC_TRY(mc_arena_new(to->arena, double, c->n_items, &out->values, err));
    for (size_t i = 0; i < c->n_rows; i++) {
        for (int64_t at = c->indptr[i]; at < c->indptr[i + 1]; at++) {
            const size_t place = next[c->indices[at]]++;
            row_of[place] = i;
            entry_of[place] = (size_t)at;
        }
        out->indptr[i + 1] = (uint32_t)c->indptr[i + 1];
        end[i] = (uint32_t)c->indptr[i];
    }
    for (size_t place = 0; place < c->n_items; place++) {
        const uint32_t at = end[row_of[place]]++;
        out->columns[at] = (uint32_t)c->indices[entry_of[place]];
        out->values[at] = c->data[entry_of[place]];
    }
    return MC_OK;
}

static mc_status sparse_product(mc_lowering *to, const mc_sym *x, const mc_sparse *c, mc_sym *out,
                                mc_error *err)
{
    mc_step step = MC_STEP_INIT(SPARSE_LINEAR);
    sorted_rows rows = {0};
    double *zeros = NULL;
    uint32_t buffer = 0;
    mc_feature_arrays features;
    MC_TRY(mc_arena_new(to->arena, double, c->n_rows, &zeros, err));
    if (x->kind == MC_SYM_SPARSE) {
        MC_TRY(mc_build_features(to, c, &features, err));
        step = mc_features_step(&features);
    } else {
        MC_TRY(sort_rows(to, c, &rows, err));
        MC_TRY(mc_build_u32(to->b, rows.indptr, c->n_rows + 1, &step.array[1], err));
        MC_TRY(mc_build_u32(to->b, rows.columns, c->n_items, &step.array[2], err));
        MC_TRY(mc_build_f64(to->b, rows.values, 1, c->n_items, &step.array[3], err));
    }
    step.src = x->buffer;
    MC_TRY(mc_build_f64(to->b, zeros, 1, c->n_rows, &step.array[0], err));
    MC_TRY(mc_build_step(to->b, step, c->n_rows, &buffer, err));
    *out = (mc_sym){.kind = MC_SYM_NUMBERS, .buffer = buffer, .n_cols = c->n_rows};
    return MC_OK;
}

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
    return stays_sparse(&out->sparse) ? MC_OK : densified(to, &out->sparse, &out->dense, err);
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
        MC_TRY(sparse_product(to, &in, &c->sparse, &y, err));
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
