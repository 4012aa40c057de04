/* encode.c: answers as JSON text, value by value into one growing buffer. */
#include "serve/encode.h"

#include <stdio.h>

#include "base/number.h"
#include "serve/json_scalar.h"

static mc_status put(mc_buffer *buffer, const char *literal, mc_error *err)
{
    return mc_buffer_append(buffer, literal, strlen(literal), err);
}

static inline mc_status put_byte(mc_buffer *buffer, char c, mc_error *err)
{
    MC_TRY(mc_buffer_reserve(buffer, 1, err));
    buffer->data[buffer->size++] = (uint8_t)c;
    return MC_OK;
}

/* --------------------------------------------------------------------------------- text ---- */

#define ESCAPE_SIZE 12 /* two of \uXXXX */

static size_t write_u(uint8_t *out, uint32_t unit)
{
    static const char HEX[] = "0123456789abcdef";
    out[0] = '\\';
    out[1] = 'u';
    for (uint32_t i = 0; i < 4; i++)
        out[2 + i] = (uint8_t)HEX[unit >> (12 - 4 * i) & 15];
    return 6;
}

static size_t write_escape(uint8_t *out, uint32_t character)
{
    static const char NAMED[] = "\"\\\n\r\t\f\b", NAMES[] = "\"\\nrtfb";
    const char *named = character == 0 || character > 0x7f ? NULL : strchr(NAMED, (int)character);
    if (named != NULL) {
        out[0] = '\\';
        out[1] = (uint8_t)NAMES[named - NAMED];
        return 2;
    }
    if (character < 0x10000)
        return write_u(out, character);
    const uint32_t rest = character - 0x10000;
    const size_t n = write_u(out, 0xd800 + (rest >> 10));
    return n + write_u(out + n, 0xdc00 + (rest & 0x3ff));
}

/* As the regular expression [^\ -~]|[\\"] of Python's json.encoder, negated. */
static inline bool is_plain(uint8_t c)
{
    return c >= 0x20 && c <= 0x7e && c != '"' && c != '\\';
}

mc_status mc_encode_text(mc_buffer *buffer, const char *text, size_t size, mc_error *err)
{
    const mc_bytes in = {(const uint8_t *)text, size};
    MC_TRY(put_byte(buffer, '"', err));
    for (size_t at = 0; at < size;) {
        size_t n = 0;
        while (at + n < size && is_plain(in.data[at + n]))
            n++;
        MC_TRY(mc_buffer_append(buffer, in.data + at, n, err));
        at += n;
        if (at == size)
            break;
        uint32_t character = 0xfffd;
        const size_t used = mc_utf8_read((mc_bytes){in.data + at, size - at}, &character);
        at += used == 0 ? 1 : used;
        MC_TRY(mc_buffer_reserve(buffer, ESCAPE_SIZE, err));
        buffer->size += write_escape(buffer->data + buffer->size, character);
    }
    return put_byte(buffer, '"', err);
}

/* -------------------------------------------------------------------------------- values ---- */

static mc_status put_float(mc_buffer *buffer, double value, mc_error *err)
{
    MC_TRY(mc_buffer_reserve(buffer, MC_NUMBER_TEXT, err));
    buffer->size += mc_print_double(value, (char *)buffer->data + buffer->size);
    return MC_OK;
}

static mc_status put_integer(mc_buffer *buffer, int64_t value, mc_error *err)
{
    MC_TRY(mc_buffer_reserve(buffer, MC_NUMBER_TEXT, err));
    buffer->size += mc_print_int(value, (char *)buffer->data + buffer->size);
    return MC_OK;
}

/* A double that holds an integer. Beyond int64 (and for NaN) only the float form is left. */
static mc_status put_whole(mc_buffer *buffer, double value, mc_error *err)
{
    const double limit = 9223372036854775808.0; /* 2^63 */
    if (value >= -limit && value < limit)
        return put_integer(buffer, (int64_t)value, err);
    return put_float(buffer, value, err);
}

static mc_status put_bool(mc_buffer *buffer, bool value, mc_error *err)
{
    return put(buffer, value ? "true" : "false", err);
}

