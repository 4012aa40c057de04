/* text_options.h: what a vectorizer does to a document before it counts: words of the image. */
#ifndef MC_KERNEL_TEXT_OPTIONS_H
#define MC_KERNEL_TEXT_OPTIONS_H
#include "base/base.h"

/* One thing done to the whole text. */
typedef enum mc_text_op {
    MC_TEXT_KEEP = 0,
    MC_TEXT_LOWER,
    MC_TEXT_UPPER,
    MC_TEXT_STRIP_ACCENTS,  /* strip_accents="unicode" */
    MC_TEXT_STRIP_TO_ASCII, /* strip_accents="ascii" */
    MC_TEXT_TRIM,           /* str.strip */
    MC_TEXT_TRIM_LEFT,
    MC_TEXT_TRIM_RIGHT,
    MC_TEXT_REPAIR,         /* what is no UTF-8 becomes U+FFFD: before regular expressions */
    MC_TEXT_STRIP_COMPOSED, /* strip_accents="unicode" up to 0.21 */
    MC_TEXT_CASEFOLD,
    MC_TEXT_TITLE,
    MC_TEXT_CAPITALIZE,
    MC_TEXT_SWAPCASE,
    MC_TEXT_NFC, /* unicodedata.normalize("NFC", text) */
    MC_TEXT_NFD,
    MC_TEXT_NFKC,
    MC_TEXT_NFKD,
    MC_TEXT_UNESCAPE, /* html.unescape; bytes that are no UTF-8 stay */
    MC_N_TEXT_OPS
} mc_text_op;

/* Does it write the text anew, as UTF-8 whatever came? */
static inline bool mc_text_op_writes(uint32_t op)
{
    return op == MC_TEXT_REPAIR || op == MC_TEXT_STRIP_COMPOSED || op == MC_TEXT_CASEFOLD ||
           (op >= MC_TEXT_LOWER && op <= MC_TEXT_STRIP_TO_ASCII) ||
           (op >= MC_TEXT_TITLE && op <= MC_TEXT_NFKD);
}

typedef enum mc_text_analyzer {
    MC_ANALYZE_WORDS = 0, /* tokens are runs of characters: mc_run_pattern */
    MC_ANALYZE_REGEX,     /* tokens are matches of a regular expression */
    MC_ANALYZE_CHARS,     /* analyzer="char" */
    MC_ANALYZE_CHARS_WB,  /* analyzer="char_wb" */
    MC_N_ANALYZERS
} mc_text_analyzer;

#define MC_TEXT_OPS 3
typedef struct mc_text_options {
    uint32_t ops[MC_TEXT_OPS]; /* mc_text_op, in order */
    uint32_t analyzer;         /* mc_text_analyzer */
    uint32_t least, most;      /* ngram_range; 1 <= least <= most */
} mc_text_options;
#define MC_TEXT_WORDS (sizeof(mc_text_options) / sizeof(uint32_t))
#endif
