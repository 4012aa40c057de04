/* text_tokenizer.c: callables that make tokens of a text.
 *
 * Oracle   str.split, list, re.findall, re.split of CPython 3.11.
 * Why so   Splitting at a character, or at runs of a class of them, is finding what lies between: a
 *          pattern for re.findall that the same reader takes. Splitting at anything longer is not:
 *          matches of it could overlap. */
#include "import/sklearn/text_tokenizer.h"

#include <string.h>

#include "import/sklearn/attr.h"

/* ----------------------------------------------------------------------- what is called ---- */

const mc_value *mc_unwrap_partial(const mc_value *value)
{
    if (!mc_value_is_a(value, "functools", "partial") || !mc_value_is(value, MC_KIND_OBJECT))
        return value;
    const mc_value *state = value->as.object->state; /* (func, args, keywords, __dict__) */
    if (!mc_value_is(state, MC_KIND_TUPLE) || state->as.items.n < 3)
        return value;
    const mc_value *arguments = state->as.items.at[1], *named = state->as.items.at[2];
    const bool bare =
        mc_value_is(arguments, MC_KIND_TUPLE) && arguments->as.items.n == 0 &&
        (mc_value_is_none(named) || (mc_value_is(named, MC_KIND_DICT) && named->as.items.n == 0));
    return bare ? state->as.items.at[0] : value;
}

const mc_items *mc_attribute_of(const mc_value *value)
{
    if (!mc_value_is(value, MC_KIND_OBJECT) || !mc_value_is_a(value, "builtins", "getattr"))
        return NULL;
    const mc_value *pair = value->as.object->arguments;
    return mc_value_is(pair, MC_KIND_TUPLE) && pair->as.items.n == 2 &&
                   mc_value_is(pair->as.items.at[1], MC_KIND_TEXT)
               ? &pair->as.items
               : NULL;
}

/* The name of getattr(str, name). */
static mc_bytes method_of_str(const mc_value *value)
{
    const mc_items *pair = mc_attribute_of(value);
    const bool is_str = pair != NULL && (mc_value_is_a(pair->at[0], "builtins", "str") ||
                                         mc_value_is_a(pair->at[0], "builtins", "unicode"));
    return is_str ? pair->at[1]->as.bytes : (mc_bytes){0};
}

const mc_items *mc_method_called(const mc_value *value)
{
    if (!mc_value_is(value, MC_KIND_OBJECT) || !mc_value_is_a(value, "operator", "methodcaller") ||
        value->as.object->named_arguments != NULL)
        return NULL;
    const mc_value *arguments = value->as.object->arguments;
    return mc_value_is(arguments, MC_KIND_TUPLE) && arguments->as.items.n > 0 &&
                   mc_value_is(arguments->as.items.at[0], MC_KIND_TEXT)
               ? &arguments->as.items
               : NULL;
}

mc_bytes mc_str_method(const mc_value *value)
{
    value = mc_unwrap_partial(value);
    const mc_items *call = mc_method_called(value);
    if (call != NULL)
        return call->n == 1 ? call->at[0]->as.bytes : (mc_bytes){0};
    return method_of_str(value);
}

mc_text_op mc_text_op_named(mc_bytes name)
{
    static const struct {
        const char *name;
        mc_text_op op;
    } OPS[] = {{"lower", MC_TEXT_LOWER},
               {"upper", MC_TEXT_UPPER},
               {"casefold", MC_TEXT_CASEFOLD},
               {"title", MC_TEXT_TITLE},
               {"capitalize", MC_TEXT_CAPITALIZE},
               {"swapcase", MC_TEXT_SWAPCASE},
               {"strip", MC_TEXT_TRIM},
               {"lstrip", MC_TEXT_TRIM_LEFT},
               {"rstrip", MC_TEXT_TRIM_RIGHT}};
    for (size_t i = 0; i < MC_COUNT_OF(OPS); i++)
        if (mc_bytes_is(name, OPS[i].name))
            return OPS[i].op;
    return MC_N_TEXT_OPS;
}

mc_text_op mc_text_op_called(const mc_value *value)
{
    static const struct {
        const char *name;
        mc_text_op op;
    } FORMS[] = {
        {"NFC", MC_TEXT_NFC}, {"NFD", MC_TEXT_NFD}, {"NFKC", MC_TEXT_NFKC}, {"NFKD", MC_TEXT_NFKD}};
    if (mc_value_is(value, MC_KIND_GLOBAL) && mc_value_is_a(value, "html", "unescape"))
        return MC_TEXT_UNESCAPE;
    if (!mc_value_is(value, MC_KIND_OBJECT) || !mc_value_is_a(value, "functools", "partial"))
        return MC_N_TEXT_OPS;
    const mc_value *state = value->as.object->state; /* (func, args, keywords, __dict__) */
    if (!mc_value_is(state, MC_KIND_TUPLE) || state->as.items.n < 3 ||
        !mc_value_is(state->as.items.at[0], MC_KIND_GLOBAL) ||
        !mc_value_is_a(state->as.items.at[0], "unicodedata", "normalize") ||
        !mc_value_is(state->as.items.at[1], MC_KIND_TUPLE) ||
        state->as.items.at[1]->as.items.n != 1)
        return MC_N_TEXT_OPS;
    for (size_t i = 0; i < MC_COUNT_OF(FORMS); i++)
        if (mc_value_is_text(state->as.items.at[1]->as.items.at[0], FORMS[i].name))
            return FORMS[i].op;
    return MC_N_TEXT_OPS;
}

