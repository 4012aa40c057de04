/* matrix.c: small algebra at load. */
#include "import/sklearn/matrix.h"

#include <string.h>

#include "base/size.h"
#include "kernel/solve.h"

double mc_dot(const double *a, const double *b, size_t n)
{
    double sum = 0.0;
    for (size_t i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

mc_status mc_matrix_new(mc_lowering *to, size_t n_rows, size_t n_cols, double **out, mc_error *err)
{
    size_t n = 0;
    if (!mc_mul_size(n_rows, n_cols, &n))
        return mc_fail(err, MC_E_LIMIT, MC_NO_OFFSET, "a matrix of %zu x %zu", n_rows, n_cols);
    return mc_arena_new(to->arena, double, n, out, err);
}

mc_status mc_matrix_transposed(mc_lowering *to, const double *a, size_t m, size_t n,
                               const double **out, mc_error *err)
{
    double *made = NULL;
    MC_TRY(mc_matrix_new(to, n, m, &made, err));
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++)
            made[j * m + i] = a[i * n + j];
    *out = made;
    return MC_OK;
}

mc_status mc_matrix_gram(mc_lowering *to, const double *a, size_t m, size_t n, double **out,
                         mc_error *err)
{
    double *gram = NULL;
    MC_TRY(mc_matrix_new(to, m, m, &gram, err));
    for (size_t i = 0; i < m; i++) {
        for (size_t j = 0; j <= i; j++) {
            gram[i * m + j] = mc_dot(a + i * n, a + j * n, n);
            gram[j * m + i] = gram[i * m + j];
        }
    }
    *out = gram;
    return MC_OK;
}

/* About sixteen sweeps of m * m / 2 pairs of rows, of five passes each. */
static bool takes_too_long(size_t m, size_t n)
{
    const size_t low = m < n ? m : n, high = m < n ? n : m;
    size_t cost = 0;
    return !mc_mul_size(low, low, &cost) || !mc_mul_size(cost, high, &cost) ||
           cost > MC_LIMIT_PSEUDO_INVERSE / 40;
}

mc_status mc_matrix_pseudo_inverse(mc_lowering *to, const double *a, size_t m, size_t n,
                                   const double **out, mc_error *err)
{
    const bool is_tall = m > n;
    const size_t low = is_tall ? n : m, high = is_tall ? m : n;
    double *copy = NULL, *scratch = NULL, *inverse = NULL;
    const double *wide = a;
    if (takes_too_long(m, n))
        return mc_fail(err, MC_E_LIMIT, MC_NO_OFFSET, "a pseudo-inverse of %zu x %zu", m, n);
    if (is_tall)
        MC_TRY(mc_matrix_transposed(to, a, m, n, &wide, err));
    MC_TRY(mc_matrix_new(to, low, high, &copy, err));
    MC_TRY(mc_matrix_new(to, low, low + 1, &scratch, err));
    MC_TRY(mc_matrix_new(to, high, low, &inverse, err));
    memcpy(copy, wide, low * high * sizeof *copy);
    if (!mc_pseudo_inverse(copy, low, high, scratch, inverse))
        return mc_fail(err, MC_E_UNSUPPORTED, MC_NO_OFFSET,
                       "the singular values of a matrix of %zu x %zu do not converge", m, n);
    *out = inverse;
    return is_tall ? mc_matrix_transposed(to, inverse, high, low, out, err) : MC_OK;
}
