/* support_vectors.c: SVC, NuSVC, SVR, NuSVR and OneClassSVM: libsvm's models, fitted on dense or
 * sparse rows.
 *
 * Oracle   sklearn/svm/_base.py, _classes.py and svm/src/libsvm/svm.cpp, scikit-learn 1.2 to 1.9.
 * Exact    Given the same kernel values, decisions, votes, scores and probabilities bit for bit
 *          (kernel/svm.c). Kernel values: for models fitted on sparse rows bit for bit, too, but
 *          for libm; for dense ones sums are BLAS there: within 2 d u (sum of |terms|) of them.
 * Why so   A decision that is nearly 0 can fall on the other side there: rows whose decision is
 *          within that bound of 0 are ties of the last bits in scikit-learn as well. */
#include <math.h>

#include "base/size.h"
#include "import/sklearn/emit_sparse.h"
#include "import/sklearn/kernel_rows.h"
#include "kernel/svm.h"

typedef struct machine {
    const mc_value *est;
    size_t n_classes; /* 2 of regression and one class: the second has no vectors */
    mc_sym decisions; /* (pairs): above 0 speaks for the first class */
} machine;

/* The first name, or the one that it had up to 0.22. */
static const char *named(const mc_value *est, const char *name, const char *old_name)
{
    return mc_value_attr(est, name) != NULL ? name : old_name;
}

/* -------------------------------------------------------------------------------- kernel ---- */

/* Vectors out of the rows that it was fitted on. */
static mc_status chosen_rows(mc_lowering *to, const machine *m, const char *name, size_t d,
                             mc_fitted_rows *out, mc_error *err)
{
    mc_fitted_rows all;
    const int64_t *support = NULL;
    double *rows = NULL;
    size_t n = 0;
    MC_TRY(mc_attr_dense(to, m->est, name, MC_ANY, d, &all, err));
    MC_TRY(mc_attr_integers(to, m->est, "support_", MC_ANY, &support, &n, err));
    MC_TRY(mc_arena_new(to->arena, double, n *d, &rows, err));
    for (size_t i = 0; i < n; i++) {
        if (support[i] < 0 || (uint64_t)support[i] >= all.n)
            return mc_refuse(err, m->est, "support_: row %lld of %zu", (long long)support[i],
                             all.n);
        for (size_t j = 0; j < d; j++)
            rows[i * d + j] = all.rows[(size_t)support[i] * d + j];
    }
    *out = (mc_fitted_rows){.rows = rows, .n = n, .d = d};
    return MC_OK;
}

/* The keywords of functools.partial(rbf_kernel, gamma=0.5). */
static mc_status kernel_parameters(const mc_value *est, const mc_value *keywords, mc_pairwise *out,
                                   mc_error *err)
{
    const struct {
        const char *name;
        double *number;
    } known[] = {{"gamma", &out->gamma}, {"degree", &out->degree}, {"coef0", &out->coef0}};
    size_t n_known = 0;
    for (size_t i = 0; i < MC_COUNT_OF(known); i++) {
        const mc_value *value = mc_dict_get(keywords, known[i].name);
        n_known += value != NULL ? 1u : 0u;
        if (!mc_value_is_none(value))
            MC_TRY_IN(mc_number_from_value(value, known[i].number, err), err, "kernel: %s",
                      known[i].name);
    }
    return !mc_value_is(keywords, MC_KIND_DICT) || keywords->as.items.n / 2 == n_known
               ? MC_OK
               : mc_refuse(err, est,
                           "kernel: a functools.partial with a keyword that is not known");
}

