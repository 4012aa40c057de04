/* boost.c: trees of boosting libraries -> one step. */
#include "import/boost/boost.h"

#include "import/sklearn/emit.h"
#include "import/sklearn/tree_ranks.h"

void mc_boost_init(mc_boost *boost, const mc_lowering *to, size_t n_features, size_t n_values)
{
    *boost = (mc_boost){.n_features = n_features};
    mc_packing_init(&boost->packing, n_values, false);
    mc_arena_init(&boost->scratch, to->arena->limit, to->arena->name);
}

void mc_boost_fini(mc_boost *boost)
{
    mc_packing_fini(&boost->packing);
    mc_vec_fini(&boost->columns);
    mc_vec_fini(&boost->sets);
    mc_vec_fini(&boost->first_term);
    mc_vec_fini(&boost->features);
    mc_vec_fini(&boost->coefs);
    mc_arena_fini(&boost->scratch);
}

mc_status mc_boost_add_set(mc_boost *boost, const uint32_t *set, size_t n_words, uint64_t *out,
                           mc_error *err)
{
    const size_t first = boost->sets.size / sizeof *set;
    if (first + n_words > UINT32_MAX)
        return mc_fail(err, MC_E_LIMIT, MC_NO_OFFSET, "too many categories");
    *out = (uint64_t)n_words << 32 | first;
    return mc_vec_append(&boost->sets, set, n_words * sizeof *set, err);
}

mc_status mc_boost_add_tree(mc_boost *boost, const mc_loose_node *nodes, size_t n, uint32_t column,
                            mc_error *err)
{
    for (size_t i = 0; i < n; i++) {
        if (nodes[i].left != MC_LOOSE_LEAF &&
            ((nodes[i].word & MC_BOOST_FEATURE) >= boost->n_features ||
             boost->n_features >= MC_BOOST_FEATURE))
            return mc_fail(err, MC_E_MALFORMED, MC_NO_OFFSET, "node %zu: feature %u of %zu", i,
                           nodes[i].word & MC_BOOST_FEATURE, boost->n_features);
    }
    MC_TRY(mc_vec_append(&boost->columns, &column, sizeof column, err));
    return mc_pack_tree(&boost->packing, nodes, n, &boost->scratch, err);
}

/* ----------------------------------------------------------------------------- BOOSTED ---- */

/* Root and column of each tree, side by side. */
static mc_status place_trees(mc_lowering *to, const mc_boost *boost, uint32_t *out, mc_error *err)
{
    const uint32_t *roots = (const uint32_t *)(const void *)boost->packing.roots.data;
    const uint32_t *columns = (const uint32_t *)(const void *)boost->columns.data;
    const size_t n = boost->columns.size / sizeof *columns;
    uint32_t *pairs = NULL;
    MC_TRY(mc_arena_new(to->arena, uint32_t, 2 * n, &pairs, err));
    for (size_t i = 0; i < n; i++) {
        pairs[2 * i] = roots[i];
        pairs[2 * i + 1] = columns[i];
    }
    return mc_build_array(to->b, MC_ARRAY_U32, pairs, n, 2, out, err);
}

/* The first term of each leaf and the end, then the features. */
static mc_status place_linear(mc_lowering *to, const mc_boost *boost, mc_step *step, mc_error *err)
{
    const size_t n_leaves = boost->first_term.size / sizeof(uint32_t);
    const size_t n_terms = boost->features.size / sizeof(uint32_t);
    uint32_t *items = NULL;
    MC_ASSERT(n_leaves == mc_packing_n_leaves(&boost->packing));
    MC_TRY(mc_arena_new(to->arena, uint32_t, n_leaves + 1 + n_terms, &items, err));
    for (size_t i = 0; i < n_leaves; i++)
        items[i] = ((const uint32_t *)(const void *)boost->first_term.data)[i];
    items[n_leaves] = (uint32_t)n_terms;
    for (size_t i = 0; i < n_terms; i++)
        items[n_leaves + 1 + i] = ((const uint32_t *)(const void *)boost->features.data)[i];
    MC_TRY(mc_build_u32(to->b, items, n_leaves + 1 + n_terms, &step->array[4], err));
    return mc_build_f64(to->b, (const double *)(const void *)boost->coefs.data, 1, n_terms,
                        &step->array[5], err);
}

static mc_status place_leaves(mc_lowering *to, const mc_boost *boost, mc_step *step, mc_error *err)
{
    return mc_build_f64(to->b, (const double *)(const void *)boost->packing.values.data,
                        mc_packing_n_leaves(&boost->packing), boost->packing.n_values,
                        &step->array[2], err);
}

