/* process_covariance.c: K(X, X) - V.T V, pair by pair.
 *
 * Oracle   GaussianProcessRegressor.predict(return_cov=True), sklearn/gaussian_process/_gpr.py.
 * Exact    As kernel/kernels.c and kernel/kernel_map.c state for kernels; v_i . v_j within n u (sum
 *          of |terms|). A value depends on its two rows alone, and (j, i) is the bits of (i, j). */
#include "kernel/process_covariance.h"

#include "kernel/kernel_map.h"
#include "kernel/kernels.h"

mc_stack_effect mc_covariance_effect(mc_covariance_kind kind)
{
    if (kind == MC_COVARIANCE_PLUS || kind == MC_COVARIANCE_TIMES)
        return (mc_stack_effect){2, 1};
    return kind == MC_COVARIANCE_MAP ? (mc_stack_effect){1, 1} : (mc_stack_effect){0, 1};
}

static double sum_of(const mc_covariance *c, const uint32_t *op, size_t i, size_t j)
{
    const mc_covariance_rows *rows = &c->rows[op[2]];
    const mc_pair_sum which = (mc_pair_sum)op[1];
    const size_t d = rows->width;
    const double *x = rows->at + i * d, *y = rows->at + j * d;
    /* It adds the square of its first row first: here that is the smaller one. */
    const bool is_turned = which == MC_PAIR_EXPANDED && mc_pair_sum_of(MC_PAIR_DOT, x, x, d) >
                                                            mc_pair_sum_of(MC_PAIR_DOT, y, y, d);
    return mc_pair_sum_of(which, is_turned ? y : x, is_turned ? x : y, d);
}

static double kernel_of(const mc_covariance *c, size_t i, size_t j)
{
    double stack[MC_COVARIANCE_DEPTH + 1] = {0.0};
    double *top = stack; /* one above what was pushed last */
    for (size_t at = 0; at < c->n_ops; at++) {
        const uint32_t *op = c->ops + at * MC_COVARIANCE_FIELDS;
        const double *number = c->numbers + at * MC_COVARIANCE_NUMBERS;
        switch ((mc_covariance_kind)op[0]) {
        case MC_COVARIANCE_SUM_OF:
            *top++ = sum_of(c, op, i, j);
            break;
        case MC_COVARIANCE_NUMBER:
            *top++ = number[0];
            break;
        case MC_COVARIANCE_NOISE:
            *top++ = i == j ? number[0] : 0.0;
            break;
        case MC_COVARIANCE_MAP:
            top[-1] = mc_kernel_map_of((mc_kernel_map)op[1], top[-1], number[0], number[1]);
            break;
        case MC_COVARIANCE_PLUS:
            top--;
            top[-1] += top[0];
            break;
        case MC_COVARIANCE_TIMES:
            top--;
            top[-1] *= top[0];
            break;
        case MC_N_COVARIANCE_KINDS:
            break;
        }
    }
    return stack[0];
}

void mc_covariance_of(const mc_covariance *c, size_t n_rows, double *out)
{
    const mc_covariance_rows *v = &c->rows[0];
    for (size_t i = 0; i < n_rows; i++) {
        for (size_t j = 0; j <= i; j++) {
            const double explained =
                mc_pair_sum_of(MC_PAIR_DOT, v->at + i * v->width, v->at + j * v->width, v->width);
            const double found = kernel_of(c, i, j) - explained;
            for (size_t t = 0; t < c->n_deep; t++)
                out[(i * n_rows + j) * c->n_deep + t] = out[(j * n_rows + i) * c->n_deep + t] =
                    found * c->scales[t];
        }
    }
}
