/* category_others.c: HashingEncoder, and the wrappers of other encoders.
 *
 * Oracle   category_encoders 2.6 to 2.11: hashing.py, wrapper.py.
 * Exact    Bit for bit: counts, and what the wrapped encoders answer.
 * Why so   A value is hashed as str() says it, which for numbers depends on the types of the other
 *          columns and rows: texts alone are taken, and what is missing. */
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "base/size.h"
#include "import/category_encoders/category_encoders.h"
#include "import/sklearn/attr.h"
#include "import/sklearn/emit.h"
#include "import/sklearn/lowerings.h"
#include "kernel/category.h"

/* --------------------------------------------------------------------------------- hashing ---- */

typedef struct hashing {
    const mc_value *est;
    uint32_t *hashed, *passing; /* columns */
    size_t n_hashed, n_passing, n_buckets;
    const mc_cell *inputs;
} hashing;

static mc_status read_hashing(mc_lowering *to, const mc_value *est, size_t n, hashing *out,
                              mc_error *err)
{
    const mc_cell *cols = NULL;
    const mc_value *composed = mc_value_attr(est, "composite_members_");
    size_t n_inputs = 0, n_cols = 0;
    int64_t n_buckets = 0;
    *out = (hashing){.est = est};
    if (!mc_attr_is_text(est, "hash_method", "md5"))
        return mc_refuse(err, est, "hash_method: expected md5, found \"%.*s\"",
                         MC_SHOW(mc_attr_text(est, "hash_method")));
    if (mc_value_is(composed, MC_KIND_DICT) && composed->as.items.n > 0)
        return mc_refuse(err, est, "composite_cols: columns encoded together are not supported");
    MC_TRY(mc_attr_integer(est, "n_components", 8, &n_buckets, err));
    if (n_buckets < 1 || n_buckets > (int64_t)MC_LIMIT_WIDTH)
        return mc_refuse(err, est, "n_components: %lld", (long long)n_buckets);
    out->n_buckets = (size_t)n_buckets;
    if (!mc_attr_has(est, "feature_names_in_"))
        return mc_refuse(err, est, "feature_names_in_: it is not there, as in 2.6.0");
    MC_TRY(mc_category_inputs(to, est, &out->inputs, &n_inputs, err));
    MC_TRY(mc_category_cells(to, est, "cols", &cols, &n_cols, err));
    if (n_inputs != n)
        return mc_refuse(err, est, "feature_names_in_: %zu names for %zu columns", n_inputs, n);
    MC_TRY(mc_arena_new(to->arena, uint32_t, n, &out->hashed, err));
    MC_TRY(mc_arena_new(to->arena, uint32_t, n, &out->passing, err));
    for (size_t i = 0; i < n; i++) {
        if (mc_category_is_among(cols, n_cols, &out->inputs[i]))
            out->hashed[out->n_hashed++] = (uint32_t)i;
        else
            out->passing[out->n_passing++] = (uint32_t)i;
    }
    return MC_OK;
}

/* Buckets first, then the columns that pass. */
static mc_status emit_hashing(mc_lowering *to, const hashing *h, const mc_sym *x, mc_sym *out,
                              mc_error *err)
{
    mc_step step = MC_STEP_INIT(DIGEST_COUNTS);
    mc_sym cells, parts[2];
    MC_TRY(mc_emit_columns(to, x, h->hashed, h->n_hashed, &cells, err));
    MC_TRY(mc_to_cells(to, &cells, &cells, err));
    step.src = cells.buffer;
    MC_TRY(mc_build_u32(to->b, h->hashed, h->n_hashed, &step.array[0], err));
    parts[0] = (mc_sym){.kind = MC_SYM_NUMBERS, .n_cols = h->n_buckets, .type = MC_VALUE_INT};
    MC_TRY(mc_build_step(to->b, step, h->n_buckets, &parts[0].buffer, err));
    if (h->n_passing > 0)
        MC_TRY(mc_emit_columns(to, x, h->passing, h->n_passing, &parts[1], err));
    return mc_emit_hstack(to, parts, h->n_passing > 0 ? 2 : 1, false, out, err);
}

/* Columns that training saw to be the same in every row are dropped by name. */
static mc_status drop(mc_lowering *to, const hashing *h, mc_sym *y, mc_error *err)
{
    const mc_cell *dropped = NULL;
    uint32_t *at = NULL;
    size_t n_dropped = 0, n = 0;
    MC_TRY(mc_category_dropped(to, h->est, &dropped, &n_dropped, err));
    if (n_dropped == 0)
        return MC_OK;
    MC_TRY(mc_arena_new(to->arena, uint32_t, y->n_cols, &at, err));
    for (size_t i = 0; i < y->n_cols; i++) {
        char text[32];
        const int size = snprintf(text, sizeof text, "col_%zu", i);
        const mc_cell bucket = {.kind = MC_CELL_STRING, .size = (uint32_t)size, .as.text = text};
        const mc_cell *name = i < h->n_buckets ? &bucket : &h->inputs[h->passing[i - h->n_buckets]];
        if (!mc_category_is_among(dropped, n_dropped, name))
            at[n++] = (uint32_t)i;
    }
    return n > 0 ? mc_emit_columns(to, y, at, n, y, err)
                 : mc_refuse(err, h->est, "no column comes out");
}

mc_status mc_shape_category_hashing(mc_lowering *to, const mc_value *est, mc_shape *out,
                                    mc_error *err)
{
    return mc_attr_has(est, "feature_names_in_")
               ? mc_shape_category(to, est, out, err)
               : mc_refuse(err, est, "feature_names_in_: it is not there, as in 2.6.0");
}

