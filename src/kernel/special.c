/* special.c: digamma, erf, the normal distribution, logsumexp.
 *
 * Oracle   scipy.special of the same names, scipy 1.11 to 1.17; numpy.add.reduce.
 * Exact    digamma, erf, erfc, ndtr, ndtri: bit for bit on 50,000 numbers or more each, scipy
 *          1.13.1 and 1.17.1, given the C library's exp and log. pairwise_sum: bit for bit (numpy
 *          1 adds more than 8,192 terms in blocks).
 *          log_sum_exp: in the order of scipy 1.15 on; within 4 ulp of the largest of |result|,
 *          |max x| and 1, because numpy's exp is not the C library's and older scipy adds the
 *          largest term to the others before it takes the logarithm.
 * Why so   The polynomials are those of Cephes (erf, ndtri, digamma from 10 on) and Boost (digamma
 *          between 1 and 2), evaluated in the same order: another approximation of the same quality
 *          would be a unit off here and there, for nothing. */
#include "kernel/special.h"

#include <math.h>
#include <string.h>

#define INF ((double)INFINITY)

/* c[0] x**(n-1) + ... + c[n-1], by Horner's rule. */
static double polynomial(double x, const double *c, size_t n)
{
    double sum = c[0];
    for (size_t i = 1; i < n; i++)
        sum = sum * x + c[i];
    return sum;
}

/* The same with a leading coefficient 1 that is not stored. */
static double monic(double x, const double *c, size_t n)
{
    double sum = x + c[0];
    for (size_t i = 1; i < n; i++)
        sum = sum * x + c[i];
    return sum;
}

#define POLYNOMIAL(x, c) polynomial(x, c, MC_COUNT_OF(c))
#define MONIC(x, c)      monic(x, c, MC_COUNT_OF(c))

/* ----------------------------------------------------------------------------- digamma ---- */

/* 1 <= x <= 2: the distance to the root, which is subtracted in three parts, times a ratio. */
static double digamma_near_root(double x)
{
    static const double ROOT[] = {1569415565.0 / 1073741824.0,
                                  (381566830.0 / 1073741824.0) / 1073741824.0,
                                  0.9016312093258695918615325266959189453125e-19};
    static const double OVER[] = {-0.0020713321167745952, -0.045251321448739056,
                                  -0.28919126444774784,   -0.65031853770896507,
                                  -0.32555031186804491,   0.25479851061131551};
    static const double UNDER[] = {-0.55789841321675513e-6,
                                   0.0021284987017821144,
                                   0.054151797245674225,
                                   0.43593529692665969,
                                   1.4606242909763515,
                                   2.0767117023730469,
                                   1.0};
    const double distance = x - ROOT[0] - ROOT[1] - ROOT[2];
    const double ratio = POLYNOMIAL(x - 1.0, OVER) / POLYNOMIAL(x - 1.0, UNDER);
    return distance * (double)0.99558162689208984f + distance * ratio;
}

/* x >= 10. */
static double digamma_of_large(double x)
{
    static const double SERIES[] = {8.33333333333333333333E-2, -2.10927960927960927961E-2,
                                    7.57575757575757575758E-3, -4.16666666666666666667E-3,
                                    3.96825396825396825397E-3, -8.33333333333333333333E-3,
                                    8.33333333333333333333E-2};
    double rest = 0.0;
    if (x < 1.0e17) {
        const double z = 1.0 / (x * x);
        rest = z * POLYNOMIAL(z, SERIES);
    }
    return log(x) - 0.5 / x - rest;
}

double mc_digamma(double x)
{
    static const double EULER = 0.5772156649015328606;
    double sum = 0.0;
    if (isnan(x) || x < 0.0)
        return (double)NAN;
    if (x == 0.0 || x == INF)
        return x == 0.0 ? -INF : INF;
    if (x <= 10.0 && x == floor(x)) {
        for (int i = 1; i < (int)x; i++)
            sum += 1.0 / i;
        return sum - EULER;
    }
    if (x < 1.0) {
        sum -= 1.0 / x;
        x += 1.0;
    } else if (x < 10.0) {
        while (x > 2.0) {
            x -= 1.0;
            sum += 1.0 / x;
        }
    }
    return sum + (x <= 2.0 ? digamma_near_root(x) : digamma_of_large(x));
}

