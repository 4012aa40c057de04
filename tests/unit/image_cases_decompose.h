/* image_cases_decompose.h: see make_group_fn in image_cases.h. */
#ifndef MC_TEST_IMAGE_CASES_DECOMPOSE_H
#define MC_TEST_IMAGE_CASES_DECOMPOSE_H
#include "image_cases.h"

void make_group_decompose(making *m, results *r, uint32_t x);
#endif
