/* run_neighbors.c: steps that look for training rows, and the steps on the lists that they give.
 *
 * Oracle   stands with each kernel (kernel/neighbors.c, kernel/neighbor_sums.c).
 * Lists    A step that reads a list is checked against the step that wrote it: how many training
 *          rows its indices can name. */
#include <math.h>
#include <string.h>

#include "base/size.h"
#include "image/neighbor_steps.h"

/* ----------------------------------------------------------------------- training rows ---- */

static mc_narrow narrow_of(const mc_view *view, uint32_t array)
{
    return mc_view_is_narrow(view, array) ? mc_view_narrow(view, array) : (mc_narrow){0};
}

mc_status mc_training_of(const mc_run *run, const mc_step *step, mc_training *out, mc_error *err)
{
    const mc_view *view = run->view;
    const bool is_whole =
        (step->flags & MC_STEP_MEASURES_WHOLE) && (run->came_as_integers || run->came_as_truths);
    const bool is_tree = step->array[2] != MC_NONE;
    const double *last = mc_view_f64_or_null(view, step->array[5]);
    const size_t d = mc_run_width(run, step->src);
    const bool is_summed = is_whole && !is_tree && step->n[0] == MC_METRIC_BRAYCURTIS;
    *out = (mc_training){
        .metric = {.id = is_summed ? MC_METRIC_SUMMED_BRAYCURTIS : (mc_metric_id)step->n[0],
                   .d = d,
                   .p = step->value[0],
                   .by = mc_view_f64_or_null(view, step->array[1])},
        .rows = mc_view_f64(view, step->array[0]),
        .n = view->arrays[step->array[0]].n_rows,
        .norms = is_tree ? NULL : last,
        .order = is_tree ? mc_view_u32(view, step->array[2]) : NULL,
        .nodes = is_tree ? mc_view_u32(view, step->array[3]) : NULL,
        .bounds = is_tree ? mc_view_f64(view, step->array[4]) : NULL,
        .radii = is_tree ? last : NULL,
        .lower_first = is_whole && !is_tree,
        .n_nodes = is_tree ? view->arrays[step->array[3]].n_rows : 0,
        .sort = step->flags & MC_STEP_INTROSORT ? MC_NEAR_INTROSORT : MC_NEAR_QUICKSORT};
    out->narrow = narrow_of(view, step->array[0]);
    if (is_tree)
        out->narrow_bounds = narrow_of(view, step->array[4]);
    if (out->narrow.form == MC_NARROW_NOT && out->narrow_bounds.form == MC_NARROW_NOT)
        return MC_OK;
    if (out->narrow.form != MC_NARROW_NOT && out->norms != NULL) {
        out->by_norms = true; /* the array is empty */
        out->norms = NULL;
    }
    void *scratch = NULL;
    MC_TRY(mc_run_room(run, (mc_narrow_tile(d) + 2) * d * sizeof(double), &scratch, err));
    out->scratch = scratch;
    return MC_OK;
}

mc_status mc_check_metric(const mc_view *view, const mc_step *step, mc_error *err)
{
    const size_t d = mc_check_width(view, step->src);
    MC_TRY(mc_check_numbers(view, step, 0, SIZE_MAX, d, err));
    MC_TRY(mc_check_that(view, step, mc_n_training(view, step) > 0, "no training row", err));
    MC_TRY(mc_check_that(view, step, step->n[0] < MC_N_METRICS, "unknown metric", err));
    MC_TRY(mc_check_that(view, step, step->n[0] != MC_METRIC_HAVERSINE || d == 2,
                         "haversine of other than 2 columns", err));
    const mc_metric_needs needs = mc_metric_need((mc_metric_id)step->n[0]);
    if (needs == MC_NEEDS_MATRIX)
        return mc_check_array(view, step, 1, MC_ARRAY_F64, d, d, err);
    if (needs == MC_NEEDS_VECTOR || (needs == MC_NEEDS_MAYBE_VECTOR && step->array[1] != MC_NONE))
        return mc_check_array(view, step, 1, MC_ARRAY_F64, 1, d, err);
    return mc_check_that(view, step, step->array[1] == MC_NONE, "its metric takes no numbers", err);
}

