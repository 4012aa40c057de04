/* token_table.h: which of these texts is this one? A vocabulary, or stop words.
 *
 * Open addressing over murmurhash3: one array of words and one of bytes, both as they stand in the
 * image. Immutable. A vocabulary costs its bytes and 12 to 20 a token.
 *
 *   words   n, n_slots, slots (n_slots): id + 1 or 0, starts (n + 1): of the tokens in the bytes
 *   bytes   the tokens, in the order of their ids
 *
 * INVARIANTS, proved by mc_token_table_open():
 *   (V1) n_slots is a power of two above n, and no more than n slots are filled: a search ends.
 *   (V2) slots hold at most n; starts ascend from 0 to the number of bytes. */
#ifndef MC_KERNEL_TOKEN_TABLE_H
#define MC_KERNEL_TOKEN_TABLE_H
#include "base/base.h"

#define MC_NO_TOKEN UINT32_MAX

typedef struct mc_token_table {
    const uint32_t *slots, *starts; /* borrowed */
    const uint8_t *bytes;           /* borrowed */
    uint32_t n, n_slots;
} mc_token_table;

/* murmurhash3_x86_32 (Austin Appleby, in the public domain), which scikit-learn hashes with. */
uint32_t mc_murmur3(mc_bytes in, uint32_t seed);

/* The hashing trick: which of n (1 to 2^31 - 1) columns a token falls into, and its sign. */
double mc_hash_column(mc_bytes token, uint32_t n, uint32_t *out);

/* Words that a table of n tokens takes; n is below 2^30. */
size_t mc_token_table_size(size_t n);
/* Fills `words` (mc_token_table_size(n), zeroed) but for the starts, which stand there already.
 * False if a token occurs twice, or if so many hashes meet that a search could be slow. */
bool mc_token_table_fill(uint32_t *words, uint32_t n, const uint8_t *bytes);
/* Where the starts stand in `words`. */
size_t mc_token_table_starts(size_t n);

/* A table of arrays that nobody vouches for; false unless V1 and V2 hold. O(n). */
bool mc_token_table_open(const uint32_t *words, size_t n_words, size_t n_bytes);
/* A table of arrays that hold V1 and V2. */
mc_token_table mc_token_table_of(const uint32_t *words, const uint8_t *bytes);

/* Id of a token, or MC_NO_TOKEN. */
uint32_t mc_token_find(const mc_token_table *table, mc_bytes token);
/* Token of an id below n. */
mc_bytes mc_token_at(const mc_token_table *table, uint32_t id);
#endif
