/* image_cases.c: small programs, written down with the builder. */
#include "image_cases.h"

#include <math.h>
#include <string.h>

#include "image/encoder.h"
#include "image_cases_cluster.h"
#include "image_cases_decompose.h"
#include "image_cases_features.h"
#include "image_cases_kernels.h"
#include "image_cases_meta.h"
#include "image_cases_neighbors.h"
#include "image_cases_sparse.h"
#include "image_cases_text.h"
#include "kernel/linear.h"
#include "kernel/tree.h"
#include "kernel/unary.h"

void making_start(making *m)
{
    *m = (making){0};
    m->status = mc_builder_create(&m->b, &m->err);
}

void making_end(making *m)
{
    mc_builder_destroy(m->b);
    m->b = NULL;
}

uint32_t make_f64(making *m, size_t n_rows, size_t n_cols, const double *items)
{
    uint32_t out = 0;
    if (m->status == MC_OK)
        m->status = mc_build_f64(m->b, items, n_rows, n_cols, &out, &m->err);
    return out;
}

uint32_t make_u32(making *m, size_t n, const uint32_t *items)
{
    uint32_t out = 0;
    if (m->status == MC_OK)
        m->status = mc_build_u32(m->b, items, n, &out, &m->err);
    return out;
}

uint32_t make_array(making *m, mc_array_type type, const void *items, size_t n_rows, size_t n_cols)
{
    uint32_t out = 0;
    if (m->status == MC_OK)
        m->status = mc_build_array(m->b, type, items, n_rows, n_cols, &out, &m->err);
    return out;
}

uint32_t make_cells(making *m, size_t n, const mc_cell *cells)
{
    uint32_t out = 0;
    if (m->status == MC_OK)
        m->status = mc_build_cells(m->b, cells, n, &out, &m->err);
    return out;
}

uint32_t make_gather(making *m, size_t n, const uint32_t *columns, bool as_cells)
{
    uint32_t out = 0;
    if (m->status == MC_OK)
        m->status = mc_build_gather(m->b, columns, n, as_cells, &out, &m->err);
    return out;
}

uint32_t make_step(making *m, mc_step step, size_t width)
{
    uint32_t out = 0;
    if (m->status == MC_OK)
        m->status = mc_build_step(m->b, step, width, &out, &m->err);
    return out;
}

mc_step step_of(mc_op op)
{
    mc_step step = MC_STEP_INIT(GATHER);
    step.op = (uint16_t)op;
    return step;
}

uint32_t make_simple(making *m, mc_op op, uint32_t src, uint32_t array, size_t width)
{
    mc_step step = step_of(op);
    step.src = src;
    step.array[0] = array;
    return make_step(m, step, width);
}

void make_method(making *m, mc_method method, const mc_build_part *parts, size_t n)
{
    if (m->status == MC_OK)
        m->status = mc_build_method(m->b, method, parts, n, n > 1, &m->err);
}

static mc_cell text(const char *string)
{
    return (mc_cell){.kind = MC_CELL_STRING, .size = (uint32_t)strlen(string), .as.text = string};
}

static mc_cell number(double value)
{
    return (mc_cell){.kind = MC_CELL_NUMBER, .as.number = value};
}

static mc_cell integer(int64_t value)
{
    return (mc_cell){.kind = MC_CELL_INTEGER, .as.integer = value};
}

static void start_schema(making *m, size_t n_columns, const mc_bytes *names)
{
    if (m->status == MC_OK)
        m->status = mc_build_columns(m->b, n_columns, names, false, &m->err);
    if (m->status == MC_OK)
        m->status =
            mc_build_identity(m->b, mc_bytes_of("Pipeline"), mc_bytes_of("1.9.1"), "test", &m->err);
}

static uint32_t make_classes(making *m, size_t n, const mc_cell *labels)
{
    uint32_t table = 0;
    if (m->status == MC_OK)
        m->status = mc_build_classes(m->b, labels, n, &table, &m->err);
    return table;
}

/* -------------------------------------------------------------------------- classifier ---- */

