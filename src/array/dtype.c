/* dtype.c: numpy.dtype objects, and the types that stand for them.
 *
 * Oracle   arraydescr_reduce, arraydescr_setstate in numpy/_core/src/multiarray/descriptor.c:
 *          dtype("f8", False, True) given the state
 *          (version, byte order, subarray, names, fields, item size, alignment, flags[, metadata]).
 * Limits   Structured dtypes hold plain fields: a structure in a structure is refused, so nothing
 *          here recurses. Subarrays are refused. */
#include <string.h>

#include "array/ndarray.h"
#include "base/size.h"

static mc_status refuse(const mc_value *value, const char *what, mc_error *err)
{
    char text[256];
    return mc_fail(err, MC_E_UNSUPPORTED, value == NULL ? MC_NO_OFFSET : value->offset, "%s: %s",
                   what, mc_value_type_name(value, text, sizeof text));
}

/* ------------------------------------------------------------------------------ by name ---- */

static const struct {
    const char *name;
    char kind;
    uint8_t size;
} TYPES[] = {
    {"float64", 'f', 8}, {"float32", 'f', 4}, {"float16", 'f', 2},    {"double", 'f', 8},
    {"single", 'f', 4},  {"half", 'f', 2},    {"float", 'f', 8},      {"longdouble", 'f', 16},
    {"int64", 'i', 8},   {"int32", 'i', 4},   {"int16", 'i', 2},      {"int8", 'i', 1},
    {"intp", 'i', 8},    {"int_", 'i', 8},    {"intc", 'i', 4},       {"longlong", 'i', 8},
    {"int", 'i', 8},     {"long", 'i', 8},    {"uint64", 'u', 8},     {"uint32", 'u', 4},
    {"uint16", 'u', 2},  {"uint8", 'u', 1},   {"uintp", 'u', 8},      {"uint", 'u', 8},
    {"uintc", 'u', 4},   {"bool_", 'b', 1},   {"bool", 'b', 1},       {"str_", 'U', 0},
    {"str", 'U', 0},     {"unicode", 'U', 0}, {"unicode_", 'U', 0},   {"bytes_", 'S', 0},
    {"bytes", 'S', 0},   {"object_", 'O', 8}, {"object", 'O', 8},     {"ulonglong", 'u', 8},
    {"record", 'V', 0},  {"void", 'V', 0},    {"datetime64", 'M', 8}, {"timedelta64", 'm', 8},
};

static mc_status from_type(const mc_value *value, mc_dtype_info *out, mc_error *err)
{
    const mc_global *type = value->as.global;
    if (!mc_bytes_is(type->module, "numpy") && !mc_bytes_is(type->module, "builtins"))
        return refuse(value, "not a dtype", err);
    for (size_t i = 0; i < MC_COUNT_OF(TYPES); i++) {
        if (mc_bytes_is(type->name, TYPES[i].name)) {
            *out = (mc_dtype_info){.kind = TYPES[i].kind, .item_size = TYPES[i].size};
            return MC_OK;
        }
    }
    return refuse(value, "not a dtype", err);
}

/* "f8", "<i4", "U3", "V64", "O8", "O". */
static mc_status from_code(mc_bytes code, uint64_t offset, mc_dtype_info *out, mc_error *err)
{
    mc_bytes rest = code;
    size_t size = 0;

    *out = (mc_dtype_info){0};
    if (rest.size > 0 && strchr("<>|=", rest.data[0]) != NULL) {
        out->big_endian = rest.data[0] == '>';
        rest = (mc_bytes){rest.data + 1, rest.size - 1};
    }
    if (rest.size == 0 || rest.data[0] == 0 || strchr("fiubSUVOMmc", rest.data[0]) == NULL)
        return mc_fail(err, MC_E_UNSUPPORTED, offset, "dtype \"%.*s\" is not known", MC_SHOW(code));
    out->kind = (char)rest.data[0];
    for (size_t i = 1; i < rest.size; i++) {
        const uint8_t digit = (uint8_t)(rest.data[i] - '0');
        if (digit > 9 || size > UINT32_MAX)
            return mc_fail(err, MC_E_UNSUPPORTED, offset, "dtype \"%.*s\" is not known",
                           MC_SHOW(code));
        size = size * 10 + digit;
    }
    out->item_size = out->kind == 'U' ? size * 4 : out->kind == 'O' ? 8 : size;
    return MC_OK;
}

