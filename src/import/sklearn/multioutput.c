/* multioutput.c: one estimator for each output; and chains, where each also sees what those before
 * it answered.
 *
 * Oracle   sklearn/multioutput.py, scikit-learn 1.2 to 1.9.
 * Exact    As the estimators.
 * Why so   A chain holds all its answers as float64, labels too. What the next estimator sees is
 *          predict(), since 1.5 what chain_method_ says. */
#include "import/sklearn/attr.h"
#include "import/sklearn/emit.h"
#include "import/sklearn/meta_ask.h"

static mc_status read_estimators(mc_lowering *to, const mc_value *est, mc_items *out, mc_error *err)
{
    MC_TRY(mc_attr_items(to, est, "estimators_", out, err));
    return out->n > 0 ? MC_OK
                      : mc_refuse(err, est, "estimators_: expected at least one, found none");
}

/* -------------------------------------------------------------------------------- side by side
 * ---- */

static mc_status side_by_side(mc_lowering *to, const mc_items *estimators, const mc_sym *x,
                              mc_answer *out, mc_error *err)
{
    mc_sym *parts = NULL, y;
    MC_TRY(mc_arena_new(to->arena, mc_sym, estimators->n, &parts, err));
    for (size_t i = 0; i < estimators->n; i++)
        MC_TRY_IN(mc_ask_numbers(to, estimators->at[i], MC_METHOD_PREDICT, x, &parts[i], NULL, err),
                  err, "estimators_[%zu]", i);
    MC_TRY(mc_emit_hstack(to, parts, estimators->n, false, &y, err));
    return mc_answer_matrix(to, y, out, err);
}

mc_status mc_lower_multi_output(mc_lowering *to, const mc_value *est, mc_method method,
                                const mc_sym *x, mc_answer *out, mc_error *err)
{
    mc_items estimators;
    const bool is_classifier = mc_bytes_is(mc_class_name(est), "MultiOutputClassifier");
    if (method != MC_METHOD_PREDICT && !(is_classifier && method == MC_METHOD_PREDICT_PROBA))
        return mc_no_method(err, est, method);
    MC_TRY(read_estimators(to, est, &estimators, err));
    if (!is_classifier)
        return side_by_side(to, &estimators, x, out, err);
    MC_TRY(mc_answer_parts(to, estimators.n, out, err));
    out->is_list = true;
    for (size_t i = 0; i < estimators.n; i++) {
        mc_answer answer = {0};
        MC_TRY_IN(mc_lower(to, estimators.at[i], method, x, &answer, err), err, "estimators_[%zu]",
                  i);
        if (answer.n_parts != 1)
            return mc_refuse(err, est, "estimators_[%zu] answers with %zu parts, expected one", i,
                             answer.n_parts);
        out->parts[i] = answer.parts[0];
    }
    return MC_OK;
}

/* -------------------------------------------------------------------------------------- chains
 * ---- */

typedef struct chain {
    const mc_value *est;
    mc_items estimators;
    const uint32_t *order; /* order[i]: which output estimator i answers */
    mc_method feeds;       /* what the next estimators see */
    unsigned version;
} chain;

static mc_status read_order(mc_lowering *to, chain *c, mc_error *err)
{
    const int64_t *order = NULL;
    uint32_t *at = NULL;
    bool *seen = NULL;
    size_t n = 0;
    MC_TRY(mc_attr_integers(to, c->est, "order_", c->estimators.n, &order, &n, err));
    MC_TRY(mc_arena_new(to->arena, uint32_t, n, &at, err));
    MC_TRY(mc_arena_new(to->arena, bool, n, &seen, err));
    for (size_t i = 0; i < n; i++) {
        if (order[i] < 0 || (uint64_t)order[i] >= n || seen[order[i]])
            return mc_refuse(err, c->est, "order_: expected each of 0 to %zu once", n - 1);
        seen[order[i]] = true;
        at[i] = (uint32_t)order[i];
    }
    c->order = at;
    return MC_OK;
}

