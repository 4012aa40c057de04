/* neighbors_votes.c: the estimators that vote, average or name neighbours.
 *
 * Oracle   sklearn/neighbors/_classification.py, _regression.py, _graph.py, _unsupervised.py,
 *          scikit-learn 1.2 to 1.9.
 * Exact    As kernel/neighbors.c and kernel/neighbor_sums.c: neighbours and their order; means and
 *          shares bit for bit up to 128 neighbours.
 * Why so   predict and predict_proba add the same weights in different orders there, so they do
 *          here: a tie broken by rounding falls the same way. */
#include <math.h>

#include "base/limits.h"
#include "base/size.h"
#include "import/sklearn/attr.h"
#include "import/sklearn/emit.h"
#include "import/sklearn/function_call.h"
#include "import/sklearn/neighbors_fit.h"
#include "kernel/category.h"
#include "kernel/neighbor_sums.h"

/* A KNeighbors or RadiusNeighbors estimator asked for the neighbours of rows. */
typedef struct asked {
    const mc_value *est;
    mc_near_fit fit;
    mc_near_weights weights;
    bool by_radius;
    mc_sym lists;
} asked;

static bool is_by_radius(const mc_value *est)
{
    const mc_bytes name = mc_class_name(est);
    return name.size > 6 && name.data[0] == 'R';
}

/* Within a radius it is handed an array of arrays, which takes what Python has an operator for. */
static bool takes_arrays(const mc_value *function)
{
    static const char *const NAMES[] = {
        "reciprocal", "square",   "negative", "absolute", "positive", "subtract",
        "divide",     "multiply", "add",      "power",    "neg",      "pos",
        "abs",        "sub",      "truediv",  "mul",      "pow",      "true_divide"};
    if (mc_value_is(function, MC_KIND_OBJECT) && mc_value_is_a(function, "functools", "partial")) {
        const mc_value *state = function->as.object->state; /* (func, args, keywords, __dict__) */
        function = mc_value_is(state, MC_KIND_TUPLE) && state->as.items.n > 0
                       ? state->as.items.at[0]
                       : function;
    }
    for (size_t i = 0; mc_value_is(function, MC_KIND_GLOBAL) && i < MC_COUNT_OF(NAMES); i++)
        if (mc_bytes_is(function->as.global->name, NAMES[i]))
            return true;
    return false;
}

static mc_status read_weights(const mc_value *est, mc_near_weights *out, mc_error *err)
{
    char text[160];
    const mc_value *weights = mc_value_attr(est, "weights");
    *out = MC_WEIGH_ALIKE;
    if (mc_value_is_none(weights) || mc_value_is_text(weights, "uniform"))
        return MC_OK;
    *out = MC_WEIGH_BY_DISTANCE;
    if (mc_value_is_text(weights, "distance"))
        return MC_OK;
    *out = MC_WEIGH_GIVEN;
    const bool is_called =
        mc_value_is(weights, MC_KIND_OBJECT) || mc_value_is(weights, MC_KIND_GLOBAL);
    if (is_called && (!is_by_radius(est) || takes_arrays(weights)))
        return MC_OK;
    return mc_refuse(err, est, "weights: expected \"uniform\" or \"distance\", found %s",
                     mc_value_type_name(weights, text, sizeof text));
}

/* The lists with what a function makes of the distances in their place. */
static mc_status weigh_lists(mc_lowering *to, asked *a, mc_error *err)
{
    mc_step step = MC_STEP_INIT(NEAR_WEIGHED);
    mc_sym weights;
    bool is_flat = false;
    const size_t room = (a->lists.n_cols - 1) / 2;
    MC_TRY(mc_emit_slice(to, &a->lists, 1, room, &weights, err));
    MC_TRY_IN(
        mc_emit_named(to, a->est, mc_value_attr(a->est, "weights"), NULL, &weights, &is_flat, err),
        err, "weights");
    MC_TRY(mc_to_numbers(to, &weights, &weights, err));
    if (is_flat || weights.n_cols != room)
        return mc_refuse(err, a->est, "weights: %zu values of %zu distances", weights.n_cols, room);
    const bool refuses_zeros = mc_version_of(to, a->est) >= 104 &&
                               mc_bytes_is(mc_class_name(a->est), "KNeighborsClassifier");
    step.flags = refuses_zeros ? MC_STEP_NOT_ALL_ZERO : 0;
    step.src = a->lists.buffer;
    step.src2 = weights.buffer;
    return mc_build_step(to->b, step, a->lists.n_cols, &a->lists.buffer, err);
}

