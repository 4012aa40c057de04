/* metrics_models.c: the families that have a sample a model.
 *
 * HOW IT WORKS  One walk through the cache fills a row for each model that was ever used: its own,
 *          or, for models that came after MC_SHOWN_MAX others, the last one, where they add up as
 *          model="other". Then each family shows a column of the rows. The name of a model of
 *          versions has a row beside those of its versions, once it has a canary or a shadow. */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "serve/exposition.h"
#include "serve/numbers.h"
#include "serve/shown.h"
#include "serve/variants.h"

typedef struct rows {
    mc_shown *shown;
    mc_model_row *all; /* (MC_SHOWN_MAX + 1), owned */
} rows;

static bool was_used(const uint64_t *values)
{
    return values[MC_MODEL_HITS] + values[MC_MODEL_MISSES] + values[MC_MODEL_LOADS] +
               values[MC_MODEL_LOAD_FAILURES] >
           0;
}

/* A mc_row_for_fn: the model's own, named when new, or that of all others. */
static mc_model_row *row_for(void *user, const char *key, const char *version)
{
    const rows *to = user;
    const size_t at = strcmp(key, "other") == 0 ? MC_SHOWN_MAX : mc_shown_row(to->shown, key);
    mc_model_row *r = &to->all[at];
    if (at == MC_SHOWN_MAX || r->key[0] != '\0')
        return r;
    const size_t size = strcspn(key, "@");
    (void)snprintf(r->key, sizeof r->key, "%s", key);
    (void)snprintf(r->model, sizeof r->model, "%.*s", (int)size, key);
    (void)snprintf(r->version, sizeof r->version, "%s", version);
    r->is_one_of_several = key[size] != '\0';
    return r;
}

/* A mc_entry_fn. */
static void add_entry(void *user, const mc_entry_info *info)
{
    const uint64_t values[MC_N_MODEL_NUMBERS] = {
        [MC_MODEL_HITS] = info->hits,           [MC_MODEL_MISSES] = info->misses,
        [MC_MODEL_LOADS] = info->loads,         [MC_MODEL_LOAD_FAILURES] = info->load_failures,
        [MC_MODEL_LOADS_NS] = info->loads_ns,   [MC_MODEL_LOAD_NS] = info->load_ns,
        [MC_MODEL_BYTES] = info->bytes,         [MC_MODEL_READY] = info->state == MC_STATE_READY,
        [MC_MODEL_AGE_NS] = info->age_ns,       [MC_MODEL_GENERATION] = info->generation,
        [MC_MODEL_IN_FLIGHT] = info->in_flight, [MC_MODEL_WAITING] = info->waiting};
    if (!was_used(values))
        return;
    mc_model_row *r = row_for(user, info->name, info->version);
    for (size_t i = 0; i < MC_N_MODEL_NUMBERS; i++)
        r->values[i] += values[i];
    for (size_t why = 0; why < MC_N_DROPS; why++)
        r->values[MC_MODEL_DROPS + why] += info->drops[why];
}

/* The names of the versions that have rows. */
static void add_variants(const rows *to, const mc_gauges *gauges)
{
    for (size_t i = 0; i < MC_SHOWN_MAX; i++) {
        const mc_model_row *version = &to->all[i];
        const size_t at =
            version->is_one_of_several ? mc_shown_row(to->shown, version->model) : MC_SHOWN_MAX;
        mc_model_row *r = &to->all[at];
        if (at == MC_SHOWN_MAX || r->is_name)
            continue;
        (void)snprintf(r->key, sizeof r->key, "%s", version->model);
        (void)snprintf(r->model, sizeof r->model, "%s", version->model);
        r->is_name = true;
        mc_variants_add(gauges->cache, gauges->shadow, r->model, r->values);
    }
}

/* What a family shows, and how. */
typedef struct family {
    mc_metric_id id;
    mc_model_number column;
    const char *label; /* "", or another label with its comma in front */
    bool is_time;      /* nanoseconds, shown as seconds */
    bool has_version;  /* as in the first versions of these families */
    bool adds_up;      /* makes sense as the sum of others */
    bool only_when_ready;
    bool continues;   /* more samples of the family above */
    bool of_variants; /* has samples of names with a canary or a shadow, and no others */
} family;