/* Below 0 by reflection: psi(1 - x) - pi / tan(pi x), with the fraction of x alone. */
double mc_psi(double x)
{
    double whole = 0.0;
    if (x == 0.0)
        return copysign(INF, -x);
    if (!(x < 0.0))
        return mc_digamma(x);
    const double fraction = modf(x, &whole);
    if (fraction == 0.0 || isinf(x))
        return (double)NAN;
    return mc_digamma(1.0 - x) - 3.141592653589793 / tan(3.141592653589793 * fraction);
}

double mc_gammaln(double x)
{
    int sign = 0; /* lgamma() would write it to a global */
    if (!isfinite(x))
        return x;
    return isinf(1.0 / x) ? INF : lgamma_r(x, &sign); /* scipy divides by x first */
}

/* Sum of (x / 2)^2k / k!^2: all terms are positive, so nothing cancels. They fall from k = x / 2
 * on, and x is below 710: some 500 at most. */
double mc_i0(double x)
{
    const double half = 0.5 * fabs(x);
    double term = 1.0, sum = 1.0;
    if (!isfinite(x)) /* numpy divides infinity by infinity */
        return (double)NAN;
    if (isinf(exp(fabs(x))))
        return INF;
    for (double k = 1.0; term > sum * 0x1p-60; k += 1.0) { /* NOLINT(cert-flp30-c): whole numbers */
        term *= half / k * (half / k);
        sum += term;
    }
    return sum;
}

double mc_box_cox(double x, double power)
{
    return fabs(power) < 1e-19 ? log(x) : expm1(power * log(x)) / power;
}

double mc_yeo_johnson(double x, double power)
{
    if (x >= 0.0)
        return fabs(power) < 0x1p-52 ? log1p(x) : expm1(power * log1p(x)) / power;
    if (isnan(x))
        return x;
    const double rest = 2.0 - power;
    return fabs(power - 2.0) > 0x1p-52 ? -expm1(rest * log1p(-x)) / rest : -log1p(-x);
}

double mc_log_add(double x, double y)
{
    const double difference = x - y;
    if (x == y) /* infinities of one sign too */
        return x + log(2.0);
    if (difference > 0.0)
        return x + log1p(exp(-difference));
    return difference <= 0.0 ? y + log1p(exp(difference)) : difference;
}

/* ---------------------------------------------------------------- normal distribution ---- */

static double erfc_of_large(double x);

double mc_erf(double x)
{
    static const double OVER[] = {9.60497373987051638749E0, 9.00260197203842689217E1,
                                  2.23200534594684319226E3, 7.00332514112805075473E3,
                                  5.55923013010394962768E4};
    static const double UNDER[] = {3.35617141647503099647E1, 5.21357949780152679795E2,
                                   4.59432382970980127987E3, 2.26290000613890934246E4,
                                   4.92673942608635921086E4};
    const double size = fabs(x);
    if (size > 1.0)
        return copysign(1.0 - erfc_of_large(size), x);
    const double z = x * x;
    return x * POLYNOMIAL(z, OVER) / MONIC(z, UNDER);
}

/* x >= 1. */
static double erfc_of_large(double x)
{
    static const double OVER[] = {
        2.46196981473530512524E-10, 5.64189564831068821977E-1, 7.46321056442269912687E0,
        4.86371970985681366614E1,   1.96520832956077098242E2,  5.26445194995477358631E2,
        9.34528527171957607540E2,   1.02755188689515710272E3,  5.57535335369399327526E2};
    static const double UNDER[] = {1.32281951154744992508E1, 8.67072140885989742329E1,
                                   3.54937778887819891062E2, 9.75708501743205489753E2,
                                   1.82390916687909736289E3, 2.24633760818710981792E3,
                                   1.65666309194161350182E3, 5.57535340817727675546E2};
    static const double FAR_OVER[] = {5.64189583547755073984E-1, 1.27536670759978104416E0,
                                      5.01905042251180477414E0,  6.16021097993053585195E0,
                                      7.40974269950448939160E0,  2.97886665372100240670E0};
    static const double FAR_UNDER[] = {2.26052863220117276590E0, 9.39603524938001434673E0,
                                       1.20489539808096656605E1, 1.70814450747565897222E1,
                                       9.60896809063285878198E0, 3.36907645100081516050E0};
    static const double LOG_OF_LARGEST = 7.09782712893383996843E2;
    const double power = -x * x;
    if (power < -LOG_OF_LARGEST)
        return 0.0;
    return x < 8.0 ? exp(power) * POLYNOMIAL(x, OVER) / MONIC(x, UNDER)
                   : exp(power) * POLYNOMIAL(x, FAR_OVER) / MONIC(x, FAR_UNDER);
}

