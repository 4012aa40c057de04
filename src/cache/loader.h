/* loader.h: how the cache loads a model without knowing what a pickle is: the function is handed
 * in (src/api wires it to src/import). */
#ifndef MC_CACHE_LOADER_H
#define MC_CACHE_LOADER_H
#include "image/image.h"

/* Asks the budget for `size` more bytes; not MC_OK (MC_E_OVER_BUDGET) must end the load. What was
 * granted to a load goes back, but for the image's own size, when the loader returns. */
typedef mc_status mc_grant_fn(void *context, size_t size, mc_error *err);

/* Reads `source` into an image. Runs on a loader thread; may take long; `user` is guarded, or NULL.
 */
typedef mc_status mc_loader_fn(void *user, const char *source, mc_grant_fn *grant, void *context,
                               mc_image *out, mc_error *err);

/* Adds what the loader counts of images. Any thread. */
typedef void mc_loader_stats_fn(void *user, mc_cache_stats *stats);

typedef struct mc_loader {
    mc_loader_fn *load;
    void *user;                    /* the first argument of `load` */
    mc_loader_stats_fn *add_stats; /* may be NULL */
    void (*close)(void *user);     /* called once, when the cache is destroyed; may be NULL */
} mc_loader;
#endif
