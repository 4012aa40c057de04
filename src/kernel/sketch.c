/* sketch.c: tensor sketches without a Fourier transform.
 *
 * Oracle   PolynomialCountSketch.transform, sklearn/kernel_approximation.py: the inverse transform
 *          of the product of the transforms of count sketches.
 * Exact    Sketches bit for bit. The convolution is the sum itself: within (terms) u (sum of
 *          |terms|), u = 2**-53; scikit-learn's transform is off by up to about
 *          3 log2(n) u |x| |y| in each value, also where the sum is 0.
 * Cost     O(n * values of x that are not 0), of which there are at most as many as input columns:
 *          a sketch of few columns costs little, and any width does, where a transform wants
 *          products of small primes. */
#include "kernel/sketch.h"

#include <string.h>

void mc_count_sketch(const double *x, size_t n_rows, size_t d, const uint32_t *at,
                     const double *sign, size_t n, double *out)
{
    memset(out, 0, n_rows * n * sizeof *out);
    for (size_t i = 0; i < n_rows; i++)
        for (size_t j = 0; j < d; j++)
            out[i * n + at[j]] += sign[j] * x[i * d + j];
}

void mc_convolve(const double *x, const double *y, size_t n_rows, size_t n, double *out)
{
    memset(out, 0, n_rows * n * sizeof *out);
    for (size_t row = 0; row < n_rows; row++, x += n, y += n, out += n) {
        for (size_t i = 0; i < n; i++) {
            if (x[i] == 0.0)
                continue;
            for (size_t j = 0; j < n - i; j++)
                out[i + j] += x[i] * y[j];
            for (size_t j = n - i; j < n; j++)
                out[i + j - n] += x[i] * y[j];
        }
    }
}
