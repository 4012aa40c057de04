/* hist_boosting.c: histogram gradient boosting.
 *
 * Oracle   sklearn/ensemble/_hist_gradient_boosting/{gradient_boosting.py,_predictor.pyx,
 *          binning.py}, scikit-learn 1.2 to 1.9.
 * Exact    Raw values bit for bit: x and thresholds stay float64. Probabilities and exponential
 *          links within a few ulp: the exponential is the C library's.
 * Why so   Each category node brings its own set, with the categories that its feature knew beside
 *          it: a node then needs no table of features. */
#include <string.h>

#include "import/sklearn/attr.h"
#include "import/sklearn/emit.h"
#include "import/sklearn/tree_ensemble.h"

/* Fields of a predictor's nodes, in scratch memory. */
typedef enum node_field {
    LEFT,
    RIGHT,
    FEATURE,
    NAN_LEFT,
    IS_LEAF,
    IS_CATEGORY,
    SET,
    N_INTEGERS
} node_field;

typedef struct hist_nodes {
    size_t n;
    const int64_t *integers[N_INTEGERS];
    const double *value, *threshold;
    const int64_t *left_sets; /* (n_sets, 8) */
    size_t n_sets;
} hist_nodes;

typedef struct hist_loading {
    const mc_value *est;
    size_t n_features, n_columns; /* of x as the trees see it; trees an iteration */
    uint32_t (*known)[8];         /* load arena (n_features): categories of training */
    mc_packing packing;
    mc_vec sets;      /* mc_category_set */
    mc_arena scratch; /* of one tree */
} hist_loading;

/* -------------------------------------------------------------------- known categories ---- */

/* bin_thresholds_ of a categorical feature are its categories, as codes. */
static mc_status know_feature(mc_lowering *to, hist_loading *load, size_t feature,
                              const mc_value *categories, mc_error *err)
{
    mc_ndarray array;
    double *codes = NULL;
    MC_TRY(mc_ndarray_from_value(to->arena, categories, &array, err));
    MC_TRY(mc_ndarray_f64(to->arena, &array, &codes, err));
    for (size_t i = 0; i < array.n_items; i++) {
        if (!(codes[i] > -1.0 && codes[i] < 256.0)) /* cut off towards zero, as Python does;
                                                       scikit-learn asked with others raises */
            return mc_refuse(err, load->est, "category %g: expected 0 to 255", codes[i]);
        const uint32_t code = (uint32_t)codes[i];
        load->known[feature][code >> 5] |= 1u << (code & 31u);
    }
    return MC_OK;
}

static mc_status know_categories(mc_lowering *to, hist_loading *load, mc_error *err)
{
    const mc_value *mapper = NULL;
    const int64_t *is_category = NULL;
    mc_items thresholds;
    MC_TRY(mc_attr_need(load->est, "_bin_mapper", &mapper, err));
    MC_TRY(
        mc_attr_integers(to, mapper, "is_categorical_", load->n_features, &is_category, NULL, err));
    MC_TRY(mc_attr_items(to, mapper, "bin_thresholds_", &thresholds, err));
    if (thresholds.n != load->n_features)
        return mc_refuse(err, load->est, "bin_thresholds_: %zu features, expected %zu",
                         thresholds.n, load->n_features);
    MC_TRY(mc_arena_take(to->arena, load->n_features, sizeof *load->known, (void **)&load->known,
                         err));
    for (size_t i = 0; i < load->n_features; i++) {
        if (is_category[i] != 0)
            MC_TRY_IN(know_feature(to, load, i, thresholds.at[i], err), err, "bin_thresholds_[%zu]",
                      i);
    }
    return MC_OK;
}

/* ------------------------------------------------------------------------------- nodes ---- */

static mc_status read_numbers(mc_arena *scratch, const mc_ndarray *nodes, const char *name,
                              const double **out, mc_error *err)
{
    mc_ndarray field;
    double *items = NULL;
    MC_TRY(mc_ndarray_field(nodes, name, &field, err));
    MC_TRY_IN(mc_ndarray_f64(scratch, &field, &items, err), err, "field %s", name);
    *out = items;
    return MC_OK;
}

static mc_status read_integers(mc_arena *scratch, const mc_ndarray *array, const int64_t **out,
                               mc_error *err)
{
    int64_t *items = NULL;
    MC_TRY(mc_ndarray_i64(scratch, array, &items, err));
    *out = items;
    return MC_OK;
}

