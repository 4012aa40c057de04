/* prediction.c: predicting through the prediction cache.
 *
 * HOW IT WORKS  The rows of a batch are turned into keys and looked up one by one. Those that are
 *          not known are put into a smaller batch, computed, and kept; then known and computed rows
 *          are put together. That a row's answer does not depend on its batch is a rule of the
 *          program, so both ways give the same bits. Whatever goes wrong on the way (no room in the
 *          workspace, a bad row, answers of different shape) ends in computing the whole batch, and
 *          so with the answer or the error that there would be without a cache.
 * MEASURING  Whether the cache is asked for a model at all: prediction_use.h. No lock on that way.
 */
#include "cache/prediction.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/size.h"
#include "cache/cache_log.h"
#include "cache/cache_state.h"
#include "cache/prediction_answer.h"
#include "cache/prediction_key.h"
#include "cache/prediction_store.h"
#include "cache/prediction_use.h"
#include "cache/versions.h"
#include "image/workspace.h"

#define USES           1024u /* models that are remembered; a power of two */
#define PROBES         8u
#define CELL_COST      32u /* bytes that a cell counts for */
#define WORKSPACE_PART 8u  /* at most an eighth of it, for each of two regions */

struct mc_predictions {
    mc_prediction_store *store; /* owned */
    bool always;
    uint64_t base_ns, kilobyte_ns; /* of a look-up: alone, and for each 1024 bytes of key */
    _Atomic uint64_t hits, misses; /* rows */
    mc_use uses[USES];
};

/* ------------------------------------------------------------------------------ lifetime ---- */

/* The least time of hashing and finding a key of that size. */
static uint64_t time_look_up(mc_prediction_store *store, size_t size)
{
    uint8_t bytes[1024] = {0}, value[64];
    uint64_t least = UINT64_MAX;
    for (uint32_t i = 0; i < 64; i++) {
        size_t found = 0;
        mc_prediction_key key = {.data = bytes, .size = size, .owner = 1};
        const uint64_t begin = mc_now_ns();
        mc_prediction_hash(store, &key);
        if (!mc_prediction_get(store, &key, begin, value, sizeof value, &found))
            (void)mc_prediction_put(store, &key, begin, value, sizeof value);
        const uint64_t ns = mc_now_ns() - begin;
        least = ns < least ? ns : least;
    }
    return least;
}

mc_status mc_predictions_create(const mc_cache_options *options, mc_predictions **out,
                                mc_error *err)
{
    const mc_prediction_options how = {.limit = options->prediction_cache,
                                       .ttl_ns = mc_ns_of_ms(options->prediction_ttl_ms)};
    *out = NULL;
    if (how.limit == 0)
        return MC_OK;
    mc_predictions *p = mc_alloc(1, sizeof *p);
    if (p == NULL)
        return mc_fail(err, MC_E_NO_MEMORY, MC_NO_OFFSET, "no memory for a prediction cache");
    p->always = options->prediction_always;
    const mc_status status = mc_prediction_store_create(&how, &p->store, err);
    if (status != MC_OK) {
        mc_free(p);
        return status;
    }
    p->base_ns = time_look_up(p->store, 16);
    const uint64_t long_ns = time_look_up(p->store, 1024);
    p->kilobyte_ns = long_ns > p->base_ns ? long_ns - p->base_ns : 0;
    mc_prediction_flush(p->store, 0, true);
    *out = p;
    return MC_OK;
}

void mc_predictions_destroy(mc_predictions *predictions)
{
    if (predictions != NULL)
        mc_prediction_store_destroy(predictions->store);
    mc_free(predictions);
}

