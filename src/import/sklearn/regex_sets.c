/* regex_sets.c: literals, escapes and classes of a pattern: what matches one character, or an edge.
 */
#include <stdio.h>
#include <string.h>

#include "image/pattern.h"
#include "import/sklearn/regex_reader.h"

#define MOST_INLINE 4 /* classes of all word characters: a call is slower, but small */

/* ---------------------------------------------------------------------------------- sets ---- */

static mc_status put_word(mc_regex_reader *r);

mc_status mc_regex_put_set(mc_regex_reader *r)
{
    mc_regex_saw_set(r);
    if (mc_char_set_equal(&r->set, &r->word) && ++r->n_words > MOST_INLINE)
        return put_word(r);
    return mc_char_set_print(&r->set, r->out, r->err);
}

mc_status mc_regex_put_literal(mc_regex_reader *r, uint32_t c)
{
    mc_char_set_clear(&r->set);
    mc_char_set_add(&r->set, c, c);
    if (r->now.ignore_case)
        mc_char_set_ignore_case(&r->set, &r->spare, r->now.ascii);
    return mc_regex_put_set(r);
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

void mc_regex_words(mc_regex_reader *r)
{
    mc_char_set_clear(&r->set);
    mc_char_set_add_flag(&r->set, MC_CHAR_WORD, false, r->now.ascii);
}

/* One word character: in Unicode a large class, which stands once at the end and is called. */
static mc_status put_word(mc_regex_reader *r)
{
    if (r->now.ascii) {
        mc_regex_words(r);
        return mc_char_set_print(&r->set, r->out, r->err);
    }
    r->calls_word = true;
    return mc_regex_put(r, "(?&" MC_PATTERN_WORDS ")");
}

/* \b, or \B: which Python lets match nowhere in an empty text. */
static mc_status put_edge(mc_regex_reader *r, bool is_edge)
{
    static const char *const YES[] = {"(?:(?<=", ")(?!", ")|(?<!", ")(?=", "))"};
    static const char *const NO[] = {"(?:(?<=", ")(?=", ")|(?<!", ")(?!",
                                     ")(?:(?<=(?s:.))|(?=(?s:.))))"};
    const char *const *parts = is_edge ? YES : NO;
    if (is_edge)
        mc_regex_saw_edge(r);
    else
        mc_regex_no_runs(r);
    for (size_t i = 0; i < 5; i++) {
        MC_TRY(mc_regex_put(r, parts[i]));
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
static mc_status read_hex(mc_regex_reader *r, size_t n, uint32_t *out)
{
    *out = 0;
    for (size_t i = 0; i < n; i++, r->at++) {
        const int digit = r->at == r->end ? -1 : hex_of(*r->at);
        if (digit < 0)
            return mc_regex_refuse(r, "an escape that lacks digits");
        *out = *out << 4 | (uint32_t)digit;
    }
    return *out < MC_N_CHARS ? MC_OK : mc_regex_refuse(r, "an escape of no character");
}

static uint32_t read_octal(mc_regex_reader *r, size_t n)
{
    uint32_t value = 0;
    for (size_t i = 0; i < n && mc_regex_is_octal(r); i++)
        value = value * 8 + (uint32_t)(*r->at++ - '0');
    return value;
}

/* The character of an escape that means one everywhere; the backslash is read already. */
static mc_status read_escape(mc_regex_reader *r, uint32_t *out)
{
    static const char LETTERS[] = "abfnrtv", VALUES[] = "\a\b\f\n\r\t\v";
    if (r->at == r->end)
        return mc_regex_refuse(r, "a backslash with nothing behind it");
    const uint8_t letter = *r->at;
    const char *found = letter == 0 ? NULL : strchr(LETTERS, letter);
    if (found != NULL) {
        r->at++;
        *out = (uint32_t)VALUES[found - LETTERS];
        return MC_OK;
    }
    if (mc_regex_take(r, "x"))
        return read_hex(r, 2, out);
    if (mc_regex_take(r, "u"))
        return read_hex(r, 4, out);
    if (mc_regex_take(r, "U"))
        return read_hex(r, 8, out);
    if (mc_regex_is_octal(r)) {
        *out = read_octal(r, 3);
        return *out <= 0377 ? MC_OK : mc_regex_refuse(r, "an octal escape beyond 0o377");
    }
    if ((letter | 0x20) >= 'a' && (letter | 0x20) <= 'z')
        return mc_regex_refuse(r, "an escape that is not known");
    *out = mc_regex_take_char(r);
    return MC_OK;
}

mc_status mc_regex_put_reference(mc_regex_reader *r, unsigned group)
{
    char text[48];
    mc_regex_no_runs(r);
    if (group == 0 || group > r->n_groups)
        return mc_regex_refuse(r, "a reference to a group that is not there");
    (void)snprintf(text, sizeof text, r->now.ignore_case ? "(?i:\\g{%u})" : "(?:\\g{%u})", group);
    return mc_regex_put(r, text);
}

/* \1 to \99, but \012 and \123 are characters. */
static mc_status put_digits(mc_regex_reader *r)
{
    const uint8_t *d = r->at;
    const size_t left = (size_t)(r->end - d);
    const bool octal =
        left >= 3 && d[0] <= '3' && d[1] >= '0' && d[1] <= '7' && d[2] >= '0' && d[2] <= '7';
    if (d[0] == '0' || octal)
        return mc_regex_put_literal(r, read_octal(r, 3));
    unsigned group = 0;
    for (size_t i = 0; i < 2 && mc_regex_is_digit(r); i++)
        group = group * 10 + (unsigned)(*r->at++ - '0');
    return mc_regex_put_reference(r, group);
}

mc_status mc_regex_put_escape(mc_regex_reader *r)
{
    uint32_t c = 0;
    if (mc_regex_is_digit(r))
        return put_digits(r);
    if (mc_regex_take(r, "b"))
        return put_edge(r, true);
    if (mc_regex_take(r, "B"))
        return put_edge(r, false);
    if (mc_regex_looking_at(r, "A") || mc_regex_looking_at(r, "Z")) {
        mc_regex_no_runs(r);
        return mc_regex_put(r, *r->at++ == 'A' ? "\\A" : "\\z");
    }
    if (r->at != r->end && category(*r->at) != 0) {
        mc_char_set_clear(&r->set);
        mc_char_set_add_flag(&r->set, category(*r->at), *r->at < 'a', r->now.ascii);
        r->at++;
        return mc_regex_put_set(r);
    }
    MC_TRY(read_escape(r, &c));
    return mc_regex_put_literal(r, c);
}

/* ------------------------------------------------------------------------------- classes ---- */

/* One member of a class: a character, or a category (then it is in r->set already). */
static mc_status read_member(mc_regex_reader *r, uint32_t *out, bool *is_category)
{
    *is_category = false;
    if (r->at == r->end)
        return mc_regex_refuse(r, "a class without its end");
    if (!mc_regex_take(r, "\\")) {
        *out = mc_regex_take_char(r);
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

static mc_status read_class_item(mc_regex_reader *r)
{
    uint32_t first = 0, last = 0;
    bool is_category = false;
    MC_TRY(read_member(r, &first, &is_category));
    if (is_category)
        return MC_OK; /* a hyphen behind it stands for itself */
    last = first;
    if (mc_regex_looking_at(r, "-") && r->end - r->at >= 2 && r->at[1] != ']') {
        r->at++;
        MC_TRY(read_member(r, &last, &is_category));
        if (is_category || last < first)
            return mc_regex_refuse(r, "a range that is none");
    }
    mc_char_set_add(&r->set, first, last);
    return MC_OK;
}

mc_status mc_regex_put_class(mc_regex_reader *r)
{
    mc_char_set_clear(&r->set);
    const bool negated = mc_regex_take(r, "^");
    for (bool first = true; first || !mc_regex_looking_at(r, "]"); first = false)
        MC_TRY(read_class_item(r));
    r->at++;
    if (r->now.ignore_case)
        mc_char_set_ignore_case(&r->set, &r->spare, r->now.ascii);
    if (negated)
        mc_char_set_invert(&r->set);
    return mc_regex_put_set(r);
}
