/* lightgbm_categories.c: the categories of a frame that a booster was trained on.
 *
 * Oracle   LightGBM 3.3 to 4.7: python-package/lightgbm/basic.py (_data_from_pandas): categories
 *          are set to those of training, what is none of them is missing.
 * Why so   The model says how many columns were categorical in the frame and what they held, and
 *          not which they were: those whose feature_infos list values. Where the categories are
 *          texts, numbers are codes, as in an array; where they are numbers, numbers are values. */
#include <math.h>

#include "base/size.h"
#include "import/file/document.h"
#include "import/lightgbm/lightgbm.h"
#include "import/sklearn/emit.h"
#include "import/sklearn/encoder_tables.h"

/* Columns that list their values, as many as there are. */
static mc_status find_columns(const mc_lgbm *lgbm, uint32_t *out, size_t *out_n, mc_error *err)
{
    mc_bytes infos = {0}, word;
    size_t at = 0;
    *out_n = 0;
    if (!mc_lgbm_line(lgbm->header, "feature_infos", &infos))
        return mc_refuse(err, lgbm->est, "feature_infos: it is not there");
    for (; mc_lgbm_word(&infos, &word); at++) {
        if (at >= lgbm->n_features)
            break;
        if (word.data[0] != '[' && !mc_bytes_is(word, "none"))
            out[(*out_n)++] = (uint32_t)at;
    }
    return at == lgbm->n_features ? MC_OK
                                  : mc_refuse(err, lgbm->est, "feature_infos: %zu of %zu features",
                                              at, lgbm->n_features);
}

/* Category i: a number, or a text. */
static mc_status category(const mc_lgbm *lgbm, const mc_doc *items, size_t i, mc_cell *out,
                          mc_error *err)
{
    const mc_doc *item = items->kind == MC_DOC_LIST ? &items->as.members[i].value : NULL;
    if (item == NULL)
        *out = (mc_cell){.kind = MC_CELL_NUMBER, .as.number = items->as.numbers[i]};
    else if (item->kind == MC_DOC_NUMBER)
        *out = (mc_cell){.kind = MC_CELL_NUMBER, .as.number = item->as.number};
    else if (item->kind == MC_DOC_TEXT && item->as.text.size <= UINT32_MAX) {
        *out = (mc_cell){.kind = MC_CELL_STRING,
                         .size = (uint32_t)item->as.text.size,
                         .as.text = (const char *)item->as.text.data};
    } else {
        return mc_refuse(err, lgbm->est, "pandas_categorical: category %zu is no text or number",
                         i);
    }
    return MC_OK;
}

/* The categories of a column, and what is missing, which has the code behind them. */
static mc_status put_column(mc_lowering *to, const mc_lgbm *lgbm, mc_encoder_tables *t, size_t j,
                            const mc_doc *items, mc_error *err)
{
    mc_cell *cells = NULL;
    uint32_t *codes = NULL;
    size_t n = items->n;
    bool are_texts = true;
    MC_TRY(mc_arena_new(to->arena, mc_cell, 2 * n + 1, &cells, err));
    MC_TRY(mc_arena_new(to->arena, uint32_t, 2 * n + 1, &codes, err));
    for (size_t i = 0; i < n; i++) {
        MC_TRY(category(lgbm, items, i, &cells[i], err));
        codes[i] = (uint32_t)i;
        are_texts = are_texts && cells[i].kind == MC_CELL_STRING;
    }
    for (size_t i = 0; are_texts && i < items->n; i++, n++) {
        cells[n] = (mc_cell){.kind = MC_CELL_NUMBER, .as.number = (double)i};
        codes[n] = (uint32_t)i;
    }
    cells[n] = (mc_cell){.kind = MC_CELL_NONE};
    codes[n++] = (uint32_t)items->n;
    t->columns[j].on_unknown = MC_UNKNOWN_CODED;
    t->columns[j].unknown_code = (uint32_t)items->n;
    t->columns[j].first_out = mc_u32_from_size(t->n_outputs);
    t->columns[j].n_out = (uint32_t)items->n + 1;
    t->n_outputs += items->n + 1;
    return mc_encoder_put(to, t, j, cells, n, codes, err);
}

static mc_status emit_codes(mc_lowering *to, const mc_lgbm *lgbm, const mc_doc *lists,
                            const mc_sym *columns, mc_sym *out, mc_error *err)
{
    mc_step step = MC_STEP_INIT(ORDINAL);
    mc_encoder_tables t;
    mc_sym cells;
    double *values = NULL;
    size_t n = 0;
    for (size_t j = 0; j < lists->n; j++)
        n += 2 * lists->as.members[j].value.n + 1;
    MC_TRY(mc_encoder_start(to, lgbm->est, lists->n, n, &t, err));
    for (size_t j = 0; j < lists->n; j++)
        MC_TRY(put_column(to, lgbm, &t, j, &lists->as.members[j].value, err));
    MC_TRY(mc_arena_new(to->arena, double, t.n_outputs, &values, err));
    for (size_t j = 0; j < lists->n; j++) {
        for (size_t i = 0; i < t.columns[j].n_out; i++)
            values[t.columns[j].first_out + i] =
                i + 1 < t.columns[j].n_out ? (double)i : (double)NAN;
    }
    MC_TRY(mc_to_cells(to, columns, &cells, err));
    step.src = cells.buffer;
    MC_TRY(mc_encoder_place(to, &t, &step, err));
    MC_TRY(mc_build_f64(to->b, values, 1, t.n_outputs, &step.array[3], err));
    *out = (mc_sym){.kind = MC_SYM_NUMBERS, .n_cols = lists->n};
    return mc_build_step(to->b, step, lists->n, &out->buffer, err);
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

mc_status mc_lgbm_codes(mc_lowering *to, const mc_lgbm *lgbm, const mc_sym *x, mc_sym *out,
                        mc_error *err)
{
    mc_doc lists = {0};
    uint32_t *at = NULL;
    size_t n = 0;
    mc_sym columns, codes;
    *out = *x;
    if (lgbm->categories.size > 0)
        MC_TRY_IN(mc_doc_read(lgbm->categories, to->arena, &lists, err), err, "pandas_categorical");
    if (lists.kind == MC_DOC_NULL || lists.n == 0)
        return MC_OK;
    MC_TRY(mc_arena_new(to->arena, uint32_t, lgbm->n_features, &at, err));
    MC_TRY(find_columns(lgbm, at, &n, err));
    if (lists.kind != MC_DOC_LIST || lists.n != n) {
        return mc_refuse(err, lgbm->est,
                         "pandas_categorical: %zu lists of categories for %zu categorical features",
                         lists.n, n);
    }
    for (size_t j = 0; j < n; j++) {
        const mc_doc_kind kind = lists.as.members[j].value.kind;
        if (kind != MC_DOC_LIST && kind != MC_DOC_NUMBERS)
            return mc_refuse(err, lgbm->est, "pandas_categorical: item %zu is no list", j);
    }
    MC_TRY(mc_emit_columns(to, x, at, n, &columns, err));
    MC_TRY(emit_codes(to, lgbm, &lists, &columns, &codes, err));
    return put_back(to, x, at, n, &codes, out, err);
}