/* A function of sklearn.metrics.pairwise; called with its defaults on the rows it was fitted on. */
static mc_status function_kernel(mc_lowering *to, const machine *m, const mc_value *kernel,
                                 const mc_sym *x, mc_sym *out, mc_error *err)
{
    static const struct {
        const char *function, *metric;
    } KNOWN[] = {{"linear_kernel", "linear"},
                 {"polynomial_kernel", "poly"},
                 {"rbf_kernel", "rbf"},
                 {"sigmoid_kernel", "sigmoid"},
                 {"laplacian_kernel", "laplacian"},
                 {"cosine_similarity", "cosine"},
                 {"chi2_kernel", "chi2"},
                 {"additive_chi2_kernel", "additive_chi2"}};
    char type[160];
    mc_fitted_rows vectors;
    const mc_value *function = kernel, *parameters = NULL;
    if (mc_value_is(kernel, MC_KIND_OBJECT) && mc_value_is_a(kernel, "functools", "partial")) {
        const mc_value *state = kernel->as.object->state; /* (func, args, keywords, __dict__) */
        if (!mc_value_is(state, MC_KIND_TUPLE) || state->as.items.n < 3 ||
            !mc_value_is(state->as.items.at[1], MC_KIND_TUPLE) ||
            state->as.items.at[1]->as.items.n > 0)
            return mc_refuse(err, m->est, "kernel: a functools.partial with arguments by place");
        function = state->as.items.at[0];
        parameters = state->as.items.at[2];
    } else if (mc_value_is(kernel, MC_KIND_OBJECT)) { /* one of Gaussian processes can be called */
        MC_TRY(chosen_rows(to, m, "_BaseLibSVM__Xfit", x->n_cols, &vectors, err));
        return mc_emit_process_kernel(to, kernel, x, &vectors, out, err);
    }
    for (size_t i = 0; i < MC_COUNT_OF(KNOWN); i++) {
        mc_pairwise by = {mc_bytes_of(KNOWN[i].metric), (double)NAN, 3.0, 1.0};
        if (!mc_value_is_a(function, "sklearn.metrics.pairwise", KNOWN[i].function))
            continue;
        MC_TRY(kernel_parameters(m->est, parameters, &by, err));
        MC_TRY(chosen_rows(to, m, "_BaseLibSVM__Xfit", x->n_cols, &vectors, err));
        return mc_emit_pairwise(to, m->est, &by, x, &vectors, out, err);
    }
    return mc_refuse(err, m->est,
                     "kernel: expected a name or a function of sklearn.metrics.pairwise, found %s: "
                     "functions of users are not run",
                     mc_value_type_name(kernel, type, sizeof type));
}

/* The columns of a kernel matrix that belong to support vectors. */
static mc_status precomputed(mc_lowering *to, const machine *m, const mc_sym *x, mc_sym *out,
                             mc_error *err)
{
    const int64_t *support = NULL;
    uint32_t *columns = NULL;
    size_t n = 0;
    MC_TRY(mc_attr_integers(to, m->est, "support_", MC_ANY, &support, &n, err));
    MC_TRY(mc_arena_new(to->arena, uint32_t, n, &columns, err));
    for (size_t i = 0; i < n; i++) {
        if (support[i] < 0 || (uint64_t)support[i] >= x->n_cols)
            return mc_refuse(err, m->est, "support_: column %lld of %zu", (long long)support[i],
                             x->n_cols);
        columns[i] = (uint32_t)support[i];
    }
    return mc_emit_columns(to, x, columns, n, out, err);
}

/* Support vectors of thin sparse rows (texts), which stay as they are; false if they are not. */
static mc_status thin_vectors(mc_lowering *to, const machine *m, const mc_sym *x, bool *out_is,
                              mc_sparse *out, mc_error *err)
{
    const mc_value *value = NULL;
    *out_is = false;
    MC_TRY(mc_attr_need(m->est, "support_vectors_", &value, err));
    if (!mc_value_is_sparse(value))
        return MC_OK;
    MC_TRY_IN(mc_sparse_from_value(to->arena, value, out, err), err, "support_vectors_");
    *out_is = out->n_cols == x->n_cols && mc_sparse_is_thin(out);
    return MC_OK;
}

