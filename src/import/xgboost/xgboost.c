/* xgboost.c: XGBClassifier, XGBRegressor, their random forests, XGBRanker, and Booster.
 *
 * Oracle   XGBoost 0.9 to 3.2: python-package/xgboost/sklearn.py, src/objective/
 *          (PredTransform).
 * Exact    Bit for bit: float32 sums and links, see kernel/booster.c. predict_proba of an
 *          objective multi:softmax within a few float32 ulp: scipy computes it.
 * Why so   predict() of the estimators stops at best_iteration and takes infinities; a Booster
 *          asked on its own uses all rounds and refuses them, as it does from a DMatrix. What a
 *          sparse matrix leaves out is missing; a 0 that it holds is taken for missing too,
 *          where XGBoost tells them apart. */
#include "import/xgboost/xgboost.h"

#include <math.h>
#include <string.h>

#include "import/sklearn/attr.h"
#include "import/sklearn/emit.h"

#define SIGMOID_BOUNDED   106u /* since when exp() in it cannot overflow */
#define LEAVES_ARE_FLOATS 104u
#define MEMO_TAG          0x58474221u /* "XGB!" */

/* ---------------------------------------------------------------------------------- reading ----
 */

static bool is_booster(const mc_value *est)
{
    return mc_bytes_is(mc_class_name(est), "Booster");
}

mc_status mc_xgb_of(mc_lowering *to, const mc_value *est, const mc_xgb **out, mc_error *err)
{
    const mc_value *booster = is_booster(est) ? est : mc_value_attr(est, "_Booster");
    const mc_value *handle = mc_value_attr(booster, "handle");
    uint32_t ids[4] = {0};
    mc_xgb *made = NULL;
    _Static_assert(sizeof made <= sizeof ids, "a pointer is remembered as ids");
    if (mc_memo_find(to, est, MEMO_TAG, ids)) {
        memcpy(&made, ids, sizeof made);
        *out = made;
        return MC_OK;
    }
    if (!mc_value_is(handle, MC_KIND_BYTES))
        return mc_refuse(err, est, "it holds no booster: is it fitted?");
    MC_TRY(mc_arena_new(to->arena, mc_xgb, 1, &made, err));
    MC_TRY(mc_xgb_read(to, est, handle->as.bytes, made, err));
    memcpy(ids, &made, sizeof made);
    *out = made;
    return mc_memo_add(to, est, MEMO_TAG, ids, err);
}

mc_status mc_shape_xgboost(mc_lowering *to, const mc_value *est, mc_shape *out, mc_error *err)
{
    const mc_xgb *xgb = NULL;
    mc_bytes *names = NULL;
    MC_TRY(mc_xgb_of(to, est, &xgb, err));
    *out = (mc_shape){.n_features = xgb->n_features};
    const mc_doc *found = mc_doc_get(&xgb->learner, "feature_names");
    if (found == NULL || found->kind != MC_DOC_LIST || found->n != xgb->n_features)
        return MC_OK;
    MC_TRY(mc_arena_new(to->arena, mc_bytes, found->n, &names, err));
    for (size_t i = 0; i < found->n; i++)
        names[i] = mc_xgb_text(&found->as.members[i].value);
    out->names = names;
    return MC_OK;
}

/* Rounds that predict() uses: up to the best one if training was stopped early. */
static size_t rounds_of(const mc_value *est, const mc_xgb *xgb)
{
    double best = 0.0;
    if (is_booster(est) ||
        !mc_doc_number(mc_doc_get(mc_doc_get(&xgb->learner, "attributes"), "best_iteration"),
                       &best) ||
        !(best >= 0.0 && best < 1e9))
        return SIZE_MAX;
    return (size_t)best + 1;
}

/* ----------------------------------------------------------------------------------- inputs ----
 */

