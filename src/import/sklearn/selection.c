/* selection.c: selectors of features: some columns, and back with zeros in place of the others.
 *
 * Oracle   sklearn/feature_selection/_base.py (SelectorMixin), _variance_threshold.py, _rfe.py,
 *          _sequential.py, _from_model.py, scikit-learn 1.2 to 1.9.
 * Exact    Bit for bit: columns are copied, and masks are worked out as scikit-learn does, ties
 *          included. */
#include "import/sklearn/selection.h"

#include <stdlib.h>

#include "base/size.h"
#include "import/sklearn/attr.h"
#include "import/sklearn/emit.h"
#include "import/sklearn/tree_ensemble.h"

/* ----------------------------------------------------------------------------- helpers ---- */

mc_status mc_mask_places(mc_lowering *to, const uint8_t *mask, size_t n, const uint32_t **out,
                         size_t *out_n, mc_error *err)
{
    uint32_t *places = NULL;
    size_t n_places = 0;
    MC_TRY(mc_arena_new(to->arena, uint32_t, n, &places, err));
    for (size_t i = 0; i < n; i++)
        if (mask[i])
            places[n_places++] = (uint32_t)i;
    *out = places;
    *out_n = n_places;
    return MC_OK;
}

typedef struct ranked {
    double value;
    uint32_t at;
} ranked;

static int by_value(const void *a, const void *b)
{
    const ranked *x = a, *y = b;
    const bool x_is_nan = x->value != x->value, y_is_nan = y->value != y->value;
    if (!x_is_nan && !y_is_nan && x->value != y->value)
        return x->value < y->value ? -1 : 1;
    if (x_is_nan != y_is_nan)
        return x_is_nan ? 1 : -1;
    return x->at < y->at ? -1 : x->at > y->at;
}

mc_status mc_stable_order(mc_lowering *to, const double *values, size_t n, bool descending,
                          const uint32_t **out, mc_error *err)
{
    ranked *items = NULL;
    uint32_t *order = NULL;
    MC_TRY(mc_arena_new(to->arena, ranked, n, &items, err));
    MC_TRY(mc_arena_new(to->arena, uint32_t, n, &order, err));
    for (size_t i = 0; i < n; i++)
        items[i] = (ranked){descending ? -values[i] : values[i], (uint32_t)i};
    qsort(items, n, sizeof *items, by_value);
    for (size_t i = 0; i < n; i++)
        order[i] = items[i].at;
    *out = order;
    return MC_OK;
}

/* -------------------------------------------------------------------------- both ways ---- */

/* What a selector lets pass: what the estimator that it was fitted with does. */
static unsigned allowed(const mc_lowering *to, const mc_value *est, const mc_sym *x)
{
    const mc_value *inner = mc_value_attr(est, "estimator_");
    if (mc_value_is_none(inner))
        inner = mc_value_attr(est, "estimator");
    const mc_bytes name = mc_class_name(inner);
    if (mc_bytes_is(name, "HistGradientBoostingClassifier") ||
        mc_bytes_is(name, "HistGradientBoostingRegressor"))
        return MC_OR_NAN | MC_OR_INFINITY;
    const mc_value *trees = mc_value_attr(inner, "estimators_");
    const bool is_forest =
        mc_bytes_is(name, "RandomForestClassifier") || mc_bytes_is(name, "RandomForestRegressor") ||
        mc_bytes_is(name, "ExtraTreesClassifier") || mc_bytes_is(name, "ExtraTreesRegressor");
    if (is_forest && mc_version_of(to, inner) < 104)
        return MC_FINITE;
    if (is_forest && mc_value_is(trees, MC_KIND_LIST) && trees->as.items.n > 0)
        inner = trees->as.items.at[0];
    else if (is_forest && mc_forest_knows_nan(inner))
        inner = mc_value_attr(inner, "estimator"); /* never fitted: what its trees are like */
    else if (!mc_bytes_is(name, "DecisionTreeClassifier") &&
             !mc_bytes_is(name, "DecisionTreeRegressor"))
        return MC_FINITE;
    const mc_sym dense = {.n_cols = x->n_cols}; /* the tag that is looked at knows no layout */
    const unsigned nan = mc_tree_allows(to, inner, &dense);
    return nan == MC_OR_NAN ? MC_OR_NAN | MC_OR_INFINITY : nan;
}

