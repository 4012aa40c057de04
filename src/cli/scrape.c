/* scrape.c: lines "name{label="value",...} number". */
#include "cli/scrape.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

#define PREFIX "modelcached_"

typedef struct sample {
    const char *name;
    char model[MC_NAME_MAX], kind[16], le[32];
    double value;
} sample;

/* ------------------------------------------------------------------------------- samples ---- */

/* Copies the value of a label; names of models hold nothing that is escaped. */
static void read_label(const char *labels, const char *key, char *out, size_t size)
{
    const size_t n = strlen(key);
    out[0] = '\0';
    for (const char *at = labels; (at = strstr(at, key)) != NULL; at += n) {
        const bool begins = at == labels || at[-1] == ',';
        if (!begins || at[n] != '=' || at[n + 1] != '"')
            continue;
        const char *value = at + n + 2;
        (void)snprintf(out, size, "%.*s", (int)strcspn(value, "\""), value);
        return;
    }
}

static bool read_sample(char *line, sample *out)
{
    char *space = strrchr(line, ' ');
    if (strncmp(line, PREFIX, strlen(PREFIX)) != 0 || space == NULL)
        return false;
    *space = '\0';
    *out = (sample){.name = line + strlen(PREFIX), .value = strtod(space + 1, NULL)};
    char *labels = strchr(line, '{');
    if (labels == NULL)
        return true;
    *labels++ = '\0';
    read_label(labels, "model", out->model, sizeof out->model);
    static const char *const KINDS[] = {"result", "variant", "difference"};
    for (size_t i = 0; i < MC_COUNT_OF(KINDS) && out->kind[0] == '\0'; i++)
        read_label(labels, KINDS[i], out->kind, sizeof out->kind);
    read_label(labels, "le", out->le, sizeof out->le);
    return true;
}

/* -------------------------------------------------------------------------------- fields ---- */

static void add_bucket(mc_scraped_times *times, const sample *s)
{
    if (times->n == MC_SCRAPE_BUCKETS)
        return;
    times->bounds[times->n] = strcmp(s->le, "+Inf") == 0 ? HUGE_VAL : strtod(s->le, NULL);
    times->counts[times->n++] = s->value;
}

/* Of a name with a canary or a shadow. */
static void note_variant(mc_scraped *model, const sample *s)
{
    const struct {
        const char *name, *kind;
        double *to;
    } fields[] = {
        {"model_variant_requests_total", "default", &model->by_default},
        {"model_variant_requests_total", "canary", &model->by_canary},
        {"model_shadow_results_total", "compared", &model->shadow_compared},
        {"model_shadow_results_total", "failed", &model->shadow_failed},
        {"model_shadow_results_total", "dropped", &model->shadow_dropped},
        {"model_shadow_rows_total", "number", &model->shadow_different},
        {"model_shadow_rows_total", "label", &model->shadow_different},
        {"model_shadow_rows_total", "label", &model->shadow_flips},
    };
    for (size_t i = 0; i < MC_COUNT_OF(fields); i++)
        if (strcmp(s->name, fields[i].name) == 0 && strcmp(s->kind, fields[i].kind) == 0)
            *fields[i].to += s->value;
    if (strcmp(s->name, "model_shadow_rows_total") == 0)
        model->shadow_rows += s->value;
}

static void note_model(mc_scraped *model, const sample *s)
{
    const struct {
        const char *name;
        double *to;
    } fields[] = {
        {"model_hits_total", &model->hits},
        {"model_misses_total", &model->misses},
        {"model_evictions_total", &model->evictions},
        {"model_memory_bytes", &model->bytes},
        {"model_ready", &model->ready},
        {"model_in_flight", &model->in_flight},
        {"model_waiting", &model->waiting},
        {"model_generation", &model->generation},
        {"model_age_seconds", &model->age_s},
        {"requests_total", &model->requests},
    };
    for (size_t i = 0; i < MC_COUNT_OF(fields); i++)
        if (strcmp(s->name, fields[i].name) == 0)
            *fields[i].to += s->value;
    if (strcmp(s->name, "model_load_results_total") == 0)
        *(strcmp(s->kind, "ok") == 0 ? &model->loads : &model->load_failures) += s->value;
    note_variant(model, s);
    if (strcmp(s->name, "model_request_duration_seconds_bucket") == 0)
        add_bucket(&model->times, s);
}

