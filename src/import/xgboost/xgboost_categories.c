/* xgboost_categories.c: the categories of a frame that a booster was trained on.
 *
 * Oracle   XGBoost 3.1 to 3.2: src/data/cat_container.{h,cc}, src/encoder/ordinal.h,
 *          python-package/xgboost/_data_utils.py (pd_cat_inf).
 * Why so   Since 3.1 a model keeps them, and a frame's are recoded; what is none of them is
 * refused, as there. Where they are texts, numbers are codes, as in an array; where they are
 * numbers, numbers are values. Before, frames and models knew codes alone. Texts lie side by side
 * with offsets that count characters, where the bytes are of UTF-8: beyond ASCII they are cut, and
 * what they mean depends on the other rows' categories. */
#include <math.h>

#include "import/boost/boost_categories.h"
#include "import/sklearn/emit.h"
#include "import/xgboost/xgboost.h"

static bool is_offset(double value, double least, size_t most)
{
    return value >= least && value <= (double)most && value == trunc(value);
}

/* Texts: where each begins in the bytes, and the end. */
static mc_status read_texts(mc_lowering *to, const mc_xgb *xgb, const mc_doc *offsets,
                            const mc_doc *values, mc_boost_column *out, mc_error *err)
{
    char *bytes = NULL;
    mc_cell *cells = NULL;
    out->n = offsets->n - 1;
    MC_TRY(mc_arena_new(to->arena, char, values->n + 1, &bytes, err));
    MC_TRY(mc_arena_new(to->arena, mc_cell, out->n, &cells, err));
    for (size_t i = 0; i < values->n; i++) {
        if (!(values->as.numbers[i] >= 1.0 && values->as.numbers[i] <= 127.0))
            return mc_refuse(
                err, xgb->est,
                "cats: feature %u has categories beyond ASCII, which XGBoost keeps cut",
                out->column);
        bytes[i] = (char)values->as.numbers[i];
    }
    for (size_t i = 0; i < out->n; i++) {
        const double *at = offsets->as.numbers + i;
        if (!is_offset(at[0], 0.0, values->n) || !is_offset(at[1], at[0], values->n))
            return mc_refuse(err, xgb->est, "cats: feature %u: text %zu lies outside", out->column,
                             i);
        cells[i] = (mc_cell){.kind = MC_CELL_STRING,
                             .size = (uint32_t)(at[1] - at[0]),
                             .as.text = bytes + (size_t)at[0]};
    }
    out->cells = cells;
    return MC_OK;
}

static mc_status read_numbers(mc_lowering *to, const mc_doc *values, mc_boost_column *out,
                              mc_error *err)
{
    mc_cell *cells = NULL;
    out->n = values->n;
    MC_TRY(mc_arena_new(to->arena, mc_cell, values->n, &cells, err));
    for (size_t i = 0; i < values->n; i++)
        cells[i] = (mc_cell){.kind = MC_CELL_NUMBER, .as.number = values->as.numbers[i]};
    out->cells = cells;
    return MC_OK;
}

/* Categories of one feature; none if it is numerical. */
static mc_status read_feature(mc_lowering *to, const mc_xgb *xgb, const mc_doc *doc,
                              mc_boost_column *out, mc_error *err)
{
    const mc_doc *offsets = mc_doc_get(doc, "offsets"), *values = mc_doc_get(doc, "values");
    out->n = 0;
    if (values == NULL || values->kind != MC_DOC_NUMBERS ||
        (offsets != NULL && offsets->kind != MC_DOC_NUMBERS) || values->n >= UINT32_MAX / 4)
        return mc_refuse(err, xgb->est, "cats: feature %u: expected lists of numbers", out->column);
    if (offsets == NULL)
        return read_numbers(to, values, out, err);
    return offsets->n > 1 ? read_texts(to, xgb, offsets, values, out, err) : MC_OK;
}

/* What the model keeps of its features' categories, a member a feature; NULL before 3.1. */
static const mc_doc *kept_categories(const mc_xgb *xgb)
{
    const mc_doc *booster = mc_doc_get(&xgb->learner, "gradient_booster");
    const mc_doc *inner = mc_doc_get(booster, "gbtree"); /* of dart */
    const mc_doc *model = mc_doc_get(inner != NULL ? inner : booster, "model");
    const mc_doc *features = mc_doc_get(mc_doc_get(model, "cats"), "enc");
    return features != NULL && features->n > 0 ? features : NULL;
}

mc_status mc_xgb_codes(mc_lowering *to, const mc_xgb *xgb, double missing, const mc_sym *x,
                       mc_sym *out, mc_error *err)
{
    const mc_doc *features = kept_categories(xgb);
    mc_boost_column *columns = NULL;
    size_t n = 0;
    *out = *x;
    if (features == NULL)
        return MC_OK;
    if (features->kind != MC_DOC_LIST || features->n != xgb->n_features)
        return mc_refuse(err, xgb->est, "cats: %zu items for %zu features", features->n,
                         xgb->n_features);
    MC_TRY(mc_arena_new(to->arena, mc_boost_column, features->n, &columns, err));
    for (size_t i = 0; i < features->n; i++) {
        columns[n].column = (uint32_t)i;
        MC_TRY(read_feature(to, xgb, &features->as.members[i].value, &columns[n], err));
        n += columns[n].n > 0;
    }
    if (n == 0)
        return MC_OK;
    return isnan(missing)
               ? mc_boost_codes(to, xgb->est, columns, n, true, x, out, err)
               : mc_refuse(err, xgb->est, "missing: %g beside categories of a frame", missing);
}
