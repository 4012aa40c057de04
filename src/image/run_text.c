/* run_text.c: documents to counts of their n-grams, by a vocabulary or by hash.
 *
 * Oracle   sklearn/feature_extraction/text.py CountVectorizer, HashingVectorizer;
 *          _hashing_fast.pyx (signs and columns of hashes).
 * Exact    Bit for bit: counts are whole numbers.
 * Cost     O(document * ngram_range). Memory is of the block's heap and of one for scratch, which
 *          each document takes over from the one before it. */
#include <string.h>

#include "image/pattern.h"
#include "image/steps.h"
#include "image/text_steps.h"
#include "kernel/html_text.h"
#include "kernel/normalize.h"
#include "kernel/text_grams.h"
#include "kernel/text_options.h"
#include "kernel/text_runs.h"
#include "kernel/token_table.h"
#include "kernel/unicode.h"

/* What stays the same for all documents of a block. */
typedef struct counter {
    const mc_run *run;
    const mc_step *step;
    const mc_text_options *options;
    const mc_run_pattern *pattern; /* MC_ANALYZE_WORDS */
    const mc_pattern *regex;       /* MC_ANALYZE_REGEX */
    mc_token_table stop;           /* n is 0 where there are no stop words */
    mc_token_table vocabulary;     /* TEXT_COUNT */
    uint32_t n_features;
    mc_row_maker maker; /* of the document at hand */
} counter;

static mc_token_table table_at(const mc_run *run, const mc_step *step, size_t at)
{
    if (step->array[at] == MC_NONE)
        return (mc_token_table){.n = 0};
    return mc_token_table_of(mc_view_u32(run->view, step->array[at]),
                             mc_view_array(run->view, step->array[at + 1]));
}

static counter counter_of(const mc_run *run, const mc_step *step)
{
    const mc_view *view = run->view;
    const uint32_t pattern = step->array[MC_TEXT_PATTERN];
    return (counter){
        .run = run,
        .step = step,
        .options = mc_view_array(view, step->array[MC_TEXT_OPTIONS]),
        .pattern = pattern == MC_NONE ? NULL : mc_view_array(view, pattern),
        .regex = mc_pattern_of(run->patterns, (uint32_t)(step - view->steps)),
        .stop = table_at(run, step, MC_TEXT_STOP),
        .vocabulary = table_at(run, step, MC_TEXT_VOCABULARY),
        .n_features = (uint32_t)mc_run_width(run, step->dst),
    };
}

static mc_status scratch(const counter *c, size_t size, void **out, mc_error *err)
{
    return mc_workspace_room(c->run->workspace, MC_HEAP_SCRATCH, size, out, err);
}

/* ----------------------------------------------------------------------------- one n-gram ---- */

static mc_status count(counter *c, mc_bytes gram, mc_error *err)
{
    if (c->step->op == MC_OP_TEXT_COUNT) {
        const uint32_t column = mc_token_find(&c->vocabulary, gram);
        return column == MC_NO_TOKEN ? MC_OK : mc_row_add(&c->maker, column, 1.0, err);
    }
    uint32_t column = 0;
    const double sign = mc_hash_column(gram, c->n_features, &column);
    const bool alternates = (c->step->flags & MC_STEP_ALTERNATE_SIGN) != 0;
    return mc_row_add(&c->maker, column, alternates ? sign : 1.0, err);
}

static mc_status count_grams(counter *c, const mc_units *units, mc_error *err)
{
    const size_t most = c->options->most < units->n ? c->options->most : units->n;
    for (size_t n = c->options->least; n <= most; n++)
        for (size_t i = 0; i + n <= units->n; i++)
            MC_TRY(count(c, mc_units_span(units, i, n), err));
    return MC_OK;
}

/* -------------------------------------------------------------------------------- the text ---- */

typedef size_t become_fn(mc_bytes in, uint8_t *out);

static mc_status become(counter *c, become_fn *function, mc_bytes *text, mc_error *err)
{
    void *memory = NULL;
    const size_t size = function(*text, NULL);
    MC_TRY(scratch(c, size, &memory, err));
    *text = mc_text_at(memory, function(*text, memory));
    return MC_OK;
}

