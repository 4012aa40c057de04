/* run_sparse.c: rows without their zeros: how steps make them, and the steps on them.
 *
 * Oracle   stands with the kernels (kernel/sparse_rows.c); check_array of
 *          sklearn/utils/validation.py for what is refused: of a sparse matrix it looks at the
 *          stored values.
 * Exact    Select, stack, scale, unary: bit for bit.
 * Cost     O(entries) a row, whatever the width; only CSR_TO_DENSE and DENSE_TO_CSR take the
 *          width. */
#include <math.h>
#include <string.h>

#include "base/size.h"
#include "image/steps.h"

/* ------------------------------------------------------------------------------- rooms ---- */

mc_status mc_run_room(const mc_run *run, size_t size, void **out, mc_error *err)
{
    return mc_workspace_room(run->workspace, MC_HEAP_BLOCK, size, out, err);
}

mc_status mc_run_numbers(const mc_run *run, const mc_step *step, size_t at, const double **out,
                         mc_error *err)
{
    const mc_image_array *array = &run->view->arrays[step->array[at]];
    void *wide = NULL;
    if (!mc_view_is_narrow(run->view, step->array[at])) {
        *out = mc_view_f64(run->view, step->array[at]);
        return MC_OK;
    }
    const mc_narrow from = mc_view_narrow(run->view, step->array[at]);
    MC_TRY(mc_run_room(run, array->n_items * sizeof(double), &wide, err));
    mc_widen(&from, 0, array->n_rows, wide);
    *out = wide;
    return MC_OK;
}

mc_status mc_run_entries(const mc_run *run, size_t n, uint32_t **out_at, double **out_values,
                         mc_error *err)
{
    void *memory = NULL;
    size_t size = 0;
    if (!mc_mul_size(n, sizeof(double) + sizeof(uint32_t), &size))
        return mc_fail(err, MC_E_BUSY, MC_NO_OFFSET,
                       "the batch needs more request memory than can be counted");
    MC_TRY(mc_run_room(run, size, &memory, err));
    *out_values = memory;
    *out_at = (uint32_t *)(void *)((double *)memory + n);
    return MC_OK;
}

#define FIRST_ROOM 64u

mc_status mc_row_begin(const mc_run *run, mc_row_maker *out, mc_error *err)
{
    *out = (mc_row_maker){.run = run, .room = FIRST_ROOM};
    return mc_run_entries(run, out->room, &out->at, &out->values, err);
}

mc_status mc_row_grow(mc_row_maker *maker, mc_error *err)
{
    uint32_t *at = NULL;
    double *values = NULL;
    MC_TRY(mc_run_entries(maker->run, 2 * maker->room, &at, &values, err));
    memcpy(at, maker->at, maker->n * sizeof *at);
    memcpy(values, maker->values, maker->n * sizeof *values);
    maker->at = at;
    maker->values = values;
    maker->room *= 2;
    return MC_OK;
}

mc_status mc_row_end(mc_row_maker *maker, mc_sparse_row *out, mc_error *err)
{
    size_t n = maker->n;
    if (!mc_sparse_is_settled(maker->at, n)) {
        uint32_t *spare_at = NULL;
        double *spare_values = NULL;
        MC_TRY(mc_run_entries(maker->run, n, &spare_at, &spare_values, err));
        n = mc_sparse_settle(maker->at, maker->values, n, spare_at, spare_values);
    }
    *out = (mc_sparse_row){maker->at, maker->values, n};
    return MC_OK;
}

static mc_status same_width(const mc_view *view, const mc_step *step, mc_error *err)
{
    return mc_check_that(view, step,
                         mc_check_width(view, step->src) == mc_check_width(view, step->dst),
                         "source and destination differ in width", err);
}

/* --------------------------------------------------------------------- dense and sparse ---- */

mc_status mc_run_csr_to_dense(const mc_run *run, const mc_step *step, mc_error *err)
{
    (void)err;
    const mc_sparse_row *x = mc_run_rows(run, step->src);
    const size_t width = mc_run_width(run, step->dst);
    double *out = mc_run_dst(run, step);
    for (size_t i = 0; i < run->n_rows; i++)
        mc_sparse_scatter(&x[i], width, out + i * width);
    return MC_OK;
}

mc_status mc_check_csr_to_dense(const mc_view *view, const mc_step *step, mc_error *err)
{
    return same_width(view, step, err);
}

mc_status mc_run_dense_to_csr(const mc_run *run, const mc_step *step, mc_error *err)
{
    const double *x = mc_run_f64(run, step->src);
    const size_t width = mc_run_width(run, step->src);
    mc_sparse_row *out = mc_run_dst_rows(run, step);
    for (size_t i = 0; i < run->n_rows; i++, x += width) {
        uint32_t *at = NULL;
        double *values = NULL;
        const size_t n = mc_sparse_count(x, width);
        MC_TRY(mc_run_entries(run, n, &at, &values, err));
        mc_sparse_gather(x, width, at, values);
        out[i] = (mc_sparse_row){at, values, n};
    }
    return MC_OK;
}

