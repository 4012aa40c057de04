/* bagging.c: the mean of any estimators, each on columns of its own.
 *
 * Oracle   sklearn/ensemble/_bagging.py, scikit-learn 1.2 to 1.9.
 * Exact    As its estimators: sums in the order of estimators_, divided by their number, as with
 *          n_jobs=1. predict_log_proba within a few ulp of numpy.logaddexp.
 * Why so   Decision trees that know all classes are one forest: one step instead of one a tree. */
#include <math.h>
#include <string.h>

#include "import/sklearn/attr.h"
#include "import/sklearn/emit.h"
#include "import/sklearn/meta_ask.h"
#include "import/sklearn/tree_ensemble.h"

typedef struct bagging {
    const mc_value *est;
    mc_items estimators;
    const mc_tree_columns *columns; /* (n) arena */
    bool is_classifier;
    size_t n_classes;
} bagging;

static mc_status open_bagging(mc_lowering *to, const mc_value *est, const mc_sym *x, bagging *out,
                              mc_error *err)
{
    mc_items features;
    mc_tree_columns *columns = NULL;
    int64_t n_classes = 0;
    *out = (bagging){.est = est,
                     .is_classifier = !mc_bytes_is(mc_class_name(est), "BaggingRegressor")};
    MC_TRY(mc_attr_items(to, est, "estimators_", &out->estimators, err));
    MC_TRY(mc_attr_items(to, est, "estimators_features_", &features, err));
    if (out->estimators.n == 0 || features.n != out->estimators.n)
        return mc_refuse(err, est, "%zu estimators with %zu sets of columns", out->estimators.n,
                         features.n);
    MC_TRY(mc_arena_new(to->arena, mc_tree_columns, features.n, &columns, err));
    for (size_t i = 0; i < features.n; i++)
        MC_TRY_IN(mc_tree_columns_of(to, features.at[i], x->n_cols, &columns[i], err), err,
                  "estimators_features_[%zu]", i);
    out->columns = columns;
    MC_TRY(mc_attr_integer(est, "n_classes_", 0, &n_classes, err));
    if (out->is_classifier && (n_classes < 1 || n_classes > (int64_t)MC_LIMIT_WIDTH))
        return mc_refuse(err, est, "n_classes_: %lld", (long long)n_classes);
    out->n_classes = (size_t)n_classes;
    return MC_OK;
}

/* ----------------------------------------------------------------------- decision trees ---- */

/* Trees of one output that know all classes? */
static bool is_forest(const bagging *bag)
{
    static const char *const TREES[] = {"DecisionTreeClassifier", "DecisionTreeRegressor",
                                        "ExtraTreeClassifier", "ExtraTreeRegressor"};
    for (size_t i = 0; i < bag->estimators.n; i++) {
        const mc_value *tree = bag->estimators.at[i];
        int64_t n_outputs = 0, n_classes = 0;
        bool is_tree = false;
        for (size_t k = bag->is_classifier ? 0 : 1; k < MC_COUNT_OF(TREES); k += 2)
            is_tree = is_tree || mc_bytes_is(mc_class_name(tree), TREES[k]);
        if (!is_tree || mc_attr_integer(tree, "n_outputs_", 0, &n_outputs, NULL) != MC_OK ||
            n_outputs != 1)
            return false;
        if (bag->is_classifier &&
            (mc_attr_integer(tree, "n_classes_", 0, &n_classes, NULL) != MC_OK ||
             n_classes != (int64_t)bag->n_classes))
            return false;
    }
    return true;
}

/* The columns of x that any tree was fitted on, for nobody looks at the others, not even whether
 * they are finite; and where among them the trees' own are. */
static mc_status seen_columns(mc_lowering *to, const bagging *bag, const mc_sym *x, mc_sym *out,
                              const mc_tree_columns **out_columns, mc_error *err)
{
    uint32_t *place = NULL, *at = NULL, *own = NULL, n = 0;
    mc_tree_columns *columns = NULL;
    MC_TRY(mc_arena_new(to->arena, uint32_t, x->n_cols, &place, err));
    MC_TRY(mc_arena_new(to->arena, uint32_t, x->n_cols, &at, err));
    MC_TRY(mc_arena_new(to->arena, mc_tree_columns, bag->estimators.n, &columns, err));
    memset(place, 0, x->n_cols * sizeof *place);
    for (size_t i = 0; i < bag->estimators.n; i++)
        for (size_t j = 0; j < bag->columns[i].n; j++)
            place[bag->columns[i].at[j]] = 1;
    for (uint32_t j = 0; j < x->n_cols; j++) {
        if (place[j] != 0) {
            at[n] = j;
            place[j] = n++;
        }
    }
    for (size_t i = 0; i < bag->estimators.n; i++) {
        MC_TRY(mc_arena_new(to->arena, uint32_t, bag->columns[i].n, &own, err));
        for (size_t j = 0; j < bag->columns[i].n; j++)
            own[j] = place[bag->columns[i].at[j]];
        columns[i] = (mc_tree_columns){own, bag->columns[i].n};
    }
    *out_columns = columns;
    *out = *x;
    return n == x->n_cols ? MC_OK : mc_emit_columns(to, x, at, n, out, err);
}