mc_status mc_lower_category_hashing(mc_lowering *to, const mc_value *est, mc_method method,
                                    const mc_sym *x, mc_answer *out, mc_error *err)
{
    hashing h;
    mc_sym y = *x;
    const mc_cell *names = NULL;
    size_t n_names = 0;
    if (method != MC_METHOD_TRANSFORM)
        return mc_no_method(err, est, method);
    MC_TRY(read_hashing(to, est, x->n_cols, &h, err));
    if (h.n_hashed > 0)
        MC_TRY(emit_hashing(to, &h, x, &y, err));
    else
        h.n_buckets = 0;
    MC_TRY(drop(to, &h, &y, err));
    MC_TRY(mc_category_cells(to, est, "feature_names_out_", &names, &n_names, err));
    if (n_names != y.n_cols)
        return mc_refuse(err, est, "feature_names_out_: %zu names for %zu columns", n_names,
                         y.n_cols);
    return mc_answer_matrix(to, y, out, err);
}

/* -------------------------------------------------------------------------------- wrappers ---- */

static mc_status inner_shape(mc_lowering *to, const mc_value *est, const mc_value *inner,
                             mc_shape *out, mc_error *err)
{
    if (!mc_value_is(inner, MC_KIND_OBJECT) || !mc_shape_of(to, inner, out))
        return mc_refuse(err, est, "feature_encoder: it is none that is fitted and known");
    return MC_OK;
}

/* It answers new rows as the encoder that it fitted on all of training does. */
mc_status mc_shape_category_nested(mc_lowering *to, const mc_value *est, mc_shape *out,
                                   mc_error *err)
{
    return inner_shape(to, est, mc_value_attr(est, "feature_encoder"), out, err);
}

mc_status mc_lower_category_nested(mc_lowering *to, const mc_value *est, mc_method method,
                                   const mc_sym *x, mc_answer *out, mc_error *err)
{
    const mc_value *inner = NULL;
    if (method != MC_METHOD_TRANSFORM)
        return mc_no_method(err, est, method);
    MC_TRY(mc_attr_need(est, "feature_encoder", &inner, err));
    return mc_lower(to, inner, method, x, out, err);
}

/* The encoders of the labels but the first, in a dict: every second item is one. */
static mc_status encoders_of(const mc_value *est, mc_value *const **out, size_t *out_n,
                             mc_error *err)
{
    const mc_value *encoders = mc_value_attr(est, "feature_encoders");
    if (!mc_value_is(encoders, MC_KIND_DICT) || encoders->as.items.n < 2)
        return mc_refuse(err, est, "feature_encoders: expected one a label, found none");
    *out = encoders->as.items.at;
    *out_n = encoders->as.items.n / 2;
    return MC_OK;
}

mc_status mc_shape_category_polynomial(mc_lowering *to, const mc_value *est, mc_shape *out,
                                       mc_error *err)
{
    mc_value *const *items = NULL;
    size_t n = 0;
    MC_TRY(encoders_of(est, &items, &n, err));
    return inner_shape(to, est, items[1], out, err);
}

/* What one encoder answers, in two: the columns that it encodes, in the order of `cols`, and the
 * others, which are wanted of the last one. */
static mc_status split(mc_lowering *to, const mc_value *encoder, const mc_sym *x, mc_sym *encoded,
                       mc_sym *others, mc_error *err)
{
    const mc_cell *names = NULL, *cols = NULL;
    size_t n_names = 0, n_cols = 0, n_others = 0;
    uint32_t *at = NULL;
    mc_sym y;
    MC_TRY(mc_lower_one(to, encoder, MC_METHOD_TRANSFORM, x, &y, err));
    MC_TRY(mc_category_cells(to, encoder, "feature_names_out_", &names, &n_names, err));
    MC_TRY(mc_category_cells(to, encoder, "cols", &cols, &n_cols, err));
    if (n_names != y.n_cols || n_cols == 0)
        return mc_refuse(err, encoder, "feature_names_out_: %zu names for %zu columns", n_names,
                         y.n_cols);
    MC_TRY(mc_arena_new(to->arena, uint32_t, n_cols + n_names, &at, err));
    for (size_t j = 0; j < n_cols; j++) {
        size_t i = 0;
        while (i < n_names && mc_cell_compare(&names[i], &cols[j]) != 0)
            i++;
        if (i == n_names)
            return mc_refuse(err, encoder, "cols: column %zu does not come out by its name", j);
        at[j] = (uint32_t)i;
    }
    for (size_t i = 0; i < n_names; i++)
        if (!mc_category_is_among(cols, n_cols, &names[i]))
            at[n_cols + n_others++] = (uint32_t)i;
    *others = (mc_sym){0};
    if (n_others > 0)
        MC_TRY(mc_emit_columns(to, &y, at + n_cols, n_others, others, err));
    return mc_emit_columns(to, &y, at, n_cols, encoded, err);
}

mc_status mc_lower_category_polynomial(mc_lowering *to, const mc_value *est, mc_method method,
                                       const mc_sym *x, mc_answer *out, mc_error *err)
{
    mc_value *const *items = NULL;
    mc_sym *parts = NULL, y;
    size_t n = 0;
    if (method != MC_METHOD_TRANSFORM)
        return mc_no_method(err, est, method);
    MC_TRY(encoders_of(est, &items, &n, err));
    MC_TRY(mc_arena_new(to->arena, mc_sym, n + 1, &parts, err));
    for (size_t i = 0; i < n; i++)
        MC_TRY_IN(split(to, items[2 * i + 1], x, &parts[i + 1], &parts[0], err), err,
                  "feature_encoders[%zu]", i);
    const size_t first = parts[0].n_cols == 0 ? 1 : 0;
    MC_TRY(mc_emit_hstack(to, parts + first, n + 1 - first, false, &y, err));
    return mc_answer_matrix(to, y, out, err);
}
