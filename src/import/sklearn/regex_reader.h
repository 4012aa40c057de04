/* regex_reader.h: what the files that read Python's regular expressions share. Nobody else includes
 * it.
 *
 * A reader goes through the pattern once and writes PCRE2's words for what it has passed to `out`;
 * at the same time it notes whether all of it is one class, repeated. */
#ifndef MC_SKLEARN_REGEX_READER_H
#define MC_SKLEARN_REGEX_READER_H
#include "base/vec.h"
#include "import/sklearn/char_set.h"
#include "kernel/text_runs.h"

#define MC_REGEX_GROUPS 64  /* capturing ones, and open ones */
#define MC_REGEX_NAME   120 /* bytes of a group's name */

typedef struct mc_regex_flags {
    bool ascii, ignore_case, multiline, dotall, verbose;
} mc_regex_flags;

/* Is it one class, repeated? What has been seen of that so far. */
typedef struct mc_regex_runs {
    bool possible, start_edge, end_edge, has_set, open, closed;
    bool last_is_set; /* a quantifier would belong to the set */
    uint64_t least, most;
    uint64_t last_least, last_most; /* of the last set, which a quantifier multiplies */
} mc_regex_runs;

typedef struct mc_regex_reader {
    const uint8_t *start, *at, *end;
    const uint8_t *flags_end; /* behind the global flags, which stand at the start */
    mc_regex_flags now;
    mc_regex_flags outer[MC_REGEX_GROUPS]; /* of open groups */
    size_t depth;
    unsigned n_groups;
    struct {
        char text[MC_REGEX_NAME + 1];
        unsigned number;
    } names[MC_REGEX_GROUPS];
    size_t n_names;
    mc_vec *out;
    mc_error *err;
    mc_regex_runs runs;
    bool calls_word;  /* the class of word characters is needed at the end */
    unsigned n_words; /* places where it stands itself */
    mc_char_set set, spare, word, run_set;
} mc_regex_reader;

/* -- reading */
/* MC_E_UNSUPPORTED, naming the place in the pattern. */
MC_MUST_CHECK mc_status mc_regex_refuse(const mc_regex_reader *r, const char *what);
/* Is this text next? take() goes behind it where it is. */
bool mc_regex_looking_at(const mc_regex_reader *r, const char *text);
bool mc_regex_take(mc_regex_reader *r, const char *text);
/* The next character; there must be one. */
uint32_t mc_regex_take_char(mc_regex_reader *r);
/* Writes words of PCRE2. */
MC_MUST_CHECK mc_status mc_regex_put(mc_regex_reader *r, const char *text);
bool mc_regex_is_digit(const mc_regex_reader *r);
bool mc_regex_is_octal(const mc_regex_reader *r);

/* -- one class, repeated? What is seen of that, in the order of the pattern. */
/* Something else was seen: it is not. */
void mc_regex_no_runs(mc_regex_reader *r);
/* r->set was. */
void mc_regex_saw_set(mc_regex_reader *r);
void mc_regex_saw_edge(mc_regex_reader *r);
void mc_regex_saw_group(mc_regex_reader *r, bool closes);
void mc_regex_saw_quantifier(mc_regex_reader *r, uint64_t least, uint64_t most, bool greedy);
/* True and `out` filled if the whole pattern was one class, repeated. */
bool mc_regex_as_runs(mc_regex_reader *r, mc_run_pattern *out);

/* -- sets: what matches one character */
/* r->set, as it stands, is what matches here. */
MC_MUST_CHECK mc_status mc_regex_put_set(mc_regex_reader *r);
MC_MUST_CHECK mc_status mc_regex_put_literal(mc_regex_reader *r, uint32_t c);
/* The word characters that \b looks for, into r->set. */
void mc_regex_words(mc_regex_reader *r);
/* What this group has matched, again. */
MC_MUST_CHECK mc_status mc_regex_put_reference(mc_regex_reader *r, unsigned group);
/* The backslash, or the opening bracket, is read already. */
MC_MUST_CHECK mc_status mc_regex_put_escape(mc_regex_reader *r);
MC_MUST_CHECK mc_status mc_regex_put_class(mc_regex_reader *r);
#endif
