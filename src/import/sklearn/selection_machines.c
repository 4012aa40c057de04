/* selection_machines.c: coef_ of support vector machines with a linear kernel, which is not stored:
 * dual coefficients times support vectors.
 *
 * Oracle   sklearn/svm/_base.py (coef_, _get_coef, _one_vs_one_coef), scikit-learn 0.18 to 1.9.
 * Exact    Each sum to 2 * n * 2^-53 * sum|terms| of it (`doubt` says how much that is at most):
 *          scikit-learn adds in BLAS's order. */
#include <float.h>
#include <math.h>

#include "base/size.h"
#include "import/sklearn/attr.h"
#include "import/sklearn/selection.h"

typedef struct machine {
    mc_importances dual;    /* (n_classes - 1, n_vectors), or one row */
    mc_importances vectors; /* (n_vectors, n_features) */
    double *coef;           /* a row a pair of classes */
    double doubt;
} machine;

bool mc_is_linear_machine(const mc_value *est)
{
    static const char *const NAMES[] = {"SVC", "NuSVC", "SVR", "NuSVR", "OneClassSVM"};
    for (size_t i = 0; i < MC_COUNT_OF(NAMES); i++)
        if (mc_bytes_is(mc_class_name(est), NAMES[i]))
            return mc_attr_is_text(est, "kernel", "linear");
    return false;
}

static mc_status read_matrix(mc_lowering *to, const mc_value *est, const char *name,
                             mc_importances *out, mc_error *err)
{
    const mc_value *value = NULL;
    MC_TRY(mc_attr_need(est, name, &value, err));
    MC_TRY_IN(mc_importances_in(to, value, out, err), err, "attribute %s", name);
    return MC_OK;
}

/* row += dual[row_at, first .. last) @ vectors[first .. last) */
static void add_product(machine *m, size_t row_at, size_t first, size_t last, double *row)
{
    const size_t d = m->vectors.n_cols;
    for (size_t j = 0; j < d; j++) {
        double size = fabs(row[j]);
        for (size_t i = first; i < last; i++) {
            const double term =
                m->dual.values[row_at * m->dual.n_cols + i] * m->vectors.values[i * d + j];
            row[j] += term;
            size += fabs(term);
        }
        m->doubt = fmax(m->doubt, (double)m->vectors.n_rows * DBL_EPSILON * size);
    }
}

/* A row for each pair of classes; the support vectors of a class stand together. */
static mc_status pair_rows(mc_lowering *to, const mc_value *est, machine *m, mc_error *err)
{
    const size_t n_classes = m->dual.n_rows + 1, n = m->vectors.n_rows;
    const int64_t *counts = NULL;
    size_t *start = NULL, row = 0;
    const char *name = mc_attr_has(est, "_n_support") ? "_n_support" : "n_support_";
    MC_TRY(mc_attr_integers(to, est, name, n_classes, &counts, NULL, err));
    MC_TRY(mc_arena_new(to->arena, size_t, n_classes + 1, &start, err));
    for (size_t i = 0; i < n_classes; i++) {
        if (counts[i] < 0 || (uint64_t)counts[i] > n - start[i])
            return mc_refuse(err, est, "%s: more than %zu support vectors", name, n);
        start[i + 1] = start[i] + (size_t)counts[i];
    }
    for (size_t i = 0; i < n_classes; i++) {
        for (size_t j = i + 1; j < n_classes; j++, row++) {
            double *out = m->coef + row * m->vectors.n_cols;
            add_product(m, j - 1, start[i], start[i + 1], out);
            add_product(m, i, start[j], start[j + 1], out);
        }
    }
    return MC_OK;
}

mc_status mc_machine_importances(mc_lowering *to, const mc_value *est, mc_importances *out,
                                 mc_error *err)
{
    machine m = {.doubt = 0.0};
    size_t n_rows = 1, n_items = 0;
    MC_TRY(read_matrix(to, est, "dual_coef_", &m.dual, err));
    MC_TRY(read_matrix(to, est, "support_vectors_", &m.vectors, err));
    if (m.dual.n_cols != m.vectors.n_rows || m.dual.n_rows == 0)
        return mc_refuse(err, est, "dual_coef_: of %zu vectors, and there are %zu", m.dual.n_cols,
                         m.vectors.n_rows);
    if (m.dual.n_rows > 1 && !mc_mul_size(m.dual.n_rows, m.dual.n_rows + 1, &n_rows))
        return mc_fail(err, MC_E_LIMIT, MC_NO_OFFSET, "more classes than memory");
    n_rows = m.dual.n_rows > 1 ? n_rows / 2 : 1;
    if (!mc_mul_size(n_rows, m.vectors.n_cols, &n_items))
        return mc_fail(err, MC_E_LIMIT, MC_NO_OFFSET, "more importances than memory");
    MC_TRY(mc_arena_new(to->arena, double, n_items, &m.coef, err));
    if (m.dual.n_rows > 1)
        MC_TRY(pair_rows(to, est, &m, err));
    else
        add_product(&m, 0, 0, m.vectors.n_rows, m.coef);
    *out = (mc_importances){
        .values = m.coef, .n_rows = n_rows, .n_cols = m.vectors.n_cols, .doubt = m.doubt};
    return MC_OK;
}