static mc_status open_chain(mc_lowering *to, const mc_value *est, chain *out, mc_error *err)
{
    *out = (chain){.est = est, .feeds = MC_METHOD_PREDICT, .version = mc_version_of(to, est)};
    MC_TRY(read_estimators(to, est, &out->estimators, err));
    const mc_bytes feeds = mc_attr_text(est, "chain_method_");
    if (feeds.size > 0 &&
        mc_method_find((const char *)feeds.data, feeds.size, &out->feeds) != MC_OK)
        return mc_refuse(err, est, "chain_method_: expected the name of a method, found \"%.*s\"",
                         MC_SHOW(feeds));
    return read_order(to, out, err);
}

/* One column of `method`; of probabilities that of the second class. Before 1.5 it was the second
 * of any number; since then more than two columns do not fit into one. */
static mc_status link_answer(mc_lowering *to, const chain *c, size_t i, mc_method method,
                             const mc_sym *x, mc_sym *out, mc_error *err)
{
    const mc_value *inside = c->estimators.at[i];
    const mc_status status = mc_ask_numbers(to, inside, method, x, out, NULL, err);
    const bool is_proba =
        method == MC_METHOD_PREDICT_PROBA || method == MC_METHOD_PREDICT_LOG_PROBA;
    if (status != MC_OK)
        return status == MC_E_NO_METHOD ? status : mc_fail_in(err, status, "estimators_[%zu]", i);
    if (is_proba && (out->n_cols == 2 || (out->n_cols > 2 && c->version < 105)))
        MC_TRY(mc_emit_column(to, out, 1, out, err));
    return out->n_cols == 1 ? MC_OK : mc_no_method(err, c->est, method);
}

/* x with the answers before it, sparse if x is. */
static mc_status augment(mc_lowering *to, const mc_sym *x, mc_sym *parts, size_t n, mc_sym *out,
                         mc_error *err)
{
    parts[0] = *x;
    MC_TRY(mc_emit_hstack(to, parts, n + 1, x->sparse, out, err));
    out->sparse_as_input = x->sparse_as_input;
    return MC_OK;
}

static mc_status run_chain(mc_lowering *to, const chain *c, mc_method method, const mc_sym *x,
                           mc_sym *out, mc_error *err)
{
    const size_t n = c->estimators.n;
    mc_sym *fed = NULL, *answers = NULL, seen;
    MC_TRY(mc_arena_new(to->arena, mc_sym, n + 1, &fed, err));
    MC_TRY(mc_arena_new(to->arena, mc_sym, n, &answers, err));
    for (size_t i = 0; i < n; i++) {
        MC_TRY(augment(to, x, fed, i, &seen, err));
        MC_TRY(link_answer(to, c, i, c->feeds, &seen, &fed[i + 1], err));
        MC_TRY(link_answer(to, c, i, method, &seen, &answers[c->order[i]], err));
        fed[i + 1].type = answers[c->order[i]].type = MC_VALUE_FLOAT;
    }
    return mc_emit_hstack(to, answers, n, false, out, err);
}

mc_status mc_lower_chain(mc_lowering *to, const mc_value *est, mc_method method, const mc_sym *x,
                         mc_answer *out, mc_error *err)
{
    chain c;
    mc_sym y;
    const bool is_classifier = mc_bytes_is(mc_class_name(est), "ClassifierChain");
    const bool is_log = method == MC_METHOD_PREDICT_LOG_PROBA;
    if (method != MC_METHOD_PREDICT &&
        !(is_classifier &&
          (method == MC_METHOD_PREDICT_PROBA || method == MC_METHOD_DECISION_FUNCTION || is_log)))
        return mc_no_method(err, est, method);
    if (method != MC_METHOD_PREDICT && !mc_template_offers(to, est, 24))
        return mc_no_method(err, est, method);
    MC_TRY(open_chain(to, est, &c, err));
    if (is_log && c.version < 104)
        return mc_no_method(err, est, method);
    MC_TRY(mc_emit_check(to, x, MC_FINITE, &y, err));
    MC_TRY(run_chain(to, &c, is_log ? MC_METHOD_PREDICT_PROBA : method, &y, &y, err));
    if (is_log)
        MC_TRY(mc_emit_unary(to, &y, MC_UNARY_LOG, 0.0, 0.0, &y, err));
    return mc_answer_matrix(to, y, out, err);
}
