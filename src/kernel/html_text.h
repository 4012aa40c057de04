/* html_text.h: character references of HTML made characters.
 *
 * Oracle   html.unescape of CPython 3.11.
 * Exact    Character by character. Texts and results as in unicode.h. O(in.size). */
#ifndef MC_KERNEL_HTML_TEXT_H
#define MC_KERNEL_HTML_TEXT_H
#include "base/base.h"

size_t mc_text_from_html(mc_bytes in, uint8_t *out);
#endif
