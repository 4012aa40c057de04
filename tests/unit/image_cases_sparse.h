/* image_cases_sparse.h: the steps on sparse rows, and images whose input is sparse rows. */
#ifndef MC_TEST_IMAGE_CASES_SPARSE_H
#define MC_TEST_IMAGE_CASES_SPARSE_H
#include "image_cases.h"

make_group_fn make_group_sparse;

/* 5 sparse columns, scaled by 1, 2, 3, 4, 5: transform as the rows came, apply always sparse and
 * integers, decision_function: product with two outputs, predict: the same from sparse weights. */
void make_sparse_model(making *m);
#define SPARSE_MODEL_COLUMNS 5

/* 2^24 columns, of which the last and the first are handed out in this order: transform, sparse. */
void make_widest(making *m);
#define WIDEST_COLUMNS ((size_t)1 << 24)
#endif
