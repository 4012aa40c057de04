/* solve.c: factors of small dense matrices, and what is solved with them.
 *
 * Oracle   LAPACK's potrf, trtrs, getrf, getri, syevd, gesdd behind scipy.linalg.{cholesky,
 *          solve_triangular, solve, inv, eigh, svd, pinv}. Golub & Van Loan, Matrix Computations,
 *          4th edition: 4.2 (Cholesky), 3.4 (LU), 8.5 (Jacobi), 8.6.3 (one-sided Jacobi).
 * Exact    No. Backward stable, as LAPACK: an answer is that of a matrix within c n 2**-53 of the
 *          one asked about, so the two answers differ by that times its condition. Sums run left to
 *          right, in an order that n alone fixes.
 * Why so   Jacobi's rotations are short, need no bidiagonal form, and give small singular values to
 *          high relative accuracy; these matrices are those of a model's load, or of a row's few
 *          active features. */
#include "kernel/solve.h"

#include <math.h>
#include <string.h>

/* ---------------------------------------------------------------------------- triangles ---- */

static double dot(const double *a, const double *b, size_t n)
{
    double sum = 0.0;
    for (size_t i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

bool mc_cholesky(double *a, size_t n, size_t ld)
{
    for (size_t i = 0; i < n; i++) {
        double *row = a + i * ld;
        for (size_t j = 0; j < i; j++)
            row[j] = (row[j] - dot(row, a + j * ld, j)) / a[j * ld + j];
        const double pivot = row[i] - dot(row, row, i);
        if (!(pivot > 0.0))
            return false;
        row[i] = sqrt(pivot);
    }
    return true;
}

void mc_solve_lower_at(const double *row, size_t i, double *b)
{
    b[i] = (b[i] - dot(row, b, i)) / row[i];
}

void mc_solve_lower(const double *l, size_t n, size_t ld, double *b)
{
    for (size_t i = 0; i < n; i++)
        mc_solve_lower_at(l + i * ld, i, b);
}

void mc_solve_lower_transposed(const double *l, size_t n, size_t ld, double *b)
{
    for (size_t i = n; i-- > 0;) {
        b[i] /= l[i * ld + i];
        for (size_t j = 0; j < i; j++)
            b[j] -= l[i * ld + j] * b[i];
    }
}

void mc_solve_upper(const double *u, size_t n, size_t ld, double *b)
{
    for (size_t i = n; i-- > 0;)
        b[i] = (b[i] - dot(u + i * ld + i + 1, b + i + 1, n - i - 1)) / u[i * ld + i];
}

void mc_cholesky_solve(const double *l, size_t n, size_t ld, double *b)
{
    mc_solve_lower(l, n, ld, b);
    mc_solve_lower_transposed(l, n, ld, b);
}

/* ----------------------------------------------------------------------------------- LU ---- */

static void exchange(double *a, double *b, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const double kept = a[i];
        a[i] = b[i];
        b[i] = kept;
    }
}

/* Row of the largest number in column `at`, from the diagonal down. */
static size_t pivot_row(const double *a, size_t n, size_t at)
{
    size_t best = at;
    for (size_t i = at + 1; i < n; i++)
        if (fabs(a[i * n + at]) > fabs(a[best * n + at]))
            best = i;
    return best;
}

bool mc_lu(double *a, size_t n, uint32_t *pivots)
{
    for (size_t k = 0; k < n; k++) {
        const size_t pivot = pivot_row(a, n, k);
        const double *from = a + k * n;
        pivots[k] = (uint32_t)pivot;
        if (a[pivot * n + k] == 0.0)
            return false;
        if (pivot != k)
            exchange(a + k * n, a + pivot * n, n);
        for (size_t i = k + 1; i < n; i++) {
            double *row = a + i * n;
            row[k] /= from[k];
            for (size_t j = k + 1; j < n; j++)
                row[j] -= row[k] * from[j];
        }
    }
    return true;
}

void mc_lu_solve(const double *lu, const uint32_t *pivots, size_t n, double *b)
{
    for (size_t i = 0; i < n; i++)
        exchange(&b[i], &b[pivots[i]], 1);
    for (size_t i = 0; i < n; i++)
        b[i] -= dot(lu + i * n, b, i);
    mc_solve_upper(lu, n, n, b);
}

void mc_lu_inverse(const double *lu, const uint32_t *pivots, size_t n, double *out)
{
    for (size_t i = 0; i < n; i++) { /* column i of the inverse, for now in row i */
        memset(out + i * n, 0, n * sizeof *out);
        out[i * n + i] = 1.0;
        mc_lu_solve(lu, pivots, n, out + i * n);
    }
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < i; j++)
            exchange(&out[i * n + j], &out[j * n + i], 1);
}

double mc_lu_log_determinant(const double *lu, size_t n)
{
    double sum = 0.0;
    for (size_t i = 0; i < n; i++)
        sum += log(fabs(lu[i * n + i]));
    return sum;
}

/* ---------------------------------------------------------------------------- rotations ---- */

static void make_identity(double *a, size_t n)
{
    memset(a, 0, n * n * sizeof *a);
    for (size_t i = 0; i < n; i++)
        a[i * n + i] = 1.0;
}

