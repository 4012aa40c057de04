/* lightgbm_categories.c: the categories of a frame that a booster was trained on.
 *
 * Oracle   LightGBM 3.3 to 4.7: python-package/lightgbm/basic.py (_data_from_pandas): categories
 *          are set to those of training, what is none of them is missing.
 * Why so   The model says how many columns were categorical in the frame and what they held, and
 *          not which they were: those whose feature_infos list values. Where the categories are
 *          texts, numbers are codes, as in an array; where they are numbers, numbers are values. */
#include "import/boost/boost_categories.h"
#include "import/file/document.h"
#include "import/lightgbm/lightgbm.h"
#include "import/sklearn/emit.h"

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

/* What a list of categories holds. */
static mc_status read_column(mc_lowering *to, const mc_lgbm *lgbm, const mc_doc *items,
                             mc_boost_column *out, mc_error *err)
{
    mc_cell *cells = NULL;
    MC_TRY(mc_arena_new(to->arena, mc_cell, items->n, &cells, err));
    for (size_t i = 0; i < items->n; i++)
        MC_TRY(category(lgbm, items, i, &cells[i], err));
    out->cells = cells;
    out->n = items->n;
    return MC_OK;
}

mc_status mc_lgbm_codes(mc_lowering *to, const mc_lgbm *lgbm, const mc_sym *x, mc_sym *out,
                        mc_error *err)
{
    mc_doc lists = {0};
    uint32_t *at = NULL;
    size_t n = 0;
    mc_boost_column *columns = NULL;
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
    MC_TRY(mc_arena_new(to->arena, mc_boost_column, n, &columns, err));
    for (size_t j = 0; j < n; j++) {
        const mc_doc *list = &lists.as.members[j].value;
        columns[j].column = at[j];
        if (list->kind != MC_DOC_LIST && list->kind != MC_DOC_NUMBERS)
            return mc_refuse(err, lgbm->est, "pandas_categorical: item %zu is no list", j);
        MC_TRY(read_column(to, lgbm, list, &columns[j], err));
    }
    return mc_boost_codes(to, lgbm->est, columns, n, false, x, out, err);
}
