/* normalize.h: the normal forms of a text, as CPython 3.11 makes them (Unicode 14).
 *
 * Oracle   unicodedata.normalize.
 * Exact    Character by character, and for texts: tests/unit/test_unicode.c.
 *
 * Texts and results as in unicode.h. O(in.size), but for marks behind one letter: O(their number *
 * their combining classes, of which there are 55). */
#ifndef MC_KERNEL_NORMALIZE_H
#define MC_KERNEL_NORMALIZE_H
#include "base/base.h"

size_t mc_text_nfc(mc_bytes in, uint8_t *out);
size_t mc_text_nfd(mc_bytes in, uint8_t *out);
size_t mc_text_nfkc(mc_bytes in, uint8_t *out);
size_t mc_text_nfkd(mc_bytes in, uint8_t *out);
#endif
