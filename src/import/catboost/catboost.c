/* catboost.c: CatBoostClassifier, CatBoostRegressor, CatBoostRanker, and CatBoost.
 *
 * Oracle   CatBoost 1.2: catboost/python-package/catboost/core.py, catboost/libs/
 *          eval_result/eval_helpers.cpp (PrepareEval).
 * Exact    Raw values and labels bit for bit; probabilities within a few ulp, see
 *          tests/conformance/third_party: CatBoost has an exponential of its own.
 * Why so   A file of the library is asked as CatBoost(): raw values. Columns are known by their
 *          order, as they are in an array. */
#include "import/catboost/catboost.h"

#include <math.h>
#include <string.h>

#include "import/sklearn/attr.h"
#include "import/sklearn/emit.h"
#include "import/sklearn/selection.h"

mc_lower_fn mc_lower_catboost;
mc_shape_fn mc_shape_catboost;

#define MEMO_TAG 0x43415421u /* "CAT!" */

/* Read once for an object, and remembered. */
static mc_status read_model(mc_lowering *to, const mc_value *est, const mc_cat **out, mc_error *err)
{
    const mc_value *model = mc_value_attr(est, "__model");
    uint32_t ids[4] = {0};
    mc_cat *made = NULL;
    _Static_assert(sizeof made <= sizeof ids, "a pointer is remembered as ids");
    if (mc_memo_find(to, est, MEMO_TAG, ids)) {
        memcpy(&made, ids, sizeof made);
        *out = made;
        return MC_OK;
    }
    if (!mc_value_is(model, MC_KIND_BYTES))
        return mc_refuse(err, est, "it holds no model: is it fitted?");
    const mc_bytes bytes = model->as.bytes;
    MC_TRY(mc_arena_new(to->arena, mc_cat, 1, &made, err));
    if (bytes.size > 0 && bytes.data[0] == '{')
        MC_TRY(mc_cat_read_json(to, est, bytes, made, err));
    else
        MC_TRY(mc_cat_read_binary(to, est, bytes, made, err));
    memcpy(ids, &made, sizeof made);
    *out = made;
    return mc_memo_add(to, est, MEMO_TAG, ids, err);
}

mc_status mc_shape_catboost(mc_lowering *to, const mc_value *est, mc_shape *out, mc_error *err)
{
    const mc_cat *cat = NULL;
    MC_TRY(read_model(to, est, &cat, err));
    *out = (mc_shape){.n_features = cat->n_features, .names = cat->names};
    return MC_OK;
}

static mc_status raw_values(mc_lowering *to, const mc_cat *cat, const mc_sym *x, mc_sym *out,
                            mc_error *err)
{
    mc_sym y;
    if (x->n_cols != cat->n_features)
        return mc_refuse(err, cat->est, "it was fitted on %zu features, and is given %zu",
                         cat->n_features, x->n_cols);
    MC_TRY(mc_cat_combine(to, cat, x, &y, err));
    return mc_cat_sums(to, cat, &y, out, err);
}

static mc_bytes loss_of(const mc_cat *cat)
{
    const mc_doc *name = mc_doc_get(mc_doc_get(&cat->parameters, "loss_function"), "type");
    return name != NULL && name->kind == MC_DOC_TEXT ? name->as.text : (mc_bytes){0};
}

static bool loss_is(const mc_cat *cat, const char *name)
{
    return mc_bytes_is(loss_of(cat), name);
}

/* Each column is a question of its own: is this label there? */
static bool has_many_labels(const mc_cat *cat)
{
    return loss_is(cat, "MultiLogloss") || loss_is(cat, "MultiCrossEntropy");
}

/* ----------------------------------------------------------------------------------- classes ----
 */

static mc_status class_cell(const mc_cat *cat, const mc_doc *names, size_t i, mc_cell *out,
                            mc_error *err)
{
    const mc_doc *type = mc_doc_get(&cat->classes, "class_label_type");
    const mc_bytes kind = type != NULL && type->kind == MC_DOC_TEXT ? type->as.text : (mc_bytes){0};
    if (names->kind == MC_DOC_LIST) {
        const mc_doc *name = &names->as.members[i].value;
        if (name->kind != MC_DOC_TEXT || !mc_bytes_is(kind, "String"))
            return mc_refuse(err, cat->est, "class_names: names of type \"%.*s\"", MC_SHOW(kind));
        *out = (mc_cell){.kind = MC_CELL_STRING,
                         .size = (uint32_t)name->as.text.size,
                         .as.text = (const char *)name->as.text.data};
        return MC_OK;
    }
    const double value = names->as.numbers[i];
    if (mc_bytes_is(kind, "Float"))
        *out = (mc_cell){.kind = MC_CELL_NUMBER, .as.number = value};
    else if (mc_bytes_is(kind, "Boolean"))
        *out = (mc_cell){.kind = MC_CELL_BOOL, .as.integer = value != 0.0};
    else if (mc_bytes_is(kind, "Integer") && fabs(value) < 0x1p53 && value == trunc(value))
        *out = (mc_cell){.kind = MC_CELL_INTEGER, .as.integer = (int64_t)value};
    else
        return mc_refuse(err, cat->est, "class_names: %g of type \"%.*s\"", value, MC_SHOW(kind));
    return MC_OK;
}

