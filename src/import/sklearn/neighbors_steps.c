/* neighbors_steps.c: the steps that ask training rows: the nearest, those within, all distances.
 *
 * Oracle   sklearn/neighbors/_base.py KNeighborsMixin, RadiusNeighborsMixin, scikit-learn 1.2 to
 *          1.9: which of ArgKmin, pairwise_distances or a tree answers decides how distances round
 *          and in what order equal ones come. */
#include "base/size.h"
#include "import/sklearn/emit.h"
#include "import/sklearn/kernel_rows.h"
#include "import/sklearn/neighbors_fit.h"
#include "kernel/linear.h"

/* Notes are kept by buffer, under the address of this. */
static const mc_value GRAPHS = {.kind = MC_KIND_NONE};

mc_status mc_near_note_graph(mc_lowering *to, const mc_sym *graph, const mc_sym *lists,
                             bool in_order, mc_error *err)
{
    const uint32_t ids[4] = {lists->buffer, mc_u32_from_size(lists->n_cols), in_order};
    return mc_memo_add(to, &GRAPHS, graph->buffer, ids, err);
}

static bool lists_of_graph(const mc_lowering *to, const mc_sym *graph, bool in_order, mc_sym *out)
{
    uint32_t ids[4];
    if (graph->kind != MC_SYM_NUMBERS || !mc_memo_find(to, &GRAPHS, graph->buffer, ids))
        return false;
    *out = (mc_sym){.kind = MC_SYM_NUMBERS, .buffer = ids[0], .n_cols = ids[1]};
    return ids[2] != 0 || !in_order;
}

mc_status mc_near_stored(mc_lowering *to, const mc_sym *x, mc_sym *out, bool *is_graph,
                         mc_error *err)
{
    mc_step step = MC_STEP_INIT(NEAR_SPREAD);
    mc_sym lists;
    *is_graph = lists_of_graph(to, x, false, &lists);
    if (!*is_graph)
        return MC_OK;
    step.src = lists.buffer;
    step.flags = MC_STEP_AS_DISTANCES | MC_STEP_ELSE_NAN;
    *out = *x;
    return mc_build_step(to->b, step, x->n_cols, &out->buffer, err);
}

/* What check_rows() asks of training rows, of the rows asked: refused where they run. */
static mc_status emit_check_rows(mc_lowering *to, const mc_near_metric *metric, mc_sym *x,
                                 mc_error *err)
{
    mc_sym both[2] = {*x};
    if (metric->id == MC_METRIC_CALLED_COSINE) {
        MC_TRY(mc_emit_row_dot(to, x, x, &both[1], err));
        MC_TRY(mc_emit_check_least(to, &both[1], 0.0, true, &both[1], err));
        MC_TRY(mc_emit_hstack(to, both, 2, false, x, err)); /* what nobody reads is not run */
        return mc_emit_first_columns(to, both[0].n_cols, x, err);
    }
    return metric->of_truths ? mc_emit_check_truths(to, x, x, err) : MC_OK;
}

mc_status mc_near_input(mc_lowering *to, mc_near_fit *fit, const mc_sym *x, mc_sym *out,
                        mc_error *err)
{
    const size_t width = fit->way == MC_NEAR_GIVEN ? fit->n : fit->d;
    if (x->n_cols != width)
        return mc_refuse(err, fit->est, "fitted on %zu columns, and given %zu", width, x->n_cols);
    if (fit->way == MC_NEAR_GIVEN && x->sparse && lists_of_graph(to, x, true, out)) {
        fit->in_graph = true;
        return MC_OK;
    }
    if (fit->way == MC_NEAR_GIVEN && x->sparse) /* what a graph does not hold is far, not at 0 */
        return mc_refuse(err, fit->est, "metric: precomputed distances in a sparse graph");
    unsigned allowed = fit->allows_nan ? MC_OR_NAN : MC_FINITE;
    if (fit->way == MC_NEAR_GIVEN && x->sparse_as_input)
        allowed |= MC_STEP_DENSE_ROWS;
    MC_TRY(mc_emit_check(to, x, allowed, out, err));
    MC_TRY(emit_check_rows(to, &fit->metric, out, err));
    if (fit->metric.unit_rows)
        MC_TRY(mc_emit_normalize(to, out, MC_NORM_L2, out, err));
    fit->as_input = out->type_as_input != 0 && !fit->is_tree;
    out->sparse = out->sparse_as_input = false;
    out->type_as_input = 0;
    out->type = MC_VALUE_FLOAT;
    return MC_OK;
}

static mc_status number_step(mc_lowering *to, mc_step step, const mc_sym *x, size_t width,
                             mc_sym *out, mc_error *err)
{
    uint32_t buffer = 0;
    step.src = x->buffer;
    MC_TRY(mc_build_step(to->b, step, width, &buffer, err));
    *out = (mc_sym){.kind = MC_SYM_NUMBERS, .buffer = buffer, .n_cols = width};
    return MC_OK;
}

