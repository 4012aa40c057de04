/* topics.h: how much of each topic is in a document? */
#ifndef MC_KERNEL_TOPICS_H
#define MC_KERNEL_TOPICS_H
#include "kernel/sparse_rows.h"

/* Variational inference on one document, topics given. All pointers are borrowed. */
typedef struct mc_topics {
    const double *words; /* (d, k) exp(E[log beta]) of each word, transposed */
    size_t k;
    double prior; /* of each topic */
    double tol;   /* stops when the topics change less on average */
    uint32_t max_iter;
} mc_topics;

/* Numbers that mc_topics_infer() needs behind its answer. */
#define MC_TOPICS_SCRATCH(k) (2 * (k))
/* out (k): unnormalized shares of the topics in a document of counts >= 0 by word, all below d.
 * O(max_iter k words that occur). */
void mc_topics_infer(const mc_topics *by, const mc_sparse_row *counts, double *out,
                     double *scratch);
#endif
