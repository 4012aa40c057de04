/* tree_ensemble.c: packed trees -> arrays, steps and answers.
 *
 * Oracle   sklearn/tree/_classes.py, ensemble/_forest.py, scikit-learn 1.2 to 1.9.
 * Exact    Bit for bit, see kernel/tree.c; predict_log_proba within the logarithm's ulp. */
#include "import/sklearn/tree_ensemble.h"

#include <string.h>

#include "import/sklearn/attr.h"
#include "import/sklearn/emit.h"

/* ------------------------------------------------------------------------------ arrays ---- */

static mc_status place_nodes(mc_lowering *to, const mc_packing *packing, size_t n_features,
                             mc_ensemble *out, mc_error *err)
{
    mc_tree_node *narrow = NULL;
    out->n_nodes = mc_packing_n_nodes(packing);
    out->feature_bits = mc_pack_feature_bits(n_features);
    if (out->is_float32) {
        MC_TRY(mc_arena_new_raw(to->arena, mc_tree_node, out->n_nodes, &narrow, err));
        out->is_wide = !mc_pack_narrow(packing, out->feature_bits, narrow);
    } else {
        MC_TRY(mc_place_ranked(to, packing, n_features, &narrow, &out->ranks, err));
        out->is_wide = narrow == NULL;
    }
    return out->is_wide
               ? mc_build_array(to->b, MC_ARRAY_WIDE_NODE, packing->nodes.data, out->n_nodes, 1,
                                &out->nodes, err)
               : mc_build_array(to->b, MC_ARRAY_NODE, narrow, out->n_nodes, 1, &out->nodes, err);
}

static mc_status keep_names(mc_lowering *to, const mc_packing *packing, mc_ensemble *out,
                            mc_error *err)
{
    uint32_t *names = NULL;
    MC_TRY(mc_arena_new_raw(to->arena, uint32_t, out->n_nodes, &names, err));
    memcpy(names, packing->names.data, out->n_nodes * sizeof *names);
    out->names = names;
    return MC_OK;
}

mc_status mc_ensemble_place(mc_lowering *to, const mc_packing *packing, size_t n_features,
                            bool is_float32, mc_ensemble *out, mc_error *err)
{
    *out = (mc_ensemble){.sets = MC_NONE, .is_float32 = is_float32, .ranks = MC_NO_RANKS};
    out->n_trees = packing->roots.size / sizeof(uint32_t);
    MC_TRY(place_nodes(to, packing, n_features, out, err));
    MC_TRY(mc_build_u32(to->b, (const uint32_t *)(const void *)packing->roots.data, out->n_trees,
                        &out->roots, err));
    MC_TRY(mc_build_f64(to->b, (const double *)(const void *)packing->values.data,
                        mc_packing_n_leaves(packing), packing->n_values, &out->values, err));
    return keep_names(to, packing, out, err);
}

/* ------------------------------------------------------------------------------- steps ---- */

/* x in the form that the nodes compare: checked, and narrowed where scikit-learn narrows. */
static mc_status tree_input(mc_lowering *to, const mc_ensemble *ensemble, const mc_sym *x,
                            unsigned allowed, uint32_t *out, mc_error *err)
{
    mc_sym numbers;
    mc_step step = MC_STEP_INIT(NARROW);
    step.op = !ensemble->is_float32 ? MC_OP_CHECK_FINITE
              : ensemble->is_wide   ? MC_OP_ROUND32
                                    : MC_OP_NARROW;
    step.flags = (uint16_t)allowed;
    MC_TRY(mc_to_numbers(to, x, &numbers, err));
    step.src = numbers.buffer;
    MC_TRY(mc_build_step(to->b, step, numbers.n_cols, out, err));
    return ensemble->ranks.thresholds == MC_NONE
               ? MC_OK
               : mc_emit_ranks(to, &ensemble->ranks, *out, numbers.n_cols, out, err);
}

