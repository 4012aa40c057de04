/* prediction_store.c: shards of hashed entries, evicted by S3-FIFO. */
#include "cache/prediction_store.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/alloc.h"

#define SECRET_BYTES   192 /* XXH3 takes 136 or more */
#define MALLOC_BYTES   16  /* what the allocator keeps beside a block */
#define MOST_USES      3   /* S3-FIFO counts to three */
#define SMALL_PART     10  /* the small queue has one tenth of the bytes */
#define LARGEST_PART   8   /* an entry has at most an eighth of its shard */
#define BYTES_A_BUCKET 256
#define SHARD_BYTES    ((uint64_t)256 << 10) /* no shard is smaller, if there are several */
#define MOST_SHARDS    16u
#define HOLDERS        1024u /* owners that have shares at a time */

typedef struct kept {
    TAILQ_ENTRY(kept) queue;
    TAILQ_ENTRY(kept) own;   /* of its holding */
    struct holding *holding; /* borrowed; NULL: its owner has no share */
    struct kept *next;       /* of the same bucket */
    uint64_t hash[2], owner, expires_ns;
    uint32_t key_size, value_size;
    uint8_t uses;
    bool in_main;
    uint8_t bytes[]; /* key, value */
} kept;

typedef TAILQ_HEAD(kept_queue, kept) kept_queue;

/* What an owner with a share holds of one shard; guarded by its lock. */
typedef struct holding {
    kept_queue rows; /* the newest first */
    uint64_t bytes, limit;
} holding;

/* An owner with a share, as long as it has one. */
typedef struct holder {
    uint64_t owner;
    holding holdings[]; /* (n_shards) */
} holder;

/* Stands where a holder was, so that probing goes on to those behind it. No owner is 0. */
static holder gone;

/* Dropped from the small queue as the `stamp`th. */
typedef struct ghost {
    uint32_t print, stamp;
} ghost;

typedef struct shard {
    pthread_mutex_t lock;
    kept **buckets; /* (n_buckets), owned */
    ghost *ghosts;  /* (n_buckets), owned; found at hash % n_buckets, so at most one a place */
    kept_queue small, main;
    uint64_t limit, small_bytes, main_bytes; /* of entries */
    uint64_t n, hits, misses, evictions, share_evictions;
    uint32_t stamp;
} shard;

struct mc_prediction_store {
    uint32_t n_shards;
    uint64_t n_buckets; /* of each shard; a power of two */
    uint64_t limit, fixed_bytes, ttl_ns, mask;
    uint8_t secret[SECRET_BYTES];
    shard *shards;                      /* (n_shards), owned */
    pthread_mutex_t holders_lock;       /* who adds a holder has it, and takes shards' within */
    _Atomic(holder *) holders[HOLDERS]; /* owned; found by probing from the owner's number */
};

/* ------------------------------------------------------------------------------ lifetime ---- */

static bool init_shard(const mc_prediction_store *store, shard *s)
{
    TAILQ_INIT(&s->small);
    TAILQ_INIT(&s->main);
    MC_ASSERT(pthread_mutex_init(&s->lock, NULL) == 0);
    s->limit = (store->limit - store->fixed_bytes) / store->n_shards;
    s->buckets = mc_alloc(store->n_buckets, sizeof *s->buckets);
    s->ghosts = mc_alloc(store->n_buckets, sizeof *s->ghosts);
    return s->buckets != NULL && s->ghosts != NULL;
}

/* Tables as large as entries of BYTES_A_BUCKET need, and never a tenth of the limit. */
static void divide(mc_prediction_store *store, const mc_prediction_options *options)
{
    store->n_shards = options->shards != 0 ? options->shards : MOST_SHARDS;
    while (options->shards == 0 && store->n_shards > 1 &&
           options->limit / store->n_shards < SHARD_BYTES)
        store->n_shards /= 2;
    const uint64_t each = options->limit / store->n_shards;
    store->n_buckets = 1;
    while (store->n_buckets * 2 <= each / BYTES_A_BUCKET)
        store->n_buckets *= 2;
    store->fixed_bytes = sizeof *store + store->n_shards * sizeof(shard) +
                         store->n_shards * store->n_buckets * (sizeof(kept *) + sizeof(ghost));
}

