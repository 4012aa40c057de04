/* metrics_models.c: the families that have a sample a model.
 *
 * HOW IT WORKS  One walk through the cache fills a row for each model that was ever used: its own,
 *          or, for models that came after MC_SHOWN_MAX others, the last one, where they add up as
 *          model="other". Then each family shows a column of the rows. */
#include <string.h>

#include "base/alloc.h"
#include "serve/exposition.h"
#include "serve/shown.h"

/* A column of the rows, and what it is of an entry. */
typedef enum column {
    HITS,
    MISSES,
    LOADS,
    LOAD_FAILURES,
    LOADS_NS,
    LOAD_NS,
    DROPS, /* one column a reason */
    LAST_DROP = DROPS + MC_N_DROPS - 1,
    BYTES,
    READY,
    AGE_NS,
    GENERATION,
    IN_FLIGHT,
    WAITING,
    N_COLUMNS
} column;

typedef struct row {
    char model[MC_NAME_MAX], version[MC_NAME_MAX];
    uint32_t n_models;      /* that it is the sum of */
    bool is_one_of_several; /* versions: then every family says which */
    uint64_t values[N_COLUMNS];
} row;

typedef struct rows {
    mc_shown *shown;
    row *all; /* (MC_SHOWN_MAX + 1), owned */
} rows;

static bool was_used(const mc_entry_info *info)
{
    return info->hits + info->misses + info->loads + info->load_failures > 0;
}

/* A mc_entry_fn. */
static void add_entry(void *user, const mc_entry_info *info)
{
    const rows *to = user;
    if (!was_used(info))
        return;
    const uint64_t values[N_COLUMNS] = {
        [HITS] = info->hits,           [MISSES] = info->misses,
        [LOADS] = info->loads,         [LOAD_FAILURES] = info->load_failures,
        [LOADS_NS] = info->loads_ns,   [LOAD_NS] = info->load_ns,
        [BYTES] = info->bytes,         [READY] = info->state == MC_STATE_READY,
        [AGE_NS] = info->age_ns,       [GENERATION] = info->generation,
        [IN_FLIGHT] = info->in_flight, [WAITING] = info->waiting};
    const size_t at = mc_shown_row(to->shown, info->name);
    row *r = &to->all[at];
    if (at < MC_SHOWN_MAX) {
        const size_t size = strcspn(info->name, "@");
        memcpy(r->model, info->name, size);
        r->model[size] = '\0';
        memcpy(r->version, info->version, sizeof r->version);
        r->is_one_of_several = info->name[size] != '\0';
    }
    r->n_models++;
    for (size_t i = 0; i < N_COLUMNS; i++)
        r->values[i] += values[i];
    for (size_t why = 0; why < MC_N_DROPS; why++)
        r->values[DROPS + why] += info->drops[why];
}

/* What a family shows, and how. */
typedef struct family {
    mc_metric_id id;
    column column;
    const char *label; /* "", or another label with its comma in front */
    bool is_time;      /* nanoseconds, shown as seconds */
    bool has_version;  /* as in the first versions of these families */
    bool adds_up;      /* makes sense as the sum of others */
    bool only_when_ready;
    bool continues; /* more samples of the family above */
} family;

/* The first reason begins the family, the others continue it. */
#define DROPS_OF(why, name)                                                                   \
    {                                                                                         \
        MC_METRIC_MODEL_EVICTIONS, (column)(DROPS + MC_DROP_##why),                           \
            .label = ",reason=\"" name "\"", .adds_up = true, .continues = MC_DROP_##why != 0 \
    }

static const family FAMILIES[] = {
    {MC_METRIC_MODEL_HITS, HITS, .label = "", .adds_up = true},
    {MC_METRIC_MODEL_MISSES, MISSES, .label = "", .adds_up = true},
    {MC_METRIC_MODEL_LOADS, LOADS, .label = ",result=\"ok\"", .adds_up = true},
    {MC_METRIC_MODEL_LOADS, LOAD_FAILURES, .label = ",result=\"failed\"", .adds_up = true,
     .continues = true},
    {MC_METRIC_MODEL_LOAD_SECONDS, LOADS_NS, .label = "", .is_time = true, .adds_up = true},
    {MC_METRIC_LOAD_DURATION, LOAD_NS, .label = "", .is_time = true, .has_version = true},
    DROPS_OF(BUDGET, "budget"),
    DROPS_OF(IDLE, "idle"),
    DROPS_OF(PRESSURE, "pressure"),
    DROPS_OF(SWAP, "drop-first"),
    DROPS_OF(UNLOAD, "unload"),
    {MC_METRIC_MODEL_MEMORY, BYTES, .label = "", .has_version = true, .adds_up = true},
    {MC_METRIC_MODEL_READY, READY, .label = "", .has_version = true},
    {MC_METRIC_MODEL_AGE, AGE_NS, .label = "", .is_time = true, .only_when_ready = true},
    {MC_METRIC_MODEL_GENERATION, GENERATION, .label = ""},
    {MC_METRIC_MODEL_IN_FLIGHT, IN_FLIGHT, .label = "", .adds_up = true},
    {MC_METRIC_MODEL_WAITING, WAITING, .label = "", .adds_up = true},
};

static void show_sample(mc_exposition *e, const family *f, const char *name, const row *r)
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

static void show_column(mc_exposition *e, const family *f, const row *all)
{
    const char *name = f->continues ? mc_metric_name(f->id) : mc_show_family(e, f->id);
    for (size_t i = 0; i <= MC_SHOWN_MAX; i++) {
        const row *r = &all[i];
        const bool is_sum = i == MC_SHOWN_MAX;
        if (r->n_models > 0 && (f->adds_up || !is_sum) &&
            (r->values[READY] > 0 || !f->only_when_ready))
            show_sample(e, f, name, r);
    }
}

void mc_show_models(mc_exposition *e, mc_shown *shown)
{
    rows found = {.shown = shown, .all = mc_alloc((size_t)MC_SHOWN_MAX + 1, sizeof(row))};
    if (found.all == NULL) {
        e->status = mc_fail(e->err, MC_E_BUSY, MC_NO_OFFSET, "no memory for metrics");
        return;
    }
    memcpy(found.all[MC_SHOWN_MAX].model, "other", sizeof "other");
    mc_cache_list(e->gauges->cache, add_entry, &found);
    for (size_t i = 0; i < MC_COUNT_OF(FAMILIES); i++)
        show_column(e, &FAMILIES[i], found.all);
    mc_free(found.all);
}