/* Lists of n_neighbors + `more` neighbours, or of those within the radius. */
static mc_status ask(mc_lowering *to, const mc_value *est, const mc_sym *x, int64_t more,
                     asked *out, mc_error *err)
{
    mc_sym rows;
    int64_t k = 0;
    double radius = 0.0;
    *out = (asked){.est = est, .by_radius = is_by_radius(est)};
    MC_TRY(read_weights(est, &out->weights, err));
    MC_TRY(mc_near_open(to, est, &out->fit, err));
    MC_TRY(mc_near_input(to, &out->fit, x, &rows, err));
    if (out->by_radius) {
        MC_TRY(mc_attr_number(est, "radius", (double)NAN, &radius, err));
        if (isnan(radius))
            return mc_refuse(err, est, "radius: expected a number, found None");
        MC_TRY(mc_emit_within(to, &out->fit, &rows, radius, &out->lists, err));
    } else {
        MC_TRY(mc_attr_integer(est, "n_neighbors", 5, &k, err));
        MC_TRY(mc_emit_nearest(to, &out->fit, &rows, k + more, &out->lists, err));
    }
    return out->weights == MC_WEIGH_GIVEN ? weigh_lists(to, out, err) : MC_OK;
}

static mc_status list_step(mc_lowering *to, const asked *a, mc_step step, size_t width, mc_sym *out,
                           mc_error *err)
{
    uint32_t buffer = 0;
    step.src = a->lists.buffer;
    MC_TRY(mc_build_step(to->b, step, width, &buffer, err));
    *out = (mc_sym){.kind = MC_SYM_NUMBERS, .buffer = buffer, .n_cols = width};
    return MC_OK;
}

/* ---------------------------------------------------------- the neighbours, and graphs ---- */

static bool is_about_neighbors(mc_method method)
{
    return method == MC_METHOD_KNEIGHBORS || method == MC_METHOD_KNEIGHBORS_GRAPH ||
           method == MC_METHOD_RADIUS_NEIGHBORS || method == MC_METHOD_RADIUS_NEIGHBORS_GRAPH;
}

/* Estimators that were fitted for more neighbours than there are rows (LocalOutlierFactor makes do
 * with fewer) answer no kneighbors() in scikit-learn either. */
static mc_status ask_nearest(mc_lowering *to, mc_method method, const mc_sym *x, asked *a,
                             size_t *out_k, mc_error *err)
{
    int64_t k = 0;
    mc_sym rows;
    if (is_by_radius(a->est) || !mc_attr_has(a->est, "n_neighbors"))
        return mc_no_method(err, a->est, method);
    MC_TRY(mc_attr_integer(a->est, "n_neighbors", 5, &k, err));
    MC_TRY(mc_near_open(to, a->est, &a->fit, err));
    if (k < 1 || (uint64_t)k > a->fit.n)
        return mc_no_method(err, a->est, method);
    MC_TRY(mc_near_input(to, &a->fit, x, &rows, err));
    *out_k = (size_t)k;
    return mc_emit_nearest(to, &a->fit, &rows, k, &a->lists, err);
}

/* What the estimator is made for takes its radius; NearestNeighbors has this method besides, and
 * does without if it has no radius or more rows than a list has room for. */
