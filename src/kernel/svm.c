/* svm.c: what libsvm does with kernel values.
 *
 * Oracle   svm_predict_values, sigmoid_predict, multiclass_probability in
 *          sklearn/svm/src/libsvm/svm.cpp; _ovr_decision_function, sklearn/utils/multiclass.py.
 * Exact    The same operations in the same order: bit for bit, given the same kernel values and the
 *          same exp().
 * LIMITATIONS  Coupling stops after max(100, n_classes) rounds or when the error is below
 *          0.005 / n_classes, for two classes too: its probabilities are not the sigmoid's. */
#include "kernel/svm.h"

#include <float.h>
#include <math.h>
#include <string.h>

static double sum_of(const double *coef, const double *k, size_t from, size_t to, double sum)
{
    for (size_t s = from; s < to; s++)
        sum += coef[s] * k[s];
    return sum;
}

#define CHUNK 256u

/* The same with coefficients `row` of all. */
static double sum_with(const mc_svm *svm, size_t row, const double *k, size_t from, size_t to,
                       double sum)
{
    double chunk[CHUNK];
    if (svm->narrow.form == MC_NARROW_NOT)
        return sum_of(svm->coef + row * svm->n, k, from, to, sum);
    for (; from < to; from += CHUNK) {
        const size_t n = to - from < CHUNK ? to - from : CHUNK;
        mc_widen_part(&svm->narrow, row, from, n, chunk);
        sum = sum_of(chunk, k + from, 0, n, sum);
    }
    return sum;
}

void mc_svm_decide(const mc_svm *svm, const double *k, size_t n_rows, double *out)
{
    for (size_t row = 0; row < n_rows; row++, k += svm->n) {
        size_t pair = 0;
        for (size_t i = 0; i < svm->n_classes; i++) {
            for (size_t j = i + 1; j < svm->n_classes; j++, pair++) {
                double sum = sum_with(svm, j - 1, k, svm->start[i], svm->start[i + 1], 0.0);
                sum = sum_with(svm, i, k, svm->start[j], svm->start[j + 1], sum);
                *out++ = sum + svm->intercept[pair];
            }
        }
    }
}

void mc_pair_votes(const double *decisions, size_t n_rows, size_t n_classes, double *out)
{
    memset(out, 0, n_rows * n_classes * sizeof *out);
    for (size_t row = 0; row < n_rows; row++, out += n_classes) {
        for (size_t i = 0; i < n_classes; i++)
            for (size_t j = i + 1; j < n_classes; j++)
                out[*decisions++ > 0.0 ? i : j] += 1.0;
    }
}

/* Sums that cannot outweigh a vote: each bounded by itself. */
static void bound_sums(const double *sums, size_t n, double *votes)
{
    for (size_t i = 0; i < n; i++)
        votes[i] += sums[i] / (3.0 * (fabs(sums[i]) + 1.0));
}

/* As up to 0.20, by the largest of the batch: a row alone is a batch. */
static void scale_sums(const double *sums, size_t n, double *votes)
{
    double most = sums[0], least = sums[0];
    for (size_t i = 1; i < n; i++) {
        most = sums[i] > most ? sums[i] : most;
        least = sums[i] < least ? sums[i] : least;
    }
    if (most == least)
        return;
    const double size = fabs(most) > fabs(least) ? fabs(most) : fabs(least);
    for (size_t i = 0; i < n; i++)
        votes[i] += sums[i] * ((0.5 - DBL_EPSILON) / size);
}

void mc_pair_scores(const double *confidences, const double *second, size_t n_rows, bool scaled,
                    size_t n_classes, double *out)
{
    memset(out, 0, n_rows * 2 * n_classes * sizeof *out);
    for (size_t row = 0; row < n_rows; row++, out += 2 * n_classes) {
        double *votes = out, *sums = out + n_classes;
        for (size_t i = 0; i < n_classes; i++) {
            for (size_t j = i + 1; j < n_classes; j++, confidences++) {
                const double label = second == NULL ? *confidences > 0.0 : *second++;
                sums[i] -= *confidences;
                sums[j] += *confidences;
                votes[i] += label == 0.0 ? 1.0 : 0.0;
                votes[j] += label == 1.0 ? 1.0 : 0.0;
            }
        }
        if (scaled)
            scale_sums(sums, n_classes, votes);
        else
            bound_sums(sums, n_classes, votes);
    }
}