mc_status mc_check_dense_to_csr(const mc_view *view, const mc_step *step, mc_error *err)
{
    return same_width(view, step, err);
}

/* ----------------------------------------------------------------------------- columns ---- */

static mc_status refuse_entry(mc_error *err, size_t row, const mc_sparse_row *x, size_t i)
{
    return mc_fail(err, MC_E_BAD_INPUT, row,
                   "row %zu, column %u: the input contains %s, and the estimator takes none", row,
                   x->at[i], isnan(x->values[i]) ? "NaN" : "infinity");
}

mc_status mc_run_csr_check(const mc_run *run, const mc_step *step, mc_error *err)
{
    const mc_sparse_row *x = mc_run_rows(run, step->src);
    const bool allow_nan = (step->flags & MC_STEP_ALLOW_NAN) != 0;
    const bool allow_infinity = (step->flags & MC_STEP_ALLOW_INFINITY) != 0;
    run->buffers[step->dst] = run->buffers[step->src];
    if ((step->flags & MC_STEP_IF_CAME_SPARSE) && run->came_sparse)
        return MC_OK;
    for (size_t i = 0; i < run->n_rows; i++) {
        for (size_t j = 0; j < x[i].n; j++) {
            if (isfinite(x[i].values[j]))
                continue;
            if (isnan(x[i].values[j]) ? !allow_nan : !allow_infinity)
                return refuse_entry(err, run->first_row + i, &x[i], j);
        }
    }
    return MC_OK;
}

mc_status mc_check_csr_check(const mc_view *view, const mc_step *step, mc_error *err)
{
    return same_width(view, step, err);
}

mc_status mc_run_csr_select(const mc_run *run, const mc_step *step, mc_error *err)
{
    const mc_sparse_row *x = mc_run_rows(run, step->src);
    const uint32_t *from = mc_view_u32(run->view, step->array[0]);
    const uint32_t *to = mc_view_u32(run->view, step->array[1]);
    const size_t n = mc_array_rows(run->view, step, 0);
    mc_sparse_row *out = mc_run_dst_rows(run, step);
    for (size_t i = 0; i < run->n_rows; i++) {
        mc_row_maker maker;
        MC_TRY(mc_row_begin(run, &maker, err));
        for (size_t j = 0; j < x[i].n; j++) {
            for (size_t k = mc_sparse_lower_bound(from, n, x[i].at[j]);
                 k < n && from[k] == x[i].at[j]; k++)
                MC_TRY(mc_row_add(&maker, to[k], x[i].values[j], err));
        }
        MC_TRY(mc_row_end(&maker, &out[i], err));
    }
    return MC_OK;
}

mc_status mc_check_csr_select(const mc_view *view, const mc_step *step, mc_error *err)
{
    MC_TRY(mc_check_array(view, step, 0, MC_ARRAY_U32, SIZE_MAX, 1, err));
    const size_t n = mc_array_rows(view, step, 0);
    MC_TRY(mc_check_array(view, step, 1, MC_ARRAY_U32, n, 1, err));
    MC_TRY(mc_check_below(view, step, 0, (uint32_t)mc_check_width(view, step->src), err));
    MC_TRY(mc_check_below(view, step, 1, (uint32_t)mc_check_width(view, step->dst), err));
    const uint32_t *from = mc_view_u32(view, step->array[0]);
    bool ascends = true;
    for (size_t i = 1; i < n; i++)
        ascends = ascends && from[i - 1] <= from[i];
    return mc_check_that(view, step, ascends, "its columns do not ascend", err);
}

/* Entries of row `row` of all the sources, each behind the width of those before it. */
static mc_status stack_row(const mc_run *run, const mc_step *step, size_t row, mc_sparse_row *out,
                           mc_error *err)
{
    const uint32_t *sources = mc_view_u32(run->view, step->array[0]);
    const size_t n_sources = run->view->arrays[step->array[0]].n_items;
    uint32_t *at = NULL, first = 0;
    double *values = NULL;
    size_t n = 0;
    for (size_t i = 0; i < n_sources; i++)
        n += mc_run_rows(run, sources[i])[row].n; /* they are in memory: no overflow */
    MC_TRY(mc_run_entries(run, n, &at, &values, err));
    *out = (mc_sparse_row){at, values, n};
    for (size_t i = 0; i < n_sources; i++) {
        const mc_sparse_row *x = &mc_run_rows(run, sources[i])[row];
        for (size_t j = 0; j < x->n; j++) {
            *at++ = first + x->at[j];
            *values++ = x->values[j];
        }
        first += (uint32_t)mc_run_width(run, sources[i]);
    }
    return MC_OK;
}

