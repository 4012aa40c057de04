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

#include "base/clock.h"
#include "base/size.h"
#include "cache/cache_log.h"
#include "cache/cache_state.h"
#include "cache/prediction_answer.h"
#include "cache/prediction_key.h"
#include "cache/prediction_state.h"
#include "cache/versions.h"
#include "image/workspace.h"

#define PROBES         8u
#define CELL_COST      32u         /* bytes that a cell counts for */
#define MAX_WAIT_NS    1000000000u /* for a row that somebody else computes */
#define WORKSPACE_PART 8u          /* at most an eighth of it, for each of two regions */

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
        mc_use *u = &p->uses[(owner / 2 + i) % MC_PREDICTION_USES];
        uint64_t free_place = 0;
        if (atomic_load_explicit(&u->owner, memory_order_relaxed) == owner ||
            atomic_compare_exchange_strong(&u->owner, &free_place, owner) || free_place == owner)
            return u;
    }
    mc_use *u = &p->uses[owner / 2 % MC_PREDICTION_USES];
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
    size_t value_size; /* 0 until one is known; room for each */
    bool varies;       /* values may be smaller than that */
    size_t n_hits;
    uint64_t now_ns;
    uint64_t model_ns; /* that computing took */
    uint64_t row_ns;   /* that a row took before; 0: not known */
    const mc_prediction_key *claimed[MC_FLIGHT_ROWS];
    size_t n_claimed;
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
    _Alignas(8) uint8_t first[MC_VALUE_MAX];
    mc_prediction_store *store = b->predictions->store;
    const bool is_first = b->value_size == 0;
    size_t found = 0;
    row *r = &b->rows[i];
    uint8_t *to = is_first ? first : b->values + i * b->value_size;
    r->known = mc_prediction_get(store, &r->key, b->now_ns, to,
                                 is_first ? sizeof first : b->value_size, &found);
    if (r->known && is_first) {
        /* cppcheck-suppress uninitvar ; mc_prediction_get() wrote it */
        b->varies = mc_value_varies(first);
        if (!(b->varies && make_room(b, MC_VALUE_MAX)) && !make_room(b, found))
            return false;
        memcpy(b->values + i * b->value_size, first, found);
    }
    b->n_hits += r->known;
    return !r->known || found == b->value_size || b->varies;
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
    if (compute(b, &b->fewer, &computed, NULL) != MC_OK)
        return false;
    const uint8_t *known = NULL;
    for (size_t i = 0; known == NULL; i++)
        known = b->rows[i].known ? b->values + i * b->value_size : NULL;
    for (size_t i = 0, n = 0; i < b->input->n_rows; i++) {
        uint8_t *value = b->values + i * b->value_size;
        if (!b->rows[i].known) {
            const size_t size = mc_value_write(&computed, n++, value, b->value_size);
            if (size == 0 || (size != b->value_size && !b->varies))
                return false;
            (void)mc_prediction_put(b->predictions->store, &b->rows[i].key, b->now_ns, value, size);
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
    _Alignas(8) uint8_t value[MC_VALUE_MAX];
    if (output->n_rows != b->input->n_rows)
        return;
    for (size_t i = 0; i < output->n_rows; i++) {
        const size_t size = mc_value_write(output, i, value, sizeof value);
        if (size > 0)
            (void)mc_prediction_put(b->predictions->store, &b->rows[i].key, b->now_ns, value, size);
    }
}

static bool look_up_all(batch *b)
{
    bool of_use = true;
    b->n_hits = b->value_size = 0;
    for (size_t i = 0; of_use && i < b->input->n_rows; i++)
        of_use = look_up(b, i);
    return of_use;
}

/* The rows that are not known, if they are few enough to be claimed; else 0. */
static size_t list_unknown(batch *b)
{
    size_t n = 0;
    if (b->input->n_rows - b->n_hits > MC_FLIGHT_ROWS)
        return 0;
    for (size_t i = 0; i < b->input->n_rows; i++)
        if (!b->rows[i].known)
            b->claimed[n++] = &b->rows[i].key;
    return n;
}

/* Claims what is not known, or waits for who computes it. What came meanwhile is looked up again:
 * also behind a claim, since its rows may have been computed just before. */
static bool claim_or_wait(batch *b)
{
    if (b->row_ns > 0 && b->row_ns < MC_FLIGHT_ROW_NS)
        return true; /* computed sooner than waited for */
    const uint64_t long_ns = b->row_ns == 0 ? MAX_WAIT_NS : b->row_ns * 2 * MC_FLIGHT_ROWS;
    const uint64_t wait_ns = long_ns < MAX_WAIT_NS ? long_ns : MAX_WAIT_NS;
    mc_claim claim = MC_CLAIM_OTHER;
    for (int attempt = 0; attempt < 2 && claim == MC_CLAIM_OTHER; attempt++) {
        const size_t n = list_unknown(b);
        if (n == 0)
            return true;
        claim = mc_prediction_claim(b->predictions->flight, b->claimed, n, wait_ns);
        b->n_claimed = claim == MC_CLAIM_MINE ? n : 0;
        if (claim != MC_CLAIM_NONE && !look_up_all(b))
            return false;
    }
    return true;
}

static mc_status predict_claimed(batch *b, mc_output *out, mc_row_hits *hits, mc_error *err)
{
    const size_t n = b->input->n_rows;
    const bool has_keys = mc_key_begin(b->model, b->method, b->input, &b->prefix) && lay_out(b);
    const bool of_use = has_keys && look_up_all(b) && claim_or_wait(b);
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

static mc_status predict_kept(batch *b, mc_output *out, mc_row_hits *hits, mc_error *err)
{
    const mc_status status = predict_claimed(b, out, hits, err);
    if (b->n_claimed > 0)
        mc_prediction_release(b->predictions->flight, b->claimed, b->n_claimed);
    return status;
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
    b->row_ns = atomic_load_explicit(&u->row_ns, memory_order_relaxed);
    const mc_status status = predict_kept(b, out, hits, err);
    if (p->always && status == MC_OK && hits->misses > 0)
        atomic_store_explicit(&u->row_ns, b->model_ns / hits->misses + 1, memory_order_relaxed);
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
    mc_row_hits ignored = {0};
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
