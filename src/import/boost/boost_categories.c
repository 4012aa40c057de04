/* boost_categories.c: categories -> codes, column by column.
 *
 * Why so   Boosters split on codes. A frame's categories are its own, so the libraries set them to
 *          those of training; rows here hold the values. */
#include "import/boost/boost_categories.h"

#include <math.h>

#include "base/size.h"
#include "import/sklearn/emit.h"
#include "import/sklearn/encoder_tables.h"

/* The categories of a column, and what is missing, which has the code behind them. */
static mc_status put_column(mc_lowering *to, const mc_boost_column *column, bool refuse_unknown,
                            mc_encoder_tables *t, size_t j, mc_error *err)
{
    mc_cell *cells = NULL;
    uint32_t *codes = NULL;
    size_t n = column->n;
    bool are_texts = true;
    MC_TRY(mc_arena_new(to->arena, mc_cell, 2 * n + 2, &cells, err));
    MC_TRY(mc_arena_new(to->arena, uint32_t, 2 * n + 2, &codes, err));
    for (size_t i = 0; i < n; i++) {
        cells[i] = column->cells[i];
        codes[i] = (uint32_t)i;
        are_texts = are_texts && cells[i].kind == MC_CELL_STRING;
    }
    for (size_t i = 0; are_texts && i < column->n; i++, n++) {
        cells[n] = (mc_cell){.kind = MC_CELL_NUMBER, .as.number = (double)i};
        codes[n] = (uint32_t)i;
    }
    cells[n] = (mc_cell){.kind = MC_CELL_NONE};
    codes[n++] = (uint32_t)column->n;
    if (refuse_unknown) {
        cells[n] = (mc_cell){.kind = MC_CELL_NUMBER, .as.number = (double)NAN};
        codes[n++] = (uint32_t)column->n;
    }
    t->columns[j].on_unknown = refuse_unknown ? MC_UNKNOWN_REFUSED : MC_UNKNOWN_CODED;
    t->columns[j].unknown_code = refuse_unknown ? 0 : (uint32_t)column->n;
    t->columns[j].first_out = mc_u32_from_size(t->n_outputs);
    t->columns[j].n_out = (uint32_t)column->n + 1;
    t->n_outputs += column->n + 1;
    return mc_encoder_put(to, t, j, cells, n, codes, err);
}

static mc_status emit_codes(mc_lowering *to, const mc_value *est, const mc_boost_column *columns,
                            size_t n_columns, bool refuse_unknown, const mc_sym *x, mc_sym *out,
                            mc_error *err)
{
    mc_step step = MC_STEP_INIT(ORDINAL);
    mc_encoder_tables t;
    mc_sym cells;
    double *values = NULL;
    size_t n = 0;
    for (size_t j = 0; j < n_columns; j++)
        n += 2 * columns[j].n + 2;
    MC_TRY(mc_encoder_start(to, est, n_columns, n, &t, err));
    for (size_t j = 0; j < n_columns; j++)
        MC_TRY(put_column(to, &columns[j], refuse_unknown, &t, j, err));
    MC_TRY(mc_arena_new(to->arena, double, t.n_outputs, &values, err));
    for (size_t j = 0; j < n_columns; j++) {
        for (size_t i = 0; i < t.columns[j].n_out; i++)
            values[t.columns[j].first_out + i] =
                i + 1 < t.columns[j].n_out ? (double)i : (double)NAN;
    }
    MC_TRY(mc_to_cells(to, x, &cells, err));
    step.src = cells.buffer;
    MC_TRY(mc_encoder_place(to, &t, &step, err));
    MC_TRY(mc_build_f64(to->b, values, 1, t.n_outputs, &step.array[3], err));
    *out = (mc_sym){.kind = MC_SYM_NUMBERS, .n_cols = n_columns};
    return mc_build_step(to->b, step, n_columns, &out->buffer, err);
}

/* Codes and the other columns, back in their places. */
static mc_status put_back(mc_lowering *to, const mc_sym *x, const uint32_t *at, size_t n,
                          const mc_sym *codes, mc_sym *out, mc_error *err)
{
    mc_sym parts[2] = {*codes};
    uint32_t *others = NULL, *places = NULL;
    size_t n_others = 0, n_codes = 0;
    MC_TRY(mc_arena_new(to->arena, uint32_t, x->n_cols, &others, err));
    MC_TRY(mc_arena_new(to->arena, uint32_t, x->n_cols, &places, err));
    for (size_t i = 0; i < x->n_cols; i++) {
        const bool is_code = n_codes < n && at[n_codes] == i;
        places[i] = (uint32_t)(is_code ? n_codes++ : n + n_others);
        if (!is_code)
            others[n_others++] = (uint32_t)i;
    }
    if (n_others > 0) {
        MC_TRY(mc_emit_columns(to, x, others, n_others, &parts[1], err));
        MC_TRY(mc_to_numbers(to, &parts[1], &parts[1], err));
    }
    MC_TRY(mc_emit_hstack(to, parts, n_others > 0 ? 2 : 1, false, out, err));
    return mc_emit_columns(to, out, places, x->n_cols, out, err);
}

mc_status mc_boost_codes(mc_lowering *to, const mc_value *est, const mc_boost_column *columns,
                         size_t n, bool refuse_unknown, const mc_sym *x, mc_sym *out, mc_error *err)
{
    uint32_t *at = NULL;
    mc_sym taken, codes;
    MC_TRY(mc_arena_new(to->arena, uint32_t, n, &at, err));
    for (size_t j = 0; j < n; j++)
        at[j] = columns[j].column;
    MC_TRY(mc_emit_columns(to, x, at, n, &taken, err));
    MC_TRY(emit_codes(to, est, columns, n, refuse_unknown, &taken, &codes, err));
    return put_back(to, x, at, n, &codes, out, err);
}