static void note_all(mc_scrape *scrape, const sample *s)
{
    const struct {
        const char *name;
        double *to;
    } fields[] = {
        {"model_cache_hits_total", &scrape->all.hits},
        {"model_cache_misses_total", &scrape->all.misses},
        {"model_cache_evictions_total", &scrape->all.evictions},
        {"requests_total", &scrape->all.requests},
        {"models", &scrape->models},
        {"models_ready", &scrape->models_ready},
        {"memory_limit_bytes", &scrape->memory_limit},
        {"memory_used_bytes", &scrape->memory_used},
        {"request_memory_bytes", &scrape->request_memory},
        {"connections", &scrape->connections},
    };
    for (size_t i = 0; i < MC_COUNT_OF(fields); i++)
        if (strcmp(s->name, fields[i].name) == 0)
            *fields[i].to += s->value;
    if (strcmp(s->name, "model_loads_total") == 0)
        *(strcmp(s->kind, "ok") == 0 ? &scrape->all.loads : &scrape->all.load_failures) += s->value;
    if (strcmp(s->name, "request_duration_seconds_bucket") == 0)
        add_bucket(&scrape->all.times, s);
}

static mc_scraped *find(const mc_scrape *scrape, const char *name)
{
    for (size_t i = scrape->n; i > 0; i--) /* samples of a histogram come together */
        if (strcmp(scrape->models_by_name[i - 1].name, name) == 0)
            return &scrape->models_by_name[i - 1];
    return NULL;
}

static mc_status find_or_add(mc_scrape *scrape, const char *name, mc_scraped **out, mc_error *err)
{
    *out = find(scrape, name);
    if (*out != NULL)
        return MC_OK;
    if (scrape->n == scrape->room) {
        const size_t room = scrape->room == 0 ? 64 : 2 * scrape->room;
        mc_scraped *grown = mc_realloc(scrape->models_by_name, room, sizeof *grown);
        if (grown == NULL)
            return mc_fail(err, MC_E_NO_MEMORY, MC_NO_OFFSET, "no memory for %zu models", room);
        scrape->models_by_name = grown;
        scrape->room = room;
    }
    *out = &scrape->models_by_name[scrape->n++];
    **out = (mc_scraped){.hits = 0};
    (void)snprintf((*out)->name, sizeof(*out)->name, "%s", name);
    return MC_OK;
}

/* ------------------------------------------------------------------------------ together ---- */

mc_status mc_scrape_read(mc_scrape *scrape, char *text, mc_error *err)
{
    *scrape = (mc_scrape){.n = 0};
    for (char *line = text, *end; *line != '\0'; line = end) {
        sample s;
        end = line + strcspn(line, "\n");
        end += *end == '\n' ? (*end = '\0', 1) : 0;
        if (!read_sample(line, &s))
            continue;
        note_all(scrape, &s);
        mc_scraped *model = NULL;
        if (s.model[0] == '\0')
            continue;
        MC_TRY(find_or_add(scrape, s.model, &model, err));
        note_model(model, &s);
    }
    return MC_OK;
}

void mc_scrape_fini(mc_scrape *scrape)
{
    mc_free(scrape->models_by_name);
    *scrape = (mc_scrape){.n = 0};
}

const mc_scraped *mc_scrape_find(const mc_scrape *scrape, const char *name)
{
    return find(scrape, name);
}

double mc_scraped_quantile(const mc_scraped_times *times, const mc_scraped_times *before, double q)
{
    const bool has_before = before != NULL && before->n == times->n;
    const size_t last = times->n == 0 ? 0 : times->n - 1;
    const double n =
        times->n == 0 ? 0 : times->counts[last] - (has_before ? before->counts[last] : 0);
    double below = 0, low = 0;
    for (size_t i = 0; n > 0 && i < times->n; i++) {
        const double count = times->counts[i] - (has_before ? before->counts[i] : 0);
        const double high = times->bounds[i];
        if (count >= q * n)
            return isinf(high) ? low : low + (high - low) * (q * n - below) / (count - below);
        below = count;
        low = high;
    }
    return -1;
}
