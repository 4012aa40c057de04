/* document_json.c: JSON text, as libraries write models: NaN and Infinity may stand for numbers. */
#include <math.h>
#include <string.h>

#include "base/number.h"
#include "import/file/document.h"

typedef struct json {
    mc_doc_builder *b;
    const uint8_t *data;
    size_t size, at;
} json;

static mc_status wrong(const json *j, const char *what)
{
    return mc_fail(j->b->err, MC_E_MALFORMED, j->at, "JSON: expected %s", what);
}

static void skip_spaces(json *j)
{
    /* Bytes: NOLINTNEXTLINE(bugprone-not-null-terminated-result) */
    while (j->at < j->size && memchr(" \t\r\n", j->data[j->at], 4) != NULL)
        j->at++;
}

static bool take(json *j, const char *literal)
{
    const size_t n = strlen(literal);
    if (j->size - j->at < n || memcmp(j->data + j->at, literal, n) != 0)
        return false;
    j->at += n;
    return true;
}

/* ----------------------------------------------------------------------------------- texts ---- */

static bool hex4(const json *j, size_t at, uint32_t *out)
{
    *out = 0;
    for (size_t i = 0; i < 4; i++) {
        const uint8_t c = at + i < j->size ? j->data[at + i] : 0;
        const uint32_t low = c | 0x20u;
        if (c >= '0' && c <= '9')
            *out = *out * 16 + (c - (uint32_t)'0');
        else if (low >= 'a' && low <= 'f')
            *out = *out * 16 + (low - 'a' + 10);
        else
            return false;
    }
    return true;
}

static size_t put_utf8(uint32_t code, uint8_t *out)
{
    if (code < 0x80) {
        out[0] = (uint8_t)code;
        return 1;
    }
    const size_t n = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (size_t i = n; i-- > 1; code >>= 6)
        out[i] = (uint8_t)(0x80u | (code & 0x3fu));
    out[0] = (uint8_t)((0xf00u >> n & 0xffu) | code);
    return n;
}

/* What follows a backslash, `at` it; at most 4 bytes for the 6 or 12 read. */
static mc_status unescape(json *j, uint8_t *out, size_t *out_n)
{
    static const char FROM[] = "\"\\/bfnrt", TO[] = "\"\\/\b\f\n\r\t";
    const char *known = j->at < j->size && j->data[j->at] != 0
                            ? memchr(FROM, j->data[j->at], sizeof FROM - 1)
                            : NULL;
    uint32_t code = 0, low = 0;
    if (known != NULL) {
        *out = (uint8_t)TO[known - FROM];
        *out_n = 1;
        j->at++;
        return MC_OK;
    }
    if (!take(j, "u") || !hex4(j, j->at, &code))
        return wrong(j, "an escape");
    j->at += 4;
    if (code >= 0xd800 && code < 0xdc00) {
        if (!take(j, "\\u") || !hex4(j, j->at, &low) || low < 0xdc00 || low >= 0xe000)
            return wrong(j, "the second half of a surrogate pair");
        j->at += 4;
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    }
    *out_n = put_utf8(code, out);
    return MC_OK;
}

/* Behind the opening quote; the text is borrowed unless it has escapes. */
static mc_status read_text(json *j, mc_bytes *out)
{
    const size_t start = j->at;
    uint8_t *copy = NULL;
    size_t n = 0, end = start;
    while (end < j->size && j->data[end] != '"')
        end += j->data[end] == '\\' ? 2 : 1;
    if (end >= j->size)
        return wrong(j, "a closing quote");
    *out = (mc_bytes){j->data + start, end - start};
    if (memchr(out->data, '\\', out->size) == NULL) {
        j->at = end + 1;
        return MC_OK;
    }
    MC_TRY(mc_arena_new(j->b->arena, uint8_t, out->size, &copy, j->b->err));
    while (j->at < end) {
        size_t more = 1;
        if (j->data[j->at] == '\\') {
            j->at++;
            MC_TRY(unescape(j, copy + n, &more));
        } else {
            copy[n] = j->data[j->at++];
        }
        n += more;
    }
    j->at = end + 1;
    *out = (mc_bytes){copy, n};
    return MC_OK;
}

/* ---------------------------------------------------------------------------------- values ---- */

static mc_status read_number(json *j, mc_doc *out)
{
    static const struct {
        const char *literal;
        double value;
    } NAMED[] = {{"true", 1.0},
                 {"false", 0.0},
                 {"NaN", (double)NAN},
                 {"-NaN", (double)NAN},
                 {"nan", (double)NAN},
                 {"-nan", (double)NAN},
                 {"Infinity", (double)INFINITY},
                 {"-Infinity", -(double)INFINITY}};
    out->kind = MC_DOC_NUMBER;
    for (size_t i = 0; i < MC_COUNT_OF(NAMED); i++) {
        if (take(j, NAMED[i].literal)) {
            out->as.number = NAMED[i].value;
            return MC_OK;
        }
    }
    const size_t n =
        mc_parse_double((const char *)j->data + j->at, j->size - j->at, &out->as.number);
    if (n == 0)
        return wrong(j, "a value");
    j->at += n;
    return MC_OK;
}

/* A value, or the beginning of one; *out_opened: its first item is next. */
static mc_status read_value(json *j, bool *out_opened)
{
    mc_doc value = {.kind = MC_DOC_NULL};
    skip_spaces(j);
    *out_opened = j->at < j->size && (j->data[j->at] == '{' || j->data[j->at] == '[');
    if (*out_opened) {
        const bool is_object = j->data[j->at] == '{';
        return mc_doc_begin(j->b, is_object, j->at++);
    }
    if (take(j, "\"")) {
        value.kind = MC_DOC_TEXT;
        MC_TRY(read_text(j, &value.as.text));
    } else if (!take(j, "null")) {
        MC_TRY(read_number(j, &value));
    }
    return mc_doc_add(j->b, value);
}

static mc_status read_key(json *j)
{
    skip_spaces(j);
    if (!take(j, "\""))
        return wrong(j, "a name");
    MC_TRY(read_text(j, &j->b->key));
    skip_spaces(j);
    return take(j, ":") ? MC_OK : wrong(j, "a colon");
}

/* Ends and commas up to where the next value begins. */
static mc_status close_and_continue(json *j, bool opened)
{
    while (j->b->n_open > 0) {
        skip_spaces(j);
        if (take(j, mc_doc_in_object(j->b) ? "}" : "]")) {
            MC_TRY(mc_doc_end(j->b, j->at));
            opened = false;
            continue;
        }
        if (!opened && !take(j, ","))
            return wrong(j, "a comma or an end");
        return mc_doc_in_object(j->b) ? read_key(j) : MC_OK;
    }
    return MC_OK;
}

mc_status mc_doc_read_json(mc_doc_builder *b, mc_bytes bytes)
{
    json j = {.b = b, .data = bytes.data, .size = bytes.size};
    do {
        bool opened = false;
        MC_TRY(read_value(&j, &opened));
        MC_TRY(close_and_continue(&j, opened));
    } while (b->n_open > 0);
    skip_spaces(&j);
    while (j.at < j.size && j.data[j.at] == 0)
        j.at++; /* some writers count the NUL */
    return j.at == j.size ? MC_OK : wrong(&j, "nothing more");
}
