/* number.h: numbers and text, exactly as Python reads and prints them.
 *
 * Exact    Parsing is correctly rounded; printing is the shortest text that reads back, laid out by
 *          the rules of CPython's repr(float) (Python/pystrtod.c, format code 'r').
 * Why so   libstdc++'s from_chars and to_chars are exact and fast; they live in one C++ file. */
#ifndef MC_NUMBER_H
#define MC_NUMBER_H
#include "base/base.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MC_NUMBER_TEXT 32 /* bytes that any printed number fits in */

/* Reads a JSON-like number at `text`: [-]digits[.digits][(e|E)[+-]digits]. Returns the bytes
 * consumed, 0 if none. Values beyond the range give +-inf or +-0.0, as Python's float() does. */
size_t mc_parse_double(const char *text, size_t size, double *out);

/* Writes repr(value); NaN, Infinity, -Infinity by these names. Returns bytes, no NUL. */
size_t mc_print_double(double value, char out[MC_NUMBER_TEXT]);
size_t mc_print_int(int64_t value, char out[MC_NUMBER_TEXT]);

#ifdef __cplusplus
}
#endif
#endif
