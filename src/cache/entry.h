/* entry.h: one name of the cache: what is published under it, how it is used, how its last load
 * ended.
 *
 * An entry lives until the cache is destroyed (look-ups hold plain pointers to it), or longer as
 * long as a model of it is held: it is counted. Each field says who may touch it:
 *   hot        atomics, by any thread; `published` is written under the cache lock only
 *   immutable  from creation
 *   guarded    by the cache lock (mc_cache.lock)
 */
#ifndef MC_CACHE_ENTRY_H
#define MC_CACHE_ENTRY_H
#include <stdatomic.h>

#include "base/base.h"
#include "cache/hazard.h"
#include "image/model.h"

typedef struct mc_load mc_load;
typedef struct mc_versions mc_versions;

#define MC_NOT_RESIDENT SIZE_MAX

typedef struct mc_entry {
    /* hot: read by every request ... */
    mc_published_model published; /* one reference, the cache's; NULL: nothing is resident */
    char published_line[64 - sizeof(mc_published_model)];
    /* ... and written by every request, so a cache line away */
    _Atomic uint64_t hits;
    _Atomic uint64_t used_at; /* the eviction clock at the last hit: see evict.h */
    _Atomic uint64_t used_ns; /* when that was, to some milliseconds */
    char used_line[64 - 3 * sizeof(uint64_t)];
    _Atomic uint64_t misses;
    _Atomic uint64_t resident; /* bytes of its models that are mapped: published and draining */
    _Atomic uint64_t references;

    /* owned; NULL: this entry answers for itself. Written once, under the cache lock: versions.h */
    _Atomic(mc_versions *) versions;

    /* immutable */
    uint64_t hash;
    size_t name_size;
    char name[MC_NAME_MAX];

    /* guarded by the cache lock */
    char version[MC_NAME_MAX];
    char *source;        /* owned */
    bool removed;        /* the name is unknown; the entry waits to be added again */
    bool pinned;         /* neither evicted nor unloaded; settings.pin, until somebody pins */
    uint64_t epoch;      /* counts removals: a load that began before one publishes nothing */
    uint64_t generation; /* of the last model that was published */
    size_t resident_at;  /* index into mc_cache.resident, or MC_NOT_RESIDENT */
    uint64_t bytes;      /* that the published model is charged */
    uint64_t load_ns;    /* of the last load that succeeded */
    uint64_t loads_ns;   /* of all that succeeded */
    uint64_t published_ns;
    uint64_t drops[MC_N_DROPS];
    uint64_t evicted_ns;   /* when it was evicted last, if nothing was published since; else 0 */
    bool kept;             /* by min_resident: see keep.h */
    uint64_t kept_value;   /* scratch of keep.c */
    uint32_t set_min;      /* the largest min_resident of its resident_set */
    uint64_t source_stamp; /* of its source, as it began */
    uint64_t hits_before;  /* hits when the published model came */
    uint64_t loads, load_failures;
    uint32_t n_waiters;   /* of `load` and `next_load` */
    mc_load *load;        /* queued or running, or NULL; at most one runs */
    mc_load *next_load;   /* begins when `load` has ended: a refresh that came meanwhile */
    mc_status failure;    /* how the last load ended; MC_OK: well, or none ended yet */
    uint64_t failed_ns;   /* when */
    mc_error *last_error; /* owned; NULL when there is no failure, or no memory for its text */
    mc_model_settings settings; /* mc_cache_configure() */
} mc_entry;

/* One reference. `name` is checked: mc_entry_check_name(). */
MC_MUST_CHECK mc_status mc_entry_create(const char *name, mc_entry **out, mc_error *err);
void mc_entry_retain(mc_entry *entry);
void mc_entry_release(mc_entry *entry);

/* What an entry may be called: NAME or NAME@VERSION. */
MC_MUST_CHECK mc_status mc_entry_check_key(const char *key, mc_error *err);
/* MC_E_BAD_REQUEST unless it is 1 to MC_NAME_MAX - 1 of the bytes [A-Za-z0-9._-]. */
MC_MUST_CHECK mc_status mc_entry_check_name(const char *what, const char *name, mc_error *err);
uint64_t mc_entry_hash(const char *name, size_t size);

/* What the next load reads; copied. `version` NULL: as it was. Nothing changes unless MC_OK. */
MC_MUST_CHECK mc_status mc_entry_set_source_locked(mc_entry *entry, const char *version,
                                                   const char *source, mc_error *err);

/* Replaces the published model: the one store that makes a hot swap. @return the old one, or NULL;
 * its reference may be released once mc_hazards_protect() denies it. */
MC_MUST_CHECK mc_model *mc_entry_publish_locked(mc_entry *entry, mc_model *model);
/* What is published, for holders of the cache lock: stays while they hold it. */
mc_model *mc_entry_model_locked(const mc_entry *entry);

/* Remembers how a load ended: a failure and why, or (error NULL) that all is well. */
void mc_entry_remember_locked(mc_entry *entry, const mc_error *error);

void mc_entry_add_resident(mc_entry *entry, uint64_t bytes);
void mc_entry_sub_resident(mc_entry *entry, uint64_t bytes);

mc_model_state mc_entry_state_locked(const mc_entry *entry);
void mc_entry_describe_locked(const mc_entry *entry, mc_entry_info *out);
#endif
