/* prediction_answer.h: a row's answer as bytes, and a batch's answer from those of its rows.
 *
 * A value is a head, which says what the parts are, and the row's numbers. Values of one method and
 * model usually have one head; where they have not, the batch is computed. */
#ifndef MC_CACHE_PREDICTION_ANSWER_H
#define MC_CACHE_PREDICTION_ANSWER_H
#include "base/base.h"

#define MC_VALUE_MAX ((size_t)4096) /* bytes of a row's value; larger answers are not kept */

/* Bytes of a row's value in this answer; 0 when it cannot be kept: sparse rows, cells, pairs of
 * rows, or more than MC_VALUE_MAX. */
size_t mc_value_size(const mc_output *output);
/* Writes the value of row `i`. */
void mc_value_write(const mc_output *output, size_t i, uint8_t *out);
/* Do two values have the same head? */
bool mc_value_alike(const uint8_t *a, const uint8_t *b);
/* Bytes that mc_value_merge() needs for `n` values of `size` bytes. */
size_t mc_value_merged_size(size_t n, size_t size);
/* The answer of `n` alike values, one after the other, each `stride` bytes; it points into `memory`
 * (64-byte aligned) and into the first value. */
void mc_value_merge(const uint8_t *values, size_t n, size_t stride, uint8_t *memory,
                    mc_output *out);
#endif
