/* topics.h: how much of each topic is in a document? */
#ifndef MC_KERNEL_TOPICS_H
#define MC_KERNEL_TOPICS_H
#include "base/base.h"

/* Variational inference on one document, topics given. All pointers are borrowed. */
typedef struct mc_topics {
    const double *words; /* (d, k) exp(E[log beta]) of each word, transposed */
    size_t k, d;
    double prior; /* of each topic */
    double tol;   /* stops when the topics change less on average */
    uint32_t max_iter;
} mc_topics;

/* Numbers that mc_topics_infer() needs behind its answer. */
#define MC_TOPICS_SCRATCH(k, d) (2 * (k) + (d))
/* out (k): unnormalized shares of the topics in a document of counts (d) >= 0. O(max_iter k words
 * that occur). */
void mc_topics_infer(const mc_topics *by, const double *counts, double *out, double *scratch);
#endif
