/* text_analyzer.c: preprocessor, tokenizer, analyzer and stop words of a vectorizer.
 *
 * Oracle   sklearn/feature_extraction/text.py _VectorizerMixin, scikit-learn 1.2 to 1.9.
 * Why so   A callable in a pickle is a name: methods of str, strip_accents_unicode and
 *          strip_accents_ascii are known by theirs, all others are the user's code. */
#include "import/sklearn/text_analyzer.h"

#include <string.h>

#include "base/limits.h"
#include "image/pattern.h"
#include "image/text_steps.h"
#include "import/sklearn/python_regex.h"
#include "import/sklearn/text_replace.h"
#include "import/sklearn/text_tokenizer.h"
#include "kernel/text_options.h"
#include "kernel/token_table.h"

static const char *const STOP_WORDS[] = {
#define STOP_WORD(word) word,
#include "import/sklearn/stop_words.def"
#undef STOP_WORD
};

/* ----------------------------------------------------------------------------- callables ---- */

static mc_status refuse_callable(const mc_value *est, const char *attribute, const mc_value *value,
                                 mc_error *err)
{
    char type[160];
    const mc_bytes method = mc_str_method(value);
    if (method.size > 0)
        return mc_refuse(err, est, "%s: str.%.*s cannot be served here", attribute,
                         MC_SHOW(method));
    return mc_refuse(err, est, "%s: %s is code of its own, which is not run", attribute,
                     mc_value_type_name(value, type, sizeof type));
}

static bool is_function(const mc_value *value, const char *name)
{
    value = mc_unwrap_partial(value);
    return mc_value_is(value, MC_KIND_GLOBAL) &&
           mc_value_is_a(value, "sklearn.feature_extraction.text", name);
}

static bool is_falsy(const mc_value *value)
{
    return mc_value_is_none(value) || mc_value_is_text(value, "") ||
           (mc_value_is(value, MC_KIND_BOOL) && value->as.integer == 0);
}

/* -------------------------------------------------------------------------- preprocessor ---- */

static mc_text_op strip_unicode(const mc_lowering *to, const mc_value *est)
{
    return mc_version_of(to, est) <= 21 ? MC_TEXT_STRIP_COMPOSED : MC_TEXT_STRIP_ACCENTS;
}

static mc_status strip_op(const mc_lowering *to, const mc_value *est, mc_text_op *out,
                          mc_error *err)
{
    const mc_value *value = mc_value_attr(est, "strip_accents");
    *out = MC_TEXT_KEEP;
    if (is_falsy(value))
        return MC_OK;
    if (mc_value_is_text(value, "unicode") || is_function(value, "strip_accents_unicode"))
        *out = strip_unicode(to, est);
    else if (mc_value_is_text(value, "ascii") || is_function(value, "strip_accents_ascii"))
        *out = MC_TEXT_STRIP_TO_ASCII;
    else
        return refuse_callable(est, "strip_accents", value, err);
    return MC_OK;
}

static mc_status put_preprocessor(const mc_lowering *to, const mc_value *est, mc_text_options *out,
                                  mc_error *err)
{
    const mc_value *value = mc_value_attr(est, "preprocessor");
    bool lowercase = true;
    mc_text_op strip = MC_TEXT_KEEP;
    if (mc_is_replacing(value))
        return MC_OK;               /* done: see mc_emit_preprocessor() */
    if (!mc_value_is_none(value)) { /* it stands for lower case and accents both */
        out->ops[0] = mc_text_op_named(mc_str_method(value));
        if (out->ops[0] == MC_N_TEXT_OPS)
            out->ops[0] = mc_text_op_called(value);
        if (is_function(value, "strip_accents_unicode"))
            out->ops[0] = strip_unicode(to, est);
        if (is_function(value, "strip_accents_ascii"))
            out->ops[0] = MC_TEXT_STRIP_TO_ASCII;
        return out->ops[0] != MC_N_TEXT_OPS ? MC_OK
                                            : refuse_callable(est, "preprocessor", value, err);
    }
    MC_TRY(mc_attr_bool(est, "lowercase", true, &lowercase, err));
    MC_TRY(strip_op(to, est, &strip, err));
    out->ops[0] = lowercase ? MC_TEXT_LOWER : MC_TEXT_KEEP;
    out->ops[1] = strip;
    return MC_OK;
}