static mc_status dense_sums(mc_lowering *to, const machine *m, mc_pair_sum which, const mc_sym *x,
                            mc_sym *out, mc_error *err)
{
    mc_fitted_rows vectors;
    MC_TRY(mc_attr_dense(to, m->est, "support_vectors_", MC_ANY, x->n_cols, &vectors, err));
    return mc_emit_pair_sums(to, x, which, &vectors, out, err);
}

static mc_status dots(mc_lowering *to, const machine *m, const mc_sym *x, mc_sym *out,
                      mc_error *err)
{
    bool is_thin = false;
    mc_sparse sparse;
    MC_TRY(thin_vectors(to, m, x, &is_thin, &sparse, err));
    if (is_thin)
        return mc_emit_sparse_product(to, x, &sparse, out, err);
    return dense_sums(to, m, MC_PAIR_DOT, x, out, err);
}

static mc_status squares(mc_lowering *to, const machine *m, const mc_sym *x, mc_sym *out,
                         mc_error *err)
{
    bool is_thin = false;
    mc_sparse sparse;
    MC_TRY(thin_vectors(to, m, x, &is_thin, &sparse, err));
    if (is_thin && x->kind == MC_SYM_SPARSE)
        return mc_emit_sparse_squares(to, x, &sparse, out, err);
    return dense_sums(to, m, MC_PAIR_SQUARES, x, out, err);
}

/* libsvm's own: gamma x.y + coef0, and what follows. */
static mc_status bent_dot(mc_lowering *to, const machine *m, double gamma, const mc_sym *x,
                          mc_sym *out, mc_error *err)
{
    double coef0 = 0.0;
    MC_TRY(mc_attr_number(m->est, "coef0", 0.0, &coef0, err));
    MC_TRY(dots(to, m, x, out, err));
    MC_TRY(mc_emit_kernel_map(to, out, MC_MAP_SCALE, gamma, 0.0, out, err));
    return mc_emit_kernel_map(to, out, MC_MAP_OFFSET, coef0, 0.0, out, err);
}

static mc_status named_kernel(mc_lowering *to, const machine *m, mc_bytes name, const mc_sym *x,
                              mc_sym *out, mc_error *err)
{
    double gamma = 0.0;
    int64_t degree = 0;
    MC_TRY(mc_attr_number(m->est, "_gamma", 0.0, &gamma, err));
    MC_TRY(mc_attr_integer(m->est, "degree", 3, &degree, err));
    if (mc_bytes_is(name, "linear"))
        return dots(to, m, x, out, err);
    if (mc_bytes_is(name, "rbf")) {
        MC_TRY(squares(to, m, x, out, err));
        return mc_emit_kernel_map(to, out, MC_MAP_GAUSS, -gamma, 0.0, out, err);
    }
    if (mc_bytes_is(name, "sigmoid")) {
        MC_TRY(bent_dot(to, m, gamma, x, out, err));
        return mc_emit_kernel_map(to, out, MC_MAP_TANH, 0.0, 0.0, out, err);
    }
    if (!mc_bytes_is(name, "poly"))
        return mc_refuse(err, m->est, "kernel: expected one of libsvm, found \"%.*s\"",
                         MC_SHOW(name));
    if (degree < 0 || degree > INT32_MAX)
        return mc_refuse(err, m->est, "degree: expected 0 or above, found %lld", (long long)degree);
    MC_TRY(bent_dot(to, m, gamma, x, out, err));
    return mc_emit_kernel_map(to, out, MC_MAP_POWER_INTEGER, (double)degree, 0.0, out, err);
}

/* Kernel values of x with each support vector. */
static mc_status kernel_values(mc_lowering *to, const machine *m, const mc_sym *x, mc_sym *out,
                               mc_error *err)
{
    const mc_value *kernel = NULL;
    mc_sym y;
    MC_TRY(mc_attr_need(m->est, "kernel", &kernel, err));
    if (mc_value_is(kernel, MC_KIND_TEXT) && !mc_value_is_text(kernel, "precomputed")) {
        MC_TRY(mc_emit_check_sparse(to, x, MC_FINITE, &y, err));
        return named_kernel(to, m, kernel->as.bytes, &y, out, err);
    }
    MC_TRY(mc_emit_check(to, x, MC_FINITE, &y, err));
    if (!mc_value_is(kernel, MC_KIND_TEXT))
        return function_kernel(to, m, kernel, &y, out, err);
    return precomputed(to, m, &y, out, err);
}