/* Squared norms, which only the euclidean metrics know how to use. Those of narrow rows are summed
 * when they are read: their array is empty. */
static mc_status check_norms(const mc_view *view, const mc_step *step, mc_error *err)
{
    if (step->array[5] == MC_NONE)
        return MC_OK;
    MC_TRY(mc_check_that(view, step,
                         step->n[0] == MC_METRIC_EUCLIDEAN || step->n[0] == MC_METRIC_SQEUCLIDEAN,
                         "squared norms for another metric", err));
    const bool narrow = mc_view_is_narrow(view, step->array[0]);
    return mc_check_array(view, step, 5, MC_ARRAY_F64, 1, narrow ? 0 : mc_n_training(view, step),
                          err);
}

/* N1, N2 */
static mc_status check_nodes(const mc_view *view, const mc_step *step, mc_error *err)
{
    const size_t n = mc_n_training(view, step), n_nodes = mc_array_rows(view, step, 3);
    const uint32_t *nodes = mc_view_u32(view, step->array[3]);
    MC_TRY(mc_check_that(view, step, n_nodes > 0, "a tree without nodes", err));
    for (size_t i = 0; i < n_nodes; i++) {
        const uint32_t *node = nodes + i * MC_NODE_FIELDS;
        MC_TRY(mc_check_that(
            view, step, node[0] <= node[1] && node[1] <= n && (node[2] != 0 || 2 * i + 2 < n_nodes),
            "a node names rows or children that are not there", err));
    }
    return MC_OK;
}

mc_status mc_check_tree(const mc_view *view, const mc_step *step, bool is_ball, mc_error *err)
{
    const size_t d = mc_check_width(view, step->src), n = mc_n_training(view, step);
    MC_TRY(mc_check_array(view, step, 2, MC_ARRAY_U32, n, 1, err));
    MC_TRY(mc_check_below(view, step, 2, mc_u32_from_size(n), err));
    MC_TRY(mc_check_array(view, step, 3, MC_ARRAY_U32, SIZE_MAX, MC_NODE_FIELDS, err));
    MC_TRY(check_nodes(view, step, err));
    const size_t n_nodes = mc_array_rows(view, step, 3);
    return mc_check_numbers(view, step, 4, is_ball ? n_nodes : 2 * n_nodes, d, err);
}

/* Rows that lie in no tree: what belongs to one is not there either, for nothing would check it. */
static mc_status check_no_tree(const mc_view *view, const mc_step *step, mc_error *err)
{
    const bool has_none =
        step->array[2] == MC_NONE && step->array[3] == MC_NONE && step->array[4] == MC_NONE;
    MC_TRY(mc_check_that(view, step, has_none, "it walks no tree, and names a part of one", err));
    return check_norms(view, step, err);
}

static mc_status check_training(const mc_view *view, const mc_step *step, mc_error *err)
{
    MC_TRY(mc_check_metric(view, step, err));
    if (step->array[2] == MC_NONE)
        return check_no_tree(view, step, err);
    const bool is_ball = step->array[5] != MC_NONE;
    MC_TRY(mc_check_tree(view, step, is_ball, err));
    return is_ball
               ? mc_check_array(view, step, 5, MC_ARRAY_F64, 1, mc_array_rows(view, step, 3), err)
               : MC_OK;
}

/* --------------------------------------------------------------------- where lists are made ----
 */

/* A list has room for `least`, of `n` rows that indices can name. */
static mc_status check_room(const mc_view *view, const mc_step *step, size_t least, mc_error *err)
{
    const size_t width = mc_check_width(view, step->dst);
    return mc_check_that(view, step, width % 2 == 1 && mc_room_of(width) >= least,
                         "its lists have no room", err);
}