void make_classifier(making *m)
{
    const mc_bytes names[] = {mc_bytes_of("width"), mc_bytes_of("height"), mc_bytes_of("age")};
    const uint32_t columns[] = {0, 1, 2};
    const double mean[] = {1.0, 2.0, 3.0}, scale[] = {2.0, 0.5, 4.0};
    const double weights[] = {1.0, 0.0, -1.0, 0.5, 0.5, 0.5, -1.0, 2.0, 0.25};
    const double bias[] = {0.0, 0.25, -0.25};
    const mc_cell labels[] = {text("blue"), text("green"), text("red")};

    start_schema(m, 3, names);
    const uint32_t x = make_gather(m, 3, columns, false);
    const uint32_t centered = make_simple(m, MC_OP_SUBTRACT, x, make_f64(m, 1, 3, mean), 3);
    const uint32_t scaled = make_simple(m, MC_OP_DIVIDE, centered, make_f64(m, 1, 3, scale), 3);
    mc_step linear = step_of(MC_OP_LINEAR);
    linear.src = scaled;
    linear.array[0] = make_f64(m, 3, 3, weights);
    linear.array[1] = make_f64(m, 1, 3, bias);
    const uint32_t scores = make_step(m, linear, 3);
    const uint32_t label = make_simple(m, MC_OP_ARGMAX, scores, MC_NONE, 1);
    const uint32_t table = make_classes(m, 3, labels);
    make_method(
        m, MC_METHOD_PREDICT,
        &(mc_build_part){.buffer = label, .type = MC_VALUE_LABEL, .scalar = true, .table = table},
        1);
    make_method(m, MC_METHOD_DECISION_FUNCTION,
                &(mc_build_part){.buffer = scores, .type = MC_VALUE_FLOAT, .table = MC_NONE}, 1);
}

/* What inverse_transform of make_both_ways() is: the larger of two columns, as a label. */
static void make_way_back(making *m)
{
    const uint32_t columns[] = {0, 1};
    const mc_cell labels[] = {text("left"), text("right")};
    start_schema(m, 2, NULL);
    const uint32_t x = make_gather(m, 2, columns, false);
    const uint32_t label = make_simple(m, MC_OP_ARGMAX, x, MC_NONE, 1);
    const uint32_t table = make_classes(m, 2, labels);
    make_method(
        m, MC_METHOD_INVERSE_TRANSFORM,
        &(mc_build_part){.buffer = label, .type = MC_VALUE_LABEL, .scalar = true, .table = table},
        1);
}

void make_both_ways(making *m)
{
    making back = {0};
    make_classifier(m);
    if (m->status != MC_OK)
        return;
    m->status = mc_builder_create_back(m->b, &back.b, &m->err);
    if (m->status != MC_OK)
        return;
    make_way_back(&back);
    m->status = back.status == MC_OK ? mc_build_back(back.b, &m->err) : back.status;
    making_end(&back);
}

/* -------------------------------------------------------------------------- everything ---- */

/* The groups whose steps have files of their own: each adds its results. */
static make_group_fn *const GROUPS[] = {
    make_group_decompose, make_group_features, make_group_cluster,
    make_group_kernels,   make_group_sparse,   make_group_text,
    make_group_neighbors, make_group_meta,     NULL,
};

uint32_t keep(results *r, uint32_t buffer)
{
    MC_ASSERT(r->n < MC_COUNT_OF(r->at));
    return r->at[r->n++] = buffer;
}

static uint32_t stack(making *m, mc_op op, size_t n, const uint32_t *buffers)
{
    size_t width = 0;
    for (size_t i = 0; i < n; i++)
        width += mc_build_width(m->b, buffers[i]);
    return make_simple(m, op, MC_NONE, make_u32(m, n, buffers), width);
}

