/* text.h: the text forms inside pickles: numbers in lines, escapes, UTF-8.
 *
 * Oracle   CPython 3.11: int(text, 0), float(text), codecs.escape_decode, raw-unicode-escape, UTF-8
 *          with surrogatepass. */
#ifndef MC_PICKLE_TEXT_H
#define MC_PICKLE_TEXT_H
#include "base/arena.h"

#define MC_TEXT_MAX_DIGITS 4300 /* of an integer in decimal, as sys.int_info says since 3.11 */

bool mc_text_is_ascii(mc_bytes text);
/* Well-formed UTF-8; surrogates are allowed, as Python's pickles hold them. */
bool mc_text_is_utf8(mc_bytes text);
/* Writes one code point (at most 0x10ffff); returns bytes, 1 to 4. */
size_t mc_text_put_utf8(uint32_t code, uint8_t out[4]);

/* An integer as a line holds it: sign, 0x 0o 0b or decimal. Little-endian two's complement of the
 * least size into `out`, in the arena. */
MC_MUST_CHECK mc_status mc_text_integer(mc_arena *arena, mc_bytes text, mc_bytes *out,
                                        mc_error *err);
/* False if `text` is not what float() reads. */
bool mc_text_float(mc_bytes text, double *out);
/* Bytes of a quoted Python 2 string literal without its quotes. */
MC_MUST_CHECK mc_status mc_text_unescape(mc_arena *arena, mc_bytes text, mc_bytes *out,
                                         mc_error *err);
/* UTF-8 of a raw-unicode-escape line. */
MC_MUST_CHECK mc_status mc_text_raw_unicode(mc_arena *arena, mc_bytes text, mc_bytes *out,
                                            mc_error *err);
/* The bytes whose Latin-1 decoding is the UTF-8 `text`. Fails on characters above 0xff. */
MC_MUST_CHECK mc_status mc_text_latin1(mc_arena *arena, mc_bytes text, mc_bytes *out,
                                       mc_error *err);
#endif