mc_status mc_run_nearest(const mc_run *run, const mc_step *step, mc_error *err)
{
    mc_training training;
    MC_TRY(mc_training_of(run, step, &training, err));
    mc_near_k(&training, mc_run_f64(run, step->src), run->n_rows, step->n[1],
              mc_room_of(mc_run_width(run, step->dst)), mc_run_dst(run, step));
    return MC_OK;
}

mc_status mc_check_nearest(const mc_view *view, const mc_step *step, mc_error *err)
{
    MC_TRY(check_training(view, step, err));
    const size_t k = step->n[1];
    MC_TRY(mc_check_that(view, step, k > 0 && k <= mc_n_training(view, step),
                         "more neighbours than training rows", err));
    return check_room(view, step, step->array[2] == MC_NONE ? 2 * k : k, err);
}

mc_status mc_run_within(const mc_run *run, const mc_step *step, mc_error *err)
{
    mc_training training;
    MC_TRY(mc_training_of(run, step, &training, err));
    mc_near_within(&training, mc_run_f64(run, step->src), run->n_rows, step->value[1],
                   mc_room_of(mc_run_width(run, step->dst)), mc_run_dst(run, step));
    return MC_OK;
}

/* The rows of a node are those of its children: no walk meets a row twice, so n have room. */
static mc_status check_parts(const mc_view *view, const mc_step *step, mc_error *err)
{
    const uint32_t *nodes = mc_view_u32(view, step->array[3]);
    for (size_t i = 0; i < mc_array_rows(view, step, 3); i++) {
        const uint32_t *node = nodes + i * MC_NODE_FIELDS;
        const uint32_t *left = node + (i + 1) * MC_NODE_FIELDS, *right = left + MC_NODE_FIELDS;
        MC_TRY(mc_check_that(view, step,
                             node[2] != 0 ||
                                 (left[0] == node[0] && left[1] == right[0] && right[1] == node[1]),
                             "children do not share the rows of their node", err));
    }
    return MC_OK;
}

mc_status mc_check_within(const mc_view *view, const mc_step *step, mc_error *err)
{
    MC_TRY(check_training(view, step, err));
    if (step->array[2] != MC_NONE)
        MC_TRY(check_parts(view, step, err));
    return check_room(view, step, mc_n_training(view, step), err);
}

mc_status mc_run_distances(const mc_run *run, const mc_step *step, mc_error *err)
{
    mc_training training;
    MC_TRY(mc_training_of(run, step, &training, err));
    mc_near_distances(&training, mc_run_f64(run, step->src), run->n_rows, mc_run_dst(run, step));
    return MC_OK;
}

mc_status mc_check_distances(const mc_view *view, const mc_step *step, mc_error *err)
{
    MC_TRY(mc_check_metric(view, step, err));
    MC_TRY(check_no_tree(view, step, err));
    return mc_check_that(view, step, mc_check_width(view, step->dst) == mc_n_training(view, step),
                         "not a column a training row", err);
}

mc_status mc_run_nearest_of(const mc_run *run, const mc_step *step, mc_error *err)
{
    (void)err;
    mc_near_k_of(mc_run_f64(run, step->src), run->n_rows, mc_run_width(run, step->src), step->n[1],
                 mc_room_of(mc_run_width(run, step->dst)), mc_run_dst(run, step));
    return MC_OK;
}

mc_status mc_check_nearest_of(const mc_view *view, const mc_step *step, mc_error *err)
{
    const size_t k = step->n[1];
    MC_TRY(mc_check_that(view, step, k > 0 && k <= mc_check_width(view, step->src),
                         "more neighbours than columns", err));
    return check_room(view, step, k, err);
}

mc_status mc_run_within_of(const mc_run *run, const mc_step *step, mc_error *err)
{
    (void)err;
    mc_near_within_of(mc_run_f64(run, step->src), run->n_rows, mc_run_width(run, step->src),
                      step->value[1], mc_room_of(mc_run_width(run, step->dst)),
                      mc_run_dst(run, step));
    return MC_OK;
}

