/* python_regex.c: from Python's words to PCRE2's, left to right, once. */
#include "import/sklearn/python_regex.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "image/pattern.h"
#include "import/sklearn/char_set.h"

#define MOST_GROUPS 64  /* capturing ones, and open ones */
#define MOST_NAME   120 /* bytes of a group's name */
#define MOST_INLINE 4   /* classes of all word characters: a call is slower, but small */

typedef struct flags {
    bool ascii, ignore_case, multiline, dotall, verbose;
} flags;

/* Is it one class, repeated? What has been seen of that so far. */
typedef struct runs {
    bool possible, start_edge, end_edge, has_set, open, closed;
    bool last_is_set; /* a quantifier would belong to the set */
    uint64_t least, most;
    uint64_t last_least, last_most; /* of the last set, which a quantifier multiplies */
} runs;

typedef struct reader {
    const uint8_t *start, *at, *end;
    const uint8_t *flags_end; /* behind the global flags, which stand at the start */
    flags now;
    flags outer[MOST_GROUPS]; /* of open groups */
    size_t depth;
    unsigned n_groups;
    struct {
        char text[MOST_NAME + 1];
        unsigned number;
    } names[MOST_GROUPS];
    size_t n_names;
    mc_vec *out;
    mc_error *err;
    runs runs;
    bool calls_word;  /* the class of word characters is needed at the end */
    unsigned n_words; /* places where it stands itself */
    mc_char_set set, spare, word, run_set;
} reader;

/* ------------------------------------------------------------------------------- reading ---- */

static mc_status refuse(const reader *r, const char *what)
{
    return mc_fail(r->err, MC_E_UNSUPPORTED, MC_NO_OFFSET,
                   "token_pattern: %s at byte %td of \"%.*s\"", what, r->at - r->start,
                   MC_SHOW(((mc_bytes){r->start, (size_t)(r->end - r->start)})));
}

static bool looking_at(const reader *r, const char *text)
{
    const size_t n = strlen(text);
    return (size_t)(r->end - r->at) >= n && memcmp(r->at, text, n) == 0;
}

static bool take(reader *r, const char *text)
{
    const bool found = looking_at(r, text);
    if (found)
        r->at += strlen(text);
    return found;
}

static uint32_t take_char(reader *r)
{
    uint32_t c = 0;
    r->at += mc_char_read(r->at, r->end, &c);
    return c;
}

static mc_status put(reader *r, const char *text)
{
    return mc_vec_append(r->out, text, strlen(text), r->err);
}

static bool is_digit(const reader *r)
{
    return r->at != r->end && *r->at >= '0' && *r->at <= '9';
}

static bool is_octal(const reader *r)
{
    return r->at != r->end && *r->at >= '0' && *r->at <= '7';
}

/* ------------------------------------------------------------------- one class, repeated? ---- */

static void no_runs(reader *r)
{
    r->runs.possible = false;
}

static void settle_last(runs *s)
{
    s->least += s->last_least;
    s->most =
        s->most == UINT64_MAX || s->last_most == UINT64_MAX ? UINT64_MAX : s->most + s->last_most;
    s->last_least = s->last_most = 0;
    s->last_is_set = false;
}

static void saw_set(reader *r)
{
    runs *s = &r->runs;
    settle_last(s);
    if (s->end_edge || s->closed || (s->has_set && !mc_char_set_equal(&r->set, &r->run_set)))
        no_runs(r);
    if (s->possible && !s->has_set)
        r->run_set = r->set;
    s->has_set = s->last_is_set = true;
    s->last_least = s->last_most = 1;
}

static void saw_edge(reader *r)
{
    runs *s = &r->runs;
    settle_last(s);
    if (r->now.ascii || s->end_edge || (s->open && !s->closed))
        no_runs(r); /* an edge in the group would be one all the same: rare */
    *(s->has_set ? &s->end_edge : &s->start_edge) = true;
}

static void saw_group(reader *r, bool closes)
{
    runs *s = &r->runs;
    settle_last(s);
    if (closes ? s->closed || !s->open : s->open || s->has_set)
        no_runs(r);
    *(closes ? &s->closed : &s->open) = true;
}

static void saw_quantifier(reader *r, uint64_t least, uint64_t most, bool greedy)
{
    runs *s = &r->runs;
    if (!s->last_is_set || !greedy)
        no_runs(r);
    s->last_least = least;
    s->last_most = most;
    settle_last(s);
}