static mc_status sum_arrays(mc_lowering *to, const mc_ensemble_sum *sum, mc_step *step,
                            mc_error *err)
{
    if (sum->row != NULL)
        MC_TRY(mc_build_f64(to->b, sum->row, 1, sum->width, &step->array[3], err));
    if (sum->start != NULL) {
        mc_sym start;
        MC_TRY(mc_to_numbers(to, sum->start, &start, err));
        if (start.n_cols != sum->width) {
            return mc_fail(err, MC_E_MALFORMED, MC_NO_OFFSET,
                           "the sums begin with %zu columns, expected %zu", start.n_cols,
                           sum->width);
        }
        step->src2 = start.buffer;
    }
    return MC_OK;
}

mc_status mc_emit_ensemble(mc_lowering *to, const mc_ensemble *ensemble, const mc_sym *x,
                           unsigned allowed, const mc_ensemble_sum *sum, mc_sym *out, mc_error *err)
{
    uint32_t buffer = 0;
    mc_step step = MC_STEP_INIT(FOREST);
    step.op = ensemble->is_wide ? MC_OP_WIDE_FOREST : MC_OP_FOREST;
    step.n[0] = ensemble->is_wide ? 0 : ensemble->feature_bits;
    step.array[0] = ensemble->nodes;
    step.array[1] = ensemble->roots;
    step.array[2] = ensemble->values;
    step.array[4] = ensemble->sets;
    step.flags = ensemble->cuts_negatives ? MC_STEP_CUTS_NEGATIVES : 0;
    step.value[0] = sum->divisor;
    MC_TRY(sum_arrays(to, sum, &step, err));
    MC_TRY(tree_input(to, ensemble, x, allowed, &step.src, err));
    MC_TRY(mc_build_step(to->b, step, sum->width, &buffer, err));
    *out = (mc_sym){.kind = MC_SYM_NUMBERS, .buffer = buffer, .n_cols = sum->width};
    return MC_OK;
}

mc_status mc_emit_ensemble_leaves(mc_lowering *to, const mc_ensemble *ensemble, const mc_sym *x,
                                  unsigned allowed, mc_sym *out, mc_error *err)
{
    uint32_t buffer = 0;
    mc_step step = MC_STEP_INIT(FOREST_APPLY);
    step.op = ensemble->is_wide ? MC_OP_WIDE_APPLY : MC_OP_FOREST_APPLY;
    step.n[0] = ensemble->is_wide ? 0 : ensemble->feature_bits;
    step.array[0] = ensemble->nodes;
    step.array[1] = ensemble->roots;
    step.array[5] = ensemble->sets;
    MC_TRY(mc_build_u32(to->b, ensemble->names, ensemble->n_nodes, &step.array[4], err));
    MC_TRY(tree_input(to, ensemble, x, allowed, &step.src, err));
    MC_TRY(mc_build_step(to->b, step, ensemble->n_trees, &buffer, err));
    *out = (mc_sym){.kind = MC_SYM_NUMBERS,
                    .buffer = buffer,
                    .n_cols = ensemble->n_trees,
                    .type = MC_VALUE_INT};
    return MC_OK;
}

mc_status mc_emit_ensemble_paths(mc_lowering *to, const mc_ensemble *ensemble, const mc_sym *x,
                                 unsigned allowed, bool nan_right, const uint32_t *starts,
                                 mc_sym *out, mc_error *err)
{
    const size_t width = starts[ensemble->n_trees];
    uint32_t buffer = 0;
    mc_step step = MC_STEP_INIT(FOREST_PATH);
    step.op = ensemble->is_wide ? MC_OP_WIDE_PATH : MC_OP_FOREST_PATH;
    step.n[0] = ensemble->is_wide ? 0 : ensemble->feature_bits;
    step.flags = nan_right ? MC_STEP_NAN_RIGHT : 0;
    step.array[0] = ensemble->nodes;
    step.array[1] = ensemble->roots;
    step.array[5] = ensemble->sets;
    MC_TRY(mc_build_u32(to->b, starts, ensemble->n_trees + 1, &step.array[2], err));
    MC_TRY(mc_build_u32(to->b, ensemble->names, ensemble->n_nodes, &step.array[4], err));
    MC_TRY(tree_input(to, ensemble, x, allowed, &step.src, err));
    MC_TRY(mc_build_step(to->b, step, width, &buffer, err));
    *out = (mc_sym){.kind = MC_SYM_SPARSE,
                    .buffer = buffer,
                    .n_cols = width,
                    .sparse = true,
                    .type = MC_VALUE_INT};
    return MC_OK;
}

