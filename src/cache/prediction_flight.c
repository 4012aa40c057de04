/* prediction_flight.c: a small table of hashes under a lock. */
#include "cache/prediction_flight.h"

#include <pthread.h>
#include <time.h>

#include "base/alloc.h"

#define PLACES 512u /* rows that are computed at a time */

/* Two rows of one hash are taken for the same here: one of them waits in vain, and is then
 * computed.
 */
typedef struct place {
    uint64_t hash[2];
    uint32_t n; /* claims of the one batch that holds it; 0: free */
} place;

struct mc_prediction_flight {
    pthread_mutex_t lock;
    pthread_cond_t released;
    /* guarded by the lock */
    place places[PLACES];
    uint64_t waits;
};

mc_status mc_prediction_flight_create(mc_prediction_flight **out, mc_error *err)
{
    pthread_condattr_t monotonic;
    mc_prediction_flight *flight = mc_alloc(1, sizeof *flight);
    if (flight == NULL)
        return mc_fail(err, MC_E_NO_MEMORY, MC_NO_OFFSET, "no memory for a prediction cache");
    MC_ASSERT(pthread_mutex_init(&flight->lock, NULL) == 0);
    MC_ASSERT(pthread_condattr_init(&monotonic) == 0);
    MC_ASSERT(pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC) == 0);
    MC_ASSERT(pthread_cond_init(&flight->released, &monotonic) == 0);
    (void)pthread_condattr_destroy(&monotonic);
    *out = flight;
    return MC_OK;
}

void mc_prediction_flight_destroy(mc_prediction_flight *flight)
{
    if (flight == NULL)
        return;
    (void)pthread_cond_destroy(&flight->released);
    (void)pthread_mutex_destroy(&flight->lock);
    mc_free(flight);
}

/* The place of a key, or a free one, or NULL: all of those it may have are taken. */
static place *find_locked(mc_prediction_flight *flight, const mc_prediction_key *key)
{
    place *free_place = NULL;
    for (uint32_t i = 0; i < 8; i++) {
        place *at = &flight->places[(key->hash[0] + i) % PLACES];
        if (at->n > 0 && at->hash[0] == key->hash[0] && at->hash[1] == key->hash[1])
            return at;
        if (at->n == 0 && free_place == NULL)
            free_place = at;
    }
    return free_place;
}

static void release_locked(mc_prediction_flight *flight, const mc_prediction_key *const *keys,
                           size_t n)
{
    for (size_t i = 0; i < n; i++) {
        place *at = find_locked(flight, keys[i]);
        MC_ASSERT(at != NULL && at->n > 0);
        at->n--;
    }
}

static bool is_claimed_locked(mc_prediction_flight *flight, const mc_prediction_key *const *keys,
                              size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const place *at = find_locked(flight, keys[i]);
        if (at != NULL && at->n > 0)
            return true;
    }
    return false;
}

static mc_claim claim_locked(mc_prediction_flight *flight, const mc_prediction_key *const *keys,
                             size_t n)
{
    for (size_t i = 0; i < n; i++) {
        place *at = find_locked(flight, keys[i]);
        if (at == NULL) {
            release_locked(flight, keys, i);
            return MC_CLAIM_NONE;
        }
        at->hash[0] = keys[i]->hash[0];
        at->hash[1] = keys[i]->hash[1];
        at->n++; /* twice in a batch: counted twice */
    }
    return MC_CLAIM_MINE;
}

static void wait_locked(mc_prediction_flight *flight, const mc_prediction_key *const *keys,
                        size_t n, uint64_t wait_ns)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    const uint64_t ns = (uint64_t)until.tv_nsec + wait_ns;
    until.tv_sec += (time_t)(ns / 1000000000u);
    until.tv_nsec = (long)(ns % 1000000000u);
    flight->waits++;
    while (is_claimed_locked(flight, keys, n) &&
           pthread_cond_timedwait(&flight->released, &flight->lock, &until) == 0)
        ;
}

mc_claim mc_prediction_claim(mc_prediction_flight *flight, const mc_prediction_key *const *keys,
                             size_t n, uint64_t wait_ns)
{
    MC_ASSERT(n <= MC_FLIGHT_ROWS && pthread_mutex_lock(&flight->lock) == 0);
    mc_claim claim = MC_CLAIM_OTHER;
    if (is_claimed_locked(flight, keys, n))
        wait_locked(flight, keys, n, wait_ns);
    else
        claim = claim_locked(flight, keys, n);
    MC_ASSERT(pthread_mutex_unlock(&flight->lock) == 0);
    return claim;
}

void mc_prediction_release(mc_prediction_flight *flight, const mc_prediction_key *const *keys,
                           size_t n)
{
    MC_ASSERT(pthread_mutex_lock(&flight->lock) == 0);
    release_locked(flight, keys, n);
    MC_ASSERT(pthread_cond_broadcast(&flight->released) == 0);
    MC_ASSERT(pthread_mutex_unlock(&flight->lock) == 0);
}

uint64_t mc_prediction_waits(mc_prediction_flight *flight)
{
    MC_ASSERT(pthread_mutex_lock(&flight->lock) == 0);
    const uint64_t waits = flight->waits;
    MC_ASSERT(pthread_mutex_unlock(&flight->lock) == 0);
    return waits;
}