/* float32 values; what stands for missing becomes NaN. */
static mc_status booster_input(mc_lowering *to, const mc_value *est, const mc_xgb *xgb,
                               bool in_place, const mc_sym *x, mc_sym *out, mc_error *err)
{
    mc_step step = MC_STEP_INIT(ROUND32), fill = MC_STEP_INIT(FILL_MISSING);
    mc_step absent = MC_STEP_INIT(ABSENT_NAN);
    double missing = (double)NAN, *nans = NULL;
    mc_sym codes;
    MC_TRY(mc_attr_number(est, "missing", (double)NAN, &missing, err));
    MC_TRY(mc_xgb_codes(to, xgb, missing, x, &codes, err));
    MC_TRY(mc_to_numbers(to, &codes, out, err));
    if (x->sparse) /* what is not there is missing */
        MC_TRY(mc_emit_unary(to, out, MC_UNARY_IF_ZERO, (double)NAN, 0.0, out, err));
    absent.src = out->buffer;
    if (!x->sparse && x->sparse_as_input)
        MC_TRY(mc_build_step(to->b, absent, out->n_cols, &out->buffer, err));
    step.src = out->buffer;
    step.flags = MC_OR_NAN | (in_place ? MC_OR_INFINITY : 0);
    MC_TRY(mc_build_step(to->b, step, out->n_cols, &out->buffer, err));
    if (isnan(missing))
        return MC_OK;
    MC_TRY(mc_arena_new(to->arena, double, out->n_cols, &nans, err));
    for (size_t i = 0; i < out->n_cols; i++)
        nans[i] = (double)NAN;
    fill.src = out->buffer;
    fill.value[0] = (double)(float)missing;
    MC_TRY(mc_build_f64(to->b, nans, 1, out->n_cols, &fill.array[0], err));
    return mc_build_step(to->b, fill, out->n_cols, &out->buffer, err);
}

static bool is_linear(const mc_xgb *xgb)
{
    const mc_doc *booster = mc_doc_get(&xgb->learner, "gradient_booster");
    return mc_bytes_is(mc_xgb_text(mc_doc_get(booster, "name")), "gblinear");
}

static mc_status need_width(const mc_value *est, const mc_xgb *xgb, const mc_sym *x, mc_error *err)
{
    return x->n_cols == xgb->n_features
               ? MC_OK
               : mc_refuse(err, est, "it was fitted on %zu features, and is given %zu",
                           xgb->n_features, x->n_cols);
}

static mc_status sums(mc_lowering *to, const mc_value *est, const mc_xgb *xgb, const mc_sym *x,
                      mc_sym *out, mc_error *err)
{
    const bool in_place = !is_booster(est) && !is_linear(xgb);
    mc_sym y;
    MC_TRY(need_width(est, xgb, x, err));
    MC_TRY(booster_input(to, est, xgb, in_place, x, &y, err));
    return mc_xgb_sums(to, xgb, rounds_of(est, xgb), in_place, &y, out, err);
}

/* apply(): a row's leaf in each tree, by way of a DMatrix. Before 1.4 they were integers, and of
 * all trees. */
static mc_status leaves(mc_lowering *to, const mc_value *est, const mc_xgb *xgb, const mc_sym *x,
                        mc_answer *out, mc_error *err)
{
    mc_sym y;
    if (is_linear(xgb))
        return mc_no_method(err, est, MC_METHOD_APPLY);
    MC_TRY(need_width(est, xgb, x, err));
    MC_TRY(booster_input(to, est, xgb, false, x, &y, err));
    const bool is_old = xgb->version < LEAVES_ARE_FLOATS;
    MC_TRY(mc_xgb_leaves(to, xgb, is_old ? SIZE_MAX : rounds_of(est, xgb), &y, &y, err));
    y.type = is_old ? MC_VALUE_INT : MC_VALUE_FLOAT;
    return y.n_cols == 1 ? mc_answer_scalar(to, y, out, err) : mc_answer_matrix(to, y, out, err);
}

/* ------------------------------------------------------------------------------------ links ----
 */

typedef enum link {
    LINK_NONE,
    LINK_SIGMOID,
    LINK_EXP,
    LINK_SOFTMAX,
    LINK_ARGMAX,
    LINK_SIGN,
    LINK_UNKNOWN
} link;