mc_status mc_tree_columns_of(mc_lowering *to, const mc_value *value, size_t n_features,
                             mc_tree_columns *out, mc_error *err)
{
    mc_ndarray array;
    int64_t *items = NULL;
    uint32_t *at = NULL;
    MC_TRY(mc_ndarray_from_value(to->arena, value, &array, err));
    MC_TRY(mc_ndarray_i64(to->arena, &array, &items, err));
    MC_TRY(mc_arena_new(to->arena, uint32_t, array.n_items, &at, err));
    for (size_t i = 0; i < array.n_items; i++) {
        if (items[i] < 0 || (uint64_t)items[i] >= n_features)
            return mc_fail(err, MC_E_MALFORMED, MC_NO_OFFSET, "column %lld of %zu",
                           (long long)items[i], n_features);
        at[i] = (uint32_t)items[i];
    }
    *out = (mc_tree_columns){at, array.n_items};
    return MC_OK;
}

/* ---------------------------------------------------------------------- missing values ---- */

bool mc_forest_knows_nan(const mc_value *forest)
{
    static const char *const KNOWN[] = {"gini",          "log_loss",     "entropy",
                                        "squared_error", "friedman_mse", "poisson"};
    for (size_t i = 0; i < MC_COUNT_OF(KNOWN); i++)
        if (mc_attr_is_text(forest, "criterion", KNOWN[i]))
            return true;
    return false;
}

/* _support_missing_values() of each version. 1.6 forgets to set ExtraTreeRegressor's own tag. */
static bool knows_nan(const mc_value *tree, unsigned version)
{
    const mc_bytes name = mc_class_name(tree);
    const bool is_extra = mc_bytes_is(name, "ExtraTreeClassifier") ||
                          (mc_bytes_is(name, "ExtraTreeRegressor") && version != 106);
    const bool is_random = mc_attr_is_text(tree, "splitter", "random");
    const bool is_best = mc_attr_is_text(tree, "splitter", "best");
    if (version >= 109)
        return is_random || !is_extra;
    if (version < 103 || !mc_forest_knows_nan(tree) || mc_attr_has(tree, "monotonic_cst"))
        return false;
    if (version < 106)
        return is_best;
    return is_random || (is_best && !is_extra);
}

unsigned mc_tree_allows(const mc_lowering *to, const mc_value *tree, const mc_sym *x)
{
    return !x->sparse && knows_nan(tree, mc_version_of(to, tree)) ? MC_OR_NAN : MC_FINITE;
}

/* ----------------------------------------------------------------------------- answers ---- */

/* Up to 0.20 the labels of many outputs come as floats. */
static mc_status float_classes(mc_lowering *to, const mc_value *classes, uint32_t *out_table,
                               size_t *out_n, mc_error *err)
{
    mc_ndarray array;
    mc_cell *cells = NULL;
    MC_TRY_IN(mc_ndarray_from_value(to->arena, classes, &array, err), err, "classes_");
    MC_TRY_IN(mc_ndarray_cells(to->arena, &array, &cells, err), err, "classes_");
    for (size_t i = 0; i < array.n_items; i++)
        if (cells[i].kind == MC_CELL_INTEGER || cells[i].kind == MC_CELL_BOOL)
            cells[i] = (mc_cell){.kind = MC_CELL_NUMBER, .as.number = (double)cells[i].as.integer};
    *out_n = array.n_items;
    return mc_build_classes(to->b, cells, array.n_items, out_table, err);
}

