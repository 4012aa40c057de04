/* catboost_ctr.c: the categorical features of a model of CatBoost.
 *
 * Oracle   CatBoost 1.2: catboost/libs/model/flatbuffers/{features,ctr_data}.fbs, model.cpp
 *          (TFullModel::Load), static_ctr_provider.cpp, online_ctr.h (TModelCtr::Calc).
 * Format   Behind the core of a .cbm: how many tables of counts there are, then each with its size.
 * A table is of one combination; its index has 12 bytes a bucket: a hash, a number. Why so   What a
 * split asks of a category is a number of its own: whether it is one value, or the mean of targets
 * that training saw under a combination. Each is a column behind the features; all values that it
 * can have are computed here, in CatBoost's float32. */
#include "import/catboost/catboost_ctr.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/reader.h"
#include "base/size.h"
#include "kernel/combination.h"

enum { ONE_HOT_INDEX, ONE_HOT_VALUES };
enum { CTR_MODEL, CTR_BORDERS };
enum { MODEL_BASE, MODEL_TARGET, MODEL_PRIOR, MODEL_PRIOR_BELOW, MODEL_SHIFT, MODEL_SCALE };
enum { BASE_COMBINATION, BASE_TYPE, BASE_CLASSIFIER };
enum { COMBINATION_CATEGORIES, COMBINATION_FLOATS, COMBINATION_ONE_HOT };
enum { TABLE_BASE, TABLE_INDEX, TABLE_COUNTS, TABLE_BELOW, TABLE_CLASSES };

typedef enum ctr_type { BORDERS, BUCKETS, BINARY_MEAN, FLOAT_MEAN, COUNTER, FREQUENCY } ctr_type;

#define BUCKET       12u /* bytes: a hash of 8, a number of 4 */
#define EMPTY_BUCKET UINT64_MAX
#define MOST_WORDS   4096u /* of a combination */

/* A combination and what is counted under it, in canonical form: type, classifier, then counts and
 * items of categories, floats (feature, border) and single values (feature, value). */
typedef struct base {
    uint32_t *words;
    size_t n;
} base;

typedef struct counts {
    base base;
    mc_flat_list index, values;
    uint32_t below, n_classes;
} counts;

typedef struct reading {
    mc_lowering *to;
    const mc_flat *in; /* the core */
    mc_cat *cat;
    counts *tables;
    size_t n_tables;
} reading;

/* ---------------------------------------------------------------------------------- bases ---- */

static mc_status read_type(const mc_flat_table *t, uint32_t *out, mc_error *err)
{
    size_t at = 0;
    MC_TRY(mc_flat_field(t, BASE_TYPE, 1, &at, err));
    *out = at == 0 ? BORDERS : t->in->bytes.data[at];
    return MC_OK;
}

static void put_items(base *out, const mc_flat_list *from, size_t n_words)
{
    out->words[out->n++] = (uint32_t)from->n;
    for (size_t i = 0; i < n_words * from->n; i++)
        out->words[out->n++] = mc_load_u32le(from->at + 4 * i);
}

static mc_status read_base(reading *r, const mc_flat_table *model, size_t place, base *out,
                           mc_error *err)
{
    mc_flat_table t, combination;
    bool found = false;
    uint32_t type = 0, classifier = 0;
    mc_flat_list categories = {0}, floats = {0}, one_hot = {0};
    MC_TRY(mc_flat_inner(model, place, &t, &found, err));
    if (!found)
        return mc_refuse(err, r->cat->est, "a table of counts without its combination");
    MC_TRY(read_type(&t, &type, err));
    MC_TRY(mc_flat_u32(&t, BASE_CLASSIFIER, 0, &classifier, err));
    MC_TRY(mc_flat_inner(&t, BASE_COMBINATION, &combination, &found, err));
    if (found) {
        MC_TRY(mc_flat_read_list(&combination, COMBINATION_CATEGORIES, 4, &categories, err));
        MC_TRY(mc_flat_read_list(&combination, COMBINATION_FLOATS, 8, &floats, err));
        MC_TRY(mc_flat_read_list(&combination, COMBINATION_ONE_HOT, 8, &one_hot, err));
    }
    const size_t n = categories.n + 2 * floats.n + 2 * one_hot.n;
    if (n > MOST_WORDS)
        return mc_refuse(err, r->cat->est, "a combination of %zu features", n);
    MC_TRY(mc_arena_new(r->to->arena, uint32_t, n + 5, &out->words, err));
    out->words[0] = type;
    out->words[1] = classifier;
    out->n = 2;
    put_items(out, &categories, 1);
    put_items(out, &floats, 2);
    put_items(out, &one_hot, 2);
    return MC_OK;
}