double mc_erfc(double x)
{
    if (!(fabs(x) >= 1.0)) /* or NaN */
        return 1.0 - mc_erf(x);
    return x < 0.0 ? 2.0 - erfc_of_large(-x) : erfc_of_large(x);
}

double mc_ndtr(double x)
{
    static const double HALF_ROOT = 0.70710678118654752440;
    const double scaled = x * HALF_ROOT, size = fabs(scaled);
    if (!(size >= 1.0))
        return 0.5 + 0.5 * mc_erf(scaled);
    const double tail = 0.5 * mc_erfc(size);
    return scaled > 0.0 ? 1.0 - tail : tail;
}

/* The inverse between exp(-2) and 1 - exp(-2). */
static double ndtri_in_the_middle(double p)
{
    static const double OVER[] = {-5.99633501014107895267E1, 9.80010754185999661536E1,
                                  -5.66762857469070293439E1, 1.39312609387279679503E1,
                                  -1.23916583867381258016E0};
    static const double UNDER[] = {1.95448858338141759834E0, 4.67627912898881538453E0,
                                   8.63602421390890590575E1, -2.25462687854119370527E2,
                                   2.00260212380060660359E2, -8.20372256168333339912E1,
                                   1.59056225126211695515E1, -1.18331621121330003142E0};
    static const double ROOT_OF_TWO_PI = 2.50662827463100050242E0;
    const double y = p - 0.5, z = y * y;
    return (y + y * (z * POLYNOMIAL(z, OVER) / MONIC(z, UNDER))) * ROOT_OF_TWO_PI;
}

/* How far below 0 the quantile of p lies; p up to exp(-2). */
static double ndtri_of_tail(double p)
{
    static const double OVER[] = {
        4.05544892305962419923E0,   3.15251094599893866154E1,   5.71628192246421288162E1,
        4.40805073893200834700E1,   1.46849561928858024014E1,   2.18663306850790267539E0,
        -1.40256079171354495875E-1, -3.50424626827848203418E-2, -8.57456785154685413611E-4};
    static const double UNDER[] = {1.57799883256466749731E1,   4.53907635128879210584E1,
                                   4.13172038254672030440E1,   1.50425385692907503408E1,
                                   2.50464946208309415979E0,   -1.42182922854787788574E-1,
                                   -3.80806407691578277194E-2, -9.33259480895457427372E-4};
    static const double FAR_OVER[] = {
        3.23774891776946035970E0,  6.91522889068984211695E0,  3.93881025292474443415E0,
        1.33303460815807542389E0,  2.01485389549179081538E-1, 1.23716634817820021358E-2,
        3.01581553508235416007E-4, 2.65806974686737550832E-6, 6.23974539184983293730E-9};
    static const double FAR_UNDER[] = {6.02427039364742014255E0,  3.67983563856160859403E0,
                                       1.37702099489081330271E0,  2.16236993594496635890E-1,
                                       1.34204006088543189037E-2, 3.28014464682127739104E-4,
                                       2.89247864745380683936E-6, 6.79019408009981274425E-9};
    const double x = sqrt(-2.0 * log(p)), z = 1.0 / x;
    const double first = x - log(x) / x;
    return first - (x < 8.0 ? z * POLYNOMIAL(z, OVER) / MONIC(z, UNDER)
                            : z * POLYNOMIAL(z, FAR_OVER) / MONIC(z, FAR_UNDER));
}

double mc_ndtri(double p)
{
    static const double EXP_MINUS_TWO = 0.13533528323661269189;
    if (!(p >= 0.0 && p <= 1.0))
        return (double)NAN;
    if (p == 0.0 || p == 1.0)
        return p == 0.0 ? -INF : INF;
    if (p > 1.0 - EXP_MINUS_TWO)
        return ndtri_of_tail(1.0 - p);
    return p > EXP_MINUS_TWO ? ndtri_in_the_middle(p) : -ndtri_of_tail(p);
}

/* -------------------------------------------------------------------------------- sums ---- */

#define LEAF  128 /* terms that are added in eight lanes */
#define DEPTH 64  /* more than halvings of a size_t */

