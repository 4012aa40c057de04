/* text_replace.c: re.sub and str.replace as preprocessors of a vectorizer.
 *
 * Oracle   re.sub, re/_parser.py parse_template, str.replace of CPython 3.11.
 * Exact    As image/run_replace.c. A text that is replaced is a pattern whose characters stand for
 *          themselves: both find the same places, in the same order. */
#include "import/sklearn/text_replace.h"

#include <string.h>

#include "base/size.h"
#include "image/pattern.h"
#include "image/text_steps.h"
#include "import/sklearn/attr.h"
#include "import/sklearn/python_regex.h"
#include "import/sklearn/text_tokenizer.h"
#include "kernel/text_options.h"

/* What a callable says: sub(pattern, with, text, most), or replace(). */
typedef struct replacing {
    const mc_value *est;
    mc_bytes pattern, with;
    int64_t flags, most; /* 0: all of them */
    bool is_literal;     /* str.replace */
} replacing;

/* ------------------------------------------------------------------------ what it calls ---- */

static bool is_text(const mc_value *value)
{
    return mc_value_is(value, MC_KIND_TEXT);
}

/* `count` or `flags` of the keywords; false if it is there and no integer. re.I is RegexFlag(2). */
static bool keyword(const mc_value *named, const char *name, int64_t *out)
{
    const mc_value *value = mc_value_is(named, MC_KIND_DICT) ? mc_dict_get(named, name) : NULL;
    if (mc_value_is(value, MC_KIND_OBJECT) && mc_value_is_a(value, "re", "RegexFlag")) {
        const mc_value *given = value->as.object->arguments;
        value = mc_value_is(given, MC_KIND_TUPLE) && given->as.items.n == 1 ? given->as.items.at[0]
                                                                            : value;
    }
    return value == NULL || mc_integer_from_value(value, out, NULL) == MC_OK;
}

static size_t n_known(const mc_value *named)
{
    static const char *const NAMES[] = {"count", "flags"};
    size_t n = 0;
    for (size_t i = 0; i < MC_COUNT_OF(NAMES); i++)
        n += mc_value_is(named, MC_KIND_DICT) && mc_dict_get(named, NAMES[i]) != NULL;
    return n;
}

/* re._compile(pattern, flags). */
static bool read_compiled(const mc_value *value, replacing *out)
{
    if (!mc_value_is(value, MC_KIND_OBJECT) || !mc_value_is_a(value, "re", "_compile"))
        return false;
    const mc_value *given = value->as.object->arguments;
    if (!mc_value_is(given, MC_KIND_TUPLE) || given->as.items.n != 2 ||
        !is_text(given->as.items.at[0]) ||
        mc_integer_from_value(given->as.items.at[1], &out->flags, NULL) != MC_OK)
        return false;
    out->pattern = given->as.items.at[0]->as.bytes;
    return true;
}

/* re.sub with pattern and replacement before, or the sub of a pattern with the replacement. */
static bool read_sub(const mc_value *function, const mc_items *before, const mc_value *named,
                     replacing *out)
{
    const mc_items *method = mc_attribute_of(function);
    const size_t n_named = mc_value_is(named, MC_KIND_DICT) ? named->as.items.n / 2 : 0;
    if (n_known(named) != n_named || !keyword(named, "count", &out->most))
        return false;
    if (method != NULL && mc_bytes_is(method->at[1]->as.bytes, "sub") && before->n == 1 &&
        is_text(before->at[0]) &&
        mc_value_is_none(mc_value_is(named, MC_KIND_DICT) ? mc_dict_get(named, "flags") : NULL)) {
        out->with = before->at[0]->as.bytes;
        return read_compiled(method->at[0], out);
    }
    if (!mc_value_is(function, MC_KIND_GLOBAL) || !mc_value_is_a(function, "re", "sub") ||
        before->n != 2 || !is_text(before->at[1]) || !keyword(named, "flags", &out->flags))
        return false;
    out->with = before->at[1]->as.bytes;
    if (!is_text(before->at[0]))
        return read_compiled(before->at[0], out);
    out->pattern = before->at[0]->as.bytes;
    return true;
}

/* operator.methodcaller("replace", old, new[, count]): a negative count is all. */
static bool read_replace(const mc_items *call, replacing *out)
{
    if (!mc_bytes_is(call->at[0]->as.bytes, "replace") || call->n < 3 || call->n > 4 ||
        !is_text(call->at[1]) || !is_text(call->at[2]))
        return false;
    out->is_literal = true;
    out->pattern = call->at[1]->as.bytes;
    out->with = call->at[2]->as.bytes;
    out->most = -1;
    return call->n == 3 || mc_integer_from_value(call->at[3], &out->most, NULL) == MC_OK;
}

static bool read_replacing(const mc_value *value, replacing *out)
{
    const mc_items *call = mc_method_called(value);
    if (call != NULL)
        return read_replace(call, out);
    if (!mc_value_is(value, MC_KIND_OBJECT) || !mc_value_is_a(value, "functools", "partial"))
        return false;
    const mc_value *state = value->as.object->state; /* (func, args, keywords, __dict__) */
    return mc_value_is(state, MC_KIND_TUPLE) && state->as.items.n >= 3 &&
           mc_value_is(state->as.items.at[1], MC_KIND_TUPLE) &&
           read_sub(state->as.items.at[0], &state->as.items.at[1]->as.items, state->as.items.at[2],
                    out);
}