static mc_status read_sets(mc_arena *scratch, const mc_value *value, hist_nodes *out, mc_error *err)
{
    mc_ndarray array;
    MC_TRY(mc_ndarray_from_value(scratch, value, &array, err));
    if (array.n_items == 0)
        return MC_OK;
    if (array.n_dims != 2 || array.shape[1] != 8)
        return mc_fail(err, MC_E_MALFORMED, MC_NO_OFFSET, "expected rows of 8 words");
    out->n_sets = array.shape[0];
    return read_integers(scratch, &array, &out->left_sets, err);
}

static mc_status read_predictor(mc_arena *scratch, const mc_value *predictor, hist_nodes *out,
                                mc_error *err)
{
    static const char *const NAMES[N_INTEGERS] = {
        [LEFT] = "left",           [RIGHT] = "right",
        [FEATURE] = "feature_idx", [NAN_LEFT] = "missing_go_to_left",
        [IS_LEAF] = "is_leaf",     [IS_CATEGORY] = "is_categorical",
        [SET] = "bitset_idx"};
    mc_ndarray nodes, field;
    MC_TRY_IN(mc_ndarray_from_value(scratch, mc_value_attr(predictor, "nodes"), &nodes, err), err,
              "nodes");
    out->n = nodes.n_items;
    for (size_t i = 0; i < N_INTEGERS; i++) {
        MC_TRY_IN(mc_ndarray_field(&nodes, NAMES[i], &field, err), err, "nodes");
        MC_TRY_IN(read_integers(scratch, &field, &out->integers[i], err), err, "field %s",
                  NAMES[i]);
    }
    MC_TRY_IN(read_numbers(scratch, &nodes, "value", &out->value, err), err, "nodes");
    MC_TRY_IN(read_numbers(scratch, &nodes, "num_threshold", &out->threshold, err), err, "nodes");
    MC_TRY_IN(read_sets(scratch, mc_value_attr(predictor, "raw_left_cat_bitsets"), out, err), err,
              "raw_left_cat_bitsets");
    return MC_OK;
}

static mc_status add_set(hist_loading *load, const hist_nodes *tree, size_t i, mc_loose_node *out,
                         mc_error *err)
{
    mc_category_set set;
    const uint64_t at = (uint64_t)tree->integers[SET][i];
    if (at >= tree->n_sets)
        return mc_fail(err, MC_E_MALFORMED, MC_NO_OFFSET, "node %zu: category set %llu of %zu", i,
                       (unsigned long long)at, tree->n_sets);
    for (size_t k = 0; k < 8; k++)
        set.left[k] = (uint32_t)tree->left_sets[at * 8 + k];
    memcpy(set.known, load->known[tree->integers[FEATURE][i]], sizeof set.known);
    out->as.set = load->sets.size / sizeof set;
    out->word |= MC_WIDE_CATEGORY;
    return mc_vec_append(&load->sets, &set, sizeof set, err);
}

static mc_status inner_node(hist_loading *load, const hist_nodes *tree, size_t i,
                            mc_loose_node *out, mc_error *err)
{
    const uint64_t feature = (uint64_t)tree->integers[FEATURE][i];
    const uint64_t left = (uint64_t)tree->integers[LEFT][i];
    const uint64_t right = (uint64_t)tree->integers[RIGHT][i];
    if (feature >= load->n_features || left >= tree->n || right >= tree->n) {
        return mc_fail(err, MC_E_MALFORMED, MC_NO_OFFSET,
                       "node %zu: feature %llu of %zu, children %llu and %llu of %zu", i,
                       (unsigned long long)feature, load->n_features, (unsigned long long)left,
                       (unsigned long long)right, tree->n);
    }
    *out = (mc_loose_node){.as.threshold = tree->threshold[i],
                           .left = (uint32_t)left,
                           .right = (uint32_t)right,
                           .word = (uint32_t)feature};
    if (tree->integers[NAN_LEFT][i] != 0)
        out->word |= MC_WIDE_NAN_LEFT;
    return tree->integers[IS_CATEGORY][i] != 0 ? add_set(load, tree, i, out, err) : MC_OK;
}

