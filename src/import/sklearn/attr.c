/* attr.c: typed attributes, and the wording of what they should have been. */
#include "import/sklearn/attr.h"

#include <stdio.h>

mc_status mc_attr_need(const mc_value *est, const char *name, const mc_value **out, mc_error *err)
{
    const mc_value *value = mc_value_attr(est, name);
    if (value == NULL)
        return mc_refuse(err, est, "it has no attribute %s: is it fitted?", name);
    *out = value;
    return MC_OK;
}

bool mc_attr_has(const mc_value *est, const char *name)
{
    return !mc_value_is_none(mc_value_attr(est, name));
}

mc_status mc_attr_array(mc_lowering *to, const mc_value *est, const char *name, mc_ndarray *out,
                        mc_error *err)
{
    const mc_value *value = NULL;
    MC_TRY(mc_attr_need(est, name, &value, err));
    MC_TRY_IN(mc_ndarray_from_value(to->arena, value, out, err), err, "attribute %s", name);
    return MC_OK;
}

static mc_status wrong_size(mc_error *err, const mc_value *est, const char *name, size_t want,
                            size_t found)
{
    return mc_refuse(err, est, "attribute %s: expected %zu values, found %zu", name, want, found);
}

/* Smaller arrays cost less to convert again than to look for. */
#define LARGE_ITEMS ((size_t)1 << 17)

struct mc_converted {
    struct mc_converted *next;
    mc_ndarray from;
    const double *items;
};

static bool is_same_array(const mc_ndarray *a, const mc_ndarray *b)
{
    bool same = a->data == b->data && a->n_dims == b->n_dims && a->n_items == b->n_items &&
                a->dtype.kind == b->dtype.kind && a->dtype.item_size == b->dtype.item_size &&
                a->dtype.big_endian == b->dtype.big_endian;
    for (size_t i = 0; same && i < a->n_dims; i++)
        same = a->shape[i] == b->shape[i] && a->strides[i] == b->strides[i];
    return same;
}

mc_status mc_attr_f64(mc_lowering *to, const mc_ndarray *array, const double **out, mc_error *err)
{
    double *items = NULL;
    const bool is_large = array->n_items >= LARGE_ITEMS && array->dtype.kind != 'O';
    for (const struct mc_converted *at = to->converted; is_large && at != NULL; at = at->next) {
        if (is_same_array(&at->from, array)) {
            *out = at->items;
            return MC_OK;
        }
    }
    MC_TRY(mc_ndarray_f64(to->arena, array, &items, err));
    *out = items;
    if (!is_large)
        return MC_OK;
    struct mc_converted *made = NULL;
    MC_TRY(mc_arena_new(to->arena, struct mc_converted, 1, &made, err));
    *made = (struct mc_converted){.next = to->converted, .from = *array, .items = items};
    to->converted = made;
    return MC_OK;
}

mc_status mc_attr_vector(mc_lowering *to, const mc_value *est, const char *name, size_t n,
                         const double **out, size_t *out_n, mc_error *err)
{
    mc_ndarray array;
    MC_TRY(mc_attr_array(to, est, name, &array, err));
    size_t wide = 0;
    for (size_t i = 0; i < array.n_dims; i++)
        wide += array.shape[i] != 1;
    if (wide > 1)
        return mc_refuse(err, est, "attribute %s: expected a vector, found %zu dimensions", name,
                         array.n_dims);
    if (n != MC_ANY && array.n_items != n)
        return wrong_size(err, est, name, n, array.n_items);
    MC_TRY_IN(mc_attr_f64(to, &array, out, err), err, "attribute %s", name);
    if (out_n != NULL)
        *out_n = array.n_items;
    return MC_OK;
}

static mc_status wrong_shape(mc_error *err, const mc_value *est, const char *name, size_t n_rows,
                             size_t n_cols, size_t rows, size_t cols)
{
    char want[2][24] = {"any", "any"};
    if (n_rows != MC_ANY)
        (void)snprintf(want[0], sizeof want[0], "%zu", n_rows);
    if (n_cols != MC_ANY)
        (void)snprintf(want[1], sizeof want[1], "%zu", n_cols);
    return mc_refuse(err, est, "attribute %s: expected a matrix of %s x %s, found %zu x %zu", name,
                     want[0], want[1], rows, cols);
}