mc_status mc_run_csr_hstack(const mc_run *run, const mc_step *step, mc_error *err)
{
    mc_sparse_row *out = mc_run_dst_rows(run, step);
    for (size_t i = 0; i < run->n_rows; i++)
        MC_TRY(stack_row(run, step, i, &out[i], err));
    return MC_OK;
}

mc_status mc_check_csr_hstack(const mc_view *view, const mc_step *step, mc_error *err)
{
    return mc_check_hstack(view, step, err);
}

/* -------------------------------------------------------------------------- arithmetic ---- */

/* Rows with the columns of `x` and values of their own, still to be written. */
static mc_status same_columns(const mc_run *run, const mc_step *step, size_t row, double **out,
                              mc_error *err)
{
    const mc_sparse_row *x = &mc_run_rows(run, step->src)[row];
    void *memory = NULL;
    MC_TRY(mc_run_room(run, x->n * sizeof(double), &memory, err));
    mc_run_dst_rows(run, step)[row] = (mc_sparse_row){x->at, memory, x->n};
    *out = memory;
    return MC_OK;
}

#define SCALE_STEP(name, OP)                                                           \
    mc_status mc_run_##name(const mc_run *run, const mc_step *step, mc_error *err)     \
    {                                                                                  \
        const mc_sparse_row *x = mc_run_rows(run, step->src);                          \
        const double *by = mc_view_f64(run->view, step->array[0]);                     \
        double *values = NULL;                                                         \
        for (size_t i = 0; i < run->n_rows; i++) {                                     \
            MC_TRY(same_columns(run, step, i, &values, err));                          \
            for (size_t j = 0; j < x[i].n; j++)                                        \
                values[j] = x[i].values[j] OP by[x[i].at[j]];                          \
        }                                                                              \
        return MC_OK;                                                                  \
    }                                                                                  \
    mc_status mc_check_##name(const mc_view *view, const mc_step *step, mc_error *err) \
    {                                                                                  \
        const size_t width = mc_check_width(view, step->dst);                          \
        MC_TRY(mc_check_array(view, step, 0, MC_ARRAY_F64, 1, width, err));            \
        return same_width(view, step, err);                                            \
    }
SCALE_STEP(csr_multiply, *)
SCALE_STEP(csr_divide, /)

mc_status mc_run_csr_unary(const mc_run *run, const mc_step *step, mc_error *err)
{
    const mc_sparse_row *x = mc_run_rows(run, step->src);
    double *values = NULL;
    for (size_t i = 0; i < run->n_rows; i++) {
        MC_TRY(same_columns(run, step, i, &values, err));
        mc_unary_apply((mc_unary)step->n[0], x[i].values, x[i].n, step->value[0], step->value[1],
                       values);
    }
    return MC_OK;
}

mc_status mc_check_csr_unary(const mc_view *view, const mc_step *step, mc_error *err)
{
    MC_TRY(mc_check_that(view, step, step->n[0] < MC_N_UNARY, "unknown function", err));
    return same_width(view, step, err);
}

mc_status mc_run_csr_normalize(const mc_run *run, const mc_step *step, mc_error *err)
{
    const mc_sparse_row *x = mc_run_rows(run, step->src);
    const double least = mc_run_least_norm(run, step);
    double *values = NULL;
    for (size_t i = 0; i < run->n_rows; i++) {
        const double by = mc_sparse_norm(&x[i], (mc_norm)step->n[0], least);
        MC_TRY(same_columns(run, step, i, &values, err));
        for (size_t j = 0; j < x[i].n; j++)
            values[j] = x[i].values[j] / by;
    }
    return MC_OK;
}

mc_status mc_check_csr_normalize(const mc_view *view, const mc_step *step, mc_error *err)
{
    MC_TRY(mc_check_that(view, step, step->n[0] <= MC_NORM_MAX, "a norm of dense rows", err));
    return mc_check_normalize(view, step, err);
}

/* ---------------------------------------------------------------------------- products ---- */

mc_status mc_run_csr_linear(const mc_run *run, const mc_step *step, mc_error *err)
{
    const mc_sparse_row *x = mc_run_rows(run, step->src);
    const double *b = mc_view_f64(run->view, step->array[1]);
    const size_t k = mc_run_width(run, step->dst);
    const mc_narrow narrow = mc_view_narrow(run->view, step->array[0]);
    double *out = mc_run_dst(run, step);
    void *scratch = NULL;
    MC_TRY(mc_run_room(run, k * sizeof *out, &scratch, err));
    for (size_t i = 0; i < run->n_rows; i++) {
        if (narrow.form != MC_NARROW_NOT)
            mc_sparse_row_linear_narrow(&x[i], &narrow, b, k, scratch, out + i * k);
        else
            mc_sparse_row_linear(&x[i], narrow.items, b, k, out + i * k);
    }
    return MC_OK;
}