/* 1 / (1 + exp(t)) without cancellation. */
static double sigmoid(double t)
{
    return t >= 0.0 ? exp(-t) / (1.0 + exp(-t)) : 1.0 / (1.0 + exp(t));
}

void mc_pair_proba(const double *decisions, size_t n_rows, size_t n_pairs, const double *a,
                   const double *b, double *out)
{
    static const double LEAST = 1e-7;
    for (size_t row = 0; row < n_rows; row++) {
        for (size_t p = 0; p < n_pairs; p++) {
            double found = sigmoid(*decisions++ * a[p] + b[p]);
            found = found > LEAST ? found : LEAST; /* of NaN, too, as libsvm has it */
            *out++ = found > 1.0 - LEAST ? 1.0 - LEAST : found;
        }
    }
}

/* Coupling of one row: Q is symmetric, Q[t][t] = sum of r[j][t]^2, Q[t][j] = -r[j][t] r[t][j],
 * with r[i][j] = proba of i against j and r[j][i] = 1 - r[i][j]. */
typedef struct coupling {
    const double *proba;  /* (pairs) */
    double *p, *qp, *own; /* (n) each: the answer, Q p, the diagonal of Q */
    size_t n;
} coupling;

/* r[i][j] */
static double against(const coupling *c, size_t i, size_t j)
{
    const size_t low = i < j ? i : j, high = i < j ? j : i;
    const double proba = c->proba[low * c->n - low * (low + 1) / 2 + high - low - 1];
    return i < j ? proba : 1.0 - proba;
}

static double q_at(const coupling *c, size_t t, size_t j)
{
    return t == j ? c->own[t] : -against(c, j, t) * against(c, t, j);
}

static void start_coupling(const coupling *c)
{
    for (size_t t = 0; t < c->n; t++) {
        c->p[t] = 1.0 / (double)c->n;
        c->own[t] = 0.0;
        for (size_t j = 0; j < c->n; j++)
            if (j != t)
                c->own[t] += against(c, j, t) * against(c, j, t);
    }
}

/* Q p and p' Q p afresh; returns the largest distance between them. */
static double coupling_error(const coupling *c, double *out_pqp)
{
    double pqp = 0.0, largest = 0.0;
    for (size_t t = 0; t < c->n; t++) {
        c->qp[t] = 0.0;
        for (size_t j = 0; j < c->n; j++)
            c->qp[t] += q_at(c, t, j) * c->p[j];
        pqp += c->p[t] * c->qp[t];
    }
    for (size_t t = 0; t < c->n; t++)
        largest = fabs(c->qp[t] - pqp) > largest ? fabs(c->qp[t] - pqp) : largest;
    *out_pqp = pqp;
    return largest;
}

static void coupling_round(const coupling *c, double pqp)
{
    for (size_t t = 0; t < c->n; t++) {
        const double change = (-c->qp[t] + pqp) / c->own[t];
        c->p[t] += change;
        pqp = (pqp + change * (change * c->own[t] + 2.0 * c->qp[t])) / (1.0 + change) /
              (1.0 + change);
        for (size_t j = 0; j < c->n; j++) {
            c->qp[j] = (c->qp[j] + change * q_at(c, t, j)) / (1.0 + change);
            c->p[j] /= 1.0 + change;
        }
    }
}

void mc_couple_pairs(const double *proba, size_t n_rows, size_t n_classes, double *out)
{
    const size_t most = n_classes > 100 ? n_classes : 100;
    const double enough = 0.005 / (double)n_classes;
    for (size_t row = 0; row < n_rows; row++) {
        const coupling c = {proba, out, out + n_classes, out + 2 * n_classes, n_classes};
        double pqp = 0.0;
        start_coupling(&c);
        for (size_t i = 0; i < most && coupling_error(&c, &pqp) >= enough; i++)
            coupling_round(&c, pqp);
        proba += mc_svm_pairs(n_classes);
        out += 3 * n_classes;
    }
}