static link link_of(mc_bytes objective)
{
    static const struct {
        const char *name;
        link link;
    } KNOWN[] = {{"reg:squarederror", LINK_NONE},
                 {"reg:linear", LINK_NONE},
                 {"reg:squaredlogerror", LINK_NONE},
                 {"reg:pseudohubererror", LINK_NONE},
                 {"reg:absoluteerror", LINK_NONE},
                 {"reg:quantileerror", LINK_NONE},
                 {"reg:expectileerror", LINK_NONE},
                 {"binary:logitraw", LINK_NONE},
                 {"rank:pairwise", LINK_NONE},
                 {"rank:ndcg", LINK_NONE},
                 {"rank:map", LINK_NONE},
                 {"reg:logistic", LINK_SIGMOID},
                 {"binary:logistic", LINK_SIGMOID},
                 {"count:poisson", LINK_EXP},
                 {"reg:gamma", LINK_EXP},
                 {"reg:tweedie", LINK_EXP},
                 {"survival:cox", LINK_EXP},
                 {"survival:aft", LINK_EXP},
                 {"multi:softprob", LINK_SOFTMAX},
                 {"multi:softmax", LINK_ARGMAX},
                 {"binary:hinge", LINK_SIGN}};
    for (size_t i = 0; i < MC_COUNT_OF(KNOWN); i++)
        if (mc_bytes_is(objective, KNOWN[i].name))
            return KNOWN[i].link;
    return LINK_UNKNOWN;
}

static mc_status soft(mc_lowering *to, const mc_sym *x, mc_sym *out, mc_error *err)
{
    mc_step step = MC_STEP_INIT(SOFTMAX32);
    step.src = x->buffer;
    const size_t width = x->n_cols;
    MC_TRY(mc_build_step(to->b, step, width, &out->buffer, err));
    *out = (mc_sym){.kind = MC_SYM_NUMBERS, .buffer = out->buffer, .n_cols = width};
    return MC_OK;
}

/* The number of the largest, as a float. */
static mc_status largest(mc_lowering *to, const mc_sym *x, mc_sym *out, mc_error *err)
{
    double *numbers = NULL;
    const size_t n = x->n_cols;
    mc_step step = MC_STEP_INIT(LABEL_VALUE);
    MC_TRY(mc_arena_new(to->arena, double, n, &numbers, err));
    for (size_t i = 0; i < n; i++)
        numbers[i] = (double)i;
    MC_TRY(mc_emit_argmax(to, x, out, err));
    step.src = out->buffer;
    MC_TRY(mc_build_f64(to->b, numbers, 1, n, &step.array[0], err));
    MC_TRY(mc_build_step(to->b, step, 1, &out->buffer, err));
    *out = (mc_sym){.kind = MC_SYM_NUMBERS, .buffer = out->buffer, .n_cols = 1};
    return MC_OK;
}

static mc_status linked(mc_lowering *to, const mc_xgb *xgb, const mc_sym *x, mc_sym *out,
                        mc_error *err)
{
    *out = *x;
    switch (link_of(xgb->objective)) {
    case LINK_NONE:
        return MC_OK;
    case LINK_SIGMOID:
        return mc_emit_unary(
            to, x, xgb->version >= SIGMOID_BOUNDED ? MC_UNARY_SIGMOID32 : MC_UNARY_OLD_SIGMOID32,
            0.0, 0.0, out, err);
    case LINK_EXP:
        return mc_emit_unary(to, x, MC_UNARY_EXP32, 0.0, 0.0, out, err);
    case LINK_SOFTMAX:
        return soft(to, x, out, err);
    case LINK_ARGMAX:
        return largest(to, x, out, err);
    case LINK_SIGN:
        return mc_emit_unary(to, x, MC_UNARY_ABOVE, 0.0, 0.0, out, err);
    case LINK_UNKNOWN:
        break;
    }
    return mc_refuse(err, xgb->est, "objective: expected one of XGBoost's, found \"%.*s\"",
                     MC_SHOW(xgb->objective));
}

/* ------------------------------------------------------------------------------ classifiers ----
 */

/* Up to 1.5 labels were encoded. Where all are one, no sum is above where it begins. */
static mc_status encoded_classes(mc_lowering *to, const mc_value *est, const mc_xgb *xgb,
                                 size_t *out_n, uint32_t *out_table, mc_error *err)
{
    const mc_cell *cells = NULL;
    size_t n = 0;
    MC_TRY(mc_attr_cells(to, mc_value_attr(est, "_le"), "classes_", &cells, &n, err));
    if (n == 0 || (n == 1 && !(xgb->scores[0] <= 0.5)))
        return mc_refuse(err, est, "classes_: %zu classes", n);
    const mc_cell both[2] = {cells[0], cells[n - 1]};
    *out_n = n;
    return n == 1 ? mc_build_classes(to->b, both, 2, out_table, err)
                  : mc_build_classes(to->b, cells, n, out_table, err);
}

