/* image_cases_features.h: programs with the steps of run_features.c, run_codes.c,
 * run_row_scans.c. */
#ifndef MC_IMAGE_CASES_FEATURES_H
#define MC_IMAGE_CASES_FEATURES_H
#include "image_cases.h"

make_group_fn make_group_features;
#endif
