/* cache_fakes.h: models and a loader for the tests of src/cache, so that they need no model file.
 *
 * A fake model is a block filled with the number of the load that made it: an answer that mixes two
 * models, or reads memory that was given back, shows. A fake source is a line of words:
 *     "bytes=65536 grant=131072 ms=5 fail"
 * bytes: size of the image; grant: asked from the budget before reading, in two steps (default:
 * bytes); ms: how long reading takes; fail: the file is broken. */
#ifndef MC_TEST_CACHE_FAKES_H
#define MC_TEST_CACHE_FAKES_H
#include <stdatomic.h>

#include "cache/cache.h"
#include "cache/test_points.h"
#include "image/model.h"

/* What mc_model_bytes() adds to the image: the decoded schema of a real model. */
#define FAKE_SCHEMA_BYTES ((uint64_t)256)

mc_status fake_loader(void *user, const char *source, mc_grant_fn *grant, void *context,
                      mc_image *out, mc_error *err);

/* While closed, loaders wait before they read. Counting starts anew with fake_reset(). */
void fake_gate(bool closed);
void fake_reset(void);
void fake_wait_for_loaders(unsigned n); /* until so many loaders have begun */
unsigned fake_loads_begun(void);

/* True if every byte of the model comes from one load; *out_load is its number. */
bool fake_model_is_whole(const mc_model *model, uint64_t *out_load);
uint64_t fake_mapped_bytes(void); /* of images that exist now */
uint64_t fake_mapped_peak(void);

/* From now on dead models are kept, so that using one is counted and not a crash. */
void fake_keep_dead(bool keep);
unsigned fake_dead_uses(void);
void fake_bury_dead(void);

/* The lines that a cache wrote. */
typedef struct fake_log {
    _Atomic unsigned n_lines;
    char lines[64][256];
    mc_log_level levels[64];
} fake_log;
void fake_log_line(void *user, mc_log_level level, const char *message);
bool fake_log_has(const fake_log *log, const char *part);

/* A cache on fake_loader(), or the test fails. */
mc_cache *fake_cache(uint64_t memory_budget, fake_log *log);
mc_cache *fake_cache_with(const mc_cache_options *options);
mc_model *fake_acquire(mc_cache *cache, const char *name); /* within 10 s, or the test fails */
mc_entry_info fake_info(mc_cache *cache, const char *name);
void fake_add(mc_cache *cache, const char *name, const char *source);
#endif