/* (n_rows, 4) of finite numbers: what the arithmetic works on. */
static uint32_t make_columns(making *m, results *r, uint32_t *out_cells)
{
    const uint32_t all[] = {0, 1, 2, 3}, some[] = {3, 0}, cells[] = {4, 5}, last[] = {1};
    const double row[] = {0.5, -0.5};
    const uint32_t x = make_gather(m, 4, all, false);
    const uint32_t y = keep(r, make_gather(m, 2, some, false));
    const uint32_t z = make_gather(m, 2, cells, true);
    const uint32_t z1 = make_simple(m, MC_OP_SELECT_CELLS, z, make_u32(m, 1, last), 1);
    keep(r, make_simple(m, MC_OP_TO_NUMBERS, z1, MC_NONE, 1));
    mc_step to_cells = step_of(MC_OP_TO_CELLS);
    to_cells.src = y;
    to_cells.n[0] = MC_CELL_INTEGER;
    const uint32_t pair[] = {z, make_step(m, to_cells, 2)};
    const uint32_t beside = stack(m, MC_OP_HSTACK_CELLS, 2, pair), widths[] = {2, 2};
    *out_cells = make_simple(m, MC_OP_SETTLE, beside, make_u32(m, 2, widths), 4);

    mc_step finite = step_of(MC_OP_CHECK_FINITE);
    finite.src = x;
    finite.flags = MC_STEP_ALLOW_NAN;
    const uint32_t checked = make_step(m, finite, 4);
    finite.op = MC_OP_ROUND32;
    finite.src = checked;
    keep(r, make_step(m, finite, 4));
    keep(r, make_simple(m, MC_OP_SELECT, checked, make_u32(m, 2, some), 2));
    keep(r, make_simple(m, MC_OP_CONSTANT, MC_NONE, make_f64(m, 1, 2, row), 2));
    return checked;
}

static void make_arithmetic(making *m, results *r, uint32_t x)
{
    const double row[] = {1.5, -2.0, 0.25, 8.0}, weights[] = {0.5, 0.25};
    const double two[] = {0.5, 1.0, -1.0, 2.0, 0.125, -0.25, 1.0, 0.0};
    const uint32_t by = make_f64(m, 1, 4, row), to[] = {5, 0, 3, 1};
    const uint32_t a = keep(r, make_simple(m, MC_OP_SUBTRACT, x, by, 4));
    const uint32_t b = keep(r, make_simple(m, MC_OP_ADD, x, by, 4));
    keep(r, make_simple(m, MC_OP_MULTIPLY, a, by, 4));
    keep(r, make_simple(m, MC_OP_DIVIDE, b, by, 4));
    mc_step step = step_of(MC_OP_UNARY);
    step.src = x;
    step.value[0] = 2.0;
    step.value[1] = 4.0;
    for (step.n[0] = 0; step.n[0] < MC_N_UNARY; step.n[0]++)
        keep(r, make_step(m, step, 4));
    step = step_of(MC_OP_NORMALIZE);
    step.src = a;
    for (step.n[0] = MC_NORM_L1; step.n[0] <= MC_NORM_SIGNED_MAX; step.n[0]++)
        keep(r, make_step(m, step, 4));
    step.op = MC_OP_CUT;
    for (step.flags = 0; step.flags <= MC_STEP_CUT_AS_ROWS; step.flags++)
        keep(r, make_step(m, step, 4));
    step.flags = 0;
    step.op = MC_OP_ROW_SHARE;
    for (step.n[0] = 0; step.n[0] <= MC_ZERO_STAYS; step.n[0]++)
        keep(r, make_step(m, step, 4));
    keep(r, make_simple(m, MC_OP_SOFTMAX, b, MC_NONE, 4));
    step = step_of(MC_OP_LINEAR);
    step.src = a;
    step.array[0] = make_f64(m, 2, 4, two);
    step.array[1] = make_f64(m, 1, 2, weights);
    keep(r, make_step(m, step, 2));
    step.op = MC_OP_SPARSE_LINEAR;
    step.array[0] = step.array[1];
    step.array[1] = make_u32(m, 3, (const uint32_t[]){0, 2, 3});
    step.array[2] = make_u32(m, 3, (const uint32_t[]){1, 3, 0});
    step.array[3] = make_f64(m, 1, 3, two);
    keep(r, make_step(m, step, 2));
    step = step_of(MC_OP_ROW_DOT);
    step.src = a;
    step.src2 = b;
    keep(r, make_step(m, step, 1));
    step = step_of(MC_OP_SUM);
    step.array[0] = make_u32(m, 2, (const uint32_t[]){a, b});
    step.array[1] = make_f64(m, 1, 2, weights);
    step.value[0] = 3.0;
    keep(r, make_step(m, step, 4));
    step.op = MC_OP_LOG_ADD_EXP;
    step.array[1] = MC_NONE;
    keep(r, make_step(m, step, 4));
    keep(r, make_simple(m, MC_OP_SCATTER, a, make_u32(m, 4, to), 6));
}