/* ----------------------------------------------------------------------------- decisions ---- */

/* Where the vectors of each class begin, and of one class more. */
static mc_status class_starts(mc_lowering *to, const machine *m, size_t n, uint32_t *out_array,
                              mc_error *err)
{
    const int64_t *counts = NULL;
    uint32_t *start = NULL;
    MC_TRY(mc_arena_new(to->arena, uint32_t, m->n_classes + 1, &start, err));
    if (!mc_attr_has(m->est, "classes_")) {
        start[1] = start[2] = (uint32_t)n;
        return mc_build_u32(to->b, start, 3, out_array, err);
    }
    MC_TRY(mc_attr_integers(to, m->est, named(m->est, "_n_support", "n_support_"), m->n_classes,
                            &counts, NULL, err));
    for (size_t i = 0; i < m->n_classes; i++) {
        if (counts[i] < 0 || (uint64_t)counts[i] > n - start[i])
            return mc_refuse(err, m->est, "_n_support: more than %zu support vectors", n);
        start[i + 1] = start[i] + (uint32_t)counts[i];
    }
    if (start[m->n_classes] != n)
        return mc_refuse(err, m->est, "_n_support: %u support vectors of %zu", start[m->n_classes],
                         n);
    return mc_build_u32(to->b, start, m->n_classes + 1, out_array, err);
}

static mc_status emit_decisions(mc_lowering *to, machine *m, const mc_sym *x, mc_error *err)
{
    mc_sym k;
    mc_fitted_rows coef;
    const double *intercept = NULL;
    mc_step step = MC_STEP_INIT(SVM_DECIDE);
    const size_t n_pairs = mc_svm_pairs(m->n_classes);
    MC_TRY(mc_attr_vector(to, m->est, "_intercept_", n_pairs, &intercept, NULL, err));
    MC_TRY(kernel_values(to, m, x, &k, err));
    if (k.n_cols == 0) /* every target lies within epsilon */
        return mc_emit_constant(to, intercept, n_pairs, &m->decisions, err);
    MC_TRY(mc_attr_dense(to, m->est, "_dual_coef_", m->n_classes - 1, k.n_cols, &coef, err));
    MC_TRY(class_starts(to, m, k.n_cols, &step.array[0], err));
    MC_TRY(mc_build_f64(to->b, coef.rows, coef.n, coef.d, &step.array[1], err));
    MC_TRY(mc_build_f64(to->b, intercept, 1, n_pairs, &step.array[2], err));
    step.n[0] = (uint32_t)m->n_classes;
    return mc_emit_kernel_step(to, step, &k, n_pairs, &m->decisions, err);
}

/* Once for all methods that ask it about the same buffer: vectors of sparse rows are many when they
 * are written out. */
static mc_status decide(mc_lowering *to, machine *m, const mc_sym *x, mc_error *err)
{
    uint32_t ids[4] = {0};
    const bool is_buffer = x->kind == MC_SYM_NUMBERS || x->kind == MC_SYM_SPARSE;
    if (is_buffer && mc_memo_find(to, m->est, x->buffer, ids)) {
        m->decisions = (mc_sym){.kind = MC_SYM_NUMBERS, .buffer = ids[0], .n_cols = ids[1]};
        return MC_OK;
    }
    MC_TRY(emit_decisions(to, m, x, err));
    ids[0] = m->decisions.buffer;
    ids[1] = mc_u32_from_size(m->decisions.n_cols);
    return is_buffer ? mc_memo_add(to, m->est, x->buffer, ids, err) : MC_OK;
}