static mc_status boosted_step(mc_lowering *to, const mc_boost *boost, const mc_boost_sums *sums,
                              mc_step *step, mc_error *err)
{
    mc_sym start;
    step->op = MC_OP_BOOSTED;
    MC_TRY(mc_build_array(to->b, MC_ARRAY_WIDE_NODE, boost->packing.nodes.data,
                          mc_packing_n_nodes(&boost->packing), 1, &step->array[0], err));
    MC_TRY(place_trees(to, boost, &step->array[1], err));
    MC_TRY(place_leaves(to, boost, step, err));
    if (boost->sets.size > 0)
        MC_TRY(mc_build_u32(to->b, (const uint32_t *)(const void *)boost->sets.data,
                            boost->sets.size / sizeof(uint32_t), &step->array[3], err));
    if (boost->has_linear)
        MC_TRY(place_linear(to, boost, step, err));
    if (sums->start == NULL)
        return MC_OK;
    MC_TRY(mc_emit_constant(to, sums->start, sums->width, &start, err));
    step->src2 = start.buffer;
    return MC_OK;
}

/* ------------------------------------------------------------------------------ FOREST ---- */

/* Does FOREST add each tree to the column that it belongs to? */
static bool columns_take_turns(const mc_boost *boost, size_t width)
{
    const uint32_t *columns = (const uint32_t *)(const void *)boost->columns.data;
    if (boost->has_linear || boost->packing.n_values != 1)
        return !boost->has_linear && boost->packing.n_values == width;
    for (size_t i = 0; i < boost->columns.size / sizeof *columns; i++)
        if (columns[i] != i % width)
            return false;
    return true;
}

/* Nodes that ask x <= threshold and where NaN goes, and nothing else. */
static bool nodes_are_plain(const mc_boost *boost)
{
    const mc_wide_node *nodes = (const mc_wide_node *)(const void *)boost->packing.nodes.data;
    for (size_t i = 0; i < mc_packing_n_nodes(&boost->packing); i++)
        if (nodes[i].word != MC_WIDE_LEAF &&
            (nodes[i].word & ~MC_WIDE_NAN_LEFT) >= boost->n_features)
            return false;
    return true;
}

/* x as the narrow nodes compare it. *nodes is NULL where they cannot be had. */
static mc_status narrow_nodes(mc_lowering *to, const mc_boost *boost, const mc_boost_sums *sums,
                              const mc_sym *x, mc_tree_node **nodes, uint32_t *buffer,
                              mc_error *err)
{
    const size_t n = mc_packing_n_nodes(&boost->packing);
    const uint32_t bits = mc_pack_feature_bits(boost->n_features);
    mc_rank_arrays ranks;
    mc_step step = MC_STEP_INIT(NARROW);
    *nodes = NULL;
    if (!columns_take_turns(boost, sums->width) || !nodes_are_plain(boost))
        return MC_OK;
    if (!sums->from_float32) {
        MC_TRY(mc_place_ranked(to, &boost->packing, boost->n_features, nodes, &ranks, err));
        return *nodes == NULL ? MC_OK
                              : mc_emit_ranks(to, &ranks, x->buffer, x->n_cols, buffer, err);
    }
    MC_TRY(mc_arena_new_raw(to->arena, mc_tree_node, n, nodes, err));
    if (!mc_pack_narrow(&boost->packing, bits, *nodes)) {
        *nodes = NULL;
        return MC_OK;
    }
    step.src = x->buffer;
    step.flags = MC_OR_NAN | MC_OR_INFINITY;
    return mc_build_step(to->b, step, x->n_cols, buffer, err);
}

static mc_status forest_step(mc_lowering *to, const mc_boost *boost, const mc_boost_sums *sums,
                             const mc_tree_node *nodes, mc_step *step, mc_error *err)
{
    const mc_packing *packing = &boost->packing;
    step->op = MC_OP_FOREST;
    step->n[0] = mc_pack_feature_bits(boost->n_features);
    MC_TRY(mc_build_array(to->b, MC_ARRAY_NODE, nodes, mc_packing_n_nodes(packing), 1,
                          &step->array[0], err));
    MC_TRY(mc_build_u32(to->b, (const uint32_t *)(const void *)packing->roots.data,
                        packing->roots.size / sizeof(uint32_t), &step->array[1], err));
    MC_TRY(place_leaves(to, boost, step, err));
    return sums->start == NULL
               ? MC_OK
               : mc_build_f64(to->b, sums->start, 1, sums->width, &step->array[3], err);
}

mc_status mc_boost_emit(mc_lowering *to, const mc_boost *boost, const mc_boost_sums *sums,
                        const mc_sym *x, mc_sym *out, mc_error *err)
{
    mc_sym numbers;
    mc_tree_node *nodes = NULL;
    uint32_t buffer = 0;
    mc_step step = MC_STEP_INIT(BOOSTED);
    MC_TRY(mc_to_numbers(to, x, &numbers, err));
    step.src = numbers.buffer;
    step.flags = sums->is_float32 ? MC_STEP_FLOAT32 : 0;
    step.value[0] = sums->divisor;
    MC_TRY(narrow_nodes(to, boost, sums, &numbers, &nodes, &step.src, err));
    MC_TRY(nodes != NULL ? forest_step(to, boost, sums, nodes, &step, err)
                         : boosted_step(to, boost, sums, &step, err));
    MC_TRY(mc_build_step(to->b, step, sums->width, &buffer, err));
    *out = (mc_sym){.kind = MC_SYM_NUMBERS, .buffer = buffer, .n_cols = sums->width};
    return MC_OK;
}
