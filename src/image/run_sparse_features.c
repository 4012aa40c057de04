/* run_sparse_features.c: products of columns, indicators of codes and the way back, on rows without
 * their zeros.
 *
 * Oracle   sklearn/preprocessing/_polynomial.py, _discretization.py, _encoders.py, scikit-learn 1.2
 *          to 1.9; scipy's argmax of sparse rows.
 * Exact    Bit for bit as the same steps on dense rows (run_features.c).
 * Cost     O(entries of the row and of its answer), whatever the widths. */
#include "image/steps.h"

/* -------------------------------------------------------------------------- polynomials ---- */

/* The terms of one more degree: those of the last one, from entry `from` of the row on, times each
 * column that is not above their first. */
static mc_status next_degree(mc_row_maker *maker, const mc_sparse_row *x, size_t from,
                             const uint32_t *last, const uint32_t *next, size_t skip, mc_error *err)
{
    const size_t end = maker->n;
    for (size_t i = 0; i < x->n; i++) {
        const uint32_t j = x->at[i], start = last[j + skip];
        while (from < end && maker->at[from] < start)
            from++;
        for (size_t k = from; k < end; k++)
            MC_TRY(mc_row_add(maker, next[j] + (maker->at[k] - start),
                              maker->values[k] * x->values[i], err));
    }
    return MC_OK;
}

mc_status mc_run_csr_polynomial(const mc_run *run, const mc_step *step, mc_error *err)
{
    const mc_sparse_row *x = mc_run_rows(run, step->src);
    const uint32_t *first = mc_view_u32(run->view, step->array[0]);
    const size_t n_degrees = mc_array_rows(run->view, step, 0);
    const size_t stride = mc_array_cols(run->view, step, 0);
    const size_t skip = (step->flags & MC_STEP_INTERACTIONS) ? 1 : 0;
    mc_sparse_row *out = mc_run_dst_rows(run, step);
    for (size_t i = 0; i < run->n_rows; i++) {
        mc_row_maker maker;
        MC_TRY(mc_row_begin(run, &maker, err));
        if (step->n[0] == 1)
            MC_TRY(mc_row_add(&maker, 0, 1.0, err));
        size_t from = maker.n;
        for (size_t k = 0; k < x[i].n; k++)
            MC_TRY(mc_row_add(&maker, first[x[i].at[k]], x[i].values[k], err));
        for (size_t d = 1; d < n_degrees; d++) {
            const uint32_t *last = first + (d - 1) * stride;
            const size_t end = maker.n;
            MC_TRY(next_degree(&maker, &x[i], from, last, last + stride, skip, err));
            from = end;
        }
        MC_TRY(mc_row_end(&maker, &out[i], err));
    }
    return MC_OK;
}

/* As many terms with column j first as there are of the degree before that it may stand before. */
mc_status mc_check_csr_polynomial(const mc_view *view, const mc_step *step, mc_error *err)
{
    const size_t n = mc_check_width(view, step->src);
    const size_t skip = (step->flags & MC_STEP_INTERACTIONS) ? 1 : 0;
    MC_TRY(mc_check_array(view, step, 0, MC_ARRAY_U32, SIZE_MAX, n + 1, err));
    const uint32_t *first = mc_view_u32(view, step->array[0]);
    const size_t n_degrees = mc_array_rows(view, step, 0);
    bool ok = n_degrees > 0 && step->n[0] <= 1;
    for (size_t j = 0; ok && j <= n; j++)
        ok = first[j] == step->n[0] + j;
    for (size_t d = 1; ok && d < n_degrees; d++) {
        const uint32_t *last = first + (d - 1) * (n + 1), *next = last + (n + 1);
        ok = next[0] == last[n];
        for (size_t j = 0; ok && j < n; j++)
            ok = next[j + 1] >= next[j] && next[j + 1] - next[j] == last[n] - last[j + skip];
    }
    ok = ok && first[n_degrees * (n + 1) - 1] <= mc_check_width(view, step->dst);
    return mc_check_that(view, step, ok, "its terms do not follow each other", err);
}

/* --------------------------------------------------------------------------- indicators ---- */

/* Runs ascend, and so do the columns. */
mc_status mc_run_csr_indicators(const mc_run *run, const mc_step *step, mc_error *err)
{
    const uint32_t *runs = mc_view_u32(run->view, step->array[0]);
    const double *x = mc_run_f64(run, step->src);
    const size_t from = mc_run_width(run, step->src);
    mc_sparse_row *out = mc_run_dst_rows(run, step);
    for (size_t i = 0; i < run->n_rows; i++) {
        uint32_t *at = NULL;
        double *values = NULL;
        size_t n = 0;
        MC_TRY(mc_run_entries(run, from, &at, &values, err));
        for (size_t j = 0; j < from; j++, x++) {
            if (*x >= 0.0 && *x < (double)(runs[j + 1] - runs[j])) {
                at[n] = runs[j] + (uint32_t)*x;
                values[n++] = 1.0;
            }
        }
        out[i] = (mc_sparse_row){at, values, n};
    }
    return MC_OK;
}

mc_status mc_check_csr_indicators(const mc_view *view, const mc_step *step, mc_error *err)
{
    return mc_check_indicators(view, step, err);
}

static mc_status no_category(const mc_run *run, size_t row, size_t block, mc_error *err)
{
    return mc_fail(err, MC_E_BAD_INPUT, run->first_row + row,
                   "row %zu: block %zu of the columns holds no category", run->first_row + row,
                   block);
}

/* Place of the first maximum among the columns [first, end) of a row, whose entries there are
 * x->at[from] to x->at[to - 1]. What is absent is 0. */
static size_t sparse_argmax(const mc_sparse_row *x, size_t from, size_t to, size_t first,
                            size_t end)
{
    size_t best = from, absent = first;
    for (size_t i = from; i < to; i++) {
        best = x->values[i] > x->values[best] ? i : best;
        absent += x->at[i] == absent; /* ascends: the first column that is not there */
    }
    const bool has_absent = absent < end;
    if (from == to || (has_absent && x->values[best] < 0.0))
        return absent - first;
    if (has_absent && x->values[best] == 0.0 && absent < x->at[best])
        return absent - first;
    return x->at[best] - first;
}

mc_status mc_run_csr_block_argmax(const mc_run *run, const mc_step *step, mc_error *err)
{
    const uint32_t *runs = mc_view_u32(run->view, step->array[0]);
    const mc_sparse_row *x = mc_run_rows(run, step->src);
    const size_t width = mc_run_width(run, step->dst);
    double *out = mc_run_dst(run, step);
    for (size_t i = 0; i < run->n_rows; i++) {
        size_t from = mc_sparse_lower_bound(x[i].at, x[i].n, runs[0]), to = from;
        for (size_t j = 0; j < width; j++, from = to) {
            double sum = 0.0;
            for (; to < x[i].n && x[i].at[to] < runs[j + 1]; to++)
                sum += x[i].values[to];
            if (sum == 0.0 && (step->flags & MC_STEP_REFUSE_ZEROS))
                return no_category(run, i, j, err);
            *out++ = (double)(sum == 0.0 && (step->flags & MC_STEP_ZEROS_LAST)
                                  ? runs[j + 1] - runs[j]
                                  : sparse_argmax(&x[i], from, to, runs[j], runs[j + 1]));
        }
    }
    return MC_OK;
}

mc_status mc_check_csr_block_argmax(const mc_view *view, const mc_step *step, mc_error *err)
{
    return mc_check_block_argmax(view, step, err);
}