/* classes_ of output k: one array, or a list of them. */
static mc_status classes_of(mc_lowering *to, const mc_tree_answer *shape, size_t k,
                            uint32_t *out_table, size_t *out_n, mc_error *err)
{
    const mc_value *classes = NULL;
    MC_TRY(mc_attr_need(shape->est, "classes_", &classes, err));
    if (shape->n_outputs > 1) {
        mc_items items;
        MC_TRY_IN(mc_items_of(to, classes, &items, err), err, "classes_");
        if (items.n != shape->n_outputs)
            return mc_refuse(err, shape->est, "classes_: expected %zu lists, found %zu",
                             shape->n_outputs, items.n);
        classes = items.at[k];
    }
    if (shape->n_outputs > 1 && mc_version_of(to, shape->est) <= 20)
        MC_TRY(float_classes(to, classes, out_table, out_n, err));
    else
        MC_TRY(mc_emit_classes(to, classes, out_table, out_n, err));
    /* Outputs with fewer classes than another are padded; a single output has all of them. */
    const bool fits = *out_n == shape->n_classes || (shape->n_outputs > 1 && *out_n != 0);
    if (!fits || *out_n > shape->n_classes)
        return mc_refuse(err, shape->est, "classes_: %zu classes, the trees know %zu", *out_n,
                         shape->n_classes);
    return MC_OK;
}

/* The sums of output k, as many as it has classes. */
static mc_status sums_of(mc_lowering *to, const mc_tree_answer *shape, const mc_sym *sums, size_t k,
                         size_t n, mc_sym *out, mc_error *err)
{
    uint32_t *at = NULL;
    *out = *sums;
    if (shape->n_outputs == 1 && n == shape->n_classes)
        return MC_OK;
    MC_TRY(mc_arena_new(to->arena, uint32_t, n, &at, err));
    for (size_t j = 0; j < n; j++)
        at[j] = (uint32_t)(k * shape->n_classes + j);
    return mc_emit_columns(to, sums, at, n, out, err);
}

mc_status mc_answer_tree_labels(mc_lowering *to, const mc_tree_answer *shape, const mc_sym *sums,
                                mc_answer *out, mc_error *err)
{
    MC_TRY(mc_answer_parts(to, shape->n_outputs, out, err));
    for (size_t k = 0; k < shape->n_outputs; k++) {
        mc_answer_part *part = &out->parts[k];
        size_t n = 0;
        MC_TRY(classes_of(to, shape, k, &part->table, &n, err));
        MC_TRY(sums_of(to, shape, sums, k, n, &part->value, err));
        MC_TRY(mc_emit_argmax(to, &part->value, &part->value, err));
        part->scalar = true;
    }
    return MC_OK;
}

mc_status mc_answer_tree_shares(mc_lowering *to, const mc_tree_answer *shape, const mc_sym *sums,
                                bool as_log, mc_answer *out, mc_error *err)
{
    MC_TRY(mc_answer_parts(to, shape->n_outputs, out, err));
    for (size_t k = 0; k < shape->n_outputs; k++) {
        mc_sym *value = &out->parts[k].value;
        uint32_t table = 0;
        size_t n = 0;
        MC_TRY(classes_of(to, shape, k, &table, &n, err));
        MC_TRY(sums_of(to, shape, sums, k, n, value, err));
        if (as_log)
            MC_TRY(mc_emit_unary(to, value, MC_UNARY_LOG, 0.0, 0.0, value, err));
    }
    return MC_OK;
}

mc_status mc_answer_tree_values(mc_lowering *to, const mc_tree_answer *shape, const mc_sym *sums,
                                mc_answer *out, mc_error *err)
{
    if (shape->n_classes != 1)
        return mc_refuse(err, shape->est, "its trees hold %zu values an output, expected one",
                         shape->n_classes);
    return shape->n_outputs == 1 ? mc_answer_scalar(to, *sums, out, err)
                                 : mc_answer_matrix(to, *sums, out, err);
}
