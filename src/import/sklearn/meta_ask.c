/* meta_ask.c: what estimators made of estimators ask of those inside them.
 *
 * Why so   Nothing here knows how an estimator is made: that it is a classifier, and which classes
 *          it knows, is what its own predict() answers with. Steps that were lowered only to see
 *          that are in no method's list, and dropped. */
#include "import/sklearn/meta_ask.h"

#include "base/limits.h"

#include "import/sklearn/attr.h"
#include "import/sklearn/emit.h"
#include "kernel/category.h"

/* ----------------------------------------------------------------------------- classes ---- */

mc_status mc_class_cells(mc_lowering *to, uint32_t table, const mc_cell **out, size_t *out_n,
                         mc_error *err)
{
    const size_t n = mc_build_n_classes(to->b, table);
    mc_cell *cells = NULL;
    MC_TRY(mc_arena_new(to->arena, mc_cell, n, &cells, err));
    for (size_t i = 0; i < n; i++)
        MC_TRY(mc_build_class(to->b, table, i, to->arena, &cells[i], err));
    *out = cells;
    *out_n = n;
    return MC_OK;
}

mc_status mc_cells_of(mc_lowering *to, const mc_value *value, const mc_cell **out, size_t *out_n,
                      mc_error *err)
{
    mc_ndarray array;
    mc_cell *cells = NULL;
    MC_TRY(mc_ndarray_from_value(to->arena, value, &array, err));
    MC_TRY(mc_ndarray_cells(to->arena, &array, &cells, err));
    *out = cells;
    *out_n = array.n_items;
    return MC_OK;
}

mc_status mc_match_classes(mc_lowering *to, const mc_value *est, const mc_cell *known,
                           size_t n_known, const mc_cell *classes, size_t n, const uint32_t **out,
                           mc_error *err)
{
    uint32_t *at = NULL;
    MC_TRY(mc_arena_new(to->arena, uint32_t, n_known, &at, err));
    for (size_t i = 0; i < n_known; i++) {
        size_t j = 0;
        while (j < n && mc_cell_compare(&known[i], &classes[j]) != 0)
            j++;
        if (j == n)
            return mc_refuse(err, est, "class %zu of its %zu is none of the %zu around it", i,
                             n_known, n);
        at[i] = (uint32_t)j;
    }
    *out = at;
    return MC_OK;
}

/* predict() with one part of labels. */
static mc_status ask_labels(mc_lowering *to, const mc_value *est, const mc_sym *x,
                            mc_answer_part *out, mc_error *err)
{
    mc_answer answer = {0};
    MC_TRY(mc_lower(to, est, MC_METHOD_PREDICT, x, &answer, err));
    if (answer.n_parts != 1 || answer.parts[0].value.kind != MC_SYM_LABELS)
        return mc_fail(err, MC_E_NO_METHOD, MC_NO_OFFSET, "%.*s answers with no labels",
                       MC_SHOW(mc_class_name(est)));
    *out = answer.parts[0];
    return MC_OK;
}

/* A classifier of which predict() raises: SVC with break_ties and decision_function_shape="ovo". */
static bool is_mute_classifier(const mc_value *est)
{
    return mc_attr_has(est, "classes_") && mc_attr_has(est, "break_ties");
}

mc_status mc_classes_known_to(mc_lowering *to, const mc_value *est, const mc_sym *x,
                              const mc_cell **out, size_t *out_n, mc_error *err)
{
    mc_answer_part part = {0};
    const mc_status status = ask_labels(to, est, x, &part, err);
    if (status == MC_E_NO_METHOD && is_mute_classifier(est))
        return mc_cells_of(to, mc_value_attr(est, "classes_"), out, out_n, err);
    MC_TRY(status);
    return mc_class_cells(to, part.table, out, out_n, err);
}

