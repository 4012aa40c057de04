/* shadow.c: requests that another version is asked too. */
#include "serve/shadow.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/queue.h>

#include "base/alloc.h"
#include "base/clock.h"

#define WORKSPACE_BYTES ((size_t)256 << 20)
#define METER_BYTES     ((size_t)64 << 20)
#define RETRY_NS        ((uint64_t)10 * 1000000000u) /* between loads of a shadow that fail */

typedef struct job {
    TAILQ_ENTRY(job) link;
    mc_model *model; /* a reference: who answered */
    char name[MC_NAME_MAX], key[MC_NAME_MAX];
    mc_body_kind kind;
    size_t size;
    uint8_t body[]; /* (size) */
} job;

/* What one of the two answers with. */
typedef struct side {
    mc_decode *decode;
    mc_workspace *workspace;
} side;

struct mc_shadow {
    mc_cache *cache;
    const mc_log *log;
    mc_meter meter;
    side sides[2]; /* of the thread alone */
    uint64_t retry_ns;
    pthread_t thread;
    bool runs;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    /* guarded by the lock */
    TAILQ_HEAD(job_list, job) jobs;
    size_t n_jobs;
    bool stopping;
    mc_shadow_counts counts[MC_SHADOW_MODELS], others;
    size_t n_counts;
};

static void free_job(job *j)
{
    mc_model_release(j->model);
    mc_free(j);
}

/* The counts of a model; where there are too many, those of all others. */
static mc_shadow_counts *counts_locked(mc_shadow *s, const char *name)
{
    for (size_t i = 0; i < s->n_counts; i++)
        if (strcmp(s->counts[i].model, name) == 0)
            return &s->counts[i];
    if (s->n_counts == MC_SHADOW_MODELS)
        return &s->others;
    mc_shadow_counts *made = &s->counts[s->n_counts++];
    (void)snprintf(made->model, sizeof made->model, "%s", name);
    return made;
}

/* ----------------------------------------------------------------------------- comparing ---- */

static bool same_cell(const mc_cell *a, const mc_cell *b)
{
    if (a->kind != b->kind)
        return false;
    if (a->kind == MC_CELL_STRING)
        return a->size == b->size && memcmp(a->as.text, b->as.text, a->size) == 0;
    return a->kind == MC_CELL_NUMBER ? a->as.number == b->as.number
                                     : a->as.integer == b->as.integer;
}

static const mc_cell *cell_of(const mc_model *model, const mc_part *part, size_t at)
{
    size_t n = 0;
    if (part->type == MC_VALUE_CELL)
        return (const mc_cell *)part->data + at;
    const mc_cell *classes = mc_model_classes(model, part->classes, &n);
    const size_t label = (size_t)((const int32_t *)part->data)[at];
    MC_ASSERT(label < n);
    return &classes[label];
}

static bool is_label(const mc_part *part)
{
    return part->type == MC_VALUE_LABEL || part->type == MC_VALUE_CELL;
}

/* What is compared, and what came of it. */
typedef struct pair {
    const mc_model *models[2];
    mc_output outputs[2];
    uint64_t rows, different, flips;
    double max_difference;
} pair;

/* One value: 0 the same, 1 another number, 2 another label. */
static int compare_value(pair *p, const mc_part *a, const mc_part *b, size_t at)
{
    if (is_label(a))
        return same_cell(cell_of(p->models[0], a, at), cell_of(p->models[1], b, at)) ? 0 : 2;
    const double x = ((const double *)a->data)[at], y = ((const double *)b->data)[at];
    if (x == y || (isnan(x) && isnan(y)))
        return 0;
    const double difference = fabs(x - y);
    if (difference > p->max_difference || isnan(difference))
        p->max_difference = isnan(difference) ? HUGE_VAL : difference;
    return a->type == MC_VALUE_FLOAT ? 1 : 2;
}