/* ----------------------------------------------------------------------------- a pattern ---- */

/* The pattern as Python reads it: its flags in front, or each character for itself. */
static mc_status written_pattern(mc_lowering *to, const replacing *r, mc_bytes *out, mc_error *err)
{
    static const struct {
        int64_t flag;
        char letter;
    } FLAGS[] = {{2, 'i'}, {8, 'm'}, {16, 's'}, {64, 'x'}, {256, 'a'}};
    uint8_t *text = NULL;
    size_t n = 0;
    int64_t left = r->flags & ~INT64_C(32); /* re.UNICODE says nothing of a text */
    MC_TRY(
        mc_arena_new(to->arena, uint8_t, 2 * r->pattern.size + 4 * MC_COUNT_OF(FLAGS), &text, err));
    for (size_t i = 0; i < MC_COUNT_OF(FLAGS); i++) {
        if (left & FLAGS[i].flag) {
            memcpy(text + n, "(?", 2);
            text[n + 2] = (uint8_t)FLAGS[i].letter;
            text[n + 3] = ')';
            n += 4;
        }
        left &= ~FLAGS[i].flag;
    }
    if (left != 0)
        return mc_refuse(err, r->est, "preprocessor: flags %lld of a pattern", (long long)r->flags);
    for (size_t i = 0; i < r->pattern.size; i++) {
        const uint8_t c = r->pattern.data[i];
        if (r->is_literal && c != 0 && strchr("\\[](){}.*+?^$|", c) != NULL)
            text[n++] = '\\';
        text[n++] = c;
    }
    *out = (mc_bytes){text, n};
    return MC_OK;
}

/* ----------------------------------------------------------------------- what is put there ---- */

typedef struct template
{
    uint8_t *texts; /* arena */
    size_t size;
    uint32_t *parts; /* (n, MC_REPLACE_FIELDS) arena */
    size_t n;
}
template;

static void put_byte(template *t, uint8_t c)
{
    uint32_t *last = t->n == 0 ? NULL : t->parts + (t->n - 1) * MC_REPLACE_FIELDS;
    if (last == NULL || last[MC_REPLACE_GROUP] != MC_NONE) {
        last = t->parts + t->n++ * MC_REPLACE_FIELDS;
        last[MC_REPLACE_GROUP] = MC_NONE;
        last[MC_REPLACE_AT] = mc_u32_from_size(t->size);
    }
    last[MC_REPLACE_SIZE]++;
    t->texts[t->size++] = c;
}

static void put_group(template *t, uint32_t group)
{
    t->parts[t->n++ * MC_REPLACE_FIELDS + MC_REPLACE_GROUP] = group;
}

static bool is_digit(mc_bytes text, size_t at)
{
    return at < text.size && text.data[at] >= '0' && text.data[at] <= '9';
}

static bool is_octal(mc_bytes text, size_t at)
{
    return is_digit(text, at) && text.data[at] < '8';
}

/* A character by its number in octal: below 512, so of two bytes at most. */
static void put_octal(template *t, mc_bytes text, size_t at, size_t n)
{
    unsigned c = 0;
    for (size_t i = 0; i < n; i++)
        c = 8 * c + (text.data[at + i] - '0');
    if (c >= 0x80)
        put_byte(t, (uint8_t)(0xc0u | c >> 6));
    put_byte(t, (uint8_t)(c < 0x80 ? c : 0x80u | (c & 0x3fu)));
}

/* \1, \12, \123 and \0: a group, or a character in octal. `*at` is at the first digit. */
static bool put_number(template *t, mc_bytes text, size_t *at, unsigned n_groups)
{
    const size_t first = *at;
    if (text.data[first] == '0' ||
        (is_octal(text, first) && is_octal(text, first + 1) && is_octal(text, first + 2))) {
        size_t n = 1;
        while (n < 3 && is_octal(text, first + n))
            n++;
        if (text.data[first] > '3')
            return false; /* beyond 0o377 */
        put_octal(t, text, first, n);
        *at = first + n;
        return true;
    }
    unsigned group = text.data[(*at)++] - '0';
    if (is_digit(text, *at))
        group = 10 * group + (text.data[(*at)++] - '0');
    put_group(t, group);
    return group <= n_groups;
}

/* \g<1>; one by name is not read. */
static bool put_named(template *t, mc_bytes text, size_t *at, unsigned n_groups)
{
    unsigned group = 0;
    size_t i = *at + 2;
    if (*at + 1 >= text.size || text.data[*at + 1] != '<' || !is_digit(text, i))
        return false;
    for (; is_digit(text, i) && group <= n_groups; i++)
        group = 10 * group + (text.data[i] - '0');
    if (i >= text.size || text.data[i] != '>' || group > n_groups)
        return false;
    put_group(t, group);
    *at = i + 1;
    return true;
}