mc_status mc_prediction_store_create(const mc_prediction_options *options,
                                     mc_prediction_store **out, mc_error *err)
{
    mc_prediction_store *store = mc_alloc(1, sizeof *store);
    if (store == NULL)
        return mc_fail(err, MC_E_NO_MEMORY, MC_NO_OFFSET, "no memory for a prediction cache");
    store->limit = options->limit;
    store->ttl_ns = options->ttl_ns;
    store->mask = options->hash_bits == 0 ? UINT64_MAX : ((uint64_t)1 << options->hash_bits) - 1;
    divide(store, options);
    if (store->fixed_bytes >= store->limit) {
        const uint64_t fixed = store->fixed_bytes;
        mc_free(store);
        return mc_fail(err, MC_E_BAD_REQUEST, MC_NO_OFFSET,
                       "a prediction cache of %llu bytes is too small: its tables alone take %llu",
                       (unsigned long long)options->limit, (unsigned long long)fixed);
    }
    MC_ASSERT(pthread_mutex_init(&store->holders_lock, NULL) == 0);
    store->shards = mc_alloc(store->n_shards, sizeof *store->shards);
    bool complete = store->shards != NULL && getentropy(store->secret, SECRET_BYTES) == 0;
    for (uint32_t i = 0; store->shards != NULL && i < store->n_shards; i++)
        complete = init_shard(store, &store->shards[i]) && complete;
    if (!complete) {
        mc_prediction_store_destroy(store);
        return mc_fail(err, MC_E_NO_MEMORY, MC_NO_OFFSET, "no memory for a prediction cache");
    }
    *out = store;
    return MC_OK;
}

void mc_prediction_store_destroy(mc_prediction_store *store)
{
    if (store == NULL)
        return;
    if (store->shards != NULL) {
        mc_prediction_flush(store, 0, true);
        for (uint32_t i = 0; i < store->n_shards; i++) {
            mc_free(store->shards[i].buckets);
            mc_free(store->shards[i].ghosts);
            (void)pthread_mutex_destroy(&store->shards[i].lock);
        }
    }
    for (uint32_t i = 0; i < HOLDERS; i++) {
        holder *h = atomic_load_explicit(&store->holders[i], memory_order_relaxed);
        if (h != &gone)
            mc_free(h);
    }
    (void)pthread_mutex_destroy(&store->holders_lock);
    mc_free(store->shards);
    mc_free(store);
}

/* --------------------------------------------------------------------------------- table ---- */

void mc_prediction_hash(const mc_prediction_store *store, mc_prediction_key *key)
{
    const XXH128_hash_t hash =
        XXH3_128bits_withSecret(key->data, key->size, store->secret, SECRET_BYTES);
    key->hash[0] = hash.low64 & store->mask;
    key->hash[1] = hash.high64 & store->mask;
}

static shard *lock_shard(mc_prediction_store *store, const mc_prediction_key *key)
{
    shard *s = &store->shards[key->hash[1] % store->n_shards];
    MC_ASSERT(pthread_mutex_lock(&s->lock) == 0);
    return s;
}

static void unlock_shard(shard *s)
{
    MC_ASSERT(pthread_mutex_unlock(&s->lock) == 0);
}

static bool same_key(const kept *k, const mc_prediction_key *key)
{
    return k->hash[0] == key->hash[0] && k->hash[1] == key->hash[1] && k->key_size == key->size &&
           memcmp(k->bytes, key->data, key->size) == 0;
}

/* The place that points to the entry of that key, or to the NULL at the chain's end. */
static kept **find(const mc_prediction_store *store, shard *s, const mc_prediction_key *key)
{
    kept **at = &s->buckets[key->hash[0] & (store->n_buckets - 1)];
    while (*at != NULL && !same_key(*at, key))
        at = &(*at)->next;
    return at;
}

