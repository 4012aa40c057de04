/* image_cases_kernels.h: see make_group_fn in image_cases.h. */
#ifndef MC_TEST_IMAGE_CASES_KERNELS_H
#define MC_TEST_IMAGE_CASES_KERNELS_H
#include "image_cases.h"

void make_group_kernels(making *m, results *r, uint32_t x);
#endif
