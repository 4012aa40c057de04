/* literal.c: JSON and Python literals -> graph values, with a stack of its own. */
#include "import/file/literal.h"

#include <math.h>
#include <string.h>

#include "base/limits.h"
#include "base/number.h"
#include "base/vec.h"
#include "pickle/text.h"

/* An open list, tuple or dict: its items are on the stack of values from `start` on. */
typedef struct frame {
    size_t start;
    uint8_t close;
    mc_value_kind kind;
} frame;

typedef struct parser {
    mc_bytes text;
    size_t at;
    uint64_t offset;
    mc_arena *arena;
    mc_error *err;
    mc_vec values; /* mc_value *: done, and not in a container yet */
    mc_vec frames;
} parser;

static mc_status fail(const parser *p, const char *wanted)
{
    if (p->at >= p->text.size)
        return mc_fail(p->err, MC_E_TRUNCATED, p->offset + p->at, "expected %s, found the end",
                       wanted);
    return mc_fail(p->err, MC_E_MALFORMED, p->offset + p->at, "expected %s, found byte 0x%02x",
                   wanted, p->text.data[p->at]);
}

static int peek(parser *p)
{
    while (p->at < p->text.size && p->text.data[p->at] != 0 &&
           strchr(" \t\r\n", p->text.data[p->at]) != NULL)
        p->at++;
    return p->at < p->text.size ? p->text.data[p->at] : -1;
}

static size_t n_values(const parser *p)
{
    return p->values.size / sizeof(mc_value *);
}

static mc_status new_value(parser *p, mc_value_kind kind, mc_value **out)
{
    MC_TRY(mc_arena_new(p->arena, mc_value, 1, out, p->err));
    (*out)->kind = kind;
    (*out)->offset = p->offset + p->at;
    return MC_OK;
}

/* ------------------------------------------------------------------------------ strings ---- */

static bool read_hex(const parser *p, size_t at, uint32_t *out)
{
    *out = 0;
    if (p->text.size - at < 4)
        return false;
    for (size_t i = 0; i < 4; i++) {
        const uint8_t c = p->text.data[at + i];
        const uint8_t low = (uint8_t)(c | 0x20);
        if (c >= '0' && c <= '9')
            *out = *out * 16 + (uint32_t)(c - '0');
        else if (low >= 'a' && low <= 'f')
            *out = *out * 16 + (uint32_t)(low - 'a' + 10);
        else
            return false;
    }
    return true;
}

/* \uXXXX, and the half of a pair behind it; a half without its other stays three bytes. */
static mc_status read_unicode(parser *p, uint8_t *out, size_t *n)
{
    uint32_t code = 0, low = 0;
    if (!read_hex(p, p->at, &code))
        return fail(p, "four hexadecimal digits");
    p->at += 4;
    const bool is_high = code >= 0xd800 && code < 0xdc00;
    if (is_high && p->text.size - p->at >= 6 && p->text.data[p->at] == '\\' &&
        p->text.data[p->at + 1] == 'u' && read_hex(p, p->at + 2, &low) && low >= 0xdc00 &&
        low < 0xe000) {
        p->at += 6;
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    }
    *n += mc_text_put_utf8(code, out + *n);
    return MC_OK;
}

/* Behind the backslash. No escape makes more bytes than it is. */
static mc_status read_escape(parser *p, uint8_t *out, size_t *n)
{
    static const char NAMES[] = "\"\\/'bfnrt", BYTES[] = "\"\\/'\b\f\n\r\t";
    const uint8_t name = p->at < p->text.size ? p->text.data[p->at] : 0;
    const char *found = name == 0 ? NULL : strchr(NAMES, name);
    if (found == NULL && name != 'u')
        return fail(p, "an escape");
    p->at++;
    if (name == 'u')
        return read_unicode(p, out, n);
    out[(*n)++] = (uint8_t)BYTES[found - NAMES];
    return MC_OK;
}

/* First quote from `at` on that no backslash precedes; false if there is none. */
static bool find_quote(const parser *p, uint8_t quote, size_t *out_end, bool *out_escaped)
{
    *out_escaped = false;
    for (size_t i = p->at; i < p->text.size; i++) {
        if (p->text.data[i] == quote) {
            *out_end = i;
            return true;
        }
        if (p->text.data[i] == '\\') {
            *out_escaped = true;
            i++;
        }
    }
    return false;
}

