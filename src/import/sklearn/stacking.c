/* stacking.c: StackingClassifier and StackingRegressor.
 *
 * Oracle   sklearn/ensemble/_stacking.py, scikit-learn 1.2 to 1.9.
 * Exact    As the estimators.
 * Why so   The columns of one estimator: 1-D answers are one column; of probabilities of two
 *          classes the second; of a list (several outputs) all but the first of each item. What two
 *          classes are is len(classes_), which for several outputs is their number: so it is here.
 */
#include "import/sklearn/attr.h"
#include "import/sklearn/emit.h"
#include "import/sklearn/meta_ask.h"

static mc_status method_of(const mc_value *est, const mc_value *name, mc_method *out, mc_error *err)
{
    if (!mc_value_is(name, MC_KIND_TEXT) ||
        mc_method_find((const char *)name->as.bytes.data, name->as.bytes.size, out) != MC_OK)
        return mc_refuse(err, est, "stack_method_: expected names of methods");
    return MC_OK;
}

/* len(classes_): of an array of classes, or of a list of these. 0 for a regressor. */
static mc_status length_of_classes(mc_lowering *to, const mc_value *est, size_t *out, mc_error *err)
{
    mc_ndarray array;
    const mc_value *classes = mc_value_attr(est, "classes_");
    *out = 0;
    if (mc_value_is_none(classes))
        return MC_OK;
    if (mc_value_is(classes, MC_KIND_LIST)) {
        *out = classes->as.items.n;
        return MC_OK;
    }
    MC_TRY_IN(mc_ndarray_from_value(to->arena, classes, &array, err), err, "classes_");
    *out = array.n_items;
    return MC_OK;
}

/* All columns but the first. */
static mc_status without_first(mc_lowering *to, const mc_sym *x, mc_sym *out, mc_error *err)
{
    uint32_t *at = NULL;
    const size_t n = x->n_cols > 0 ? x->n_cols - 1 : 0;
    MC_TRY(mc_arena_new(to->arena, uint32_t, n, &at, err));
    for (size_t i = 0; i < n; i++)
        at[i] = (uint32_t)(i + 1);
    return mc_emit_columns(to, x, at, n, out, err);
}

/* What one estimator adds. */
static mc_status columns_of(mc_lowering *to, const mc_value *inside, mc_method method,
                            size_t n_classes, const mc_sym *x, mc_sym *out, mc_error *err)
{
    mc_answer answer = {0};
    MC_TRY(mc_lower(to, inside, method, x, &answer, err));
    const bool as_list = answer.is_list && method == MC_METHOD_PREDICT_PROBA;
    const bool drops = method == MC_METHOD_PREDICT_PROBA && n_classes == 2 &&
                       !answer.parts[0].scalar && !answer.is_list;
    for (size_t i = 0; (as_list || drops) && i < answer.n_parts; i++)
        MC_TRY(without_first(to, &answer.parts[i].value, &answer.parts[i].value, err));
    return mc_answer_as_numbers(to, &answer, out, err);
}

static mc_status stack(mc_lowering *to, const mc_value *est, const mc_sym *x, mc_sym *out,
                       mc_error *err)
{
    mc_items estimators, methods;
    mc_sym *parts = NULL;
    size_t n_classes = 0;
    bool passes = false;
    MC_TRY(mc_attr_items(to, est, "estimators_", &estimators, err));
    MC_TRY(mc_attr_items(to, est, "stack_method_", &methods, err));
    MC_TRY(mc_attr_bool(est, "passthrough", false, &passes, err));
    MC_TRY(length_of_classes(to, est, &n_classes, err));
    if (estimators.n == 0 || methods.n != estimators.n)
        return mc_refuse(err, est, "stack_method_: %zu methods for %zu estimators", methods.n,
                         estimators.n);
    MC_TRY(mc_arena_new(to->arena, mc_sym, estimators.n + 1, &parts, err));
    for (size_t i = 0; i < estimators.n; i++) {
        mc_method method = MC_METHOD_PREDICT;
        MC_TRY(method_of(est, methods.at[i], &method, err));
        MC_TRY_IN(columns_of(to, estimators.at[i], method, n_classes, x, &parts[i], err), err,
                  "estimators_[%zu]", i);
    }
    parts[estimators.n] = *x;
    MC_TRY(
        mc_emit_hstack(to, parts, estimators.n + (passes ? 1 : 0), passes && x->sparse, out, err));
    out->sparse_as_input = passes && x->sparse_as_input;
    return MC_OK;
}

/* --------------------------------------------------------------------------------- labels ---- */

/* The classes of output k that _label_encoder knows. */
static mc_status encoded_classes(mc_lowering *to, const mc_value *est, size_t k, size_t n_outputs,
                                 const mc_value **out, mc_error *err)
{
    mc_items items;
    MC_TRY(mc_attr_need(est, "classes_", out, err));
    if (n_outputs == 1)
        return MC_OK;
    MC_TRY_IN(mc_items_of(to, *out, &items, err), err, "classes_");
    if (items.n != n_outputs)
        return mc_refuse(err, est, "classes_: expected %zu lists, found %zu", n_outputs, items.n);
    *out = items.at[k];
    return MC_OK;
}