mc_status mc_check_within_of(const mc_view *view, const mc_step *step, mc_error *err)
{
    return check_room(view, step, mc_check_width(view, step->src), err);
}

/* -------------------------------------------------------------------- where they are read ---- */

mc_near_lists mc_lists_of(const mc_run *run, const mc_step *step)
{
    return (mc_near_lists){mc_run_f64(run, step->src), run->n_rows,
                           mc_room_of(mc_run_width(run, step->src))};
}

/* Buffers 0 and 1 have no writer. */
mc_status mc_check_lists(const mc_view *view, const mc_step *step, size_t *out_n, mc_error *err)
{
    const uint32_t writer = view->buffers[step->src].writer;
    MC_TRY(mc_check_that(view, step, writer < view->n_steps, "its source holds no lists", err));
    const mc_step *from = &view->steps[writer];
    while (from->op == MC_OP_NEAR_FIRST ||
           from->op == MC_OP_NEAR_WEIGHED) /* of a list that was checked */
        from = &view->steps[view->buffers[from->src].writer];
    const bool by_rows = from->op == MC_OP_NEAREST || from->op == MC_OP_WITHIN;
    const bool by_columns = from->op == MC_OP_NEAREST_OF || from->op == MC_OP_WITHIN_OF;
    MC_TRY(mc_check_that(view, step, by_rows || by_columns, "its source holds no lists", err));
    *out_n = by_rows ? mc_n_training(view, from) : mc_check_width(view, from->src);
    return MC_OK;
}

mc_status mc_run_near_first(const mc_run *run, const mc_step *step, mc_error *err)
{
    const mc_near_lists lists = mc_lists_of(run, step);
    const size_t k = step->n[1], from = 1 + 2 * lists.room;
    double *out = mc_run_dst(run, step);
    for (size_t i = 0; i < run->n_rows; i++, out += 1 + 2 * k) {
        const double *list = lists.at + i * from;
        if (list[0] < (double)k) {
            return mc_fail(err, MC_E_BAD_INPUT, run->first_row + i,
                           "row %zu: its graph holds %.0f neighbours, expected %zu",
                           run->first_row + i, list[0], k);
        }
        out[0] = (double)k;
        memcpy(out + 1, list + 1, k * sizeof *out);
        memcpy(out + 1 + k, list + 1 + lists.room, k * sizeof *out);
    }
    return MC_OK;
}

mc_status mc_check_near_first(const mc_view *view, const mc_step *step, mc_error *err)
{
    size_t n = 0;
    const size_t k = step->n[1];
    MC_TRY(mc_check_lists(view, step, &n, err));
    MC_TRY(mc_check_that(view, step, k > 0 && k <= mc_room_of(mc_check_width(view, step->src)),
                         "more neighbours than the list has room for", err));
    return mc_check_that(view, step, mc_check_width(view, step->dst) == 1 + 2 * k,
                         "its lists are of another width", err);
}

mc_status mc_run_near_cells(const mc_run *run, const mc_step *step, mc_error *err)
{
    const mc_near_lists lists = mc_lists_of(run, step);
    const bool distances = (step->flags & MC_STEP_AS_DISTANCES) != 0;
    mc_cell *out = run->buffers[step->dst];
    for (size_t i = 0; i < run->n_rows; i++) {
        const double *list = lists.at + i * (1 + 2 * lists.room);
        const double *values = list + 1 + (distances ? 0 : lists.room);
        const size_t n = (size_t)list[0];
        mc_cell *items = NULL;
        MC_TRY(mc_run_items(run, n, &items, err));
        for (size_t j = 0; j < n; j++)
            items[j] = distances
                           ? (mc_cell){.kind = MC_CELL_NUMBER, .as.number = values[j]}
                           : (mc_cell){.kind = MC_CELL_INTEGER, .as.integer = (int64_t)values[j]};
        out[i] = (mc_cell){.kind = MC_CELL_LIST, .size = mc_u32_from_size(n), .as.items = items};
    }
    return MC_OK;
}

