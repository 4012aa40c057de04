/* document_ubjson.c: Universal Binary JSON (draft 12), with the lists of one type that XGBoost
 * writes.
 *
 * LIMITATIONS   High-precision numbers (H) are refused; objects of one type ($) too. */
#include <string.h>

#include "base/reader.h"
#include "import/file/document.h"

#define CHUNK 256u /* numbers decoded at a time */

static uint64_t big_endian(const uint8_t *b, size_t n)
{
    uint64_t value = 0;
    for (size_t i = 0; i < n; i++)
        value = value << 8 | b[i];
    return value;
}

/* Bytes of a number's type; 0 if it is none. */
static size_t width_of(uint8_t type)
{
    switch (type) {
    case 'i':
    case 'U':
        return 1;
    case 'I':
        return 2;
    case 'l':
    case 'd':
        return 4;
    case 'L':
    case 'D':
        return 8;
    default:
        return 0;
    }
}

static double number_of(uint8_t type, const uint8_t *b)
{
    const uint64_t bits = big_endian(b, width_of(type));
    const uint32_t low = (uint32_t)bits;
    float single = 0.0f;
    double whole = 0.0;
    switch (type) {
    case 'i':
        return (double)(int8_t)bits;
    case 'U':
        return (double)bits;
    case 'I':
        return (double)(int16_t)bits;
    case 'l':
        return (double)(int32_t)low;
    case 'L':
        return (double)(int64_t)bits;
    case 'd':
        memcpy(&single, &low, sizeof single);
        return (double)single;
    default:
        memcpy(&whole, &bits, sizeof whole);
        return whole;
    }
}

static mc_status read_number(mc_reader *r, uint8_t type, double *out)
{
    const uint8_t *b = NULL;
    MC_TRY(mc_read_bytes(r, width_of(type), &b));
    *out = number_of(type, b);
    return MC_OK;
}

/* A length: a mark of an integer's type, and the integer. */
static mc_status read_length(mc_reader *r, size_t *out)
{
    uint8_t type = 0;
    const uint8_t *b = NULL;
    MC_TRY(mc_read_u8(r, &type));
    /* Bytes: NOLINTNEXTLINE(bugprone-not-null-terminated-result) */
    if (memchr("iUIlL", type, 5) == NULL)
        return mc_fail(r->err, MC_E_MALFORMED, r->at - 1, "UBJSON: expected a length");
    MC_TRY(mc_read_bytes(r, width_of(type), &b));
    const uint64_t n = big_endian(b, width_of(type));
    if (type != 'U' && n >> (8 * width_of(type) - 1) != 0)
        return mc_fail(r->err, MC_E_MALFORMED, r->at, "UBJSON: a length below 0");
    MC_TRY(mc_check_count(r, n, 1));
    *out = (size_t)n;
    return MC_OK;
}

static mc_status read_text(mc_reader *r, mc_bytes *out)
{
    MC_TRY(read_length(r, &out->size));
    return mc_read_bytes(r, out->size, &out->data);
}

/* [$type#n and n numbers without marks. */
static mc_status read_typed_list(mc_doc_builder *b, mc_reader *r)
{
    uint8_t type = 0, mark = 0;
    size_t n = 0;
    double items[CHUNK];
    MC_TRY(mc_read_u8(r, &type));
    MC_TRY(mc_read_u8(r, &mark));
    if (width_of(type) == 0 || mark != '#')
        return mc_fail(r->err, MC_E_UNSUPPORTED, r->at, "UBJSON: a list of type %02x", type);
    MC_TRY(read_length(r, &n));
    MC_TRY(mc_check_count(r, n, width_of(type)));
    MC_TRY(mc_doc_begin(b, false, r->at));
    while (n > 0) {
        const size_t some = n < CHUNK ? n : CHUNK;
        for (size_t i = 0; i < some; i++)
            MC_TRY(read_number(r, type, &items[i]));
        MC_TRY(mc_doc_add_numbers(b, items, some));
        n -= some;
    }
    return mc_doc_end(b, r->at);
}

/* Items that are still to come in lists that were opened with their count; SIZE_MAX: until "]". */
typedef struct counts {
    size_t left[MC_DOC_DEPTH];
} counts;

static mc_status open_list(mc_doc_builder *b, mc_reader *r, counts *c)
{
    size_t n = SIZE_MAX;
    const uint8_t next = mc_reader_left(r) > 0 ? r->data[r->at] : 0;
    if (next == '$' || next == '#')
        r->at++;
    if (next == '$')
        return read_typed_list(b, r);
    if (next == '#')
        MC_TRY(read_length(r, &n));
    MC_TRY(mc_doc_begin(b, false, r->at));
    c->left[b->n_open - 1] = n;
    return MC_OK;
}

static mc_status open_object(mc_doc_builder *b, mc_reader *r, counts *c)
{
    if (mc_reader_left(r) > 0 && (r->data[r->at] == '$' || r->data[r->at] == '#'))
        return mc_fail(r->err, MC_E_UNSUPPORTED, r->at, "UBJSON: an object with a count");
    MC_TRY(mc_doc_begin(b, true, r->at));
    c->left[b->n_open - 1] = SIZE_MAX;
    return MC_OK;
}

static mc_status read_value(mc_doc_builder *b, mc_reader *r, counts *c)
{
    uint8_t type = 0;
    mc_doc value = {.kind = MC_DOC_NUMBER};
    if (b->n_open > 0 && c->left[b->n_open - 1] != SIZE_MAX)
        c->left[b->n_open - 1]--;
    MC_TRY(mc_read_u8(r, &type));
    if (type == '{')
        return open_object(b, r, c);
    if (type == '[')
        return open_list(b, r, c);
    if (type == 'S' || type == 'C') {
        value.kind = MC_DOC_TEXT;
        value.as.text.size = 1;
        MC_TRY(type == 'S' ? read_text(r, &value.as.text)
                           : mc_read_bytes(r, 1, &value.as.text.data));
    } else if (type == 'Z') {
        value.kind = MC_DOC_NULL;
    } else if (type == 'T' || type == 'F') {
        value.as.number = type == 'T' ? 1.0 : 0.0;
    } else if (width_of(type) > 0) {
        MC_TRY(read_number(r, type, &value.as.number));
    } else {
        return mc_fail(r->err, MC_E_MALFORMED, r->at - 1, "UBJSON: unknown mark %02x", type);
    }
    return mc_doc_add(b, value);
}

/* Ends what has no more items; the key of the next one if it stands in an object. */
static mc_status close_and_continue(mc_doc_builder *b, mc_reader *r, counts *c)
{
    while (b->n_open > 0) {
        const bool is_object = mc_doc_in_object(b), is_counted = c->left[b->n_open - 1] != SIZE_MAX;
        const uint8_t next = mc_reader_left(r) > 0 ? r->data[r->at] : 0;
        if (is_counted && c->left[b->n_open - 1] > 0)
            return MC_OK;
        if (!is_counted && next != (is_object ? '}' : ']'))
            return is_object ? read_text(r, &b->key) : MC_OK;
        r->at += is_counted ? 0 : 1;
        MC_TRY(mc_doc_end(b, r->at));
    }
    return MC_OK;
}

mc_status mc_doc_read_ubjson(mc_doc_builder *b, mc_bytes bytes)
{
    mc_reader r = {.data = bytes.data, .size = bytes.size, .err = b->err};
    counts c = {0};
    do {
        MC_TRY(read_value(b, &r, &c));
        MC_TRY(close_and_continue(b, &r, &c));
    } while (b->n_open > 0);
    return MC_OK;
}
