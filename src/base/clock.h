/* clock.h: the monotonic clock. */
#ifndef MC_CLOCK_H
#define MC_CLOCK_H
#include <stdint.h>
#include <time.h>

static inline uint64_t mc_now_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* The same clock as of its last tick, some milliseconds ago: costs a third. */
static inline uint64_t mc_now_coarse_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Times that do not fit last for ever. */
static inline uint64_t mc_ns_of_ms(uint64_t ms)
{
    return ms < UINT64_MAX / 1000000u ? ms * 1000000u : UINT64_MAX;
}
#endif
