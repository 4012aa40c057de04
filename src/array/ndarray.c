/* ndarray.c: arrays and scalars of a graph as views on their bytes.
 *
 *   numpy.core.multiarray._reconstruct(type, (0,), b"b")  + state (version, shape, dtype,
 * is_fortran, bytes or list of objects) numpy.ma.core._mareconstruct(...)                     + the
 * same five items, then mask and fill numpy.core.numeric._frombuffer(bytes, dtype, shape, order[,
 * axis order])      protocol 5 numpy.core.multiarray.scalar(dtype, bytes) a native array (joblib)
 *   lists and tuples of numbers, in one or two dimensions, and plain numbers
 *
 * Oracle   array_reduce, array_setstate in numpy/_core/src/multiarray/methods.c. */
#include "array/ndarray.h"

#include <string.h>

#include "array/shape.h"
#include "base/size.h"
#include "pickle/text.h"

#define MULTIARRAY "numpy.core.multiarray"

static bool is_made_by(const mc_value *value, const char *module, const char *name)
{
    return mc_value_is(value, MC_KIND_OBJECT) && mc_value_is_a(value, module, name);
}

static bool is_native(const mc_value *value)
{
    return mc_value_is(value, MC_KIND_NATIVE) && value->as.native.tag == MC_NATIVE_NDARRAY;
}

static bool is_reconstructed(const mc_value *value)
{
    return is_made_by(value, MULTIARRAY, "_reconstruct") ||
           is_made_by(value, "numpy.ma.core", "_mareconstruct");
}

bool mc_value_is_array(const mc_value *value)
{
    return is_native(value) || is_reconstructed(value) ||
           is_made_by(value, "numpy.core.numeric", "_frombuffer") ||
           is_made_by(value, MULTIARRAY, "scalar");
}

static mc_status fail_not_array(const mc_value *value, mc_error *err)
{
    char text[256];
    return mc_fail(err, MC_E_UNSUPPORTED, value == NULL ? MC_NO_OFFSET : value->offset,
                   "need an array, found %s", mc_value_type_name(value, text, sizeof text));
}

/* ---------------------------------------------------------------------------------- bytes ---- */

/* The bytes of an array, which text may stand for: ASCII of Python 2, Latin-1 of protocol 2. */
static mc_status get_bytes(mc_arena *arena, const mc_value *data, mc_bytes *out, mc_error *err)
{
    const bool is_text = data->kind == MC_KIND_TEXT;
    if (data->kind == MC_KIND_BYTES || (is_text && mc_text_is_ascii(data->as.bytes))) {
        *out = data->as.bytes;
        return MC_OK;
    }
    if (is_text && arena != NULL)
        return mc_text_latin1(arena, data->as.bytes, out, err);
    return mc_fail(err, MC_E_MALFORMED, data->offset, "need the bytes of an array, found %s",
                   mc_value_kind_name(data->kind));
}

static mc_status set_bytes(mc_arena *arena, mc_ndarray *array, const mc_value *data, mc_error *err)
{
    mc_bytes bytes = {0};
    MC_TRY(get_bytes(arena, data, &bytes, err));
    if (bytes.size != mc_ndarray_byte_size(array)) {
        return mc_fail(err, MC_E_MALFORMED, data->offset,
                       "array of %zu items of %zu bytes, found %zu bytes", array->n_items,
                       array->dtype.item_size, bytes.size);
    }
    array->data = bytes.data;
    return MC_OK;
}

static mc_status set_objects(mc_ndarray *array, const mc_value *data, mc_error *err)
{
    if (data->kind != MC_KIND_LIST || data->as.items.n != array->n_items) {
        return mc_fail(err, MC_E_MALFORMED, data->offset,
                       "array of %zu objects, found %s of %zu items", array->n_items,
                       mc_value_kind_name(data->kind),
                       data->kind == MC_KIND_LIST ? data->as.items.n : 0);
    }
    array->objects = data->as.items.at;
    return MC_OK;
}

