/* json_scalar.h: one JSON number, one JSON string: their grammar and their values.
 *
 * Pure functions over whole tokens; json_push.c finds where tokens begin and end. */
#ifndef MC_JSON_SCALAR_H
#define MC_JSON_SCALAR_H
#include "base/base.h"

typedef struct mc_json_value {
    double number;
    int64_t integer; /* valid when `integral` */
    bool integral;   /* neither point nor exponent, and within int64 */
} mc_json_value;

/* Reads the number that begins at `at` as far as the grammar goes: [-]int[.frac][e[+-]exp].
 * Returns where it ends, or NULL when there is none. */
const uint8_t *mc_json_scan_number(const uint8_t *at, const uint8_t *end, mc_json_value *out);

/* True when the whole of `text` is a number, NaN, Infinity or -Infinity. */
MC_MUST_CHECK bool mc_json_read_number(mc_bytes text, mc_json_value *out);

/* Checks the inside of a string: UTF-8, no control characters. Returns NULL, or the reason why not
 * with the byte in `*bad_at`. */
const char *mc_json_check_text(mc_bytes text, size_t *bad_at);

/* Replaces the escapes of a checked string in place; text never grows. As mc_json_check_text(). */
const char *mc_json_unescape(uint8_t *text, size_t *size, size_t *bad_at);

/* The character that begins at text[0], and its bytes: 0 when it is not UTF-8. */
size_t mc_utf8_read(mc_bytes text, uint32_t *out);
#endif