static uint64_t bytes_of(const kept *k)
{
    return sizeof *k + k->key_size + k->value_size + MALLOC_BYTES;
}

static void enter_queue(shard *s, kept *k, bool in_main)
{
    k->in_main = in_main;
    TAILQ_INSERT_HEAD(in_main ? &s->main : &s->small, k, queue);
    *(in_main ? &s->main_bytes : &s->small_bytes) += bytes_of(k);
}

static void enter_holding(kept *k, holding *of)
{
    k->holding = of;
    if (of == NULL)
        return;
    TAILQ_INSERT_HEAD(&of->rows, k, own);
    of->bytes += bytes_of(k);
}

static void leave_holding(kept *k)
{
    if (k->holding == NULL)
        return;
    TAILQ_REMOVE(&k->holding->rows, k, own);
    k->holding->bytes -= bytes_of(k);
}

static void leave_queue(shard *s, kept *k)
{
    TAILQ_REMOVE(k->in_main ? &s->main : &s->small, k, queue);
    *(k->in_main ? &s->main_bytes : &s->small_bytes) -= bytes_of(k);
}

static void drop(const mc_prediction_store *store, shard *s, kept *k)
{
    kept **at = &s->buckets[k->hash[0] & (store->n_buckets - 1)];
    while (*at != k)
        at = &(*at)->next;
    *at = k->next;
    leave_queue(s, k);
    leave_holding(k);
    s->n--;
    mc_free(k);
}

/* -------------------------------------------------------------------------------- policy ---- */

/* Its print is of the half of the hash that does not choose its place. */
static void remember(const mc_prediction_store *store, shard *s, const kept *k)
{
    s->ghosts[k->hash[0] & (store->n_buckets - 1)] =
        (ghost){(uint32_t)(k->hash[1] >> 32) | 1u, s->stamp++};
}

/* Dropped from the small queue not longer ago than as many drops as there are entries? */
static bool was_dropped(const mc_prediction_store *store, shard *s, const mc_prediction_key *key)
{
    const ghost *g = &s->ghosts[key->hash[0] & (store->n_buckets - 1)];
    return g->print == ((uint32_t)(key->hash[1] >> 32) | 1u) &&
           (uint64_t)(uint32_t)(s->stamp - g->stamp) <= s->n;
}

/* Drops one entry, or lets one that was asked for go on: in the main queue, with a use less. */
static void evict_step(const mc_prediction_store *store, shard *s)
{
    const bool from_small = s->small_bytes > s->limit / SMALL_PART || TAILQ_EMPTY(&s->main);
    kept *k = TAILQ_LAST(from_small ? &s->small : &s->main, kept_queue);
    if (from_small ? k->uses > 1 : k->uses > 0) {
        leave_queue(s, k);
        k->uses = (uint8_t)(from_small ? 0 : k->uses - 1);
        enter_queue(s, k, true);
        return;
    }
    if (from_small)
        remember(store, s, k);
    s->evictions++;
    drop(store, s, k);
}

/* -------------------------------------------------------------------------------- shares ---- */

/* The holder of an owner; NULL without. `*place` is where it stands, or could; HOLDERS: nowhere.
 * What is found stays while the caller holds a shard's lock, or the holders': see drop_holder(). */
static holder *find_holder(mc_prediction_store *store, uint64_t owner, uint32_t *place)
{
    *place = HOLDERS;
    for (uint32_t i = 0; i < HOLDERS; i++) {
        const uint32_t at = (uint32_t)((owner / 2 + i) % HOLDERS);
        /* Acquire: pairs with the release in add_holder(). */
        holder *h = atomic_load_explicit(&store->holders[at], memory_order_acquire);
        const bool is_here = h != NULL && h != &gone && h->owner == owner;
        if (is_here || ((h == NULL || h == &gone) && *place == HOLDERS))
            *place = at;
        if (is_here || h == NULL)
            return h;
    }
    return NULL;
}

/* Makes room for `size` bytes in a holding, of its own rows: of those that were not asked for since
 * it came to them last. False: they have no room there at all. */
