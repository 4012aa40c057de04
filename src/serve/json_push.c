/* json_push.c: a JSON tokenizer that can stop at every byte.
 *
 * HOW IT WORKS: outside tokens the state is one small enum and a bit for each open level. A word (a
 * number or a literal: a run of letters, digits, + - .) and a string are first looked for whole in
 * the chunk. If the chunk ends first, their raw bytes are gathered until the end comes; checks and
 * values are made from whole tokens only, which is why cuts cannot change them (J2). */
#include "serve/json_push.h"

#include "base/limits.h"
#include "serve/json_scalar.h"

void mc_json_init(mc_json *json, mc_meter *meter)
{
    *json = (mc_json){.start = NULL};
    mc_buffer_init(&json->gathered, meter);
}

void mc_json_fini(mc_json *json)
{
    mc_buffer_fini(&json->gathered);
}

void mc_json_begin(mc_json *json, bool lines)
{
    const mc_buffer kept = json->gathered;
    *json = (mc_json){.lines = lines, .line = 1, .gathered = kept};
    json->gathered.size = 0;
}

void mc_json_feed(mc_json *json, const void *bytes, size_t size)
{
    static const uint8_t NOTHING[1];
    MC_ASSERT(json->at == json->end);
    MC_ASSERT(!json->finished);
    json->base = mc_json_offset(json);
    json->start = json->at = size == 0 ? NOTHING : bytes;
    json->end = json->start + size;
}

void mc_json_finish(mc_json *json)
{
    mc_json_feed(json, NULL, 0);
    json->finished = true;
}

static inline bool in_object(const mc_json *json)
{
    return json->depth > 0 && (json->nesting >> (json->depth - 1) & 1u) != 0;
}

/* What may stand here, where it is neither a value nor what was found. */
static const char *expected(const mc_json *json)
{
    switch (json->state) {
    case MC_JSON_AT_COLON:
        return "':'";
    case MC_JSON_AT_COMMA:
        return in_object(json) ? "',' or '}'" : "',' or ']'";
    case MC_JSON_AT_KEY_OR_END:
        return "a key in double quotes, or '}'";
    case MC_JSON_AT_KEY:
        return "a key in double quotes";
    case MC_JSON_AT_BETWEEN:
        return json->lines ? "the end of the line" : "the end of the body";
    case MC_JSON_AT_VALUE:
    case MC_JSON_AT_VALUE_OR_END:
        break;
    }
    return "a JSON value";
}

static mc_status unexpected(const mc_json *json, mc_error *err)
{
    const uint64_t offset = mc_json_offset(json);
    const unsigned found = *json->at;
    if (offset == 0 && found == 0xef) {
        return mc_fail(err, MC_E_BAD_REQUEST, offset,
                       "expected %s, found the byte 0xef: JSON is UTF-8 without a byte order mark",
                       expected(json));
    }
    if (found < 0x20 || found > 0x7e)
        return mc_fail(err, MC_E_BAD_REQUEST, offset, "expected %s, found the byte 0x%02x",
                       expected(json), found);
    return mc_fail(err, MC_E_BAD_REQUEST, offset, "expected %s, found '%c'", expected(json),
                   (char)found);
}

/* ------------------------------------------------------------------------------ scalars ---- */

static inline mc_json_state state_after_value(const mc_json *json)
{
    return json->depth > 0 ? MC_JSON_AT_COMMA : MC_JSON_AT_BETWEEN;
}

static bool is_word(uint8_t c)
{
    return (uint8_t)(c - '0') <= 9 || (uint8_t)((c | 0x20) - 'a') < 26 || c == '-' || c == '+' ||
           c == '.' || c == '_';
}

static void scan_word(mc_json *json)
{
    while (json->at != json->end && is_word(*json->at))
        json->at++;
}

static mc_status end_word(mc_json *json, mc_bytes word, mc_json_token *out, mc_error *err)
{
    mc_json_value value = {.number = 0.0};
    if (mc_json_read_number(word, &value)) {
        json->number = value.number;
        json->integer = value.integer;
        json->integral = value.integral;
        *out = MC_JSON_NUMBER;
    } else if (mc_bytes_is(word, "null")) {
        *out = MC_JSON_NULL;
    } else if (mc_bytes_is(word, "true")) {
        *out = MC_JSON_TRUE;
    } else if (mc_bytes_is(word, "false")) {
        *out = MC_JSON_FALSE;
    } else {
        return mc_fail(err, MC_E_BAD_REQUEST, json->token_at,
                       "expected a JSON value, found \"%.*s\"", MC_SHOW(word));
    }
    json->partial = MC_JSON_WHOLE;
    json->state = state_after_value(json);
    return MC_OK;
}

/* To the closing quote, and true; or to the end of the chunk. */
static bool scan_string(mc_json *json)
{
    const size_t left = (size_t)(json->end - json->at);
    const uint8_t *quote = left == 0 ? NULL : memchr(json->at, '"', left);
    const uint8_t *stop = quote == NULL ? json->end : quote;
    if (!json->escaped &&
        (left == 0 || memchr(json->at, '\\', (size_t)(stop - json->at)) == NULL)) {
        json->at = stop;
        return quote != NULL;
    }
    for (; json->at != json->end; json->at++) {
        if (json->escaped)
            json->escaped = false;
        else if (*json->at == '\\')
            json->escaped = true;
        else if (*json->at == '"')
            return true;
    }
    return false;
}