mc_status mc_check_near_cells(const mc_view *view, const mc_step *step, mc_error *err)
{
    size_t n = 0;
    MC_TRY(mc_check_lists(view, step, &n, err));
    return mc_check_that(view, step, mc_check_width(view, step->dst) == 1,
                         "it answers with more than one column", err);
}

static bool all_zero(const double *weights, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (weights[i] != 0.0)
            return false;
    return n > 0;
}

mc_status mc_run_near_weighed(const mc_run *run, const mc_step *step, mc_error *err)
{
    const mc_near_lists lists = mc_lists_of(run, step);
    const size_t room = lists.room, width = 1 + 2 * room;
    const double *weights = mc_run_f64(run, step->src2);
    double *out = mc_run_dst(run, step);
    for (size_t i = 0; i < run->n_rows; i++, weights += room, out += width) {
        const double *list = lists.at + i * width;
        if ((step->flags & MC_STEP_NOT_ALL_ZERO) && all_zero(weights, (size_t)list[0]))
            return mc_fail(err, MC_E_BAD_INPUT, run->first_row + i,
                           "row %zu: its neighbours all weigh 0", run->first_row + i);
        memcpy(out, list, width * sizeof *out);
        memcpy(out + 1, weights, room * sizeof *out);
    }
    return MC_OK;
}

mc_status mc_check_near_weighed(const mc_view *view, const mc_step *step, mc_error *err)
{
    size_t n = 0;
    MC_TRY(mc_check_lists(view, step, &n, err));
    MC_TRY(mc_check_same_width(view, step, err));
    return mc_check_that(
        view, step, mc_check_width(view, step->src2) == mc_room_of(mc_check_width(view, step->src)),
        "not a weight a neighbour", err);
}

mc_status mc_run_near_votes(const mc_run *run, const mc_step *step, mc_error *err)
{
    (void)err;
    const mc_near_lists lists = mc_lists_of(run, step);
    const bool small = run->view->arrays[step->array[0]].type == MC_ARRAY_U8;
    const mc_near_votes votes = {.codes = small ? NULL : mc_view_u32(run->view, step->array[0]),
                                 .small_codes =
                                     small ? mc_view_array(run->view, step->array[0]) : NULL,
                                 .empty = mc_view_f64_or_null(run->view, step->array[1]),
                                 .n_classes = mc_run_width(run, step->dst),
                                 .weights = (mc_near_weights)step->n[0],
                                 .sum = (mc_near_sum)step->n[1]};
    for (size_t i = 0; i < run->n_rows && votes.empty == NULL; i++) {
        if (lists.at[i * (1 + 2 * lists.room)] == 0.0) {
            return mc_fail(err, MC_E_BAD_INPUT, run->first_row + i,
                           "row %zu: no training row within the radius, and no outlier_label",
                           run->first_row + i);
        }
    }
    mc_near_vote(&lists, &votes, mc_run_dst(run, step));
    return MC_OK;
}

/* (n) classes below `width`: U32, or U8 in a quantized image. */
static mc_status check_codes(const mc_view *view, const mc_step *step, size_t n, size_t width,
                             mc_error *err)
{
    const uint32_t id = step->array[0];
    if (id >= view->n_arrays || view->arrays[id].type != MC_ARRAY_U8) {
        MC_TRY(mc_check_array(view, step, 0, MC_ARRAY_U32, n, 1, err));
        return mc_check_below(view, step, 0, mc_u32_from_size(width), err);
    }
    MC_TRY(mc_check_array(view, step, 0, MC_ARRAY_U8, n, 1, err));
    const uint8_t *codes = mc_view_array(view, id);
    uint8_t most = 0;
    for (size_t i = 0; i < n; i++)
        most = codes[i] > most ? codes[i] : most;
    return mc_check_that(view, step, n == 0 || most < width, "a class that is not there", err);
}

