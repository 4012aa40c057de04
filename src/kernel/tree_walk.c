/* tree_walk.c: many walks through narrow nodes at once.
 *
 * Oracle   Tree._apply_dense (sklearn/tree/_tree.pyx), scikit-learn 1.9.1.
 * Exact    Comparisons of float32 alone: the same leaf from each form.
 * Why so   Walks step together, so that their cache misses overlap: a lone row in as many trees, or
 *          many rows in one tree. No branch asks what a processor could not guess: a walk that has
 *          ended waits at its leaf. The shift by feature_bits is constant in the usual plain forms,
 *          and NaN is only looked for where a row holds one. */
#include "kernel/tree_walk.h"

#include <math.h>
#if defined(__x86_64__)
#include <immintrin.h>
#define WITH_AVX512 __attribute__((target("avx512f")))
#define WITH_AVX2   __attribute__((target("avx2")))
#endif

#define INLINE static inline __attribute__((always_inline))

/* Loops over registers: as arrays that are not unrolled they would lie in memory. */
#ifdef __clang__
#define UNROLLED(i, n) _Pragma("clang loop unroll(full)") for (size_t i = 0; (i) < (n); (i)++)
#else
#define UNROLLED(i, n) _Pragma("GCC unroll 4") for (size_t i = 0; (i) < (n); (i)++)
#endif

/* ------------------------------------------------------------------------------ plain C ---- */

#define PLAIN_LANES 16u

/* The node after `at`, or `at` itself at a leaf; *inner gathers the distances. */
INLINE uint32_t step_node(const mc_tree_node *nodes, uint32_t at, const float *row, uint32_t bits,
                          bool with_nan, uint32_t *inner)
{
    const uint32_t word = nodes[at].word;
    const uint32_t distance = word >> (bits + 1);
    const float x = row[word & ((1u << bits) - 1u)];
    uint32_t right = !(x <= nodes[at].as.threshold);
    if (with_nan)
        right &= ~(word >> bits & (uint32_t)isnan(x));
    *inner |= distance;
    return at + ((distance + right) & -(uint32_t)(distance != 0));
}

INLINE void plain_group(const mc_tree_node *nodes, const float *row, size_t stride, uint32_t bits,
                        bool with_nan, uint32_t *at)
{
    uint32_t inner = 1;
    while (inner != 0) {
        inner = 0;
        for (size_t i = 0; i < PLAIN_LANES; i++)
            at[i] = step_node(nodes, at[i], row + i * stride, bits, with_nan, &inner);
    }
}

static void plain_walk(const mc_tree_node *nodes, uint32_t bits, bool with_nan, const float *row,
                       size_t stride, size_t n, uint32_t *at)
{
    for (size_t i = n; i % PLAIN_LANES != 0;
         i++) /* a last group that is not full: its first walk */
        at[i] = at[n - 1 - (n - 1) % PLAIN_LANES];
    for (size_t first = 0; first < n; first += PLAIN_LANES) {
        const float *from = row + first * stride;
        if (bits == 8 && !with_nan)
            plain_group(nodes, from, stride, 8, false, at + first);
        else if (bits == 12 && !with_nan)
            plain_group(nodes, from, stride, 12, false, at + first);
        else
            plain_group(nodes, from, stride, bits, true, at + first);
    }
}

/* ------------------------------------------------------------------------------- AVX-512 ---- */

#if defined(__x86_64__)
#define WIDE_LANES 16u

/* What does not change while walks step. The unaligned types are for frames that AddressSanitizer
 * watches, which GCC 12 lays at 32 bytes (its bug 110027): here all stays in registers. */
typedef struct wide_walk {
    const mc_tree_node *nodes;
    const float *row;
    __m512i_u rows; /* where the row of each lane begins */
    __m512i_u features, bits, distances;
    bool with_nan;
} wide_walk;