static uint32_t make_labels(making *m, results *r, uint32_t x)
{
    const uint32_t map[] = {2, 0, 1, 2};
    const double values[] = {10.0, 20.0, 30.0};
    const uint32_t first = make_simple(m, MC_OP_ARGMAX, x, MC_NONE, 1);
    const uint32_t mapped = make_simple(m, MC_OP_MAP_LABEL, first, make_u32(m, 4, map), 1);
    mc_step above = step_of(MC_OP_ABOVE);
    above.src = x;
    above.flags = MC_STEP_OR_EQUAL;
    above.value[0] = 0.5;
    const uint32_t each = make_step(m, above, 4);
    keep(r, make_simple(m, MC_OP_ONE_HOT_LABEL, mapped, MC_NONE, 3));
    keep(r, make_simple(m, MC_OP_LABEL_VALUE, each, make_f64(m, 1, 3, values), 4));
    return mapped;
}

static void make_imputers(making *m, results *r, uint32_t x)
{
    const double fill[] = {-1.0, -2.0, -3.0, -4.0};
    const uint32_t columns[] = {1, 3}, both[] = {4, 5}, one[] = {0};
    const mc_cell cells[] = {text("filled"), integer(7)}, marker[] = {text("red")};
    const uint32_t z = make_gather(m, 2, both, true);
    mc_step step = step_of(MC_OP_FILL_MISSING);
    step.src = x;
    step.flags = MC_STEP_MISSING_NAN;
    step.array[0] = make_f64(m, 1, 4, fill);
    keep(r, make_step(m, step, 4));
    step.op = MC_OP_IS_MISSING;
    step.array[0] = make_u32(m, 2, columns);
    keep(r, make_step(m, step, 2));
    step = step_of(MC_OP_FILL_CELLS);
    step.src = z;
    step.array[0] = make_cells(m, 2, cells);
    step.array[1] = make_cells(m, 1, marker);
    const uint32_t filled = make_step(m, step, 2);
    step = step_of(MC_OP_CELLS_MISSING);
    step.src = filled;
    step.flags = MC_STEP_MISSING_NAN;
    step.array[0] = make_u32(m, 1, one);
    keep(r, make_step(m, step, 1));
}

static void make_encoders(making *m, results *r)
{
    const uint32_t both[] = {4, 5}, codes[] = {0, 1, 2, 0, 1, 2};
    const mc_cell categories[] = {integer(1),  number(2.5),
                                  text("red"), (mc_cell){.kind = MC_CELL_NONE},
                                  integer(0),  number(1.0)};
    const mc_encoder_column columns[] = {{0, 3, MC_UNKNOWN_CODED, 3, 0, 3},
                                         {3, 3, MC_UNKNOWN_CODED, 2, 3, 3}};
    const mc_encoder_column ordinal[] = {{0, 3, MC_UNKNOWN_CODED, 3, 0, 4},
                                         {3, 3, MC_UNKNOWN_CODED, 3, 4, 4}};
    const double values[] = {0.0, 1.0, 2.0, -1.0, 5.0, 6.0, 7.0, (double)NAN};
    mc_step step = step_of(MC_OP_ONE_HOT);
    step.src = make_gather(m, 2, both, true);
    step.array[0] = make_cells(m, 6, categories);
    step.array[1] = make_u32(m, 6, codes);
    step.array[2] = make_array(m, MC_ARRAY_U32, columns, 2, MC_ENCODER_FIELDS);
    keep(r, make_step(m, step, 6));
    step.op = MC_OP_CSR_ONE_HOT;
    keep(r, make_simple(m, MC_OP_CSR_TO_DENSE, make_step(m, step, 6), MC_NONE, 6));
    step.op = MC_OP_ORDINAL;
    step.array[2] = make_array(m, MC_ARRAY_U32, ordinal, 2, MC_ENCODER_FIELDS);
    step.array[3] = make_f64(m, 1, 8, values);
    keep(r, make_step(m, step, 2));
}

