/* image_cases_text.h: the steps on documents, tokens and dicts. */
#ifndef MC_TEST_IMAGE_CASES_TEXT_H
#define MC_TEST_IMAGE_CASES_TEXT_H
#include "image_cases.h"

make_group_fn make_group_text;
/* score_samples: the patches of a text, which is no image; the step is there to be verified. */
void make_no_patches(making *m);

/* Texts (n, ascending) as the token table array `at` of a step. */
void make_tokens(making *m, mc_step *step, size_t at, const char *const *texts, size_t n);
#endif