static void compare_row(pair *p, size_t row)
{
    int worst = 0;
    for (size_t i = 0; i < p->outputs[0].n_parts; i++) {
        const mc_part *a = &p->outputs[0].parts[i], *b = &p->outputs[1].parts[i];
        for (size_t k = 0; k < a->n_columns; k++) {
            const int now = compare_value(p, a, b, row * a->n_columns + k);
            worst = now > worst ? now : worst;
        }
    }
    p->rows++;
    p->different += worst > 0 ? 1 : 0;
    p->flips += worst == 2 ? 1 : 0;
}

/* Answers of two shapes cannot be compared, nor sparse ones. */
static bool is_comparable(const mc_output *a, const mc_output *b)
{
    if (a->n_rows != b->n_rows || a->n_parts != b->n_parts)
        return false;
    for (size_t i = 0; i < a->n_parts; i++) {
        const mc_part *x = &a->parts[i], *y = &b->parts[i];
        if (x->n_columns != y->n_columns || is_label(x) != is_label(y) || x->indptr != NULL ||
            y->indptr != NULL)
            return false;
    }
    return true;
}

/* -------------------------------------------------------------------------------- asking ---- */

static mc_status ask(const side *with, const mc_model *model, const job *j, mc_output *out,
                     mc_error *err)
{
    mc_predict_request request;
    const mc_row_schema schema = mc_row_schema_of(model);
    mc_decode_begin(with->decode, &schema, j->kind);
    MC_TRY(mc_decode_feed(with->decode, j->body, j->size, err));
    MC_TRY(mc_decode_end(with->decode, &request, err));
    return mc_model_predict(model, request.method, &request.input, with->workspace, out, err);
}

/* The shadow, loaded if need be; it counts neither hit nor miss. */
static mc_model *shadow_of(mc_shadow *s, const char *key)
{
    mc_model *model = mc_cache_peek(s->cache, key);
    if (model != NULL || mc_now_ns() < s->retry_ns)
        return model;
    if (mc_cache_load(s->cache, key, NULL, NULL) != MC_OK)
        s->retry_ns = mc_now_ns() + RETRY_NS;
    return mc_cache_peek(s->cache, key);
}

static bool compare(mc_shadow *s, const job *j, const mc_model *shadow, pair *p)
{
    mc_error error;
    *p = (pair){.models = {j->model, shadow}};
    for (size_t i = 0; i < 2; i++) {
        if (ask(&s->sides[i], p->models[i], j, &p->outputs[i], &error) != MC_OK) {
            mc_log_print(s->log, MC_LOG_DEBUG, "shadow %s: %s", j->key, error.message);
            return false;
        }
    }
    if (!is_comparable(&p->outputs[0], &p->outputs[1]))
        return false;
    for (size_t row = 0; row < p->outputs[0].n_rows; row++)
        compare_row(p, row);
    return true;
}

static void run(mc_shadow *s, const job *j)
{
    pair p = {.rows = 0};
    mc_model *shadow = shadow_of(s, j->key);
    const bool compared = shadow != NULL && compare(s, j, shadow, &p);
    mc_model_release(shadow);
    (void)pthread_mutex_lock(&s->lock);
    mc_shadow_counts *c = counts_locked(s, j->name);
    c->compared += compared ? 1 : 0;
    c->failed += compared ? 0 : 1;
    c->rows += p.rows;
    c->different += p.different;
    c->flips += p.flips;
    if (p.max_difference > c->max_difference)
        c->max_difference = p.max_difference;
    (void)pthread_mutex_unlock(&s->lock);
}

static void *main_of(void *user)
{
    mc_shadow *s = user;
    (void)pthread_mutex_lock(&s->lock);
    while (!s->stopping) {
        job *j = TAILQ_FIRST(&s->jobs);
        if (j == NULL) {
            (void)pthread_cond_wait(&s->changed, &s->lock);
            continue;
        }
        TAILQ_REMOVE(&s->jobs, j, link);
        s->n_jobs--;
        (void)pthread_mutex_unlock(&s->lock);
        run(s, j);
        free_job(j);
        (void)pthread_mutex_lock(&s->lock);
    }
    (void)pthread_mutex_unlock(&s->lock);
    return NULL;
}

