/* nmf.c: NMF, MiniBatchNMF and LatentDirichletAllocation: a row as non-negative shares.
 *
 * Oracle   sklearn/decomposition/_nmf.py, _lda.py, scikit-learn 1.2 to 1.9.
 * Exact    A row is answered as scikit-learn answers it alone: its rules to stop look at all the
 *          rows that are asked together. For the rest see kernel/nonnegative.c and topics.c.
 * Shuffle  solver "cd" with shuffle=True draws the order of the coordinates at each call; from an
 *          integer seed it is the same each time, and drawn here at load. Otherwise refused.
 * Versions Penalties count by the number of features where alpha_W is there; before 1.0, and in 1.0
 *          and 1.1 where alpha was given, they do not. */
#include <math.h>

#include "base/limits.h"
#include "base/size.h"
#include "import/sklearn/attr.h"
#include "import/sklearn/emit.h"
#include "import/sklearn/matrix.h"
#include "kernel/mersenne.h"
#include "kernel/nonnegative.h"
#include "kernel/topics.h"

/* What both classes have in common. */
typedef struct factors {
    const double *h; /* (k, d) components_ */
    size_t k, d;
    double l1, l2, tol;
    uint32_t max_iter;
} factors;

static mc_status read_iterations(const mc_value *est, const char *name, uint32_t *out,
                                 mc_error *err)
{
    int64_t n = 0;
    MC_TRY(mc_attr_integer(est, name, 200, &n, err));
    if (n < 0 || n > (int64_t)MC_LIMIT_ITERATIONS)
        return mc_refuse(err, est, "%s: expected at most %u iterations, found %lld", name,
                         MC_LIMIT_ITERATIONS, (long long)n);
    *out = (uint32_t)n;
    return MC_OK;
}

/* The penalty on w of old: `alpha`, unless it counts for the components only. */
static mc_status old_penalty(const mc_value *est, double *out, mc_error *err)
{
    *out = 0.0;
    if (!mc_attr_has(est, "alpha") || mc_attr_is_text(est, "alpha", "deprecated") ||
        mc_attr_is_text(est, "regularization", "components"))
        return MC_OK;
    return mc_attr_number(est, "alpha", 0.0, out, err);
}

static mc_status read_penalties(const mc_value *est, factors *f, mc_error *err)
{
    double alpha = 0.0, ratio = 0.0, count = (double)f->d;
    MC_TRY(mc_attr_number(est, "l1_ratio", 0.0, &ratio, err));
    MC_TRY(mc_attr_number(est, "alpha_W", 0.0, &alpha, err));
    if (alpha == 0.0) {
        MC_TRY(old_penalty(est, &alpha, err));
        count = 1.0;
    }
    f->l1 = count * alpha * ratio;
    f->l2 = count * alpha * (1.0 - ratio);
    return MC_OK;
}

static mc_status read_factors(mc_lowering *to, const mc_value *est, size_t d, factors *out,
                              mc_error *err)
{
    *out = (factors){.d = d};
    MC_TRY(mc_attr_matrix(to, est, "components_", MC_ANY, d, &out->h, &out->k, NULL, err));
    MC_TRY(mc_attr_number(est, "tol", 1e-4, &out->tol, err));
    return read_penalties(est, out, err);
}

/* The first `k` columns of a step's answer; behind them is scratch. */
static mc_status emit_with_scratch(mc_lowering *to, mc_step step, size_t k, size_t scratch,
                                   mc_sym *out, mc_error *err)
{
    uint32_t *first = NULL, buffer = 0;
    size_t width = 0;
    if (!mc_add_size(k, scratch, &width) || width > MC_LIMIT_WIDTH)
        return mc_fail(err, MC_E_LIMIT, MC_NO_OFFSET, "%zu components need too much memory a row",
                       k);
    MC_TRY(mc_arena_new(to->arena, uint32_t, k, &first, err));
    for (size_t i = 0; i < k; i++)
        first[i] = (uint32_t)i;
    MC_TRY(mc_build_step(to->b, step, width, &buffer, err));
    const mc_sym whole = {.kind = MC_SYM_NUMBERS, .buffer = buffer, .n_cols = width};
    return mc_emit_columns(to, &whole, first, k, out, err);
}

