/* image_cases_text.c: programs over documents, tokens and dicts. */
#include "image_cases_text.h"

#include <math.h>
#include <string.h>

#include "image/encoder.h"
#include "image/text_steps.h"
#include "kernel/text_options.h"
#include "kernel/text_runs.h"
#include "kernel/token_table.h"

#define MOST_WORDS 64

void make_tokens(making *m, mc_step *step, size_t at, const char *const *texts, size_t n)
{
    uint32_t words[MOST_WORDS] = {0};
    char bytes[256] = "";
    const size_t size = mc_token_table_size(n);
    MC_ASSERT(size <= MOST_WORDS);
    uint32_t *starts = words + mc_token_table_starts(n);
    for (size_t i = 0; i < n; i++) {
        starts[i] = (uint32_t)strlen(bytes);
        (void)strncat(bytes, texts[i], sizeof bytes - strlen(bytes) - 1);
    }
    starts[n] = (uint32_t)strlen(bytes);
    const bool filled = mc_token_table_fill(words, (uint32_t)n, (const uint8_t *)bytes);
    MC_ASSERT(filled);
    step->array[at] = make_u32(m, size, words);
    step->array[at + 1] = make_array(m, MC_ARRAY_U8, bytes, strlen(bytes), 1);
}

/* One column with the same text in every row. */
static uint32_t make_document(making *m, const char *text)
{
    const double missing = (double)NAN;
    const mc_cell cell = {.kind = MC_CELL_STRING, .size = (uint32_t)strlen(text), .as.text = text};
    mc_step numbers = step_of(MC_OP_CONSTANT), cells = step_of(MC_OP_TO_CELLS),
            fill = step_of(MC_OP_FILL_CELLS);
    numbers.array[0] = make_f64(m, 1, 1, &missing);
    cells.src = make_step(m, numbers, 1);
    cells.n[0] = MC_CELL_NUMBER;
    fill.src = make_step(m, cells, 1);
    fill.flags = MC_STEP_MISSING_NAN;
    fill.array[0] = make_cells(m, 1, &cell);
    return make_step(m, fill, 1);
}

static void make_options(making *m, mc_step *step, mc_text_options options)
{
    step->array[MC_TEXT_OPTIONS] = make_array(m, MC_ARRAY_U32, &options, MC_TEXT_WORDS, 1);
}

static void make_words(making *m, mc_step *step)
{
    mc_run_pattern pattern = {.least = 2, .most = MC_RUN_ANY};
    pattern.class.with = MC_CHAR_WORD;
    mc_char_class_settle(&pattern.class);
    step->array[MC_TEXT_PATTERN] = make_array(m, MC_ARRAY_U32, &pattern, MC_RUN_WORDS, 1);
}

static uint32_t make_dense(making *m, uint32_t sparse, size_t width)
{
    return make_simple(m, MC_OP_CSR_TO_DENSE, sparse, MC_NONE, width);
}

static uint32_t make_counts(making *m, uint32_t document)
{
    static const char *const VOCABULARY[] = {"cat", "cat dog", "dog"}, *const STOP[] = {"the"};
    mc_step count = step_of(MC_OP_TEXT_COUNT);
    count.src = document;
    make_options(m, &count,
                 (mc_text_options){.ops = {MC_TEXT_LOWER, MC_TEXT_STRIP_ACCENTS, MC_TEXT_TRIM},
                                   .analyzer = MC_ANALYZE_WORDS,
                                   .least = 1,
                                   .most = 2});
    make_words(m, &count);
    make_tokens(m, &count, MC_TEXT_STOP, STOP, MC_COUNT_OF(STOP));
    make_tokens(m, &count, MC_TEXT_VOCABULARY, VOCABULARY, MC_COUNT_OF(VOCABULARY));
    return make_step(m, count, MC_COUNT_OF(VOCABULARY));
}