static mc_status ask_within(mc_lowering *to, mc_method method, const mc_sym *x, asked *a,
                            mc_error *err)
{
    mc_sym rows;
    double radius = 0.0;
    MC_TRY(mc_attr_number(a->est, "radius", (double)NAN, &radius, err));
    MC_TRY(mc_near_open(to, a->est, &a->fit, err));
    if (isnan(radius) || a->fit.n > (MC_LIMIT_WIDTH - 1) / 2)
        return mc_no_method(err, a->est, method);
    MC_TRY(mc_near_input(to, &a->fit, x, &rows, err));
    return mc_emit_within(to, &a->fit, &rows, radius, &a->lists, err);
}

static mc_status answer_graph(mc_lowering *to, const asked *a, mc_answer *out, mc_error *err)
{
    const mc_step step = MC_STEP_INIT(NEAR_SPREAD);
    mc_sym y;
    MC_TRY(list_step(to, a, step, a->fit.n, &y, err));
    y.sparse = true;
    return mc_answer_matrix(to, y, out, err);
}

/* Distances and indices of k neighbours a row, side by side in two matrices. */
static mc_status answer_columns(mc_lowering *to, const asked *a, size_t k, mc_answer *out,
                                mc_error *err)
{
    const size_t room = (a->lists.n_cols - 1) / 2;
    MC_TRY(mc_emit_slice(to, &a->lists, 1, k, &out->parts[0].value, err));
    MC_TRY(mc_emit_slice(to, &a->lists, 1 + room, k, &out->parts[1].value, err));
    out->parts[1].value.type = MC_VALUE_INT;
    return MC_OK;
}

/* The same of as many as there are: a list a row. */
static mc_status answer_cells(mc_lowering *to, const asked *a, mc_answer *out, mc_error *err)
{
    for (size_t i = 0; i < 2; i++) {
        mc_step step = MC_STEP_INIT(NEAR_CELLS);
        mc_sym *value = &out->parts[i].value;
        step.flags = i == 0 ? MC_STEP_AS_DISTANCES : 0;
        MC_TRY(list_step(to, a, step, 1, value, err));
        value->kind = MC_SYM_CELLS;
        out->parts[i].scalar = true;
    }
    return MC_OK;
}

static mc_status answer_neighbors(mc_lowering *to, const mc_value *est, mc_method method,
                                  const mc_sym *x, mc_answer *out, mc_error *err)
{
    asked a = {.est = est};
    size_t k = 0;
    const bool by_radius =
        method == MC_METHOD_RADIUS_NEIGHBORS || method == MC_METHOD_RADIUS_NEIGHBORS_GRAPH;
    MC_TRY(by_radius ? ask_within(to, method, x, &a, err)
                     : ask_nearest(to, method, x, &a, &k, err));
    if (method == MC_METHOD_KNEIGHBORS_GRAPH || method == MC_METHOD_RADIUS_NEIGHBORS_GRAPH)
        return answer_graph(to, &a, out, err);
    MC_TRY(mc_answer_parts(to, 2, out, err));
    out->parts[0].name = "distances";
    out->parts[1].name = "indices";
    out->is_list = false;
    return by_radius ? answer_cells(to, &a, out, err) : answer_columns(to, &a, k, out, err);
}

mc_status mc_lower_nearest_neighbors(mc_lowering *to, const mc_value *est, mc_method method,
                                     const mc_sym *x, mc_answer *out, mc_error *err)
{
    return is_about_neighbors(method) ? answer_neighbors(to, est, method, x, out, err)
                                      : mc_no_method(err, est, method);
}

/* ------------------------------------------------------------------------- transformers ---- */

