/* linear_scores.c: x @ coef_.T + intercept_, and the answers that linear classifiers make of it.
 *
 * Oracle   LinearModel._decision_function, LinearClassifierMixin in sklearn/linear_model/_base.py,
 *          scikit-learn 1.2 to 1.9.
 * Exact    Scores within the bound of kernel/linear.c. Labels are exact functions of the scores, so
 *          they can differ from scikit-learn's only where a score lies within that bound of a tie.
 * Why so   Every method of an estimator asks for the same scores; the arrays are converted once and
 *          remembered, and the builder makes the equal steps one. */
#include "import/sklearn/linear_scores.h"

#include "base/limits.h"
#include "base/size.h"
#include "import/sklearn/attr.h"
#include "import/sklearn/emit_sparse.h"

#define MEMO_WEIGHTS UINT32_C(0x6c696e77) /* "linw" */
#define MEMO_COEF    UINT32_C(0x6c696e63) /* "linc" */
#define MEMO_TURNED  UINT32_C(1)          /* added to both: feature by feature */

/* The ids are of arrays of the builder, as LINEAR and SPARSE_LINEAR take them; for sparse rows as
 * CSR_LINEAR and CSR_SPARSE_LINEAR do, feature by feature. */
typedef struct weights {
    uint32_t coef, intercept; /* (n_outputs, n_features), (n_outputs); coef MC_NONE: sparse */
    uint32_t n_outputs;
    uint32_t is_flat;                  /* coef_ is a vector */
    uint32_t indptr, columns, numbers; /* of a sparse coef_ */
    uint32_t features;                 /* that have any of them; for sparse rows only */
} weights;

/* ---------------------------------------------------------------------------- weights ---- */

/* CSR with ascending columns, and few enough of them to be worth it. Products of a dense row take
 * an eighth of the time of a sparse one's. */
static bool stays_sparse(const mc_sparse *sparse)
{
    if (sparse->is_csc || sparse->n_items / sparse->n_rows >= sparse->n_cols / 8)
        return false;
    for (size_t i = 0; i < sparse->n_rows; i++) {
        for (int64_t at = sparse->indptr[i] + 1; at < sparse->indptr[i + 1]; at++) {
            if (sparse->indices[at - 1] >= sparse->indices[at])
                return false;
        }
    }
    return true;
}

static mc_status build_integers(mc_lowering *to, const int64_t *items, size_t n, uint32_t *out,
                                mc_error *err)
{
    uint32_t *narrow = NULL;
    MC_TRY(mc_arena_new(to->arena, uint32_t, n, &narrow, err));
    for (size_t i = 0; i < n; i++)
        narrow[i] = (uint32_t)items[i];
    return mc_build_u32(to->b, narrow, n, out, err);
}

static mc_status build_sparse(mc_lowering *to, const mc_sparse *sparse, weights *out, mc_error *err)
{
    out->coef = MC_NONE;
    if (sparse->n_items > MC_LIMIT_WIDTH)
        return mc_fail(err, MC_E_LIMIT, MC_NO_OFFSET, "coef_ has %zu values, at most %zu",
                       sparse->n_items, MC_LIMIT_WIDTH);
    MC_TRY(build_integers(to, sparse->indptr, sparse->n_rows + 1, &out->indptr, err));
    MC_TRY(build_integers(to, sparse->indices, sparse->n_items, &out->columns, err));
    return mc_build_f64(to->b, sparse->data, 1, sparse->n_items, &out->numbers, err);
}

static mc_status build_dense(mc_lowering *to, const double *coef, size_t n_rows, size_t n_cols,
                             bool turned, weights *out, mc_error *err)
{
    return turned ? mc_build_by_feature(to, coef, n_rows, n_cols, &out->coef, err)
                  : mc_build_f64(to->b, coef, n_rows, n_cols, &out->coef, err);
}

