/* unicode.h: characters and texts as CPython 3.11 sees them (Unicode 14).
 *
 * Oracle   str.isalnum, str.isspace, str.isdecimal, str.lower, str.upper, str.casefold, str.title,
 *          str.capitalize, str.swapcase;
 *          sklearn/feature_extraction/text.py strip_accents_unicode, strip_accents_ascii.
 * Exact    Character by character: tests/unit/test_unicode.c compares all of Unicode.
 *
 * Texts are UTF-8. A byte that begins no character counts as U+FFFD: nothing here fails, and no
 * text is read beyond its end. */
#ifndef MC_KERNEL_UNICODE_H
#define MC_KERNEL_UNICODE_H
#include "base/base.h"

#define MC_CHAR_WORD      1u  /* \w of Python's re: str.isalnum(), or an underscore */
#define MC_CHAR_SPACE     2u  /* \s: str.isspace() */
#define MC_CHAR_DECIMAL   4u  /* \d: str.isdecimal() */
#define MC_CHAR_CASED     8u  /* for the final sigma of str.lower() */
#define MC_CHAR_IGNORABLE 16u /* likewise: passed over when looking for a cased letter */
#define MC_CHAR_LOWER     32u /* str.islower() */
#define MC_CHAR_UPPER     64u
#define MC_CHAR_HAS_CASE  128u /* for str.title(): what follows is no first letter */

#define MC_UTF8_MOST 4 /* bytes of a character */

/* MC_CHAR_* of a character below 0x110000. */
unsigned mc_char_flags(uint32_t c);

/* The one character that lower case is, where (?i) of the re module compares: of a dotted I, i. */
uint32_t mc_char_lower(uint32_t c);

/* The character at `at` (below `end`); how many bytes it takes. */
size_t mc_char_read(const uint8_t *at, const uint8_t *end, uint32_t *out);
/* The character that ends at `end` (above `start`). */
size_t mc_char_read_back(const uint8_t *start, const uint8_t *end, uint32_t *out);
/* Writes 1 to MC_UTF8_MOST bytes; returns how many. */
size_t mc_char_write(uint32_t c, uint8_t *out);

/* Each writes what becomes of `in` to `out`, which does not overlap it, and returns its size in
 * bytes; with `out` NULL, only the size. O(in.size). */
size_t mc_text_lower(mc_bytes in, uint8_t *out);
size_t mc_text_upper(mc_bytes in, uint8_t *out);
size_t mc_text_casefold(mc_bytes in, uint8_t *out);
size_t mc_text_title(mc_bytes in, uint8_t *out);
size_t mc_text_capitalize(mc_bytes in, uint8_t *out);
size_t mc_text_swapcase(mc_bytes in, uint8_t *out);
size_t mc_text_strip_accents(mc_bytes in, uint8_t *out);
size_t mc_text_strip_to_ascii(mc_bytes in, uint8_t *out);
/* strip_accents_unicode up to scikit-learn 0.21: a text that is its own NFKD stays as it is. */
size_t mc_text_strip_composed(mc_bytes in, uint8_t *out);
/* The text itself, with U+FFFD for each byte that is no UTF-8. */
size_t mc_text_repair(mc_bytes in, uint8_t *out);

/* str.strip(), str.lstrip(), str.rstrip() without arguments. */
mc_bytes mc_text_trim(mc_bytes in, bool left, bool right);
#endif
