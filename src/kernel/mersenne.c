/* mersenne.c: MT19937.
 *
 * Oracle   M. Matsumoto and T. Nishimura, doi:10.1145/272991.272995; numpy.random.RandomState: its
 *          seeding by one integer, and its shuffle (Fisher and Yates, from the end, each index
 *          drawn below a mask until it fits), numpy 1.17 to 2.
 * Exact    Bit for bit. */
#include "kernel/mersenne.h"

#define N      624u
#define MIDDLE 397u

void mc_mersenne_seed(mc_mersenne *m, uint32_t seed)
{
    for (uint32_t i = 0; i < N; i++) {
        m->state[i] = seed;
        seed = UINT32_C(1812433253) * (seed ^ (seed >> 30)) + i + 1;
    }
    m->at = N;
}

static void generate(mc_mersenne *m)
{
    for (size_t i = 0; i < N; i++) {
        const uint32_t y =
            (m->state[i] & UINT32_C(0x80000000)) | (m->state[(i + 1) % N] & UINT32_C(0x7fffffff));
        m->state[i] =
            m->state[(i + MIDDLE) % N] ^ (y >> 1) ^ ((y & 1u) != 0 ? UINT32_C(0x9908b0df) : 0u);
    }
    m->at = 0;
}

uint32_t mc_mersenne_next(mc_mersenne *m)
{
    if (m->at == N)
        generate(m);
    uint32_t y = m->state[m->at++];
    y ^= y >> 11;
    y ^= (y << 7) & UINT32_C(0x9d2c5680);
    y ^= (y << 15) & UINT32_C(0xefc60000);
    return y ^ (y >> 18);
}

static uint32_t draw_up_to(mc_mersenne *m, uint32_t largest)
{
    uint32_t mask = largest;
    for (unsigned shift = 1; shift < 32; shift *= 2)
        mask |= mask >> shift;
    uint32_t value = mc_mersenne_next(m) & mask;
    while (value > largest)
        value = mc_mersenne_next(m) & mask;
    return value;
}

void mc_mersenne_permute(mc_mersenne *m, uint32_t *out, size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] = (uint32_t)i;
    for (size_t i = n; i-- > 1;) {
        const uint32_t j = draw_up_to(m, (uint32_t)i);
        const uint32_t kept = out[i];
        out[i] = out[j];
        out[j] = kept;
    }
}