void mc_predictions_add_stats(mc_predictions *predictions, mc_cache_stats *stats)
{
    if (predictions == NULL)
        return;
    const mc_prediction_counts counts = mc_prediction_count(predictions->store);
    stats->prediction_limit = counts.limit;
    stats->prediction_bytes = counts.bytes;
    stats->prediction_entries = counts.entries;
    stats->prediction_evictions = counts.evictions;
    stats->prediction_hits = atomic_load_explicit(&predictions->hits, memory_order_relaxed);
    stats->prediction_misses = atomic_load_explicit(&predictions->misses, memory_order_relaxed);
}

void mc_cache_flush(mc_cache *cache, const char *name)
{
    MC_ASSERT(cache->magic == MC_CACHE_MAGIC);
    mc_entry *entry = name == NULL ? NULL : mc_table_find(&cache->table, name, strlen(name));
    const mc_entry *chosen = entry == NULL ? NULL : mc_versions_chosen(entry);
    if (chosen != NULL)
        name = chosen->name; /* NAME@VERSION has answers, NAME has none */
    if (cache->predictions != NULL)
        mc_prediction_flush(cache->predictions->store, name == NULL ? 0 : mc_key_owner(name, ""),
                            name == NULL);
}

/* ----------------------------------------------------------------------------- measuring ---- */

/* The place of an image; one that is long used by another if all are taken. */
static mc_use *use_of(mc_predictions *p, const mc_model_info *info)
{
    const uint64_t owner = mc_key_owner(info->name, info->digest);
    for (uint32_t i = 0; i < PROBES; i++) {
        mc_use *u = &p->uses[(owner / 2 + i) % USES];
        uint64_t free_place = 0;
        if (atomic_load_explicit(&u->owner, memory_order_relaxed) == owner ||
            atomic_compare_exchange_strong(&u->owner, &free_place, owner) || free_place == owner)
            return u;
    }
    mc_use *u = &p->uses[owner / 2 % USES];
    mc_use_reset(u, owner);
    return u;
}

mc_prediction_use mc_cache_prediction_use(mc_cache *cache, const mc_model *model, char *text,
                                          size_t size)
{
    MC_ASSERT(cache->magic == MC_CACHE_MAGIC);
    if (cache->predictions == NULL) {
        (void)snprintf(text, size, "off: there is no prediction cache");
        return MC_PREDICTIONS_OFF;
    }
    if (cache->predictions->always) {
        (void)snprintf(text, size, "on: it was asked for");
        return MC_PREDICTIONS_ON;
    }
    const mc_model_info info = mc_model_describe(model);
    const mc_use *u = use_of(cache->predictions, &info);
    mc_use_explain(u, text, size);
    return mc_use_state(u);
}

static void say_use(mc_cache *cache, const mc_model_info *info, const mc_use *u)
{
    char text[160];
    mc_use_explain(u, text, sizeof text);
    const mc_event facts = {.level = MC_LOG_INFO,
                            .event = "prediction_cache",
                            .model = info->name,
                            .generation = info->generation};
    mc_cache_say(cache, &facts, "prediction cache of %s %s", info->name, text);
}

static void note_trial(mc_cache *cache, const mc_model_info *info, mc_use *u, uint64_t row_ns)
{
    const mc_predictions *p = cache->predictions;
    const uint64_t bytes =
        sizeof(double) * info->n_numbers + CELL_COST * info->n_cells + MC_KEY_PREFIX_MAX / 4;
    if (mc_use_note_trial(u, row_ns, p->base_ns + p->kilobyte_ns * bytes / 1024))
        say_use(cache, info, u);
}

/* --------------------------------------------------------------------------- one batch ---- */

/* A row of a batch: its key, and whether its answer is known. */
typedef struct row {
    mc_prediction_key key;
    bool known;
} row;

/* One call, as it goes from step to step. */
typedef struct batch {
    mc_predictions *predictions;
    const mc_model *model;
    mc_method method;
    const mc_input *input;
    mc_workspace *workspace;
    mc_key_prefix prefix;
    row *rows;         /* (n_rows), in the region KNOWN, with the keys and `fewer` */
    mc_input fewer;    /* the rows that are not known */
    uint8_t *values;   /* (n_rows, value_size), in the region MERGED */
    size_t value_size; /* 0 until one is known */
    size_t n_hits;
    uint64_t now_ns;
    uint64_t model_ns; /* that computing took */
} batch;

