/* text_grams.h: n-grams of words and of characters, as spans of one text.
 *
 * Oracle   sklearn/feature_extraction/text.py _word_ngrams, _char_ngrams, _char_wb_ngrams.
 * Exact    The same n-grams; their order may differ, which no count shows.
 * Why so   Words stand side by side with one space between, so an n-gram of words is a span of that
 *          text, and nothing is joined twice. */
#ifndef MC_KERNEL_TEXT_GRAMS_H
#define MC_KERNEL_TEXT_GRAMS_H
#include "base/base.h"

/* `n_units` words or characters; unit i is text[starts[i] .. ends of it]: behind it stand `gap`
 * bytes (1 between words, 0 between characters) and then unit i + 1. */
typedef struct mc_units {
    const uint8_t *text;    /* borrowed */
    const uint32_t *starts; /* (n + 1); the last is the end of the text, and `gap` */
    size_t n;
    uint32_t gap;
} mc_units;

/* Units i to i + n - 1, as one span. */
static inline mc_bytes mc_units_span(const mc_units *units, size_t i, size_t n)
{
    return (mc_bytes){units->text + units->starts[i],
                      units->starts[i + n] - units->gap - units->starts[i]};
}

/* How many n-grams of least to most units there are; false when they cannot be counted. */
bool mc_grams_count(size_t n_units, uint32_t least, uint32_t most, size_t *out);

/* Replaces two and more white-space characters by one space: re.sub(r"\s\s+", " ", text). `out`
 * (in.size bytes) may not overlap `in`; returns the new size. */
size_t mc_text_collapse_spaces(mc_bytes in, uint8_t *out);
/* starts (n + 1) of the characters of a text; returns n. With `starts` NULL it only counts. */
size_t mc_text_characters(mc_bytes in, uint32_t *starts);
#endif
