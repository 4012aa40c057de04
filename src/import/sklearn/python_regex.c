/* python_regex.c: from Python's words to PCRE2's, left to right, once. */
#include "import/sklearn/python_regex.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "image/pattern.h"
#include "import/sklearn/regex_reader.h"

/* -------------------------------------------------------------------------------- groups ---- */

static bool set_flag(mc_regex_flags *to, uint8_t letter, bool on)
{
    switch (letter) {
    case 'a':
        to->ascii = on;
        return true;
    case 'u':
        to->ascii = !on;
        return true;
    case 'i':
        to->ignore_case = on;
        return true;
    case 'm':
        to->multiline = on;
        return true;
    case 's':
        to->dotall = on;
        return true;
    case 'x':
        to->verbose = on;
        return true;
    default:
        return false;
    }
}

/* "im-s" and the like, up to `)` or `:`. */
static void read_flags(mc_regex_reader *r, mc_regex_flags *to)
{
    bool on = true;
    for (; r->at != r->end; r->at++) {
        if (*r->at == '-')
            on = false;
        else if (!set_flag(to, *r->at, on))
            return;
    }
}

static mc_status open_group(mc_regex_reader *r, const char *text)
{
    if (r->depth == MC_REGEX_GROUPS)
        return mc_regex_refuse(r, "more groups in each other than are read");
    r->outer[r->depth++] = r->now;
    return mc_regex_put(r, text);
}

static mc_status open_capture(mc_regex_reader *r)
{
    if (r->n_groups == MC_REGEX_GROUPS)
        return mc_regex_refuse(r, "more groups than are read");
    r->n_groups++;
    mc_regex_saw_group(r, false);
    return open_group(r, "(");
}

/* A name up to `end`; NUL-terminated in `out`. */
static mc_status read_name(mc_regex_reader *r, char end, char out[MC_REGEX_NAME + 1])
{
    const uint8_t *stop = memchr(r->at, end, (size_t)(r->end - r->at));
    const size_t n = stop == NULL ? 0 : (size_t)(stop - r->at);
    if (n == 0 || n > MC_REGEX_NAME)
        return mc_regex_refuse(r, "a group's name that is none");
    memcpy(out, r->at, n);
    out[n] = '\0';
    r->at = stop + 1;
    return MC_OK;
}

static unsigned group_named(const mc_regex_reader *r, const char *name)
{
    for (size_t i = 0; i < r->n_names; i++)
        if (strcmp(r->names[i].text, name) == 0)
            return r->names[i].number;
    return 0;
}

/* (?P<name>  (?P=name) */
static mc_status put_named(mc_regex_reader *r)
{
    char name[MC_REGEX_NAME + 1];
    if (mc_regex_take(r, "=")) {
        MC_TRY(read_name(r, ')', name));
        return mc_regex_put_reference(r, group_named(r, name));
    }
    if (!mc_regex_take(r, "<"))
        return mc_regex_refuse(r, "an extension that is not known");
    MC_TRY(read_name(r, '>', name));
    MC_TRY(open_capture(r));
    memcpy(r->names[r->n_names].text, name, sizeof name);
    r->names[r->n_names++].number = r->n_groups;
    return MC_OK;
}

/* (?(1)yes|no)  (?(name)yes|no) */
static mc_status put_conditional(mc_regex_reader *r)
{
    char name[MC_REGEX_NAME + 1], text[32];
    mc_regex_no_runs(r);
    MC_TRY(read_name(r, ')', name));
    unsigned group = group_named(r, name);
    for (size_t i = 0; group == 0 && name[i] >= '0' && name[i] <= '9'; i++)
        if (name[i + 1] == '\0')
            group = (unsigned)strtoul(name, NULL, 10);
    if (group == 0 || group > MC_REGEX_GROUPS)
        return mc_regex_refuse(r, "a condition on a group that is not there");
    (void)snprintf(text, sizeof text, "(?(%u)", group);
    return open_group(r, text);
}

/* (?i)  (?i:  (?-i: */
static mc_status put_flags(mc_regex_reader *r)
{
    mc_regex_flags changed = r->now;
    const bool at_start = r->at - 2 == r->flags_end;
    read_flags(r, &changed);
    if (mc_regex_take(r, ":")) {
        mc_regex_no_runs(r);
        MC_TRY(open_group(r, "(?:"));
        r->now = changed;
        return MC_OK;
    }
    if (!at_start || !mc_regex_take(r, ")"))
        return mc_regex_refuse(r, "flags or an extension that are not known");
    r->now = changed;
    r->flags_end = r->at;
    return MC_OK;
}