static mc_status unescape(mc_json *json, mc_bytes raw, const char **why, size_t *bad_at,
                          mc_error *err)
{
    if (raw.data != json->gathered.data) {
        json->gathered.size = 0;
        MC_TRY(mc_buffer_append(&json->gathered, raw.data, raw.size, err));
    }
    json->text = (mc_bytes){json->gathered.data, raw.size};
    *why = mc_json_unescape(json->gathered.data, &json->text.size, bad_at);
    return MC_OK;
}

static mc_status end_string(mc_json *json, mc_bytes raw, mc_json_token *out, mc_error *err)
{
    const bool key = json->state == MC_JSON_AT_KEY || json->state == MC_JSON_AT_KEY_OR_END;
    if (key && raw.size > MC_LIMIT_KEY_BYTES)
        return mc_fail(err, MC_E_BAD_REQUEST, json->token_at,
                       "a key of %zu bytes; keys may have %zu", raw.size, MC_LIMIT_KEY_BYTES);
    size_t bad_at = 0;
    json->text = raw;
    const char *why = mc_json_check_text(raw, &bad_at);
    if (why == NULL && raw.size > 0 && memchr(raw.data, '\\', raw.size) != NULL)
        MC_TRY(unescape(json, raw, &why, &bad_at, err));
    if (why != NULL)
        return mc_fail(err, MC_E_BAD_REQUEST, json->token_at + 1 + bad_at, "%s", why);
    json->partial = MC_JSON_WHOLE;
    json->state = key ? MC_JSON_AT_COLON : state_after_value(json);
    *out = key ? MC_JSON_KEY : MC_JSON_STRING;
    return MC_OK;
}

/* The chunk ends inside a token that began at `from`. */
static mc_status begin_partial(mc_json *json, mc_json_partial partial, const uint8_t *from,
                               mc_json_token *out, mc_error *err)
{
    json->gathered.size = 0;
    MC_TRY(mc_buffer_append(&json->gathered, from, (size_t)(json->end - from), err));
    json->partial = partial;
    *out = MC_JSON_MORE;
    return MC_OK;
}

static mc_status resume_partial(mc_json *json, mc_json_token *out, mc_error *err)
{
    const bool word = json->partial == MC_JSON_PARTIAL_WORD;
    const uint8_t *const from = json->at;
    bool ended = false;
    if (word) {
        scan_word(json);
        ended = json->at != json->end || json->finished;
    } else {
        ended = scan_string(json);
        if (!ended && json->finished)
            return mc_fail(err, MC_E_BAD_REQUEST, json->token_at,
                           "the string that begins here is not closed");
    }
    MC_TRY(mc_buffer_append(&json->gathered, from, (size_t)(json->at - from), err));
    if (!ended) {
        *out = MC_JSON_MORE;
        return MC_OK;
    }
    const mc_bytes raw = {json->gathered.data, json->gathered.size};
    if (word)
        return end_word(json, raw, out, err);
    json->at++;
    return end_string(json, raw, out, err);
}

static mc_status begin_string(mc_json *json, mc_json_token *out, mc_error *err)
{
    json->token_at = mc_json_offset(json);
    const uint8_t *const from = ++json->at;
    json->escaped = false;
    if (!scan_string(json))
        return begin_partial(json, MC_JSON_PARTIAL_STRING, from, out, err);
    const mc_bytes raw = {from, (size_t)(json->at - from)};
    json->at++;
    return end_string(json, raw, out, err);
}

static mc_status begin_word(mc_json *json, mc_json_token *out, mc_error *err)
{
    json->token_at = mc_json_offset(json);
    const uint8_t *const from = json->at;
    scan_word(json);
    if (json->at == json->end)
        return begin_partial(json, MC_JSON_PARTIAL_WORD, from, out, err);
    return end_word(json, (mc_bytes){from, (size_t)(json->at - from)}, out, err);
}

/* ----------------------------------------------------------------------------- structure ---- */

static mc_status open_level(mc_json *json, bool object, mc_json_token *out, mc_error *err)
{
    if (json->depth == MC_LIMIT_JSON_DEPTH)
        return mc_fail(err, MC_E_BAD_REQUEST, mc_json_offset(json),
                       "more than %d lists and objects in each other", MC_LIMIT_JSON_DEPTH);
    json->token_at = mc_json_offset(json);
    json->nesting &= ~(1u << json->depth);
    json->nesting |= (object ? 1u : 0u) << json->depth;
    json->depth++;
    json->at++;
    json->state = object ? MC_JSON_AT_KEY_OR_END : MC_JSON_AT_VALUE_OR_END;
    *out = object ? MC_JSON_OBJECT : MC_JSON_LIST;
    return MC_OK;
}

