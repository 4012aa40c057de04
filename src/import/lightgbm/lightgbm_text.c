/* lightgbm_text.c: the text that a booster of LightGBM saves itself as.
 *
 * Oracle   LightGBM 3.3 to 4.7: src/boosting/gbdt_model_text.cpp. */
#include <string.h>

#include "base/number.h"
#include "import/lightgbm/lightgbm.h"

bool mc_lgbm_line(mc_bytes block, const char *key, mc_bytes *out)
{
    const size_t n = strlen(key);
    while (block.size > 0) {
        const uint8_t *end = memchr(block.data, '\n', block.size);
        const size_t size = end == NULL ? block.size : (size_t)(end - block.data);
        if (size > n && memcmp(block.data, key, n) == 0 && block.data[n] == '=') {
            *out = (mc_bytes){block.data + n + 1, size - n - 1};
            if (out->size > 0 && out->data[out->size - 1] == '\r')
                out->size--;
            return true;
        }
        const size_t step = end == NULL ? size : size + 1;
        block = (mc_bytes){block.data + step, block.size - step};
    }
    return false;
}

bool mc_lgbm_word(mc_bytes *text, mc_bytes *out)
{
    while (text->size > 0 && text->data[0] == ' ')
        *text = (mc_bytes){text->data + 1, text->size - 1};
    size_t n = 0;
    while (n < text->size && text->data[n] != ' ')
        n++;
    *out = (mc_bytes){text->data, n};
    *text = (mc_bytes){text->data + n, text->size - n};
    return n > 0;
}

/* A whole number behind a key of the header. */
static mc_status read_count(const mc_lgbm *lgbm, const char *key, size_t *out, mc_error *err)
{
    mc_bytes text = {0};
    double value = -1.0;
    if (!mc_lgbm_line(lgbm->header, key, &text) ||
        mc_parse_double((const char *)text.data, text.size, &value) != text.size ||
        !(value >= 0.0 && value < (double)MC_BOOST_FEATURE))
        return mc_refuse(err, lgbm->est, "%s: expected a number, found \"%.*s\"", key,
                         MC_SHOW(text));
    *out = (size_t)value;
    return MC_OK;
}

/* Offset of the first line that begins with `word`; the size if none does. */
static size_t find_line(mc_bytes text, size_t from, const char *word)
{
    const size_t n = strlen(word);
    for (size_t at = from; at < text.size; at++) {
        if (text.size - at >= n && memcmp(text.data + at, word, n) == 0)
            return at;
        const uint8_t *end = memchr(text.data + at, '\n', text.size - at);
        if (end == NULL)
            break;
        at = (size_t)(end - text.data);
    }
    return text.size;
}

static bool has_line(mc_bytes text, const char *line)
{
    const size_t at = find_line(text, 0, line), n = strlen(line);
    return at < text.size && (at + n == text.size || text.data[at + n] == '\n');
}

/* The rest of the last line, "pandas_categorical:[...]". */
static mc_bytes categories_of(mc_bytes text, size_t from)
{
    static const char KEY[] = "pandas_categorical:";
    size_t at = find_line(text, from, KEY);
    if (at == text.size)
        return (mc_bytes){0};
    at += sizeof KEY - 1;
    const uint8_t *end = memchr(text.data + at, '\n', text.size - at);
    const size_t n = end == NULL ? text.size - at : (size_t)(end - text.data) - at;
    return (mc_bytes){text.data + at, n};
}

mc_status mc_lgbm_read(const mc_value *est, mc_bytes text, mc_lgbm *out, mc_error *err)
{
    size_t last_feature = 0;
    *out = (mc_lgbm){.est = est};
    if (text.size < 5 || memcmp(text.data, "tree\n", 5) != 0)
        return mc_refuse(err, est, "its model does not begin with \"tree\"");
    const size_t first = find_line(text, 0, "Tree=");
    const size_t end = find_line(text, first, "end of trees");
    out->header = (mc_bytes){text.data, first};
    out->trees = (mc_bytes){text.data + first, end - first};
    out->categories = categories_of(text, end);
    out->averages = has_line(out->header, "average_output");
    MC_TRY(read_count(out, "num_tree_per_iteration", &out->n_columns, err));
    MC_TRY(read_count(out, "max_feature_idx", &last_feature, err));
    out->n_features = last_feature + 1;
    return out->n_columns > 0
               ? MC_OK
               : mc_refuse(err, est, "num_tree_per_iteration: expected at least 1, found 0");
}