mc_status mc_lower_neighbors_transformer(mc_lowering *to, const mc_value *est, mc_method method,
                                         const mc_sym *x, mc_answer *out, mc_error *err)
{
    static const char *const MODES[] = {"connectivity", "distance"};
    asked a;
    size_t mode = 0;
    mc_sym y;
    if (is_about_neighbors(method))
        return answer_neighbors(to, est, method, x, out, err);
    if (method != MC_METHOD_TRANSFORM)
        return mc_no_method(err, est, method);
    MC_TRY(mc_attr_choice(est, "mode", MODES, MC_COUNT_OF(MODES), &mode, err));
    const bool distances = mode == 1;
    MC_TRY(ask(to, est, x, distances ? 1 : 0, &a, err));
    mc_step step = MC_STEP_INIT(NEAR_SPREAD);
    step.flags = distances ? MC_STEP_AS_DISTANCES : 0;
    MC_TRY(list_step(to, &a, step, a.fit.n, &y, err));
    y.sparse = true;
    if (distances)
        MC_TRY(mc_near_note_graph(to, &y, &a.lists, !a.by_radius, err));
    return mc_answer_matrix(to, y, out, err);
}

/* -------------------------------------------------------------------------- regressors ---- */

mc_status mc_lower_neighbors_regressor(mc_lowering *to, const mc_value *est, mc_method method,
                                       const mc_sym *x, mc_answer *out, mc_error *err)
{
    asked a;
    mc_ndarray targets;
    double *values = NULL;
    mc_sym y;
    if (is_about_neighbors(method))
        return answer_neighbors(to, est, method, x, out, err);
    if (method != MC_METHOD_PREDICT)
        return mc_no_method(err, est, method);
    MC_TRY(mc_attr_array(to, est, "_y", &targets, err));
    MC_TRY_IN(mc_ndarray_f64(to->arena, &targets, &values, err), err, "attribute _y");
    MC_TRY(ask(to, est, x, 0, &a, err));
    if (targets.n_dims < 1 || targets.n_dims > 2 || targets.shape[0] != a.fit.n)
        return mc_refuse(err, est, "_y: expected %zu targets, found %zu dimensions", a.fit.n,
                         targets.n_dims);
    const size_t width = targets.n_dims == 2 ? targets.shape[1] : 1;
    mc_step step = MC_STEP_INIT(NEAR_MEAN);
    step.n[0] = a.weights;
    MC_TRY(mc_build_f64(to->b, values, a.fit.n, width, &step.array[0], err));
    MC_TRY(list_step(to, &a, step, width, &y, err));
    return targets.n_dims == 1 ? mc_answer_scalar(to, y, out, err)
                               : mc_answer_matrix(to, y, out, err);
}

/* ------------------------------------------------------------------------- classifiers ---- */

/* One output of a classifier. */
typedef struct output {
    const mc_cell *classes;
    size_t n_classes;
    const uint32_t *codes; /* (fit.n) */
    double *empty;         /* (n_classes + 1), or NULL: rows without neighbours are refused */
    mc_cell outlier;       /* the label of such rows ... */
    bool adds_class;       /* ... which is none of the classes */
} output;

static mc_status read_classes(mc_lowering *to, const mc_value *est, size_t k, size_t n_outputs,
                              output *out, mc_error *err)
{
    const mc_value *value = NULL;
    mc_ndarray array;
    mc_items items;
    mc_cell *cells = NULL;
    MC_TRY(mc_attr_need(est, "classes_", &value, err));
    if (n_outputs > 1) {
        MC_TRY(mc_attr_items(to, est, "classes_", &items, err));
        if (items.n != n_outputs)
            return mc_refuse(err, est, "classes_: expected %zu items, found %zu", n_outputs,
                             items.n);
        value = items.at[k];
    }
    MC_TRY_IN(mc_ndarray_from_value(to->arena, value, &array, err), err, "attribute classes_");
    MC_TRY_IN(mc_ndarray_cells(to->arena, &array, &cells, err), err, "attribute classes_");
    out->classes = cells;
    out->n_classes = array.n_items;
    return MC_OK;
}

/* Column k of _y (n, n_outputs). */
static mc_status read_codes(mc_lowering *to, const mc_value *est, const int64_t *y, size_t n,
                            size_t k, size_t n_outputs, output *out, mc_error *err)
{
    uint32_t *codes = NULL;
    MC_TRY(mc_arena_new(to->arena, uint32_t, n, &codes, err));
    for (size_t i = 0; i < n; i++) {
        const int64_t code = y[i * n_outputs + k];
        if (code < 0 || (uint64_t)code >= out->n_classes)
            return mc_refuse(err, est, "_y: class %lld of %zu", (long long)code, out->n_classes);
        codes[i] = (uint32_t)code;
    }
    out->codes = codes;
    return MC_OK;
}