/* ------------------------------------------------------------------------------- the makers ----
 */

static mc_status from_reconstruct(mc_arena *arena, const mc_value *value, mc_ndarray *out,
                                  mc_error *err)
{
    enum { SHAPE, DTYPE, IS_FORTRAN, DATA, N };
    const mc_value *state = value->as.object->state;
    if (!mc_value_is(state, MC_KIND_TUPLE) || state->as.items.n < N)
        return mc_fail(err, MC_E_MALFORMED, value->offset,
                       "the state of an array needs shape, dtype, order and data");
    /* A version comes first in all but the oldest, which have four items. */
    mc_value *const *item = state->as.items.at + (state->as.items.n == N ? 0 : 1);
    const bool is_fortran =
        (item[IS_FORTRAN]->kind == MC_KIND_BOOL || item[IS_FORTRAN]->kind == MC_KIND_INT) &&
        item[IS_FORTRAN]->as.integer != 0;
    MC_TRY(mc_dtype_from_value(arena, item[DTYPE], &out->dtype, err));
    const bool holds_objects = out->dtype.kind == 'O';
    /* The list of objects is in C order whatever the array's memory was. */
    MC_TRY(
        mc_ndarray_set_shape(out, item[SHAPE], is_fortran && !holds_objects, value->offset, err));
    return holds_objects ? set_objects(out, item[DATA], err)
                         : set_bytes(arena, out, item[DATA], err);
}

/* reshape(shape).transpose(order): item i of the result's axes is axis order[i]. */
static mc_status transpose(mc_ndarray *array, const mc_value *order, uint64_t offset, mc_error *err)
{
    const mc_ndarray from = *array;
    bool used[MC_LIMIT_DIMENSIONS] = {false};
    if (!mc_value_is(order, MC_KIND_TUPLE) || order->as.items.n != array->n_dims)
        return mc_fail(err, MC_E_MALFORMED, offset, "axis order does not fit %zu dimensions",
                       array->n_dims);
    for (size_t i = 0; i < array->n_dims; i++) {
        const mc_value *axis = order->as.items.at[i];
        if (axis->kind != MC_KIND_INT || axis->as.integer < 0 ||
            (uint64_t)axis->as.integer >= array->n_dims || used[axis->as.integer])
            return mc_fail(err, MC_E_MALFORMED, offset, "axis order is not a permutation");
        used[axis->as.integer] = true;
        array->shape[i] = from.shape[axis->as.integer];
        array->strides[i] = from.strides[axis->as.integer];
    }
    return MC_OK;
}

static mc_status from_buffer(mc_arena *arena, const mc_value *value, mc_ndarray *out, mc_error *err)
{
    enum { BUFFER, DTYPE, SHAPE, ORDER, AXES };
    const mc_items args = value->as.object->arguments->as.items;
    if (args.n != AXES && args.n != AXES + 1)
        return mc_fail(err, MC_E_MALFORMED, value->offset,
                       "_frombuffer needs 4 or 5 arguments, found %zu", args.n);
    MC_TRY(mc_dtype_from_value(arena, args.at[DTYPE], &out->dtype, err));
    if (out->dtype.kind == 'O')
        return mc_fail(err, MC_E_MALFORMED, value->offset, "objects cannot lie in a buffer");
    MC_TRY(mc_ndarray_set_shape(out, args.at[SHAPE], mc_value_is_text(args.at[ORDER], "F"),
                                value->offset, err));
    MC_TRY(set_bytes(arena, out, args.at[BUFFER], err));
    if (args.n == AXES || args.at[AXES]->kind == MC_KIND_NONE)
        return MC_OK;
    return transpose(out, args.at[AXES], value->offset, err);
}

