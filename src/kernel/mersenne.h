/* mersenne.h: the random numbers of numpy.random.RandomState, where a fitted model draws them anew
 * from an integer seed. */
#ifndef MC_KERNEL_MERSENNE_H
#define MC_KERNEL_MERSENNE_H
#include "base/base.h"

typedef struct mc_mersenne {
    uint32_t state[624];
    size_t at; /* next of them */
} mc_mersenne;

void mc_mersenne_seed(mc_mersenne *m, uint32_t seed);
uint32_t mc_mersenne_next(mc_mersenne *m);
/* out (n): RandomState.permutation(n). */
void mc_mersenne_permute(mc_mersenne *m, uint32_t *out, size_t n);
#endif