/* Those that write the text anew. */
static become_fn *const FUNCTIONS[MC_N_TEXT_OPS] = {
    [MC_TEXT_LOWER] = mc_text_lower,
    [MC_TEXT_UPPER] = mc_text_upper,
    [MC_TEXT_STRIP_ACCENTS] = mc_text_strip_accents,
    [MC_TEXT_STRIP_TO_ASCII] = mc_text_strip_to_ascii,
    [MC_TEXT_REPAIR] = mc_text_repair,
    [MC_TEXT_STRIP_COMPOSED] = mc_text_strip_composed,
    [MC_TEXT_CASEFOLD] = mc_text_casefold,
    [MC_TEXT_TITLE] = mc_text_title,
    [MC_TEXT_CAPITALIZE] = mc_text_capitalize,
    [MC_TEXT_SWAPCASE] = mc_text_swapcase,
    [MC_TEXT_NFC] = mc_text_nfc,
    [MC_TEXT_NFD] = mc_text_nfd,
    [MC_TEXT_NFKC] = mc_text_nfkc,
    [MC_TEXT_NFKD] = mc_text_nfkd,
    [MC_TEXT_UNESCAPE] = mc_text_from_html,
};

static mc_status prepare(counter *c, mc_bytes *text, mc_error *err)
{
    for (size_t i = 0; i < MC_TEXT_OPS; i++) {
        const uint32_t op = c->options->ops[i];
        if (FUNCTIONS[op] != NULL)
            MC_TRY(become(c, FUNCTIONS[op], text, err));
        else if (op != MC_TEXT_KEEP)
            *text = mc_text_trim(*text, op != MC_TEXT_TRIM_RIGHT, op != MC_TEXT_TRIM_LEFT);
    }
    return MC_OK;
}

/* ------------------------------------------------------------------------------ words ---- */

/* Tokens side by side, a space behind each. */
typedef struct words {
    uint8_t *text;
    uint32_t *starts;
    size_t size, text_room, n, room;
} words;

static mc_status grow_text(counter *c, words *w, size_t more, mc_error *err)
{
    void *memory = NULL;
    const size_t room = 2 * (w->size + more) + 64;
    if (room > UINT32_MAX)
        return mc_fail(err, MC_E_BUSY, MC_NO_OFFSET, "a document whose tokens take %zu bytes",
                       w->size + more);
    MC_TRY(scratch(c, room, &memory, err));
    if (w->size > 0)
        memcpy(memory, w->text, w->size);
    w->text = memory;
    w->text_room = room;
    return MC_OK;
}

static mc_status grow_starts(counter *c, words *w, mc_error *err)
{
    void *memory = NULL;
    const size_t room = 2 * w->room + 64;
    MC_TRY(scratch(c, room * sizeof *w->starts, &memory, err));
    if (w->n > 0)
        memcpy(memory, w->starts, w->n * sizeof *w->starts);
    w->starts = memory;
    w->room = room;
    return MC_OK;
}

static mc_status add_word(counter *c, words *w, mc_bytes token, mc_error *err)
{
    if (c->stop.n > 0 && mc_token_find(&c->stop, token) != MC_NO_TOKEN)
        return MC_OK;
    if (token.size + 1 > w->text_room - w->size)
        MC_TRY(grow_text(c, w, token.size + 1, err));
    if (w->n + 1 >= w->room) /* one more for the end */
        MC_TRY(grow_starts(c, w, err));
    w->starts[w->n++] = (uint32_t)w->size;
    if (token.size > 0)
        memcpy(w->text + w->size, token.data, token.size);
    w->size += token.size;
    w->text[w->size++] = ' ';
    w->starts[w->n] = (uint32_t)w->size;
    return MC_OK;
}

/* A token that no other joins is counted where it stands. */
static mc_status take_token(counter *c, words *w, mc_bytes token, mc_error *err)
{
    if (c->options->most > 1)
        return add_word(c, w, token, err);
    if (c->stop.n > 0 && mc_token_find(&c->stop, token) != MC_NO_TOKEN)
        return MC_OK;
    return count(c, token, err);
}

static mc_status cut_by_regex(counter *c, mc_bytes text, words *w, mc_error *err)
{
    mc_matcher *matcher = NULL;
    bool found = true;
    mc_bytes token;
    if (c->regex == NULL)
        return mc_fail(err, MC_E_INTERNAL, MC_NO_OFFSET, "a token_pattern that was not compiled");
    MC_TRY(mc_workspace_matcher(c->run->workspace, &matcher, err));
    mc_pattern_scan scan = mc_pattern_scan_of(c->regex, matcher, text);
    for (;;) {
        MC_TRY(mc_pattern_next(&scan, &found, &token, err));
        if (!found)
            return MC_OK;
        MC_TRY(take_token(c, w, token, err));
    }
}