/* The first reason begins the family, the others continue it. */
#define DROPS_OF(why, name)                                                                   \
    {                                                                                         \
        MC_METRIC_MODEL_EVICTIONS, (mc_model_number)(MC_MODEL_DROPS + MC_DROP_##why),         \
            .label = ",reason=\"" name "\"", .adds_up = true, .continues = MC_DROP_##why != 0 \
    }

static const family FAMILIES[] = {
    {MC_METRIC_MODEL_HITS, MC_MODEL_HITS, .label = "", .adds_up = true},
    {MC_METRIC_MODEL_MISSES, MC_MODEL_MISSES, .label = "", .adds_up = true},
    {MC_METRIC_MODEL_LOADS, MC_MODEL_LOADS, .label = ",result=\"ok\"", .adds_up = true},
    {MC_METRIC_MODEL_LOADS, MC_MODEL_LOAD_FAILURES, .label = ",result=\"failed\"", .adds_up = true,
     .continues = true},
    {MC_METRIC_MODEL_LOAD_SECONDS, MC_MODEL_LOADS_NS, .label = "", .is_time = true,
     .adds_up = true},
    {MC_METRIC_LOAD_DURATION, MC_MODEL_LOAD_NS, .label = "", .is_time = true, .has_version = true},
    DROPS_OF(BUDGET, "budget"),
    DROPS_OF(IDLE, "idle"),
    DROPS_OF(PRESSURE, "pressure"),
    DROPS_OF(SWAP, "drop-first"),
    DROPS_OF(UNLOAD, "unload"),
    {MC_METRIC_MODEL_MEMORY, MC_MODEL_BYTES, .label = "", .has_version = true, .adds_up = true},
    {MC_METRIC_MODEL_READY, MC_MODEL_READY, .label = "", .has_version = true},
    {MC_METRIC_MODEL_AGE, MC_MODEL_AGE_NS, .label = "", .is_time = true, .only_when_ready = true},
    {MC_METRIC_MODEL_GENERATION, MC_MODEL_GENERATION, .label = ""},
    {MC_METRIC_MODEL_IN_FLIGHT, MC_MODEL_IN_FLIGHT, .label = "", .adds_up = true},
    {MC_METRIC_MODEL_WAITING, MC_MODEL_WAITING, .label = "", .adds_up = true},
    {MC_METRIC_MODEL_VARIANTS, MC_MODEL_TAKEN, .label = ",variant=\"default\"",
     .of_variants = true},
    {MC_METRIC_MODEL_VARIANTS, MC_MODEL_TO_CANARY, .label = ",variant=\"canary\"",
     .of_variants = true, .continues = true},
    {MC_METRIC_MODEL_VARIANTS, MC_MODEL_TO_SHADOW, .label = ",variant=\"shadow\"",
     .of_variants = true, .continues = true},
    {MC_METRIC_MODEL_SHADOW, MC_MODEL_SHADOW_COMPARED, .label = ",result=\"compared\"",
     .of_variants = true},
    {MC_METRIC_MODEL_SHADOW, MC_MODEL_SHADOW_FAILED, .label = ",result=\"failed\"",
     .of_variants = true, .continues = true},
    {MC_METRIC_MODEL_SHADOW, MC_MODEL_SHADOW_DROPPED, .label = ",result=\"dropped\"",
     .of_variants = true, .continues = true},
    {MC_METRIC_MODEL_SHADOW_ROWS, MC_MODEL_SHADOW_SAME, .label = ",difference=\"none\"",
     .of_variants = true},
    {MC_METRIC_MODEL_SHADOW_ROWS, MC_MODEL_SHADOW_NUMBERS, .label = ",difference=\"number\"",
     .of_variants = true, .continues = true},
    {MC_METRIC_MODEL_SHADOW_ROWS, MC_MODEL_SHADOW_FLIPS, .label = ",difference=\"label\"",
     .of_variants = true, .continues = true},
};

static void show_sample(mc_exposition *e, const family *f, const char *name, const mc_model_row *r)
{
    char model[MC_ESCAPED_MAX], version[MC_ESCAPED_MAX];
    const uint64_t value = r->values[f->column];
    MC_EXPOSE(e, "%s{model=\"%s\"", name, mc_escape_label(r->model, model));
    if (f->has_version || r->is_one_of_several)
        MC_EXPOSE(e, ",version=\"%s\"", mc_escape_label(r->version, version));
    if (f->is_time)
        MC_EXPOSE(e, "%s} %.9f\n", f->label, (double)value / 1e9);
    else
        MC_EXPOSE(e, "%s} %llu\n", f->label, (unsigned long long)value);
}

static void show_column(mc_exposition *e, const family *f, const mc_model_row *all)
{
    const char *name = f->continues ? mc_metric_name(f->id) : mc_show_family(e, f->id);
    for (size_t i = 0; i <= MC_SHOWN_MAX; i++) {
        const mc_model_row *r = &all[i];
        const bool is_sum = i == MC_SHOWN_MAX;
        const bool has = f->of_variants ? mc_variants_any(r->values) : was_used(r->values);
        if (has && (f->adds_up || !is_sum) &&
            (r->values[MC_MODEL_READY] > 0 || !f->only_when_ready))
            show_sample(e, f, name, r);
    }
}

/* What this process has. NULL without memory. */
static mc_model_row *collect(const mc_gauges *gauges, mc_shown *shown)
{
    rows found = {.shown = shown, .all = mc_alloc((size_t)MC_SHOWN_MAX + 1, sizeof(mc_model_row))};
    if (found.all == NULL)
        return NULL;
    memcpy(found.all[MC_SHOWN_MAX].key, "other", sizeof "other");
    memcpy(found.all[MC_SHOWN_MAX].model, "other", sizeof "other");
    mc_cache_list(gauges->cache, add_entry, &found);
    add_variants(&found, gauges);
    return found.all;
}

void mc_publish_models(mc_numbers *numbers, const mc_gauges *gauges, mc_shown *shown)
{
    mc_model_row *all = collect(gauges, shown);
    const mc_cache_stats stats = mc_cache_statistics(gauges->cache);
    if (all != NULL)
        mc_numbers_publish(numbers, &stats, gauges->request_memory, all);
    mc_free(all);
}

void mc_show_models(mc_exposition *e, mc_shown *shown)
{
    rows found = {.shown = shown, .all = collect(e->gauges, shown)};
    if (found.all == NULL) {
        e->status = mc_fail(e->err, MC_E_BUSY, MC_NO_OFFSET, "no memory for metrics");
        return;
    }
    for (uint32_t i = 0; i < e->n_numbers; i++)
        mc_numbers_add_rows(e->numbers[i], i == e->own_numbers, row_for, &found);
    for (size_t i = 0; i < MC_COUNT_OF(FAMILIES); i++)
        show_column(e, &FAMILIES[i], found.all);
    mc_free(found.all);
}