static size_t sparse_entries(const mc_csr_data *rows, size_t n)
{
    return rows->indptr == NULL ? 0 : (size_t)(rows->indptr[n] - rows->indptr[0]);
}

/* Memory of the workspace stays, and what the cache has the model cannot use: batches for which it
 * would be much are computed without the cache. */
static bool is_much(const batch *b, size_t size)
{
    return size > b->workspace->limit / WORKSPACE_PART;
}

/* Memory for keys, and for the batch of what is not known. */
static bool lay_out(batch *b)
{
    const size_t n = b->input->n_rows;
    const size_t sparse = sparse_entries(&b->input->as.slots.rows, n);
    const size_t numbers = n * b->prefix.n_numbers * sizeof(double);
    const size_t cells = n * b->prefix.n_cells * sizeof(mc_cell);
    size_t keys = 0;
    for (size_t i = 0; i < n; i++) {
        const size_t size = mc_key_size(&b->prefix, b->input, i);
        if (size == 0)
            return false;
        keys += size;
    }
    const size_t indptr = (n + 1) * sizeof(int64_t);
    const size_t size = n * sizeof(row) + numbers + cells + indptr +
                        sparse * (sizeof(double) + sizeof(int32_t)) + keys;
    uint8_t *at = NULL;
    if (is_much(b, size) ||
        mc_workspace_need(b->workspace, MC_REGION_KNOWN, size, &at, NULL) != MC_OK)
        return false;
    /* From the most strictly aligned to bytes: all but the last two are of eight. */
    b->rows = (row *)(void *)at;
    at += n * sizeof(row);
    b->fewer = *b->input;
    b->fewer.as.slots.numbers = (double *)(void *)at;
    at += numbers;
    b->fewer.as.slots.cells = (mc_cell *)(void *)at;
    at += cells;
    b->fewer.as.slots.rows.indptr = (int64_t *)(void *)at;
    at += indptr;
    b->fewer.as.slots.rows.data = (double *)(void *)at;
    at += sparse * sizeof(double);
    b->fewer.as.slots.rows.indices = (int32_t *)(void *)at;
    at += sparse * sizeof(int32_t);
    const mc_model_info info = mc_model_describe(b->model);
    const uint64_t owner = mc_key_owner(info.name, "");
    for (size_t i = 0; i < n; i++) {
        b->rows[i] = (row){.key = {.data = at, .owner = owner}};
        b->rows[i].key.size = mc_key_size(&b->prefix, b->input, i);
        mc_key_write(&b->prefix, b->input, i, at);
        mc_prediction_hash(b->predictions->store, &b->rows[i].key);
        at += b->rows[i].key.size;
    }
    return true;
}

/* Room for the values of all rows, and behind them for the answer that is put together. */
static bool make_room(batch *b, size_t value_size)
{
    const size_t n = b->input->n_rows;
    const size_t values = mc_round_up(n * value_size, 64);
    b->value_size = value_size;
    const size_t size = values + mc_value_merged_size(n, value_size);
    return !is_much(b, size) &&
           mc_workspace_need(b->workspace, MC_REGION_MERGED, size, &b->values, NULL) == MC_OK;
}

/* Looks a row up; the first that is known says how large and of what form answers are. */
static bool look_up(batch *b, size_t i)
{
    uint8_t first[MC_VALUE_MAX];
    mc_prediction_store *store = b->predictions->store;
    const bool is_first = b->value_size == 0;
    size_t found = 0;
    row *r = &b->rows[i];
    uint8_t *to = is_first ? first : b->values + i * b->value_size;
    r->known = mc_prediction_get(store, &r->key, b->now_ns, to,
                                 is_first ? sizeof first : b->value_size, &found);
    if (r->known && is_first) {
        if (!make_room(b, found))
            return false;
        memcpy(b->values + i * found, first, found);
    }
    b->n_hits += r->known;
    return !r->known || found == b->value_size;
}