/* Shares of the classes, or values: the mean over the trees. */
static mc_status mean_of_trees(mc_lowering *to, const bagging *bag, const mc_sym *x, mc_sym *out,
                               mc_error *err)
{
    const mc_ensemble *compiled = NULL;
    const mc_value *first = bag->estimators.at[0];
    const bool as_stored = !bag->is_classifier || mc_version_of(to, first) >= 104;
    mc_ensemble_plan plan = {.owner = bag->est,
                             .trees = bag->estimators.at,
                             .n_trees = bag->estimators.n,
                             .rule = as_stored ? MC_LEAF_VALUES : MC_LEAF_SHARES};
    mc_sym seen;
    MC_TRY(seen_columns(to, bag, x, &seen, &plan.columns, err));
    MC_TRY(mc_ensemble_compile(to, &plan, seen.n_cols, &compiled, err));
    const mc_ensemble_sum sum = {.width = compiled->n_outputs * compiled->n_classes,
                                 .divisor = (double)bag->estimators.n};
    if (sum.width != (bag->is_classifier ? bag->n_classes : 1))
        return mc_refuse(err, bag->est, "its trees hold %zu values a leaf", sum.width);
    return mc_emit_ensemble(to, compiled, &seen, mc_tree_allows(to, first, x), &sum, out, err);
}

/* ------------------------------------------------------------------------ any estimators ---- */

/* `method` of estimator i on its columns. */
static mc_status ask(mc_lowering *to, const bagging *bag, size_t i, mc_method method,
                     const mc_sym *x, mc_answer_part *out, mc_error *err)
{
    const mc_tree_columns *columns = &bag->columns[i];
    mc_answer answer = {0};
    mc_sym seen = *x;
    bool is_all = columns->n == x->n_cols;
    for (size_t j = 0; j < columns->n; j++)
        is_all = is_all && columns->at[j] == j;
    if (!is_all)
        MC_TRY(mc_emit_columns(to, x, columns->at, columns->n, &seen, err));
    MC_TRY(mc_lower(to, bag->estimators.at[i], method, &seen, &answer, err));
    if (answer.n_parts != 1)
        return mc_refuse(err, bag->est, "estimators_[%zu] answers with %zu parts, expected one", i,
                         answer.n_parts);
    *out = answer.parts[0];
    return MC_OK;
}

/* The estimator that a pipeline or a search ends in knows the classes. */
static const mc_value *holder_of_classes(const mc_value *est)
{
    for (size_t depth = 0; depth < 8 && est != NULL && !mc_attr_has(est, "classes_"); depth++) {
        const mc_value *steps = mc_value_attr(est, "steps");
        const mc_value *last = mc_value_attr(est, "_label_binarizer"); /* ridge, up to 1.8 */
        if (last != NULL)
            return last;
        if (mc_value_is(steps, MC_KIND_LIST) && steps->as.items.n > 0)
            last = steps->as.items.at[steps->as.items.n - 1];
        est = mc_value_is(last, MC_KIND_TUPLE) && last->as.items.n >= 2
                  ? last->as.items.at[1]
                  : mc_value_attr(est, "best_estimator_");
    }
    return est;
}