mc_status mc_emit_preprocessor(mc_lowering *to, const mc_value *est, mc_sym *x, mc_error *err)
{
    const mc_value *value = mc_value_attr(est, "preprocessor");
    const mc_value *analyzer = mc_value_attr(est, "analyzer");
    if ((analyzer != NULL && !mc_value_is(analyzer, MC_KIND_TEXT)) || !mc_is_replacing(value))
        return MC_OK;
    return mc_emit_replacing(to, est, value, x, err);
}

/* -------------------------------------------------------------------------------- patterns ---- */

static mc_status put_runs(mc_lowering *to, const mc_run_pattern *pattern, mc_step *step,
                          mc_error *err)
{
    return mc_build_array(to->b, MC_ARRAY_U32, pattern, MC_RUN_WORDS, 1,
                          &step->array[MC_TEXT_PATTERN], err);
}

/* What str.split() finds: all that is no white space. */
static mc_status put_split(mc_lowering *to, mc_step *step, mc_error *err)
{
    mc_run_pattern pattern = {.least = 1, .most = MC_RUN_ANY};
    pattern.class.with = MC_CHAR_SPACE;
    pattern.class.negated = 1;
    mc_char_class_settle(&pattern.class);
    return put_runs(to, &pattern, step, err);
}

/* list(): character by character. */
static mc_status put_each(mc_lowering *to, mc_step *step, mc_error *err)
{
    mc_run_pattern pattern = {.least = 1, .most = 1};
    pattern.class.negated = 1;
    mc_char_class_settle(&pattern.class);
    return put_runs(to, &pattern, step, err);
}

/* Regular expressions read UTF-8 alone: the text is written anew before, if nothing else does. */
static void need_repair(mc_text_options *options)
{
    for (size_t i = 0; i < MC_TEXT_OPS; i++)
        if (mc_text_op_writes(options->ops[i]))
            return;
    options->ops[MC_TEXT_OPS - 1] = MC_TEXT_REPAIR;
}

static mc_status put_regex(mc_lowering *to, const mc_python_regex *regex, mc_text_options *options,
                           mc_step *step, mc_error *err)
{
    mc_pattern *compiled = NULL;
    if (regex->is_runs)
        return put_runs(to, &regex->runs, step, err);
    const mc_bytes text = {regex->pcre.data, regex->pcre.size};
    options->analyzer = MC_ANALYZE_REGEX;
    need_repair(options);
    if (mc_pattern_compile(text, &compiled, err) != MC_OK) /* the message says why */
        return mc_fail_in(err, MC_E_UNSUPPORTED, "the pattern as PCRE2 reads it");
    mc_pattern_destroy(compiled);
    return mc_build_array(to->b, MC_ARRAY_U8, text.data, text.size, 1,
                          &step->array[MC_TEXT_PATTERN], err);
}

static mc_status put_token_pattern(mc_lowering *to, const mc_value *est, mc_text_options *options,
                                   mc_step *step, mc_error *err)
{
    mc_python_regex regex;
    const mc_value *value = mc_value_attr(est, "token_pattern");
    char type[160];
    if (!mc_value_is(value, MC_KIND_TEXT))
        return mc_refuse(err, est, "token_pattern: expected a text, found %s",
                         mc_value_type_name(value, type, sizeof type));
    MC_TRY_IN(mc_python_regex_read(value->as.bytes, &regex, err), err, "%.*s",
              MC_SHOW(mc_class_name(est)));
    const mc_status status = put_regex(to, &regex, options, step, err);
    mc_python_regex_fini(&regex);
    return status;
}

/* The tokens of a callable; `attribute` is what holds it. */
static mc_status put_known_tokens(mc_lowering *to, const mc_value *est, const char *attribute,
                                  const mc_value *value, mc_text_options *options, mc_step *step,
                                  mc_error *err)
{
    mc_tokenizer tokenizer;
    mc_python_regex regex;
    MC_TRY(mc_tokenizer_read(to, value, &tokenizer, err));
    if (tokenizer.kind == MC_TOKENS_UNKNOWN)
        return refuse_callable(est, attribute, value, err);
    if (tokenizer.kind != MC_TOKENS_MATCHES)
        return tokenizer.kind == MC_TOKENS_SPLIT ? put_split(to, step, err)
                                                 : put_each(to, step, err);
    MC_TRY_IN(mc_python_regex_read(tokenizer.pattern, &regex, err), err, "%.*s",
              MC_SHOW(mc_class_name(est)));
    const mc_status status = put_regex(to, &regex, options, step, err);
    mc_python_regex_fini(&regex);
    return status;
}

