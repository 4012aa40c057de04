/* token_table.c: texts by hash.
 *
 * Why so   Tokens of a pickle are chosen by whoever wrote it: a table whose searches would be long
 *          is refused when it is made. */
#include "kernel/token_table.h"

#include <string.h>

#define HEAD         2u    /* n, n_slots */
#define LONGEST_LOOK 1000u /* slots; of a million tokens the unluckiest needs about 100 */

static inline uint32_t rotate(uint32_t x, unsigned by)
{
    return x << by | x >> (32 - by);
}

static inline uint32_t load32(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static inline uint32_t scramble(uint32_t k)
{
    return rotate(k * UINT32_C(0xcc9e2d51), 15) * UINT32_C(0x1b873593);
}

uint32_t mc_murmur3(mc_bytes in, uint32_t seed)
{
    const uint8_t *at = in.data;
    uint32_t h = seed, tail = 0;
    for (size_t i = 0; i < in.size / 4; i++, at += 4)
        h = rotate(h ^ scramble(load32(at)), 13) * 5 + UINT32_C(0xe6546b64);
    for (size_t i = in.size & 3; i > 0; i--)
        tail = tail << 8 | at[i - 1];
    h ^= scramble(tail);
    h ^= (uint32_t)in.size;
    h = (h ^ h >> 16) * UINT32_C(0x85ebca6b);
    h = (h ^ h >> 13) * UINT32_C(0xc2b2ae35);
    return h ^ h >> 16;
}

double mc_hash_column(mc_bytes token, uint32_t n, uint32_t *out)
{
    const uint32_t hash = mc_murmur3(token, 0);
    const bool negative = hash >> 31;
    if (hash == UINT32_C(0x80000000)) /* has no absolute value in 32 bits */
        *out = (UINT32_C(0x7fffffff) - (n - 1)) % n;
    else
        *out = (negative ? -hash : hash) % n;
    return negative ? -1.0 : 1.0;
}

static size_t n_slots_of(size_t n)
{
    size_t slots = 4;
    while (slots < n + n / 2)
        slots *= 2;
    return slots;
}

size_t mc_token_table_size(size_t n)
{
    return HEAD + n_slots_of(n) + n + 1;
}

size_t mc_token_table_starts(size_t n)
{
    return HEAD + n_slots_of(n);
}

mc_token_table mc_token_table_of(const uint32_t *words, const uint8_t *bytes)
{
    return (mc_token_table){.slots = words + HEAD,
                            .starts = words + HEAD + words[1],
                            .bytes = bytes,
                            .n = words[0],
                            .n_slots = words[1]};
}

mc_bytes mc_token_at(const mc_token_table *table, uint32_t id)
{
    const uint32_t start = table->starts[id];
    return (mc_bytes){table->bytes + start, table->starts[id + 1] - start};
}

bool mc_token_table_fill(uint32_t *words, uint32_t n, const uint8_t *bytes)
{
    words[0] = n;
    words[1] = (uint32_t)n_slots_of(n);
    uint32_t *slots = words + HEAD;
    const mc_token_table table = mc_token_table_of(words, bytes);
    for (uint32_t id = 0; id < n; id++) {
        const mc_bytes token = mc_token_at(&table, id);
        uint32_t at = mc_murmur3(token, 0) & (table.n_slots - 1), looks = 0;
        for (; slots[at] != 0; at = (at + 1) & (table.n_slots - 1)) {
            if (mc_bytes_equal(mc_token_at(&table, slots[at] - 1), token) || ++looks > LONGEST_LOOK)
                return false;
        }
        slots[at] = id + 1;
    }
    return true;
}

bool mc_token_table_open(const uint32_t *words, size_t n_words, size_t n_bytes)
{
    if (n_words < HEAD || words[0] > UINT32_MAX / 4 || words[1] <= words[0] ||
        (words[1] & (words[1] - 1)) != 0 || n_words != HEAD + (size_t)words[1] + words[0] + 1)
        return false;
    const uint32_t n = words[0], n_slots = words[1];
    const uint32_t *starts = words + HEAD + n_slots;
    uint32_t n_filled = 0;
    for (uint32_t i = 0; i < n_slots; i++) {
        if (words[HEAD + i] > n)
            return false;
        n_filled += words[HEAD + i] != 0;
    }
    for (uint32_t i = 0; i < n; i++)
        if (starts[i] > starts[i + 1])
            return false;
    return n_filled <= n && starts[0] == 0 && starts[n] == n_bytes;
}

uint32_t mc_token_find(const mc_token_table *table, mc_bytes token)
{
    uint32_t at = mc_murmur3(token, 0) & (table->n_slots - 1);
    for (; table->slots[at] != 0; at = (at + 1) & (table->n_slots - 1)) {
        const mc_bytes found = mc_token_at(table, table->slots[at] - 1);
        if (found.size == token.size && memcmp(found.data, token.data, token.size) == 0)
            return table->slots[at] - 1;
    }
    return MC_NO_TOKEN;
}