static mc_status put_extension(mc_regex_reader *r)
{
    static const char *const SAME[] = {":", "=", "!", "<=", "<!", ">"};
    for (size_t i = 0; i < MC_COUNT_OF(SAME); i++) {
        char text[8];
        if (!mc_regex_take(r, SAME[i]))
            continue;
        mc_regex_no_runs(r);
        (void)snprintf(text, sizeof text, "(?%s", SAME[i]);
        return open_group(r, text);
    }
    if (mc_regex_take(r, "P"))
        return put_named(r);
    if (mc_regex_take(r, "("))
        return put_conditional(r);
    if (mc_regex_take(r, "#")) {
        const uint8_t *stop = memchr(r->at, ')', (size_t)(r->end - r->at));
        if (stop == NULL)
            return mc_regex_refuse(r, "a comment without its end");
        r->at = stop + 1;
        return MC_OK;
    }
    return put_flags(r);
}

static mc_status close_group(mc_regex_reader *r)
{
    if (r->depth == 0)
        return mc_regex_refuse(r, "a parenthesis that closes nothing");
    mc_regex_saw_group(r, true);
    r->now = r->outer[--r->depth];
    return mc_regex_put(r, ")");
}

/* ---------------------------------------------------------------------------- quantifiers ---- */

/* {m} {m,} {,n} {m,n}; anything else is a brace. `r->at` is behind the brace. */
static bool read_braces(mc_regex_reader *r, uint64_t *least, uint64_t *most)
{
    const uint8_t *const from = r->at;
    uint64_t value[2] = {0, UINT64_MAX};
    bool has[2] = {false, false}, comma = false;
    for (size_t i = 0; i < 2; i++) {
        if (mc_regex_is_digit(r)) {
            value[i] = 0;
            has[i] = true;
        }
        for (; mc_regex_is_digit(r); r->at++)
            if (value[i] < 1000000)
                value[i] = value[i] * 10 + (uint64_t)(*r->at - '0');
        if (i == 0)
            comma = mc_regex_take(r, ",");
        if (!comma)
            break;
    }
    if (!comma)
        value[1] = value[0];
    if (!mc_regex_take(r, "}") || (!comma && !has[0])) {
        r->at = from;
        return false;
    }
    *least = value[0];
    *most = value[1];
    return true;
}

static mc_status put_counts(mc_regex_reader *r, uint64_t least, uint64_t most)
{
    char text[64];
    if (least > 65535 || (most != UINT64_MAX && (most > 65535 || most < least)))
        return mc_regex_refuse(r,
                               "a repetition of more than 65535 times, or of fewer than at least");
    if (most == UINT64_MAX)
        (void)snprintf(text, sizeof text, "{%llu,}", (unsigned long long)least);
    else
        (void)snprintf(text, sizeof text, "{%llu,%llu}", (unsigned long long)least,
                       (unsigned long long)most);
    return mc_regex_put(r, text);
}

/* * + ? {m,n}, lazy with a ? and possessive with a + behind. */
static mc_status put_quantifier(mc_regex_reader *r, uint64_t least, uint64_t most)
{
    const bool lazy = mc_regex_take(r, "?");
    const bool possessive = !lazy && mc_regex_take(r, "+");
    mc_regex_saw_quantifier(r, least, most, !lazy && !possessive);
    MC_TRY(put_counts(r, least, most));
    return mc_regex_put(r, lazy ? "?" : possessive ? "+" : "");
}

/* ----------------------------------------------------------------------------- the pattern ---- */

static mc_status put_dot(mc_regex_reader *r)
{
    mc_char_set_clear(&r->set);
    if (!r->now.dotall)
        mc_char_set_add(&r->set, '\n', '\n');
    mc_char_set_invert(&r->set);
    return mc_regex_put_set(r);
}

