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
    mc_sym in = *x;
    if (x->kind == MC_SYM_PARTS)
        MC_TRY(mc_close_parts(to, x, &in, err));
    if (in.kind != MC_SYM_SPARSE)
        return mc_emit_check(to, &in, allowed, out, err);
    mc_step step = MC_STEP_INIT(CSR_CHECK);
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

/* out[:, pairs[i].to] = x[:, pairs[i].from], `width` columns in all. */
static mc_status move_columns(mc_lowering *to, const mc_sym *x, pair *pairs, size_t n, size_t width,
                              mc_sym *out, mc_error *err)
{
    uint32_t *columns = NULL, buffer = 0;
    MC_TRY(mc_arena_new(to->arena, uint32_t, n, &columns, err));
    qsort(pairs, n, sizeof *pairs, by_from);
    mc_step step = MC_STEP_INIT(CSR_SELECT);
    step.src = x->buffer;
    for (size_t i = 0; i < n; i++)
        columns[i] = pairs[i].from;
    MC_TRY(mc_build_u32(to->b, columns, n, &step.array[0], err));
    for (size_t i = 0; i < n; i++)
        columns[i] = pairs[i].to;
    MC_TRY(mc_build_u32(to->b, columns, n, &step.array[1], err));
    MC_TRY(mc_build_step(to->b, step, width, &buffer, err));
    *out = moved(x, MC_SYM_SPARSE, buffer);
    out->n_cols = width;
    return MC_OK;
}

mc_status mc_sparse_columns(mc_lowering *to, const mc_sym *x, const uint32_t *at, size_t n,
                            mc_sym *out, mc_error *err)
{
    pair *pairs = NULL;
    MC_TRY(mc_arena_new(to->arena, pair, n, &pairs, err));
    for (size_t i = 0; i < n; i++)
        pairs[i] = (pair){at[i], (uint32_t)i};
    return move_columns(to, x, pairs, n, n, out, err);
}

mc_status mc_sparse_spread(mc_lowering *to, const mc_sym *x, const uint32_t *at, size_t width,
                           mc_sym *out, mc_error *err)
{
    pair *pairs = NULL;
    const size_t n = x->n_cols;
    MC_TRY(mc_arena_new(to->arena, pair, n, &pairs, err));
    for (size_t i = 0; i < n; i++)
        pairs[i] = (pair){(uint32_t)i, at[i]};
    return move_columns(to, x, pairs, n, width, out, err);
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

/* A weight of one output. */
typedef struct entry {
    uint32_t feature, output;
    double value;
} entry;

static int by_feature(const void *a, const void *b)
{
    const entry *x = a, *y = b;
    if (x->feature != y->feature)
        return x->feature < y->feature ? -1 : 1;
    return (x->output > y->output) - (x->output < y->output);
}

static mc_status list_entries(mc_lowering *to, const mc_sparse *sparse, entry **out, mc_error *err)
{
    entry *entries = NULL;
    size_t n = 0;
    MC_TRY(mc_arena_new(to->arena, entry, sparse->n_items, &entries, err));
    for (size_t i = 0; i < sparse->n_rows; i++)
        for (int64_t at = sparse->indptr[i]; at < sparse->indptr[i + 1]; at++)
            entries[n++] = (entry){(uint32_t)sparse->indices[at], (uint32_t)i, sparse->data[at]};
    qsort(entries, n, sizeof *entries, by_feature);
    *out = entries;
    return MC_OK;
}

mc_status mc_build_features(mc_lowering *to, const mc_sparse *sparse, mc_feature_arrays *out,
                            mc_error *err)
{
    entry *entries = NULL;
    uint32_t *features = NULL, *indptr = NULL, *outputs = NULL;
    double *values = NULL;
    size_t n = 0;
    const size_t n_items = sparse->n_items;
    MC_TRY(list_entries(to, sparse, &entries, err));
    MC_TRY(mc_arena_new(to->arena, uint32_t, n_items, &features, err));
    MC_TRY(mc_arena_new(to->arena, uint32_t, n_items + 1, &indptr, err));
    MC_TRY(mc_arena_new(to->arena, uint32_t, n_items, &outputs, err));
    MC_TRY(mc_arena_new(to->arena, double, n_items, &values, err));
    for (size_t i = 0; i < n_items; i++) {
        if (i == 0 || entries[i].feature != entries[i - 1].feature) {
            features[n] = entries[i].feature;
            indptr[n++] = (uint32_t)i;
        }
        outputs[i] = entries[i].output;
        values[i] = entries[i].value;
    }
    indptr[n] = (uint32_t)n_items;
    MC_TRY(mc_build_u32(to->b, features, n, &out->features, err));
    MC_TRY(mc_build_u32(to->b, indptr, n + 1, &out->indptr, err));
    MC_TRY(mc_build_u32(to->b, outputs, n_items, &out->outputs, err));
    return mc_build_f64(to->b, values, 1, n_items, &out->values, err);
}

mc_step mc_features_step(const mc_feature_arrays *arrays)
{
    mc_step step = MC_STEP_INIT(CSR_SPARSE_LINEAR);
    step.array[1] = arrays->indptr;
    step.array[2] = arrays->outputs;
    step.array[3] = arrays->values;
    step.array[4] = arrays->features;
    return step;
}