/* True and `out` filled if the whole pattern was. */
static bool as_runs(reader *r, mc_run_pattern *out)
{
    runs *s = &r->runs;
    settle_last(s);
    if (!s->possible || !s->has_set || s->least < 1 || s->open != s->closed ||
        s->least > MC_RUN_ANY - 1 || (s->most != UINT64_MAX && s->most > 1000) ||
        !mc_char_set_as_class(&r->run_set, &r->spare, &out->class))
        return false;
    out->least = (uint32_t)s->least;
    out->most = s->most == UINT64_MAX ? MC_RUN_ANY : (uint32_t)s->most;
    /* A run of all word characters ends at edges anyhow. */
    const bool is_free = out->most == MC_RUN_ANY && mc_char_set_equal(&r->run_set, &r->word);
    out->start_edge = s->start_edge && !is_free;
    out->end_edge = s->end_edge && !is_free;
    return true;
}

/* ---------------------------------------------------------------------------------- sets ---- */

static mc_status put_word(reader *r);

/* r->set, as it stands, is what matches here. */
static mc_status put_set(reader *r)
{
    saw_set(r);
    if (mc_char_set_equal(&r->set, &r->word) && ++r->n_words > MOST_INLINE)
        return put_word(r);
    return mc_char_set_print(&r->set, r->out, r->err);
}

static mc_status put_literal(reader *r, uint32_t c)
{
    mc_char_set_clear(&r->set);
    mc_char_set_add(&r->set, c, c);
    if (r->now.ignore_case)
        mc_char_set_ignore_case(&r->set, &r->spare, r->now.ascii);
    return put_set(r);
}

/* \w \W \d \D \s \S: their flag; 0 for other letters. */
static unsigned category(uint8_t letter)
{
    switch (letter | 0x20) {
    case 'w':
        return MC_CHAR_WORD;
    case 'd':
        return MC_CHAR_DECIMAL;
    case 's':
        return MC_CHAR_SPACE;
    default:
        return 0;
    }
}

/* The word characters that \b looks for, into r->set. */
static void words(reader *r)
{
    mc_char_set_clear(&r->set);
    mc_char_set_add_flag(&r->set, MC_CHAR_WORD, false, r->now.ascii);
}

/* One word character: in Unicode a large class, which stands once at the end and is called. */
static mc_status put_word(reader *r)
{
    if (r->now.ascii) {
        words(r);
        return mc_char_set_print(&r->set, r->out, r->err);
    }
    r->calls_word = true;
    return put(r, "(?&" MC_PATTERN_WORDS ")");
}

/* \b, or \B: which Python lets match nowhere in an empty text. */
static mc_status put_edge(reader *r, bool is_edge)
{
    static const char *const YES[] = {"(?:(?<=", ")(?!", ")|(?<!", ")(?=", "))"};
    static const char *const NO[] = {"(?:(?<=", ")(?=", ")|(?<!", ")(?!",
                                     ")(?:(?<=(?s:.))|(?=(?s:.))))"};
    const char *const *parts = is_edge ? YES : NO;
    if (is_edge)
        saw_edge(r);
    else
        no_runs(r);
    for (size_t i = 0; i < 5; i++) {
        MC_TRY(put(r, parts[i]));
        if (i < 4)
            MC_TRY(put_word(r));
    }
    return MC_OK;
}

/* ------------------------------------------------------------------------------- escapes ---- */