mc_status mc_check_near_votes(const mc_view *view, const mc_step *step, mc_error *err)
{
    const size_t width = mc_check_width(view, step->dst);
    size_t n = 0;
    MC_TRY(mc_check_lists(view, step, &n, err));
    MC_TRY(mc_check_that(view, step, step->n[0] < MC_N_WEIGHTS && step->n[1] < MC_N_SUMS,
                         "unknown weights", err));
    MC_TRY(check_codes(view, step, n, width, err));
    return step->array[1] == MC_NONE ? MC_OK
                                     : mc_check_array(view, step, 1, MC_ARRAY_F64, 1, width, err);
}

mc_status mc_run_near_mean(const mc_run *run, const mc_step *step, mc_error *err)
{
    (void)err;
    const mc_near_lists lists = mc_lists_of(run, step);
    const mc_narrow values = mc_view_narrow(run->view, step->array[0]);
    mc_near_mean(&lists, &values, mc_run_width(run, step->dst), (mc_near_weights)step->n[0],
                 mc_run_dst(run, step));
    return MC_OK;
}

mc_status mc_check_near_mean(const mc_view *view, const mc_step *step, mc_error *err)
{
    size_t n = 0;
    MC_TRY(mc_check_lists(view, step, &n, err));
    MC_TRY(mc_check_that(view, step, step->n[0] < MC_N_WEIGHTS, "unknown weights", err));
    return mc_check_numbers(view, step, 0, n, mc_check_width(view, step->dst), err);
}

mc_status mc_run_near_spread(const mc_run *run, const mc_step *step, mc_error *err)
{
    (void)err;
    const mc_near_lists lists = mc_lists_of(run, step);
    const double elsewhere = (step->flags & MC_STEP_ELSE_NAN) ? (double)NAN : 0.0;
    mc_near_spread(&lists, mc_run_width(run, step->dst), (step->flags & MC_STEP_AS_DISTANCES) != 0,
                   elsewhere, mc_run_dst(run, step));
    return MC_OK;
}

mc_status mc_check_near_spread(const mc_view *view, const mc_step *step, mc_error *err)
{
    size_t n = 0;
    MC_TRY(mc_check_lists(view, step, &n, err));
    return mc_check_that(view, step, mc_check_width(view, step->dst) == n,
                         "not a column a training row", err);
}

mc_status mc_run_near_outlier(const mc_run *run, const mc_step *step, mc_error *err)
{
    (void)err;
    const mc_near_lists lists = mc_lists_of(run, step);
    mc_near_outlier(&lists, mc_view_f64(run->view, step->array[0]),
                    mc_view_f64(run->view, step->array[1]), mc_run_dst(run, step));
    return MC_OK;
}

mc_status mc_check_near_outlier(const mc_view *view, const mc_step *step, mc_error *err)
{
    size_t n = 0;
    MC_TRY(mc_check_lists(view, step, &n, err));
    MC_TRY(mc_check_that(view, step, mc_check_width(view, step->dst) == 1, "it gives one column",
                         err));
    MC_TRY(mc_check_array(view, step, 0, MC_ARRAY_F64, 1, n, err));
    return mc_check_array(view, step, 1, MC_ARRAY_F64, 1, n, err);
}

mc_status mc_run_near_path(const mc_run *run, const mc_step *step, mc_error *err)
{
    const mc_near_lists lists = mc_lists_of(run, step);
    const mc_narrow path = mc_view_narrow(run->view, step->array[0]);
    const size_t n = mc_run_width(run, step->dst);
    void *scratch = NULL;
    MC_TRY(mc_run_room(run, path.form == MC_NARROW_NOT ? 0 : n * sizeof(double), &scratch, err));
    mc_near_path(&lists, &path, n, scratch, mc_run_dst(run, step));
    return MC_OK;
}

mc_status mc_check_near_path(const mc_view *view, const mc_step *step, mc_error *err)
{
    size_t n = 0;
    MC_TRY(mc_check_lists(view, step, &n, err));
    return mc_check_numbers(view, step, 0, n, mc_check_width(view, step->dst), err);
}