/* The shape that is wanted and the shape that is found belong together: one parameter too many.
 * NOLINTNEXTLINE(readability-function-size) */
mc_status mc_attr_matrix(mc_lowering *to, const mc_value *est, const char *name, size_t n_rows,
                         size_t n_cols, const double **out, size_t *out_rows, size_t *out_cols,
                         mc_error *err)
{
    mc_ndarray array;
    MC_TRY(mc_attr_array(to, est, name, &array, err));
    if (array.n_dims == 0 || array.n_dims > 2)
        return mc_refuse(err, est, "attribute %s: expected a matrix, found %zu dimensions", name,
                         array.n_dims);
    const size_t rows = array.n_dims == 2 ? array.shape[0] : 1;
    const size_t cols = array.shape[array.n_dims - 1];
    if ((n_rows != MC_ANY && rows != n_rows) || (n_cols != MC_ANY && cols != n_cols))
        return wrong_shape(err, est, name, n_rows, n_cols, rows, cols);
    MC_TRY_IN(mc_attr_f64(to, &array, out, err), err, "attribute %s", name);
    if (out_rows != NULL)
        *out_rows = rows;
    if (out_cols != NULL)
        *out_cols = cols;
    return MC_OK;
}

mc_status mc_attr_integers(mc_lowering *to, const mc_value *est, const char *name, size_t n,
                           const int64_t **out, size_t *out_n, mc_error *err)
{
    mc_ndarray array;
    int64_t *items = NULL;
    MC_TRY(mc_attr_array(to, est, name, &array, err));
    if (n != MC_ANY && array.n_items != n)
        return wrong_size(err, est, name, n, array.n_items);
    MC_TRY_IN(mc_ndarray_i64(to->arena, &array, &items, err), err, "attribute %s", name);
    *out = items;
    if (out_n != NULL)
        *out_n = array.n_items;
    return MC_OK;
}

static mc_status cells_of_items(mc_lowering *to, const mc_items *items, const mc_cell **out,
                                mc_error *err)
{
    mc_cell *cells = NULL;
    MC_TRY(mc_arena_new(to->arena, mc_cell, items->n, &cells, err));
    for (size_t i = 0; i < items->n; i++)
        MC_TRY_IN(mc_cell_from_value(to->arena, items->at[i], &cells[i], err), err, "item %zu", i);
    *out = cells;
    return MC_OK;
}

mc_status mc_attr_cells(mc_lowering *to, const mc_value *est, const char *name, const mc_cell **out,
                        size_t *out_n, mc_error *err)
{
    const mc_value *value = NULL;
    MC_TRY(mc_attr_need(est, name, &value, err));
    if (mc_value_is(value, MC_KIND_LIST) || mc_value_is(value, MC_KIND_TUPLE)) {
        *out_n = value->as.items.n;
        MC_TRY_IN(cells_of_items(to, &value->as.items, out, err), err, "attribute %s", name);
        return MC_OK;
    }
    mc_ndarray array;
    mc_cell *cells = NULL;
    MC_TRY(mc_attr_array(to, est, name, &array, err));
    MC_TRY_IN(mc_ndarray_cells(to->arena, &array, &cells, err), err, "attribute %s", name);
    *out = cells;
    *out_n = array.n_items;
    return MC_OK;
}

mc_status mc_items_of(mc_lowering *to, const mc_value *value, mc_items *out, mc_error *err)
{
    char type[160];
    mc_ndarray array;
    if (mc_value_is(value, MC_KIND_LIST) || mc_value_is(value, MC_KIND_TUPLE)) {
        *out = value->as.items;
        return MC_OK;
    }
    if (!mc_value_is_array(value))
        return mc_fail(err, MC_E_UNSUPPORTED, MC_NO_OFFSET, "expected a list, found %s",
                       mc_value_type_name(value, type, sizeof type));
    MC_TRY(mc_ndarray_from_value(to->arena, value, &array, err));
    if (array.dtype.kind != 'O')
        return mc_fail(err, MC_E_UNSUPPORTED, MC_NO_OFFSET,
                       "expected an array of objects, found one of kind %c", array.dtype.kind);
    mc_value **items = NULL;
    MC_TRY(mc_arena_new(to->arena, mc_value *, array.n_items, &items, err));
    for (size_t i = 0; i < array.n_items; i++)
        items[i] = array.objects[i];
    *out = (mc_items){.at = items, .n = array.n_items, .room = array.n_items};
    return MC_OK;
}

