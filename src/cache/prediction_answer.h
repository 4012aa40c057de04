/* prediction_answer.h: a row's answer as bytes, and a batch's answer from those of its rows.
 *
 * A value is a head, which says what the parts are, and what the row has of each: numbers; the
 * entries of a sparse row; or cells, with the texts and lists in them. Values of one method and
 * model usually have one head; where they have not, the batch is computed. Their sizes differ only
 * where a part is sparse or of cells. */
#ifndef MC_CACHE_PREDICTION_ANSWER_H
#define MC_CACHE_PREDICTION_ANSWER_H
#include "base/base.h"

#define MC_VALUE_MAX ((size_t)4096) /* bytes of a row's value; larger answers are not kept */

/* Writes the value of row `i` to `room` bytes at `out`, aligned to 8.
 * @return its bytes, a multiple of 8; 0 when it cannot be kept: pairs of rows, or more than `room`
 * or MC_VALUE_MAX. */
size_t mc_value_write(const mc_output *output, size_t i, uint8_t *out, size_t room);
/* Do two values have the same head? */
bool mc_value_alike(const uint8_t *a, const uint8_t *b);
/* May values with this head differ in size? */
bool mc_value_varies(const uint8_t *value);
/* Bytes that mc_value_merge() needs for `n` values of at most `size` bytes. */
size_t mc_value_merged_size(size_t n, size_t size);
/* The answer of `n` alike values, each `stride` bytes (a multiple of 8) behind the one before, all
 * aligned to 8; it points into `memory` (64-byte aligned) and into the values, in which offsets
 * become pointers: they are merged once. */
void mc_value_merge(uint8_t *values, size_t n, size_t stride, uint8_t *memory, mc_output *out);
#endif
