/* image_cases_cluster.h: see make_group_fn in image_cases.h. */
#ifndef MC_TEST_IMAGE_CASES_CLUSTER_H
#define MC_TEST_IMAGE_CASES_CLUSTER_H
#include "image_cases.h"

void make_group_cluster(making *m, results *r, uint32_t x);
#endif
