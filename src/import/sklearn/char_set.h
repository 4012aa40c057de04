/* char_set.h: sets of characters, as classes of Python's regular expressions mean them.
 *
 * A bit a character: 136 KiB, made while a pattern is read and gone with it. */
#ifndef MC_SKLEARN_CHAR_SET_H
#define MC_SKLEARN_CHAR_SET_H
#include "base/vec.h"
#include "kernel/text_runs.h"

#define MC_N_CHARS       UINT32_C(0x110000)
#define MC_CHAR_SET_SIZE (MC_N_CHARS / 64)

typedef struct mc_char_set {
    uint64_t bits[MC_CHAR_SET_SIZE];
} mc_char_set;

void mc_char_set_clear(mc_char_set *set);
/* first <= last < MC_N_CHARS */
void mc_char_set_add(mc_char_set *set, uint32_t first, uint32_t last);
/* Characters with a flag of kernel/unicode.h, or without it; of ASCII only, (?a): then those
 * without are all others. */
void mc_char_set_add_flag(mc_char_set *set, unsigned flag, bool without, bool ascii);
void mc_char_set_invert(mc_char_set *set);
/* (?i): characters whose lower case, or what the re module takes for the same, is that of one in
 * `set`. `spare` is scratch. Call it before mc_char_set_invert(): [^a] is not a, nor A. */
void mc_char_set_ignore_case(mc_char_set *set, mc_char_set *spare, bool ascii);
bool mc_char_set_equal(const mc_char_set *a, const mc_char_set *b);

/* As a class of PCRE2, in escapes of ASCII. Halves of surrogate pairs are left out: no text has
 * them. */
MC_MUST_CHECK mc_status mc_char_set_print(const mc_char_set *set, mc_vec *out, mc_error *err);
/* As a class of text_runs.h; false if that takes too many ranges. `spare` is scratch. */
bool mc_char_set_as_class(const mc_char_set *set, mc_char_set *spare, mc_char_class *out);
#endif