/* Without names, of CrossEntropy, the classes are numbers. */
static mc_status class_table(mc_lowering *to, const mc_cat *cat, size_t n_columns, uint32_t *out,
                             mc_error *err)
{
    const mc_doc *names = mc_doc_get(&cat->classes, "class_names");
    const size_t n = n_columns == 1 ? 2 : n_columns;
    mc_cell *labels = NULL;
    const bool has_names = names != NULL &&
                           (names->kind == MC_DOC_LIST || names->kind == MC_DOC_NUMBERS) &&
                           names->n > 0;
    if (has_names && names->n != n)
        return mc_refuse(err, cat->est, "class_names: %zu names of %zu classes", names->n, n);
    MC_TRY(mc_arena_new(to->arena, mc_cell, n, &labels, err));
    for (size_t i = 0; i < n; i++) {
        labels[i] = (mc_cell){.kind = MC_CELL_INTEGER, .as.integer = (int64_t)i};
        if (has_names)
            MC_TRY(class_cell(cat, names, i, &labels[i], err));
    }
    return mc_build_classes(to->b, labels, n, out, err);
}

/* Of many labels 1 or 0 each, whatever they are named. Else the first of the largest; of two, the
 * second where its probability is above the threshold. */
static mc_status labels(mc_lowering *to, const mc_cat *cat, const mc_sym *raw, mc_answer *out,
                        mc_error *err)
{
    const bool are_many = has_many_labels(cat);
    mc_sym y;
    uint32_t table = 0;
    MC_TRY(are_many ? mc_emit_two_classes(to, 0, 1, &table, err)
                    : class_table(to, cat, raw->n_cols, &table, err));
    if (raw->n_cols > 1 && !are_many)
        MC_TRY(mc_emit_argmax(to, raw, &y, err));
    else
        MC_TRY(mc_emit_above(to, raw, -log(1.0 / cat->threshold - 1.0), false, &y, err));
    MC_TRY(mc_answer_labels(to, y, table, out, err));
    out->parts[0].scalar = raw->n_cols == 1; /* labels of many classes come as a column */
    return MC_OK;
}

/* 1 / (1 + exp(-x)), of a single column both sides. */
static mc_status shares(mc_lowering *to, const mc_sym *raw, mc_sym *out, mc_error *err)
{
    MC_TRY(mc_emit_unary(to, raw, MC_UNARY_EXPIT, 0.0, 0.0, out, err));
    return raw->n_cols == 1 ? mc_emit_both_sides(to, out, out, err) : MC_OK;
}

/* -log(1 + exp(-x)), of a single column both sides. */
static mc_status log_shares(mc_lowering *to, const mc_sym *raw, mc_sym *out, mc_error *err)
{
    mc_sym sides[2] = {*raw, *raw}, y;
    MC_TRY(mc_emit_unary(to, raw, MC_UNARY_SCALE, -1.0, 0.0, &sides[1], err));
    if (raw->n_cols == 1)
        MC_TRY(mc_emit_hstack(to, sides, 2, false, &y, err));
    else
        y = sides[1];
    MC_TRY(mc_emit_unary(to, &y, MC_UNARY_LOG1P_EXP, 0.0, 0.0, &y, err));
    return mc_emit_unary(to, &y, MC_UNARY_SCALE, -1.0, 0.0, out, err);
}

static mc_status probabilities(mc_lowering *to, const mc_cat *cat, bool is_log, const mc_sym *raw,
                               mc_answer *out, mc_error *err)
{
    const bool is_single =
        raw->n_cols == 1 || loss_is(cat, "MultiClassOneVsAll") || has_many_labels(cat);
    mc_sym y;
    if (is_single)
        MC_TRY(is_log ? log_shares(to, raw, &y, err) : shares(to, raw, &y, err));
    else
        MC_TRY(is_log ? mc_emit_log_share(to, raw, MC_LOG_SHARE_SHIFTED, &y, err)
                      : mc_emit_softmax(to, raw, &y, err));
    return mc_answer_matrix(to, y, out, err);
}

static mc_status classifier(mc_lowering *to, const mc_cat *cat, mc_method method, const mc_sym *raw,
                            mc_answer *out, mc_error *err)
{
    static const char *const KNOWN[] = {
        "Logloss",      "CrossEntropy",      "MultiClass",        "Focal",
        "MultiLogloss", "MultiCrossEntropy", "MultiClassOneVsAll"};
    bool is_known = false;
    for (size_t i = 0; i < MC_COUNT_OF(KNOWN); i++)
        is_known = is_known || loss_is(cat, KNOWN[i]);
    if (!is_known)
        return mc_refuse(err, cat->est, "loss_function: expected one of classes, found \"%.*s\"",
                         MC_SHOW(loss_of(cat)));
    return method == MC_METHOD_PREDICT
               ? labels(to, cat, raw, out, err)
               : probabilities(to, cat, method == MC_METHOD_PREDICT_LOG_PROBA, raw, out, err);
}