/* A part of final_estimator_, which was fitted on class numbers, as labels of `classes`. */
static mc_status decode(mc_lowering *to, const mc_value *est, const mc_value *classes,
                        mc_answer_part *part, mc_error *err)
{
    const mc_cell *known = NULL;
    const uint32_t *map = NULL;
    mc_cell *numbers = NULL;
    size_t n_known = 0, n = 0;
    MC_TRY(mc_class_cells(to, part->table, &known, &n_known, err));
    MC_TRY(mc_emit_classes(to, classes, &part->table, &n, err));
    MC_TRY(mc_arena_new(to->arena, mc_cell, n, &numbers, err));
    for (size_t k = 0; k < n; k++)
        numbers[k] = (mc_cell){.kind = MC_CELL_INTEGER, .as.integer = (int64_t)k};
    MC_TRY(mc_match_classes(to, est, known, n_known, numbers, n, &map, err));
    return mc_emit_map_label(to, &part->value, map, n_known, &part->value, err);
}

/* A matrix of 0 and 1 is what the encoders of labels 0 and 1 leave as it is. */
static mc_status check_indicators(mc_lowering *to, const mc_value *est, size_t n_outputs,
                                  mc_error *err)
{
    for (size_t k = 0; k < n_outputs; k++) {
        const mc_value *classes = NULL;
        const mc_cell *cells = NULL;
        size_t n = 0;
        MC_TRY(encoded_classes(to, est, k, n_outputs, &classes, err));
        MC_TRY_IN(mc_cells_of(to, classes, &cells, &n, err), err, "classes_");
        for (size_t i = 0; i < n; i++)
            if (cells[i].kind != MC_CELL_INTEGER || cells[i].as.integer != (int64_t)i)
                return mc_refuse(err, est, "classes_: expected 0 and 1 of each output");
    }
    return MC_OK;
}

static mc_status decoded(mc_lowering *to, const mc_value *est, bool is_many, mc_answer *out,
                         mc_error *err)
{
    if (is_many && out->parts[0].value.kind == MC_SYM_NUMBERS)
        return check_indicators(to, est, out->parts[0].value.n_cols, err);
    for (size_t k = 0; k < out->n_parts; k++) {
        const mc_value *classes = NULL;
        if (out->parts[k].value.kind != MC_SYM_LABELS)
            return mc_refuse(err, est, "final_estimator_ answers with no labels");
        MC_TRY(encoded_classes(to, est, k, is_many ? out->n_parts : 1, &classes, err));
        MC_TRY(decode(to, est, classes, &out->parts[k], err));
    }
    return MC_OK;
}

/* Of several outputs scikit-learn takes the share of the first class of each. */
static mc_status first_shares(mc_lowering *to, const mc_value *est, mc_answer *out, mc_error *err)
{
    mc_sym *parts = NULL, y;
    if (!out->is_list)
        return mc_no_method(err, est, MC_METHOD_PREDICT_PROBA);
    MC_TRY(mc_arena_new(to->arena, mc_sym, out->n_parts, &parts, err));
    for (size_t k = 0; k < out->n_parts; k++)
        MC_TRY(mc_emit_column(to, &out->parts[k].value, 0, &parts[k], err));
    MC_TRY(mc_emit_hstack(to, parts, out->n_parts, false, &y, err));
    return mc_answer_matrix(to, y, out, err);
}

mc_status mc_lower_stacking(mc_lowering *to, const mc_value *est, mc_method method, const mc_sym *x,
                            mc_answer *out, mc_error *err)
{
    const bool is_classifier = mc_bytes_is(mc_class_name(est), "StackingClassifier");
    const mc_value *last = NULL;
    mc_sym y;
    if (method != MC_METHOD_PREDICT && method != MC_METHOD_TRANSFORM &&
        !(is_classifier &&
          (method == MC_METHOD_PREDICT_PROBA || method == MC_METHOD_DECISION_FUNCTION)))
        return mc_no_method(err, est, method);
    MC_TRY(stack(to, est, x, &y, err));
    if (method == MC_METHOD_TRANSFORM)
        return mc_answer_matrix(to, y, out, err);
    MC_TRY(mc_attr_need(est, "final_estimator_", &last, err));
    MC_TRY_IN(mc_lower(to, last, method, &y, out, err), err, "final_estimator_");
    const bool is_many = mc_value_is(mc_value_attr(est, "_label_encoder"), MC_KIND_LIST);
    if (is_classifier && method == MC_METHOD_PREDICT)
        return decoded(to, est, is_many, out, err);
    return is_many && method == MC_METHOD_PREDICT_PROBA ? first_shares(to, est, out, err) : MC_OK;
}
