/* sparse_product.c: rows by the rows of a sparse matrix: their products, and how far they are
 * apart.
 *
 * Oracle   scipy.sparse's products, and the sparse dot and k_function() of
 *          svm/src/libsvm/svm.cpp.
 * Exact    A sum runs over the columns that the row of the matrix has, ascending: as there, bit for
 *          bit, for a column that is 0 adds nothing. */
#include "base/limits.h"
#include "import/sklearn/emit_sparse.h"

bool mc_sparse_is_thin(const mc_sparse *c)
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

mc_status mc_emit_sparse_product(mc_lowering *to, const mc_sym *x, const mc_sparse *c, mc_sym *out,
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

mc_status mc_emit_sparse_squares(mc_lowering *to, const mc_sym *x, const mc_sparse *c, mc_sym *out,
                                 mc_error *err)
{
    mc_step step = MC_STEP_INIT(CSR_PAIR_SQUARES);
    sorted_rows rows = {0};
    uint32_t buffer = 0;
    MC_TRY(sort_rows(to, c, &rows, err));
    step.src = x->buffer;
    MC_TRY(mc_build_u32(to->b, rows.indptr, c->n_rows + 1, &step.array[0], err));
    MC_TRY(mc_build_u32(to->b, rows.columns, c->n_items, &step.array[1], err));
    MC_TRY(mc_build_f64(to->b, rows.values, 1, c->n_items, &step.array[2], err));
    MC_TRY(mc_build_step(to->b, step, c->n_rows, &buffer, err));
    *out = (mc_sym){.kind = MC_SYM_NUMBERS, .buffer = buffer, .n_cols = c->n_rows};
    return MC_OK;
}