/* ----------------------------------------------------------------------------- a pattern ---- */

typedef struct parts {
    mc_bytes at[8];
    size_t n;
} parts;

static void add(parts *p, const char *text)
{
    p->at[p->n++] = mc_bytes_of(text);
}

static mc_status join(mc_lowering *to, const parts *p, mc_bytes *out, mc_error *err)
{
    size_t size = 0;
    uint8_t *text = NULL;
    for (size_t i = 0; i < p->n; i++)
        size += p->at[i].size; /* each lies in the file */
    MC_TRY(mc_arena_new(to->arena, uint8_t, size, &text, err));
    *out = (mc_bytes){text, size};
    for (size_t i = 0; i < p->n; i++) {
        if (p->at[i].size > 0)
            memcpy(text, p->at[i].data, p->at[i].size);
        text += p->at[i].size;
    }
    return MC_OK;
}

/* The flags of a compiled pattern, as it could begin with; false if there is one that is not read
 * so. re.UNICODE says nothing of a text. */
static bool flags_of(int64_t flags, parts *out)
{
    static const struct {
        int64_t flag;
        const char *letter;
    } FLAGS[] = {{2, "(?i)"}, {8, "(?m)"}, {16, "(?s)"}, {64, "(?x)"}};
    for (size_t i = 0; i < MC_COUNT_OF(FLAGS); i++) {
        if (flags & FLAGS[i].flag)
            add(out, FLAGS[i].letter);
        flags &= ~FLAGS[i].flag;
    }
    return (flags & ~INT64_C(32)) == 0;
}

/* Is it one character to a regular expression: \s, [^,;], or itself? Its size, 0 if it is not. */
static size_t one_character(mc_bytes text)
{
    if (text.size >= 2 && text.data[0] == '\\')
        return strchr("sSwWdD.,;|/-+*", text.data[1]) != NULL && text.data[1] != 0 ? 2 : 0;
    if (text.size >= 3 && text.data[0] == '[') {
        size_t at = text.data[1] == '^' ? 3 : 2; /* a ] that comes first is a member */
        while (at < text.size && text.data[at] != ']')
            at += text.data[at] == '\\' ? 2 : 1;
        return at < text.size ? at + 1 : 0;
    }
    return text.size >= 1 && text.data[0] < 0x80 && text.data[0] != 0 &&
                   strchr("\\[](){}.*+?^$|#", text.data[0]) == NULL
               ? 1
               : 0;
}

/* What lies between matches of C or of C+, C one character. */
static mc_status between(mc_lowering *to, parts *flags, mc_bytes pattern, mc_tokenizer *out,
                         mc_error *err)
{
    const size_t size = one_character(pattern);
    const mc_bytes c = {pattern.data, size};
    const bool in_runs = size > 0 && pattern.size == size + 1 && pattern.data[size] == '+';
    if (flags->n > 0 || size == 0 || (pattern.size != size && !in_runs))
        return MC_OK;
    add(flags, "(?:\\A|(?<=");
    flags->at[flags->n++] = c;
    add(flags, in_runs ? ")(?!" : ")(?=|");
    flags->at[flags->n++] = c;
    add(flags, "))(?:(?!");
    flags->at[flags->n++] = c;
    add(flags, ")[\\s\\S])*");
    out->kind = MC_TOKENS_MATCHES;
    return join(to, flags, &out->pattern, err);
}

/* re.findall() or re.split() of a pattern with its flags. */
static mc_status read_pattern(mc_lowering *to, mc_bytes function, const mc_value *pattern,
                              int64_t flags, mc_tokenizer *out, mc_error *err)
{
    parts all = {0};
    if (!mc_value_is(pattern, MC_KIND_TEXT) || !flags_of(flags, &all))
        return MC_OK;
    if (mc_bytes_is(function, "split"))
        return between(to, &all, pattern->as.bytes, out, err);
    if (!mc_bytes_is(function, "findall"))
        return MC_OK;
    all.at[all.n++] = pattern->as.bytes;
    out->kind = MC_TOKENS_MATCHES;
    return join(to, &all, &out->pattern, err);
}

