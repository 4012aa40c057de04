/* tfidf.h: weights of counted tokens.
 *
 * Oracle   sklearn/feature_extraction/text.py TfidfTransformer.transform, scikit-learn 1.2 to 1.9;
 *          sklearn/utils/sparsefuncs_fast.pyx for the norms.
 * Exact    Bit for bit, float32 as float32, but for the logarithm of sublinear_tf, which is libm's:
 *          within 1 ulp of numpy's. */
#ifndef MC_KERNEL_TFIDF_H
#define MC_KERNEL_TFIDF_H
#include "kernel/sparse_rows.h"

typedef struct mc_tfidf {
    const double *idf; /* (columns), or NULL */
    unsigned norm;     /* 0 none, 1 l1, 2 l2 */
    bool sublinear;    /* 1 + log(tf) */
    bool descending;   /* the norm is added up from the last column: up to 1.4, where rows came out
                          of a product of sparse matrices, which turns them round */
    bool float32;      /* rounded to float32 at each step, as the numpy array would be */
} mc_tfidf;

/* out (row->n): the weights of the row's entries. */
void mc_tfidf_weigh(const mc_tfidf *how, const mc_sparse_row *row, double *out);
#endif