#define FEATURE_BITS 3u
/* Feature, where NaN goes, distance to the left child. */
#define NODE(feature, nan_left, distance) \
    ((feature) | (nan_left) << FEATURE_BITS | (distance) << (FEATURE_BITS + 1))

/* Paths through a tree of five nodes and one of a leaf; both ways of NaN. */
static void make_paths(making *m, results *r, mc_step step)
{
    static const uint32_t ROOTS[] = {0, 5}, NAMES[] = {0, 1, 2, 3, 4, 0}, STARTS[] = {0, 5, 6};
    step.array[1] = make_u32(m, 2, ROOTS);
    step.array[2] = make_u32(m, 3, STARTS);
    step.array[4] = make_u32(m, 6, NAMES);
    for (step.flags = 0; step.flags <= MC_STEP_NAN_RIGHT; step.flags++)
        keep(r, make_simple(m, MC_OP_CSR_TO_DENSE, make_step(m, step, 6), MC_NONE, 6));
}

static void make_trees(making *m, results *r, uint32_t x)
{
    const mc_tree_node nodes[] = {{{.threshold = 0.5f}, NODE(0u, 0u, 1u)},
                                  {{.leaf = 0}, 0},
                                  {{.threshold = 1.0f}, NODE(2u, 1u, 1u)},
                                  {{.leaf = 1}, 0},
                                  {{.leaf = 2}, 0},
                                  {{.leaf = 0}, 0}};
    const mc_wide_node wide[] = {
        {{.threshold = 0.5}, 1, 1u | MC_WIDE_NAN_LEFT}, {{.set = 0}, 3, 3u | MC_WIDE_CATEGORY},
        {{.threshold = 0.0}, 2, MC_WIDE_LEAF},          {{.threshold = 0.0}, 0, MC_WIDE_LEAF},
        {{.threshold = 0.0}, 1, MC_WIDE_LEAF},          {{.threshold = 0.0}, 0, MC_WIDE_LEAF}};
    const mc_category_set sets[] = {{.left = {5}, .known = {7}}};
    const uint32_t roots[] = {0, 2}, wide_roots[] = {1, 0}, names[] = {0, 1, 2, 3, 4};
    const double values[] = {0.25, 0.75, 0.5, 0.5, 1.0, 0.0}, start[] = {0.125, -0.125};
    mc_step step = step_of(MC_OP_NARROW);
    step.src = x;
    step.flags = MC_STEP_ALLOW_NAN;
    const uint32_t narrow = make_step(m, step, 4);
    step = step_of(MC_OP_FOREST);
    step.src = narrow;
    step.n[0] = FEATURE_BITS;
    step.value[0] = 2.0;
    step.array[0] = make_array(m, MC_ARRAY_NODE, nodes, 5, 1);
    step.array[1] = make_u32(m, 2, roots);
    step.array[2] = make_f64(m, 3, 2, values);
    step.array[3] = make_f64(m, 1, 2, start);
    const uint32_t forest = keep(r, make_step(m, step, 2));
    step.op = MC_OP_FOREST_APPLY;
    step.array[2] = step.array[3] = MC_NONE;
    step.array[4] = make_u32(m, 5, names);
    keep(r, make_step(m, step, 2));
    step.op = MC_OP_FOREST_PATH;
    step.array[0] = make_array(m, MC_ARRAY_NODE, nodes, 6, 1);
    make_paths(m, r, step);

    const double thresholds[] = {0.5, -1.0, 0.25, 2.0};
    const uint32_t starts[] = {0, 1, 1, 4, 4};
    step = step_of(MC_OP_RANKS);
    step.src = x;
    step.array[0] = make_f64(m, 1, 4, thresholds);
    step.array[1] = make_u32(m, 5, starts);
    const uint32_t ranks = make_step(m, step, 4);
    step = step_of(MC_OP_FOREST);
    step.src = ranks;
    step.flags = MC_STEP_FLOAT32;
    step.n[0] = FEATURE_BITS;
    step.value[0] = 1.0;
    step.array[0] = make_array(m, MC_ARRAY_NODE, nodes, 5, 1);
    step.array[1] = make_u32(m, 2, roots);
    step.array[2] = make_f64(m, 3, 2, values);
    keep(r, make_step(m, step, 2));

    step = step_of(MC_OP_WIDE_FOREST);
    step.src = x;
    step.src2 = forest;
    step.value[0] = 1.0;
    step.array[0] = make_array(m, MC_ARRAY_WIDE_NODE, wide, 5, 1);
    step.array[1] = make_u32(m, 2, wide_roots);
    step.array[2] = make_f64(m, 3, 2, values);
    step.array[4] = make_array(m, MC_ARRAY_U32, sets, 1, sizeof sets / 4);
    keep(r, make_step(m, step, 2));
    step.op = MC_OP_WIDE_APPLY;
    step.src2 = step.array[2] = MC_NONE;
    step.array[5] = step.array[4];
    step.array[4] = make_u32(m, 5, names);
    keep(r, make_step(m, step, 2));
    step.op = MC_OP_WIDE_PATH;
    step.array[0] = make_array(m, MC_ARRAY_WIDE_NODE, wide, 6, 1);
    make_paths(m, r, step);
}