/* How deep lists and dicts of an answer nest: inverse_transform gives a list of texts or a dict. */
#define DEEPEST 4

static mc_status put_cell(mc_buffer *buffer, const mc_cell *cell, unsigned depth, mc_error *err);

/* NOLINTNEXTLINE(misc-no-recursion): no deeper than DEEPEST */
static mc_status put_items(mc_buffer *buffer, const mc_cell *cell, unsigned depth, mc_error *err)
{
    const bool is_dict = cell->kind == MC_CELL_DICT;
    const size_t n = (size_t)cell->size * (is_dict ? 2 : 1);
    MC_ASSERT(depth < DEEPEST); /* answers are made by us */
    MC_TRY(put_byte(buffer, is_dict ? '{' : '[', err));
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            MC_TRY(put_byte(buffer, is_dict && i % 2 == 1 ? ':' : ',', err));
        MC_TRY(put_cell(buffer, &cell->as.items[i], depth + 1, err));
    }
    return put_byte(buffer, is_dict ? '}' : ']', err);
}

/* NOLINTNEXTLINE(misc-no-recursion): no deeper than DEEPEST */
static mc_status put_cell(mc_buffer *buffer, const mc_cell *cell, unsigned depth, mc_error *err)
{
    switch ((mc_cell_kind)cell->kind) {
    case MC_CELL_NONE:
        return put(buffer, "null", err);
    case MC_CELL_NUMBER:
        return put_float(buffer, cell->as.number, err);
    case MC_CELL_INTEGER:
        return put_integer(buffer, cell->as.integer, err);
    case MC_CELL_BOOL:
        return put_bool(buffer, cell->as.integer != 0, err);
    case MC_CELL_STRING:
        return mc_encode_text(buffer, cell->as.text, cell->size, err);
    case MC_CELL_LIST:
    case MC_CELL_DICT:
        return put_items(buffer, cell, depth, err);
    }
    MC_ASSERT(false); /* cells are made by us */
    return MC_E_INTERNAL;
}

mc_status mc_encode_cell(mc_buffer *buffer, const mc_cell *cell, mc_error *err)
{
    return put_cell(buffer, cell, 0, err);
}

static mc_status put_label(mc_buffer *buffer, const mc_class_tables *tables, const mc_part *part,
                           size_t at, mc_error *err)
{
    size_t n_classes = 0;
    const mc_cell *classes = tables->classes(tables->context, part->classes, &n_classes);
    const int32_t label = ((const int32_t *)part->data)[at];
    MC_ASSERT(label >= 0);
    MC_ASSERT((size_t)label < n_classes);
    return mc_encode_cell(buffer, &classes[label], err);
}

/* As MC_VALUE_FLOAT, _INT or _BOOL is shown. */
static mc_status put_number(mc_buffer *buffer, mc_value_type type, double value, mc_error *err)
{
    return type == MC_VALUE_BOOL  ? put_bool(buffer, value != 0.0, err)
           : type == MC_VALUE_INT ? put_whole(buffer, value, err)
                                  : put_float(buffer, value, err);
}

static mc_status put_value(mc_buffer *buffer, const mc_class_tables *tables, const mc_part *part,
                           size_t at, mc_error *err)
{
    switch (part->type) {
    case MC_VALUE_FLOAT:
    case MC_VALUE_INT:
    case MC_VALUE_BOOL:
        return put_number(buffer, part->type, ((const double *)part->data)[at], err);
    case MC_VALUE_LABEL:
        return put_label(buffer, tables, part, at, err);
    case MC_VALUE_CELL:
        return mc_encode_cell(buffer, &((const mc_cell *)part->data)[at], err);
    }
    MC_ASSERT(false);
    return MC_E_INTERNAL;
}

/* ------------------------------------------------------------------------------- a part's row ----
 */

/* Is this entry stored in a sparse row? Only numbers can be left out. */
static bool is_stored(const mc_part *part, size_t at)
{
    const bool number = part->type != MC_VALUE_LABEL && part->type != MC_VALUE_CELL;
    return !number || ((const double *)part->data)[at] != 0.0;
}

