/* cells.c: values of any kind as cells: labels, categories, fill values. */
#include <math.h>
#include <string.h>

#include "array/shape.h"
#include "base/reader.h"
#include "pickle/text.h"

/* --------------------------------------------------------------------------------- strings ---- */

static uint32_t load_char(const uint8_t *at, bool big_endian)
{
    const uint32_t code = mc_load_u32le(at);
    return big_endian ? __builtin_bswap32(code) : code;
}

/* One U item as UTF-8 at `to`, which has item_size bytes. Trailing NULs are padding. */
static mc_status put_unicode(const mc_dtype_info *dtype, const uint8_t *at, uint8_t *to,
                             mc_cell *out, mc_error *err)
{
    size_t n = dtype->item_size / 4, size = 0;
    while (n > 0 && load_char(at + 4 * (n - 1), dtype->big_endian) == 0)
        n--;
    for (size_t i = 0; i < n; i++) {
        const uint32_t code = load_char(at + 4 * i, dtype->big_endian);
        if (code > 0x10ffff)
            return mc_fail(err, MC_E_MALFORMED, MC_NO_OFFSET, "0x%x is not a character", code);
        size += mc_text_put_utf8(code, to + size);
    }
    *out = (mc_cell){.kind = MC_CELL_STRING, .size = (uint32_t)size, .as.text = (const char *)to};
    return MC_OK;
}

/* The str of Python 2 as the text that it was meant as: UTF-8, as its json read it, or else
 * Latin-1. `to` has room for twice its bytes. */
static void put_bytes(mc_bytes bytes, uint8_t *to, mc_cell *out)
{
    const bool is_utf8 = mc_text_is_utf8(bytes);
    size_t size = 0;
    for (size_t i = 0; i < bytes.size; i++) {
        if (is_utf8)
            to[size++] = bytes.data[i];
        else
            size += mc_text_put_utf8(bytes.data[i], to + size);
    }
    *out = (mc_cell){.kind = MC_CELL_STRING, .size = (uint32_t)size, .as.text = (const char *)to};
}

/* An S item without the NULs that pad it. */
static mc_bytes without_padding(const uint8_t *at, size_t n)
{
    while (n > 0 && at[n - 1] == 0)
        n--;
    return (mc_bytes){at, n};
}

static mc_status string_cells(mc_arena *arena, const mc_ndarray *array, mc_cell *out, mc_error *err)
{
    const mc_dtype_info *dtype = &array->dtype;
    const size_t room = dtype->kind == 'S' ? dtype->item_size * 2 : dtype->item_size;
    mc_runs runs;
    mc_run run;
    uint8_t *text = NULL;
    size_t done = 0;

    if (room > UINT32_MAX)
        return mc_fail(err, MC_E_LIMIT, MC_NO_OFFSET, "strings of %zu bytes", dtype->item_size);
    MC_TRY(mc_arena_take_raw(arena, array->n_items, room, (void **)&text, err));
    mc_runs_init(&runs, array);
    while (mc_runs_next(&runs, &run)) {
        const uint8_t *at = run.at;
        for (size_t i = 0; i < run.n; i++, at += run.stride, done++) {
            if (dtype->kind == 'S')
                put_bytes(without_padding(at, dtype->item_size), text, &out[done]);
            else
                MC_TRY(put_unicode(dtype, at, text, &out[done], err));
            text += out[done].size;
        }
    }
    return MC_OK;
}

/* --------------------------------------------------------------------------------- numbers ---- */

static mc_status number_cells(mc_arena *arena, const mc_ndarray *array, mc_cell *out, mc_error *err)
{
    double *numbers = NULL;
    MC_TRY(mc_ndarray_f64(arena, array, &numbers, err));
    for (size_t i = 0; i < array->n_items; i++)
        out[i] = (mc_cell){.kind = MC_CELL_NUMBER, .as.number = numbers[i]};
    return MC_OK;
}

static mc_status integer_cells(mc_arena *arena, const mc_ndarray *array, mc_cell *out,
                               mc_error *err)
{
    const uint32_t kind = array->dtype.kind == 'b' ? MC_CELL_BOOL : MC_CELL_INTEGER;
    int64_t *integers = NULL;
    MC_TRY(mc_ndarray_i64(arena, array, &integers, err));
    for (size_t i = 0; i < array->n_items; i++)
        out[i] = (mc_cell){.kind = kind, .as.integer = integers[i]};
    return MC_OK;
}