static mc_status unescape(parser *p, size_t end, mc_bytes *out)
{
    uint8_t *bytes = NULL;
    size_t n = 0;
    MC_TRY(mc_arena_new_raw(p->arena, uint8_t, end - p->at, &bytes, p->err));
    while (p->at < end) {
        const uint8_t c = p->text.data[p->at++];
        if (c == '\\')
            MC_TRY(read_escape(p, bytes, &n));
        else
            bytes[n++] = c;
    }
    *out = (mc_bytes){bytes, n};
    return MC_OK;
}

static mc_status read_string(parser *p, mc_value **out)
{
    const uint8_t quote = p->text.data[p->at];
    size_t end = 0;
    bool escaped = false;
    MC_TRY(new_value(p, MC_KIND_TEXT, out));
    p->at++;
    if (!find_quote(p, quote, &end, &escaped)) {
        p->at = p->text.size;
        return fail(p, "the end of a string");
    }
    const mc_bytes raw = {p->text.data + p->at, end - p->at};
    if (!mc_text_is_utf8(raw))
        return mc_fail(p->err, MC_E_MALFORMED, p->offset + p->at, "a string that is not UTF-8");
    (*out)->as.bytes = raw;
    if (escaped)
        MC_TRY(unescape(p, end, &(*out)->as.bytes));
    p->at = end + 1;
    return MC_OK;
}

/* ------------------------------------------------------------------------------ scalars ---- */

static const struct {
    const char *name;
    mc_value_kind kind;
    int64_t integer;
    double number;
} WORDS[] = {
    {"null", MC_KIND_NONE, 0, 0.0},
    {"None", MC_KIND_NONE, 0, 0.0},
    {"true", MC_KIND_BOOL, 1, 0.0},
    {"True", MC_KIND_BOOL, 1, 0.0},
    {"false", MC_KIND_BOOL, 0, 0.0},
    {"False", MC_KIND_BOOL, 0, 0.0},
    {"NaN", MC_KIND_FLOAT, 0, (double)NAN},
    {"Infinity", MC_KIND_FLOAT, 0, (double)INFINITY},
    {"-Infinity", MC_KIND_FLOAT, 0, -(double)INFINITY},
};

static mc_status read_word(parser *p, mc_value **out)
{
    for (size_t i = 0; i < MC_COUNT_OF(WORDS); i++) {
        const size_t size = strlen(WORDS[i].name);
        if (p->text.size - p->at < size || memcmp(p->text.data + p->at, WORDS[i].name, size) != 0)
            continue;
        MC_TRY(new_value(p, WORDS[i].kind, out));
        if (WORDS[i].kind == MC_KIND_FLOAT)
            (*out)->as.number = WORDS[i].number;
        else
            (*out)->as.integer = WORDS[i].integer;
        p->at += size;
        return MC_OK;
    }
    return fail(p, "a value");
}

/* Digits with a sign, as int64; false if they do not fit. */
static bool to_integer(const char *text, size_t size, int64_t *out)
{
    const bool negative = text[0] == '-';
    int64_t value = 0;
    for (size_t i = negative ? 1 : 0; i < size; i++) {
        const int64_t digit = text[i] - '0';
        if (__builtin_mul_overflow(value, 10, &value) ||
            (negative ? __builtin_sub_overflow(value, digit, &value)
                      : __builtin_add_overflow(value, digit, &value)))
            return false;
    }
    *out = value;
    return true;
}

static mc_status read_number(parser *p, mc_value **out)
{
    const char *text = (const char *)p->text.data + p->at;
    double number = 0.0;
    const size_t size = mc_parse_double(text, p->text.size - p->at, &number);
    if (size == 0)
        return read_word(p, out); /* -Infinity */
    const bool is_float = memchr(text, '.', size) != NULL || memchr(text, 'e', size) != NULL ||
                          memchr(text, 'E', size) != NULL;
    MC_TRY(new_value(p, is_float ? MC_KIND_FLOAT : MC_KIND_INT, out));
    if (is_float)
        (*out)->as.number = number;
    else if (!to_integer(text, size, &(*out)->as.integer))
        return mc_fail(p->err, MC_E_UNSUPPORTED, p->offset + p->at, "an integer beyond 64 bits");
    p->at += size;
    return MC_OK;
}