/* Sizes that numpy has for a kind; flexible kinds have any. */
static bool size_is_known(const mc_dtype_info *dtype)
{
    const size_t n = dtype->item_size;
    switch (dtype->kind) {
    case 'f':
        return n == 2 || n == 4 || n == 8 || n == 12 || n == 16;
    case 'i':
    case 'u':
        return n == 1 || n == 2 || n == 4 || n == 8;
    case 'b':
        return n == 1;
    case 'U':
        return n % 4 == 0;
    case 'M':
    case 'm':
        return n == 8;
    case 'c':
        return n == 8 || n == 16 || n == 24 || n == 32;
    default: /* S, V, O */
        return true;
    }
}

/* ------------------------------------------------------------------------------- by state ---- */

enum { STATE_ORDER = 1, STATE_SUBARRAY, STATE_NAMES, STATE_FIELDS, STATE_SIZE, STATE_ITEMS };

static mc_status apply_size(const mc_value *value, mc_items state, mc_dtype_info *out,
                            mc_error *err)
{
    const mc_value *size = state.at[STATE_SIZE];
    if (size->kind != MC_KIND_INT)
        return refuse(size, "a dtype's item size needs to be an int", err);
    if (size->as.integer >= 0 && (out->kind == 'S' || out->kind == 'U' || out->kind == 'V'))
        out->item_size = (size_t)size->as.integer;
    if (out->item_size > PTRDIFF_MAX || !size_is_known(out))
        return mc_fail(err, MC_E_UNSUPPORTED, value->offset, "dtype of kind %c and %zu bytes",
                       out->kind, out->item_size);
    return MC_OK;
}

/* All but the fields. */
static mc_status plain_state(const mc_value *value, mc_dtype_info *out, mc_error *err)
{
    const mc_value *state = value->as.object->state;
    if (state == NULL)
        return MC_OK;
    if (state->kind != MC_KIND_TUPLE || state->as.items.n < STATE_ITEMS)
        return mc_fail(err, MC_E_UNSUPPORTED, value->offset,
                       "the state of a dtype needs %d items or more", STATE_ITEMS);
    const mc_items items = state->as.items;
    if (mc_value_is_text(items.at[STATE_ORDER], ">"))
        out->big_endian = true;
    else if (mc_value_is_text(items.at[STATE_ORDER], "<"))
        out->big_endian = false;
    if (items.at[STATE_SUBARRAY]->kind != MC_KIND_NONE)
        return mc_fail(err, MC_E_UNSUPPORTED, value->offset, "dtype with a subarray");
    return apply_size(value, items, out, err);
}

/* The dtype without its fields; *out_state is where they are, or NULL. */
static mc_status plain_dtype(const mc_value *value, mc_dtype_info *out, const mc_value **out_state,
                             mc_error *err)
{
    *out_state = NULL;
    if (mc_value_is(value, MC_KIND_GLOBAL))
        return from_type(value, out, err);
    if (mc_value_is(value, MC_KIND_TEXT)) {
        MC_TRY(from_code(value->as.bytes, value->offset, out, err));
        return size_is_known(out) ? MC_OK : refuse(value, "dtype of unknown size", err);
    }
    if (!mc_value_is(value, MC_KIND_OBJECT) || !mc_value_is_a(value, "numpy", "dtype"))
        return refuse(value, "not a dtype", err);
    const mc_object *object = value->as.object;
    if (object->arguments == NULL || object->arguments->as.items.n == 0)
        return refuse(value, "dtype without its code", err);
    const mc_value *code = object->arguments->as.items.at[0];
    if (code->kind == MC_KIND_GLOBAL)
        MC_TRY(from_type(code, out, err));
    else if (code->kind == MC_KIND_TEXT)
        MC_TRY(from_code(code->as.bytes, value->offset, out, err));
    else
        return refuse(code, "not the code of a dtype", err);
    MC_TRY(plain_state(value, out, err));
    if (!size_is_known(out))
        return refuse(value, "dtype of unknown size", err);
    if (object->state != NULL && object->state->as.items.at[STATE_FIELDS]->kind == MC_KIND_DICT)
        *out_state = object->state;
    return MC_OK;
}