static mc_status put_sparse_half(mc_buffer *buffer, const mc_class_tables *tables,
                                 const mc_part *part, size_t row, bool indices, mc_error *err)
{
    const size_t first = row * part->n_columns;
    bool any = false;
    for (size_t i = 0; i < part->n_columns; i++) {
        if (!is_stored(part, first + i))
            continue;
        if (any)
            MC_TRY(put_byte(buffer, ',', err));
        any = true;
        if (indices)
            MC_TRY(put_integer(buffer, (int64_t)i, err));
        else
            MC_TRY(put_value(buffer, tables, part, first + i, err));
    }
    return MC_OK;
}

static mc_status put_sparse(mc_buffer *buffer, const mc_class_tables *tables, const mc_part *part,
                            size_t row, mc_error *err)
{
    MC_TRY(put(buffer, "{\"indices\":[", err));
    MC_TRY(put_sparse_half(buffer, tables, part, row, true, err));
    MC_TRY(put(buffer, "],\"values\":[", err));
    MC_TRY(put_sparse_half(buffer, tables, part, row, false, err));
    return put(buffer, "]}", err);
}

/* A row of what is held sparse: its entries as they are. */
static mc_status put_entries(mc_buffer *buffer, const mc_part *part, size_t row, mc_error *err)
{
    MC_TRY(put(buffer, "{\"indices\":[", err));
    for (int64_t i = part->indptr[row]; i < part->indptr[row + 1]; i++) {
        if (i > part->indptr[row])
            MC_TRY(put_byte(buffer, ',', err));
        MC_TRY(put_integer(buffer, part->indices[i], err));
    }
    MC_TRY(put(buffer, "],\"values\":[", err));
    for (int64_t i = part->indptr[row]; i < part->indptr[row + 1]; i++) {
        if (i > part->indptr[row])
            MC_TRY(put_byte(buffer, ',', err));
        MC_TRY(put_number(buffer, part->type, part->values[i], err));
    }
    return put(buffer, "]}", err);
}

static mc_status put_part_row(mc_buffer *buffer, const mc_class_tables *tables, const mc_part *part,
                              size_t row, mc_error *err)
{
    if (part->scalar)
        return put_value(buffer, tables, part, row, err);
    if (part->indptr != NULL)
        return put_entries(buffer, part, row, err);
    if (part->sparse)
        return put_sparse(buffer, tables, part, row, err);
    const size_t first = row * part->n_columns, deep = part->n_deep > 1 ? part->n_deep : 1;
    MC_TRY(put_byte(buffer, '[', err));
    for (size_t i = 0; i < part->n_columns; i++) {
        if (i > 0)
            MC_TRY(put_byte(buffer, ',', err));
        if (deep > 1 && i % deep == 0) /* a list of its own for each pair of rows */
            MC_TRY(put_byte(buffer, '[', err));
        MC_TRY(put_value(buffer, tables, part, first + i, err));
        if (deep > 1 && i % deep == deep - 1)
            MC_TRY(put_byte(buffer, ']', err));
    }
    return put_byte(buffer, ']', err);
}

/* -------------------------------------------------------------------------------- answers ---- */

/* What a y is: the list of all parts, the object of all parts, or the one part without a name. */
typedef enum shape { SHAPE_LIST, SHAPE_OBJECT, SHAPE_PART } shape;

static shape shape_of(const mc_output *output)
{
    MC_ASSERT(output->n_parts > 0);
    if (output->list)
        return SHAPE_LIST;
    return output->parts[0].name != NULL ? SHAPE_OBJECT : SHAPE_PART;
}

static mc_status put_key(mc_buffer *buffer, const char *name, mc_error *err)
{
    MC_TRY(mc_encode_text(buffer, name, strlen(name), err));
    return put_byte(buffer, ':', err);
}