/* Estimators are fitted on class numbers; one that saw only some of them has these. */
static mc_status classes_of(mc_lowering *to, const bagging *bag, size_t i, const uint32_t **out,
                            size_t *out_n, mc_error *err)
{
    const int64_t *classes = NULL;
    uint32_t *at = NULL;
    const mc_value *holder = holder_of_classes(bag->estimators.at[i]);
    if (holder == NULL)
        return mc_refuse(err, bag->est, "estimators_[%zu] has no classes_", i);
    MC_TRY(mc_attr_integers(to, holder, "classes_", MC_ANY, &classes, out_n, err));
    MC_TRY(mc_arena_new(to->arena, uint32_t, *out_n, &at, err));
    for (size_t k = 0; k < *out_n; k++) {
        if (classes[k] < 0 || (uint64_t)classes[k] >= bag->n_classes)
            return mc_refuse(err, bag->est, "estimators_[%zu]: class %lld of %zu", i,
                             (long long)classes[k], bag->n_classes);
        at[k] = (uint32_t)classes[k];
    }
    *out = at;
    return MC_OK;
}

/* Shares or logarithms of the classes that the estimator knows; the others get `otherwise`. */
static mc_status spread(mc_lowering *to, const bagging *bag, size_t i, double otherwise,
                        mc_sym *value, mc_error *err)
{
    const uint32_t *classes = NULL;
    uint32_t *at = NULL;
    size_t n = 0;
    mc_sym both[2] = {*value};
    if (value->n_cols == bag->n_classes)
        return MC_OK;
    MC_TRY(classes_of(to, bag, i, &classes, &n, err));
    if (value->n_cols < n)
        return mc_refuse(err, bag->est, "estimators_[%zu]: %zu shares for %zu classes", i,
                         value->n_cols, n);
    MC_TRY(mc_emit_constant(to, &otherwise, 1, &both[1], err));
    MC_TRY(mc_arena_new(to->arena, uint32_t, bag->n_classes, &at, err));
    for (size_t k = 0; k < bag->n_classes; k++)
        at[k] = (uint32_t)value->n_cols;
    for (size_t k = 0; k < n; k++)
        at[classes[k]] = (uint32_t)k;
    MC_TRY(mc_emit_hstack(to, both, 2, false, value, err));
    return mc_emit_columns(to, value, at, bag->n_classes, value, err);
}

/* Estimators without predict_proba vote. */
static mc_status vote(mc_lowering *to, const bagging *bag, size_t i, const mc_sym *x, mc_sym *out,
                      mc_error *err)
{
    mc_answer_part part;
    const uint32_t *classes = NULL;
    size_t n = 0;
    MC_TRY(ask(to, bag, i, MC_METHOD_PREDICT, x, &part, err));
    MC_TRY(classes_of(to, bag, i, &classes, &n, err));
    MC_TRY(mc_emit_map_label(to, &part.value, classes, n, &part.value, err));
    return mc_emit_one_hot_label(to, &part.value, bag->n_classes, out, err);
}

static mc_status mean_shares(mc_lowering *to, const bagging *bag, const mc_sym *x, mc_sym *out,
                             mc_error *err)
{
    const size_t n = bag->estimators.n;
    mc_sym *parts = NULL;
    if (is_forest(bag))
        return mean_of_trees(to, bag, x, out, err);
    MC_TRY(mc_arena_new(to->arena, mc_sym, n, &parts, err));
    for (size_t i = 0; i < n; i++) {
        mc_answer_part part = {0};
        const mc_status status = ask(to, bag, i, MC_METHOD_PREDICT_PROBA, x, &part, err);
        parts[i] = part.value;
        if (status == MC_E_NO_METHOD)
            MC_TRY_IN(vote(to, bag, i, x, &parts[i], err), err, "estimators_[%zu]", i);
        else if (status != MC_OK)
            return mc_fail_in(err, status, "estimators_[%zu]", i);
        else
            MC_TRY(spread(to, bag, i, 0.0, &parts[i], err));
    }
    return mc_emit_sum(to, parts, n, NULL, (double)n, out, err);
}

/* log(sum of exp(predict_log_proba)) - log(n), or the logarithm of predict_proba. */
static mc_status mean_logarithms(mc_lowering *to, const bagging *bag, const mc_sym *x, mc_sym *out,
                                 mc_error *err)
{
    const size_t n = bag->estimators.n;
    uint32_t *sources = NULL, buffer = 0;
    mc_step step = MC_STEP_INIT(LOG_ADD_EXP);
    MC_TRY(mc_arena_new(to->arena, uint32_t, n, &sources, err));
    for (size_t i = 0; i < n; i++) {
        mc_answer_part part = {0};
        mc_status status = MC_E_NO_METHOD;
        if (!is_forest(bag))
            status = ask(to, bag, i, MC_METHOD_PREDICT_LOG_PROBA, x, &part, err);
        if (status == MC_E_NO_METHOD) {
            MC_TRY(mean_shares(to, bag, x, out, err));
            return mc_emit_unary(to, out, MC_UNARY_LOG, 0.0, 0.0, out, err);
        }
        if (status != MC_OK)
            return mc_fail_in(err, status, "estimators_[%zu]", i);
        MC_TRY(spread(to, bag, i, -INFINITY, &part.value, err));
        sources[i] = part.value.buffer;
    }
    step.value[0] = log((double)n);
    MC_TRY(mc_build_u32(to->b, sources, n, &step.array[0], err));
    MC_TRY(mc_build_step(to->b, step, bag->n_classes, &buffer, err));
    *out = (mc_sym){.kind = MC_SYM_NUMBERS, .buffer = buffer, .n_cols = bag->n_classes};
    return MC_OK;
}