/* Entries stored twice are added up, as scikit-learn's product does. */
static mc_status build_densified(mc_lowering *to, const mc_sparse *sparse, bool turned,
                                 weights *out, mc_error *err)
{
    double *dense = NULL;
    size_t n_items = 0;
    if (!mc_mul_size(sparse->n_rows, sparse->n_cols, &n_items))
        return mc_fail(err, MC_E_LIMIT, MC_NO_OFFSET, "coef_ has more values than memory");
    MC_TRY(mc_arena_new(to->arena, double, n_items, &dense, err));
    const size_t n_major = sparse->is_csc ? sparse->n_cols : sparse->n_rows;
    for (size_t i = 0; i < n_major; i++) {
        for (int64_t at = sparse->indptr[i]; at < sparse->indptr[i + 1]; at++) {
            const size_t minor = (size_t)sparse->indices[at];
            const size_t row = sparse->is_csc ? minor : i, column = sparse->is_csc ? i : minor;
            dense[row * sparse->n_cols + column] += sparse->data[at];
        }
    }
    return build_dense(to, dense, sparse->n_rows, sparse->n_cols, turned, out, err);
}

/* For sparse rows: sparse weights where they take less memory than dense ones. */
static mc_status build_turned(mc_lowering *to, const mc_sparse *sparse, weights *out, mc_error *err)
{
    mc_feature_arrays few;
    const bool are_few = sparse->n_items < sparse->n_rows * sparse->n_cols / 3;
    if (sparse->is_csc || !are_few || sparse->n_items > MC_LIMIT_WIDTH)
        return build_densified(to, sparse, true, out, err);
    MC_TRY(mc_build_features(to, sparse, &few, err));
    out->coef = MC_NONE;
    out->features = few.features;
    out->indptr = few.indptr;
    out->columns = few.outputs;
    out->numbers = few.values;
    return MC_OK;
}

static mc_status set_outputs(const mc_value *est, size_t n_rows, weights *out, mc_error *err)
{
    if (n_rows == 0 || n_rows > MC_LIMIT_WIDTH)
        return mc_refuse(err, est, "attribute coef_: expected an output a row, found %zu rows",
                         n_rows);
    out->n_outputs = (uint32_t)n_rows;
    return MC_OK;
}

/* What sparsify() has left. */
static mc_status read_sparse_coef(mc_lowering *to, const mc_value *est, const mc_sym *x,
                                  weights *out, mc_error *err)
{
    mc_sparse sparse;
    const size_t n_cols = x->n_cols;
    const mc_value *value = mc_value_attr(est, "coef_");
    MC_TRY_IN(mc_sparse_from_value(to->arena, value, &sparse, err), err, "attribute coef_");
    if (sparse.n_cols != n_cols)
        return mc_refuse(err, est, "attribute coef_: expected %zu columns, found %zu x %zu", n_cols,
                         sparse.n_rows, sparse.n_cols);
    MC_TRY(set_outputs(est, sparse.n_rows, out, err));
    if (x->kind == MC_SYM_SPARSE)
        return build_turned(to, &sparse, out, err);
    return stays_sparse(&sparse) ? build_sparse(to, &sparse, out, err)
                                 : build_densified(to, &sparse, false, out, err);
}

static mc_status read_coef(mc_lowering *to, const mc_value *est, const mc_sym *x, weights *out,
                           mc_error *err)
{
    const size_t n_cols = x->n_cols;
    const mc_value *value = NULL;
    const double *coef = NULL;
    mc_ndarray array;
    size_t n_rows = 0;
    MC_TRY(mc_attr_need(est, "coef_", &value, err));
    if (mc_value_is_sparse(value))
        return read_sparse_coef(to, est, x, out, err);
    MC_TRY(mc_attr_array(to, est, "coef_", &array, err));
    MC_TRY(mc_attr_matrix(to, est, "coef_", MC_ANY, n_cols, &coef, &n_rows, NULL, err));
    MC_TRY(set_outputs(est, n_rows, out, err));
    out->is_flat = array.n_dims == 1;
    return build_dense(to, coef, n_rows, n_cols, x->kind == MC_SYM_SPARSE, out, err);
}

