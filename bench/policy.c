/* policy.c: hit ratios of the prediction cache's policy, beside LRU, ARC and Belady's optimum.
 *
 * The policy is the one that is served with: this links src/cache/prediction_store.c. All
 * have room for as many entries as the store held. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "cache/prediction_store.h"
#include "policy_arc.h"

#define LENGTH  100000u
#define NUMBERS 20000u
#define LIMIT   150000u

static uint32_t trace[LENGTH], next_use[LENGTH], last[NUMBERS], soonest[NUMBERS];
static bool inside[NUMBERS];

/* A trace of xorshift, the same in each run. */
static double draw(void)
{
    static uint64_t x = 88172645463325252u;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return (double)(x >> 11) * 0x1p-53;
}

/* By the inverse of the integral of 1/x: a Zipf law of exponent 1. */
static uint32_t draw_zipf(uint32_t n)
{
    return (uint32_t)(exp(draw() * log((double)n)) - 1.0) % n;
}

static void make_zipf(void)
{
    for (uint32_t i = 0; i < LENGTH; i++)
        trace[i] = draw_zipf(NUMBERS);
}

static void make_loop(void)
{
    for (uint32_t i = 0; i < LENGTH; i++)
        trace[i] = i % 1500;
}

/* Every second thousand walks through rows that do not come again soon. */
static void make_scan(void)
{
    for (uint32_t i = 0; i < LENGTH; i++)
        trace[i] = i / 1000 % 2 == 0 ? draw_zipf(5000) : 5000 + i % 15000;
}

static double run_store(uint64_t *entries)
{
    mc_prediction_store *store = NULL;
    const mc_prediction_options options = {.limit = LIMIT, .shards = 1};
    if (mc_prediction_store_create(&options, &store, NULL) != MC_OK)
        exit(1);
    for (uint32_t i = 0; i < LENGTH; i++) {
        uint8_t value[4];
        size_t found = 0;
        mc_prediction_key key = {.data = (const uint8_t *)&trace[i], .size = sizeof trace[i]};
        mc_prediction_hash(store, &key);
        if (!mc_prediction_get(store, &key, 0, value, sizeof value, &found))
            (void)mc_prediction_put(store, &key, 0, value, sizeof value);
    }
    const mc_prediction_counts counts = mc_prediction_count(store);
    mc_prediction_store_destroy(store);
    *entries = counts.entries;
    return (double)counts.hits / LENGTH;
}

static void find_next_uses(void)
{
    for (uint32_t i = 0; i < NUMBERS; i++)
        last[i] = UINT32_MAX;
    for (uint32_t i = LENGTH; i-- > 0;) {
        next_use[i] = last[trace[i]];
        last[trace[i]] = i;
    }
}

/* Drops what was used longest ago (LRU), or what is used again last (Belady). */
static double run_exact(uint64_t room, bool belady)
{
    uint64_t n = 0, hits = 0;
    for (uint32_t i = 0; i < NUMBERS; i++)
        inside[i] = false;
    for (uint32_t i = 0; i < LENGTH; i++) {
        hits += inside[trace[i]];
        if (!inside[trace[i]] && n++ >= room) {
            uint32_t victim = UINT32_MAX;
            for (uint32_t k = 0; k < NUMBERS; k++)
                if (inside[k] && (victim == UINT32_MAX || (belady ? soonest[k] > soonest[victim]
                                                                  : soonest[k] < soonest[victim])))
                    victim = k;
            inside[victim] = false;
        }
        inside[trace[i]] = true;
        soonest[trace[i]] = belady ? next_use[i] : i;
    }
    return (double)hits / LENGTH;
}

int main(void)
{
    static const struct {
        const char *name;
        void (*make)(void);
    } TRACES[] = {{"zipf", make_zipf}, {"loop", make_loop}, {"scan", make_scan}};
    (void)printf("%-6s %8s %8s %8s %8s %8s\n", "trace", "entries", "S3-FIFO", "LRU", "ARC",
                 "Belady");
    for (size_t i = 0; i < sizeof TRACES / sizeof TRACES[0]; i++) {
        uint64_t entries = 0;
        TRACES[i].make();
        find_next_uses();
        const double ours = run_store(&entries);
        (void)printf("%-6s %8llu %8.3f %8.3f %8.3f %8.3f\n", TRACES[i].name,
                     (unsigned long long)entries, ours, run_exact(entries, false),
                     (double)arc_hits(trace, LENGTH, NUMBERS, entries) / LENGTH,
                     run_exact(entries, true));
    }
    return 0;
}
