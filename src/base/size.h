/* size.h: arithmetic on sizes that come from input. Checked, or it does not compile away. */
#ifndef MC_SIZE_H
#define MC_SIZE_H
#include "base/base.h"

/* Each returns false on overflow and leaves *out alone. */
MC_MUST_CHECK static inline bool mc_add_size(size_t a, size_t b, size_t *out)
{
    size_t sum;
    if (__builtin_add_overflow(a, b, &sum))
        return false;
    *out = sum;
    return true;
}

MC_MUST_CHECK static inline bool mc_mul_size(size_t a, size_t b, size_t *out)
{
    size_t product;
    if (__builtin_mul_overflow(a, b, &product))
        return false;
    *out = product;
    return true;
}

/* Narrowing with a check: a count that does not fit is our bug or was not limited in time. */
static inline uint32_t mc_u32_from_size(size_t value)
{
    MC_ASSERT(value <= UINT32_MAX);
    return (uint32_t)value;
}

/* Rounds up to a power of two `to`; `size` must be below SIZE_MAX - to. */
static inline size_t mc_round_up(size_t size, size_t to)
{
    MC_DEBUG_ASSERT((to & (to - 1)) == 0);
    return (size + to - 1) & ~(to - 1);
}
#endif