/* Whether RadiusNeighborsClassMode answers: it looks outlier_label up among the numbers of the
 * classes, not among the classes. */
static bool in_class_mode(const asked *a, size_t n_outputs)
{
    return a->fit.version >= 104 && a->fit.way == MC_NEAR_SEARCHED && !a->fit.is_tree &&
           !a->fit.metric.through_dots && mc_attr_is_text(a->est, "weights", "uniform") &&
           n_outputs == 1; /* weights=None, too, are all alike, but not asked there */
}

/* outlier_label_ of output k; *out_has is false where there is none. Up to 0.21 the parameter is
 * used as it is given: one label for all outputs, or one for each. */
static mc_status outlier_label(mc_lowering *to, const mc_value *est, size_t k, mc_cell *out,
                               bool *out_has, mc_error *err)
{
    mc_items items;
    const bool is_old = mc_version_of(to, est) <= 21;
    const mc_value *value = mc_value_attr(est, is_old ? "outlier_label" : "outlier_label_");
    *out_has = !mc_value_is_none(value);
    if (!*out_has)
        return MC_OK;
    if (is_old && mc_cell_from_value(to->arena, value, out, NULL) == MC_OK)
        return MC_OK;
    MC_TRY_IN(mc_items_of(to, value, &items, err), err, "attribute outlier_label_");
    if (k >= items.n)
        return mc_refuse(err, est, "outlier_label_: %zu labels", items.n);
    MC_TRY_IN(mc_cell_from_value(to->arena, items.at[k], out, err), err,
              "attribute outlier_label_");
    return MC_OK;
}

static mc_status read_outlier(mc_lowering *to, const asked *a, size_t k, size_t n_outputs,
                              output *out, mc_error *err)
{
    bool has = false;
    if (!a->by_radius)
        return MC_OK;
    MC_TRY(outlier_label(to, a->est, k, &out->outlier, &has, err));
    if (!has)
        return MC_OK;
    MC_TRY(mc_arena_new(to->arena, double, out->n_classes + 1, &out->empty, err));
    size_t at = 0;
    if (in_class_mode(a, n_outputs)) {
        const mc_value *label = mc_value_attr(a->est, "outlier_label");
        int64_t number = -1;
        if (!mc_value_is(label, MC_KIND_TEXT) &&
            mc_integer_from_value(label, &number, NULL) != MC_OK)
            number = -1;
        at = number < 0 || (uint64_t)number >= out->n_classes ? out->n_classes : (size_t)number;
    } else {
        while (at < out->n_classes && mc_cell_compare(&out->classes[at], &out->outlier) != 0)
            at++;
    }
    out->adds_class = at == out->n_classes;
    out->empty[at] = 1.0;
    return MC_OK;
}

/* Sums of weights, one column a class, and for predict one more for an outlier label that is none
 * of them. */
static mc_status emit_votes(mc_lowering *to, const asked *a, const output *o, bool for_labels,
                            mc_sym *out, mc_error *err)
{
    mc_step step = MC_STEP_INIT(NEAR_VOTES);
    const size_t width = o->n_classes + (for_labels && o->adds_class ? 1 : 0);
    step.n[0] = a->weights;
    step.n[1] = for_labels && !a->by_radius ? MC_SUM_NUMPY : MC_SUM_IN_ORDER;
    MC_TRY(mc_build_u32(to->b, o->codes, a->fit.n, &step.array[0], err));
    if (o->empty != NULL)
        MC_TRY(mc_build_f64(to->b, o->empty, 1, width, &step.array[1], err));
    return list_step(to, a, step, width, out, err);
}