static double leaf_sum(const double *x, size_t n)
{
    double sum = 0.0;
    size_t i = 0;
    if (n >= 8) {
        double lane[8];
        for (; i < 8; i++)
            lane[i] = x[i];
        for (; i + 8 <= n; i += 8)
            for (size_t j = 0; j < 8; j++)
                lane[j] += x[i + j];
        sum = ((lane[0] + lane[1]) + (lane[2] + lane[3])) +
              ((lane[4] + lane[5]) + (lane[6] + lane[7]));
    }
    for (; i < n; i++)
        sum += x[i];
    return sum;
}

typedef struct span {
    size_t at, n, depth;
} span;

static double terms_sum(mc_terms_fn *terms, const void *context, size_t at, size_t n)
{
    double term[LEAF];
    terms(context, at, n, term);
    return leaf_sum(term, n);
}

/* Halves (the first a multiple of 8) until at most LEAF terms are left, then adds the halves. */
double mc_pairwise_sum_of(mc_terms_fn *terms, const void *context, size_t n)
{
    span open[DEPTH] = {{0, n, 0}}; /* right halves that are still to be added */
    double sums[DEPTH];             /* of left halves, and their depths */
    size_t depths[DEPTH], n_open = 1, n_sums = 0;
    double sum = 0.0;
    while (n_open > 0) {
        span s = open[--n_open];
        while (s.n > LEAF) {
            const size_t half = s.n / 2 - s.n / 2 % 8;
            open[n_open++] = (span){s.at + half, s.n - half, ++s.depth};
            s.n = half;
        }
        sum = terms_sum(terms, context, s.at, s.n);
        /* cppcheck-suppress uninitvar ; of those n_sums are written */
        for (; n_sums > 0 && depths[n_sums - 1] == s.depth; s.depth--)
            sum = sums[--n_sums] + sum; /* cppcheck-suppress uninitvar ; as above */
        sums[n_sums] = sum;
        depths[n_sums++] = s.depth;
    }
    return sum;
}

static void plain_terms(const void *context, size_t at, size_t n, double *out)
{
    memcpy(out, (const double *)context + at, n * sizeof *out);
}

double mc_pairwise_sum(const double *x, size_t n)
{
    return mc_pairwise_sum_of(plain_terms, x, n);
}

/* A row whose terms are exp(x - largest). */
typedef struct shifted_row {
    const double *x; /* borrowed */
    double largest;
    bool without_largest; /* the largest themselves count as 0 */
} shifted_row;

static void shifted_terms(const void *context, size_t at, size_t n, double *out)
{
    const shifted_row *row = context;
    for (size_t i = 0; i < n; i++) {
        const double x = row->x[at + i];
        out[i] = row->without_largest && x == row->largest ? 0.0 : exp(x - row->largest);
    }
}

static double largest_of(const double *x, size_t n)
{
    double largest = x[0];
    for (size_t i = 1; i < n; i++)
        largest = x[i] > largest || isnan(x[i]) ? x[i] : largest;
    return largest;
}

/* Where the largest term is not finite: what exp, + and log make of it. */
static double plain_log_sum_exp(const double *x, size_t n)
{
    double sum = 0.0;
    for (size_t i = 0; i < n; i++)
        sum += exp(x[i]);
    return log(sum); /* cppcheck-suppress invalidFunctionArg ; log(0) is -inf, as meant */
}

double mc_log_sum_exp(const double *x, size_t n)
{
    const shifted_row row = {x, largest_of(x, n), true};
    double n_largest = 0.0;
    if (!isfinite(row.largest))
        return plain_log_sum_exp(x, n);
    for (size_t i = 0; i < n; i++)
        n_largest += x[i] == row.largest ? 1.0 : 0.0;
    const double sum = mc_pairwise_sum_of(shifted_terms, &row, n);
    return log1p(sum / n_largest) + log(n_largest) + row.largest;
}

void mc_log_share(const double *x, size_t n, mc_log_share_form form, double *out)
{
    const bool shifts = form == MC_LOG_SHARE_SHIFTED;
    const shifted_row row = {x, shifts ? largest_of(x, n) : 0.0, false};
    const double log_sum =
        shifts ? log(mc_pairwise_sum_of(shifted_terms, &row, n)) : mc_log_sum_exp(x, n);
    for (size_t i = 0; i < n; i++)
        out[i] = x[i] - row.largest - log_sum;
}