/* Any kind but O. */
static mc_status plain_cells(mc_arena *arena, const mc_ndarray *array, mc_cell *out, mc_error *err)
{
    switch (array->dtype.kind) {
    case 'U':
    case 'S':
        return string_cells(arena, array, out, err);
    case 'i':
    case 'u':
    case 'b':
        return integer_cells(arena, array, out, err);
    default: /* f; and what is none of numbers is refused there by name */
        return number_cells(arena, array, out, err);
    }
}

/* ------------------------------------------------------------------------------ one value ---- */

static bool is_missing(const mc_value *value)
{
    return value->kind == MC_KIND_NONE || mc_value_is_a(value, "pandas._libs.missing", "NA") ||
           mc_value_is_a(value, "pandas", "NA");
}

static mc_status text_cell(const mc_value *value, mc_cell *out, mc_error *err)
{
    if (value->as.bytes.size > UINT32_MAX)
        return mc_fail(err, MC_E_LIMIT, value->offset, "string of %zu bytes", value->as.bytes.size);
    *out = (mc_cell){.kind = MC_CELL_STRING,
                     .size = (uint32_t)value->as.bytes.size,
                     .as.text = (const char *)value->as.bytes.data};
    return MC_OK;
}

/* A str of Python 2 beyond ASCII comes as bytes. Plain ASCII does not: that is bytes of Python 3,
 * which are equal to no text. */
static bool is_python2_text(const mc_value *value)
{
    return value->kind == MC_KIND_BYTES && !mc_text_is_ascii(value->as.bytes);
}

static mc_status python2_cell(mc_arena *arena, const mc_value *value, mc_cell *out, mc_error *err)
{
    const mc_bytes bytes = value->as.bytes;
    uint8_t *text = NULL;
    if (bytes.size > UINT32_MAX / 2)
        return mc_fail(err, MC_E_LIMIT, value->offset, "string of %zu bytes", bytes.size);
    MC_TRY(mc_arena_new_raw(arena, uint8_t, bytes.size * 2, &text, err));
    put_bytes(bytes, text, out);
    return MC_OK;
}

static mc_status scalar_cell(mc_arena *arena, const mc_value *value, mc_cell *out, mc_error *err)
{
    char text[256];
    mc_ndarray scalar = {0};
    mc_cell cell = {0};
    if (mc_value_is_array(value))
        MC_TRY(mc_ndarray_from_value(arena, value, &scalar, err));
    if (scalar.n_items != 1 || scalar.n_dims != 0 || scalar.dtype.kind == 'O') {
        return mc_fail(err, MC_E_UNSUPPORTED, value->offset,
                       "need a number, a string, a truth value or None, found %s",
                       mc_value_type_name(value, text, sizeof text));
    }
    MC_TRY(plain_cells(arena, &scalar, &cell, err));
    *out = cell;
    return MC_OK;
}

mc_status mc_cell_from_value(mc_arena *arena, const mc_value *value, mc_cell *out, mc_error *err)
{
    if (value == NULL)
        return mc_fail(err, MC_E_UNSUPPORTED, MC_NO_OFFSET, "need a value, found nothing");
    if (is_missing(value))
        *out = (mc_cell){.kind = MC_CELL_NONE};
    else if (value->kind == MC_KIND_BOOL)
        *out = (mc_cell){.kind = MC_CELL_BOOL, .as.integer = value->as.integer};
    else if (value->kind == MC_KIND_INT)
        *out = (mc_cell){.kind = MC_CELL_INTEGER, .as.integer = value->as.integer};
    else if (value->kind == MC_KIND_FLOAT)
        *out = (mc_cell){.kind = MC_CELL_NUMBER, .as.number = value->as.number};
    else if (mc_value_is_a(value, "numpy", "nan"))
        *out = (mc_cell){.kind = MC_CELL_NUMBER, .as.number = (double)NAN};
    else if (value->kind == MC_KIND_TEXT)
        return text_cell(value, out, err);
    else if (is_python2_text(value))
        return python2_cell(arena, value, out, err);
    else
        return scalar_cell(arena, value, out, err);
    return MC_OK;
}

mc_status mc_ndarray_cells(mc_arena *arena, const mc_ndarray *array, mc_cell **out, mc_error *err)
{
    mc_cell *cells = NULL;
    MC_TRY(mc_arena_new(arena, mc_cell, array->n_items, &cells, err));
    if (array->dtype.kind != 'O')
        MC_TRY(plain_cells(arena, array, cells, err));
    for (size_t i = 0; array->dtype.kind == 'O' && i < array->n_items; i++)
        MC_TRY_IN(mc_cell_from_value(arena, array->objects[i], &cells[i], err), err, "item %zu", i);
    *out = cells;
    return MC_OK;
}