static mc_status number_classes(mc_lowering *to, const mc_value *est, const mc_xgb *xgb,
                                size_t *out_n, uint32_t *out_table, mc_error *err)
{
    int64_t n = 0;
    mc_cell *labels = NULL;
    if (mc_value_attr(mc_value_attr(est, "_le"), "classes_") != NULL)
        return encoded_classes(to, est, xgb, out_n, out_table, err);
    MC_TRY(mc_attr_integer(est, "n_classes_", 2, &n, err));
    if (n < 1 || n > (int64_t)MC_LIMIT_WIDTH)
        return mc_refuse(err, est, "n_classes_: %lld", (long long)n);
    *out_n = (size_t)n;
    const size_t n_labels = n < 2 ? 2 : (size_t)n;
    MC_TRY(mc_arena_new(to->arena, mc_cell, n_labels, &labels, err));
    for (size_t i = 0; i < n_labels; i++)
        labels[i] = (mc_cell){.kind = MC_CELL_INTEGER, .as.integer = (int64_t)i};
    return mc_build_classes(to->b, labels, n_labels, out_table, err);
}

/* [1 - p, p] in float32; of several columns these. */
static mc_status probabilities(mc_lowering *to, const mc_sym *p, mc_answer *out, mc_error *err)
{
    mc_sym sides[2] = {*p, *p}, y = *p;
    if (p->n_cols == 1) {
        MC_TRY(mc_emit_unary(to, p, MC_UNARY_COMPLEMENT32, 0.0, 0.0, &sides[0], err));
        MC_TRY(mc_emit_hstack(to, sides, 2, false, &y, err));
    }
    return mc_answer_matrix(to, y, out, err);
}

static mc_status classifier(mc_lowering *to, const mc_value *est, const mc_xgb *xgb,
                            mc_method method, const mc_sym *raw, mc_answer *out, mc_error *err)
{
    size_t n = 0;
    uint32_t table = 0;
    mc_sym y;
    const bool is_hard = mc_attr_is_text(est, "objective", "multi:softmax");
    if (is_hard && method == MC_METHOD_PREDICT_PROBA && xgb->version == 106)
        return mc_no_method(err, est, method); /* it raises, in 1.6 alone */
    MC_TRY(number_classes(to, est, xgb, &n, &table, err));
    if (is_hard && raw->n_cols > 1)
        MC_TRY(soft(to, raw, &y, err));
    else
        MC_TRY(linked(to, xgb, raw, &y, err));
    if (method == MC_METHOD_PREDICT_PROBA)
        return probabilities(to, &y, out, err);
    if (y.n_cols > 1 && (n != 2 || is_hard)) {
        MC_TRY(mc_emit_argmax(to, is_hard ? raw : &y, &y, err));
        return mc_answer_labels(to, y, table, out, err);
    }
    if (y.n_cols > 1) { /* several labels: floats */
        MC_TRY(mc_emit_unary(to, &y, MC_UNARY_ABOVE, 0.5, 0.0, &y, err));
        return mc_answer_matrix(to, y, out, err);
    }
    MC_TRY(mc_emit_above(to, &y, 0.5, false, &y, err));
    return mc_answer_labels(to, y, table, out, err);
}

mc_status mc_lower_xgboost(mc_lowering *to, const mc_value *est, mc_method method, const mc_sym *x,
                           mc_answer *out, mc_error *err)
{
    const mc_bytes name = mc_class_name(est);
    const bool is_classifier =
        mc_bytes_is(name, "XGBClassifier") || mc_bytes_is(name, "XGBRFClassifier");
    const mc_xgb *xgb = NULL;
    mc_sym y;
    const bool is_apply = method == MC_METHOD_APPLY && !is_booster(est);
    if (method != MC_METHOD_PREDICT && !is_apply &&
        !(is_classifier && method == MC_METHOD_PREDICT_PROBA))
        return mc_no_method(err, est, method);
    MC_TRY(mc_xgb_of(to, est, &xgb, err));
    if (is_apply)
        return leaves(to, est, xgb, x, out, err);
    MC_TRY(sums(to, est, xgb, x, &y, err));
    if (is_classifier)
        return classifier(to, est, xgb, method, &y, out, err);
    MC_TRY(linked(to, xgb, &y, &y, err));
    return y.n_cols == 1 ? mc_answer_scalar(to, y, out, err) : mc_answer_matrix(to, y, out, err);
}
