/* spline.c: the recurrence of de Boor and Cox.
 *
 * Oracle   BSpline.__call__ with identity coefficients: find_interval and _deBoor_D of
 *          scipy/interpolate/src/__fitpack.cc (before 1.15 _bspl.pyx), scipy 1.9 to 1.17.
 * Exact    Bit for bit: the same products, quotients and sums in the same order.
 *
 * HOW IT WORKS  At a point only degree + 1 splines are not zero. Their values grow from degree 0 to
 *               `degree` in one array; a derivative leaves out the factor of x in the last step. */
#include "kernel/spline.h"

#include <math.h>
#include <string.h>

/* The last knot that is not above x, among those that begin a base interval. */
static size_t interval_of(const mc_spline *s, double x)
{
    const size_t last = s->n_knots - s->degree - 2;
    size_t at = s->degree;
    while (at < last && x >= s->knots[at + 1])
        at++;
    return at;
}

/* One degree up: values[0 .. j-1] become values[0 .. j]. */
static void raise_degree(const mc_spline *s, size_t interval, size_t j, double x, double *values)
{
    double below[MC_SPLINE_MAX_DEGREE + 1];
    memcpy(below, values, j * sizeof *below);
    values[0] = 0.0;
    for (size_t n = 1; n <= j; n++) {
        const double right = s->knots[interval + n], left = s->knots[interval + n - j];
        if (right == left) {
            values[n] = 0.0;
            continue;
        }
        const double weight = below[n - 1] / (right - left);
        values[n - 1] += weight * (right - x);
        values[n] = weight * (x - left);
    }
}

/* The last degree, of the derivative. */
static void differentiate(const mc_spline *s, size_t interval, double *values)
{
    double below[MC_SPLINE_MAX_DEGREE + 1];
    const size_t j = s->degree;
    memcpy(below, values, j * sizeof *below);
    values[0] = 0.0;
    for (size_t n = 1; n <= j; n++) {
        const double right = s->knots[interval + n], left = s->knots[interval + n - j];
        if (right == left) {
            values[1] = 0.0;
            continue;
        }
        const double weight = (double)j * below[n - 1] / (right - left);
        values[n - 1] -= weight;
        values[n] = weight;
    }
}

void mc_spline_values(const mc_spline *s, double x, bool extrapolate, bool derivative, double *out)
{
    double values[MC_SPLINE_MAX_DEGREE + 1] = {1.0};
    const bool is_inside = x >= s->knots[s->degree] && x <= s->knots[s->n_knots - s->degree - 1];
    if (isnan(x) || (!is_inside && !extrapolate)) {
        for (size_t i = 0; i < s->n_columns; i++)
            out[i] = (double)NAN;
        return;
    }
    memset(out, 0, s->n_columns * sizeof *out);
    if (derivative && s->degree == 0)
        return;
    const size_t interval = interval_of(s, x);
    for (size_t j = 1; j + derivative <= s->degree; j++)
        raise_degree(s, interval, j, x, values);
    if (derivative)
        differentiate(s, interval, values);
    for (size_t a = 0; a <= s->degree; a++)
        out[(interval - s->degree + a) % s->n_columns] += values[a];
}

double mc_spline_wrap(const mc_spline *s, double x)
{
    const double first = s->knots[s->degree], last = s->knots[s->n_knots - s->degree - 1];
    const double period = last - first;
    if (!(period > 0.0))
        return 0.0;
    double rest = fmod(x - first, period);
    if (rest < 0.0)
        rest += period;
    return first + rest;
}