/* Hashed n-grams of an analyzer, which may need `pattern`: an expression, or NULL for runs. */
static uint32_t make_hashed(making *m, uint32_t document, mc_text_analyzer analyzer,
                            const char *pattern)
{
    mc_step hash = step_of(MC_OP_TEXT_HASH);
    hash.src = document;
    hash.flags = MC_STEP_ALTERNATE_SIGN | MC_STEP_BINARY;
    make_options(m, &hash,
                 (mc_text_options){.ops = {MC_TEXT_UPPER, MC_TEXT_STRIP_TO_ASCII},
                                   .analyzer = analyzer,
                                   .least = 1,
                                   .most = 3});
    if (analyzer != MC_ANALYZE_CHARS && pattern == NULL)
        make_words(m, &hash);
    if (pattern != NULL)
        hash.array[MC_TEXT_PATTERN] = make_array(m, MC_ARRAY_U8, pattern, strlen(pattern), 1);
    return make_step(m, hash, 8);
}

/* Matches exchanged for their second group and a dot, three times at most. */
static uint32_t make_replaced(making *m, uint32_t document)
{
    static const char PATTERN[] = "([a-z])([a-z]?)";
    static const uint32_t PARTS[] = {2, 0, 0, MC_NONE, 0, 1};
    mc_step repaired = step_of(MC_OP_TEXT_CELLS), replaced = step_of(MC_OP_TEXT_REPLACE);
    repaired.src = document;
    repaired.n[0] = MC_TEXT_REPAIR;
    replaced.src = make_step(m, repaired, 1);
    replaced.n[0] = 3;
    replaced.array[MC_TEXT_PATTERN] = make_array(m, MC_ARRAY_U8, PATTERN, sizeof PATTERN - 1, 1);
    replaced.array[MC_REPLACE_TEXTS] = make_array(m, MC_ARRAY_U8, ".", 1, 1);
    replaced.array[MC_REPLACE_PARTS] = make_array(m, MC_ARRAY_U32, PARTS, 2, MC_REPLACE_FIELDS);
    return make_step(m, replaced, 1);
}

static uint32_t make_weights(making *m, uint32_t counts)
{
    const double idf[] = {1.0, 2.0, 0.5};
    mc_step weigh = step_of(MC_OP_TFIDF);
    weigh.src = counts;
    weigh.n[0] = 2;
    weigh.flags = MC_STEP_SUBLINEAR | MC_STEP_DESCENDING;
    weigh.array[0] = make_f64(m, 1, 3, idf);
    return make_step(m, weigh, 3);
}

/* Names of the columns of x that are not 0: as a list, and with their values. */
static uint32_t make_names(making *m, mc_op op, uint32_t sparse)
{
    static const char *const NAMES[] = {"a", "b", "c", "d"};
    mc_step names = step_of(op);
    names.src = sparse;
    names.n[0] = op == MC_OP_TOKEN_DICT ? MC_CELL_NUMBER : 0;
    make_tokens(m, &names, 0, NAMES, MC_COUNT_OF(NAMES));
    return make_step(m, names, 1);
}

static uint32_t make_features(making *m, uint32_t rows, uint32_t kind)
{
    mc_step hash = step_of(MC_OP_HASH_FEATURES);
    hash.src = rows;
    hash.n[0] = kind;
    return make_step(m, hash, 5);
}

static uint32_t make_columns(making *m, uint32_t dicts)
{
    static const char *const NAMES[] = {"b", "d", "x=1"};
    mc_step columns = step_of(MC_OP_DICT_COLUMNS);
    columns.src = dicts;
    make_tokens(m, &columns, 0, NAMES, MC_COUNT_OF(NAMES));
    columns.array[2] = make_array(m, MC_ARRAY_U8, "=", 1, 1);
    return make_step(m, columns, MC_COUNT_OF(NAMES));
}

