/* gaussian.c: Bessel functions for Matern kernels, and the logistic integral of a Gaussian.
 *
 * Oracle   Matern, sklearn/gaussian_process/kernels.py, whose kv and gamma are scipy's;
 *          _BinaryGaussianProcessClassifierLaplace, sklearn/gaussian_process/_gpc.py.
 * Exact    mc_bessel_k: 2e-14 relative for nu up to 20 against mpmath's values in test_gaussian.
 *          mc_laplace_proba: the five terms reach 2,000 and cancel to a probability: 1e-12.
 * HOW IT WORKS  K of order mu and mu + 1, |mu| <= 1/2: by Temme's series up to x = 2, by Steed's
 *          continued fraction above; then upwards by K(v + 1) = 2 v / x K(v) + K(v - 1), which is
 *          stable (N. M. Temme, J. Comput. Phys. 19 (1975) 324). */
#include "kernel/gaussian.h"

#include <float.h>
#include <math.h>

#define PI 3.141592653589793

/* 1 / gamma(1 + z) = sum of these times z^k (Abramowitz & Stegun, 6.1.34). */
static const double RECIPROCAL_GAMMA[] = {1.0,
                                          0.5772156649015329,
                                          -0.6558780715202538,
                                          -0.0420026350340952,
                                          0.1665386113822915,
                                          -0.0421977345555443,
                                          -0.0096219715278770,
                                          0.0072189432466630,
                                          -0.0011651675918591,
                                          -0.0002152416741149,
                                          0.0001280502823882,
                                          -0.0000201348547807,
                                          -0.0000012504934821,
                                          0.0000011330272320,
                                          -0.0000002056338417,
                                          0.0000000061160950,
                                          0.0000000050020075,
                                          -0.0000000011812746,
                                          0.0000000001043427,
                                          0.0000000000077823,
                                          -0.0000000000036968,
                                          0.0000000000005100,
                                          -0.0000000000000206,
                                          -0.0000000000000054,
                                          0.0000000000000014};

/* (1 / gamma(1 - mu) - 1 / gamma(1 + mu)) / (2 mu), and half the sum of the two. */
static void temme_gammas(double mu, double *out_difference, double *out_mean)
{
    double odd = 0.0, even = 0.0;
    for (size_t k = MC_COUNT_OF(RECIPROCAL_GAMMA); k-- > 0;) {
        if (k % 2 == 0)
            even = even * mu * mu + RECIPROCAL_GAMMA[k];
        else
            odd = odd * mu * mu + RECIPROCAL_GAMMA[k];
    }
    *out_difference = -odd;
    *out_mean = even;
}

/* x <= 2 */
static void bessel_series(double mu, double x, double *out_k, double *out_next)
{
    double difference = 0.0, mean = 0.0;
    temme_gammas(mu, &difference, &mean);
    const double log_half = log(2.0 / x), arch = mu * log_half, turn = PI * mu;
    const double turned = fabs(turn) < DBL_EPSILON ? 1.0 : turn / sin(turn);
    const double shape = fabs(arch) < DBL_EPSILON ? 1.0 : sinh(arch) / arch;
    double f = turned * (difference * cosh(arch) + mean * shape * log_half);
    double p = 0.5 * exp(arch) / (mean - mu * difference);  /* gamma(1 + mu) */
    double q = 0.5 * exp(-arch) / (mean + mu * difference); /* gamma(1 - mu) */
    double c = 1.0, sum = f, next = p;
    for (int n = 1; n < 500; n++) {
        const double i = n;
        f = (i * f + p + q) / (i * i - mu * mu);
        c *= 0.25 * x * x / i;
        p /= i - mu;
        q /= i + mu;
        sum += c * f;
        next += c * (p - i * f);
        if (fabs(c * f) < fabs(sum) * DBL_EPSILON)
            break;
    }
    *out_k = sum;
    *out_next = next * 2.0 / x;
}

/* x > 2 */
static void bessel_fraction(double mu, double x, double *out_k, double *out_next)
{
    const double first = 0.25 - mu * mu;
    double b = 2.0 * (1.0 + x), d = 1.0 / b, h = d, step = d;
    double q1 = 0.0, q2 = 1.0, q = first, c = first, a = -first;
    double s = 1.0 + q * step;
    for (int n = 2; n < 10000; n++) {
        const double i = n;
        a -= 2.0 * (i - 1.0);
        c = -a * c / i;
        const double newer = (q1 - b * q2) / a;
        q1 = q2;
        q2 = newer;
        q += c * newer;
        b += 2.0;
        d = 1.0 / (b + a * d);
        step = (b * d - 1.0) * step;
        h += step;
        s += q * step;
        if (fabs(q * step) < fabs(s) * DBL_EPSILON)
            break;
    }
    *out_k = sqrt(PI / (2.0 * x)) * exp(-x) / s;
    *out_next = *out_k * (mu + x + 0.5 - first * h) / x;
}

double mc_bessel_k(double nu, double x)
{
    if (!(nu >= 0.0 && nu <= MC_BESSEL_MOST) || isnan(x))
        return (double)NAN;
    if (x <= 0.0)
        return (double)INFINITY;
    const double up = floor(nu + 0.5), mu = nu - up;
    double k = 0.0, next = 0.0;
    if (x <= 2.0)
        bessel_series(mu, x, &k, &next);
    else
        bessel_fraction(mu, x, &k, &next);
    for (int n = 1; n <= (int)up && isfinite(k); n++) {
        const double after = (mu + n) * (2.0 / x) * next + k;
        k = next;
        next = after;
    }
    return k;
}

double mc_matern_factor(double nu)
{
    return pow(2.0, 1.0 - nu) / tgamma(nu);
}

double mc_matern(double square, double nu, double factor)
{
    const double distance = square == 0.0 ? DBL_EPSILON : sqrt(square);
    const double scaled = sqrt(2.0 * nu) * distance;
    return factor * pow(scaled, nu) * mc_bessel_k(nu, scaled);
}

void mc_laplace_proba(const double *mean, const double *var, size_t n, double *out)
{
    static const double SCALE[] = {0.41, 0.4, 0.37, 0.44, 0.39};
    static const double WEIGHT[] = {-1854.8214151, 3516.89893646, 221.29346712, 128.12323805,
                                    -2010.49422654};
    double weights = 0.0;
    for (size_t t = 0; t < MC_COUNT_OF(SCALE); t++)
        weights += WEIGHT[t];
    for (size_t i = 0; i < n; i++) {
        const double alpha = 1.0 / (2.0 * var[i]);
        double sum = 0.0;
        for (size_t t = 0; t < MC_COUNT_OF(SCALE); t++) {
            const double gamma = SCALE[t] * mean[i];
            const double bent = erf(gamma * sqrt(alpha / (alpha + SCALE[t] * SCALE[t])));
            sum += WEIGHT[t] * (sqrt(PI / alpha) * bent / (2.0 * sqrt(var[i] * 2.0 * PI)));
        }
        out[i] = sum + 0.5 * weights;
    }
}