/* What follows a backslash, at `*at`. */
static bool put_escape(template *t, mc_bytes text, size_t *at, unsigned n_groups)
{
    static const char NAMES[] = "abfnrtv\\", VALUES[] = "\a\b\f\n\r\t\v\\";
    if (*at == text.size)
        return false;
    const uint8_t c = text.data[*at];
    if (is_digit(text, *at))
        return put_number(t, text, at, n_groups);
    if (c == 'g')
        return put_named(t, text, at, n_groups);
    const char *known = c == 0 ? NULL : strchr(NAMES, c);
    const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (known == NULL && is_letter)
        return false;
    if (known == NULL)
        put_byte(t, '\\');
    put_byte(t, known == NULL ? c : (uint8_t)VALUES[known - NAMES]);
    ++*at;
    return true;
}

static mc_status read_template(mc_lowering *to, const replacing *r, unsigned n_groups,
                               template *out, mc_error *err)
{
    const mc_bytes text = r->with;
    MC_TRY(mc_arena_new(to->arena, uint8_t, 2 * text.size + 1, &out->texts, err));
    MC_TRY(
        mc_arena_new(to->arena, uint32_t, (text.size + 1) * MC_REPLACE_FIELDS, &out->parts, err));
    for (size_t at = 0; at < text.size;) {
        if (r->is_literal || text.data[at] != '\\') {
            put_byte(out, text.data[at++]);
            continue;
        }
        const size_t backslash = at++;
        if (!put_escape(out, text, &at, n_groups))
            return mc_refuse(err, r->est,
                             "preprocessor: the replacement \"%.*s\" at byte %zu: a group that is "
                             "not there, or an escape that is not read",
                             MC_SHOW(text), backslash);
    }
    if (out->n == 0) /* nothing: a piece of no bytes, of which one is there */
        out->parts[out->n++ * MC_REPLACE_FIELDS + MC_REPLACE_GROUP] = MC_NONE;
    out->size += out->size == 0;
    return MC_OK;
}

/* -------------------------------------------------------------------------------- a step ---- */

static mc_status check_pattern(mc_bytes text, mc_error *err)
{
    mc_pattern *compiled = NULL;
    if (mc_pattern_compile(text, &compiled, err) != MC_OK) /* the message says why */
        return mc_fail_in(err, MC_E_UNSUPPORTED, "the pattern as PCRE2 reads it");
    mc_pattern_destroy(compiled);
    return MC_OK;
}

/* How many are replaced: 0 is all of re.sub(), a negative number all of replace(). */
static uint32_t how_many(const replacing *r)
{
    if (r->most >= (int64_t)MC_NONE || (r->is_literal ? r->most < 0 : r->most == 0))
        return MC_NONE;
    return r->most < 0 ? 0 : (uint32_t)r->most;
}

static mc_status emit(mc_lowering *to, const replacing *r, const mc_python_regex *regex, mc_sym *x,
                      mc_error *err)
{
    mc_step repair = MC_STEP_INIT(TEXT_CELLS), step = MC_STEP_INIT(TEXT_REPLACE);
    template with = {0};
    mc_bytes pattern = {regex->pcre.data, regex->pcre.size};
    if (pattern.size == 0) /* an array has bytes */
        pattern = mc_bytes_of("(?:)");
    MC_TRY(check_pattern(pattern, err));
    MC_TRY(read_template(to, r, regex->n_groups, &with, err));
    repair.src = x->buffer;
    repair.n[0] = MC_TEXT_REPAIR;
    MC_TRY(mc_build_step(to->b, repair, 1, &step.src, err));
    step.n[0] = how_many(r);
    MC_TRY(mc_build_array(to->b, MC_ARRAY_U8, pattern.data, pattern.size, 1,
                          &step.array[MC_TEXT_PATTERN], err));
    MC_TRY(mc_build_array(to->b, MC_ARRAY_U8, with.texts, with.size, 1,
                          &step.array[MC_REPLACE_TEXTS], err));
    MC_TRY(mc_build_array(to->b, MC_ARRAY_U32, with.parts, with.n, MC_REPLACE_FIELDS,
                          &step.array[MC_REPLACE_PARTS], err));
    return mc_build_step(to->b, step, 1, &x->buffer, err);
}

bool mc_is_replacing(const mc_value *callable)
{
    replacing r = {0};
    return read_replacing(callable, &r);
}

mc_status mc_emit_replacing(mc_lowering *to, const mc_value *est, const mc_value *callable,
                            mc_sym *x, mc_error *err)
{
    replacing r = {.est = est};
    mc_python_regex regex;
    mc_bytes pattern;
    const bool is_replacing = read_replacing(callable, &r);
    MC_ASSERT(is_replacing);
    MC_TRY(written_pattern(to, &r, &pattern, err));
    MC_TRY_IN(mc_python_regex_read_any(pattern, &regex, err), err, "preprocessor of %.*s",
              MC_SHOW(mc_class_name(est)));
    const mc_status status = emit(to, &r, &regex, x, err);
    mc_python_regex_fini(&regex);
    return status;
}