static mc_status read_field(const mc_value *state, const mc_value *name, size_t item_size,
                            mc_dtype_field *out, mc_error *err)
{
    const mc_value *inner = NULL;
    const mc_value *fields = state->as.items.at[STATE_FIELDS];
    if (name->kind != MC_KIND_TEXT)
        return mc_fail(err, MC_E_MALFORMED, name->offset, "a field's name needs to be a string");
    const mc_value *entry = mc_dict_get_bytes(fields, name->as.bytes);
    if (!mc_value_is(entry, MC_KIND_TUPLE) || entry->as.items.n < 2 ||
        entry->as.items.at[1]->kind != MC_KIND_INT || entry->as.items.at[1]->as.integer < 0)
        return mc_fail(err, MC_E_MALFORMED, name->offset,
                       "field %.*s needs a pair of dtype and offset", MC_SHOW(name->as.bytes));
    out->name = name->as.bytes;
    out->offset = (size_t)entry->as.items.at[1]->as.integer;
    MC_TRY_IN(plain_dtype(entry->as.items.at[0], &out->dtype, &inner, err), err, "field %.*s",
              MC_SHOW(out->name));
    if (inner != NULL || out->dtype.kind == 'O')
        return mc_fail(err, MC_E_UNSUPPORTED, name->offset,
                       "field %.*s: structures and objects in a structure", MC_SHOW(out->name));
    if (out->offset > item_size || out->dtype.item_size > item_size - out->offset) {
        return mc_fail(err, MC_E_MALFORMED, name->offset,
                       "field %.*s: %zu bytes at %zu do not fit an item of %zu", MC_SHOW(out->name),
                       out->dtype.item_size, out->offset, item_size);
    }
    return MC_OK;
}

static mc_status read_fields(mc_arena *arena, const mc_value *state, mc_dtype_info *out,
                             mc_error *err)
{
    const mc_value *names = state->as.items.at[STATE_NAMES];
    if (names->kind != MC_KIND_TUPLE)
        return mc_fail(err, MC_E_MALFORMED, names->offset, "a dtype's names need to be a tuple");
    if (arena == NULL)
        return mc_fail(err, MC_E_UNSUPPORTED, state->offset, "a structure is not a number");
    /* Looking names up is quadratic; real structures are small. A field may have a title too, which
     * is one more key. */
    const size_t n_keys = state->as.items.at[STATE_FIELDS]->as.items.n / 2;
    if (names->as.items.n > MC_LIMIT_FIELDS || n_keys / 2 > MC_LIMIT_FIELDS)
        return mc_fail(err, MC_E_LIMIT, names->offset, "dtype of %zu fields, at most %d are read",
                       n_keys, MC_LIMIT_FIELDS);
    mc_dtype_field *fields = NULL;
    MC_TRY(mc_arena_new(arena, mc_dtype_field, names->as.items.n, &fields, err));
    for (size_t i = 0; i < names->as.items.n; i++)
        MC_TRY(read_field(state, names->as.items.at[i], out->item_size, &fields[i], err));
    out->fields = fields;
    out->n_fields = names->as.items.n;
    return MC_OK;
}

mc_status mc_dtype_from_value(mc_arena *arena, const mc_value *value, mc_dtype_info *out,
                              mc_error *err)
{
    const mc_value *state = NULL;
    mc_dtype_info dtype = {0};
    MC_TRY(plain_dtype(value, &dtype, &state, err));
    if (state != NULL)
        MC_TRY(read_fields(arena, state, &dtype, err));
    *out = dtype;
    return MC_OK;
}