mc_status mc_ask_classes(mc_lowering *to, const mc_value *est, const mc_sym *x,
                         const mc_cell *classes, size_t n, mc_sym *out, mc_error *err)
{
    mc_answer_part part = {0};
    const mc_cell *known = NULL;
    const uint32_t *map = NULL;
    size_t n_known = 0;
    MC_TRY(ask_labels(to, est, x, &part, err));
    MC_TRY(mc_class_cells(to, part.table, &known, &n_known, err));
    MC_TRY(mc_match_classes(to, est, known, n_known, classes, n, &map, err));
    return mc_emit_map_label(to, &part.value, map, n_known, out, err);
}

/* ----------------------------------------------------------------------------- numbers ---- */

static bool number_of(const mc_cell *cell, double *out)
{
    if (cell->kind == MC_CELL_NUMBER)
        *out = cell->as.number;
    else
        *out = (double)cell->as.integer;
    return cell->kind == MC_CELL_NUMBER || cell->kind == MC_CELL_INTEGER ||
           cell->kind == MC_CELL_BOOL;
}

/* Labels as the numbers that they are. */
static mc_status label_numbers(mc_lowering *to, const mc_answer_part *part, mc_sym *out,
                               mc_error *err)
{
    const mc_cell *cells = NULL;
    double *values = NULL;
    size_t n = 0;
    uint32_t buffer = 0;
    mc_value_type type = MC_VALUE_INT;
    mc_step step = MC_STEP_INIT(LABEL_VALUE);
    MC_TRY(mc_class_cells(to, part->table, &cells, &n, err));
    MC_TRY(mc_arena_new(to->arena, double, n, &values, err));
    for (size_t i = 0; i < n; i++) {
        if (!number_of(&cells[i], &values[i]))
            return mc_fail(err, MC_E_UNSUPPORTED, MC_NO_OFFSET,
                           "labels that are no numbers are used as features");
        if (cells[i].kind != MC_CELL_INTEGER)
            type = cells[i].kind == MC_CELL_BOOL ? MC_VALUE_BOOL : MC_VALUE_FLOAT;
    }
    step.src = part->value.buffer;
    MC_TRY(mc_build_f64(to->b, values, 1, n, &step.array[0], err));
    MC_TRY(mc_build_step(to->b, step, part->value.n_cols, &buffer, err));
    *out = (mc_sym){
        .kind = MC_SYM_NUMBERS, .buffer = buffer, .n_cols = part->value.n_cols, .type = type};
    return MC_OK;
}

mc_status mc_answer_as_numbers(mc_lowering *to, const mc_answer *answer, mc_sym *out, mc_error *err)
{
    mc_sym *parts = NULL;
    MC_TRY(mc_arena_new(to->arena, mc_sym, answer->n_parts, &parts, err));
    for (size_t i = 0; i < answer->n_parts; i++) {
        if (answer->parts[i].value.kind == MC_SYM_LABELS)
            MC_TRY(label_numbers(to, &answer->parts[i], &parts[i], err));
        else
            parts[i] = answer->parts[i].value;
    }
    return mc_emit_hstack(to, parts, answer->n_parts, parts[0].sparse, out, err);
}

mc_status mc_ask_numbers(mc_lowering *to, const mc_value *est, mc_method method, const mc_sym *x,
                         mc_sym *out, bool *out_flat, mc_error *err)
{
    mc_answer answer = {0};
    MC_TRY(mc_lower(to, est, method, x, &answer, err));
    if (out_flat != NULL)
        *out_flat = !answer.is_list && answer.parts[0].scalar;
    return mc_answer_as_numbers(to, &answer, out, err);
}

mc_status mc_emit_column(mc_lowering *to, const mc_sym *x, size_t at, mc_sym *out, mc_error *err)
{
    const uint32_t column = (uint32_t)at;
    return mc_emit_columns(to, x, &column, 1, out, err);
}

/* ------------------------------------------------------------------------------ scores ---- */

mc_status mc_offers(mc_lowering *to, const mc_value *est, mc_method method, const mc_sym *x,
                    bool *out, mc_error *err)
{
    mc_answer answer = {0};
    const mc_status status = mc_lower(to, est, method, x, &answer, err);
    *out = status == MC_OK;
    return status == MC_E_NO_METHOD ? MC_OK : status;
}