static mc_status from_scalar(mc_arena *arena, const mc_value *value, mc_ndarray *out, mc_error *err)
{
    const mc_items args = value->as.object->arguments->as.items;
    if (args.n == 0 || args.n > 2)
        return mc_fail(err, MC_E_MALFORMED, value->offset,
                       "a scalar needs a dtype and bytes, found %zu arguments", args.n);
    MC_TRY(mc_dtype_from_value(arena, args.at[0], &out->dtype, err));
    out->n_items = 1;
    if (args.n == 1)
        return mc_fail(err, MC_E_UNSUPPORTED, value->offset, "scalar without bytes");
    if (out->dtype.kind == 'O') {
        out->objects = args.at + 1;
        return MC_OK;
    }
    return set_bytes(arena, out, args.at[1], err);
}

/* ---------------------------------------------------------------------- Python's own values ----
 */

static bool is_number(const mc_value *value)
{
    return value->kind == MC_KIND_INT || value->kind == MC_KIND_FLOAT ||
           value->kind == MC_KIND_BOOL;
}

static bool is_sequence(const mc_value *value)
{
    return value->kind == MC_KIND_LIST || value->kind == MC_KIND_TUPLE;
}

static char code_of(mc_value_kind kind)
{
    static const char CODES[] = {[MC_KIND_BOOL] = 'b', [MC_KIND_INT] = 'i', [MC_KIND_FLOAT] = 'f'};
    MC_ASSERT((size_t)kind < sizeof CODES);
    return CODES[kind];
}

/* numpy's choice: bool if all are, int if all are at most int, float if all are numbers, else
 * objects. */
static char common_kind(mc_value *const *items, size_t n)
{
    mc_value_kind widest = MC_KIND_BOOL;
    for (size_t i = 0; i < n; i++) {
        if (!is_number(items[i]))
            return 'O';
        widest = items[i]->kind > widest ? items[i]->kind : widest;
    }
    return code_of(n == 0 ? MC_KIND_FLOAT : widest);
}
_Static_assert(MC_KIND_BOOL < MC_KIND_INT && MC_KIND_INT < MC_KIND_FLOAT, "from narrow to wide");

/* Fills `out`, whose shape is set, with the values of `items`. An int among floats becomes the
 * float that numpy.array() makes of it. */
static mc_status fill_from_items(mc_arena *arena, mc_value *const *items, mc_ndarray *out,
                                 mc_error *err)
{
    const size_t n = out->n_items;
    uint8_t *data = NULL;
    if (out->dtype.kind == 'O') {
        out->objects = items;
        return MC_OK;
    }
    if (arena == NULL)
        return mc_fail(err, MC_E_UNSUPPORTED, MC_NO_OFFSET, "a list is not a number");
    MC_TRY(mc_arena_new_raw(arena, uint8_t, n * out->dtype.item_size, &data, err));
    for (size_t i = 0; i < n; i++) {
        const bool widens = out->dtype.kind == 'f' && items[i]->kind != MC_KIND_FLOAT;
        const double widened = widens ? (double)items[i]->as.integer : items[i]->as.number;
        if (out->dtype.kind == 'b')
            data[i] = items[i]->as.integer != 0;
        else if (out->dtype.kind == 'i')
            memcpy(data + 8 * i, &items[i]->as.integer, 8);
        else
            memcpy(data + 8 * i, &widened, 8);
    }
    out->data = data;
    return MC_OK;
}

static void set_plain(mc_ndarray *out, char kind, size_t n_dims, const size_t *shape)
{
    out->dtype = (mc_dtype_info){.kind = kind, .item_size = kind == 'b' ? 1 : 8};
    out->n_dims = n_dims;
    out->n_items = 1;
    ptrdiff_t stride = kind == 'O' ? 1 : (ptrdiff_t)out->dtype.item_size;
    for (size_t i = n_dims; i > 0; i--) {
        out->shape[i - 1] = shape[i - 1];
        out->strides[i - 1] = stride;
        stride *= (ptrdiff_t)shape[i - 1];
        out->n_items *= shape[i - 1];
    }
}

