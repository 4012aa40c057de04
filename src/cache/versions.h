/* versions.h: which version answers for a model that has several.
 *
 * Each version is an entry of its own, named NAME@VERSION: it loads, hits, misses and leaves like
 * any other. The entry NAME stands for none of them and has no source: it holds what is here, and
 * whoever asks for NAME is sent on.
 *
 *   stable label, or the default   answers requests that name no version
 *   canary                         answers a share of them instead
 *   shadow                         is asked a share of them too, by who serves, and heard by nobody
 *
 * Shares are spread evenly: of n requests in a row, n * share / 10000 are taken, give or take one.
 * Reading is lock-free: entries live as long as the cache. Writing is guarded by the cache lock. */
#ifndef MC_CACHE_VERSIONS_H
#define MC_CACHE_VERSIONS_H
#include "cache/entry.h"

typedef struct mc_label_slot {
    char name[MC_LABEL_MAX];   /* immutable once it counts */
    _Atomic(mc_entry *) entry; /* NULL: the label was taken away */
} mc_label_slot;

/* A share of the requests, for somebody else. */
typedef struct mc_diversion {
    _Atomic(mc_entry *) entry; /* NULL: nobody */
    _Atomic uint32_t share;    /* of 10000 */
    _Atomic uint64_t turn;     /* requests that it was asked about */
    _Atomic uint64_t n_taken;
    char target[MC_LABEL_MAX]; /* guarded by the cache lock: a label or a version */
} mc_diversion;

typedef struct mc_versions {
    _Atomic(mc_entry *) chosen; /* answers for NAME; NULL: no version is the default */
    mc_diversion canary, shadow;
    _Atomic uint64_t n_chosen; /* requests that `chosen` answered beside one of them */
    _Atomic uint32_t n_labels; /* only grows */
    mc_label_slot labels[MC_LABELS_MAX];
    mc_entry *fallback; /* guarded by the cache lock: the default, where no label is "stable" */
} mc_versions;

/* The entry that answers for `entry`: itself, or one of its versions; NULL for no version. */
mc_entry *mc_versions_chosen(mc_entry *entry);
/* Likewise for a prediction, which may be the canary's turn. */
mc_entry *mc_versions_take_turn(mc_entry *entry);

/* Whether a label, the default, the canary or the shadow of `base` is `version`. */
bool mc_versions_use_locked(const mc_entry *base, const mc_entry *version);
#endif
