/* combination.c: categories as 32-bit hashes, and numbers that are kept under combinations of them.
 *
 * Oracle   CatBoost 1.2: util/digest/city.cpp, catboost/libs/helpers/hash.h (CalcHash),
 *          catboost/libs/model/{hash.h,ctr_helpers.h,static_ctr_provider.cpp}.
 * Exact    Bit for bit: integers, and comparisons of float32 values. */
#include "kernel/combination.h"

#include <math.h>
#include <string.h>

#include "base/reader.h"

/* --------------------------------------------------------------------------------- hashes ---- */

#define K0      0xc3a5c85c97cb3127u
#define K1      0xb492b66fbe98f273u
#define K2      0x9ae16a3b2f90404fu
#define K3      0xc949d7c7509e6557u
#define K_PAIR  0x9ddfea08eb382d69u
#define K_ITEMS 0x4906ba494954cb65u

typedef struct pair {
    uint64_t first, second;
} pair;

static uint64_t at64(const char *text, size_t at)
{
    return mc_load_u64le((const uint8_t *)text + at);
}

static uint64_t rotated(uint64_t x, unsigned n)
{
    return n == 0 ? x : x >> n | x << (64 - n);
}

static uint64_t mixed(uint64_t x)
{
    return x ^ x >> 47;
}

static uint64_t of_two(uint64_t a, uint64_t b)
{
    const uint64_t c = mixed((a ^ b) * K_PAIR);
    return mixed((b ^ c) * K_PAIR) * K_PAIR;
}

static uint64_t up_to_16(const char *text, size_t n)
{
    const uint8_t *b = (const uint8_t *)text;
    if (n > 8) {
        const uint64_t last = at64(text, n - 8);
        return of_two(at64(text, 0), rotated(last + n, (unsigned)n)) ^ last;
    }
    if (n >= 4)
        return of_two(n + ((uint64_t)mc_load_u32le(b) << 3), mc_load_u32le(b + n - 4));
    if (n == 0)
        return K2;
    const uint32_t y = b[0] + ((uint32_t)b[n / 2] << 8);
    const uint32_t z = (uint32_t)n + ((uint32_t)b[n - 1] << 2);
    return mixed(y * K2 ^ z * K3) * K2;
}

static uint64_t up_to_32(const char *text, size_t n)
{
    const uint64_t a = at64(text, 0) * K1, b = at64(text, 8);
    const uint64_t c = at64(text, n - 8) * K2, d = at64(text, n - 16) * K0;
    return of_two(rotated(a - b, 43) + rotated(c, 30) + d, a + rotated(b ^ K3, 20) - c + n);
}

/* Of 32 bytes, the first at `at`, and one number more. */
static pair of_half(const char *text, size_t at, uint64_t a)
{
    const uint64_t z = at64(text, at + 24);
    const uint64_t b = rotated(a + z, 52);
    uint64_t c = rotated(a, 37);
    a += at64(text, at + 8);
    c += rotated(a, 7);
    a += at64(text, at + 16);
    return (pair){a + z, b + rotated(a, 31) + c};
}

static uint64_t up_to_64(const char *text, size_t n)
{
    const pair v = of_half(text, 0, at64(text, 0) + (n + at64(text, n - 16)) * K0);
    const pair w = of_half(text, n - 32, at64(text, n - 32) + at64(text, 16));
    const uint64_t r = mixed((v.first + w.second) * K2 + (w.first + v.second) * K0);
    return mixed(r * K0 + v.second) * K2;
}

/* Of 32 bytes and two numbers, weakly. */
static pair seeded(const char *text, size_t at, uint64_t a, uint64_t b)
{
    const uint64_t last = at64(text, at + 24);
    a += at64(text, at);
    b = rotated(b + a + last, 21);
    const uint64_t c = a;
    a += at64(text, at + 8) + at64(text, at + 16);
    return (pair){a + last, b + rotated(a, 44) + c};
}

static uint64_t long_text(const char *text, size_t n)
{
    uint64_t x = at64(text, 0), y = at64(text, n - 16) ^ K1, z = at64(text, n - 56) ^ K0;
    pair v = seeded(text, n - 64, n, y), w = seeded(text, n - 32, n * K1, K0);
    z += mixed(v.second) * K1;
    x = rotated(z + x, 39) * K1;
    y = rotated(y, 33) * K1;
    for (size_t at = 0, end = (n - 1) & ~(size_t)63; at < end; at += 64) {
        x = rotated(x + y + v.first + at64(text, at + 16), 37) * K1 ^ w.second;
        y = rotated(y + v.second + at64(text, at + 48), 42) * K1 ^ v.first;
        z = rotated(z ^ w.first, 33);
        v = seeded(text, at, v.second * K1, x + w.first);
        w = seeded(text, at + 32, z + w.second, y);
        const uint64_t other = z;
        z = x;
        x = other;
    }
    return of_two(of_two(v.first, w.first) + mixed(y) * K1 + z, of_two(v.second, w.second) + x);
}

uint64_t mc_city_hash(const char *text, size_t n)
{
    return n <= 16   ? up_to_16(text, n)
           : n <= 32 ? up_to_32(text, n)
           : n <= 64 ? up_to_64(text, n)
                     : long_text(text, n);
}

uint64_t mc_combine_key(uint64_t key, uint64_t item)
{
    return K_ITEMS * (key + K_ITEMS * item);
}

/* --------------------------------------------------------------------------- combinations ---- */

/* A category as it is hashed again: with its sign. */
static uint64_t category(double x)
{
    const uint32_t hash = x >= 0.0 && x < 4294967296.0 ? (uint32_t)x : 0u;
    return (uint64_t)(int64_t)(int32_t)hash;
}

static uint64_t mark(const uint32_t *words, const double *x)
{
    const double value = x[words[0] & MC_MARK_COLUMN];
    float border = 0.0f;
    if (words[0] & MC_MARK_EQUAL)
        return value == (double)words[1];
    if (isnan(value))
        return (words[0] & MC_MARK_NAN) != 0;
    memcpy(&border, &words[1], sizeof border);
    return value > (double)border;
}

/* Where the key stands among `n` that ascend; n if it is none of them. */
static size_t place_of(const uint32_t *keys, size_t n, uint64_t key)
{
    size_t low = 0, high = n;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const uint64_t found = (uint64_t)keys[2 * middle] << 32 | keys[2 * middle + 1];
        if (found == key)
            return middle;
        if (found < key)
            low = middle + 1;
        else
            high = middle;
    }
    return n;
}

void mc_combine(const mc_combinations *c, const double *x, double *out)
{
    const uint32_t *at = c->program, *end = c->program + c->n_words, *keys = c->keys;
    const double *values = c->values;
    while (at < end) {
        const uint32_t n_categories = at[0], n_marks = at[1], n_keys = at[2], n_out = at[3];
        uint64_t key = 0;
        at += MC_GROUP_HEAD;
        for (uint32_t i = 0; i < n_categories; i++)
            key = mc_combine_key(key, category(x[*at++]));
        for (uint32_t i = 0; i < n_marks; i++, at += 2)
            key = mc_combine_key(key, mark(at, x));
        const size_t place = place_of(keys, n_keys, key);
        for (uint32_t i = 0; i < n_out; i++, values += (size_t)n_keys + 1)
            *out++ = values[place];
        keys += 2 * (size_t)n_keys;
    }
}