/* ------------------------------------------------------------------------------ from outside ----
 */

static mc_status start(mc_shadow *s, mc_error *err)
{
    for (size_t i = 0; i < 2; i++) {
        MC_TRY(mc_decode_create(&s->meter, &s->sides[i].decode, err));
        MC_TRY(mc_workspace_create(WORKSPACE_BYTES, &s->sides[i].workspace, err));
    }
    const int failed = pthread_create(&s->thread, NULL, main_of, s);
    if (failed != 0)
        return mc_fail(err, MC_E_IO, MC_NO_OFFSET, "the shadow's thread cannot start: %s",
                       strerrordesc_np(failed));
    s->runs = true;
    return MC_OK;
}

mc_status mc_shadow_create(mc_cache *cache, const mc_log *log, mc_shadow **out, mc_error *err)
{
    mc_shadow *s = mc_alloc(1, sizeof *s);
    if (s == NULL)
        return mc_fail(err, MC_E_NO_MEMORY, MC_NO_OFFSET, "no memory for a shadow");
    s->cache = cache;
    s->log = log;
    s->meter.limit = METER_BYTES;
    TAILQ_INIT(&s->jobs);
    (void)pthread_mutex_init(&s->lock, NULL);
    (void)pthread_cond_init(&s->changed, NULL);
    const mc_status status = start(s, err);
    if (status == MC_OK)
        *out = s;
    else
        mc_shadow_destroy(s);
    return status;
}

void mc_shadow_destroy(mc_shadow *s)
{
    if (s == NULL)
        return;
    (void)pthread_mutex_lock(&s->lock);
    s->stopping = true;
    (void)pthread_cond_signal(&s->changed);
    (void)pthread_mutex_unlock(&s->lock);
    if (s->runs)
        (void)pthread_join(s->thread, NULL);
    for (job *j = TAILQ_FIRST(&s->jobs), *next; j != NULL; j = next) {
        next = TAILQ_NEXT(j, link);
        free_job(j);
    }
    for (size_t i = 0; i < 2; i++) {
        mc_decode_destroy(s->sides[i].decode);
        mc_workspace_destroy(s->sides[i].workspace);
    }
    (void)pthread_cond_destroy(&s->changed);
    (void)pthread_mutex_destroy(&s->lock);
    mc_free(s);
}

static job *make_job(const char *name, const char *key, mc_model *model, mc_body_kind kind,
                     mc_bytes body)
{
    if (body.size > MC_SHADOW_BYTES)
        return NULL;
    job *j = mc_alloc(1, sizeof *j + body.size);
    if (j == NULL)
        return NULL;
    mc_model_retain(model);
    j->model = model;
    j->kind = kind;
    j->size = body.size;
    (void)snprintf(j->name, sizeof j->name, "%s", name);
    (void)snprintf(j->key, sizeof j->key, "%s", key);
    if (body.size > 0)
        memcpy(j->body, body.data, body.size);
    return j;
}

void mc_shadow_offer(mc_shadow *s, const char *name, const char *key, mc_model *model,
                     mc_body_kind kind, mc_bytes body)
{
    job *j = make_job(name, key, model, kind, body);
    (void)pthread_mutex_lock(&s->lock);
    const bool fits = j != NULL && s->n_jobs < MC_SHADOW_JOBS;
    if (fits) {
        TAILQ_INSERT_TAIL(&s->jobs, j, link);
        s->n_jobs++;
        (void)pthread_cond_signal(&s->changed);
    } else {
        counts_locked(s, name)->dropped++;
    }
    (void)pthread_mutex_unlock(&s->lock);
    if (!fits && j != NULL)
        free_job(j);
}

bool mc_shadow_find(mc_shadow *s, const char *model, mc_shadow_counts *out)
{
    bool found = false;
    (void)pthread_mutex_lock(&s->lock);
    for (size_t i = 0; i < s->n_counts && !found; i++) {
        found = strcmp(s->counts[i].model, model) == 0;
        if (found)
            *out = s->counts[i];
    }
    (void)pthread_mutex_unlock(&s->lock);
    return found;
}