typedef struct rotation {
    double c, s;
} rotation;

/* The rotation that makes the symmetric [[a, b], [b, d]] diagonal, by the smaller angle. */
static rotation rotation_of(double a, double b, double d)
{
    const double theta = (d - a) / (2.0 * b);
    const double t = copysign(1.0, theta) / (fabs(theta) + hypot(theta, 1.0));
    const double c = 1.0 / hypot(t, 1.0);
    return (rotation){c, t * c};
}

static void rotate_rows(double *a, double *b, size_t n, rotation by)
{
    for (size_t i = 0; i < n; i++) {
        const double x = a[i], y = b[i];
        a[i] = by.c * x - by.s * y;
        b[i] = by.s * x + by.c * y;
    }
}

static void rotate_columns(double *a, size_t n, size_t p, size_t q, rotation by)
{
    for (size_t i = 0; i < n; i++) {
        const double x = a[i * n + p], y = a[i * n + q];
        a[i * n + p] = by.c * x - by.s * y;
        a[i * n + q] = by.s * x + by.c * y;
    }
}

/* One sweep over all pairs; true if none needed a rotation. */
static bool sweep_symmetric(double *a, size_t n, double least, double *vectors)
{
    bool is_diagonal = true;
    for (size_t p = 0; p < n; p++) {
        for (size_t q = p + 1; q < n; q++) {
            if (fabs(a[p * n + q]) <= least)
                continue;
            const rotation by = rotation_of(a[p * n + p], a[p * n + q], a[q * n + q]);
            rotate_rows(a + p * n, a + q * n, n, by);
            rotate_columns(a, n, p, q, by);
            rotate_rows(vectors + p * n, vectors + q * n, n, by);
            is_diagonal = false;
        }
    }
    return is_diagonal;
}

static void sort_by_value(double *values, double *vectors, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        size_t least = i;
        for (size_t j = i + 1; j < n; j++)
            if (values[j] < values[least])
                least = j;
        exchange(&values[i], &values[least], 1);
        if (least != i)
            exchange(vectors + i * n, vectors + least * n, n);
    }
}

bool mc_symmetric_eigen(double *a, size_t n, double *values, double *vectors)
{
    bool is_done = false;
    const double least = 0x1p-53 * sqrt(dot(a, a, n * n)) / (double)(n + 1);
    make_identity(vectors, n);
    for (size_t i = 0; i < MC_SOLVE_SWEEPS && !is_done; i++)
        is_done = sweep_symmetric(a, n, least, vectors);
    for (size_t i = 0; i < n; i++)
        values[i] = a[i * n + i];
    sort_by_value(values, vectors, n);
    return is_done;
}

/* A row of which only rounding is left, where a is not of full rank, is not turned: it would never
 * end. What is no more than half of the least singular value that counts, n eps of the largest, is
 * such a row. */
static bool sweep_rows(double *a, size_t m, size_t n, double *rotations)
{
    bool are_orthogonal = true;
    double largest = 0.0;
    for (size_t p = 0; p < m; p++)
        largest = fmax(largest, dot(a + p * n, a + p * n, n));
    const double nothing = largest * ((double)n * 0x1p-53) * ((double)n * 0x1p-53);
    for (size_t p = 0; p < m; p++) {
        for (size_t q = p + 1; q < m; q++) {
            double *x = a + p * n, *y = a + q * n;
            const double xx = dot(x, x, n), yy = dot(y, y, n), xy = dot(x, y, n);
            if (fabs(xy) <= 0x1p-51 * sqrt(xx) * sqrt(yy) || fmin(xx, yy) <= nothing)
                continue;
            const rotation by = rotation_of(xx, xy, yy);
            rotate_rows(x, y, n, by);
            rotate_rows(rotations + p * m, rotations + q * m, m, by);
            are_orthogonal = false;
        }
    }
    return are_orthogonal;
}

bool mc_orthogonalize_rows(double *a, size_t m, size_t n, double *values, double *rotations)
{
    bool is_done = false;
    make_identity(rotations, m);
    for (size_t i = 0; i < MC_SOLVE_SWEEPS && !is_done; i++)
        is_done = sweep_rows(a, m, n, rotations);
    for (size_t i = 0; i < m; i++)
        values[i] = sqrt(dot(a + i * n, a + i * n, n));
    return is_done;
}

/* With R a = B, B's rows orthogonal: the inverse of a is B.T diag(1 / |row|**2) R. */
bool mc_pseudo_inverse(double *a, size_t m, size_t n, double *scratch, double *out)
{
    double *values = scratch, *rotations = scratch + m, largest = 0.0;
    if (!mc_orthogonalize_rows(a, m, n, values, rotations))
        return false;
    for (size_t i = 0; i < m; i++)
        largest = fmax(largest, values[i]);
    const double least = (double)n * 0x1p-52 * largest;
    memset(out, 0, n * m * sizeof *out);
    for (size_t i = 0; i < m; i++) {
        if (values[i] <= least)
            continue;
        for (size_t j = 0; j < n; j++) {
            const double share = a[i * n + j] / values[i] / values[i];
            for (size_t k = 0; k < m; k++)
                out[j * m + k] += share * rotations[i * m + k];
        }
    }
    return true;
}
