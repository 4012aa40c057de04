/* xgboost_learner.c: what a booster of XGBoost says of itself.
 *
 * Oracle   XGBoost 1.0 to 3.2: src/learner.cc, src/objective/ (ProbToMargin). */
#include <math.h>
#include <string.h>

#include "base/number.h"
#include "import/sklearn/attr.h"
#include "import/xgboost/xgboost.h"

mc_bytes mc_xgb_text(const mc_doc *doc)
{
    return doc != NULL && doc->kind == MC_DOC_TEXT ? doc->as.text : (mc_bytes){0};
}

static bool is_one_of(mc_bytes text, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (mc_bytes_is(text, names[i]))
            return true;
    return false;
}

/* ------------------------------------------------------------------------------ base scores ----
 */

#define SCORE_BOUNDED 302u /* since when a logistic base score of 0 or 1 is held off them */
#define SCORE_EDGE    1e-6f

/* The margin of a base score, computed in float32. */
static double margin_of(const mc_xgb *xgb, double score)
{
    static const char *const LOGISTIC[] = {"binary:logistic", "reg:logistic"};
    static const char *const LOGARITHMIC[] = {"count:poisson", "reg:gamma", "reg:tweedie",
                                              "survival:cox", "survival:aft"};
    float p = (float)score;
    if (xgb->version >= SCORE_BOUNDED && is_one_of(xgb->objective, LOGISTIC, MC_COUNT_OF(LOGISTIC)))
        p = fminf(fmaxf(p, SCORE_EDGE), 1.0f - SCORE_EDGE);
    if (is_one_of(xgb->objective, LOGISTIC, MC_COUNT_OF(LOGISTIC)) ||
        (xgb->version < 103 && mc_bytes_is(xgb->objective, "binary:logitraw")))
        return (double)-logf(1.0f / p - 1.0f);
    if (is_one_of(xgb->objective, LOGARITHMIC, MC_COUNT_OF(LOGARITHMIC)))
        return (double)logf(p);
    return (double)p;
}

/* The same for all groups: a number, or of before 1.0 a margin. */
static bool one_score(mc_xgb *xgb, const mc_doc *parameters, double *scores, double *margins)
{
    const mc_doc *score = mc_doc_get(parameters, "base_score");
    const mc_doc *margin = mc_doc_get(parameters, "base_margin");
    double value = 0.0;
    if (!mc_doc_number(margin != NULL ? margin : score, &value))
        return false;
    for (size_t i = 0; i < xgb->n_groups; i++) {
        scores[i] = (double)(float)value;
        margins[i] = margin != NULL ? scores[i] : margin_of(xgb, scores[i]);
    }
    return true;
}

/* "5E-1", or since 3.1 "[5E-1,2E-1]": one, or one a group. */
static mc_status read_scores(mc_lowering *to, mc_xgb *xgb, const mc_doc *parameters, mc_error *err)
{
    const mc_bytes text = mc_xgb_text(mc_doc_get(parameters, "base_score"));
    double *scores = NULL, *margins = NULL, score = 0.0;
    size_t at = text.size > 0 && text.data[0] == '[' ? 1 : 0, n = 0;
    MC_TRY(mc_arena_new(to->arena, double, xgb->n_groups, &scores, err));
    MC_TRY(mc_arena_new(to->arena, double, xgb->n_groups, &margins, err));
    xgb->scores = scores;
    xgb->margins = margins;
    if (one_score(xgb, parameters, scores, margins))
        return MC_OK;
    while (at < text.size && n < xgb->n_groups) {
        const size_t size = mc_parse_double((const char *)text.data + at, text.size - at, &score);
        if (size == 0)
            break;
        scores[n++] = (double)(float)score;
        at += size;
        at += at < text.size && (text.data[at] == ',' || text.data[at] == ']') ? 1 : 0;
    }
    if (at != text.size || (n != 1 && n != xgb->n_groups))
        return mc_refuse(err, xgb->est, "base_score: expected 1 or %zu numbers, found \"%.*s\"",
                         xgb->n_groups, MC_SHOW(text));
    for (size_t i = 0; i < xgb->n_groups; i++) {
        scores[i] = scores[n == 1 ? 0 : i];
        margins[i] = margin_of(xgb, scores[i]);
    }
    return MC_OK;
}

/* --------------------------------------------------------------------------------- learner ---- */

static mc_status read_count(const mc_xgb *xgb, const mc_doc *parameters, const char *name,
                            size_t *out, mc_error *err)
{
    double value = 0.0;
    if (!mc_doc_number(mc_doc_get(parameters, name), &value))
        value = 0.0;
    if (!(value >= 0.0 && value <= (double)MC_LIMIT_WIDTH))
        return mc_refuse(err, xgb->est, "%s: %g", name, value);
    *out = (size_t)value;
    return MC_OK;
}

static mc_status read_parameters(mc_lowering *to, mc_xgb *xgb, mc_error *err)
{
    const mc_doc *parameters = mc_doc_get(&xgb->learner, "learner_model_param");
    const mc_doc *objective = mc_doc_get(&xgb->learner, "objective");
    size_t n_classes = 0, n_targets = 0;
    xgb->objective = mc_xgb_text(mc_doc_get(objective, "name"));
    MC_TRY(read_count(xgb, parameters, "num_feature", &xgb->n_features, err));
    MC_TRY(read_count(xgb, parameters, "num_class", &n_classes, err));
    MC_TRY(read_count(xgb, parameters, "num_target", &n_targets, err));
    xgb->n_groups = n_classes > n_targets ? n_classes : n_targets;
    if (xgb->n_groups == 0)
        xgb->n_groups = 1;
    return read_scores(to, xgb, parameters, err);
}

static void read_version(mc_xgb *xgb, const mc_doc *model)
{
    const mc_doc *version = mc_doc_get(model, "version");
    if (version != NULL && version->kind == MC_DOC_NUMBERS && version->n >= 2 &&
        version->as.numbers[0] >= 0.0 && version->as.numbers[0] < 100.0 &&
        version->as.numbers[1] >= 0.0 && version->as.numbers[1] < 100.0)
        xgb->version = (unsigned)version->as.numbers[0] * 100 + (unsigned)version->as.numbers[1];
}

mc_status mc_xgb_read(mc_lowering *to, const mc_value *est, mc_bytes handle, mc_xgb *out,
                      mc_error *err)
{
    mc_doc doc = {0}, old = {0};
    *out = (mc_xgb){.est = est};
    if (handle.size > 0 && handle.data[0] == '{')
        MC_TRY_IN(mc_doc_read(handle, to->arena, &doc, err), err, "the booster's model");
    else
        MC_TRY_IN(mc_xgb_read_binary(handle, to->arena, &doc, &old, err), err,
                  "the booster's model, in its binary form");
    const mc_doc *model = mc_doc_get(&doc, "Model");
    if (model == NULL)
        model = &doc;
    const mc_doc *learner = mc_doc_get(model, "learner");
    if (learner == NULL)
        return mc_refuse(err, est, "the booster's model has no learner");
    const mc_doc *config = mc_doc_get(mc_doc_get(&doc, "Config"), "learner");
    if (config == NULL)
        config = mc_doc_get(&old, "learner");
    out->learner = *learner;
    if (config != NULL)
        out->config = *config;
    read_version(out, model);
    return read_parameters(to, out, err);
}