/* Rows of equal length, none of them nested further. */
static bool is_matrix(const mc_items *rows)
{
    for (size_t i = 0; i < rows->n; i++)
        if (!is_sequence(rows->at[i]) || rows->at[i]->as.items.n != rows->at[0]->as.items.n)
            return false;
    return rows->n > 0;
}

static mc_status from_rows(mc_arena *arena, const mc_items *rows, mc_ndarray *out, mc_error *err)
{
    const size_t shape[2] = {rows->n, rows->at[0]->as.items.n};
    mc_value **items = NULL;
    size_t n = 0;
    if (!mc_mul_size(shape[0], shape[1], &n))
        return mc_fail(err, MC_E_LIMIT, MC_NO_OFFSET, "list of %zu lists of %zu items", shape[0],
                       shape[1]);
    MC_TRY(mc_arena_new_raw(arena, mc_value *, n, &items, err));
    for (size_t i = 0; i < rows->n && shape[1] > 0; i++)
        memcpy(items + i * shape[1], rows->at[i]->as.items.at, shape[1] * sizeof(mc_value *));
    set_plain(out, common_kind(items, n), 2, shape);
    return fill_from_items(arena, items, out, err);
}

static mc_status from_sequence(mc_arena *arena, const mc_value *value, mc_ndarray *out,
                               mc_error *err)
{
    const mc_items *items = &value->as.items;
    if (arena != NULL && is_matrix(items))
        return from_rows(arena, items, out, err);
    set_plain(out, common_kind(items->at, items->n), 1, &items->n);
    return fill_from_items(arena, items->at, out, err);
}

/* The node's own member is the item: it is in host order and lives as long. */
static void from_number(const mc_value *value, mc_ndarray *out)
{
    set_plain(out, code_of(value->kind), 0, NULL);
    out->data = value->kind == MC_KIND_FLOAT ? (const uint8_t *)&value->as.number
                                             : (const uint8_t *)&value->as.integer;
}
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "from_number reads a bool's low byte");

mc_status mc_ndarray_from_value(mc_arena *arena, const mc_value *value, mc_ndarray *out,
                                mc_error *err)
{
    mc_ndarray array = {0};
    if (value == NULL)
        return fail_not_array(value, err);
    if (is_native(value))
        array = *(const mc_ndarray *)value->as.native.data;
    else if (is_reconstructed(value))
        MC_TRY(from_reconstruct(arena, value, &array, err));
    else if (is_made_by(value, "numpy.core.numeric", "_frombuffer"))
        MC_TRY(from_buffer(arena, value, &array, err));
    else if (is_made_by(value, MULTIARRAY, "scalar"))
        MC_TRY(from_scalar(arena, value, &array, err));
    else if (is_number(value))
        from_number(value, &array);
    else if (is_sequence(value))
        MC_TRY(from_sequence(arena, value, &array, err));
    else
        return fail_not_array(value, err);
    *out = array;
    return MC_OK;
}

/* --------------------------------------------------------------------------------- fields ---- */

static const mc_dtype_field *find_field(const mc_ndarray *array, const char *name)
{
    for (size_t i = 0; i < array->dtype.n_fields; i++)
        if (mc_bytes_is(array->dtype.fields[i].name, name))
            return &array->dtype.fields[i];
    return NULL;
}

bool mc_ndarray_has_field(const mc_ndarray *array, const char *name)
{
    return find_field(array, name) != NULL;
}

mc_status mc_ndarray_field(const mc_ndarray *array, const char *name, mc_ndarray *out,
                           mc_error *err)
{
    const mc_dtype_field *field = find_field(array, name);
    if (field == NULL)
        return mc_fail(err, MC_E_UNSUPPORTED, MC_NO_OFFSET, "structured array without field %s",
                       name);
    mc_ndarray view = *array;
    view.dtype = field->dtype;
    if (view.n_items > 0)
        view.data += field->offset;
    *out = view;
    return MC_OK;
}