/* Checked; sparse rows stay so. */
static mc_status emit_non_negative(mc_lowering *to, const mc_sym *x, mc_sym *out, mc_error *err)
{
    mc_step step = MC_STEP_INIT(CHECK_LEAST);
    uint32_t buffer = 0;
    MC_TRY(mc_emit_check_sparse(to, x, MC_FINITE, out, err));
    if (out->kind == MC_SYM_SPARSE)
        step.op = MC_OP_CSR_CHECK_LEAST;
    step.src = out->buffer;
    MC_TRY(mc_build_step(to->b, step, out->n_cols, &buffer, err));
    *out = (mc_sym){.kind = out->kind, .buffer = buffer, .n_cols = out->n_cols};
    return MC_OK;
}

/* For a divergence that has no value at 0. */
static mc_status emit_positive(mc_lowering *to, const mc_sym *x, mc_sym *out, mc_error *err)
{
    mc_step step = MC_STEP_INIT(CHECK_LEAST);
    uint32_t buffer = 0;
    MC_TRY(mc_emit_check(to, x, MC_FINITE, out, err));
    step.flags = MC_STEP_OR_EQUAL;
    step.src = out->buffer;
    MC_TRY(mc_build_step(to->b, step, out->n_cols, &buffer, err));
    *out = (mc_sym){.kind = MC_SYM_NUMBERS, .buffer = buffer, .n_cols = out->n_cols};
    return MC_OK;
}

/* ---------------------------------------------------------------------------- descent ---- */

static mc_status read_order(mc_lowering *to, const mc_value *est, const factors *f, uint32_t *out,
                            mc_error *err)
{
    const mc_value *seed = mc_value_attr(est, "random_state");
    bool shuffles = false;
    int64_t number = 0;
    uint32_t *order = NULL;
    size_t n = 0;
    mc_mersenne mersenne;
    MC_TRY(mc_attr_bool(est, "shuffle", false, &shuffles, err));
    if (!shuffles)
        return MC_OK;
    if (mc_integer_from_value(seed, &number, NULL) != MC_OK || number < 0 || number > UINT32_MAX)
        return mc_refuse(err, est,
                         "shuffle=True draws at each call: random_state must be an integer");
    if (!mc_mul_size(f->k, f->max_iter, &n) || n > MC_LIMIT_WIDTH)
        return mc_refuse(err, est, "shuffle=True: %zu components, %u iterations are too many", f->k,
                         f->max_iter);
    MC_TRY(mc_arena_new(to->arena, uint32_t, n, &order, err));
    mc_mersenne_seed(&mersenne, (uint32_t)number);
    for (size_t i = 0; i < f->max_iter; i++)
        mc_mersenne_permute(&mersenne, order + i * f->k, f->k);
    return mc_build_u32(to->b, order, n, out, err);
}

static mc_status emit_descent(mc_lowering *to, const mc_value *est, const mc_sym *x,
                              const factors *f, mc_sym *out, mc_error *err)
{
    mc_step step = MC_STEP_INIT(NMF_DESCEND);
    double *gram = NULL, *less = NULL;
    uint32_t buffer = 0;
    MC_TRY(mc_matrix_gram(to, f->h, f->k, f->d, &gram, err));
    MC_TRY(mc_arena_new(to->arena, double, f->k, &less, err));
    for (size_t i = 0; i < f->k; i++) {
        gram[i * f->k + i] += f->l2;
        less[i] = -f->l1;
    }
    MC_TRY(emit_non_negative(to, x, out, err));
    MC_TRY(mc_emit_linear(to, out, f->h, less, f->k, out, err));
    step.src = out->buffer;
    step.n[0] = f->max_iter;
    step.value[0] = f->tol;
    MC_TRY(mc_build_f64(to->b, gram, f->k, f->k, &step.array[0], err));
    MC_TRY(read_order(to, est, f, &step.array[1], err));
    MC_TRY(mc_build_step(to->b, step, f->k, &buffer, err));
    *out = (mc_sym){.kind = MC_SYM_NUMBERS, .buffer = buffer, .n_cols = f->k};
    return MC_OK;
}

/* ---------------------------------------------------------------------------- updates ---- */