static mc_status count_words(counter *c, mc_bytes text, mc_error *err)
{
    words w = {0};
    mc_bytes token;
    if (c->options->analyzer == MC_ANALYZE_REGEX) {
        MC_TRY(cut_by_regex(c, text, &w, err));
    } else {
        mc_token_scan scan = mc_token_scan_of(c->pattern, text);
        while (mc_token_next(&scan, &token))
            MC_TRY(take_token(c, &w, token, err));
    }
    if (w.n == 0)
        return MC_OK;
    const mc_units units = {.text = w.text, .starts = w.starts, .n = w.n, .gap = 1};
    return count_grams(c, &units, err);
}

/* ---------------------------------------------------------------------------- characters ---- */

static mc_status collapse(counter *c, mc_bytes *text, mc_error *err)
{
    void *memory = NULL;
    MC_TRY(scratch(c, text->size, &memory, err));
    *text = (mc_bytes){memory, mc_text_collapse_spaces(*text, memory)};
    return MC_OK;
}

static mc_status characters_of(counter *c, mc_bytes text, mc_units *out, mc_error *err)
{
    void *memory = NULL;
    const size_t n = mc_text_characters(text, NULL);
    if (text.size > UINT32_MAX)
        return mc_fail(err, MC_E_BUSY, MC_NO_OFFSET, "a document of %zu bytes", text.size);
    MC_TRY(scratch(c, (n + 1) * sizeof(uint32_t), &memory, err));
    (void)mc_text_characters(text, memory);
    *out = (mc_units){.text = text.data, .starts = memory, .n = n};
    return MC_OK;
}

static mc_status count_chars(counter *c, mc_bytes text, mc_error *err)
{
    mc_units units;
    MC_TRY(collapse(c, &text, err));
    MC_TRY(characters_of(c, text, &units, err));
    return count_grams(c, &units, err);
}

/* One word with a space on either side. Shorter than an n-gram it is counted once, whole, and
 * longer n-grams are not tried. */
static mc_status count_padded(counter *c, const mc_units *units, mc_error *err)
{
    for (size_t n = c->options->least; n <= c->options->most; n++) {
        const size_t length = n < units->n ? n : units->n;
        for (size_t i = 0; i + length <= units->n; i++)
            MC_TRY(count(c, mc_units_span(units, i, length), err));
        if (n >= units->n)
            break;
    }
    return MC_OK;
}

static mc_status pad(counter *c, mc_bytes *word, mc_error *err)
{
    void *memory = NULL;
    MC_TRY(scratch(c, word->size + 2, &memory, err));
    uint8_t *padded = memory;
    padded[0] = padded[word->size + 1] = ' ';
    memcpy(padded + 1, word->data, word->size);
    *word = (mc_bytes){padded, word->size + 2};
    return MC_OK;
}

/* Words are what str.split() finds; runs of spaces are gone already, and change nothing here. */
static mc_status count_chars_wb(counter *c, mc_bytes text, mc_error *err)
{
    mc_token_scan scan = mc_token_scan_of(c->pattern, text);
    mc_bytes word;
    while (mc_token_next(&scan, &word)) {
        mc_units units;
        MC_TRY(pad(c, &word, err));
        MC_TRY(characters_of(c, word, &units, err));
        MC_TRY(count_padded(c, &units, err));
    }
    return MC_OK;
}

/* ---------------------------------------------------------------------------- the steps ---- */

mc_status mc_run_at_row(const mc_run *run, size_t row, mc_status status, mc_error *err)
{
    if (status == MC_E_BAD_INPUT && err != NULL && err->offset == MC_NO_OFFSET)
        err->offset = run->first_row + row;
    return status;
}

static mc_status not_a_text(mc_error *err, size_t row, const mc_cell *cell)
{
    static const char *const KINDS[] = {
        [MC_CELL_NONE] = "a missing value", [MC_CELL_NUMBER] = "a number",
        [MC_CELL_INTEGER] = "a number",     [MC_CELL_BOOL] = "a truth value",
        [MC_CELL_STRING] = "a text",        [MC_CELL_LIST] = "a list",
        [MC_CELL_DICT] = "an object",
    };
    return mc_fail(err, MC_E_BAD_INPUT, row, "row %zu: expected a text, found %s", row,
                   cell->kind < MC_COUNT_OF(KINDS) ? KINDS[cell->kind] : "nothing");
}

