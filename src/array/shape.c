/* shape.c: shapes, strides, and walking an array in C order. */
#include "array/shape.h"

#include "base/size.h"

static mc_status fail_dimension(const mc_value *value, uint64_t offset, mc_error *err)
{
    return mc_fail(err, MC_E_MALFORMED, offset, "a shape needs counts, found %s",
                   mc_value_kind_name(value->kind));
}

static mc_status read_dimensions(mc_ndarray *array, const mc_value *shape, uint64_t offset,
                                 mc_error *err)
{
    if (mc_value_is(shape, MC_KIND_INT)) { /* (n,), as very old pickles have it */
        array->n_dims = 1;
        if (shape->as.integer < 0)
            return fail_dimension(shape, offset, err);
        array->shape[0] = (size_t)shape->as.integer;
        return MC_OK;
    }
    if (!mc_value_is(shape, MC_KIND_TUPLE))
        return mc_fail(err, MC_E_MALFORMED, offset, "an array's shape needs to be a tuple");
    if (shape->as.items.n > MC_LIMIT_DIMENSIONS)
        return mc_fail(err, MC_E_LIMIT, offset, "array of %zu dimensions, at most %d are read",
                       shape->as.items.n, MC_LIMIT_DIMENSIONS);
    array->n_dims = shape->as.items.n;
    mc_value *const *at = shape->as.items.at;
    for (size_t i = 0; i < array->n_dims; i++) {
        if (at[i]->kind != MC_KIND_INT || at[i]->as.integer < 0)
            return fail_dimension(at[i], offset, err);
        array->shape[i] = (size_t)at[i]->as.integer;
    }
    return MC_OK;
}

static bool count_items(mc_ndarray *array)
{
    size_t n = 1, size = 0;
    bool is_empty = false;
    for (size_t i = 0; i < array->n_dims; i++)
        is_empty = is_empty || array->shape[i] == 0;
    for (size_t i = 0; i < array->n_dims && !is_empty; i++)
        if (!mc_mul_size(n, array->shape[i], &n))
            return false;
    array->n_items = is_empty ? 0 : n;
    return mc_mul_size(array->n_items, array->dtype.item_size, &size) && size <= PTRDIFF_MAX;
}

static void set_strides(mc_ndarray *array, bool is_fortran)
{
    ptrdiff_t stride = array->dtype.kind == 'O' ? 1 : (ptrdiff_t)array->dtype.item_size;
    for (size_t i = 0; i < array->n_dims; i++) {
        const size_t d = is_fortran ? i : array->n_dims - 1 - i;
        array->strides[d] = stride;
        stride *= array->n_items == 0 ? 1 : (ptrdiff_t)array->shape[d];
    }
}

mc_status mc_ndarray_set_shape(mc_ndarray *array, const mc_value *shape, bool is_fortran,
                               uint64_t offset, mc_error *err)
{
    MC_TRY(read_dimensions(array, shape, offset, err));
    if (!count_items(array))
        return mc_fail(err, MC_E_MALFORMED, offset, "an array's shape overflows");
    /* Items of no bytes cost the file nothing, so it could declare any number of them. */
    if (array->dtype.item_size == 0 && array->n_items > 1)
        return mc_fail(err, MC_E_UNSUPPORTED, offset, "array of %zu items of no size",
                       array->n_items);
    set_strides(array, is_fortran);
    return MC_OK;
}

size_t mc_ndarray_byte_size(const mc_ndarray *array)
{
    return array->n_items * array->dtype.item_size; /* set_shape proved that this fits */
}

/* Joins trailing dimensions as long as their items lie at one stride. */
void mc_runs_init(mc_runs *runs, const mc_ndarray *array)
{
    size_t n = 1, d = array->n_dims;
    ptrdiff_t stride = 0;
    for (; d > 0; d--) {
        const size_t count = array->shape[d - 1];
        const ptrdiff_t step = array->strides[d - 1];
        if (n != 1 && count != 1 && step != stride * (ptrdiff_t)n)
            break;
        stride = n == 1 ? step : stride;
        n *= count;
    }
    *runs = (mc_runs){.array = array,
                      .n_outer = d,
                      .next = {array->data, stride, n},
                      .done = array->n_items == 0};
}

bool mc_runs_next(mc_runs *runs, mc_run *out)
{
    if (runs->done)
        return false;
    *out = runs->next;
    size_t d = runs->n_outer;
    for (; d > 0; d--) {
        const size_t i = d - 1;
        runs->next.at += runs->array->strides[i];
        if (++runs->index[i] < runs->array->shape[i])
            break;
        runs->next.at -= runs->array->strides[i] * (ptrdiff_t)runs->index[i];
        runs->index[i] = 0;
    }
    runs->done = d == 0;
    return true;
}