typedef struct selector {
    const mc_value *est;
    mc_mask_fn *mask;
    unsigned allowed;
} selector;

/* Does it select of frames, of which nothing is checked? Frames are what it was fitted on, and it
 * is to answer with them. Since 1.3. */
static bool takes_frames(const mc_lowering *to, const mc_value *est)
{
    return mc_version_of(to, est) >= 103 && mc_attr_makes_frames(est) &&
           mc_attr_has(est, "feature_names_in_");
}

/* The columns that are kept, of x. */
static mc_status forth(mc_lowering *to, const selector *s, const mc_sym *x, mc_sym *out,
                       mc_error *err)
{
    uint8_t *mask = NULL;
    const uint32_t *places = NULL;
    size_t n = 0;
    MC_TRY(mc_arena_new(to->arena, uint8_t, x->n_cols, &mask, err));
    MC_TRY(s->mask(to, s->est, x->n_cols, mask, err));
    MC_TRY(mc_mask_places(to, mask, x->n_cols, &places, &n, err));
    const unsigned any = MC_OR_NAN | MC_OR_INFINITY;
    MC_TRY(mc_emit_check_sparse(to, x, takes_frames(to, s->est) ? any : s->allowed, out, err));
    MC_TRY(mc_emit_columns(to, out, places, n, out, err));
    if (n == 0)
        out->sparse = out->sparse_as_input = false; /* scikit-learn makes an empty array */
    return MC_OK;
}

/* Cells of any kind, as what an encoder answers may be: 0 elsewhere, a whole number. */
static mc_status scatter_cells(mc_lowering *to, const mc_sym *x, const uint32_t *places,
                               size_t n_features, mc_sym *out, mc_error *err)
{
    static const double NOTHING = 0.0;
    mc_step step = MC_STEP_INIT(TO_CELLS);
    uint32_t *at = NULL;
    mc_sym both[2] = {*x, {.kind = MC_SYM_CELLS, .n_cols = 1}};
    MC_TRY(mc_emit_constant(to, &NOTHING, 1, out, err));
    step.src = out->buffer;
    step.n[0] = MC_CELL_INTEGER;
    MC_TRY(mc_build_step(to->b, step, 1, &both[1].buffer, err));
    MC_TRY(mc_emit_hstack(to, both, 2, false, out, err));
    MC_TRY(mc_arena_new(to->arena, uint32_t, n_features, &at, err));
    for (size_t j = 0; j < n_features; j++)
        at[j] = mc_u32_from_size(x->n_cols);
    for (size_t i = 0; i < x->n_cols; i++)
        at[places[i]] = mc_u32_from_size(i);
    return mc_emit_columns(to, out, at, n_features, out, err);
}

/* What is sparse is not looked at; nor are rows that may come so, if they do. */
static unsigned allowed_back(const mc_sym *x)
{
    if (x->sparse)
        return MC_OR_NAN | MC_OR_INFINITY;
    return x->sparse_as_input ? MC_FINITE | MC_STEP_IF_CAME_SPARSE : MC_FINITE;
}

/* Each column back to where it was, zeros elsewhere. */
static mc_status back(mc_lowering *to, const selector *s, const mc_sym *x, mc_sym *out,
                      mc_error *err)
{
    uint8_t *mask = NULL;
    const uint32_t *places = NULL;
    size_t n_features = 0, n = 0;
    if (!mc_features_of(to, s->est, &n_features) || n_features > MC_LIMIT_WIDTH)
        return mc_no_method(err, s->est, MC_METHOD_INVERSE_TRANSFORM);
    MC_TRY(mc_arena_new(to->arena, uint8_t, n_features, &mask, err));
    MC_TRY(s->mask(to, s->est, n_features, mask, err));
    MC_TRY(mc_mask_places(to, mask, n_features, &places, &n, err));
    if (n != x->n_cols) {
        return mc_fail(err, MC_E_MALFORMED, MC_NO_OFFSET,
                       "%.*s kept %zu features, and is given %zu", MC_SHOW(mc_class_name(s->est)),
                       n, x->n_cols);
    }
    if (x->kind == MC_SYM_CELLS)
        return scatter_cells(to, x, places, n_features, out, err);
    MC_TRY(mc_emit_check_sparse(to, x, allowed_back(x), out, err));
    const uint32_t type_as_input = out->type_as_input;
    const mc_value_type type = out->type;
    MC_TRY(mc_emit_scatter(to, out, places, n_features, out, err));
    out->type_as_input = type_as_input;
    out->type = type;
    return MC_OK;
}