/* --------------------------------------------------------------------------- containers ---- */

static frame *top_frame(const parser *p)
{
    return p->frames.size == 0 ? NULL
                               : (frame *)(void *)(p->frames.data + p->frames.size - sizeof(frame));
}

static mc_status open_frame(parser *p, uint8_t open)
{
    frame made = {.start = n_values(p), .close = ']', .kind = MC_KIND_LIST};
    if (open == '(') {
        made.close = ')';
        made.kind = MC_KIND_TUPLE;
    } else if (open == '{') {
        made.close = '}';
        made.kind = MC_KIND_DICT;
    }
    if (p->frames.size / sizeof made >= MC_LIMIT_LITERAL_DEPTH)
        return mc_fail(p->err, MC_E_LIMIT, p->offset + p->at,
                       "more than %d lists and objects in each other", MC_LIMIT_LITERAL_DEPTH);
    p->at++;
    return mc_vec_append(&p->frames, &made, sizeof made, p->err);
}

/* The open frame's values leave the stack and are a value on it. */
static mc_status close_frame(parser *p, const frame *top)
{
    const size_t n = n_values(p) - top->start;
    mc_value *made = NULL;
    MC_TRY(new_value(p, top->kind, &made));
    MC_TRY(mc_arena_new(p->arena, mc_value *, n, &made->as.items.at, p->err));
    made->as.items.n = made->as.items.room = n;
    p->values.size = top->start * sizeof made;
    if (n > 0)
        memcpy(made->as.items.at, p->values.data + p->values.size, n * sizeof made);
    p->frames.size -= sizeof *top;
    p->at++;
    return mc_vec_append(&p->values, &made, sizeof made, p->err);
}

static mc_status read_scalar(parser *p, int c)
{
    mc_value *made = NULL;
    if (c == '"' || c == '\'')
        MC_TRY(read_string(p, &made));
    else if (c == '-' || (c >= '0' && c <= '9'))
        MC_TRY(read_number(p, &made));
    else
        MC_TRY(read_word(p, &made));
    return mc_vec_append(&p->values, &made, sizeof made, p->err);
}

/* What stands between the values of the open frame, or its end. */
static mc_status read_separator(parser *p, const frame *top, bool *out_closed)
{
    const bool is_key = top->kind == MC_KIND_DICT && (n_values(p) - top->start) % 2 == 1;
    const int c = peek(p);
    *out_closed = c == top->close && !is_key;
    if (*out_closed)
        return close_frame(p, top);
    if (c != (is_key ? ':' : ','))
        return fail(p, is_key ? "a colon" : "a comma or the end of a list");
    p->at++;
    return MC_OK;
}

static mc_status read_all(parser *p)
{
    for (;;) {
        const frame *top = top_frame(p);
        const int c = peek(p);
        bool closed = top != NULL && c == top->close &&
                      (top->kind != MC_KIND_DICT || (n_values(p) - top->start) % 2 == 0);
        if (closed) {
            MC_TRY(close_frame(p, top)); /* empty, or behind a last comma */
        } else if (c == '[' || c == '{' || c == '(') {
            MC_TRY(open_frame(p, (uint8_t)c));
            continue;
        } else {
            MC_TRY(read_scalar(p, c));
        }
        do {
            top = top_frame(p);
            if (top == NULL)
                return MC_OK;
            MC_TRY(read_separator(p, top, &closed));
        } while (closed);
    }
}

mc_status mc_literal_read(mc_bytes text, uint64_t offset, mc_arena *arena, mc_value **out,
                          mc_error *err)
{
    parser p = {.text = text, .offset = offset, .arena = arena, .err = err};
    mc_status status = read_all(&p);
    if (status == MC_OK && peek(&p) >= 0)
        status = fail(&p, "nothing more");
    if (status == MC_OK)
        *out = *(mc_value **)(void *)p.values.data;
    mc_vec_fini(&p.values);
    mc_vec_fini(&p.frames);
    return status;
}
