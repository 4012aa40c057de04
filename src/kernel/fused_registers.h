/* fused_registers.h: sums of registers. Private to fused*.c. */
#ifndef MC_KERNEL_FUSED_REGISTERS_H
#define MC_KERNEL_FUSED_REGISTERS_H
#include "kernel/fused.h"

/* Loops over registers: as arrays that are not unrolled they would lie in memory. */
#ifdef __clang__
#define UNROLLED(i, n) _Pragma("clang loop unroll(full)") for (size_t i = 0; (i) < (n); (i)++)
#else
#define UNROLLED(i, n) _Pragma("GCC unroll 4") for (size_t i = 0; (i) < (n); (i)++)
#endif

#if defined(__x86_64__)
#include <immintrin.h>
#define WITH_FMA    __attribute__((target("avx2,fma")))
#define WITH_AVX512 __attribute__((target("avx2,fma,f16c,avx512f,avx512dq,avx512vl,avx512bw")))
#define INLINE      inline __attribute__((always_inline))

/* Arrays of registers of 512 bits are __m512d_u, which may lie anywhere: GCC 12 lays the frames
 * that AddressSanitizer watches at 32 bytes (its bug 110027). It costs nothing: they stay in
 * registers. */

/* The four sums of eight lanes each, whose halves were added. */
WITH_FMA static INLINE __m256d mc_sums_of_fours(const __m256d *four)
{
    const __m256d two =
        _mm256_add_pd(_mm256_permute2f128_pd(four[0], four[1], 0x20),
                      _mm256_permute2f128_pd(four[0], four[1], 0x31)); /* 0 + 2, 1 + 3; twice */
    const __m256d more = _mm256_add_pd(_mm256_permute2f128_pd(four[2], four[3], 0x20),
                                       _mm256_permute2f128_pd(four[2], four[3], 0x31));
    return _mm256_permute4x64_pd(_mm256_hadd_pd(two, more), 0xd8);
}

WITH_AVX512 static INLINE __m256d mc_sums_of_eights(const __m512d_u *eight)
{
    __m256d four[MC_FUSED_SIDE];
    UNROLLED (c, MC_FUSED_SIDE)
        four[c] =
            _mm256_add_pd(_mm512_castpd512_pd256(eight[c]), _mm512_extractf64x4_pd(eight[c], 1));
    return mc_sums_of_fours(four);
}
#endif
#endif
