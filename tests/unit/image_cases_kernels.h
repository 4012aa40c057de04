/* image_cases_kernels.h: see make_group_fn in image_cases.h. */
#ifndef MC_TEST_IMAGE_CASES_KERNELS_H
#define MC_TEST_IMAGE_CASES_KERNELS_H
#include "image_cases.h"

void make_group_kernels(making *m, results *r, uint32_t x);

/* predict_cov: x, and as "cov" two values of each pair of rows: 1 and 4 times
 * (1 + exp(-|x - y|^2 / 2))^2 * (3 of a row with itself, else 0) - x . y. */
void make_covariance(making *m, uint32_t x);
#endif