static mc_status put_tokenizer(mc_lowering *to, const mc_value *est, mc_text_options *options,
                               mc_step *step, mc_error *err)
{
    const mc_value *value = mc_value_attr(est, "tokenizer");
    return mc_value_is_none(value)
               ? put_token_pattern(to, est, options, step, err)
               : put_known_tokens(to, est, "tokenizer", value, options, step, err);
}

/* ------------------------------------------------------------------------------ stop words ---- */

mc_status mc_put_tokens(mc_lowering *to, const mc_value *est, const mc_bytes *tokens, size_t n,
                        mc_step *step, size_t at, mc_error *err)
{
    uint32_t *words = NULL;
    uint8_t *bytes = NULL;
    size_t size = 0;
    if (n > MC_LIMIT_WIDTH)
        return mc_refuse(err, est, "%zu tokens, at most %zu", n, MC_LIMIT_WIDTH);
    for (size_t i = 0; i < n; i++)
        size += tokens[i].size; /* each lies in the file */
    if (size > UINT32_MAX)
        return mc_refuse(err, est, "tokens of %zu bytes together, at most 4 GiB", size);
    const size_t n_words = mc_token_table_size(n);
    MC_TRY(mc_arena_new(to->arena, uint32_t, n_words, &words, err));
    MC_TRY(mc_arena_new(to->arena, uint8_t, size, &bytes, err));
    uint32_t *starts = words + mc_token_table_starts(n);
    size = 0;
    for (size_t i = 0; i < n; i++) {
        starts[i] = (uint32_t)size;
        if (tokens[i].size > 0)
            memcpy(bytes + size, tokens[i].data, tokens[i].size);
        size += tokens[i].size;
    }
    starts[n] = (uint32_t)size;
    if (!mc_token_table_fill(words, (uint32_t)n, bytes))
        return mc_refuse(err, est, "a token that is there twice, or too many of one hash");
    MC_TRY(mc_build_u32(to->b, words, n_words, &step->array[at], err));
    return mc_build_array(to->b, MC_ARRAY_U8, bytes, size, 1, &step->array[at + 1], err);
}

static int by_bytes(const void *a, const void *b)
{
    return mc_bytes_compare(*(const mc_bytes *)a, *(const mc_bytes *)b);
}

/* Sorted, each once. */
static size_t unite(mc_bytes *tokens, size_t n)
{
    size_t n_kept = 0;
    qsort(tokens, n, sizeof *tokens, by_bytes);
    for (size_t i = 0; i < n; i++)
        if (n_kept == 0 || !mc_bytes_equal(tokens[n_kept - 1], tokens[i]))
            tokens[n_kept++] = tokens[i];
    return n_kept;
}

/* The texts among the items of a list, tuple, set or array. */
static mc_status read_texts(mc_lowering *to, const mc_value *est, const mc_value *value,
                            mc_bytes **out, size_t *out_n, mc_error *err)
{
    mc_items items;
    mc_bytes *texts = NULL;
    if (mc_value_is(value, MC_KIND_SET))
        items = value->as.items;
    else
        MC_TRY(mc_items_of(to, value, &items, err));
    MC_TRY(mc_arena_new(to->arena, mc_bytes, items.n, &texts, err));
    for (size_t i = 0; i < items.n; i++) {
        mc_cell cell;
        MC_TRY(mc_cell_from_value(to->arena, items.at[i], &cell, err));
        if (cell.kind != MC_CELL_STRING)
            return mc_refuse(err, est, "item %zu of the words is no text", i);
        texts[i] = (mc_bytes){(const uint8_t *)cell.as.text, cell.size};
    }
    *out = texts;
    *out_n = items.n;
    return MC_OK;
}

static mc_status put_stop_words(mc_lowering *to, const mc_value *est, mc_step *step, mc_error *err)
{
    const mc_value *value = mc_value_attr(est, "stop_words");
    mc_bytes *words = NULL;
    size_t n = 0;
    if (mc_value_is_none(value))
        return MC_OK;
    if (mc_value_is_text(value, "english")) {
        n = MC_COUNT_OF(STOP_WORDS);
        MC_TRY(mc_arena_new(to->arena, mc_bytes, n, &words, err));
        for (size_t i = 0; i < n; i++)
            words[i] = mc_bytes_of(STOP_WORDS[i]);
    } else {
        MC_TRY_IN(read_texts(to, est, value, &words, &n, err), err, "attribute stop_words");
        n = unite(words, n);
    }
    return n == 0 ? MC_OK : mc_put_tokens(to, est, words, n, step, MC_TEXT_STOP, err);
}

