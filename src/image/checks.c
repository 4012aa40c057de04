/* checks.c: what the check_* beside each step asks of a step's arrays, widths and indices. */
#include "image/steps.h"

mc_status mc_check_that(const mc_view *view, const mc_step *step, bool ok, const char *what,
                        mc_error *err)
{
    if (ok)
        return MC_OK;
    return mc_fail(err, MC_E_MALFORMED, MC_NO_OFFSET, "image: step %td (%s): %s",
                   step - view->steps, MC_OPS[step->op].name, what);
}

size_t mc_label_bound(const mc_view *view, uint32_t buffer)
{
    const mc_step *writer = &view->steps[view->buffers[buffer].writer];
    if (writer->op == MC_OP_ARGMAX)
        return mc_check_width(view, writer->src);
    if (writer->op == MC_OP_ABOVE)
        return 2;
    if (writer->op == MC_OP_BISECT)
        return writer->n[0];
    const uint32_t *map = mc_view_u32(view, writer->array[0]); /* MAP_LABEL */
    size_t bound = 0;
    for (size_t i = 0; i < mc_array_rows(view, writer, 0); i++)
        bound = map[i] + (size_t)1 > bound ? map[i] + (size_t)1 : bound;
    return bound;
}

mc_status mc_check_array(const mc_view *view, const mc_step *step, size_t at, mc_array_type type,
                         size_t n_rows, size_t n_cols, mc_error *err)
{
    const uint32_t id = step->array[at];
    const bool ok = id < view->n_arrays && view->arrays[id].type == type &&
                    (n_rows == SIZE_MAX || view->arrays[id].n_rows == n_rows) &&
                    (n_cols == SIZE_MAX || view->arrays[id].n_cols == n_cols);
    if (ok)
        return MC_OK;
    return mc_fail(err, MC_E_MALFORMED, MC_NO_OFFSET,
                   "image: step %td (%s): array %zu is not of the type and shape it needs",
                   step - view->steps, MC_OPS[step->op].name, at);
}

mc_status mc_check_numbers(const mc_view *view, const mc_step *step, size_t at, size_t n_rows,
                           size_t n_cols, mc_error *err)
{
    const uint32_t id = step->array[at];
    const bool narrow = id < view->n_arrays && mc_view_is_narrow(view, id);
    return mc_check_array(view, step, at,
                          narrow ? (mc_array_type)view->arrays[id].type : MC_ARRAY_F64, n_rows,
                          n_cols, err);
}

mc_status mc_check_below(const mc_view *view, const mc_step *step, size_t at, uint32_t limit,
                         mc_error *err)
{
    const uint32_t *items = mc_view_u32(view, step->array[at]);
    for (size_t i = 0; i < view->arrays[step->array[at]].n_items; i++) {
        if (items[i] >= limit) {
            return mc_fail(err, MC_E_MALFORMED, MC_NO_OFFSET,
                           "image: step %td (%s): item %zu of array %zu is %u, must be below %u",
                           step - view->steps, MC_OPS[step->op].name, i, at, items[i], limit);
        }
    }
    return MC_OK;
}