static mc_status count_document(counter *c, size_t row, const mc_cell *cell, mc_sparse_row *out,
                                mc_error *err)
{
    mc_bytes text = mc_text_at(cell->as.text, cell->size);
    if (cell->kind != MC_CELL_STRING)
        return not_a_text(err, c->run->first_row + row, cell);
    mc_workspace_reset(c->run->workspace, MC_HEAP_SCRATCH);
    MC_TRY(mc_row_begin(c->run, &c->maker, err));
    MC_TRY(prepare(c, &text, err));
    if (c->options->analyzer == MC_ANALYZE_CHARS)
        MC_TRY(count_chars(c, text, err));
    else if (c->options->analyzer == MC_ANALYZE_CHARS_WB)
        MC_TRY(count_chars_wb(c, text, err));
    else
        MC_TRY(count_words(c, text, err));
    MC_TRY(mc_row_end(&c->maker, out, err));
    if (c->step->flags & MC_STEP_BINARY)
        for (size_t i = 0; i < out->n; i++)
            c->maker.values[i] = 1.0; /* where signs met, too: as X.data.fill(1) */
    return MC_OK;
}

mc_status mc_run_text_count(const mc_run *run, const mc_step *step, mc_error *err)
{
    const mc_cell *documents = run->buffers[step->src];
    mc_sparse_row *out = mc_run_dst_rows(run, step);
    counter c = counter_of(run, step);
    for (size_t i = 0; i < run->n_rows; i++)
        MC_TRY(mc_run_at_row(run, i, count_document(&c, i, &documents[i], &out[i], err), err));
    return MC_OK;
}

mc_status mc_run_text_hash(const mc_run *run, const mc_step *step, mc_error *err)
{
    return mc_run_text_count(run, step, err);
}

/* -------------------------------------------------------------------------------- checks ---- */

bool mc_text_step_regex(const mc_view *view, const mc_step *step, mc_bytes *out)
{
    const bool replaces = step->op == MC_OP_TEXT_REPLACE;
    if (step->op != MC_OP_TEXT_COUNT && step->op != MC_OP_TEXT_HASH && !replaces)
        return false;
    const mc_text_options *options =
        replaces ? NULL : mc_view_array(view, step->array[MC_TEXT_OPTIONS]);
    if (!replaces && options->analyzer != MC_ANALYZE_REGEX)
        return false;
    const uint32_t pattern = step->array[MC_TEXT_PATTERN];
    *out = (mc_bytes){mc_view_array(view, pattern), view->arrays[pattern].n_items};
    return true;
}

mc_status mc_check_token_table(const mc_view *view, const mc_step *step, size_t at, uint32_t *out_n,
                               mc_error *err)
{
    MC_TRY(mc_check_array(view, step, at, MC_ARRAY_U32, SIZE_MAX, 1, err));
    MC_TRY(mc_check_array(view, step, at + 1, MC_ARRAY_U8, SIZE_MAX, 1, err));
    const uint32_t *table = mc_view_u32(view, step->array[at]);
    MC_TRY(mc_check_that(view, step,
                         mc_token_table_open(table, mc_array_rows(view, step, at),
                                             mc_array_rows(view, step, at + 1)),
                         "a table of tokens that is not one", err));
    *out_n = table[0];
    return MC_OK;
}

static mc_status check_options(const mc_view *view, const mc_step *step, mc_error *err)
{
    MC_TRY(mc_check_array(view, step, MC_TEXT_OPTIONS, MC_ARRAY_U32, MC_TEXT_WORDS, 1, err));
    const mc_text_options *options = mc_view_array(view, step->array[MC_TEXT_OPTIONS]);
    bool ok = options->analyzer < MC_N_ANALYZERS && options->least >= 1 &&
              options->least <= options->most;
    for (size_t i = 0; i < MC_TEXT_OPS; i++)
        ok = ok && options->ops[i] < MC_N_TEXT_OPS;
    return mc_check_that(view, step, ok, "options of no vectorizer", err);
}

/* Is the text written anew? Then it is UTF-8, whatever came. */
static bool gives_utf8(const mc_text_options *options)
{
    bool found = false;
    for (size_t i = 0; i < MC_TEXT_OPS; i++)
        found = found || mc_text_op_writes(options->ops[i]);
    return found;
}