static int hex_of(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Exactly `n` hexadecimal digits. */
static mc_status read_hex(reader *r, size_t n, uint32_t *out)
{
    *out = 0;
    for (size_t i = 0; i < n; i++, r->at++) {
        const int digit = r->at == r->end ? -1 : hex_of(*r->at);
        if (digit < 0)
            return refuse(r, "an escape that lacks digits");
        *out = *out << 4 | (uint32_t)digit;
    }
    return *out < MC_N_CHARS ? MC_OK : refuse(r, "an escape of no character");
}

static uint32_t read_octal(reader *r, size_t n)
{
    uint32_t value = 0;
    for (size_t i = 0; i < n && is_octal(r); i++)
        value = value * 8 + (uint32_t)(*r->at++ - '0');
    return value;
}

/* The character of an escape that means one everywhere; the backslash is read already. */
static mc_status read_escape(reader *r, uint32_t *out)
{
    static const char LETTERS[] = "abfnrtv", VALUES[] = "\a\b\f\n\r\t\v";
    if (r->at == r->end)
        return refuse(r, "a backslash with nothing behind it");
    const uint8_t letter = *r->at;
    const char *found = letter == 0 ? NULL : strchr(LETTERS, letter);
    if (found != NULL) {
        r->at++;
        *out = (uint32_t)VALUES[found - LETTERS];
        return MC_OK;
    }
    if (take(r, "x"))
        return read_hex(r, 2, out);
    if (take(r, "u"))
        return read_hex(r, 4, out);
    if (take(r, "U"))
        return read_hex(r, 8, out);
    if (is_octal(r)) {
        *out = read_octal(r, 3);
        return *out <= 0377 ? MC_OK : refuse(r, "an octal escape beyond 0o377");
    }
    if ((letter | 0x20) >= 'a' && (letter | 0x20) <= 'z')
        return refuse(r, "an escape that is not known");
    *out = take_char(r);
    return MC_OK;
}

static mc_status put_reference(reader *r, unsigned group)
{
    char text[48];
    no_runs(r);
    if (group == 0 || group > r->n_groups)
        return refuse(r, "a reference to a group that is not there");
    (void)snprintf(text, sizeof text, r->now.ignore_case ? "(?i:\\g{%u})" : "(?:\\g{%u})", group);
    return put(r, text);
}

/* \1 to \99, but \012 and \123 are characters. */
static mc_status put_digits(reader *r)
{
    const uint8_t *d = r->at;
    const size_t left = (size_t)(r->end - d);
    const bool octal =
        left >= 3 && d[0] <= '3' && d[1] >= '0' && d[1] <= '7' && d[2] >= '0' && d[2] <= '7';
    if (d[0] == '0' || octal)
        return put_literal(r, read_octal(r, 3));
    unsigned group = 0;
    for (size_t i = 0; i < 2 && is_digit(r); i++)
        group = group * 10 + (unsigned)(*r->at++ - '0');
    return put_reference(r, group);
}

static mc_status put_escape(reader *r)
{
    uint32_t c = 0;
    if (is_digit(r))
        return put_digits(r);
    if (take(r, "b"))
        return put_edge(r, true);
    if (take(r, "B"))
        return put_edge(r, false);
    if (looking_at(r, "A") || looking_at(r, "Z")) {
        no_runs(r);
        return put(r, *r->at++ == 'A' ? "\\A" : "\\z");
    }
    if (r->at != r->end && category(*r->at) != 0) {
        mc_char_set_clear(&r->set);
        mc_char_set_add_flag(&r->set, category(*r->at), *r->at < 'a', r->now.ascii);
        r->at++;
        return put_set(r);
    }
    MC_TRY(read_escape(r, &c));
    return put_literal(r, c);
}

/* ------------------------------------------------------------------------------- classes ---- */

/* One member of a class: a character, or a category (then it is in r->set already). */
static mc_status read_member(reader *r, uint32_t *out, bool *is_category)
{
    *is_category = false;
    if (r->at == r->end)
        return refuse(r, "a class without its end");
    if (!take(r, "\\")) {
        *out = take_char(r);
        return MC_OK;
    }
    if (r->at != r->end && category(*r->at) != 0) {
        mc_char_set_add_flag(&r->set, category(*r->at), *r->at < 'a', r->now.ascii);
        r->at++;
        *is_category = true;
        return MC_OK;
    }
    return read_escape(r, out);
}

static mc_status read_class_item(reader *r)
{
    uint32_t first = 0, last = 0;
    bool is_category = false;
    MC_TRY(read_member(r, &first, &is_category));
    if (is_category)
        return MC_OK; /* a hyphen behind it stands for itself */
    last = first;
    if (looking_at(r, "-") && r->end - r->at >= 2 && r->at[1] != ']') {
        r->at++;
        MC_TRY(read_member(r, &last, &is_category));
        if (is_category || last < first)
            return refuse(r, "a range that is none");
    }
    mc_char_set_add(&r->set, first, last);
    return MC_OK;
}

static mc_status put_class(reader *r)
{
    mc_char_set_clear(&r->set);
    const bool negated = take(r, "^");
    for (bool first = true; first || !looking_at(r, "]"); first = false)
        MC_TRY(read_class_item(r));
    r->at++;
    if (r->now.ignore_case)
        mc_char_set_ignore_case(&r->set, &r->spare, r->now.ascii);
    if (negated)
        mc_char_set_invert(&r->set);
    return put_set(r);
}

/* -------------------------------------------------------------------------------- groups ---- */

static bool set_flag(flags *to, uint8_t letter, bool on)
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
static void read_flags(reader *r, flags *to)
{
    bool on = true;
    for (; r->at != r->end; r->at++) {
        if (*r->at == '-')
            on = false;
        else if (!set_flag(to, *r->at, on))
            return;
    }
}

static mc_status open_group(reader *r, const char *text)
{
    if (r->depth == MOST_GROUPS)
        return refuse(r, "more groups in each other than are read");
    r->outer[r->depth++] = r->now;
    return put(r, text);
}

static mc_status open_capture(reader *r)
{
    if (r->n_groups == MOST_GROUPS)
        return refuse(r, "more groups than are read");
    r->n_groups++;
    saw_group(r, false);
    return open_group(r, "(");
}

/* A name up to `end`; NUL-terminated in `out`. */
static mc_status read_name(reader *r, char end, char out[MOST_NAME + 1])
{
    const uint8_t *stop = memchr(r->at, end, (size_t)(r->end - r->at));
    const size_t n = stop == NULL ? 0 : (size_t)(stop - r->at);
    if (n == 0 || n > MOST_NAME)
        return refuse(r, "a group's name that is none");
    memcpy(out, r->at, n);
    out[n] = '\0';
    r->at = stop + 1;
    return MC_OK;
}

static unsigned group_named(const reader *r, const char *name)
{
    for (size_t i = 0; i < r->n_names; i++)
        if (strcmp(r->names[i].text, name) == 0)
            return r->names[i].number;
    return 0;
}

/* (?P<name>  (?P=name) */
static mc_status put_named(reader *r)
{
    char name[MOST_NAME + 1];
    if (take(r, "=")) {
        MC_TRY(read_name(r, ')', name));
        return put_reference(r, group_named(r, name));
    }
    if (!take(r, "<"))
        return refuse(r, "an extension that is not known");
    MC_TRY(read_name(r, '>', name));
    MC_TRY(open_capture(r));
    memcpy(r->names[r->n_names].text, name, sizeof name);
    r->names[r->n_names++].number = r->n_groups;
    return MC_OK;
}

/* (?(1)yes|no)  (?(name)yes|no) */
static mc_status put_conditional(reader *r)
{
    char name[MOST_NAME + 1], text[32];
    no_runs(r);
    MC_TRY(read_name(r, ')', name));
    unsigned group = group_named(r, name);
    for (size_t i = 0; group == 0 && name[i] >= '0' && name[i] <= '9'; i++)
        if (name[i + 1] == '\0')
            group = (unsigned)strtoul(name, NULL, 10);
    if (group == 0 || group > MOST_GROUPS)
        return refuse(r, "a condition on a group that is not there");
    (void)snprintf(text, sizeof text, "(?(%u)", group);
    return open_group(r, text);
}

/* (?i)  (?i:  (?-i: */
static mc_status put_flags(reader *r)
{
    flags changed = r->now;
    const bool at_start = r->at - 2 == r->flags_end;
    read_flags(r, &changed);
    if (take(r, ":")) {
        no_runs(r);
        MC_TRY(open_group(r, "(?:"));
        r->now = changed;
        return MC_OK;
    }
    if (!at_start || !take(r, ")"))
        return refuse(r, "flags or an extension that are not known");
    r->now = changed;
    r->flags_end = r->at;
    return MC_OK;
}

static mc_status put_extension(reader *r)
{
    static const char *const SAME[] = {":", "=", "!", "<=", "<!", ">"};
    for (size_t i = 0; i < MC_COUNT_OF(SAME); i++) {
        char text[8];
        if (!take(r, SAME[i]))
            continue;
        no_runs(r);
        (void)snprintf(text, sizeof text, "(?%s", SAME[i]);
        return open_group(r, text);
    }
    if (take(r, "P"))
        return put_named(r);
    if (take(r, "("))
        return put_conditional(r);
    if (take(r, "#")) {
        const uint8_t *stop = memchr(r->at, ')', (size_t)(r->end - r->at));
        if (stop == NULL)
            return refuse(r, "a comment without its end");
        r->at = stop + 1;
        return MC_OK;
    }
    return put_flags(r);
}

static mc_status close_group(reader *r)
{
    if (r->depth == 0)
        return refuse(r, "a parenthesis that closes nothing");
    saw_group(r, true);
    r->now = r->outer[--r->depth];
    return put(r, ")");
}

/* ---------------------------------------------------------------------------- quantifiers ---- */

/* {m} {m,} {,n} {m,n}; anything else is a brace. `r->at` is behind the brace. */
static bool read_braces(reader *r, uint64_t *least, uint64_t *most)
{
    const uint8_t *const from = r->at;
    uint64_t value[2] = {0, UINT64_MAX};
    bool has[2] = {false, false}, comma = false;
    for (size_t i = 0; i < 2; i++) {
        if (is_digit(r)) {
            value[i] = 0;
            has[i] = true;
        }
        for (; is_digit(r); r->at++)
            if (value[i] < 1000000)
                value[i] = value[i] * 10 + (uint64_t)(*r->at - '0');
        if (i == 0)
            comma = take(r, ",");
        if (!comma)
            break;
    }
    if (!comma)
        value[1] = value[0];
    if (!take(r, "}") || (!comma && !has[0])) {
        r->at = from;
        return false;
    }
    *least = value[0];
    *most = value[1];
    return true;
}

static mc_status put_counts(reader *r, uint64_t least, uint64_t most)
{
    char text[64];
    if (least > 65535 || (most != UINT64_MAX && (most > 65535 || most < least)))
        return refuse(r, "a repetition of more than 65535 times, or of fewer than at least");
    if (most == UINT64_MAX)
        (void)snprintf(text, sizeof text, "{%llu,}", (unsigned long long)least);
    else
        (void)snprintf(text, sizeof text, "{%llu,%llu}", (unsigned long long)least,
                       (unsigned long long)most);
    return put(r, text);
}

/* * + ? {m,n}, lazy with a ? and possessive with a + behind. */
static mc_status put_quantifier(reader *r, uint64_t least, uint64_t most)
{
    const bool lazy = take(r, "?");
    const bool possessive = !lazy && take(r, "+");
    saw_quantifier(r, least, most, !lazy && !possessive);
    MC_TRY(put_counts(r, least, most));
    return put(r, lazy ? "?" : possessive ? "+" : "");
}

/* ----------------------------------------------------------------------------- the pattern ---- */

static mc_status put_dot(reader *r)
{
    mc_char_set_clear(&r->set);
    if (!r->now.dotall)
        mc_char_set_add(&r->set, '\n', '\n');
    mc_char_set_invert(&r->set);
    return put_set(r);
}

static mc_status put_anchor(reader *r, bool is_start)
{
    no_runs(r);
    if (is_start)
        return put(r, r->now.multiline ? "(?:\\A|(?<=\\x0a))" : "\\A");
    return put(r, r->now.multiline ? "(?=\\x0a|\\z)" : "(?=\\x0a?\\z)");
}

/* White space and comments, which (?x) lets stand anywhere. */
static bool skip_verbose(reader *r)
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

static mc_status put_next(reader *r)
{
    uint64_t least = 0, most = 0;
    if (take(r, "\\"))
        return put_escape(r);
    if (take(r, "["))
        return put_class(r);
    if (take(r, "(?"))
        return put_extension(r);
    if (take(r, "("))
        return open_capture(r);
    if (take(r, ")"))
        return close_group(r);
    if (take(r, "."))
        return put_dot(r);
    if (looking_at(r, "^") || looking_at(r, "$"))
        return put_anchor(r, *r->at++ == '^');
    if (take(r, "|")) {
        no_runs(r);
        return put(r, "|");
    }
    if (take(r, "*"))
        return put_quantifier(r, 0, UINT64_MAX);
    if (take(r, "+"))
        return put_quantifier(r, 1, UINT64_MAX);
    if (take(r, "?"))
        return put_quantifier(r, 0, 1);
    if (take(r, "{"))
        return read_braces(r, &least, &most) ? put_quantifier(r, least, most) : put_literal(r, '{');
    return put_literal(r, take_char(r));
}

static mc_status read_all(reader *r, mc_python_regex *out)
{
    words(r);
    r->word = r->set;
    while (r->at != r->end)
        if (!skip_verbose(r))
            MC_TRY(put_next(r));
    if (r->depth > 0)
        return refuse(r, "a group without its end");
    if (r->n_groups > 1)
        return refuse(r, "more than one group, which scikit-learn refuses too,");
    out->is_runs = as_runs(r, &out->runs);
    if (!r->calls_word)
        return MC_OK;
    MC_TRY(put(r, "(?(DEFINE)(?<" MC_PATTERN_WORDS ">"));
    MC_TRY(mc_char_set_print(&r->word, r->out, r->err));
    return put(r, "))");
}

mc_status mc_python_regex_read(mc_bytes pattern, mc_python_regex *out, mc_error *err)
{
    *out = (mc_python_regex){.is_runs = false};
    reader *r = mc_alloc(1, sizeof *r);
    if (r == NULL)
        return mc_fail(err, MC_E_NO_MEMORY, MC_NO_OFFSET, "no memory to read a pattern");
    r->start = r->at = r->flags_end = pattern.data;
    r->end = pattern.data + pattern.size;
    r->out = &out->pcre;
    r->err = err;
    r->runs.possible = true;
    const mc_status status = read_all(r, out);
    mc_free(r);
    if (status != MC_OK)
        mc_python_regex_fini(out);
    return status;
}

void mc_python_regex_fini(mc_python_regex *regex)
{
    mc_vec_fini(&regex->pcre);
}
