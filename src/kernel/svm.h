/* svm.h: kernel values -> pairwise decisions -> votes, scores, probabilities, as libsvm does. */
#ifndef MC_KERNEL_SVM_H
#define MC_KERNEL_SVM_H
#include "kernel/narrow.h"

static inline size_t mc_svm_pairs(size_t n_classes)
{
    return n_classes * (n_classes - 1) / 2;
}

/* One decision a pair of classes (0,1), (0,2) ... Support vectors are grouped by class. With 2
 * classes of which the second has none, this is the sum over all: regression, one class. */
typedef struct mc_svm {
    const uint32_t *start;   /* (n_classes + 1): where the support vectors of a class begin */
    const double *coef;      /* (n_classes - 1, n) */
    mc_narrow narrow;        /* the same if its form is one: then `coef` is not read */
    const double *intercept; /* (pairs) */
    size_t n, n_classes;     /* support vectors; at least 2 classes */
} mc_svm;
/* out (n_rows, pairs); above 0 speaks for the first class of the pair. */
void mc_svm_decide(const mc_svm *svm, const double *k, size_t n_rows, double *out);

/* out (n_rows, n_classes) = votes: for the first class of a pair where its decision is above 0,
 * else for the second. */
void mc_pair_votes(const double *decisions, size_t n_rows, size_t n_classes, double *out);

/* out (n_rows, n_classes) = votes + sums of confidences within a third: _ovr_decision_function().
 * Confidences (n_rows, pairs) above 0 speak for the second class; it has the vote where `second`
 * (n_rows, pairs) is 1, the first where it is 0, neither else: a regressor's value; without
 * `second` where the confidence is above 0. `out` has room for 2 * n_classes a row: the sums of
 * confidences come behind. */
/* `scaled`: as up to scikit-learn 0.20, by the largest sum of the row. */
void mc_pair_scores(const double *confidences, const double *second, size_t n_rows, bool scaled,
                    size_t n_classes, double *out);

/* out (n_rows, pairs) = probability of the first class of each pair: a sigmoid of the decision,
 * kept 1e-7 away from 0 and 1. a, b (pairs). */
void mc_pair_proba(const double *decisions, size_t n_rows, size_t n_pairs, const double *a,
                   const double *b, double *out);
/* out (n_rows, 3 * n_classes): the probabilities of the classes that agree best with those of
 * pairs; behind them what the computation needs. */
void mc_couple_pairs(const double *proba, size_t n_rows, size_t n_classes, double *out);
#endif