mc_status mc_check_csr_linear(const mc_view *view, const mc_step *step, mc_error *err)
{
    const size_t k = mc_check_width(view, step->dst);
    MC_TRY(mc_check_numbers(view, step, 0, mc_check_width(view, step->src), k, err));
    return mc_check_array(view, step, 1, MC_ARRAY_F64, 1, k, err);
}

mc_status mc_run_csr_sparse_linear(const mc_run *run, const mc_step *step, mc_error *err)
{
    (void)err;
    const mc_sparse_row *x = mc_run_rows(run, step->src);
    const mc_feature_weights w = {.at = mc_view_u32(run->view, step->array[4]),
                                  .indptr = mc_view_u32(run->view, step->array[1]),
                                  .outputs = mc_view_u32(run->view, step->array[2]),
                                  .values = mc_view_f64(run->view, step->array[3]),
                                  .n = mc_array_rows(run->view, step, 4),
                                  .k = mc_run_width(run, step->dst)};
    const double *b = mc_view_f64(run->view, step->array[0]);
    double *out = mc_run_dst(run, step);
    for (size_t i = 0; i < run->n_rows; i++)
        mc_sparse_row_sparse_linear(&x[i], &w, b, out + i * w.k);
    return MC_OK;
}

mc_status mc_check_csr_sparse_linear(const mc_view *view, const mc_step *step, mc_error *err)
{
    const size_t k = mc_check_width(view, step->dst);
    MC_TRY(mc_check_array(view, step, 0, MC_ARRAY_F64, 1, k, err));
    MC_TRY(mc_check_array(view, step, 4, MC_ARRAY_U32, SIZE_MAX, 1, err));
    const size_t n = mc_array_rows(view, step, 4);
    MC_TRY(mc_check_array(view, step, 1, MC_ARRAY_U32, n + 1, 1, err));
    MC_TRY(mc_check_array(view, step, 2, MC_ARRAY_U32, SIZE_MAX, 1, err));
    MC_TRY(mc_check_array(view, step, 3, MC_ARRAY_F64, 1, mc_array_rows(view, step, 2), err));
    MC_TRY(mc_check_below(view, step, 2, (uint32_t)k, err));
    MC_TRY(mc_check_below(view, step, 4, (uint32_t)mc_check_width(view, step->src), err));
    const uint32_t *indptr = mc_view_u32(view, step->array[1]);
    const uint32_t *at = mc_view_u32(view, step->array[4]);
    bool ascends = indptr[n] <= mc_array_rows(view, step, 2);
    for (size_t i = 0; i < n; i++)
        ascends = ascends && indptr[i] <= indptr[i + 1] && (i == 0 || at[i - 1] < at[i]);
    return mc_check_that(view, step, ascends, "its features do not ascend within its values", err);
}

/* ---------------------------------------------------------------------- pairs of rows ---- */

mc_status mc_run_csr_pair_squares(const mc_run *run, const mc_step *step, mc_error *err)
{
    (void)err;
    const mc_sparse_row *x = mc_run_rows(run, step->src);
    const uint32_t *indptr = mc_view_u32(run->view, step->array[0]);
    const uint32_t *columns = mc_view_u32(run->view, step->array[1]);
    const double *values = mc_view_f64(run->view, step->array[2]);
    const size_t n = mc_run_width(run, step->dst);
    double *out = mc_run_dst(run, step);
    for (size_t j = 0; j < n; j++) {
        const mc_sparse_row y = {columns + indptr[j], values + indptr[j],
                                 indptr[j + 1] - indptr[j]};
        for (size_t i = 0; i < run->n_rows; i++)
            out[i * n + j] = mc_sparse_squares(&x[i], &y);
    }
    return MC_OK;
}

mc_status mc_check_csr_pair_squares(const mc_view *view, const mc_step *step, mc_error *err)
{
    const size_t n = mc_check_width(view, step->dst);
    MC_TRY(mc_check_array(view, step, 0, MC_ARRAY_U32, n + 1, 1, err));
    MC_TRY(mc_check_array(view, step, 1, MC_ARRAY_U32, SIZE_MAX, 1, err));
    MC_TRY(mc_check_array(view, step, 2, MC_ARRAY_F64, 1, mc_array_rows(view, step, 1), err));
    const uint32_t *indptr = mc_view_u32(view, step->array[0]);
    bool ascends = indptr[n] <= mc_array_rows(view, step, 1);
    for (size_t j = 0; j < n; j++)
        ascends = ascends && indptr[j] <= indptr[j + 1];
    return mc_check_that(view, step, ascends, "its rows do not ascend within its values", err);
}
