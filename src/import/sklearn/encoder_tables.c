/* encoder_tables.c: categories in the order of mc_cell_compare(), as the steps search them. */
#include "import/sklearn/encoder_tables.h"

#include <stdlib.h>

#include "base/size.h"
#include "import/sklearn/emit.h"
#include "kernel/category.h"

typedef struct entry {
    mc_cell cell;
    uint32_t code;
} entry;

static int by_cell(const void *a, const void *b)
{
    return mc_cell_compare(&((const entry *)a)->cell, &((const entry *)b)->cell);
}

mc_status mc_encoder_start(mc_lowering *to, const mc_value *est, size_t n_columns,
                           size_t n_categories, mc_encoder_tables *out, mc_error *err)
{
    *out = (mc_encoder_tables){.est = est, .n_columns = n_columns};
    MC_TRY(mc_arena_new(to->arena, mc_cell, n_categories, &out->cells, err));
    MC_TRY(mc_arena_new(to->arena, uint32_t, n_categories, &out->codes, err));
    return mc_arena_new(to->arena, mc_encoder_column, n_columns, &out->columns, err);
}

/* `entries` (n) is room to sort in. */
static mc_status put_sorted(mc_encoder_tables *t, size_t j, entry *entries,
                            const mc_cell *categories, size_t n, const uint32_t *codes,
                            mc_error *err)
{
    for (size_t i = 0; i < n; i++)
        entries[i] = (entry){categories[i], codes[i]};
    qsort(entries, n, sizeof *entries, by_cell);
    t->columns[j].first = mc_u32_from_size(t->n);
    t->columns[j].n = mc_u32_from_size(n);
    for (size_t i = 0; i < n; i++, t->n++) {
        if (i > 0 && by_cell(&entries[i - 1], &entries[i]) == 0)
            return mc_refuse(err, t->est, "the categories of column %zu hold a value twice", j);
        t->cells[t->n] = entries[i].cell;
        t->codes[t->n] = entries[i].code;
    }
    return MC_OK;
}

mc_status mc_encoder_put(mc_lowering *to, mc_encoder_tables *t, size_t j, const mc_cell *categories,
                         size_t n, const uint32_t *codes, mc_error *err)
{
    entry *entries = NULL;
    mc_arena scratch; /* given back at once: it is as large as the categories */
    mc_arena_init(&scratch, to->arena->limit - to->arena->used, to->arena->name);
    mc_status status = mc_arena_new_raw(&scratch, entry, n, &entries, err);
    if (status == MC_OK)
        status = put_sorted(t, j, entries, categories, n, codes, err);
    mc_arena_fini(&scratch);
    return status;
}

mc_status mc_encoder_place(mc_lowering *to, const mc_encoder_tables *t, mc_step *step,
                           mc_error *err)
{
    MC_TRY(mc_build_cells(to->b, t->cells, t->n, &step->array[0], err));
    MC_TRY(mc_build_u32(to->b, t->codes, t->n, &step->array[1], err));
    return mc_build_array(to->b, MC_ARRAY_U32, t->columns, t->n_columns, MC_ENCODER_FIELDS,
                          &step->array[2], err);
}

mc_status mc_emit_marks(mc_lowering *to, mc_step step, size_t width, mc_sym *out, mc_error *err)
{
    const bool is_wide = width > MC_WIDE;
    uint32_t buffer = 0;
    if (is_wide) {
        step.op = step.op == MC_OP_ONE_HOT          ? MC_OP_CSR_ONE_HOT
                  : step.op == MC_OP_SET_INDICATORS ? MC_OP_CSR_SET_INDICATORS
                                                    : MC_OP_CSR_INDICATORS;
    }
    MC_TRY(mc_build_step(to->b, step, width, &buffer, err));
    *out = (mc_sym){
        .kind = is_wide ? MC_SYM_SPARSE : MC_SYM_NUMBERS, .buffer = buffer, .n_cols = width};
    return MC_OK;
}

mc_status mc_emit_block_argmax(mc_lowering *to, mc_step step, const mc_sym *x, size_t n,
                               mc_sym *out, mc_error *err)
{
    mc_sym in;
    uint32_t buffer = 0;
    MC_TRY(mc_emit_check_sparse(to, x, MC_FINITE, &in, err));
    if (in.kind == MC_SYM_SPARSE)
        step.op = MC_OP_CSR_BLOCK_ARGMAX;
    step.src = in.buffer;
    MC_TRY(mc_build_step(to->b, step, n, &buffer, err));
    *out = (mc_sym){.kind = MC_SYM_NUMBERS, .buffer = buffer, .n_cols = n};
    return MC_OK;
}
