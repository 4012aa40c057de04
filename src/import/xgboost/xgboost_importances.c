/* xgboost_importances.c: feature_importances_ of XGBoost's estimators, which selectors ask.
 *
 * Oracle   XGBoost 1.0 to 3.2: python-package/xgboost/sklearn.py (feature_importances_),
 *          src/gbm/gbtree.h (FeatureScore).
 * Exact    Within 1e-5: sums of float32 gains in another order. */
#include <math.h>

#include "import/sklearn/attr.h"
#include "import/sklearn/selection.h"
#include "import/xgboost/xgboost.h"

#define DOUBT 1e-5

typedef struct importance {
    const char *name, *list; /* what is added of a node; NULL: 1 */
    bool is_mean;            /* of the nodes of a feature */
} importance;

static const importance KINDS[] = {{"gain", "loss_changes", true},
                                   {"total_gain", "loss_changes", false},
                                   {"cover", "sum_hessian", true},
                                   {"total_cover", "sum_hessian", false},
                                   {"weight", NULL, false}};

/* None, the default, is gain. */
static mc_status kind_of(const mc_value *est, const importance **out, mc_error *err)
{
    const mc_bytes told = mc_attr_text(est, "importance_type");
    *out = &KINDS[0];
    for (size_t i = 0; told.size > 0; i++) {
        if (i == MC_COUNT_OF(KINDS))
            return mc_refuse(err, est, "importance_type: found \"%.*s\"", MC_SHOW(told));
        *out = &KINDS[i];
        if (mc_bytes_is(told, KINDS[i].name))
            break;
    }
    return MC_OK;
}

static const double *list_of(const mc_doc *tree, const char *name, size_t n)
{
    const mc_doc *found = name == NULL ? NULL : mc_doc_get(tree, name);
    return found != NULL && found->kind == MC_DOC_NUMBERS && found->n == n ? found->as.numbers
                                                                           : NULL;
}

/* counts and sums (n_features) of the nodes of one tree. */
static mc_status add_tree(const mc_xgb *xgb, const mc_doc *tree, const importance *kind,
                          double *counts, double *sums, mc_error *err)
{
    const mc_doc *left = mc_doc_get(tree, "left_children");
    const size_t n = left != NULL && left->kind == MC_DOC_NUMBERS ? left->n : 0;
    const double *features = list_of(tree, "split_indices", n);
    const double *values = list_of(tree, kind->list, n);
    if (n == 0 || features == NULL || (kind->list != NULL && values == NULL))
        return mc_refuse(err, xgb->est, "its trees say no \"%s\" of their nodes", kind->name);
    for (size_t i = 0; i < n; i++) {
        if (left->as.numbers[i] == -1.0)
            continue;
        if (!(features[i] >= 0.0 && features[i] < (double)xgb->n_features))
            return mc_refuse(err, xgb->est, "node %zu: feature %g", i, features[i]);
        counts[(size_t)features[i]] += 1.0;
        sums[(size_t)features[i]] += values == NULL ? 1.0 : values[i];
    }
    return MC_OK;
}

mc_status mc_xgb_importances(mc_lowering *to, const mc_value *est, mc_importances *out,
                             mc_error *err)
{
    const importance *kind = NULL;
    const mc_xgb *xgb = NULL;
    double *counts = NULL, *sums = NULL, total = 0.0;
    MC_TRY(kind_of(est, &kind, err));
    MC_TRY(mc_xgb_of(to, est, &xgb, err));
    const mc_doc *booster = mc_doc_get(&xgb->learner, "gradient_booster");
    const mc_doc *inner = mc_doc_get(booster, "gbtree"); /* of dart */
    const mc_doc *model = mc_doc_get(inner != NULL ? inner : booster, "model");
    const mc_doc *trees = mc_doc_get(model, "trees");
    if (trees == NULL || trees->kind != MC_DOC_LIST)
        return mc_refuse(err, est, "its importances are not known here: it has no trees");
    MC_TRY(mc_arena_new(to->arena, double, xgb->n_features, &counts, err));
    MC_TRY(mc_arena_new(to->arena, double, xgb->n_features, &sums, err));
    for (size_t i = 0; i < trees->n; i++)
        MC_TRY(add_tree(xgb, &trees->as.members[i].value, kind, counts, sums, err));
    for (size_t i = 0; i < xgb->n_features; i++) {
        if (kind->is_mean && counts[i] > 0.0)
            sums[i] /= counts[i];
        total += sums[i];
    }
    if (!(total > 0.0) || isinf(total))
        return mc_refuse(err, est, "its importances are not known here: their sum is %g", total);
    for (size_t i = 0; i < xgb->n_features; i++)
        sums[i] /= total;
    *out = (mc_importances){.values = sums,
                            .n_rows = 1,
                            .n_cols = xgb->n_features,
                            .is_flat = true,
                            .is_single = true,
                            .doubt = DOUBT};
    return MC_OK;
}
