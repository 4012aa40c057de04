/* nearest.h: what a mistyped word was probably meant to be. */
#ifndef MC_NEAREST_H
#define MC_NEAREST_H
#include "base/base.h"

/* The one of `n` words that is nearest to `word` by edit distance, or NULL when none is near: at
 * most two edits, and fewer than half the letters. */
const char *mc_nearest(const char *word, size_t size, const char *const *words, size_t n);
#endif
