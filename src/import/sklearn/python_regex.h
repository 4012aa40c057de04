/* python_regex.h: a regular expression of Python's re module, made ready to find tokens with.
 *
 * HOW IT WORKS  The pattern is read once, as re/_parser.py of CPython 3.11 reads it. Classes, \w \d
 *               \s, . and (?i) become explicit sets of Unicode 14; \b, ^, $ become looks around
 *               over these; escapes become code points. What is left (groups, alternatives,
 *               quantifiers, references) means the same to PCRE2. A pattern that is one class,
 *               repeated, between edges at most, becomes a mc_run_pattern and needs no PCRE2.
 * Refused       \N{...}, the L flag, more than one group (unless they are asked for), and what
 *               Python itself does not take.
 *
 * Oracle        re.compile(pattern).findall of CPython 3.11. */
#ifndef MC_SKLEARN_PYTHON_REGEX_H
#define MC_SKLEARN_PYTHON_REGEX_H
#include "base/vec.h"
#include "kernel/text_runs.h"

typedef struct mc_python_regex {
    bool is_runs;
    mc_run_pattern runs; /* is_runs */
    mc_vec pcre;         /* owned: of both */
    unsigned n_groups;
} mc_python_regex;

/* MC_E_UNSUPPORTED, naming the place in the pattern; MC_E_NO_MEMORY. */
MC_MUST_CHECK mc_status mc_python_regex_read(mc_bytes pattern, mc_python_regex *out, mc_error *err);
/* The same of a pattern that may have many groups. */
MC_MUST_CHECK mc_status mc_python_regex_read_any(mc_bytes pattern, mc_python_regex *out,
                                                 mc_error *err);
void mc_python_regex_fini(mc_python_regex *regex);
#endif