static mc_status select_columns(mc_lowering *to, const selector *s, mc_method method,
                                const mc_sym *x, mc_answer *out, mc_error *err)
{
    mc_sym y;
    if (method != MC_METHOD_TRANSFORM && method != MC_METHOD_INVERSE_TRANSFORM)
        return mc_no_method(err, s->est, method);
    MC_TRY(method == MC_METHOD_TRANSFORM ? forth(to, s, x, &y, err) : back(to, s, x, &y, err));
    return mc_answer_matrix(to, y, out, err);
}

/* ------------------------------------------------------------------------------- masks ---- */

static mc_status variance_mask(mc_lowering *to, const mc_value *est, size_t n_features,
                               uint8_t *mask, mc_error *err)
{
    const double *variances = NULL;
    double threshold = 0.0;
    MC_TRY(mc_attr_vector(to, est, "variances_", n_features, &variances, NULL, err));
    MC_TRY(mc_attr_number(est, "threshold", 0.0, &threshold, err));
    for (size_t i = 0; i < n_features; i++)
        mask[i] = variances[i] > threshold;
    return MC_OK;
}

static mc_status support_mask(mc_lowering *to, const mc_value *est, size_t n_features,
                              uint8_t *mask, mc_error *err)
{
    const int64_t *support = NULL;
    MC_TRY(mc_attr_integers(to, est, "support_", n_features, &support, NULL, err));
    for (size_t i = 0; i < n_features; i++)
        mask[i] = support[i] != 0;
    return MC_OK;
}

/* VarianceThreshold: columns that vary. */
mc_status mc_lower_variance_threshold(mc_lowering *to, const mc_value *est, mc_method method,
                                      const mc_sym *x, mc_answer *out, mc_error *err)
{
    const selector s = {est, variance_mask, MC_OR_NAN | MC_OR_INFINITY};
    return select_columns(to, &s, method, x, out, err);
}

/* Columns by the scores or p-values of a test. */
mc_status mc_lower_univariate(mc_lowering *to, const mc_value *est, mc_method method,
                              const mc_sym *x, mc_answer *out, mc_error *err)
{
    const selector s = {est, mc_univariate_mask, MC_FINITE};
    return select_columns(to, &s, method, x, out, err);
}

/* SelectFromModel. */
mc_status mc_lower_model_selector(mc_lowering *to, const mc_value *est, mc_method method,
                                  const mc_sym *x, mc_answer *out, mc_error *err)
{
    const selector s = {est, mc_model_mask, allowed(to, est, x)};
    return select_columns(to, &s, method, x, out, err);
}

/* SequentialFeatureSelector: its mask is an attribute. */
mc_status mc_lower_supported(mc_lowering *to, const mc_value *est, mc_method method,
                             const mc_sym *x, mc_answer *out, mc_error *err)
{
    const selector s = {est, support_mask, allowed(to, est, x)};
    return select_columns(to, &s, method, x, out, err);
}

/* RFE and RFECV: a selector that also predicts with the estimator of the columns it kept. */
mc_status mc_lower_elimination(mc_lowering *to, const mc_value *est, mc_method method,
                               const mc_sym *x, mc_answer *out, mc_error *err)
{
    const selector s = {est, support_mask, allowed(to, est, x)};
    const mc_value *inner = NULL;
    mc_sym y;
    if (method != MC_METHOD_PREDICT && method != MC_METHOD_PREDICT_PROBA &&
        method != MC_METHOD_PREDICT_LOG_PROBA && method != MC_METHOD_DECISION_FUNCTION)
        return select_columns(to, &s, method, x, out, err);
    MC_TRY(mc_attr_need(est, "estimator_", &inner, err));
    MC_TRY(forth(to, &s, x, &y, err));
    MC_TRY_IN(mc_lower(to, inner, method, &y, out, err), err, "estimator_");
    return MC_OK;
}
