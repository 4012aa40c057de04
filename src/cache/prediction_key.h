/* prediction_key.h: what a row is called in the prediction cache.
 *
 * A key is all that decides a row's answer: the image's digest, name and version, the method, how
 * the row came (sparse, integers, truth values), how many slots it has, and every value with its
 * type. Two rows have one key only if they are the same, byte by byte: each part is of fixed size
 * or carries it.
 */
#ifndef MC_CACHE_PREDICTION_KEY_H
#define MC_CACHE_PREDICTION_KEY_H
#include "base/base.h"

#define MC_KEY_PREFIX_MAX 384u /* digest, name, version and 24 bytes */

/* What all rows of a batch have in common. */
typedef struct mc_key_prefix {
    size_t n_numbers, n_cells; /* of a row, in slots */
    uint32_t size;
    uint8_t bytes[MC_KEY_PREFIX_MAX];
} mc_key_prefix;

/* `method` is no MC_METHOD_DEFAULT; `input` is MC_LAYOUT_SLOTS. False: the model has no digest. */
bool mc_key_begin(const mc_model *model, mc_method method, const mc_input *input,
                  mc_key_prefix *out);
/* Bytes of the key of row `i`; 0 when it cannot have one: lists in lists, eight deep. */
size_t mc_key_size(const mc_key_prefix *prefix, const mc_input *input, size_t i);
/* Writes that many bytes. */
void mc_key_write(const mc_key_prefix *prefix, const mc_input *input, size_t i, uint8_t *out);
/* A number for flushing and for tables: never 0. Of texts that differ it may be the same. */
uint64_t mc_key_owner(const char *name, const char *digest);
#endif