/* Copies the rows that are not known, one behind the other. */
static void gather(batch *b)
{
    const mc_csr_data *from = &b->input->as.slots.rows;
    double *numbers = (double *)(uintptr_t)b->fewer.as.slots.numbers;
    mc_cell *cells = (mc_cell *)(uintptr_t)b->fewer.as.slots.cells;
    int64_t *indptr = (int64_t *)(uintptr_t)b->fewer.as.slots.rows.indptr;
    int32_t *indices = (int32_t *)(uintptr_t)b->fewer.as.slots.rows.indices;
    double *data = (double *)(uintptr_t)b->fewer.as.slots.rows.data;
    const size_t n_numbers = b->prefix.n_numbers, n_cells = b->prefix.n_cells;
    size_t n = 0;
    indptr[0] = 0;
    for (size_t i = 0; i < b->input->n_rows; i++) {
        if (b->rows[i].known)
            continue;
        if (n_numbers > 0)
            memcpy(numbers + n * n_numbers, b->input->as.slots.numbers + i * n_numbers,
                   n_numbers * sizeof *numbers);
        if (n_cells > 0)
            memcpy(cells + n * n_cells, b->input->as.slots.cells + i * n_cells,
                   n_cells * sizeof *cells);
        if (from->indptr != NULL) {
            const size_t begin = (size_t)from->indptr[i];
            const size_t many = (size_t)from->indptr[i + 1] - begin;
            memcpy(indices + indptr[n], from->indices + begin, many * sizeof *indices);
            memcpy(data + indptr[n], from->data + begin, many * sizeof *data);
            indptr[n + 1] = indptr[n] + (int64_t)many;
        }
        n++;
    }
    b->fewer.n_rows = n;
    if (from->indptr == NULL)
        b->fewer.as.slots.rows = *from;
}

/* Predicts, and adds to what computing took. */
static mc_status compute(batch *b, const mc_input *input, mc_output *out, mc_error *err)
{
    const uint64_t begin = mc_now_ns();
    const mc_status status = mc_model_predict(b->model, b->method, input, b->workspace, out, err);
    b->model_ns += mc_now_ns() - begin;
    return status;
}

/* Computes what is not known, keeps it, and puts all together. False: compute the whole batch. */
static bool fill(batch *b)
{
    mc_output computed;
    gather(b);
    if (compute(b, &b->fewer, &computed, NULL) != MC_OK ||
        mc_value_size(&computed) != b->value_size)
        return false;
    const uint8_t *known = NULL;
    for (size_t i = 0; known == NULL; i++)
        known = b->rows[i].known ? b->values + i * b->value_size : NULL;
    for (size_t i = 0, n = 0; i < b->input->n_rows; i++) {
        uint8_t *value = b->values + i * b->value_size;
        if (!b->rows[i].known) {
            mc_value_write(&computed, n++, value);
            (void)mc_prediction_put(b->predictions->store, &b->rows[i].key, b->now_ns, value,
                                    b->value_size);
        }
        if (!mc_value_alike(known, value))
            return false;
    }
    return true;
}

static void merge(const batch *b, mc_output *out)
{
    const size_t n = b->input->n_rows;
    mc_value_merge(b->values, n, b->value_size, b->values + mc_round_up(n * b->value_size, 64),
                   out);
}

/* Answers a batch of which rows are known; false: they are of no use after all. */
static bool answer_known(batch *b, mc_output *out)
{
    if (b->n_hits < b->input->n_rows && !fill(b))
        return false;
    for (size_t i = 1; i < b->input->n_rows; i++)
        if (!mc_value_alike(b->values, b->values + i * b->value_size))
            return false;
    merge(b, out);
    return true;
}