static mc_status pack_predictor(hist_loading *load, const mc_value *predictor, mc_error *err)
{
    hist_nodes tree = {0};
    mc_loose_node *nodes = NULL;
    mc_arena_reset(&load->scratch);
    MC_TRY(read_predictor(&load->scratch, predictor, &tree, err));
    if (tree.n >= MC_LOOSE_LEAF)
        return mc_fail(err, MC_E_LIMIT, MC_NO_OFFSET, "%zu nodes", tree.n);
    MC_TRY(mc_arena_new_raw(&load->scratch, mc_loose_node, tree.n, &nodes, err));
    for (size_t i = 0; i < tree.n; i++) {
        if (tree.integers[IS_LEAF][i] == 0) {
            MC_TRY(inner_node(load, &tree, i, &nodes[i], err));
            continue;
        }
        nodes[i].left = MC_LOOSE_LEAF;
        MC_TRY(mc_pack_leaf(&load->packing, &tree.value[i], &nodes[i].leaf, err));
    }
    return mc_pack_tree(&load->packing, nodes, tree.n, &load->scratch, err);
}

/* ---------------------------------------------------------------------------- ensemble ---- */

static mc_status pack_iterations(mc_lowering *to, hist_loading *load, const mc_items *iterations,
                                 mc_error *err)
{
    for (size_t i = 0; i < iterations->n; i++) {
        mc_items trees;
        MC_TRY_IN(mc_items_of(to, iterations->at[i], &trees, err), err, "_predictors[%zu]", i);
        if (trees.n != load->n_columns)
            return mc_refuse(err, load->est, "_predictors[%zu]: %zu trees, expected %zu", i,
                             trees.n, load->n_columns);
        for (size_t k = 0; k < trees.n; k++)
            MC_TRY_IN(pack_predictor(load, trees.at[k], err), err, "_predictors[%zu][%zu]", i, k);
    }
    return MC_OK;
}

static mc_status place(mc_lowering *to, hist_loading *load, mc_ensemble *out, mc_error *err)
{
    const size_t n_words = sizeof(mc_category_set) / sizeof(uint32_t);
    MC_TRY(mc_ensemble_place(to, &load->packing, load->n_features, false, out, err));
    if (load->sets.size == 0)
        return MC_OK;
    return mc_build_array(to->b, MC_ARRAY_U32, load->sets.data,
                          load->sets.size / sizeof(mc_category_set), n_words, &out->sets, err);
}

static mc_status compile(mc_lowering *to, hist_loading *load, mc_ensemble *out, mc_error *err)
{
    mc_items iterations;
    MC_TRY(mc_attr_items(to, load->est, "_predictors", &iterations, err));
    if (iterations.n == 0)
        return mc_refuse(err, load->est, "_predictors: expected at least one, found none");
    MC_TRY(know_categories(to, load, err));
    mc_packing_init(&load->packing, 1, false);
    mc_arena_init(&load->scratch, to->arena->limit, to->arena->name);
    mc_status status = pack_iterations(to, load, &iterations, err);
    if (status == MC_OK)
        status = place(to, load, out, err);
    mc_arena_fini(&load->scratch);
    mc_vec_fini(&load->sets);
    mc_packing_fini(&load->packing);
    return status;
}

/* Compiled once; the methods share it through the memo. */
static mc_status compile_once(mc_lowering *to, const mc_value *est, size_t n_features,
                              size_t n_columns, const mc_ensemble **out, mc_error *err)
{
    uint32_t ids[4] = {0};
    mc_ensemble *made = NULL;
    const uint32_t tag = 0x48495354u; /* "HIST" */
    _Static_assert(sizeof made <= sizeof ids, "a pointer is remembered as ids");
    if (mc_memo_find(to, est, tag, ids)) {
        memcpy(&made, ids, sizeof made);
        *out = made;
        return MC_OK;
    }
    hist_loading load = {.est = est, .n_features = n_features, .n_columns = n_columns};
    MC_TRY(mc_arena_new(to->arena, mc_ensemble, 1, &made, err));
    MC_TRY(compile(to, &load, made, err));
    made->cuts_negatives = mc_version_of(to, est) <= 101; /* since 1.2 they are missing */
    memcpy(ids, &made, sizeof made);
    *out = made;
    return mc_memo_add(to, est, tag, ids, err);
}

static mc_status raw_sums(mc_lowering *to, const mc_value *est, const mc_sym *x, mc_sym *out,
                          mc_error *err)
{
    const mc_ensemble *compiled = NULL;
    const double *baseline = NULL;
    size_t n_columns = 0;
    mc_sym y = *x;
    if (mc_attr_has(est, "_preprocessor")) {
        const mc_value *preprocessor = mc_value_attr(est, "_preprocessor");
        MC_TRY_IN(mc_lower_one(to, preprocessor, MC_METHOD_TRANSFORM, x, &y, err), err,
                  "_preprocessor");
    }
    MC_TRY(mc_attr_vector(to, est, "_baseline_prediction", MC_ANY, &baseline, &n_columns, err));
    if (n_columns == 0)
        return mc_refuse(err, est, "_baseline_prediction: expected a value, found none");
    MC_TRY(compile_once(to, est, y.n_cols, n_columns, &compiled, err));
    const mc_ensemble_sum sum = {.row = baseline, .width = n_columns, .divisor = 1.0};
    return mc_emit_ensemble(to, compiled, &y, MC_OR_NAN | MC_OR_INFINITY, &sum, out, err);
}