/* decision_function: positive for the second class; one column a class if asked. */
static mc_status scores(mc_lowering *to, const machine *m, bool by_class, mc_sym *out,
                        mc_error *err)
{
    const bool binary = m->n_classes == 2;
    mc_step step = MC_STEP_INIT(PAIR_SCORES);
    *out = m->decisions;
    if (!binary && !by_class)
        return MC_OK;
    MC_TRY(mc_emit_unary(to, out, MC_UNARY_NEGATIVE, 0.0, 0.0, out, err));
    if (binary)
        return MC_OK;
    step.n[0] = (uint32_t)m->n_classes;
    step.flags = mc_version_of(to, m->est) <= 20 ? MC_STEP_SCALED : 0;
    MC_TRY(mc_emit_kernel_step(to, step, out, 2 * m->n_classes, out, err));
    return mc_emit_first_columns(to, m->n_classes, out, err);
}

static mc_status predict(mc_lowering *to, const machine *m, bool by_class, mc_answer *out,
                         mc_error *err)
{
    bool break_ties = false;
    uint32_t table = 0;
    size_t n = 0;
    mc_sym votes, label;
    mc_step step = MC_STEP_INIT(PAIR_VOTES);
    MC_TRY(mc_attr_bool(m->est, "break_ties", false, &break_ties, err));
    if (break_ties && !by_class)
        return mc_no_method(err, m->est, MC_METHOD_PREDICT); /* it raises ValueError */
    step.n[0] = (uint32_t)m->n_classes;
    if (break_ties && m->n_classes > 2)
        MC_TRY(scores(to, m, true, &votes, err));
    else
        MC_TRY(mc_emit_kernel_step(to, step, &m->decisions, m->n_classes, &votes, err));
    MC_TRY(mc_emit_argmax(to, &votes, &label, err));
    MC_TRY(mc_emit_classes(to, mc_value_attr(m->est, "classes_"), &table, &n, err));
    return mc_answer_labels(to, label, table, out, err);
}

/* ------------------------------------------------------------------------- probabilities ---- */

/* predict_proba is there when it was asked for before the fit; "deprecated" is the default. */
static bool has_proba(const mc_value *est)
{
    const mc_value *asked = mc_value_attr(est, "probability");
    bool is_true = false;
    return asked != NULL && mc_bool_from_value(asked, &is_true, NULL) == MC_OK && is_true;
}

static mc_status proba(mc_lowering *to, const machine *m, mc_sym *out, mc_error *err)
{
    mc_step sigmoid = MC_STEP_INIT(PAIR_PROBA), couple = MC_STEP_INIT(COUPLE_PAIRS);
    const double *a = NULL, *b = NULL;
    const size_t n_pairs = mc_svm_pairs(m->n_classes);
    MC_TRY(mc_attr_vector(to, m->est, named(m->est, "_probA", "probA_"), n_pairs, &a, NULL, err));
    MC_TRY(mc_attr_vector(to, m->est, named(m->est, "_probB", "probB_"), n_pairs, &b, NULL, err));
    MC_TRY(mc_build_f64(to->b, a, 1, n_pairs, &sigmoid.array[0], err));
    MC_TRY(mc_build_f64(to->b, b, 1, n_pairs, &sigmoid.array[1], err));
    MC_TRY(mc_emit_kernel_step(to, sigmoid, &m->decisions, n_pairs, out, err));
    couple.n[0] = (uint32_t)m->n_classes;
    MC_TRY(mc_emit_kernel_step(to, couple, out, 3 * m->n_classes, out, err));
    return mc_emit_first_columns(to, m->n_classes, out, err);
}

/* --------------------------------------------------------------------------- estimators ---- */

static mc_status count_classes(mc_lowering *to, const mc_value *est, size_t *out, mc_error *err)
{
    mc_ndarray classes;
    MC_TRY(mc_attr_array(to, est, "classes_", &classes, err));
    if (classes.n_items < 2 || classes.n_items > UINT16_MAX)
        return mc_refuse(err, est, "classes_: expected 2 to %d, found %zu", UINT16_MAX,
                         classes.n_items);
    *out = classes.n_items;
    return MC_OK;
}

