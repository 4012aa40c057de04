/* catboost_combine.c: rows as the trees of CatBoost ask them: numbers, hashes of categories, and
 * behind them what combinations of these say.
 *
 * Oracle   CatBoost 1.2: catboost/python-package/catboost/_catboost.pyx (categories become texts),
 *          catboost/libs/cat_feature/cat_feature.cpp (CalcCatFeatureHash).
 * Why so   A category is a text, an integer or a truth value; CatBoost refuses 3.0 where 3 is
 * meant, but rows of numbers alone hold no integers: here a whole number is one. */
#include <math.h>

#include "base/size.h"
#include "import/catboost/catboost.h"
#include "import/sklearn/emit.h"
#include "kernel/combination.h"

/* ------------------------------------------------------------------------------------ rows ---- */

static mc_status rounded(mc_lowering *to, const mc_sym *x, mc_sym *out, mc_error *err)
{
    mc_step step = MC_STEP_INIT(ROUND32);
    MC_TRY(mc_to_numbers(to, x, out, err));
    step.src = out->buffer;
    step.flags = MC_OR_NAN | MC_OR_INFINITY;
    return mc_build_step(to->b, step, out->n_cols, &out->buffer, err);
}

static mc_status hashed(mc_lowering *to, const mc_sym *x, const uint32_t *at, mc_sym *out,
                        mc_error *err)
{
    mc_step step = MC_STEP_INIT(CATEGORY_HASH);
    mc_sym cells;
    const size_t n = x->n_cols;
    MC_TRY(mc_to_cells(to, x, &cells, err));
    step.src = cells.buffer;
    MC_TRY(mc_build_u32(to->b, at, n, &step.array[0], err));
    *out = (mc_sym){.kind = MC_SYM_NUMBERS, .n_cols = n};
    return mc_build_step(to->b, step, n, &out->buffer, err);
}

/* The columns of one kind, ascending; places[column] becomes where each stands. */
static size_t take(const uint32_t *columns, size_t n, size_t first, uint32_t *places, uint32_t *at)
{
    size_t n_taken = 0;
    for (size_t i = 0; i < n; i++)
        if (columns[i] != UINT32_MAX)
            places[columns[i]] = 0;
    for (size_t i = 0; i < n; i++) {
        if (places[i] == 0) {
            places[i] = (uint32_t)(1 + first + n_taken);
            at[n_taken++] = (uint32_t)i;
        }
    }
    return n_taken;
}

/* Numbers and hashes in the places of their columns; what the model ignores is NaN. */
static mc_status as_numbers(mc_lowering *to, const mc_cat *cat, const mc_sym *x, mc_sym *out,
                            mc_error *err)
{
    const size_t n = cat->n_features;
    const double nothing = (double)NAN;
    uint32_t *places = NULL, *at = NULL;
    mc_sym parts[3];
    size_t n_parts = 0;
    MC_TRY(mc_arena_new(to->arena, uint32_t, n, &places, err));
    MC_TRY(mc_arena_new(to->arena, uint32_t, 2 * n, &at, err));
    for (size_t i = 0; i < n; i++)
        places[i] = UINT32_MAX;
    const size_t n_floats = take(cat->floats, n, 0, places, at);
    const size_t n_categories = take(cat->categories, n, n_floats, places, at + n);
    if (n_floats > 0) {
        MC_TRY(mc_emit_columns(to, x, at, n_floats, &parts[n_parts], err));
        MC_TRY(rounded(to, &parts[n_parts], &parts[n_parts], err));
        n_parts++;
    }
    MC_TRY(mc_emit_columns(to, x, at + n, n_categories, &parts[n_parts], err));
    MC_TRY(hashed(to, &parts[n_parts], at + n, &parts[n_parts], err));
    n_parts++;
    if (n_floats + n_categories < n)
        MC_TRY(mc_emit_constant(to, &nothing, 1, &parts[n_parts++], err));
    for (size_t i = 0; i < n; i++)
        places[i] = places[i] == UINT32_MAX ? (uint32_t)(n_floats + n_categories) : places[i] - 1;
    MC_TRY(mc_emit_hstack(to, parts, n_parts, false, out, err));
    return mc_emit_columns(to, out, places, n, out, err);
}