static bool same_base(const base *a, const base *b)
{
    return a->n == b->n && memcmp(a->words, b->words, a->n * sizeof *a->words) == 0;
}

/* --------------------------------------------------------------------------------- tables ---- */

static mc_status read_table(reading *r, mc_bytes bytes, counts *out, mc_error *err)
{
    mc_flat *in = NULL;
    mc_flat_table t;
    MC_TRY(mc_arena_new(r->to->arena, mc_flat, 1, &in, err));
    *in = (mc_flat){r->cat->est, bytes};
    if (bytes.size < 4)
        return mc_flat_outside(in, 0, err);
    MC_TRY(mc_flat_open(in, mc_flat_u32_at(in, 0), &t, err));
    MC_TRY(read_base(r, &t, TABLE_BASE, &out->base, err));
    MC_TRY(mc_flat_read_list(&t, TABLE_INDEX, 1, &out->index, err));
    MC_TRY(mc_flat_read_list(&t, TABLE_COUNTS, 1, &out->values, err));
    MC_TRY(mc_flat_u32(&t, TABLE_BELOW, 0, &out->below, err));
    return mc_flat_u32(&t, TABLE_CLASSES, 0, &out->n_classes, err);
}

static mc_status read_tables(reading *r, mc_bytes rest, mc_error *err)
{
    size_t at = 4;
    if (rest.size < 4)
        return MC_OK;
    const size_t n = mc_load_u32le(rest.data);
    if (n > rest.size / 8)
        return mc_refuse(err, r->cat->est, "%zu tables of counts in %zu bytes", n, rest.size);
    MC_TRY(mc_arena_new(r->to->arena, counts, n, &r->tables, err));
    for (; r->n_tables < n; r->n_tables++) {
        const size_t size = rest.size - at < 4 ? SIZE_MAX : mc_load_u32le(rest.data + at);
        if (size > rest.size - at - 4)
            return mc_refuse(err, r->cat->est, "table of counts %zu of %zu is cut off", r->n_tables,
                             n);
        MC_TRY_IN(read_table(r, (mc_bytes){rest.data + at + 4, size}, &r->tables[r->n_tables], err),
                  err, "table of counts %zu", r->n_tables);
        at += 4 + size;
    }
    return MC_OK;
}

/* ----------------------------------------------------------------------------------- keys ---- */

typedef struct bucket {
    uint64_t hash;
    uint32_t number;
} bucket;

static int by_hash(const void *a, const void *b)
{
    const bucket *x = a, *y = b;
    return (x->hash > y->hash) - (x->hash < y->hash);
}

/* The buckets that are taken, by hash. */
static mc_status read_buckets(reading *r, const counts *from, bucket **out, size_t *out_n,
                              mc_error *err)
{
    const size_t n = from->index.n / BUCKET;
    size_t kept = 0;
    MC_TRY(mc_arena_new(r->to->arena, bucket, n, out, err));
    for (size_t i = 0; i < n; i++) {
        const uint8_t *b = from->index.at + BUCKET * i;
        const bucket found = {mc_load_u64le(b), mc_load_u32le(b + 8)};
        if (found.hash != EMPTY_BUCKET)
            (*out)[kept++] = found;
    }
    if (kept > 0)
        qsort(*out, kept, sizeof **out, by_hash);
    for (size_t i = 1; i < kept; i++)
        if ((*out)[i].hash == (*out)[i - 1].hash)
            return mc_refuse(err, r->cat->est, "a table of counts has a hash twice");
    *out_n = kept;
    return MC_OK;
}

/* --------------------------------------------------------------------------------- values ---- */

/* How a mean is made of what is counted: TModelCtr. */
typedef struct rule {
    uint32_t target;
    float prior, prior_below, shift, scale;
} rule;

static double value_of(const rule *by, float count, float total)
{
    const float mean = (count + by->prior) / (total + by->prior_below);
    return (double)((mean + by->shift) * by->scale);
}