/* -------------------------------------------------------------------------------- analyzer ---- */

static mc_status read_ngrams(const mc_value *est, mc_text_options *out, mc_error *err)
{
    const mc_value *range = mc_value_attr(est, "ngram_range");
    int64_t ends[2] = {1, 1};
    const bool is_pair = (mc_value_is(range, MC_KIND_TUPLE) || mc_value_is(range, MC_KIND_LIST)) &&
                         range->as.items.n == 2;
    if (range != NULL && !is_pair)
        return mc_refuse(err, est, "ngram_range: expected two numbers");
    for (size_t i = 0; range != NULL && i < 2; i++)
        MC_TRY_IN(mc_integer_from_value(range->as.items.at[i], &ends[i], err), err, "ngram_range");
    if (ends[0] < 1 || ends[1] < ends[0] || ends[1] > UINT32_MAX / 2)
        return mc_refuse(err, est, "ngram_range: expected 1 <= first <= last, found %lld and %lld",
                         (long long)ends[0], (long long)ends[1]);
    out->least = (uint32_t)ends[0];
    out->most = (uint32_t)ends[1];
    return MC_OK;
}

/* analyzer=str.split is given the text as it came, and gives the tokens; what str.lower gives is
 * walked over, character by character. */
static mc_status put_callable(mc_lowering *to, const mc_value *est, const mc_value *analyzer,
                              mc_text_options *options, mc_step *step, mc_error *err)
{
    const mc_text_op op = mc_text_op_named(mc_str_method(analyzer));
    *options = (mc_text_options){.analyzer = MC_ANALYZE_WORDS, .least = 1, .most = 1};
    if (op == MC_N_TEXT_OPS)
        return put_known_tokens(to, est, "analyzer", analyzer, options, step, err);
    options->ops[0] = op;
    return put_each(to, step, err);
}

static mc_status put_options(mc_lowering *to, const mc_value *est, mc_text_options *options,
                             mc_step *step, mc_error *err)
{
    const mc_value *analyzer = mc_value_attr(est, "analyzer");
    const bool is_word = analyzer == NULL || mc_value_is_text(analyzer, "word");
    if (!is_word && !mc_value_is(analyzer, MC_KIND_TEXT))
        return put_callable(to, est, analyzer, options, step, err);
    MC_TRY(read_ngrams(est, options, err));
    MC_TRY(put_preprocessor(to, est, options, err));
    if (is_word) {
        MC_TRY(put_tokenizer(to, est, options, step, err));
        return put_stop_words(to, est, step, err);
    }
    if (mc_value_is_text(analyzer, "char")) {
        options->analyzer = MC_ANALYZE_CHARS;
        return MC_OK;
    }
    options->analyzer = MC_ANALYZE_CHARS_WB;
    if (!mc_value_is_text(analyzer, "char_wb"))
        return mc_refuse(err, est, "analyzer: expected \"word\", \"char\" or \"char_wb\"");
    return put_split(to, step, err);
}

mc_status mc_put_analyzer(mc_lowering *to, const mc_value *est, mc_step *step, mc_error *err)
{
    mc_text_options options = {.analyzer = MC_ANALYZE_WORDS};
    const mc_value *input = mc_value_attr(est, "input");
    if (input != NULL && !mc_value_is_text(input, "content"))
        return mc_refuse(err, est, "input: expected \"content\": files are not read at prediction");
    MC_TRY(put_options(to, est, &options, step, err));
    return mc_build_array(to->b, MC_ARRAY_U32, &options, MC_TEXT_WORDS, 1,
                          &step->array[MC_TEXT_OPTIONS], err);
}

/* ------------------------------------------------------------------------------ vocabulary ---- */

static mc_status read_dict(mc_lowering *to, const mc_value *est, const mc_items *pairs,
                           const mc_bytes **out, size_t *out_n, mc_error *err)
{
    mc_bytes *tokens = NULL;
    const size_t n = pairs->n / 2;
    MC_TRY(mc_arena_new(to->arena, mc_bytes, n, &tokens, err));
    for (size_t i = 0; i < n; i++) {
        mc_cell token;
        int64_t column = 0;
        MC_TRY(mc_cell_from_value(to->arena, pairs->at[2 * i], &token, err));
        MC_TRY(mc_integer_from_value(pairs->at[2 * i + 1], &column, err));
        if (token.kind != MC_CELL_STRING)
            return mc_refuse(err, est, "vocabulary: key %zu is no text", i);
        if (column < 0 || (uint64_t)column >= n || tokens[column].data != NULL)
            return mc_refuse(err, est, "vocabulary: %zu tokens, and column %lld twice or beyond", n,
                             (long long)column);
        tokens[column] = (mc_bytes){(const uint8_t *)token.as.text, token.size};
    }
    *out = tokens;
    *out_n = n;
    return MC_OK;
}