static mc_status read_beta(const mc_value *est, double *out, mc_error *err)
{
    const char *name = mc_attr_has(est, "_beta_loss") ? "_beta_loss" : "beta_loss";
    if (mc_attr_is_text(est, name, "frobenius"))
        *out = 2.0;
    else if (mc_attr_is_text(est, name, "kullback-leibler"))
        *out = 1.0;
    else if (mc_attr_is_text(est, name, "itakura-saito"))
        *out = 0.0;
    else
        return mc_attr_number(est, name, 2.0, out, err);
    return MC_OK;
}

/* The power of an update that keeps the divergence from rising. */
static double gamma_of(double beta)
{
    if (beta < 1.0)
        return 1.0 / (2.0 - beta);
    return beta > 2.0 ? 1.0 / (beta - 1.0) : 1.0;
}

/* The Gram matrix of the components where beta is 2, else their sums. */
static mc_status build_third(mc_lowering *to, const factors *f, double beta, uint32_t *out,
                             mc_error *err)
{
    double *gram = NULL, *sums = NULL;
    if (beta == 2.0) {
        MC_TRY(mc_matrix_gram(to, f->h, f->k, f->d, &gram, err));
        return mc_build_f64(to->b, gram, f->k, f->k, out, err);
    }
    MC_TRY(mc_arena_new(to->arena, double, f->k, &sums, err));
    for (size_t i = 0; i < f->k; i++)
        for (size_t j = 0; j < f->d; j++)
            sums[i] += f->h[i * f->d + j];
    return mc_build_f64(to->b, sums, 1, f->k, out, err);
}

/* The row as its updates take it: MiniBatchNMF looks at no signs, and only sums over the entries
 * of a row can leave its zeros out. */
static mc_status emit_row(mc_lowering *to, const mc_sym *x, double beta, mc_nonnegative_stop stop,
                          mc_sym *out, mc_error *err)
{
    const bool stays_sparse = beta == 1.0 || beta == 2.0;
    if (stop == MC_STOP_BY_CHANGE)
        return stays_sparse ? mc_emit_check_sparse(to, x, MC_FINITE, out, err)
                            : mc_emit_check(to, x, MC_FINITE, out, err);
    if (beta <= 0.0)
        return emit_positive(to, x, out, err);
    MC_TRY(emit_non_negative(to, x, out, err));
    return stays_sparse ? MC_OK : mc_to_numbers(to, out, out, err);
}

static mc_status emit_updates(mc_lowering *to, const mc_value *est, const mc_sym *x,
                              const factors *f, mc_nonnegative_stop stop, mc_sym *out,
                              mc_error *err)
{
    mc_step step = MC_STEP_INIT(NMF_MULTIPLY);
    double numbers[MC_NMF_NUMBERS] = {0.0};
    const double *transposed = NULL;
    MC_TRY(read_beta(est, &numbers[MC_NMF_BETA], err));
    numbers[MC_NMF_GAMMA] = gamma_of(numbers[MC_NMF_BETA]);
    numbers[MC_NMF_L1] = f->l1;
    numbers[MC_NMF_L2] = f->l2;
    numbers[MC_NMF_TOL] = f->tol;
    MC_TRY(emit_row(to, x, numbers[MC_NMF_BETA], stop, out, err));
    MC_TRY(mc_matrix_transposed(to, f->h, f->k, f->d, &transposed, err));
    if (out->kind == MC_SYM_SPARSE)
        step.op = MC_OP_CSR_NMF_MULTIPLY;
    step.flags = mc_version_of(to, est) >= 103 ? MC_STEP_FLOORS : 0;
    step.src = out->buffer;
    step.n[0] = f->max_iter;
    step.n[1] = stop;
    MC_TRY(mc_build_f64(to->b, transposed, f->d, f->k, &step.array[0], err));
    MC_TRY(mc_build_f64(to->b, numbers, 1, MC_NMF_NUMBERS, &step.array[1], err));
    MC_TRY(build_third(to, f, numbers[MC_NMF_BETA], &step.array[2], err));
    return emit_with_scratch(to, step, f->k, MC_NONNEGATIVE_SCRATCH(f->k), out, err);
}

/* ---------------------------------------------------------------------------- classes ---- */