mc_status mc_ask_first(mc_lowering *to, const mc_value *est, const mc_method wanted[2],
                       const mc_sym *x, mc_answer_part *out, mc_method *out_used, mc_error *err)
{
    mc_answer answer = {0};
    *out_used = wanted[0];
    mc_status status = mc_lower(to, est, wanted[0], x, &answer, err);
    if (status == MC_E_NO_METHOD) {
        *out_used = wanted[1];
        status = mc_lower(to, est, wanted[1], x, &answer, err);
    }
    MC_TRY(status);
    if (answer.n_parts != 1)
        return mc_refuse(err, est, "%s answers with %zu parts, expected one",
                         mc_method_name(*out_used), answer.n_parts);
    *out = answer.parts[0];
    return MC_OK;
}

static bool is_constant(const mc_value *est)
{
    return mc_bytes_is(mc_class_name(est), "_ConstantPredictor");
}

mc_status mc_ask_binary_score(mc_lowering *to, const mc_value *est, const mc_sym *x, mc_sym *out,
                              mc_error *err)
{
    static const mc_method WANTED[2] = {MC_METHOD_DECISION_FUNCTION, MC_METHOD_PREDICT_PROBA};
    mc_answer_part part = {0};
    mc_method used = MC_METHOD_PREDICT;
    const mc_status status = ask_labels(to, est, x, &part, err);
    if (status == MC_E_NO_METHOD && !is_constant(est) && !is_mute_classifier(est))
        MC_TRY(mc_ask_numbers(to, est, MC_METHOD_PREDICT, x, &part.value, NULL, err));
    else if (status != MC_OK && status != MC_E_NO_METHOD)
        return status;
    else
        MC_TRY(mc_ask_first(to, est, WANTED, x, &part, &used, err));
    *out = part.value;
    if (used == MC_METHOD_PREDICT_PROBA && out->n_cols > 1)
        MC_TRY(mc_emit_column(to, out, 1, out, err));
    if (out->n_cols != 1)
        return mc_refuse(err, est, "%s: expected one score a row, found %zu", mc_method_name(used),
                         out->n_cols);
    return MC_OK;
}

mc_status mc_binary_threshold(mc_lowering *to, const mc_value *est, const mc_sym *x, double *out,
                              mc_error *err)
{
    bool decides = false;
    mc_answer_part part;
    *out = 0.5;
    if (is_constant(est))
        return MC_OK;
    const mc_status status = ask_labels(to, est, x, &part, err);
    if (status == MC_E_NO_METHOD && !is_mute_classifier(est))
        return MC_OK;
    if (status != MC_E_NO_METHOD)
        MC_TRY(status);
    MC_TRY(mc_offers(to, est, MC_METHOD_DECISION_FUNCTION, x, &decides, err));
    *out = decides ? 0.0 : 0.5;
    return MC_OK;
}

static const mc_value *end_of(const mc_value *est)
{
    const mc_value *steps = mc_value_attr(est, "steps");
    if (!mc_value_is(steps, MC_KIND_LIST) || steps->as.items.n == 0)
        return mc_value_attr(est, "estimator");
    const mc_value *last = steps->as.items.at[steps->as.items.n - 1];
    return mc_value_is(last, MC_KIND_TUPLE) && last->as.items.n >= 2 ? last->as.items.at[1] : NULL;
}

bool mc_template_offers(const mc_lowering *to, const mc_value *est, unsigned last)
{
    if (mc_version_of(to, est) > last)
        return true;
    const mc_value *inside = mc_value_attr(est, "base_estimator");
    for (size_t depth = 0; depth < MC_LIMIT_ESTIMATOR_DEPTH; depth++) {
        if (!mc_value_is(inside, MC_KIND_OBJECT))
            return true;
        if (mc_bytes_is(mc_class_name(inside), "StackingClassifier"))
            return false;
        inside = end_of(inside);
    }
    return true;
}