static bool make_own_room(const mc_prediction_store *store, shard *s, holding *of, uint64_t size)
{
    if (size > of->limit)
        return false;
    while (of->bytes + size > of->limit) {
        kept *k = TAILQ_LAST(&of->rows, kept_queue);
        if (k->uses > 0) {
            k->uses--;
            TAILQ_REMOVE(&of->rows, k, own);
            TAILQ_INSERT_HEAD(&of->rows, k, own);
            continue;
        }
        s->evictions++;
        s->share_evictions++;
        drop(store, s, k);
    }
    return true;
}

static mc_status add_holder(mc_prediction_store *store, uint64_t owner, uint32_t place,
                            mc_error *err)
{
    holder *h =
        place == HOLDERS ? NULL : mc_alloc(1, sizeof *h + store->n_shards * sizeof h->holdings[0]);
    if (h == NULL)
        return mc_fail(err, place == HOLDERS ? MC_E_LIMIT : MC_E_NO_MEMORY, MC_NO_OFFSET,
                       "no room for one more model with a share of the prediction cache");
    h->owner = owner;
    for (uint32_t i = 0; i < store->n_shards; i++)
        TAILQ_INIT(&h->holdings[i].rows);
    /* Release: pairs with the acquire in find_holder(). */
    atomic_store_explicit(&store->holders[place], h, memory_order_release);
    mc_prediction_flush(store, owner, false); /* what came before is in no holding */
    return MC_OK;
}

/* Its rows stay, and count for nobody. The place is free; marks behind which nobody stands go. */
static void drop_holder(mc_prediction_store *store, holder *h, uint32_t place)
{
    atomic_store_explicit(&store->holders[place], &gone, memory_order_relaxed);
    for (uint32_t i = 0; i < store->n_shards; i++) {
        shard *s = &store->shards[i];
        MC_ASSERT(pthread_mutex_lock(&s->lock) == 0); /* after it nobody of this shard sees `h` */
        for (kept *k = TAILQ_FIRST(&h->holdings[i].rows); k != NULL; k = TAILQ_NEXT(k, own))
            k->holding = NULL;
        unlock_shard(s);
    }
    mc_free(h);
    if (atomic_load_explicit(&store->holders[(place + 1) % HOLDERS], memory_order_relaxed) != NULL)
        return;
    for (; atomic_load_explicit(&store->holders[place], memory_order_relaxed) == &gone;
         place = (place + HOLDERS - 1) % HOLDERS)
        atomic_store_explicit(&store->holders[place], NULL, memory_order_relaxed);
}

static mc_status share_locked(mc_prediction_store *store, uint64_t owner, uint32_t percent,
                              mc_error *err)
{
    uint32_t place = 0;
    holder *h = find_holder(store, owner, &place);
    if (percent >= 100) {
        if (h != NULL)
            drop_holder(store, h, place);
        return MC_OK;
    }
    if (h == NULL)
        MC_TRY(add_holder(store, owner, place, err));
    h = atomic_load_explicit(&store->holders[place], memory_order_relaxed);
    for (uint32_t i = 0; i < store->n_shards; i++) {
        shard *s = &store->shards[i];
        MC_ASSERT(pthread_mutex_lock(&s->lock) == 0);
        h->holdings[i].limit = s->limit / 100 * percent;
        (void)make_own_room(store, s, &h->holdings[i], 0);
        unlock_shard(s);
    }
    return MC_OK;
}

mc_status mc_prediction_share(mc_prediction_store *store, uint64_t owner, uint32_t percent,
                              mc_error *err)
{
    MC_ASSERT(pthread_mutex_lock(&store->holders_lock) == 0);
    const mc_status status = share_locked(store, owner, percent, err);
    MC_ASSERT(pthread_mutex_unlock(&store->holders_lock) == 0);
    return status;
}

/* ------------------------------------------------------------------------------- answers ---- */