/* As step_node(), 16 at a time. Nodes come whole, two registers of eight: half the loads. */
WITH_AVX512 INLINE __m512i wide_step(const wide_walk *walk, __m512i at, __m512i rows,
                                     __mmask16 *inner)
{
    const __m512i evens =
        _mm512_set_epi32(30, 28, 26, 24, 22, 20, 18, 16, 14, 12, 10, 8, 6, 4, 2, 0);
    const __m512i odds =
        _mm512_set_epi32(31, 29, 27, 25, 23, 21, 19, 17, 15, 13, 11, 9, 7, 5, 3, 1);
    const __m512i low = _mm512_i32gather_epi64(_mm512_castsi512_si256(at), walk->nodes, 8);
    const __m512i high = _mm512_i32gather_epi64(_mm512_extracti64x4_epi64(at, 1), walk->nodes, 8);
    const __m512 threshold = _mm512_castsi512_ps(_mm512_permutex2var_epi32(low, evens, high));
    const __m512i word = _mm512_permutex2var_epi32(low, odds, high);
    const __m512i feature = _mm512_and_si512(word, walk->features);
    const __m512 x = _mm512_i32gather_ps(_mm512_add_epi32(feature, rows), walk->row, 4);
    __mmask16 right = _mm512_cmp_ps_mask(x, threshold, _CMP_NLE_UQ);
    if (walk->with_nan) {
        const __m512i left = _mm512_and_si512(word, walk->bits);
        right &= (__mmask16) ~(_mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q) &
                               _mm512_test_epi32_mask(left, left));
    }
    const __m512i distance = _mm512_srlv_epi32(word, walk->distances);
    *inner = _mm512_test_epi32_mask(distance, distance);
    const __m512i next = _mm512_mask_add_epi32(at, *inner, at, distance);
    return _mm512_mask_add_epi32(next, (__mmask16)(right & *inner), next, _mm512_set1_epi32(1));
}

/* `n` registers of walks, until the last one has ended. */
WITH_AVX512 INLINE void wide_group(const wide_walk *walk, size_t stride, size_t n, uint32_t *at)
{
    __m512i_u now[4], rows[4];
    UNROLLED (i, n) {
        now[i] = _mm512_loadu_si512(at + i * WIDE_LANES);
        rows[i] = _mm512_add_epi32(walk->rows, _mm512_set1_epi32((int)(i * WIDE_LANES * stride)));
    }
    for (uint32_t inner = 1; inner != 0;) {
        inner = 0;
        UNROLLED (i, n) {
            __mmask16 walking;
            now[i] = wide_step(walk, now[i], rows[i], &walking);
            inner |= walking;
        }
    }
    UNROLLED (i, n)
        _mm512_storeu_si512(at + i * WIDE_LANES, now[i]);
}

WITH_AVX512 static void wide_walks(const mc_tree_node *nodes, uint32_t bits, bool with_nan,
                                   const float *row, size_t stride, size_t n, uint32_t *at)
{
    const __m512i lanes = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    const wide_walk walk = {
        .nodes = nodes,
        .row = row,
        .rows = _mm512_mullo_epi32(lanes, _mm512_set1_epi32((int)stride)),
        .features = _mm512_set1_epi32((int)((1u << bits) - 1u)),
        .bits = _mm512_set1_epi32((int)(1u << bits)),
        .distances = _mm512_set1_epi32((int)bits + 1),
        .with_nan = with_nan,
    };
    for (size_t i = n; i % WIDE_LANES != 0; i++)
        at[i] = at[n - 1 - (n - 1) % WIDE_LANES];
    switch ((n + WIDE_LANES - 1) / WIDE_LANES) {
    case 1:
        wide_group(&walk, stride, 1, at);
        break;
    case 2:
        wide_group(&walk, stride, 2, at);
        break;
    case 3:
        wide_group(&walk, stride, 3, at);
        break;
    default:
        wide_group(&walk, stride, 4, at);
        break;
    }
}
#endif

/* --------------------------------------------------------------------------------- which ---- */

static mc_tree_walk_fn *const FORMS[] = {
    plain_walk,
#if defined(__x86_64__)
    wide_walks,
#endif
};

static size_t n_forms(void)
{
#if defined(__x86_64__)
    return __builtin_cpu_supports("avx512f") ? 2 : 1;
#else
    return 1;
#endif
}

mc_tree_walk_fn *mc_tree_walk_at(size_t i)
{
    return i < n_forms() ? FORMS[i] : NULL;
}

mc_tree_walk_fn *mc_tree_walk_here(void)
{
    return FORMS[n_forms() - 1];
}