/* ----------------------------------------------------------------------------- answers ---- */

static mc_status regressor_answer(mc_lowering *to, const mc_value *est, const mc_sym *raw,
                                  mc_answer *out, mc_error *err)
{
    static const char *const IDENTITY[] = {"squared_error", "absolute_error", "quantile",
                                           "least_squares", "least_absolute_deviation"};
    mc_sym y = *raw;
    if (mc_attr_is_text(est, "loss", "poisson") || mc_attr_is_text(est, "loss", "gamma")) {
        MC_TRY(mc_emit_unary(to, &y, MC_UNARY_EXP, 0.0, 0.0, &y, err));
        return mc_answer_scalar(to, y, out, err);
    }
    for (size_t i = 0; i < MC_COUNT_OF(IDENTITY); i++)
        if (mc_attr_is_text(est, "loss", IDENTITY[i]))
            return mc_answer_scalar(to, y, out, err);
    return mc_refuse(err, est, "loss: expected one by name, found \"%.*s\"",
                     MC_SHOW(mc_attr_text(est, "loss")));
}

static mc_status shares(mc_lowering *to, const mc_sym *raw, mc_sym *out, mc_error *err)
{
    mc_sym p = *raw;
    if (p.n_cols > 1)
        return mc_emit_softmax(to, &p, out, err);
    MC_TRY(mc_emit_unary(to, &p, MC_UNARY_EXPIT, 0.0, 0.0, &p, err));
    return mc_emit_both_sides(to, &p, out, err);
}

/* Since 1.5 the raw values decide; before, the larger share did. Ties: the first class. */
static mc_status labels(mc_lowering *to, const mc_value *est, const mc_sym *raw, mc_answer *out,
                        mc_error *err)
{
    const mc_value *classes = NULL;
    uint32_t table = 0;
    size_t n = 0;
    mc_sym y = *raw;
    const size_t want = raw->n_cols == 1 ? 2 : raw->n_cols;
    MC_TRY(mc_attr_need(est, "classes_", &classes, err));
    MC_TRY(mc_emit_classes(to, classes, &table, &n, err));
    const bool is_only = n == 1 && raw->n_cols == 1; /* its raw value is far below 0 */
    if (n != want && !is_only)
        return mc_refuse(err, est, "classes_: expected %zu classes, found %zu", want, n);
    if (mc_version_of(to, est) < 105 && !is_only)
        MC_TRY(shares(to, raw, &y, err));
    if (y.n_cols == 1 && !is_only)
        MC_TRY(mc_emit_above(to, &y, 0.0, false, &y, err));
    else
        MC_TRY(mc_emit_argmax(to, &y, &y, err));
    return mc_answer_labels(to, y, table, out, err);
}

static mc_status classifier_answer(mc_lowering *to, const mc_value *est, mc_method method,
                                   const mc_sym *raw, mc_answer *out, mc_error *err)
{
    mc_sym y = *raw;
    if (method == MC_METHOD_PREDICT)
        return labels(to, est, raw, out, err);
    if (method == MC_METHOD_DECISION_FUNCTION)
        return y.n_cols == 1 ? mc_answer_scalar(to, y, out, err)
                             : mc_answer_matrix(to, y, out, err);
    MC_TRY(shares(to, raw, &y, err));
    return mc_answer_matrix(to, y, out, err);
}

mc_status mc_lower_hist_boosting(mc_lowering *to, const mc_value *est, mc_method method,
                                 const mc_sym *x, mc_answer *out, mc_error *err)
{
    mc_sym raw;
    const bool is_classifier = mc_bytes_is(mc_class_name(est), "HistGradientBoostingClassifier");
    const bool has_scores =
        method == MC_METHOD_PREDICT_PROBA || method == MC_METHOD_DECISION_FUNCTION;
    if (method != MC_METHOD_PREDICT && !(is_classifier && has_scores))
        return mc_no_method(err, est, method);
    MC_TRY(raw_sums(to, est, x, &raw, err));
    return is_classifier ? classifier_answer(to, est, method, &raw, out, err)
                         : regressor_answer(to, est, &raw, out, err);
}