/* x @ components_ */
static mc_status back(mc_lowering *to, const mc_value *est, const mc_sym *x, mc_answer *out,
                      mc_error *err)
{
    const double *h = NULL, *weights = NULL;
    size_t d = 0;
    mc_sym y;
    MC_TRY(mc_attr_matrix(to, est, "components_", x->n_cols, MC_ANY, &h, NULL, &d, err));
    MC_TRY(mc_matrix_transposed(to, h, x->n_cols, d, &weights, err));
    MC_TRY(mc_emit_check(to, x, MC_OR_NAN | MC_OR_INFINITY, &y, err));
    MC_TRY(mc_emit_linear(to, &y, weights, NULL, d, &y, err));
    return mc_answer_matrix(to, y, out, err);
}

mc_status mc_lower_nmf(mc_lowering *to, const mc_value *est, mc_method method, const mc_sym *x,
                       mc_answer *out, mc_error *err)
{
    static const char *const SOLVERS[] = {"cd", "mu"};
    factors f;
    size_t solver = 0;
    mc_sym y;
    if (method == MC_METHOD_INVERSE_TRANSFORM)
        return back(to, est, x, out, err);
    if (method != MC_METHOD_TRANSFORM)
        return mc_no_method(err, est, method);
    MC_TRY(read_factors(to, est, x->n_cols, &f, err));
    MC_TRY(read_iterations(est, "max_iter", &f.max_iter, err));
    MC_TRY(mc_attr_choice(est, "solver", SOLVERS, MC_COUNT_OF(SOLVERS), &solver, err));
    MC_TRY(solver == 0 ? emit_descent(to, est, x, &f, &y, err)
                       : emit_updates(to, est, x, &f, MC_STOP_BY_ERROR, &y, err));
    return mc_answer_matrix(to, y, out, err);
}

mc_status mc_lower_mini_batch_nmf(mc_lowering *to, const mc_value *est, mc_method method,
                                  const mc_sym *x, mc_answer *out, mc_error *err)
{
    factors f;
    mc_sym y;
    if (method == MC_METHOD_INVERSE_TRANSFORM)
        return back(to, est, x, out, err);
    if (method != MC_METHOD_TRANSFORM)
        return mc_no_method(err, est, method);
    MC_TRY(read_factors(to, est, x->n_cols, &f, err));
    MC_TRY(read_iterations(
        est, mc_attr_has(est, "transform_max_iter") ? "transform_max_iter" : "max_iter",
        &f.max_iter, err));
    MC_TRY(emit_updates(to, est, x, &f, MC_STOP_BY_CHANGE, &y, err));
    return mc_answer_matrix(to, y, out, err);
}

/* transform(normalize=True), the default, and all that versions before 1.7 have. */
mc_status mc_lower_latent_dirichlet(mc_lowering *to, const mc_value *est, mc_method method,
                                    const mc_sym *x, mc_answer *out, mc_error *err)
{
    mc_step step = MC_STEP_INIT(TOPICS);
    const double *topics = NULL, *words = NULL;
    size_t k = 0;
    mc_sym y;
    if (method != MC_METHOD_TRANSFORM)
        return mc_no_method(err, est, method);
    MC_TRY(mc_attr_matrix(to, est, "exp_dirichlet_component_", MC_ANY, x->n_cols, &topics, &k, NULL,
                          err));
    MC_TRY(read_iterations(est, "max_doc_update_iter", &step.n[0], err));
    MC_TRY(mc_attr_number(est, "doc_topic_prior_", 1.0 / (double)k, &step.value[0], err));
    MC_TRY(mc_attr_number(est, "mean_change_tol", 1e-3, &step.value[1], err));
    MC_TRY(emit_non_negative(to, x, &y, err));
    if (y.kind == MC_SYM_SPARSE)
        step.op = MC_OP_CSR_TOPICS;
    MC_TRY(mc_matrix_transposed(to, topics, k, x->n_cols, &words, err));
    MC_TRY(mc_build_f64(to->b, words, x->n_cols, k, &step.array[0], err));
    step.src = y.buffer;
    MC_TRY(emit_with_scratch(to, step, k, MC_TOPICS_SCRATCH(k), &y, err));
    MC_TRY(mc_emit_row_share(to, &y, MC_ZERO_DIVIDES, &y, err));
    return mc_answer_matrix(to, y, out, err);
}