static mc_status label_table(mc_lowering *to, const output *o, uint32_t *out, mc_error *err)
{
    mc_cell *labels = NULL;
    MC_TRY(mc_arena_new(to->arena, mc_cell, o->n_classes + 1, &labels, err));
    for (size_t i = 0; i < o->n_classes; i++)
        labels[i] = o->classes[i];
    labels[o->n_classes] = o->outlier;
    return mc_build_classes(to->b, labels, o->n_classes + (o->adds_class ? 1 : 0), out, err);
}

/* Sums as predict() compares them where a function weighs: what is not above 0 is passed over, and
 * of shares the first that is NaN is the largest. */
static mc_status as_compared(mc_lowering *to, const asked *a, mc_sym *x, mc_error *err)
{
    if (a->by_radius)
        return mc_emit_unary(to, x, MC_UNARY_IF_NAN, INFINITY, 0.0, x, err);
    MC_TRY(mc_emit_unary(to, x, MC_UNARY_CLIP, 0.0, INFINITY, x, err));
    return mc_emit_unary(to, x, MC_UNARY_IF_NAN, 0.0, 0.0, x, err);
}

static mc_status answer_output(mc_lowering *to, const asked *a, const output *o, mc_method method,
                               mc_answer_part *out, mc_error *err)
{
    const bool for_labels = method == MC_METHOD_PREDICT;
    MC_TRY(emit_votes(to, a, o, for_labels, &out->value, err));
    const bool zero_stays =
        a->by_radius || mc_version_of(to, a->est) < 104; /* all infinitely far */
    if (!for_labels || a->by_radius)
        MC_TRY(mc_emit_row_share(to, &out->value, zero_stays ? MC_ZERO_STAYS : MC_ZERO_DIVIDES,
                                 &out->value, err));
    if (!for_labels)
        return MC_OK;
    out->scalar = true;
    if (a->weights == MC_WEIGH_GIVEN)
        MC_TRY(as_compared(to, a, &out->value, err));
    MC_TRY(mc_emit_argmax(to, &out->value, &out->value, err));
    return label_table(to, o, &out->table, err);
}

mc_status mc_lower_neighbors_classifier(mc_lowering *to, const mc_value *est, mc_method method,
                                        const mc_sym *x, mc_answer *out, mc_error *err)
{
    asked a;
    mc_ndarray targets;
    int64_t *y = NULL;
    if (is_about_neighbors(method))
        return answer_neighbors(to, est, method, x, out, err);
    /* The shares of a radius are known since 0.22. */
    const bool has_proba = !mc_bytes_is(mc_class_name(est), "RadiusNeighborsClassifier") ||
                           mc_version_of(to, est) >= 22;
    if (method != MC_METHOD_PREDICT && (method != MC_METHOD_PREDICT_PROBA || !has_proba))
        return mc_no_method(err, est, method);
    MC_TRY(mc_attr_array(to, est, "_y", &targets, err));
    MC_TRY_IN(mc_ndarray_i64(to->arena, &targets, &y, err), err, "attribute _y");
    MC_TRY(ask(to, est, x, 0, &a, err));
    if (targets.n_dims < 1 || targets.n_dims > 2 || targets.shape[0] != a.fit.n)
        return mc_refuse(err, est, "_y: expected %zu targets, found %zu dimensions", a.fit.n,
                         targets.n_dims);
    const size_t n_outputs = targets.n_dims == 2 ? targets.shape[1] : 1;
    MC_TRY(mc_answer_parts(to, n_outputs, out, err));
    for (size_t k = 0; k < n_outputs; k++) {
        output o = {.n_classes = 0};
        MC_TRY(read_classes(to, est, k, n_outputs, &o, err));
        MC_TRY(read_codes(to, est, y, a.fit.n, k, n_outputs, &o, err));
        MC_TRY(read_outlier(to, &a, k, n_outputs, &o, err));
        MC_TRY(answer_output(to, &a, &o, method, &out->parts[k], err));
    }
    return MC_OK;
}
