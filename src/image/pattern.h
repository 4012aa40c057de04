/* pattern.h: the regular expressions of an image, compiled beside it: the one door to PCRE2.
 *
 * An image holds a pattern as text, already in PCRE2's words (import/sklearn/python_regex.c puts it
 * into them); it is compiled when the image is adopted, and is *immutable* from then on. What a
 * match needs besides is a mc_matcher, *owned* by one workspace and kept.
 *
 * Python   findall() of re: matches one behind the other, an empty one never where the last empty
 *          one was; of a pattern with a group, what the group took.
 * Limits   A pattern that would take too long on a text ends in an error: each search may step back
 *          10 million times, all searches of a text together in proportion to it, and all of them
 *          may take two seconds of processor time, and a second more a megabyte. */
#ifndef MC_IMAGE_PATTERN_H
#define MC_IMAGE_PATTERN_H
#include "image/view.h"

typedef struct mc_patterns mc_patterns; /* of one image */
typedef struct mc_pattern mc_pattern;   /* one of them */
typedef struct mc_matcher mc_matcher;

/* A group of this name, which takes no part in a match, is the one word character that the looks of
 * \b call: PCRE2 compiles no more than 64 KiB, and the class takes 6 of them. */
#define MC_PATTERN_WORDS "w"

/* The largest pattern, in bytes: one of Unicode's classes takes 12 KiB, and there may be many. */
#define MC_PATTERN_MOST ((size_t)1 << 20)

/* Compiles the patterns of all steps; NULL in `*out` if there are none. MC_E_MALFORMED for one that
 * PCRE2 does not take. */
MC_MUST_CHECK mc_status mc_patterns_compile(const mc_view *view, mc_patterns **out, mc_error *err);
void mc_patterns_destroy(mc_patterns *patterns); /* NULL is fine */
size_t mc_patterns_bytes(const mc_patterns *patterns);
/* The pattern of a step, or NULL. */
const mc_pattern *mc_pattern_of(const mc_patterns *patterns, uint32_t step);

/* Groups that a match can be asked for, the whole of it (0) included. */
#define MC_PATTERN_GROUPS 65u

/* One pattern by itself: for tests, and to ask whether it compiles. */
MC_MUST_CHECK mc_status mc_pattern_compile(mc_bytes text, mc_pattern **out, mc_error *err);
void mc_pattern_destroy(mc_pattern *pattern);

MC_MUST_CHECK mc_status mc_matcher_create(mc_matcher **out, mc_error *err);
void mc_matcher_destroy(mc_matcher *matcher); /* NULL is fine */

typedef struct mc_pattern_scan {
    const mc_pattern *pattern;
    mc_matcher *matcher;
    mc_bytes text; /* must be UTF-8 */
    size_t at;
    bool after_empty;
    uint64_t budget; /* steps back that are left */
    uint32_t n_searches;
    double until; /* of this thread's processor time; 0 until it is looked at */
} mc_pattern_scan;

mc_pattern_scan mc_pattern_scan_of(const mc_pattern *pattern, mc_matcher *matcher, mc_bytes text);
/* The next token; `*out_found` is false when there is none. MC_E_BAD_INPUT when it takes too long.
 */
MC_MUST_CHECK mc_status mc_pattern_next(mc_pattern_scan *scan, bool *out_found, mc_bytes *out,
                                        mc_error *err);
/* The next match as re.sub() sees it: where its groups begin and end in the text
 * (2 * MC_PATTERN_GROUPS), the whole of it first; of a group that took no part, or is not there,
 * the beginning is above the end. */
MC_MUST_CHECK mc_status mc_pattern_next_groups(mc_pattern_scan *scan, bool *out_found,
                                               size_t *out_ends, mc_error *err);
#endif