static void close_level(mc_json *json, mc_json_token *out)
{
    MC_ASSERT(json->depth > 0);
    json->token_at = mc_json_offset(json);
    *out = in_object(json) ? MC_JSON_OBJECT_END : MC_JSON_LIST_END;
    json->depth--;
    json->at++;
    json->state = state_after_value(json);
}

static mc_status read_value(mc_json *json, mc_json_token *out, mc_error *err)
{
    json->started = true;
    const uint8_t c = *json->at;
    if (c == '[' || c == '{')
        return open_level(json, c == '{', out, err);
    if (c == '"')
        return begin_string(json, out, err);
    if (is_word(c))
        return begin_word(json, out, err);
    return unexpected(json, err);
}

static mc_status end_line(mc_json *json, mc_error *err)
{
    if (json->depth > 0) {
        return mc_fail(err, MC_E_BAD_REQUEST, mc_json_offset(json),
                       "line %llu ends inside a row: a row must stand on one line",
                       (unsigned long long)json->line);
    }
    json->state = MC_JSON_AT_VALUE;
    json->line++;
    return MC_OK;
}

static inline bool is_space(uint8_t c)
{
    return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

static mc_status skip_space(mc_json *json, mc_error *err)
{
    for (; json->at != json->end && is_space(*json->at); json->at++) {
        if (json->lines && *json->at == '\n')
            MC_TRY(end_line(json, err));
    }
    return MC_OK;
}

static mc_status at_end_of_chunk(mc_json *json, mc_json_token *out, mc_error *err)
{
    *out = MC_JSON_MORE;
    if (!json->finished)
        return MC_OK;
    *out = MC_JSON_END;
    if (json->state == MC_JSON_AT_BETWEEN || (json->lines && json->depth == 0))
        return MC_OK;
    return mc_fail(err, MC_E_BAD_REQUEST, mc_json_offset(json),
                   json->depth == 0  ? "the body is empty"
                   : in_object(json) ? "the body ends inside an object"
                                     : "the body ends inside a list");
}

/* Takes a comma or a colon where one must stand. */
static bool skip_separator(mc_json *json)
{
    const uint8_t c = *json->at;
    if (json->state == MC_JSON_AT_COMMA && c == ',')
        json->state = in_object(json) ? MC_JSON_AT_KEY : MC_JSON_AT_VALUE;
    else if (json->state == MC_JSON_AT_COLON && c == ':')
        json->state = MC_JSON_AT_VALUE;
    else
        return false;
    json->at++;
    return true;
}

/* Is the next byte the end of the list or object that is open, where that may end? */
static bool ends_level(const mc_json *json)
{
    const bool may_end = json->state == MC_JSON_AT_COMMA ||
                         json->state == MC_JSON_AT_VALUE_OR_END ||
                         json->state == MC_JSON_AT_KEY_OR_END;
    return may_end && *json->at == (in_object(json) ? '}' : ']');
}

static mc_status read_token(mc_json *json, mc_json_token *out, mc_error *err)
{
    if (ends_level(json)) {
        close_level(json, out);
        return MC_OK;
    }
    if (json->state == MC_JSON_AT_VALUE || json->state == MC_JSON_AT_VALUE_OR_END)
        return read_value(json, out, err);
    const bool key = json->state == MC_JSON_AT_KEY || json->state == MC_JSON_AT_KEY_OR_END;
    if (key && *json->at == '"')
        return begin_string(json, out, err);
    return unexpected(json, err);
}

mc_status mc_json_next(mc_json *json, mc_json_token *out, mc_error *err)
{
    if (json->partial != MC_JSON_WHOLE)
        return resume_partial(json, out, err);
    do {
        if (json->at != json->end && is_space(*json->at))
            MC_TRY(skip_space(json, err));
        if (json->at == json->end)
            return at_end_of_chunk(json, out, err);
    } while (skip_separator(json));
    return read_token(json, out, err);
}

/* ---------------------------------------------------------------------------- the hot loop ---- */

/* May `c` stand behind a whole number in a list? Everything else is left to mc_json_next(). */
static inline bool ends_number(uint8_t c)
{
    return c == ',' || c == ']' || is_space(c);
}

size_t mc_json_numbers(mc_json *json, double *out, size_t n)
{
    if (json->partial != MC_JSON_WHOLE || json->depth == 0 || in_object(json))
        return 0;
    const uint8_t *at = json->at, *const end = json->end;
    mc_json_state state = json->state;
    bool has_fraction = false;
    size_t n_read = 0;
    while (n_read < n && at != end) {
        if (state == MC_JSON_AT_COMMA) {
            if (*at != ',')
                break;
            state = MC_JSON_AT_VALUE;
            at++;
        }
        while (at != end && (*at == ' ' || (is_space(*at) && !json->lines)))
            at++;
        mc_json_value value;
        const uint8_t *behind = mc_json_scan_number(at, end, &value);
        if (behind == NULL || behind == end || !ends_number(*behind))
            break;
        out[n_read++] = value.number;
        has_fraction |= !value.integral;
        state = MC_JSON_AT_COMMA;
        at = behind;
    }
    json->at = at;
    json->state = state;
    json->has_fraction = json->has_fraction || has_fraction;
    return n_read;
}