bool mc_prediction_get(mc_prediction_store *store, const mc_prediction_key *key, uint64_t now_ns,
                       uint8_t *value, size_t size, size_t *found)
{
    shard *s = lock_shard(store, key);
    kept *k = *find(store, s, key);
    if (k != NULL && store->ttl_ns != 0 && now_ns >= k->expires_ns) {
        drop(store, s, k);
        k = NULL;
    }
    const bool hit = k != NULL && k->value_size <= size;
    if (hit) {
        if (k->uses < MOST_USES)
            k->uses++;
        memcpy(value, k->bytes + k->key_size, k->value_size);
        *found = k->value_size;
    }
    *(hit ? &s->hits : &s->misses) += 1;
    unlock_shard(s);
    return hit;
}

static kept *make(const mc_prediction_key *key, const uint8_t *value, size_t size)
{
    kept *k = mc_alloc(1, sizeof *k + key->size + size);
    if (k == NULL)
        return NULL;
    memcpy(k->hash, key->hash, sizeof k->hash);
    k->owner = key->owner;
    k->key_size = (uint32_t)key->size;
    k->value_size = (uint32_t)size;
    memcpy(k->bytes, key->data, key->size);
    memcpy(k->bytes + key->size, value, size);
    return k;
}

bool mc_prediction_put(mc_prediction_store *store, const mc_prediction_key *key, uint64_t now_ns,
                       const uint8_t *value, size_t size)
{
    const uint64_t most = store->shards[0].limit / LARGEST_PART;
    if (key->size > UINT32_MAX / 4 || size > UINT32_MAX / 4 ||
        sizeof(kept) + key->size + size + MALLOC_BYTES > most)
        return false;
    kept *k = make(key, value, size); /* before the lock: memory may take its time */
    if (k == NULL)
        return false;
    if (store->ttl_ns != 0)
        k->expires_ns = now_ns > UINT64_MAX - store->ttl_ns ? UINT64_MAX : now_ns + store->ttl_ns;
    shard *s = lock_shard(store, key);
    uint32_t place = 0;
    holder *h = find_holder(store, key->owner, &place); /* behind the lock: see add_holder() */
    holding *own = h == NULL ? NULL : &h->holdings[s - store->shards];
    /* One that is kept already displaces nothing. */
    const bool is_new =
        *find(store, s, key) == NULL && (own == NULL || make_own_room(store, s, own, bytes_of(k)));
    if (is_new) {
        while (s->small_bytes + s->main_bytes + bytes_of(k) > s->limit)
            evict_step(store, s);
        *find(store, s, key) = k; /* the chain's end may have been dropped */
        s->n++;
        enter_queue(s, k, was_dropped(store, s, key));
        enter_holding(k, own);
    }
    unlock_shard(s);
    if (!is_new)
        mc_free(k);
    return is_new;
}

static void flush_queue(mc_prediction_store *store, shard *s, kept_queue *queue, uint64_t owner,
                        bool all)
{
    kept *next = NULL;
    for (kept *k = TAILQ_FIRST(queue); k != NULL; k = next) {
        next = TAILQ_NEXT(k, queue);
        if (all || k->owner == owner)
            drop(store, s, k);
    }
}

void mc_prediction_flush(mc_prediction_store *store, uint64_t owner, bool all)
{
    for (uint32_t i = 0; i < store->n_shards; i++) {
        shard *s = &store->shards[i];
        MC_ASSERT(pthread_mutex_lock(&s->lock) == 0);
        flush_queue(store, s, &s->small, owner, all);
        flush_queue(store, s, &s->main, owner, all);
        unlock_shard(s);
    }
}

mc_prediction_counts mc_prediction_count(mc_prediction_store *store)
{
    mc_prediction_counts counts = {.limit = store->limit, .bytes = store->fixed_bytes};
    for (uint32_t i = 0; i < store->n_shards; i++) {
        shard *s = &store->shards[i];
        MC_ASSERT(pthread_mutex_lock(&s->lock) == 0);
        counts.bytes += s->small_bytes + s->main_bytes;
        counts.entries += s->n;
        counts.hits += s->hits;
        counts.misses += s->misses;
        counts.evictions += s->evictions;
        counts.share_evictions += s->share_evictions;
        unlock_shard(s);
    }
    return counts;
}
