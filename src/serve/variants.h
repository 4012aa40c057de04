/* variants.h: what is counted of a name with a canary or a shadow: requests by who was asked, and
 * what came of asking the shadow. *Stateless*. */
#ifndef MC_VARIANTS_H
#define MC_VARIANTS_H
#include "serve/numbers.h"
#include "serve/shadow.h"

/* Adds what this process has counted of NAME. `shadow` may be NULL. */
void mc_variants_add(mc_cache *cache, mc_shadow *shadow, const char *name,
                     uint64_t values[MC_N_MODEL_NUMBERS]);
/* Was anything counted? */
bool mc_variants_any(const uint64_t values[MC_N_MODEL_NUMBERS]);
/* The largest difference of numbers. */
double mc_variants_most(const uint64_t values[MC_N_MODEL_NUMBERS]);
#endif