/* ----------------------------------------------------------------------------- which one ---- */

/* getattr(re._compile(pattern, flags), "findall"). */
static mc_status read_compiled(mc_lowering *to, const mc_value *value, mc_tokenizer *out,
                               mc_error *err)
{
    const mc_items *pair = mc_attribute_of(value);
    if (pair == NULL || !mc_value_is(pair->at[0], MC_KIND_OBJECT) ||
        !mc_value_is_a(pair->at[0], "re", "_compile"))
        return MC_OK;
    const mc_value *given = pair->at[0]->as.object->arguments;
    int64_t flags = 0;
    if (!mc_value_is(given, MC_KIND_TUPLE) || given->as.items.n != 2 ||
        mc_integer_from_value(given->as.items.at[1], &flags, NULL) != MC_OK)
        return MC_OK;
    return read_pattern(to, pair->at[1]->as.bytes, given->as.items.at[0], flags, out, err);
}

/* Splitting at a text of one character. */
static mc_status read_separator(mc_lowering *to, const mc_value *separator, mc_tokenizer *out,
                                mc_error *err)
{
    parts none = {0};
    if (!mc_value_is(separator, MC_KIND_TEXT) || separator->as.bytes.size != 1)
        return MC_OK;
    const uint8_t c = separator->as.bytes.data[0];
    const bool is_special = c != 0 && strchr("\\[](){}.*+?^$|#", c) != NULL;
    const uint8_t *data = separator->as.bytes.data;
    if (!is_special)
        return between(to, &none, (mc_bytes){data, 1}, out, err);
    uint8_t *escaped = NULL;
    MC_TRY(mc_arena_new(to->arena, uint8_t, 2, &escaped, err));
    escaped[0] = '\\';
    escaped[1] = c;
    return between(to, &none, (mc_bytes){escaped, 2}, out, err);
}

/* functools.partial(re.findall, pattern), functools.partial(str.split, sep=","). */
static mc_status read_partial(mc_lowering *to, const mc_value *value, mc_tokenizer *out,
                              mc_error *err)
{
    if (!mc_value_is(value, MC_KIND_OBJECT) || !mc_value_is_a(value, "functools", "partial"))
        return MC_OK;
    const mc_value *state = value->as.object->state;
    if (!mc_value_is(state, MC_KIND_TUPLE) || state->as.items.n < 3 ||
        !mc_value_is(state->as.items.at[1], MC_KIND_TUPLE))
        return MC_OK;
    const mc_value *function = state->as.items.at[0], *named = state->as.items.at[2];
    const mc_items *before = &state->as.items.at[1]->as.items;
    const size_t n_named = mc_value_is(named, MC_KIND_DICT) ? named->as.items.n / 2 : 0;
    if (mc_value_is(function, MC_KIND_GLOBAL) && mc_bytes_is(function->as.global->module, "re") &&
        before->n == 1 && n_named == 0)
        return read_pattern(to, function->as.global->name, before->at[0], 0, out, err);
    if (mc_bytes_is(method_of_str(function), "split") && before->n == 0 && n_named == 1)
        return read_separator(to, mc_dict_get(named, "sep"), out, err);
    return MC_OK;
}

/* str.splitlines(): what lies behind a break, or behind the whole of \r\n; nothing behind the last.
 */
#define BREAKS "\\x0b\\x0c\\x1c\\x1d\\x1e\\x85\\u2028\\u2029"
static void read_lines(mc_tokenizer *out)
{
    out->kind = MC_TOKENS_MATCHES;
    out->pattern =
        mc_bytes_of("(?:\\A|(?<=[\\n" BREAKS "])|(?<=\\r)(?!\\n))(?!\\Z)[^\\n\\r" BREAKS "]*");
}

mc_status mc_tokenizer_read(mc_lowering *to, const mc_value *value, mc_tokenizer *out,
                            mc_error *err)
{
    *out = (mc_tokenizer){.kind = MC_TOKENS_UNKNOWN};
    value = mc_unwrap_partial(value);
    const mc_items *call = mc_method_called(value);
    if (mc_bytes_is(mc_str_method(value), "split"))
        out->kind = MC_TOKENS_SPLIT;
    else if (mc_bytes_is(mc_str_method(value), "splitlines"))
        read_lines(out);
    else if (mc_value_is(value, MC_KIND_GLOBAL) && mc_value_is_a(value, "builtins", "list"))
        out->kind = MC_TOKENS_EACH;
    else if (call != NULL && call->n == 2 && mc_bytes_is(call->at[0]->as.bytes, "split"))
        return read_separator(to, call->at[1], out, err);
    else
        MC_TRY(read_compiled(to, value, out, err));
    return out->kind == MC_TOKENS_UNKNOWN ? read_partial(to, value, out, err) : MC_OK;
}
