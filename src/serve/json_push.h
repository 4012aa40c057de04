/* json_push.h: JSON tokens out of a body that arrives in pieces.
 *
 * The caller feeds a chunk, asks for tokens until MC_JSON_MORE, feeds the next one. A chunk may end
 * anywhere, inside a number or an escape too: only the token that a cut goes through is copied,
 * every other one is read where it lies. There is no recursion; nesting is one bit a level.
 *
 * Grammar  RFC 8259, strictly, plus NaN, Infinity and -Infinity as Python's json reads them. Text
 *          is checked: UTF-8, no control characters, no lone surrogates.
 * Exact    Numbers are correctly rounded. Integers within int64 keep their exact value beside it.
 * Cost     O(bytes), whatever the cuts; memory O(longest token that a cut goes through).
 *
 * INVARIANTS
 *   (J1) start <= at <= end; base + (at - start) is the offset of the next byte in the body.
 *   (J2) the sequence of tokens, or the error, does not depend on where the body is cut.
 *   (J3) depth <= MC_LIMIT_JSON_DEPTH.
 *
 * *Owned* by one thread. */
#ifndef MC_JSON_PUSH_H
#define MC_JSON_PUSH_H
#include "serve/buffer.h"

typedef enum mc_json_token {
    MC_JSON_MORE = 0, /* the chunk is used up: feed or finish */
    MC_JSON_END,      /* the body is complete */
    MC_JSON_LIST,
    MC_JSON_LIST_END,
    MC_JSON_OBJECT,
    MC_JSON_OBJECT_END,
    MC_JSON_KEY,    /* json->text */
    MC_JSON_STRING, /* json->text */
    MC_JSON_NUMBER, /* json->number; json->integer too when json->integral */
    MC_JSON_TRUE,
    MC_JSON_FALSE,
    MC_JSON_NULL
} mc_json_token;

typedef enum mc_json_state {
    MC_JSON_AT_VALUE = 0,
    MC_JSON_AT_VALUE_OR_END, /* behind [ */
    MC_JSON_AT_KEY,          /* behind a comma in an object */
    MC_JSON_AT_KEY_OR_END,   /* behind { */
    MC_JSON_AT_COLON,
    MC_JSON_AT_COMMA,  /* behind a value in a list or an object */
    MC_JSON_AT_BETWEEN /* behind a whole document */
} mc_json_state;

typedef enum mc_json_partial {
    MC_JSON_WHOLE = 0,
    MC_JSON_PARTIAL_WORD,  /* a number or literal that the last chunk did not end */
    MC_JSON_PARTIAL_STRING /* a string or key likewise */
} mc_json_partial;

typedef struct mc_json {
    const uint8_t *start, *at, *end; /* the chunk; borrowed */
    uint64_t base;                   /* bytes of the body before the chunk */
    uint64_t line;                   /* with `lines`: of the next byte, from 1 */
    uint32_t nesting;                /* bit i: level i is an object */
    uint32_t depth;
    mc_json_state state;
    mc_json_partial partial;
    bool escaped;      /* a partial string ends with an open backslash */
    bool lines;        /* NDJSON: a newline ends a document, and may not be inside one */
    bool started;      /* a document has begun */
    bool finished;     /* no more chunks */
    bool integral;     /* the last number has neither point nor exponent and fits int64 */
    int64_t integer;   /* then its value */
    bool has_fraction; /* mc_json_numbers() has read one that is not integral */
    double number;     /* the last number */
    mc_bytes text;     /* the last key or string, decoded; valid until the next call */
    uint64_t token_at; /* offset of the last scalar or key */
    mc_buffer gathered;
} mc_json;

void mc_json_init(mc_json *json, mc_meter *meter);
void mc_json_fini(mc_json *json);

/* Starts a new body. With `lines`, documents stand one a line and any number may follow. */
void mc_json_begin(mc_json *json, bool lines);
/* The next chunk; the last one must be used up. */
void mc_json_feed(mc_json *json, const void *bytes, size_t size);
/* No more chunks: what is pending ends here. */
void mc_json_finish(mc_json *json);

/* The next token.
 * @return MC_OK; MC_E_BAD_REQUEST (err->offset is the byte); MC_E_BUSY, MC_E_NO_MEMORY. */
MC_MUST_CHECK mc_status mc_json_next(mc_json *json, mc_json_token *out, mc_error *err);

/* Inside a list, reads up to `n` numbers that lie whole in the chunk, and the commas between them;
 * stops in front of anything else. Returns how many; mc_json_next() goes on from there. */
size_t mc_json_numbers(mc_json *json, double *out, size_t n);

/* Offset of the next byte. */
static inline uint64_t mc_json_offset(const mc_json *json)
{
    return json->base + (uint64_t)(json->at - json->start);
}
#endif