mc_status mc_attr_items(mc_lowering *to, const mc_value *est, const char *name, mc_items *out,
                        mc_error *err)
{
    const mc_value *value = NULL;
    MC_TRY(mc_attr_need(est, name, &value, err));
    MC_TRY_IN(mc_items_of(to, value, out, err), err, "attribute %s of %.*s", name,
              MC_SHOW(mc_class_name(est)));
    return MC_OK;
}

mc_status mc_attr_number(const mc_value *est, const char *name, double otherwise, double *out,
                         mc_error *err)
{
    const mc_value *value = mc_value_attr(est, name);
    *out = otherwise;
    if (!mc_value_is_none(value))
        MC_TRY_IN(mc_number_from_value(value, out, err), err, "attribute %s of %.*s", name,
                  MC_SHOW(mc_class_name(est)));
    return MC_OK;
}

mc_status mc_attr_integer(const mc_value *est, const char *name, int64_t otherwise, int64_t *out,
                          mc_error *err)
{
    const mc_value *value = mc_value_attr(est, name);
    *out = otherwise;
    if (!mc_value_is_none(value))
        MC_TRY_IN(mc_integer_from_value(value, out, err), err, "attribute %s of %.*s", name,
                  MC_SHOW(mc_class_name(est)));
    return MC_OK;
}

mc_status mc_attr_bool(const mc_value *est, const char *name, bool otherwise, bool *out,
                       mc_error *err)
{
    const mc_value *value = mc_value_attr(est, name);
    *out = otherwise;
    if (!mc_value_is_none(value))
        MC_TRY_IN(mc_bool_from_value(value, out, err), err, "attribute %s of %.*s", name,
                  MC_SHOW(mc_class_name(est)));
    return MC_OK;
}

mc_bytes mc_attr_text(const mc_value *est, const char *name)
{
    const mc_value *value = mc_value_attr(est, name);
    return mc_value_is(value, MC_KIND_TEXT) ? value->as.bytes : (mc_bytes){NULL, 0};
}

bool mc_attr_is_text(const mc_value *est, const char *name, const char *literal)
{
    return mc_value_is_text(mc_value_attr(est, name), literal);
}

bool mc_attr_makes_frames(const mc_value *est)
{
    const mc_value *config = mc_value_attr(est, "_sklearn_output_config");
    const mc_value *made = mc_dict_get_bytes(config, mc_bytes_of("transform"));
    return mc_value_is(made, MC_KIND_TEXT) && !mc_value_is_text(made, "default");
}

mc_status mc_attr_choice(const mc_value *est, const char *name, const char *const *names, size_t n,
                         size_t *out, mc_error *err)
{
    char list[128] = "";
    size_t used = 0;
    for (size_t i = 0; i < n; i++) {
        if (mc_attr_is_text(est, name, names[i])) {
            *out = i;
            return MC_OK;
        }
    }
    for (size_t i = 0; i < n && used < sizeof list; i++)
        used +=
            (size_t)snprintf(list + used, sizeof list - used, "%s%s", i > 0 ? ", " : "", names[i]);
    const mc_value *value = mc_value_attr(est, name);
    if (mc_value_is(value, MC_KIND_TEXT))
        return mc_refuse(err, est, "attribute %s: expected one of %s, found \"%.*s\"", name, list,
                         MC_SHOW(value->as.bytes));
    return mc_refuse(err, est, "attribute %s: expected one of %s, found %s", name, list,
                     value == NULL ? "nothing" : mc_value_kind_name(value->kind));
}