/* A step that asks the training rows. */
static mc_step asking(const mc_near_fit *fit, mc_op op)
{
    mc_step step = MC_STEP_INIT(NEAREST);
    step.op = (uint16_t)op;
    step.flags = (uint16_t)((fit->version >= 109 ? MC_STEP_INTROSORT : 0) |
                            (fit->version < 101 ? MC_STEP_ADMITS_EQUAL : 0) |
                            (fit->as_input ? MC_STEP_MEASURES_WHOLE : 0));
    step.n[0] = fit->metric.id;
    step.value[0] = fit->metric.p;
    for (size_t i = 0; i < 6; i++)
        step.array[i] = fit->array[i];
    return step;
}

/* Distances (n_rows, fit->n), where they are computed before they are looked at. */
static mc_status measured(mc_lowering *to, const mc_near_fit *fit, const mc_sym *x, mc_sym *out,
                          mc_error *err)
{
    if (fit->way == MC_NEAR_GIVEN) {
        *out = *x;
        return MC_OK;
    }
    mc_step step = asking(fit, MC_OP_DISTANCES);
    step.flags = 0;
    return number_step(to, step, x, fit->n, out, err);
}

static mc_status list_width(const mc_near_fit *fit, size_t room, size_t *out, mc_error *err)
{
    if (!mc_mul_size(room, 2, out) || !mc_add_size(*out, 1, out) || *out > MC_LIMIT_WIDTH)
        return mc_fail(err, MC_E_LIMIT, MC_NO_OFFSET, "lists of %zu neighbours of %zu rows", room,
                       fit->n);
    return MC_OK;
}

mc_status mc_emit_nearest(mc_lowering *to, const mc_near_fit *fit, const mc_sym *x, int64_t k,
                          mc_sym *out, mc_error *err)
{
    mc_sym distances;
    size_t width = 0;
    if (k < 1 || (uint64_t)k > fit->n)
        return mc_refuse(err, fit->est, "n_neighbors: %lld of %zu training rows", (long long)k,
                         fit->n);
    mc_step step = asking(fit, MC_OP_NEAREST);
    step.n[1] = (uint32_t)k;
    if (fit->way == MC_NEAR_SEARCHED) {
        MC_TRY(list_width(fit, (size_t)k * (fit->is_tree ? 1 : 2), &width, err));
        return number_step(to, step, x, width, out, err);
    }
    MC_TRY(list_width(fit, (size_t)k, &width, err));
    if (fit->in_graph) {
        mc_step first = MC_STEP_INIT(NEAR_FIRST);
        first.n[1] = (uint32_t)k;
        if (width > x->n_cols)
            return mc_refuse(err, fit->est, "n_neighbors: %lld, more than its graph holds",
                             (long long)k);
        return number_step(to, first, x, width, out, err);
    }
    MC_TRY(measured(to, fit, x, &distances, err));
    mc_step of = MC_STEP_INIT(NEAREST_OF);
    of.n[1] = (uint32_t)k;
    return number_step(to, of, &distances, width, out, err);
}

mc_status mc_emit_within(mc_lowering *to, const mc_near_fit *fit, const mc_sym *x, double radius,
                         mc_sym *out, mc_error *err)
{
    mc_sym distances;
    size_t width = 0;
    if (fit->in_graph)
        return mc_refuse(err, fit->est, "radius: of precomputed distances in a sparse graph");
    MC_TRY(list_width(fit, fit->n, &width, err));
    mc_step step = asking(fit, MC_OP_WITHIN);
    step.value[1] = radius;
    if (fit->way == MC_NEAR_SEARCHED)
        return number_step(to, step, x, width, out, err);
    MC_TRY(measured(to, fit, x, &distances, err));
    mc_step of = MC_STEP_INIT(WITHIN_OF);
    of.value[1] = radius;
    return number_step(to, of, &distances, width, out, err);
}

mc_status mc_emit_distances(mc_lowering *to, const mc_near_metric *metric, const mc_sym *x,
                            const double *at, size_t n, mc_sym *out, mc_error *err)
{
    mc_near_fit fit = {.metric = *metric, .n = n, .d = x->n_cols};
    mc_sym y = *x;
    MC_TRY(mc_near_build_rows(to, metric, at, n, x->n_cols, fit.array, err));
    if (metric->unit_rows)
        MC_TRY(mc_emit_normalize(to, x, MC_NORM_L2, &y, err));
    return measured(to, &fit, &y, out, err);
}

mc_status mc_emit_slice(mc_lowering *to, const mc_sym *x, size_t first, size_t n, mc_sym *out,
                        mc_error *err)
{
    uint32_t *at = NULL;
    MC_TRY(mc_arena_new(to->arena, uint32_t, n, &at, err));
    for (size_t i = 0; i < n; i++)
        at[i] = mc_u32_from_size(first + i);
    return mc_emit_columns(to, x, at, n, out, err);
}
