/* prediction_use.c: counting what the prediction cache saves and costs; see prediction_use.h. */
#include "cache/prediction_use.h"

#include <stdio.h>

/* A row must cost so many look-ups: what they are timed at leaves out keys, copies and cold memory,
 * and a miss pays for being kept too. */
#define WORTH 4u
/* And no less than this: a request's own costs count for a row that comes alone, and those of its
 * look-up do not. Known single rows of 1 us were answered 2 us later than computed ones. */
#define LEAST_ROW_NS 2000u

static uint64_t get(const _Atomic uint64_t *number)
{
    return atomic_load_explicit(number, memory_order_relaxed);
}

static void set(_Atomic uint64_t *number, uint64_t value)
{
    atomic_store_explicit(number, value, memory_order_relaxed);
}

static uint64_t add(_Atomic uint64_t *number, uint64_t more)
{
    return atomic_fetch_add_explicit(number, more, memory_order_relaxed) + more;
}

static void begin_window(mc_use *use)
{
    set(&use->rows, 0);
    set(&use->saved_ns, 0);
    set(&use->spent_ns, 0);
}

void mc_use_reset(mc_use *use, uint64_t owner)
{
    begin_window(use);
    set(&use->row_ns, 0);
    set(&use->rest, 0);
    atomic_store_explicit(&use->trials, 0, memory_order_relaxed);
    set(&use->owner, owner);
}

mc_prediction_use mc_use_state(const mc_use *use)
{
    if (atomic_load_explicit(&use->trials, memory_order_relaxed) < MC_USE_TRIALS)
        return MC_PREDICTIONS_MEASURING;
    const uint64_t row_ns = get(&use->row_ns);
    if (row_ns < LEAST_ROW_NS || row_ns < WORTH * get(&use->look_up_ns))
        return MC_PREDICTIONS_TOO_CHEAP;
    return get(&use->rest) > 0 ? MC_PREDICTIONS_RESTING : MC_PREDICTIONS_ON;
}

void mc_use_explain(const mc_use *use, char *text, size_t size)
{
    const mc_prediction_use state = mc_use_state(use);
    if (state == MC_PREDICTIONS_MEASURING)
        (void)snprintf(text, size, "measuring: the first %u requests are timed", MC_USE_TRIALS);
    else if (state == MC_PREDICTIONS_RESTING) {
        (void)snprintf(text, size,
                       "off: known rows saved %.0f us of %.0f us that the cache took; tried again "
                       "in %llu rows",
                       (double)get(&use->last_saved_ns) / 1e3,
                       (double)get(&use->last_spent_ns) / 1e3, (unsigned long long)get(&use->rest));
    } else {
        (void)snprintf(text, size, "%s: a row takes %.2f us to compute, %.2f us to look up",
                       state == MC_PREDICTIONS_ON ? "on" : "off", (double)get(&use->row_ns) / 1e3,
                       (double)get(&use->look_up_ns) / 1e3);
    }
}

bool mc_use_note_trial(mc_use *use, uint64_t row_ns, uint64_t look_up_ns)
{
    const uint64_t least = get(&use->row_ns);
    if (least == 0 || row_ns < least)
        set(&use->row_ns, row_ns);
    set(&use->look_up_ns, look_up_ns);
    return atomic_fetch_add_explicit(&use->trials, 1, memory_order_relaxed) + 1 == MC_USE_TRIALS;
}

bool mc_use_note_rows(mc_use *use, uint64_t n_rows, uint64_t n_known, uint64_t spent_ns)
{
    const uint64_t saved = add(&use->saved_ns, n_known * get(&use->row_ns));
    const uint64_t spent = add(&use->spent_ns, spent_ns);
    if (add(&use->rows, n_rows) < MC_USE_WINDOW)
        return false;
    set(&use->last_saved_ns, saved);
    set(&use->last_spent_ns, spent);
    begin_window(use);
    if (saved >= spent)
        return false;
    set(&use->rest, MC_USE_REST);
    return true;
}

void mc_use_note_rest(mc_use *use, uint64_t n_rows)
{
    /* A race that misses a count, or ends the rest twice, is of no matter. */
    const uint64_t rest = get(&use->rest);
    set(&use->rest, rest > n_rows ? rest - n_rows : 0);
}