mc_status mc_encode_row(mc_buffer *buffer, const mc_class_tables *tables, const mc_output *output,
                        size_t row, mc_error *err)
{
    const shape y = shape_of(output);
    if (y == SHAPE_PART)
        return put_part_row(buffer, tables, &output->parts[0], row, err);
    for (size_t i = 0; i < output->n_parts; i++) {
        const mc_part *part = &output->parts[i];
        MC_TRY(put_byte(buffer, i > 0 ? ',' : y == SHAPE_LIST ? '[' : '{', err));
        if (y == SHAPE_OBJECT)
            MC_TRY(put_key(buffer, part->name, err));
        MC_TRY(put_part_row(buffer, tables, part, row, err));
    }
    return put_byte(buffer, y == SHAPE_LIST ? ']' : '}', err);
}

/* `,"std":[...]` for each part beside the prediction. */
static mc_status put_beside(mc_buffer *buffer, const mc_class_tables *tables,
                            const mc_output *output, mc_error *err)
{
    for (size_t i = 1; i < output->n_parts; i++) {
        const mc_part *part = &output->parts[i];
        MC_ASSERT(part->name != NULL);
        MC_TRY(put_byte(buffer, ',', err));
        MC_TRY(put_key(buffer, part->name, err));
        MC_TRY(put_byte(buffer, '[', err));
        for (size_t row = 0; row < output->n_rows; row++) {
            if (row > 0)
                MC_TRY(put_byte(buffer, ',', err));
            MC_TRY(put_part_row(buffer, tables, part, row, err));
        }
        MC_TRY(put_byte(buffer, ']', err));
    }
    return MC_OK;
}

static mc_status put_answer(mc_buffer *buffer, const mc_class_tables *tables,
                            const mc_output *output, mc_error *err)
{
    MC_TRY(put(buffer, "{\"prediction\":[", err));
    for (size_t row = 0; row < output->n_rows; row++) {
        if (row > 0)
            MC_TRY(put_byte(buffer, ',', err));
        MC_TRY(mc_encode_row(buffer, tables, output, row, err));
    }
    MC_TRY(put_byte(buffer, ']', err));
    if (shape_of(output) == SHAPE_PART)
        MC_TRY(put_beside(buffer, tables, output, err));
    return put(buffer, "}\n", err);
}

mc_status mc_encode_answer(mc_buffer *buffer, const mc_class_tables *tables,
                           const mc_output *output, mc_error *err)
{
    const size_t before = buffer->size;
    const mc_status status = put_answer(buffer, tables, output, err);
    if (status != MC_OK)
        buffer->size = before;
    return status;
}

/* --------------------------------------------------------------------------------- errors ---- */

/* The place of an error: its offset means a byte, but the row where a row does not fit. */
static void write_where(const mc_error *error, char *out, size_t size)
{
    const char *unit = error->status == MC_E_BAD_INPUT ? "row" : "byte";
    int n = 0;
    out[0] = 0;
    if (error->offset != MC_NO_OFFSET)
        n = snprintf(out, size, "%s %llu", unit, (unsigned long long)error->offset);
    for (uint32_t i = 0; i < error->n_contexts && n >= 0 && (size_t)n < size; i++)
        n += snprintf(out + n, size - (size_t)n, "%sin %s", n == 0 ? "" : " / ", error->context[i]);
}

static mc_status put_error(mc_buffer *buffer, const mc_error *error, mc_error *err)
{
    char where[MC_ERROR_CONTEXTS * (MC_ERROR_CONTEXT + 8) + 32];
    write_where(error, where, sizeof where);
    const char *code = mc_status_name(error->status);
    MC_TRY(put(buffer, "{\"error\":{\"code\":", err));
    MC_TRY(mc_encode_text(buffer, code, strlen(code), err));
    MC_TRY(put(buffer, ",\"message\":", err));
    MC_TRY(mc_encode_text(buffer, error->message, strlen(error->message), err));
    MC_TRY(put(buffer, ",\"where\":", err));
    MC_TRY(mc_encode_text(buffer, where, strlen(where), err));
    return put(buffer, "}}\n", err);
}

mc_status mc_encode_error(mc_buffer *buffer, const mc_error *error, mc_error *err)
{
    const size_t before = buffer->size;
    const mc_status status = put_error(buffer, error, err);
    if (status != MC_OK)
        buffer->size = before;
    return status;
}