/* ---------------------------------------------------------------------------------- groups ---- */

/* Arrays of the step, filled group by group. */
typedef struct arrays {
    uint32_t *program, *keys;
    double *values;
    size_t n_words, n_keys, n_values;
} arrays;

static mc_status count(const mc_cat *cat, arrays *out, mc_error *err)
{
    *out = (arrays){0};
    for (size_t i = 0; i < cat->n_groups; i++) {
        const mc_cat_group *g = &cat->groups[i];
        const size_t words = MC_GROUP_HEAD + g->n_categories + 2 * g->n_marks;
        if (!mc_add_size(out->n_words, words, &out->n_words) ||
            !mc_add_size(out->n_keys, g->n_keys, &out->n_keys) ||
            !mc_add_size(out->n_values, g->n_out * (g->n_keys + 1), &out->n_values) ||
            out->n_keys > UINT32_MAX || out->n_words > UINT32_MAX)
            return mc_fail(err, MC_E_LIMIT, MC_NO_OFFSET, "too many combinations");
    }
    return MC_OK;
}

static void put_group(const mc_cat_group *g, arrays *out)
{
    uint32_t *at = out->program + out->n_words;
    *at++ = (uint32_t)g->n_categories;
    *at++ = (uint32_t)g->n_marks;
    *at++ = (uint32_t)g->n_keys;
    *at++ = (uint32_t)g->n_out;
    for (size_t i = 0; i < g->n_categories; i++)
        *at++ = g->categories[i];
    for (size_t i = 0; i < 2 * g->n_marks; i++)
        *at++ = g->marks[i];
    out->n_words = (size_t)(at - out->program);
    for (size_t i = 0; i < g->n_keys; i++, out->n_keys++) {
        out->keys[2 * out->n_keys] = (uint32_t)(g->keys[i] >> 32);
        out->keys[2 * out->n_keys + 1] = (uint32_t)g->keys[i];
    }
    for (size_t i = 0; i < g->n_out * (g->n_keys + 1); i++)
        out->values[out->n_values++] = g->values[i];
}

static mc_status emit_groups(mc_lowering *to, const mc_cat *cat, const mc_sym *x, mc_sym *out,
                             mc_error *err)
{
    mc_step step = MC_STEP_INIT(COMBINE);
    arrays a;
    MC_TRY(count(cat, &a, err));
    const arrays n = a;
    MC_TRY(mc_arena_new(to->arena, uint32_t, n.n_words, &a.program, err));
    MC_TRY(mc_arena_new(to->arena, uint32_t, 2 * n.n_keys, &a.keys, err));
    MC_TRY(mc_arena_new(to->arena, double, n.n_values, &a.values, err));
    a.n_words = a.n_keys = a.n_values = 0;
    for (size_t i = 0; i < cat->n_groups; i++)
        put_group(&cat->groups[i], &a);
    step.src = x->buffer;
    MC_TRY(mc_build_u32(to->b, a.program, n.n_words, &step.array[0], err));
    MC_TRY(mc_build_array(to->b, MC_ARRAY_U32, a.keys, n.n_keys, 2, &step.array[1], err));
    MC_TRY(mc_build_f64(to->b, a.values, 1, n.n_values, &step.array[2], err));
    *out = (mc_sym){.kind = MC_SYM_NUMBERS, .n_cols = cat->n_extra};
    return mc_build_step(to->b, step, cat->n_extra, &out->buffer, err);
}

mc_status mc_cat_combine(mc_lowering *to, const mc_cat *cat, const mc_sym *x, mc_sym *out,
                         mc_error *err)
{
    mc_sym parts[2];
    if (!cat->has_categories)
        return rounded(to, x, out, err);
    MC_TRY(as_numbers(to, cat, x, &parts[0], err));
    *out = parts[0];
    if (cat->n_extra == 0)
        return MC_OK;
    MC_TRY(emit_groups(to, cat, &parts[0], &parts[1], err));
    return mc_emit_hstack(to, parts, 2, false, out, err);
}
