/* image_cases_neighbors.h: the steps on neighbours. */
#ifndef MC_TEST_IMAGE_CASES_NEIGHBORS_H
#define MC_TEST_IMAGE_CASES_NEIGHBORS_H
#include "image_cases.h"

make_group_fn make_group_neighbors;
#endif