/* A number counts for every output. */
static mc_status read_intercept(mc_lowering *to, const mc_value *est, weights *out, mc_error *err)
{
    const double *found = NULL;
    double *intercept = NULL;
    size_t n = 0;
    MC_TRY(mc_attr_vector(to, est, "intercept_", MC_ANY, &found, &n, err));
    if (n != 1 && n != out->n_outputs)
        return mc_refuse(err, est, "attribute intercept_: expected 1 or %u values, found %zu",
                         out->n_outputs, n);
    MC_TRY(mc_arena_new(to->arena, double, out->n_outputs, &intercept, err));
    for (size_t i = 0; i < out->n_outputs; i++)
        intercept[i] = found[n == 1 ? 0 : i];
    return mc_build_f64(to->b, intercept, 1, out->n_outputs, &out->intercept, err);
}

static mc_status remember(mc_lowering *to, const mc_value *est, uint32_t form, const weights *w,
                          mc_error *err)
{
    const uint32_t shape[4] = {w->coef, w->intercept, w->n_outputs, w->is_flat};
    const uint32_t coef[4] = {w->indptr, w->columns, w->numbers, w->features};
    MC_TRY(mc_memo_add(to, est, MEMO_COEF + form, coef, err));
    return mc_memo_add(to, est, MEMO_WEIGHTS + form, shape, err);
}

static mc_status weights_of(mc_lowering *to, const mc_value *est, const mc_sym *x, weights *out,
                            mc_error *err)
{
    const uint32_t form = x->kind == MC_SYM_SPARSE ? MEMO_TURNED : 0;
    uint32_t shape[4], coef[4];
    weights made = {.coef = MC_NONE};
    if (mc_memo_find(to, est, MEMO_WEIGHTS + form, shape) &&
        mc_memo_find(to, est, MEMO_COEF + form, coef)) {
        *out =
            (weights){shape[0], shape[1], shape[2], shape[3], coef[0], coef[1], coef[2], coef[3]};
        return MC_OK;
    }
    MC_TRY(read_coef(to, est, x, &made, err));
    MC_TRY(read_intercept(to, est, &made, err));
    *out = made;
    return remember(to, est, form, &made, err);
}

/* ----------------------------------------------------------------------------- scores ---- */

static mc_step linear_step(const weights *w, const mc_sym *x)
{
    mc_step dense = MC_STEP_INIT(LINEAR), sparse = MC_STEP_INIT(SPARSE_LINEAR);
    dense.src = sparse.src = x->buffer;
    if (x->kind == MC_SYM_SPARSE) {
        dense.op = MC_OP_CSR_LINEAR;
        sparse.op = MC_OP_CSR_SPARSE_LINEAR;
        sparse.array[4] = w->features;
    }
    dense.array[0] = w->coef;
    dense.array[1] = sparse.array[0] = w->intercept;
    sparse.array[1] = w->indptr;
    sparse.array[2] = w->columns;
    sparse.array[3] = w->numbers;
    return w->coef == MC_NONE ? sparse : dense;
}

mc_status mc_linear_scores(mc_lowering *to, const mc_value *est, const mc_sym *x, mc_sym *out,
                           bool *out_flat, mc_error *err)
{
    weights w;
    mc_sym checked;
    uint32_t buffer = 0;
    MC_TRY(mc_emit_check_sparse(to, x, MC_FINITE, &checked, err));
    MC_TRY(weights_of(to, est, &checked, &w, err));
    const mc_step step = linear_step(&w, &checked);
    MC_TRY(mc_build_step(to->b, step, w.n_outputs, &buffer, err));
    *out = (mc_sym){.kind = MC_SYM_NUMBERS, .buffer = buffer, .n_cols = w.n_outputs};
    if (out_flat != NULL)
        *out_flat = w.is_flat != 0;
    return MC_OK;
}