/* ----------------------------------------------------------------------------------- values ----
 */

/* A mean, and a variance whose logarithm is twice what the trees say. */
static mc_status with_variance(mc_lowering *to, mc_sym *y, mc_error *err)
{
    static const uint32_t AT[2] = {0, 1};
    mc_sym sides[2];
    MC_TRY(mc_emit_columns(to, y, AT, 1, &sides[0], err));
    MC_TRY(mc_emit_columns(to, y, AT + 1, 1, &sides[1], err));
    MC_TRY(mc_emit_unary(to, &sides[1], MC_UNARY_SCALE, 2.0, 0.0, &sides[1], err));
    MC_TRY(mc_emit_unary(to, &sides[1], MC_UNARY_EXP, 0.0, 0.0, &sides[1], err));
    return mc_emit_hstack(to, sides, 2, false, y, err);
}

/* A regressor answers means of counts, or variances, if it was told by name what to fit. */
static mc_status regressed(mc_lowering *to, const mc_value *est, mc_sym *y, mc_error *err)
{
    static const char *const TOLD[] = {"loss_function", "objective"};
    static const char *const EXPONENTIAL[] = {"Poisson", "Tweedie"};
    for (size_t i = 0; i < MC_COUNT_OF(TOLD); i++) {
        const mc_bytes told = mc_attr_text(est, TOLD[i]);
        if (mc_bytes_is(told, "RMSEWithUncertainty") && y->n_cols == 2)
            return with_variance(to, y, err);
        for (size_t j = 0; j < MC_COUNT_OF(EXPONENTIAL); j++) {
            const size_t n = strlen(EXPONENTIAL[j]);
            if (told.size >= n && memcmp(told.data, EXPONENTIAL[j], n) == 0)
                return mc_emit_unary(to, y, MC_UNARY_EXP, 0.0, 0.0, y, err);
        }
    }
    return MC_OK;
}

/* A label that was named and not there in training has a column all the same, of -infinity. */
static mc_status with_absent(mc_lowering *to, const mc_cat *cat, mc_sym *y, mc_error *err)
{
    const mc_doc *names = mc_doc_get(&cat->classes, "class_names");
    const mc_doc *known = mc_doc_get(&cat->classes, "class_to_label");
    const double absent = -(double)INFINITY;
    const size_t n = names == NULL ? 0 : names->n, width = y->n_cols;
    uint32_t *at = NULL;
    mc_sym sides[2] = {*y};
    if (width < 2 || n <= width || n > MC_LIMIT_WIDTH || known == NULL ||
        known->kind != MC_DOC_NUMBERS || known->n != width)
        return MC_OK;
    MC_TRY(mc_arena_new(to->arena, uint32_t, n, &at, err));
    for (size_t i = 0; i < n; i++)
        at[i] = (uint32_t)width;
    for (size_t i = 0; i < width; i++) {
        const double label = known->as.numbers[i];
        if (!(label >= 0.0 && label < (double)n))
            return mc_refuse(err, cat->est, "class_to_label: %g of %zu", label, n);
        at[(size_t)label] = (uint32_t)i;
    }
    MC_TRY(mc_emit_constant(to, &absent, 1, &sides[1], err));
    MC_TRY(mc_emit_hstack(to, sides, 2, false, y, err));
    return mc_emit_columns(to, y, at, n, y, err);
}

/* feature_importances_: what training wrote down. */
mc_status mc_cat_importances(mc_lowering *to, const mc_value *est, mc_importances *out,
                             mc_error *err)
{
    const mc_value *values = mc_value_attr(est, "_prediction_values_change");
    if (!mc_value_is(values, MC_KIND_LIST))
        return mc_refuse(err, est, "_prediction_values_change: its importances are not there");
    return mc_importances_in(to, values, out, err);
}

mc_status mc_lower_catboost(mc_lowering *to, const mc_value *est, mc_method method, const mc_sym *x,
                            mc_answer *out, mc_error *err)
{
    const mc_bytes name = mc_class_name(est);
    const bool is_classifier = mc_bytes_is(name, "CatBoostClassifier");
    const mc_cat *cat = NULL;
    mc_sym y;
    if (method != MC_METHOD_PREDICT && !(is_classifier && (method == MC_METHOD_PREDICT_PROBA ||
                                                           method == MC_METHOD_PREDICT_LOG_PROBA)))
        return mc_no_method(err, est, method);
    MC_TRY(read_model(to, est, &cat, err));
    MC_TRY(raw_values(to, cat, x, &y, err));
    if (!has_many_labels(cat))
        MC_TRY(with_absent(to, cat, &y, err));
    if (is_classifier)
        return classifier(to, cat, method, &y, out, err);
    if (mc_bytes_is(name, "CatBoostRegressor"))
        MC_TRY(regressed(to, est, &y, err));
    return y.n_cols == 1 ? mc_answer_scalar(to, y, out, err) : mc_answer_matrix(to, y, out, err);
}
