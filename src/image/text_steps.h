/* text_steps.h: the arrays of the steps that read documents, by place. */
#ifndef MC_IMAGE_TEXT_STEPS_H
#define MC_IMAGE_TEXT_STEPS_H
#include "image/view.h"

/* TEXT_COUNT and TEXT_HASH */
#define MC_TEXT_OPTIONS    0 /* mc_text_options */
#define MC_TEXT_PATTERN    1 /* mc_run_pattern, or the text of a regular expression, or none */
#define MC_TEXT_STOP       2 /* stop words: a token table and, behind it, its bytes; or none */
#define MC_TEXT_VOCABULARY 4 /* TEXT_COUNT: a token table and, behind it, its bytes */

/* TEXT_REPLACE: MC_TEXT_PATTERN is a regular expression; what stands in place of a match is parts
 * side by side, a group of it each, or (MC_NONE) a piece of the texts. */
#define MC_REPLACE_TEXTS  2 /* bytes */
#define MC_REPLACE_PARTS  3 /* (n, MC_REPLACE_FIELDS) */
#define MC_REPLACE_GROUP  0
#define MC_REPLACE_AT     1
#define MC_REPLACE_SIZE   2
#define MC_REPLACE_FIELDS 3

/* An empty text may come without an address; what reads texts adds to it all the same. */
static inline mc_bytes mc_text_at(const void *data, size_t size)
{
    return (mc_bytes){size == 0 ? (const uint8_t *)"" : data, size};
}

/* The regular expression of a step that has one. */
bool mc_text_step_regex(const mc_view *view, const mc_step *step, mc_bytes *out);
#endif