mc_status mc_answer_scores(mc_lowering *to, const mc_sym *scores, mc_answer *out, mc_error *err)
{
    return scores->n_cols == 1 ? mc_answer_scalar(to, *scores, out, err)
                               : mc_answer_matrix(to, *scores, out, err);
}

mc_status mc_answer_score_labels(mc_lowering *to, const mc_value *est, const mc_value *classes,
                                 const mc_sym *scores, mc_answer *out, mc_error *err)
{
    uint32_t table = 0;
    size_t n_classes = 0;
    mc_sym labels;
    MC_TRY(mc_emit_classes(to, classes, &table, &n_classes, err));
    const size_t wanted = scores->n_cols == 1 ? 2 : scores->n_cols;
    /* Fewer where no row gets another label; more where liblinear left out a class without weight.
     */
    const bool is_only = n_classes == 1 && scores->n_cols == 1;
    const bool left_out = n_classes > wanted && mc_bytes_is(mc_class_name(est), "LinearSVC");
    if (n_classes != wanted && !is_only && !left_out)
        return mc_refuse(err, est, "attribute classes_: expected %zu classes, found %zu", wanted,
                         n_classes);
    MC_TRY(scores->n_cols == 1 && !is_only ? mc_emit_above(to, scores, 0.0, false, &labels, err)
                                           : mc_emit_argmax(to, scores, &labels, err));
    return mc_answer_labels(to, labels, table, out, err);
}

/* ---------------------------------------------------------------------- probabilities ---- */

mc_status mc_answer_proba(mc_lowering *to, mc_method method, const mc_sym *proba, mc_answer *out,
                          mc_error *err)
{
    mc_sym answer = *proba;
    if (method == MC_METHOD_PREDICT_LOG_PROBA)
        MC_TRY(mc_emit_unary(to, proba, MC_UNARY_LOG, 0.0, 0.0, &answer, err));
    return mc_answer_matrix(to, answer, out, err);
}

/* A row of zeros is divided by zero before 1.9, and shared equally since. */
mc_status mc_proba_one_vs_rest(mc_lowering *to, const mc_value *est, const mc_sym *scores,
                               mc_sym *out, mc_error *err)
{
    mc_sym p;
    MC_TRY(mc_emit_unary(to, scores, MC_UNARY_EXPIT, 0.0, 0.0, &p, err));
    if (p.n_cols == 1)
        return mc_emit_both_sides(to, &p, out, err);
    const mc_zero_rule rule = mc_version_of(to, est) >= 109 ? MC_ZERO_UNIFORM : MC_ZERO_DIVIDES;
    return mc_emit_row_share(to, &p, rule, out, err);
}

/* ------------------------------------------------------------------------- classifier ---- */

mc_status mc_linear_classifier(mc_lowering *to, const mc_value *est, mc_method method,
                               const mc_sym *x, mc_proba_fn *proba, mc_answer *out, mc_error *err)
{
    const bool is_proba =
        method == MC_METHOD_PREDICT_PROBA || method == MC_METHOD_PREDICT_LOG_PROBA;
    const mc_value *classes = NULL;
    mc_sym scores, p;
    if (method != MC_METHOD_PREDICT && method != MC_METHOD_DECISION_FUNCTION &&
        !(is_proba && proba != NULL))
        return mc_no_method(err, est, method);
    MC_TRY(mc_linear_scores(to, est, x, &scores, NULL, err));
    if (method == MC_METHOD_DECISION_FUNCTION)
        return mc_answer_scores(to, &scores, out, err);
    if (method == MC_METHOD_PREDICT) {
        MC_TRY(mc_attr_need(est, "classes_", &classes, err));
        return mc_answer_score_labels(to, est, classes, &scores, out, err);
    }
    MC_TRY(proba(to, est, &scores, &p, err));
    return mc_answer_proba(to, method, &p, out, err);
}
