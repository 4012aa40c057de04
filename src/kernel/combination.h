/* combination.h: categories as 32-bit hashes, and numbers that are kept under combinations of them.
 *
 * A program has groups, one behind the other:
 *   n_categories, n_marks, n_keys, n_out
 *   the columns of the categories (n_categories)
 *   the marks (n_marks): column with MC_MARK_EQUAL and MC_MARK_NAN, then an operand
 * A mark is 1 or 0: with MC_MARK_EQUAL whether the category is the operand; else whether x is above
 * the float32 whose bits the operand is, NaN counting as MC_MARK_NAN says.
 * The categories and marks of a row make a key; its place among the group's keys, the place behind
 * them if it is none, says which of the group's values are answered.
 *
 * INVARIANTS, proved by the check of image/run_combinations.c:
 *   (C1) the groups fill the program exactly, and their outputs the width of `out`.
 *   (C2) columns are below the width of x.
 *   (C3) the groups' keys, and n_out * (n_keys + 1) values each, fill their arrays; keys ascend. */
#ifndef MC_KERNEL_COMBINATION_H
#define MC_KERNEL_COMBINATION_H
#include <stddef.h>
#include <stdint.h>

#define MC_MARK_EQUAL  0x80000000u
#define MC_MARK_NAN    0x40000000u
#define MC_MARK_COLUMN 0x3fffffffu
#define MC_GROUP_HEAD  4u /* words of a group before its columns */

typedef struct mc_combinations {
    const uint32_t *program;
    size_t n_words;
    const uint32_t *keys; /* (n_keys, 2): high and low half */
    const double *values; /* of each group (n_out, n_keys + 1) */
} mc_combinations;

/* CityHash64 of version 1.0 (Google, 2011), which CatBoost hashes texts with. */
uint64_t mc_city_hash(const char *text, size_t n);

/* The key of more: what has the key `key` so far, then `item`. It begins with 0. */
uint64_t mc_combine_key(uint64_t key, uint64_t item);

/* out: the values of all groups for a row x; categories are hashes, whole numbers below 2^32. */
void mc_combine(const mc_combinations *c, const double *x, double *out);
#endif
