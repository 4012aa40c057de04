/* policy_arc.h: Adaptive Replacement Cache, to compare with. Source: N. Megiddo, D. Modha, "ARC: A
 * Self-Tuning, Low Overhead Replacement Cache", FAST 2003, figure 4. */
#ifndef MC_BENCH_POLICY_ARC_H
#define MC_BENCH_POLICY_ARC_H
#include <stdint.h>
#include <stdlib.h>

typedef enum arc_list { ARC_NONE, ARC_T1, ARC_T2, ARC_B1, ARC_B2, ARC_N } arc_list;

typedef struct arc {
    uint32_t n_keys;
    uint64_t room, target; /* target: of T1 */
    uint64_t size[ARC_N];
    uint32_t *next, *prev; /* (n_keys + ARC_N): the last ones are the lists' heads */
    uint8_t *where;        /* (n_keys) arc_list */
} arc;

static inline void arc_unlink(arc *a, uint32_t key)
{
    a->next[a->prev[key]] = a->next[key];
    a->prev[a->next[key]] = a->prev[key];
    a->size[a->where[key]]--;
    a->where[key] = ARC_NONE;
}

/* At the end that was used last. */
static inline void arc_push(arc *a, arc_list list, uint32_t key)
{
    const uint32_t head = a->n_keys + list;
    a->next[key] = a->next[head];
    a->prev[key] = head;
    a->prev[a->next[head]] = key;
    a->next[head] = key;
    a->where[key] = (uint8_t)list;
    a->size[list]++;
}

static inline void arc_move(arc *a, arc_list to, uint32_t key)
{
    if (a->where[key] != ARC_NONE)
        arc_unlink(a, key);
    arc_push(a, to, key);
}

static inline uint32_t arc_oldest(const arc *a, arc_list list)
{
    return a->prev[a->n_keys + list];
}

/* REPLACE of the paper: what leaves the cache is remembered in a ghost list. */
static inline void arc_replace(arc *a, arc_list found_in)
{
    const uint64_t t1 = a->size[ARC_T1];
    if (t1 > 0 &&
        (t1 > a->target || (found_in == ARC_B2 && t1 == a->target) || a->size[ARC_T2] == 0))
        arc_move(a, ARC_B1, arc_oldest(a, ARC_T1));
    else
        arc_move(a, ARC_B2, arc_oldest(a, ARC_T2));
}

static inline void arc_adapt(arc *a, arc_list found_in)
{
    const uint64_t b1 = a->size[ARC_B1], b2 = a->size[ARC_B2];
    if (found_in == ARC_B1) {
        const uint64_t step = b2 > b1 ? b2 / b1 : 1;
        a->target = a->target + step > a->room ? a->room : a->target + step;
    } else {
        const uint64_t step = b1 > b2 ? b1 / b2 : 1;
        a->target = a->target < step ? 0 : a->target - step;
    }
}

/* A key that neither the cache nor its ghosts know: makes room for it. */
static inline void arc_make_room(arc *a)
{
    const uint64_t first = a->size[ARC_T1] + a->size[ARC_B1];
    const uint64_t all = first + a->size[ARC_T2] + a->size[ARC_B2];
    if (first == a->room && a->size[ARC_T1] < a->room) {
        arc_unlink(a, arc_oldest(a, ARC_B1));
        arc_replace(a, ARC_NONE);
    } else if (first == a->room) {
        arc_unlink(a, arc_oldest(a, ARC_T1));
    } else if (all >= a->room) {
        if (all == 2 * a->room)
            arc_unlink(a, arc_oldest(a, ARC_B2));
        if (a->size[ARC_T1] + a->size[ARC_T2] >= a->room)
            arc_replace(a, ARC_NONE);
    }
}

/* Asks for `key`; true: it was there. */
static inline bool arc_ask(arc *a, uint32_t key)
{
    const arc_list found_in = (arc_list)a->where[key];
    if (found_in == ARC_T1 || found_in == ARC_T2) {
        arc_move(a, ARC_T2, key);
        return true;
    }
    if (found_in == ARC_NONE) {
        arc_make_room(a);
        arc_push(a, ARC_T1, key);
        return false;
    }
    arc_adapt(a, found_in);
    arc_replace(a, found_in);
    arc_move(a, ARC_T2, key);
    return false;
}

/* Hits of a trace of `n` keys below `n_keys`, with room for `room` of them. */
static inline uint64_t arc_hits(const uint32_t *trace, uint32_t n, uint32_t n_keys, uint64_t room)
{
    arc a = {.n_keys = n_keys, .room = room};
    uint64_t hits = 0;
    a.next = calloc(n_keys + ARC_N, sizeof *a.next);
    a.prev = calloc(n_keys + ARC_N, sizeof *a.prev);
    a.where = calloc(n_keys, 1);
    if (a.next == NULL || a.prev == NULL || a.where == NULL)
        exit(1);
    for (uint32_t list = 0; list < ARC_N; list++)
        a.next[n_keys + list] = a.prev[n_keys + list] = n_keys + list;
    for (uint32_t i = 0; i < n; i++)
        hits += arc_ask(&a, trace[i]);
    free(a.next);
    free(a.prev);
    free(a.where);
    return hits;
}
#endif
