/* text_runs.h: tokens that are runs of one kind of character.
 *
 * Most token patterns are: `(?u)\b\w\w+\b` (the default), `\w+`, `[a-zA-Z]{3,}`, `\S+`,
 * `\b[^\W\d_]+\b`; str.split() is. They need no regular expressions, follow Python's tables
 * exactly, and cost a few nanoseconds a character.
 *
 * Oracle   re.findall() of CPython 3.11 for such a pattern: leftmost, longest, one behind the
 *          other.
 * Exact    The same tokens (tests/conformance/test_patterns.py).
 * Cost     O(size): what a failed start has seen holds for the starts behind it. */
#ifndef MC_KERNEL_TEXT_RUNS_H
#define MC_KERNEL_TEXT_RUNS_H
#include "kernel/unicode.h"

#define MC_RUN_RANGES 64 /* of a class, at most */
#define MC_RUN_ANY    UINT32_MAX

/* Which characters: a class of a regular expression, as 32-bit words of the image. */
typedef struct mc_char_class {
    uint32_t ascii[4];      /* bit c of it: is c among them? Says all for c < 128 */
    uint32_t with, without; /* or MC_CHAR_* that it has, or lacks one of these */
    uint32_t negated;       /* 1: all characters but these */
    uint32_t n_ranges;
    uint32_t ranges[2 * MC_RUN_RANGES]; /* or first <= c <= last */
} mc_char_class;

typedef struct mc_run_pattern {
    uint32_t least, most;          /* characters; most is MC_RUN_ANY where there is no bound */
    uint32_t start_edge, end_edge; /* 1: a \b stands there */
    mc_char_class class;
} mc_run_pattern;
#define MC_RUN_WORDS (sizeof(mc_run_pattern) / sizeof(uint32_t))
_Static_assert(MC_RUN_WORDS == 140, "no padding: it is an array of the image");

/* What a kernel relies on: least >= 1, least <= most, n_ranges in bounds, flags 0 or 1. */
bool mc_run_pattern_ok(const mc_run_pattern *pattern);
/* Fills class.ascii from the other fields. */
void mc_char_class_settle(mc_char_class *class);

typedef struct mc_token_scan {
    const mc_run_pattern *pattern;
    const uint8_t *start, *at, *end;
} mc_token_scan;

mc_token_scan mc_token_scan_of(const mc_run_pattern *pattern, mc_bytes text);
/* The next token; false when there is none. */
bool mc_token_next(mc_token_scan *scan, mc_bytes *out);
#endif