mc_status mc_lower_svc(mc_lowering *to, const mc_value *est, mc_method method, const mc_sym *x,
                       mc_answer *out, mc_error *err)
{
    machine m = {.est = est};
    const bool is_proba =
        method == MC_METHOD_PREDICT_PROBA || method == MC_METHOD_PREDICT_LOG_PROBA;
    const bool by_class = mc_attr_is_text(est, "decision_function_shape", "ovr");
    mc_sym y;
    if ((!is_proba && method != MC_METHOD_PREDICT && method != MC_METHOD_DECISION_FUNCTION) ||
        (is_proba && !has_proba(est)))
        return mc_no_method(err, est, method);
    MC_TRY(count_classes(to, est, &m.n_classes, err));
    MC_TRY(decide(to, &m, x, err));
    if (method == MC_METHOD_PREDICT)
        return predict(to, &m, by_class, out, err);
    if (method == MC_METHOD_DECISION_FUNCTION) {
        MC_TRY(scores(to, &m, by_class, &y, err));
        return m.n_classes == 2 ? mc_answer_scalar(to, y, out, err)
                                : mc_answer_matrix(to, y, out, err);
    }
    MC_TRY(proba(to, &m, &y, err));
    if (method == MC_METHOD_PREDICT_LOG_PROBA)
        MC_TRY(mc_emit_unary(to, &y, MC_UNARY_LOG, 0.0, 0.0, &y, err));
    return mc_answer_matrix(to, y, out, err);
}

mc_status mc_lower_svr(mc_lowering *to, const mc_value *est, mc_method method, const mc_sym *x,
                       mc_answer *out, mc_error *err)
{
    machine m = {.est = est, .n_classes = 2};
    if (method != MC_METHOD_PREDICT)
        return mc_no_method(err, est, method);
    MC_TRY(decide(to, &m, x, err));
    return mc_answer_scalar(to, m.decisions, out, err);
}

/* -1 and 1; floats in 0.18. */
static mc_status side_classes(mc_lowering *to, const mc_value *est, uint32_t *out, mc_error *err)
{
    static const mc_cell FLOATS[] = {{.kind = MC_CELL_NUMBER, .as.number = -1.0},
                                     {.kind = MC_CELL_NUMBER, .as.number = 1.0}};
    return mc_version_of(to, est) <= 18 ? mc_build_classes(to->b, FLOATS, 2, out, err)
                                        : mc_emit_two_classes(to, -1, 1, out, err);
}

/* Above 0 lies inside. score_samples is the decision before the offset. */
mc_status mc_lower_one_class_svm(mc_lowering *to, const mc_value *est, mc_method method,
                                 const mc_sym *x, mc_answer *out, mc_error *err)
{
    machine m = {.est = est, .n_classes = 2};
    uint32_t table = 0;
    mc_sym label;
    if (method != MC_METHOD_PREDICT && method != MC_METHOD_DECISION_FUNCTION &&
        method != MC_METHOD_SCORE_SAMPLES)
        return mc_no_method(err, est, method);
    MC_TRY(decide(to, &m, x, err));
    if (method == MC_METHOD_PREDICT) {
        MC_TRY(mc_emit_above(to, &m.decisions, 0.0, false, &label, err));
        MC_TRY(side_classes(to, est, &table, err));
        return mc_answer_labels(to, label, table, out, err);
    }
    if (method == MC_METHOD_SCORE_SAMPLES) {
        if (!mc_attr_has(est, "offset_")) /* since 0.20 */
            return mc_no_method(err, est, method);
        const double *offset = NULL;
        MC_TRY(mc_attr_vector(to, est, "offset_", 1, &offset, NULL, err));
        MC_TRY(mc_emit_add(to, &m.decisions, offset, &m.decisions, err));
    }
    return mc_version_of(to, est) < 20 ? mc_answer_matrix(to, m.decisions, out, err)
                                       : mc_answer_scalar(to, m.decisions, out, err);
}