static mc_status put_anchor(mc_regex_reader *r, bool is_start)
{
    mc_regex_no_runs(r);
    if (is_start)
        return mc_regex_put(r, r->now.multiline ? "(?:\\A|(?<=\\x0a))" : "\\A");
    return mc_regex_put(r, r->now.multiline ? "(?=\\x0a|\\z)" : "(?=\\x0a?\\z)");
}

/* White space and comments, which (?x) lets stand anywhere. */
static bool skip_verbose(mc_regex_reader *r)
{
    if (!r->now.verbose || r->at == r->end)
        return false;
    if (*r->at == '#') {
        const uint8_t *stop = memchr(r->at, '\n', (size_t)(r->end - r->at));
        r->at = stop == NULL ? r->end : stop + 1;
        return true;
    }
    const bool space = *r->at == ' ' || (*r->at >= '\t' && *r->at <= '\r');
    r->at += space ? 1 : 0;
    return space;
}

static mc_status put_next(mc_regex_reader *r)
{
    uint64_t least = 0, most = 0;
    if (mc_regex_take(r, "\\"))
        return mc_regex_put_escape(r);
    if (mc_regex_take(r, "["))
        return mc_regex_put_class(r);
    if (mc_regex_take(r, "(?"))
        return put_extension(r);
    if (mc_regex_take(r, "("))
        return open_capture(r);
    if (mc_regex_take(r, ")"))
        return close_group(r);
    if (mc_regex_take(r, "."))
        return put_dot(r);
    if (mc_regex_looking_at(r, "^") || mc_regex_looking_at(r, "$"))
        return put_anchor(r, *r->at++ == '^');
    if (mc_regex_take(r, "|")) {
        mc_regex_no_runs(r);
        return mc_regex_put(r, "|");
    }
    if (mc_regex_take(r, "*"))
        return put_quantifier(r, 0, UINT64_MAX);
    if (mc_regex_take(r, "+"))
        return put_quantifier(r, 1, UINT64_MAX);
    if (mc_regex_take(r, "?"))
        return put_quantifier(r, 0, 1);
    if (mc_regex_take(r, "{"))
        return read_braces(r, &least, &most) ? put_quantifier(r, least, most)
                                             : mc_regex_put_literal(r, '{');
    return mc_regex_put_literal(r, mc_regex_take_char(r));
}

static mc_status read_all(mc_regex_reader *r, unsigned most_groups, mc_python_regex *out)
{
    mc_regex_words(r);
    r->word = r->set;
    while (r->at != r->end)
        if (!skip_verbose(r))
            MC_TRY(put_next(r));
    if (r->depth > 0)
        return mc_regex_refuse(r, "a group without its end");
    out->n_groups = r->n_groups;
    if (r->n_groups > most_groups)
        return mc_regex_refuse(r, "more than one group, which scikit-learn refuses too,");
    out->is_runs = mc_regex_as_runs(r, &out->runs);
    if (!r->calls_word)
        return MC_OK;
    MC_TRY(mc_regex_put(r, "(?(DEFINE)(?<" MC_PATTERN_WORDS ">"));
    MC_TRY(mc_char_set_print(&r->word, r->out, r->err));
    return mc_regex_put(r, "))");
}

static mc_status read_pattern(mc_bytes pattern, unsigned most_groups, mc_python_regex *out,
                              mc_error *err)
{
    *out = (mc_python_regex){.is_runs = false};
    mc_regex_reader *r = mc_alloc(1, sizeof *r);
    if (r == NULL)
        return mc_fail(err, MC_E_NO_MEMORY, MC_NO_OFFSET, "no memory to read a pattern");
    r->start = r->at = r->flags_end = pattern.data;
    r->end = pattern.data + pattern.size;
    r->out = &out->pcre;
    r->err = err;
    r->runs.possible = true;
    const mc_status status = read_all(r, most_groups, out);
    mc_free(r);
    if (status != MC_OK)
        mc_python_regex_fini(out);
    return status;
}

mc_status mc_python_regex_read(mc_bytes pattern, mc_python_regex *out, mc_error *err)
{
    return read_pattern(pattern, 1, out, err);
}

mc_status mc_python_regex_read_any(mc_bytes pattern, mc_python_regex *out, mc_error *err)
{
    return read_pattern(pattern, MC_REGEX_GROUPS, out, err);
}

void mc_python_regex_fini(mc_python_regex *regex)
{
    mc_vec_fini(&regex->pcre);
}
