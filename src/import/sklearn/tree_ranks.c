/* tree_ranks.c: count, sort, and look up thresholds, column by column. */
#include "import/sklearn/tree_ranks.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/ranks.h"

#define MOST_COLUMNS     4096u /* a search each, whether trees ask them or not */
#define COLUMNS_OF_TREES 4u    /* a walk through a tree costs as much as so many searches */

typedef struct rank_table {
    const double *thresholds; /* (starts[n_features]), those of a column ascend; arena */
    const uint32_t *starts;   /* (n_features + 1) */
} rank_table;

static bool ranks_pay(const mc_packing *packing, size_t n_features)
{
    const size_t n_trees = packing->roots.size / sizeof(uint32_t);
    return n_features <= MOST_COLUMNS && n_features / COLUMNS_OF_TREES <= n_trees;
}

static int by_value(const void *left, const void *right)
{
    const double a = *(const double *)left, b = *(const double *)right;
    return a < b ? -1 : a > b;
}

/* Sorts, and drops what is there twice; returns what is left. */
static uint32_t sort_unique(double *items, uint32_t n)
{
    uint32_t kept = 0;
    if (n > 0)
        qsort(items, n, sizeof *items, by_value);
    for (uint32_t i = 0; i < n; i++)
        if (kept == 0 || items[kept - 1] < items[i])
            items[kept++] = items[i];
    return kept;
}

static uint32_t place_of(const double *items, uint32_t n, double value)
{
    uint32_t first = 0;
    for (uint32_t left = n; left > 1; left -= left / 2)
        first += items[first + left / 2 - 1] < value ? left / 2 : 0;
    return first;
}

/* Does the node ask x <= threshold and nothing else? */
static bool is_plain(const mc_wide_node *node, size_t n_features)
{
    return (node->word & ~MC_WIDE_NAN_LEFT) < n_features && !isnan(node->as.threshold);
}

/* Behind starts[j], how many nodes ask column j. False if a node is not plain. */
static bool count_nodes(const mc_wide_node *nodes, size_t n, size_t n_features, uint32_t *starts)
{
    for (size_t i = 0; i < n; i++) {
        if (nodes[i].word == MC_WIDE_LEAF)
            continue;
        if (!is_plain(&nodes[i], n_features))
            return false;
        starts[(nodes[i].word & MC_WIDE_FEATURE) + 1]++;
    }
    return true;
}

/* starts: counts, shifted by one -> where each column begins, unique thresholds side by side. */
static mc_status gather(const mc_wide_node *nodes, size_t n, size_t n_features, mc_arena *arena,
                        uint32_t *starts, double **out, mc_error *err)
{
    uint32_t *filled = NULL, end = 0;
    for (size_t j = 0; j < n_features; j++)
        starts[j + 1] += starts[j];
    MC_TRY(mc_arena_new(arena, double, starts[n_features], out, err));
    MC_TRY(mc_arena_new(arena, uint32_t, n_features, &filled, err));
    for (size_t i = 0; i < n; i++) {
        const uint32_t column = nodes[i].word & MC_WIDE_FEATURE;
        if (nodes[i].word != MC_WIDE_LEAF)
            (*out)[starts[column] + filled[column]++] = nodes[i].as.threshold;
    }
    for (size_t j = 0; j < n_features; j++) {
        const uint32_t first = starts[j], kept = sort_unique(*out + first, filled[j]);
        starts[j] = end;
        memmove(*out + end, *out + first, kept * sizeof(double));
        end += kept;
    }
    starts[n_features] = end;
    return MC_OK;
}

/* A packing whose thresholds are their ranks, in the place of mc_pack_narrow()'s wide one. */
static mc_status pack_by_rank(const mc_packing *packing, const rank_table *among, uint32_t bits,
                              mc_arena *arena, mc_tree_node **out, mc_error *err)
{
    const mc_wide_node *nodes = (const mc_wide_node *)(const void *)packing->nodes.data;
    const size_t n = mc_packing_n_nodes(packing);
    mc_tree_node *narrow = NULL;
    MC_TRY(mc_arena_new_raw(arena, mc_tree_node, n, &narrow, err));
    if (!mc_pack_narrow(packing, bits, narrow))
        return MC_OK;
    for (size_t i = 0; i < n; i++) {
        if (nodes[i].word == MC_WIDE_LEAF)
            continue;
        const uint32_t *at = &among->starts[nodes[i].word & MC_WIDE_FEATURE];
        narrow[i].as.threshold =
            (float)place_of(among->thresholds + at[0], at[1] - at[0], nodes[i].as.threshold);
    }
    *out = narrow;
    return MC_OK;
}

mc_status mc_place_ranked(mc_lowering *to, const mc_packing *packing, size_t n_features,
                          mc_tree_node **nodes, mc_rank_arrays *out, mc_error *err)
{
    const mc_wide_node *wide = (const mc_wide_node *)(const void *)packing->nodes.data;
    const size_t n = mc_packing_n_nodes(packing);
    uint32_t *starts = NULL;
    double *thresholds = NULL;
    *nodes = NULL;
    *out = MC_NO_RANKS;
    if (n >= MC_RANKS_MOST || !ranks_pay(packing, n_features))
        return MC_OK;
    MC_TRY(mc_arena_new(to->arena, uint32_t, n_features + 1, &starts, err));
    if (!count_nodes(wide, n, n_features, starts))
        return MC_OK;
    MC_TRY(gather(wide, n, n_features, to->arena, starts, &thresholds, err));
    const rank_table among = {thresholds, starts};
    MC_TRY(pack_by_rank(packing, &among, mc_pack_feature_bits(n_features), to->arena, nodes, err));
    if (*nodes == NULL || starts[n_features] == 0) {
        *nodes = NULL;
        return MC_OK;
    }
    MC_TRY(mc_build_f64(to->b, thresholds, 1, starts[n_features], &out->thresholds, err));
    return mc_build_u32(to->b, starts, n_features + 1, &out->starts, err);
}

mc_status mc_emit_ranks(mc_lowering *to, const mc_rank_arrays *ranks, uint32_t x, size_t n_cols,
                        uint32_t *out, mc_error *err)
{
    mc_step step = MC_STEP_INIT(RANKS);
    step.src = x;
    step.array[0] = ranks->thresholds;
    step.array[1] = ranks->starts;
    return mc_build_step(to->b, step, n_cols, out, err);
}
