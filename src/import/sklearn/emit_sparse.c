/* emit_sparse.c: steps on symbols that are held as sparse rows. */
#include "import/sklearn/emit_sparse.h"

#include <stdlib.h>

#include "base/size.h"

/* `x` in another buffer: how scikit-learn holds and shows it stays. */
static mc_sym moved(const mc_sym *x, mc_sym_kind kind, uint32_t buffer)
{
    mc_sym made = *x;
    made.kind = kind;
    made.buffer = buffer;
    return made;
}

mc_status mc_sparse_to_numbers(mc_lowering *to, const mc_sym *x, mc_sym *out, mc_error *err)
{
    mc_step step = MC_STEP_INIT(CSR_TO_DENSE);
    uint32_t buffer = 0;
    step.src = x->buffer;
    MC_TRY(mc_build_step(to->b, step, x->n_cols, &buffer, err));
    *out = moved(x, MC_SYM_NUMBERS, buffer);
    return MC_OK;
}

mc_status mc_to_sparse(mc_lowering *to, const mc_sym *x, mc_sym *out, mc_error *err)
{
    mc_sym in;
    uint32_t buffer = 0;
    if (x->kind == MC_SYM_SPARSE) {
        *out = *x;
        return MC_OK;
    }
    MC_TRY(mc_to_numbers(to, x, &in, err));
    mc_step step = MC_STEP_INIT(DENSE_TO_CSR);
    step.src = in.buffer;
    MC_TRY(mc_build_step(to->b, step, in.n_cols, &buffer, err));
    *out = moved(&in, MC_SYM_SPARSE, buffer);
    return MC_OK;
}

mc_status mc_sparse_to_cells(mc_lowering *to, const mc_sym *x, mc_sym *out, mc_error *err)
{
    mc_sym in;
    if (to->sparse_input) {
        to->wants_cells = true;
        return mc_fail(err, MC_E_UNSUPPORTED, MC_NO_OFFSET, "sparse rows are used as cells");
    }
    MC_TRY(mc_sparse_to_numbers(to, x, &in, err));
    return mc_to_cells(to, &in, out, err);
}

mc_status mc_sparse_step(mc_lowering *to, mc_step step, const mc_sym *x, mc_sym *out, mc_error *err)
{
    uint32_t buffer = 0;
    step.src = x->buffer;
    MC_TRY(mc_build_step(to->b, step, x->n_cols, &buffer, err));
    *out = (mc_sym){.kind = MC_SYM_SPARSE,
                    .buffer = buffer,
                    .n_cols = x->n_cols,
                    .sparse = x->sparse,
                    .sparse_as_input = x->sparse_as_input};
    return MC_OK;
}

mc_status mc_emit_check_sparse(mc_lowering *to, const mc_sym *x, unsigned allowed, mc_sym *out,
                               mc_error *err)
{
    if (x->kind != MC_SYM_SPARSE)
        return mc_emit_check(to, x, allowed, out, err);
    mc_step step = MC_STEP_INIT(CSR_CHECK);
    const mc_sym in = *x;
    step.flags = (uint16_t)allowed;
    MC_TRY(mc_sparse_step(to, step, &in, out, err));
    *out = moved(&in, MC_SYM_SPARSE, out->buffer);
    return MC_OK;
}

/* ----------------------------------------------------------------------------- columns ---- */

typedef struct pair {
    uint32_t from, to;
} pair;

static int by_from(const void *a, const void *b)
{
    const pair *x = a, *y = b;
    return x->from != y->from ? (x->from < y->from ? -1 : 1) : (x->to > y->to) - (x->to < y->to);
}

mc_status mc_sparse_columns(mc_lowering *to, const mc_sym *x, const uint32_t *at, size_t n,
                            mc_sym *out, mc_error *err)
{
    pair *pairs = NULL;
    uint32_t *columns = NULL, buffer = 0;
    MC_TRY(mc_arena_new(to->arena, pair, n, &pairs, err));
    MC_TRY(mc_arena_new(to->arena, uint32_t, n, &columns, err));
    for (size_t i = 0; i < n; i++)
        pairs[i] = (pair){at[i], (uint32_t)i};
    qsort(pairs, n, sizeof *pairs, by_from);
    mc_step step = MC_STEP_INIT(CSR_SELECT);
    step.src = x->buffer;
    for (size_t i = 0; i < n; i++)
        columns[i] = pairs[i].from;
    MC_TRY(mc_build_u32(to->b, columns, n, &step.array[0], err));
    for (size_t i = 0; i < n; i++)
        columns[i] = pairs[i].to;
    MC_TRY(mc_build_u32(to->b, columns, n, &step.array[1], err));
    MC_TRY(mc_build_step(to->b, step, n, &buffer, err));
    *out = moved(x, MC_SYM_SPARSE, buffer);
    out->n_cols = n;
    return MC_OK;
}

mc_status mc_sparse_hstack(mc_lowering *to, const mc_sym *x, size_t n, mc_sym *out, mc_error *err)
{
    uint32_t *sources = NULL, buffer = 0;
    size_t width = 0;
    MC_TRY(mc_arena_new(to->arena, uint32_t, n, &sources, err));
    for (size_t i = 0; i < n; i++) {
        mc_sym part;
        MC_TRY(mc_to_sparse(to, &x[i], &part, err));
        sources[i] = part.buffer;
        if (!mc_add_size(width, part.n_cols, &width))
            return mc_fail(err, MC_E_LIMIT, MC_NO_OFFSET, "too many columns");
    }
    mc_step step = MC_STEP_INIT(CSR_HSTACK);
    MC_TRY(mc_build_u32(to->b, sources, n, &step.array[0], err));
    MC_TRY(mc_build_step(to->b, step, width, &buffer, err));
    *out = (mc_sym){.kind = MC_SYM_SPARSE, .buffer = buffer, .n_cols = width};
    return MC_OK;
}

/* -------------------------------------------------------------------------- arithmetic ---- */

bool mc_keeps_zero(mc_unary which, double a, double b)
{
    const double zero = 0.0;
    double value = 0.0;
    mc_unary_apply(which, &zero, 1, a, b, &value);
    return value == 0.0;
}

mc_status mc_build_by_feature(mc_lowering *to, const double *w, size_t k, size_t d, uint32_t *out,
                              mc_error *err)
{
    double *turned = NULL;
    size_t n_items = 0;
    if (k == 1)
        return mc_build_f64(to->b, w, d, 1, out, err);
    if (!mc_mul_size(k, d, &n_items))
        return mc_fail(err, MC_E_LIMIT, MC_NO_OFFSET, "more weights than memory");
    MC_TRY(mc_arena_new(to->arena, double, n_items, &turned, err));
    for (size_t i = 0; i < d; i++)
        for (size_t j = 0; j < k; j++)
            turned[i * k + j] = w[j * d + i];
    return mc_build_f64(to->b, turned, d, k, out, err);
}