mc_status mc_vocabulary_of(mc_lowering *to, const mc_value *est, const char *name,
                           const mc_bytes **out, size_t *out_n, mc_error *err)
{
    const mc_value *value = NULL;
    mc_bytes *tokens = NULL;
    MC_TRY(mc_attr_need(est, name, &value, err));
    if (mc_value_is(value, MC_KIND_DICT))
        return read_dict(to, est, &value->as.items, out, out_n, err);
    if (mc_value_is(value, MC_KIND_OBJECT) && value->as.object->dict_items.n > 0)
        return read_dict(to, est, &value->as.object->dict_items, out, out_n, err);
    MC_TRY_IN(read_texts(to, est, value, &tokens, out_n, err), err, "attribute %s", name);
    if (mc_value_is(value, MC_KIND_SET))
        *out_n = unite(tokens, *out_n); /* a set is sorted first */
    *out = tokens;
    return MC_OK;
}

/* ------------------------------------------------------------------------------------ rows ---- */

mc_status mc_text_dtype(mc_lowering *to, const mc_value *est, mc_value_type otherwise,
                        mc_value_type *out, bool *out_float32, mc_error *err)
{
    mc_dtype_info dtype;
    const mc_value *value = mc_value_attr(est, "dtype");
    *out = otherwise;
    *out_float32 = false;
    if (mc_value_is_none(value))
        return MC_OK;
    MC_TRY_IN(mc_dtype_from_value(to->arena, value, &dtype, err), err, "attribute dtype");
    *out = dtype.kind == 'f' ? MC_VALUE_FLOAT : dtype.kind == 'b' ? MC_VALUE_BOOL : MC_VALUE_INT;
    *out_float32 = dtype.kind == 'f' && dtype.item_size == sizeof(float);
    if (strchr("fiub", dtype.kind) == NULL)
        return mc_refuse(err, est, "dtype: expected numbers, found kind %c", dtype.kind);
    return MC_OK;
}

mc_status mc_to_documents(mc_lowering *to, const mc_value *est, const mc_sym *x, mc_sym *out,
                          mc_error *err)
{
    if (x->n_cols != 1)
        return mc_refuse(err, est, "it reads one column, and is given %zu", x->n_cols);
    return mc_to_cells(to, x, out, err);
}

/* What a composite hands its rows to: of votes and stacks, the first that votes. */
static const mc_value *first_inside(const mc_value *est)
{
    const mc_value *inside = mc_inside_of(est), *voters = mc_value_attr(est, "estimators_");
    if (inside == NULL && mc_value_is(voters, MC_KIND_LIST) && voters->as.items.n > 0 &&
        mc_value_is(voters->as.items.at[0], MC_KIND_OBJECT))
        return voters->as.items.at[0];
    return inside;
}

mc_row_kind mc_row_kind_of(const mc_value *root)
{
    static const char *const TEXTS[] = {"CountVectorizer", "TfidfVectorizer", "HashingVectorizer"};
    const mc_value *est = root;
    for (size_t i = 0; est != NULL && i < MC_LIMIT_ESTIMATOR_DEPTH; i++, est = first_inside(est)) {
        const mc_bytes name = mc_class_name(est);
        for (size_t j = 0; j < MC_COUNT_OF(TEXTS); j++)
            if (mc_bytes_is(name, TEXTS[j]))
                return MC_ROW_VALUE;
        if (mc_bytes_is(name, "DictVectorizer"))
            return MC_ROW_DICT;
        if (mc_bytes_is(name, "LabelEncoder") ||
            (mc_bytes_is(name, "LabelBinarizer") &&
             !mc_attr_is_text(est, "y_type_", "multilabel-indicator")))
            return MC_ROW_VALUE;
        if (mc_bytes_is(name, "MultiLabelBinarizer") || mc_bytes_is(name, "PatchExtractor"))
            return MC_ROW_LIST;
        if (mc_bytes_is(name, "FeatureHasher"))
            return mc_attr_is_text(est, "input_type", "dict") ? MC_ROW_DICT : MC_ROW_LIST;
    }
    return MC_ROW_COLUMNS;
}
