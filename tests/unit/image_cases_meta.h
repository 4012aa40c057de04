/* image_cases_meta.h: see make_group_fn in image_cases.h. */
#ifndef MC_TEST_IMAGE_CASES_META_H
#define MC_TEST_IMAGE_CASES_META_H
#include "image_cases.h"

make_group_fn make_group_meta;
#endif