/* Counts of one bucket. */
typedef struct history {
    const uint8_t *at; /* NULL: no such bucket */
    size_t n;          /* of classes */
} history;

static float sum_of(history h, size_t first, size_t end)
{
    int32_t sum = 0;
    for (size_t i = first; i < end && i < h.n; i++)
        sum = (int32_t)((uint32_t)sum + mc_load_u32le(h.at + 4 * i));
    return (float)sum;
}

static double value_in(const counts *from, const rule *by, history h)
{
    const uint32_t type = from->base.words[0];
    const size_t target = by->target;
    if (type == COUNTER || type == FREQUENCY)
        return value_of(by, h.at == NULL ? 0.0f : (float)(int32_t)mc_load_u32le(h.at),
                        (float)(int32_t)from->below);
    if (h.at == NULL)
        return value_of(by, 0.0f, 0.0f);
    if (type == BINARY_MEAN || type == FLOAT_MEAN)
        return value_of(by, mc_flat_f32(h.at), (float)(int32_t)mc_load_u32le(h.at + 4));
    if (type == BUCKETS)
        return value_of(by, sum_of(h, target, target + 1), sum_of(h, 0, h.n));
    const size_t first = h.n > 2 ? target + 1 : 1;
    return value_of(by, sum_of(h, first, h.n), sum_of(h, 0, h.n));
}

/* Bytes of a bucket's counts. */
static size_t history_size(const counts *from)
{
    const uint32_t type = from->base.words[0];
    if (type == COUNTER || type == FREQUENCY)
        return 4;
    return type == BINARY_MEAN || type == FLOAT_MEAN ? 8 : 4 * (size_t)from->n_classes;
}

/* One column: a value a key, and the one of what has none. */
static mc_status read_values(const reading *r, const counts *from, const bucket *buckets, size_t n,
                             const rule *by, double *out, mc_error *err)
{
    const size_t size = history_size(from), most = size == 0 ? 0 : from->values.n / size;
    for (size_t i = 0; i < n; i++) {
        if (buckets[i].number >= most)
            return mc_refuse(err, r->cat->est, "a table of counts: bucket %u of %zu",
                             buckets[i].number, most);
        out[i] = value_in(from, by,
                          (history){from->values.at + size * buckets[i].number, from->n_classes});
    }
    out[n] = value_in(from, by, (history){NULL, from->n_classes});
    return MC_OK;
}

/* --------------------------------------------------------------------------------- groups ---- */

static mc_status add_split(mc_cat *cat, float border, mc_error *err)
{
    if (cat->n_splits >= cat->most_splits || cat->n_extra > MC_LIMIT_WIDTH)
        return mc_refuse(err, cat->est, "more than %zu splits", cat->most_splits);
    cat->splits[cat->n_splits++] =
        (mc_cat_split){.feature = (uint32_t)(cat->n_features + cat->n_extra), .border = border};
    return MC_OK;
}

/* Column of a feature by its number among those of its kind. */
static mc_status column_of(const reading *r, const uint32_t *columns, uint32_t number,
                           uint32_t *out, mc_error *err)
{
    if (number >= r->cat->n_features || columns[number] == UINT32_MAX)
        return mc_refuse(err, r->cat->est, "a combination with feature %u, which is not there",
                         number);
    *out = columns[number];
    return MC_OK;
}

static mc_status float_mark(const reading *r, const uint32_t *item, uint32_t *out, mc_error *err)
{
    MC_TRY(column_of(r, r->cat->floats, item[0], &out[0], err));
    if (r->cat->nan_right[item[0]])
        out[0] |= MC_MARK_NAN;
    out[1] = item[1];
    return MC_OK;
}

static mc_status value_mark(const reading *r, const uint32_t *item, uint32_t *out, mc_error *err)
{
    MC_TRY(column_of(r, r->cat->categories, item[0], &out[0], err));
    out[0] |= MC_MARK_EQUAL;
    out[1] = item[1];
    return MC_OK;
}

