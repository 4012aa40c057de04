/* npy.c: header of a .npy file, and the bytes behind it. */
#include "import/file/npy.h"

#include "array/shape.h"
#include "base/reader.h"
#include "base/size.h"
#include "import/file/literal.h"

#define MAGIC "\x93NUMPY"

static mc_status bad(mc_error *err, const char *what)
{
    return mc_fail(err, MC_E_MALFORMED, MC_NO_OFFSET, "npy file: %s", what);
}

/* Python 2 writes some integers as 3L, which Python 3 has no literal for. */
static mc_status without_long_suffixes(mc_bytes text, mc_arena *arena, mc_bytes *out, mc_error *err)
{
    uint8_t *kept = NULL;
    size_t n = 0;
    bool quoted = false;
    MC_TRY(mc_arena_new_raw(arena, uint8_t, text.size, &kept, err));
    for (size_t i = 0; i < text.size; i++) {
        const uint8_t c = text.data[i];
        const bool after_digit = i > 0 && text.data[i - 1] >= '0' && text.data[i - 1] <= '9';
        quoted ^= c == '\'';
        if (c != 'L' || quoted || !after_digit)
            kept[n++] = c;
    }
    *out = (mc_bytes){kept, n};
    return MC_OK;
}

static mc_status read_literal(mc_reader *reader, mc_arena *arena, mc_value **out, mc_error *err)
{
    const uint8_t *magic = NULL, *text = NULL;
    uint8_t major = 0, minor = 0;
    uint16_t size16 = 0;
    uint32_t size = 0;
    MC_TRY(mc_read_bytes(reader, sizeof MAGIC - 1, &magic));
    if (memcmp(magic, MAGIC, sizeof MAGIC - 1) != 0)
        return bad(err, "it does not begin with the magic word");
    MC_TRY(mc_read_u8(reader, &major));
    MC_TRY(mc_read_u8(reader, &minor));
    if (major < 1 || major > 3 || minor != 0)
        return mc_fail(err, MC_E_UNSUPPORTED, MC_NO_OFFSET, "npy file: version %u.%u", major,
                       minor);
    if (major == 1) {
        MC_TRY(mc_read_u16le(reader, &size16));
        size = size16;
    } else {
        MC_TRY(mc_read_u32le(reader, &size));
    }
    MC_TRY(mc_read_bytes(reader, size, &text));
    mc_bytes literal = {0};
    MC_TRY(without_long_suffixes((mc_bytes){text, size}, arena, &literal, err));
    return mc_literal_read(literal, 0, arena, out, err);
}

/* One (name, dtype) of a structure; without a name it is padding. */
static mc_status read_field(mc_arena *arena, const mc_value *item, mc_dtype_info *out,
                            mc_dtype_field *field, mc_error *err)
{
    mc_dtype_info dtype;
    const bool is_pair = mc_value_is(item, MC_KIND_TUPLE) && item->as.items.n == 2 &&
                         item->as.items.at[0]->kind == MC_KIND_TEXT &&
                         item->as.items.at[1]->kind == MC_KIND_TEXT;
    if (!is_pair)
        return mc_fail(err, MC_E_UNSUPPORTED, MC_NO_OFFSET,
                       "npy file: a structure of more than plain fields");
    MC_TRY(mc_dtype_from_value(arena, item->as.items.at[1], &dtype, err));
    if (dtype.kind == 'O')
        return bad(err, "objects in a structure");
    *field = (mc_dtype_field){item->as.items.at[0]->as.bytes, out->item_size, dtype};
    if (!mc_add_size(out->item_size, dtype.item_size, &out->item_size) ||
        out->item_size > PTRDIFF_MAX)
        return bad(err, "a structure larger than memory");
    return MC_OK;
}

static mc_status read_dtype(mc_arena *arena, const mc_value *descr, mc_dtype_info *out,
                            mc_error *err)
{
    mc_dtype_field *fields = NULL;
    size_t n = 0;
    if (!mc_value_is(descr, MC_KIND_LIST))
        return mc_dtype_from_value(arena, descr, out, err);
    if (descr->as.items.n > MC_LIMIT_FIELDS)
        return mc_fail(err, MC_E_LIMIT, MC_NO_OFFSET, "dtype of %zu fields, at most %d are read",
                       descr->as.items.n, MC_LIMIT_FIELDS);
    MC_TRY(mc_arena_new(arena, mc_dtype_field, descr->as.items.n, &fields, err));
    *out = (mc_dtype_info){.kind = 'V'};
    for (size_t i = 0; i < descr->as.items.n; i++) {
        MC_TRY(read_field(arena, descr->as.items.at[i], out, &fields[n], err));
        n += fields[n].name.size > 0 ? 1 : 0;
    }
    out->fields = fields;
    out->n_fields = n;
    return MC_OK;
}

mc_status mc_npy_read_header(mc_reader *reader, mc_arena *arena, mc_ndarray *out, mc_error *err)
{
    mc_value *header = NULL;
    *out = (mc_ndarray){0};
    MC_TRY(read_literal(reader, arena, &header, err));
    const mc_value *descr = mc_dict_get(header, "descr");
    const mc_value *order = mc_dict_get(header, "fortran_order");
    const mc_value *shape = mc_dict_get(header, "shape");
    if (descr == NULL || shape == NULL || !mc_value_is(order, MC_KIND_BOOL))
        return bad(err, "its header needs descr, fortran_order and shape");
    MC_TRY(read_dtype(arena, descr, &out->dtype, err));
    return mc_ndarray_set_shape(out, shape, order->as.integer != 0, MC_NO_OFFSET, err);
}

mc_status mc_npy_read(mc_bytes file, mc_arena *arena, mc_ndarray *out, mc_error *err)
{
    mc_reader reader = {.data = file.data, .size = file.size, .err = err};
    mc_ndarray array = {0};
    MC_TRY(mc_npy_read_header(&reader, arena, &array, err));
    if (array.dtype.kind == 'O')
        return bad(err, "it holds objects");
    MC_TRY(mc_read_bytes(&reader, mc_ndarray_byte_size(&array), &array.data));
    *out = array;
    return MC_OK;
}