/* Which of three names a list holds. */
static uint32_t make_set(making *m, mc_op op, uint32_t list)
{
    static const char *const NAMES[] = {"a", "b", "d"};
    const uint32_t codes[] = {0, 1, 2};
    const mc_encoder_column column = {0, 3, MC_UNKNOWN_CODED, 3, 0, 3};
    mc_cell cells[MC_COUNT_OF(NAMES)];
    mc_step set = step_of(op);
    for (size_t i = 0; i < MC_COUNT_OF(NAMES); i++)
        cells[i] = (mc_cell){.kind = MC_CELL_STRING, .size = 1, .as.text = NAMES[i]};
    set.src = list;
    set.array[0] = make_cells(m, MC_COUNT_OF(cells), cells);
    set.array[1] = make_u32(m, MC_COUNT_OF(codes), codes);
    set.array[2] = make_array(m, MC_ARRAY_U32, &column, 1, MC_ENCODER_FIELDS);
    return make_step(m, set, 3);
}

/* The names of the columns that are marked. */
static uint32_t make_marked(making *m, uint32_t set)
{
    static const char *const NAMES[] = {"a", "b", "d"};
    mc_cell cells[MC_COUNT_OF(NAMES)];
    mc_step marked = step_of(MC_OP_LABEL_SET);
    for (size_t i = 0; i < MC_COUNT_OF(NAMES); i++)
        cells[i] = (mc_cell){.kind = MC_CELL_STRING, .size = 1, .as.text = NAMES[i]};
    marked.src = set;
    marked.array[0] = make_cells(m, MC_COUNT_OF(cells), cells);
    return make_step(m, marked, 1);
}

void make_no_patches(making *m)
{
    mc_step patches = step_of(MC_OP_PATCHES);
    patches.src = make_document(m, "no image");
    patches.n[0] = patches.n[1] = 1;
    const mc_build_part part = {
        .buffer = make_step(m, patches, 1), .type = MC_VALUE_CELL, .table = MC_NONE};
    make_method(m, MC_METHOD_SCORE_SAMPLES, &part, 1);
}

void make_group_text(making *m, results *r, uint32_t x)
{
    const uint32_t document = make_document(m, " The C\xc3\xa2t, the DOG: cat dog");
    const uint32_t counts = make_counts(m, document);
    const uint32_t sparse = make_simple(m, MC_OP_DENSE_TO_CSR, x, MC_NONE, EVERYTHING_NUMBERS);
    const uint32_t list = make_names(m, MC_OP_TOKEN_LIST, sparse);
    const uint32_t dict = make_names(m, MC_OP_TOKEN_DICT, sparse);
    const uint32_t set = make_set(m, MC_OP_SET_INDICATORS, list);
    keep(r, set);
    keep(r, make_set(m, MC_OP_SET_INDICATORS, make_marked(m, set)));
    keep(r, make_dense(m, make_set(m, MC_OP_CSR_SET_INDICATORS, list), 3));
    mc_step changed = step_of(MC_OP_TEXT_CELLS);
    changed.src = document;
    for (changed.n[0] = 0; changed.n[0] < MC_N_TEXT_OPS; changed.n[0]++)
        changed.src = make_step(m, changed, 1);
    keep(r, make_dense(m, make_counts(m, changed.src), 3));
    keep(r, make_dense(m, make_counts(m, make_replaced(m, document)), 3));
    keep(r, make_dense(m, counts, 3));
    keep(r, make_dense(m, make_weights(m, counts), 3));
    keep(r, make_dense(m, make_hashed(m, document, MC_ANALYZE_WORDS, NULL), 8));
    keep(r, make_dense(m, make_hashed(m, document, MC_ANALYZE_REGEX, "[A-Z](?=[A-Z])"), 8));
    keep(r, make_dense(m, make_hashed(m, document, MC_ANALYZE_CHARS, NULL), 8));
    keep(r, make_dense(m, make_hashed(m, document, MC_ANALYZE_CHARS_WB, NULL), 8));
    keep(r, make_dense(m, make_features(m, list, 2), 5));
    keep(r, make_dense(m, make_features(m, dict, 0), 5));
    keep(r, make_dense(m, make_columns(m, dict), 3));
}