/* The columns and marks of a combination. */
static mc_status open_group(reading *r, const base *from, mc_cat_group *out, mc_error *err)
{
    const uint32_t *at = from->words + 2;
    uint32_t *columns = NULL, *marks = NULL;
    const uint32_t *floats = at + 1 + at[0], *values = floats + 1 + 2 * (size_t)floats[0];
    *out = (mc_cat_group){.n_categories = at[0], .n_marks = (size_t)floats[0] + values[0]};
    MC_TRY(mc_arena_new(r->to->arena, uint32_t, out->n_categories, &columns, err));
    MC_TRY(mc_arena_new(r->to->arena, uint32_t, 2 * out->n_marks, &marks, err));
    for (size_t i = 0; i < at[0]; i++)
        MC_TRY(column_of(r, r->cat->categories, at[1 + i], &columns[i], err));
    for (size_t i = 0; i < floats[0]; i++)
        MC_TRY(float_mark(r, floats + 1 + 2 * i, marks + 2 * i, err));
    for (size_t i = 0; i < values[0]; i++)
        MC_TRY(value_mark(r, values + 1 + 2 * i, marks + 2 * (floats[0] + i), err));
    out->categories = columns;
    out->marks = marks;
    return MC_OK;
}

/* Whether a feature is one value: the mark alone has the keys of 0 and of 1. */
static mc_status add_one_hot(reading *r, uint32_t index, uint32_t value, mc_error *err)
{
    mc_cat *cat = r->cat;
    mc_cat_group *group = &cat->groups[cat->n_groups];
    const uint64_t keys[2] = {mc_combine_key(0, 0), mc_combine_key(0, 1)};
    const size_t one = keys[0] < keys[1] ? 1 : 0;
    const uint32_t item[2] = {index, value};
    uint32_t *mark = NULL;
    *group = (mc_cat_group){.n_marks = 1, .n_keys = 2, .n_out = 1};
    MC_TRY(mc_arena_new(r->to->arena, uint32_t, 2, &mark, err));
    MC_TRY(mc_arena_new(r->to->arena, uint64_t, 2, &group->keys, err));
    MC_TRY(mc_arena_new(r->to->arena, double, 3, &group->values, err));
    MC_TRY(value_mark(r, item, mark, err));
    group->marks = mark;
    group->keys[1 - one] = keys[0];
    group->keys[one] = keys[1];
    group->values[one] = 1.0;
    MC_TRY(add_split(cat, 0.5f, err));
    cat->n_groups++;
    cat->n_extra++;
    return MC_OK;
}

/* How many values are asked for; features may share their lists only in a file that is forged. */
static mc_status count_values(const reading *r, const mc_flat_list *features, size_t *out,
                              mc_error *err)
{
    *out = 0;
    for (size_t i = 0; i < features->n; i++) {
        mc_flat_table t;
        mc_flat_list values;
        MC_TRY(mc_flat_item(r->in, features, i, &t, err));
        MC_TRY(mc_flat_read_list(&t, ONE_HOT_VALUES, 4, &values, err));
        *out += values.n;
        if (*out > r->in->bytes.size / 4)
            return mc_flat_outside(r->in, values.start, err);
    }
    return MC_OK;
}

static mc_status read_one_hot(reading *r, const mc_flat_list *features, mc_error *err)
{
    for (size_t i = 0; i < features->n; i++) {
        mc_flat_table t;
        mc_flat_list values;
        uint32_t index = 0;
        MC_TRY(mc_flat_item(r->in, features, i, &t, err));
        MC_TRY(mc_flat_u32(&t, ONE_HOT_INDEX, UINT32_MAX, &index, err));
        MC_TRY(mc_flat_read_list(&t, ONE_HOT_VALUES, 4, &values, err));
        for (size_t j = 0; j < values.n; j++)
            MC_TRY(add_one_hot(r, index, mc_load_u32le(values.at + 4 * j), err));
    }
    return MC_OK;
}

/* --------------------------------------------------------------------------------- means ---- */

static mc_status read_rule(const mc_flat_table *model, rule *out, mc_error *err)
{
    MC_TRY(mc_flat_u32(model, MODEL_TARGET, 0, &out->target, err));
    MC_TRY(mc_flat_f32_field(model, MODEL_PRIOR, 0.0f, &out->prior, err));
    MC_TRY(mc_flat_f32_field(model, MODEL_PRIOR_BELOW, 1.0f, &out->prior_below, err));
    MC_TRY(mc_flat_f32_field(model, MODEL_SHIFT, 0.0f, &out->shift, err));
    return mc_flat_f32_field(model, MODEL_SCALE, 1.0f, &out->scale, err);
}