/* The mean of `method`, 1-D or 2-D as the estimators answer it. Members that saw fewer classes
 * answer fewer columns: scikit-learn cannot add them, and predicts all the same. */
static mc_status mean_answer(mc_lowering *to, const bagging *bag, mc_method method, const mc_sym *x,
                             mc_answer *out, mc_error *err)
{
    const size_t n = bag->estimators.n;
    mc_answer_part part = {0};
    mc_sym *parts = NULL, mean;
    MC_TRY(mc_arena_new(to->arena, mc_sym, n, &parts, err));
    for (size_t i = 0; i < n; i++) {
        const mc_status status = ask(to, bag, i, method, x, &part, err);
        if (status == MC_E_NO_METHOD)
            return mc_no_method(err, bag->est, method);
        if (status != MC_OK)
            return mc_fail_in(err, status, "estimators_[%zu]", i);
        if (i > 0 && part.value.n_cols != parts[0].n_cols)
            return mc_no_method(err, bag->est, method);
        parts[i] = part.value;
    }
    MC_TRY(mc_emit_sum(to, parts, n, NULL, (double)n, &mean, err));
    return part.scalar ? mc_answer_scalar(to, mean, out, err)
                       : mc_answer_matrix(to, mean, out, err);
}

/* ----------------------------------------------------------------------------- answers ---- */

static mc_status classifier_answer(mc_lowering *to, const bagging *bag, mc_method method,
                                   const mc_sym *x, mc_answer *out, mc_error *err)
{
    const mc_value *classes = NULL;
    uint32_t table = 0;
    size_t n = 0;
    mc_sym y;
    if (method == MC_METHOD_DECISION_FUNCTION)
        return mean_answer(to, bag, method, x, out, err);
    MC_TRY(method == MC_METHOD_PREDICT_LOG_PROBA ? mean_logarithms(to, bag, x, &y, err)
                                                 : mean_shares(to, bag, x, &y, err));
    if (method != MC_METHOD_PREDICT)
        return mc_answer_matrix(to, y, out, err);
    MC_TRY(mc_attr_need(bag->est, "classes_", &classes, err));
    MC_TRY(mc_emit_classes(to, classes, &table, &n, err));
    if (n != bag->n_classes)
        return mc_refuse(err, bag->est, "classes_: expected %zu classes, found %zu", bag->n_classes,
                         n);
    MC_TRY(mc_emit_argmax(to, &y, &y, err));
    return mc_answer_labels(to, y, table, out, err);
}

mc_status mc_lower_bagging(mc_lowering *to, const mc_value *est, mc_method method, const mc_sym *x,
                           mc_answer *out, mc_error *err)
{
    bagging bag;
    mc_sym y;
    const bool has_shares = method == MC_METHOD_PREDICT_PROBA ||
                            method == MC_METHOD_PREDICT_LOG_PROBA ||
                            method == MC_METHOD_DECISION_FUNCTION;
    if (method != MC_METHOD_PREDICT &&
        !(has_shares && !mc_bytes_is(mc_class_name(est), "BaggingRegressor")) &&
        method != MC_METHOD_DECISION_FUNCTION)
        return mc_no_method(err, est, method);
    if (method == MC_METHOD_DECISION_FUNCTION && !mc_template_offers(to, est, 100))
        return mc_no_method(err, est, method);
    MC_TRY(open_bagging(to, est, x, &bag, err));
    if (bag.is_classifier)
        return classifier_answer(to, &bag, method, x, out, err);
    if (method != MC_METHOD_PREDICT || !is_forest(&bag))
        return mean_answer(to, &bag, method, x, out, err);
    MC_TRY(mean_of_trees(to, &bag, x, &y, err));
    return mc_answer_scalar(to, y, out, err);
}