/* Keeps a batch that was computed as a whole. */
static void keep_all(batch *b, const mc_output *output)
{
    uint8_t value[MC_VALUE_MAX];
    const size_t size = mc_value_size(output);
    if (size == 0 || output->n_rows != b->input->n_rows)
        return;
    for (size_t i = 0; i < output->n_rows; i++) {
        mc_value_write(output, i, value);
        (void)mc_prediction_put(b->predictions->store, &b->rows[i].key, b->now_ns, value, size);
    }
}

static mc_status predict_kept(batch *b, mc_output *out, mc_row_hits *hits, mc_error *err)
{
    const size_t n = b->input->n_rows;
    const bool has_keys = mc_key_begin(b->model, b->method, b->input, &b->prefix) && lay_out(b);
    bool of_use = has_keys;
    for (size_t i = 0; of_use && i < n; i++)
        of_use = look_up(b, i);
    if (of_use && b->n_hits > 0 && answer_known(b, out)) {
        *hits = (mc_row_hits){true, b->n_hits, n - b->n_hits};
        return MC_OK;
    }
    *hits = (mc_row_hits){true, 0, n};
    MC_TRY(compute(b, b->input, out, err));
    if (of_use && b->n_hits == 0)
        keep_all(b, out);
    return MC_OK;
}

static mc_status predict_timed(mc_cache *cache, const mc_model_info *info, mc_use *u, batch *b,
                               mc_output *out, mc_error *err)
{
    MC_TRY(compute(b, b->input, out, err));
    note_trial(cache, info, u, b->model_ns / b->input->n_rows + 1);
    return MC_OK;
}

/* Asks the cache, and says what it was good for. */
static mc_status predict_asking(mc_cache *cache, const mc_model_info *info, mc_use *u, batch *b,
                                mc_output *out, mc_row_hits *hits, mc_error *err)
{
    mc_predictions *p = cache->predictions;
    b->now_ns = mc_now_ns();
    const mc_status status = predict_kept(b, out, hits, err);
    if (status != MC_OK)
        *hits = (mc_row_hits){0};
    atomic_fetch_add_explicit(&p->hits, hits->hits, memory_order_relaxed);
    atomic_fetch_add_explicit(&p->misses, hits->misses, memory_order_relaxed);
    if (!p->always &&
        mc_use_note_rows(u, b->input->n_rows, hits->hits, mc_now_ns() - b->now_ns - b->model_ns))
        say_use(cache, info, u);
    return status;
}

mc_status mc_cache_predict(mc_cache *cache, const mc_model *model, mc_method method,
                           const mc_input *input, mc_workspace *workspace, mc_output *out,
                           mc_row_hits *hits, mc_error *err)
{
    mc_row_hits ignored;
    mc_predictions *p = cache->predictions;
    hits = hits == NULL ? &ignored : hits;
    *hits = (mc_row_hits){0};
    if (p == NULL || input->layout != MC_LAYOUT_SLOTS || input->n_rows == 0 ||
        method == MC_METHOD_PREDICT_COV)
        return mc_model_predict(model, method, input, workspace, out, err);
    const mc_model_info info = mc_model_describe(model);
    batch b = {.predictions = p,
               .model = model,
               .method = method == MC_METHOD_DEFAULT ? info.default_method : method,
               .input = input,
               .workspace = workspace};
    mc_use *u = use_of(p, &info);
    const mc_prediction_use state = p->always ? MC_PREDICTIONS_ON : mc_use_state(u);
    if (state == MC_PREDICTIONS_ON)
        return predict_asking(cache, &info, u, &b, out, hits, err);
    if (state == MC_PREDICTIONS_MEASURING)
        return predict_timed(cache, &info, u, &b, out, err);
    if (state == MC_PREDICTIONS_RESTING)
        mc_use_note_rest(u, input->n_rows);
    return mc_model_predict(model, method, input, workspace, out, err);
}