static mc_status find_counts(const reading *r, const base *wanted, const counts **out,
                             mc_error *err)
{
    for (size_t i = 0; i < r->n_tables; i++) {
        if (same_base(&r->tables[i].base, wanted)) {
            *out = &r->tables[i];
            return wanted->words[0] <= FREQUENCY
                       ? MC_OK
                       : mc_refuse(err, r->cat->est, "CtrType: %u", wanted->words[0]);
        }
    }
    return mc_refuse(err, r->cat->est, "it has no table of counts for one of its features");
}

/* A feature: what is counted, how it becomes a mean, and the borders that splits ask of it. */
typedef struct mean {
    base base;
    rule rule;
    mc_flat_list borders;
} mean;

static mc_status read_mean(reading *r, const mc_flat_table *feature, mean *out, mc_error *err)
{
    mc_flat_table model;
    bool found = false;
    MC_TRY(mc_flat_inner(feature, CTR_MODEL, &model, &found, err));
    if (!found)
        return mc_refuse(err, r->cat->est, "a feature of counts without its rule");
    MC_TRY(read_base(r, &model, MODEL_BASE, &out->base, err));
    MC_TRY(read_rule(&model, &out->rule, err));
    return mc_flat_read_list(feature, CTR_BORDERS, 4, &out->borders, err);
}

/* Features of one combination: a group with a column each. */
static mc_status add_means(reading *r, const mean *means, size_t n_out, mc_error *err)
{
    mc_cat *cat = r->cat;
    mc_cat_group *group = &cat->groups[cat->n_groups];
    const counts *from = NULL;
    bucket *buckets = NULL;
    size_t n = 0, n_values = 0;
    MC_TRY(find_counts(r, &means->base, &from, err));
    MC_TRY(open_group(r, &means->base, group, err));
    MC_TRY(read_buckets(r, from, &buckets, &n, err));
    if (!mc_mul_size(n + 1, n_out, &n_values))
        return mc_fail(err, MC_E_LIMIT, MC_NO_OFFSET, "too many values of combinations");
    MC_TRY(mc_arena_new(r->to->arena, uint64_t, n, &group->keys, err));
    MC_TRY(mc_arena_new(r->to->arena, double, n_values, &group->values, err));
    for (size_t i = 0; i < n; i++)
        group->keys[i] = buckets[i].hash;
    group->n_keys = n;
    group->n_out = n_out;
    for (size_t k = 0; k < n_out; k++) {
        MC_TRY(read_values(r, from, buckets, n, &means[k].rule, group->values + k * (n + 1), err));
        for (size_t i = 0; i < means[k].borders.n; i++)
            MC_TRY(add_split(cat, mc_flat_f32(means[k].borders.at + 4 * i), err));
        cat->n_extra++;
    }
    cat->n_groups++;
    return MC_OK;
}

static mc_status read_means(reading *r, const mc_flat_list *features, mc_error *err)
{
    mean *means = NULL;
    MC_TRY(mc_arena_new(r->to->arena, mean, features->n, &means, err));
    for (size_t i = 0; i < features->n; i++) {
        mc_flat_table t;
        MC_TRY(mc_flat_item(r->in, features, i, &t, err));
        MC_TRY_IN(read_mean(r, &t, &means[i], err), err, "feature of counts %zu", i);
    }
    for (size_t i = 0, end = 0; i < features->n; i = end) {
        for (end = i + 1; end < features->n && same_base(&means[i].base, &means[end].base);)
            end++;
        MC_TRY_IN(add_means(r, means + i, end - i, err), err, "feature of counts %zu", i);
    }
    return MC_OK;
}

mc_status mc_cat_read_categories(mc_lowering *to, const mc_flat *in, mc_bytes rest,
                                 const mc_flat_list *one_hot, const mc_flat_list *means,
                                 mc_cat *out, mc_error *err)
{
    reading r = {.to = to, .in = in, .cat = out};
    size_t n = 0;
    MC_TRY(count_values(&r, one_hot, &n, err));
    MC_TRY(mc_arena_new(to->arena, mc_cat_group, n + means->n, &out->groups, err));
    MC_TRY(read_one_hot(&r, one_hot, err));
    if (means->n > 0)
        MC_TRY(read_tables(&r, rest, err));
    return read_means(&r, means, err);
}
