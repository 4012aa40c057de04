/* prediction_store.h: answered rows under a byte limit.
 *
 * HOW IT WORKS  Keys and values are bytes. The store is cut into shards by the key's hash; a shard
 *          is a chained hash table and the queues of S3-FIFO (Yang et al., "FIFO queues are all you
 *          need for cache eviction", SOSP 2023): what is new waits in a small queue, a tenth of the
 *          bytes, and gets into the main one only if it was asked for again; what was dropped from
 *          the small queue is remembered by a fingerprint for as many drops as it has entries, and
 *          gets into the main one at once when it comes back. One scan of rows that never come
 *          again thus displaces a tenth of the cache at most.
 * SHARES   An owner may be given a share of the store, in percent: it has that part of each shard,
 *          and what it adds beyond displaces rows of its own, those first that came first and were
 *          not asked for since.
 * SAFETY   A hit needs the whole key to be equal: the hash, XXH3-128 under a secret of the process,
 *          only says where to look.
 * MEMORY   Entries, with 16 bytes each for the allocator, tables and fingerprints are charged;
 * their sum never exceeds the limit.
 *
 * *Guarded*: a short lock of one shard for each call. */
#ifndef MC_CACHE_PREDICTION_STORE_H
#define MC_CACHE_PREDICTION_STORE_H
#include "base/base.h"

typedef struct mc_prediction_store mc_prediction_store;

typedef struct mc_prediction_options {
    uint64_t limit;     /* bytes */
    uint32_t shards;    /* a power of two; 0: sixteen, fewer where the limit is small */
    uint64_t ttl_ns;    /* 0: for ever */
    uint32_t hash_bits; /* for tests: only so many bits of the hash are used; 0: all */
} mc_prediction_options;

typedef struct mc_prediction_counts {
    uint64_t limit, bytes, entries, hits, misses, evictions;
    uint64_t share_evictions; /* of these, by the share of their owner */
} mc_prediction_counts;

/* A key and its hash. `owner` is any number: flushing goes by it, comparing does not. */
typedef struct mc_prediction_key {
    const uint8_t *data;
    size_t size;
    uint64_t owner;
    uint64_t hash[2];
} mc_prediction_key;

MC_MUST_CHECK mc_status mc_prediction_store_create(const mc_prediction_options *options,
                                                   mc_prediction_store **out, mc_error *err);
void mc_prediction_store_destroy(mc_prediction_store *store); /* NULL is fine */

/* Fills in key->hash. */
void mc_prediction_hash(const mc_prediction_store *store, mc_prediction_key *key);

/* Copies the value that is kept for a hashed key, if it is `size` bytes or less, and says how many
 * in `found`. False where there is none. `now_ns` decides what is too old. */
bool mc_prediction_get(mc_prediction_store *store, const mc_prediction_key *key, uint64_t now_ns,
                       uint8_t *value, size_t size, size_t *found);
/* Keeps a value for a hashed key that has none. False: it is there already, is too large for the
 * store, or there is no memory. */
bool mc_prediction_put(mc_prediction_store *store, const mc_prediction_key *key, uint64_t now_ns,
                       const uint8_t *value, size_t size);
/* From now on the owner's rows have `percent` of the bytes at most; of 0, none is kept. At the
 * first time what is kept of it is forgotten. MC_E_LIMIT: too many owners have shares. 100 is
 * no share: what is kept stays, and the place is free for another owner. */
MC_MUST_CHECK mc_status mc_prediction_share(mc_prediction_store *store, uint64_t owner,
                                            uint32_t percent, mc_error *err);
/* Forgets what has that owner, or everything. O(entries). */
void mc_prediction_flush(mc_prediction_store *store, uint64_t owner, bool all);

mc_prediction_counts mc_prediction_count(mc_prediction_store *store);
#endif