void make_everything(making *m)
{
    const mc_cell labels[] = {integer(10), integer(20), text("thirty")};
    results r = {.n = 0};
    uint32_t cells = 0;
    start_schema(m, EVERYTHING_COLUMNS, NULL);
    const uint32_t x = make_columns(m, &r, &cells);
    make_arithmetic(m, &r, x);
    const uint32_t label = make_labels(m, &r, x);
    make_imputers(m, &r, x);
    make_encoders(m, &r);
    make_trees(m, &r, x);
    for (size_t i = 0; i < MC_COUNT_OF(GROUPS); i++)
        if (GROUPS[i] != NULL)
            GROUPS[i](m, &r, x);
    const uint32_t all = m->status == MC_OK ? stack(m, MC_OP_HSTACK, r.n, r.at) : 0;
    const uint32_t table = make_classes(m, 3, labels);
    const mc_build_part parts[] = {
        {.buffer = all, .type = MC_VALUE_FLOAT, .table = MC_NONE},
        {.buffer = label, .type = MC_VALUE_LABEL, .scalar = true, .table = table, .name = "best"},
        {.buffer = cells, .type = MC_VALUE_CELL, .table = MC_NONE, .name = "cells"},
        {.buffer = 0, .type = MC_VALUE_INT, .table = MC_NONE, .name = "input"}};
    make_method(m, MC_METHOD_TRANSFORM, &parts[0], 1);
    make_method(m, MC_METHOD_PREDICT, &parts[1], 1);
    make_method(m, MC_METHOD_APPLY, &parts[2], 1);
    make_method(m, MC_METHOD_PREDICT_STD, parts, 4);
    make_no_patches(m);
    make_covariance(m, x);
}

mc_status image_make(make_image_fn *make, mc_image *out, mc_error *err)
{
    making m;
    making_start(&m);
    if (m.status == MC_OK)
        make(&m);
    if (m.status == MC_OK)
        m.status = mc_build_finish(m.b, MC_METHOD_PREDICT, out, &m.err);
    making_end(&m);
    if (m.status != MC_OK && err != NULL)
        *err = m.err;
    return m.status;
}