static mc_status check_pattern(const mc_view *view, const mc_step *step, mc_error *err)
{
    const mc_text_options *options = mc_view_array(view, step->array[MC_TEXT_OPTIONS]);
    if (options->analyzer == MC_ANALYZE_CHARS)
        return mc_check_that(view, step, step->array[MC_TEXT_PATTERN] == MC_NONE,
                             "a pattern that is not looked at", err);
    if (options->analyzer == MC_ANALYZE_REGEX) {
        MC_TRY(mc_check_array(view, step, MC_TEXT_PATTERN, MC_ARRAY_U8, SIZE_MAX, 1, err));
        return mc_check_that(view, step, gives_utf8(options),
                             "a regular expression on a text that may not be UTF-8", err);
    }
    MC_TRY(mc_check_array(view, step, MC_TEXT_PATTERN, MC_ARRAY_U32, MC_RUN_WORDS, 1, err));
    return mc_check_that(view, step,
                         mc_run_pattern_ok(mc_view_array(view, step->array[MC_TEXT_PATTERN])),
                         "a pattern of no tokens", err);
}

static mc_status check_document_step(const mc_view *view, const mc_step *step, mc_error *err)
{
    uint32_t n = 0;
    MC_TRY(mc_check_that(view, step, mc_check_width(view, step->src) == 1,
                         "its source is more than one column of texts", err));
    MC_TRY(mc_check_that(view, step, mc_check_width(view, step->dst) > 0,
                         "it answers with no columns", err));
    MC_TRY(check_options(view, step, err));
    MC_TRY(check_pattern(view, step, err));
    if (step->array[MC_TEXT_STOP] == MC_NONE && step->array[MC_TEXT_STOP + 1] == MC_NONE)
        return MC_OK;
    return mc_check_token_table(view, step, MC_TEXT_STOP, &n, err);
}

mc_status mc_check_text_count(const mc_view *view, const mc_step *step, mc_error *err)
{
    uint32_t n = 0;
    MC_TRY(check_document_step(view, step, err));
    MC_TRY(mc_check_token_table(view, step, MC_TEXT_VOCABULARY, &n, err));
    return mc_check_that(view, step, n == mc_check_width(view, step->dst),
                         "not as many tokens as columns", err);
}

mc_status mc_check_text_hash(const mc_view *view, const mc_step *step, mc_error *err)
{
    MC_TRY(mc_check_that(view, step,
                         step->array[MC_TEXT_VOCABULARY] == MC_NONE &&
                             step->array[MC_TEXT_VOCABULARY + 1] == MC_NONE,
                         "a vocabulary that is not looked at", err));
    return check_document_step(view, step, err);
}

/* --------------------------------------------------------------------- texts that stay cells ----
 */

static mc_status text_cell(const mc_run *run, uint32_t op, const mc_cell *in, mc_cell *out,
                           mc_error *err)
{
    mc_bytes text = mc_text_at(in->as.text, in->size);
    void *memory = NULL;
    if (FUNCTIONS[op] != NULL) {
        const size_t size = FUNCTIONS[op](text, NULL);
        if (size > UINT32_MAX)
            return mc_fail(err, MC_E_BUSY, MC_NO_OFFSET, "a text of %zu bytes", size);
        MC_TRY(mc_workspace_room(run->workspace, MC_HEAP_ANSWER, size, &memory, err));
        text = mc_text_at(memory, FUNCTIONS[op](text, memory));
    } else if (op != MC_TEXT_KEEP) {
        text = mc_text_trim(text, op != MC_TEXT_TRIM_RIGHT, op != MC_TEXT_TRIM_LEFT);
    }
    *out = (mc_cell){
        .kind = MC_CELL_STRING, .size = (uint32_t)text.size, .as.text = (const char *)text.data};
    return MC_OK;
}

mc_status mc_run_text_cells(const mc_run *run, const mc_step *step, mc_error *err)
{
    const mc_cell *x = run->buffers[step->src];
    const size_t width = mc_run_width(run, step->dst);
    mc_cell *out = run->buffers[step->dst];
    for (size_t i = 0; i < run->n_rows; i++) {
        for (size_t j = 0; j < width; j++, x++, out++) {
            if (x->kind != MC_CELL_STRING)
                return mc_fail(err, MC_E_BAD_INPUT, run->first_row + i,
                               "row %zu, column %zu: expected a text", run->first_row + i, j);
            MC_TRY(text_cell(run, step->n[0], x, out, err));
        }
    }
    return MC_OK;
}

mc_status mc_check_text_cells(const mc_view *view, const mc_step *step, mc_error *err)
{
    MC_TRY(mc_check_that(view, step, step->n[0] < MC_N_TEXT_OPS, "unknown operation", err));
    return mc_check_that(view, step,
                         mc_check_width(view, step->src) == mc_check_width(view, step->dst),
                         "source and destination differ in width", err);
}
