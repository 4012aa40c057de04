/* lightgbm_trees.c: the trees of a booster of LightGBM.
 *
 * Oracle   LightGBM 3.3 to 4.7: include/LightGBM/tree.h, src/io/tree.cpp, src/boosting/
 *          gbdt_prediction.cpp.
 * Exact    See kernel/booster.c: comparisons and sums in float64. Values within 1e-35 of 0 are 0
 *          for it before it looks at any tree. */
#include <math.h>
#include <string.h>

#include "base/number.h"
#include "import/lightgbm/lightgbm.h"
#include "import/sklearn/emit.h"

#define IS_CATEGORY  1u
#define DEFAULT_LEFT 2u
#define MISSING_ZERO 4u
#define MISSING_NAN  8u
#define MISSING_BITS 12u

/* One tree's lists. */
typedef struct tree {
    size_t n_leaves;
    const double *feature, *threshold, *decision, *left, *right; /* (n_leaves - 1) */
    const double *value;                                         /* (n_leaves) */
    const double *boundaries, *words;                            /* of category sets */
    size_t n_boundaries, n_words;
    const double *constant, *n_terms, *term_features, *coefs; /* linear; NULL without */
    size_t n_term_features, n_coefs;
} tree;

typedef struct loading {
    const mc_lgbm *lgbm;
    mc_boost boost;
} loading;

/* ----------------------------------------------------------------------------------- lists ---- */

/* The numbers behind `key`, as many as there are; MC_OK with none if the key is absent. */
static mc_status numbers(loading *load, mc_bytes block, const char *key, const double **out,
                         size_t *out_n, mc_error *err)
{
    mc_bytes text = {0}, word;
    double *items = NULL;
    size_t n = 0;
    *out = NULL;
    *out_n = 0;
    if (!mc_lgbm_line(block, key, &text))
        return MC_OK;
    MC_TRY(mc_arena_new_raw(&load->boost.scratch, double, text.size / 2 + 1, &items, err));
    while (mc_lgbm_word(&text, &word)) {
        if (mc_bytes_is(word, "nan") || mc_bytes_is(word, "-nan"))
            items[n++] = (double)NAN;
        else if (mc_bytes_is(word, "inf") || mc_bytes_is(word, "-inf"))
            items[n++] = word.size == 3 ? (double)INFINITY : -(double)INFINITY;
        else if (mc_parse_double((const char *)word.data, word.size, &items[n]) == word.size)
            n++;
        else
            return mc_refuse(err, load->lgbm->est, "%s: \"%.*s\" is no number", key, MC_SHOW(word));
    }
    *out = items;
    *out_n = n;
    return MC_OK;
}

static mc_status need(loading *load, mc_bytes block, const char *key, size_t n, const double **out,
                      mc_error *err)
{
    size_t found = 0;
    MC_TRY(numbers(load, block, key, out, &found, err));
    return found == n ? MC_OK
                      : mc_refuse(err, load->lgbm->est, "%s: expected %zu numbers, found %zu", key,
                                  n, found);
}

static mc_status read_linear(loading *load, mc_bytes block, tree *out, mc_error *err)
{
    const double *is_linear = NULL;
    size_t n = 0;
    MC_TRY(numbers(load, block, "is_linear", &is_linear, &n, err));
    if (n == 0 || is_linear[0] == 0.0)
        return MC_OK;
    MC_TRY(need(load, block, "leaf_const", out->n_leaves, &out->constant, err));
    MC_TRY(need(load, block, "num_features", out->n_leaves, &out->n_terms, err));
    MC_TRY(numbers(load, block, "leaf_features", &out->term_features, &out->n_term_features, err));
    return numbers(load, block, "leaf_coeff", &out->coefs, &out->n_coefs, err);
}

static mc_status read_tree(loading *load, mc_bytes block, tree *out, mc_error *err)
{
    const double *n_leaves = NULL;
    *out = (tree){0};
    MC_TRY(need(load, block, "num_leaves", 1, &n_leaves, err));
    if (!(n_leaves[0] >= 1.0 && n_leaves[0] < 1e9))
        return mc_refuse(err, load->lgbm->est, "num_leaves: %g", n_leaves[0]);
    out->n_leaves = (size_t)n_leaves[0];
    const size_t n = out->n_leaves - 1;
    MC_TRY(need(load, block, "leaf_value", out->n_leaves, &out->value, err));
    MC_TRY(read_linear(load, block, out, err));
    if (n == 0)
        return MC_OK;
    MC_TRY(need(load, block, "split_feature", n, &out->feature, err));
    MC_TRY(need(load, block, "threshold", n, &out->threshold, err));
    MC_TRY(need(load, block, "decision_type", n, &out->decision, err));
    MC_TRY(need(load, block, "left_child", n, &out->left, err));
    MC_TRY(need(load, block, "right_child", n, &out->right, err));
    MC_TRY(numbers(load, block, "cat_boundaries", &out->boundaries, &out->n_boundaries, err));
    return numbers(load, block, "cat_threshold", &out->words, &out->n_words, err);
}

/* ---------------------------------------------------------------------------------- leaves ---- */

/* The terms of leaf i, which begin at *at of the lists. */
static mc_status add_terms(loading *load, const tree *t, size_t i, size_t *at, mc_error *err)
{
    mc_boost *boost = &load->boost;
    const uint32_t first = (uint32_t)(boost->features.size / sizeof(uint32_t));
    const double n = t->n_terms == NULL ? 0.0 : t->n_terms[i];
    MC_TRY(mc_vec_append(&boost->first_term, &first, sizeof first, err));
    for (double k = 0.0; k < n; k++, (*at)++) {
        if (*at >= t->n_term_features || *at >= t->n_coefs || !(t->term_features[*at] >= 0.0) ||
            !(t->term_features[*at] < (double)boost->n_features))
            return mc_refuse(err, load->lgbm->est, "leaf_features: leaf %zu", i);
        const uint32_t feature = (uint32_t)t->term_features[*at];
        MC_TRY(mc_vec_append(&boost->features, &feature, sizeof feature, err));
        MC_TRY(mc_vec_append(&boost->coefs, &t->coefs[*at], sizeof(double), err));
    }
    return MC_OK;
}

/* Leaves stand behind the inner nodes. In a model with linear leaves all have a constant. */
static mc_status add_leaves(loading *load, const tree *t, mc_loose_node *nodes, mc_error *err)
{
    size_t at = 0;
    for (size_t i = 0; i < t->n_leaves; i++) {
        const double row[2] = {t->value[i], t->constant == NULL ? t->value[i] : t->constant[i]};
        nodes[i].left = MC_LOOSE_LEAF;
        if (load->boost.has_linear)
            MC_TRY(add_terms(load, t, i, &at, err));
        MC_TRY(mc_pack_leaf(&load->boost.packing, row, &nodes[i].leaf, err));
    }
    return MC_OK;
}

/* ----------------------------------------------------------------------------------- nodes ---- */

/* Child c of n inner nodes: below 0 it is leaf -1 - c. */
static bool child(const tree *t, double c, uint32_t *out)
{
    const double n = (double)(t->n_leaves - 1);
    const double at = c < 0.0 ? n - 1.0 - c : c;
    if (!(at >= 0.0 && at < n + (double)t->n_leaves) || (c >= 0.0 && c >= n))
        return false;
    *out = (uint32_t)at;
    return true;
}

static mc_status read_set(loading *load, const tree *t, size_t i, uint64_t *out, mc_error *err)
{
    const double at = t->threshold[i];
    uint32_t *words = NULL;
    if (!(at >= 0.0 && at + 1.0 < (double)t->n_boundaries))
        return mc_refuse(err, load->lgbm->est, "node %zu: category set %g", i, at);
    const double first = t->boundaries[(size_t)at], end = t->boundaries[(size_t)at + 1];
    if (!(first >= 0.0 && first <= end && end <= (double)t->n_words))
        return mc_refuse(err, load->lgbm->est, "cat_boundaries: %g to %g of %zu", first, end,
                         t->n_words);
    const size_t n = (size_t)end - (size_t)first;
    MC_TRY(mc_arena_new(&load->boost.scratch, uint32_t, n, &words, err));
    for (size_t k = 0; k < n; k++) {
        const double word = t->words[(size_t)first + k];
        if (!(word >= 0.0 && word <= (double)UINT32_MAX))
            return mc_refuse(err, load->lgbm->est, "cat_threshold: %g", word);
        words[k] = (uint32_t)word;
    }
    return mc_boost_add_set(&load->boost, words, n, out, err);
}

/* Where NaN goes: as missing says; without missing values it counts as 0. */
static bool nan_goes_left(unsigned decision, double threshold)
{
    return decision & MISSING_BITS ? (decision & DEFAULT_LEFT) != 0 : 0.0 <= threshold;
}

static mc_status inner_node(loading *load, const tree *t, size_t i, mc_loose_node *out,
                            mc_error *err)
{
    if (!child(t, t->left[i], &out->left) || !child(t, t->right[i], &out->right) ||
        !(t->feature[i] >= 0.0 && t->feature[i] < (double)load->boost.n_features) ||
        !(t->decision[i] >= 0.0 && t->decision[i] < 16.0))
        return mc_refuse(err, load->lgbm->est, "node %zu: children %g and %g, feature %g, type %g",
                         i, t->left[i], t->right[i], t->feature[i], t->decision[i]);
    const unsigned decision = (unsigned)t->decision[i];
    out->word = (uint32_t)t->feature[i];
    if (decision & IS_CATEGORY) { /* missing goes right, with what is in no set */
        out->word |= MC_WIDE_CATEGORY;
        return read_set(load, t, i, &out->as.set, err);
    }
    out->as.threshold = t->threshold[i];
    if (nan_goes_left(decision, t->threshold[i]))
        out->word |= MC_WIDE_NAN_LEFT;
    if ((decision & MISSING_BITS) == MISSING_ZERO)
        out->word |= MC_BOOST_ZERO;
    return MC_OK;
}

static mc_status add_tree(loading *load, mc_bytes block, size_t column, mc_error *err)
{
    tree t;
    mc_loose_node *nodes = NULL;
    mc_arena_reset(&load->boost.scratch);
    MC_TRY(read_tree(load, block, &t, err));
    const size_t n = 2 * t.n_leaves - 1;
    MC_TRY(mc_arena_new(&load->boost.scratch, mc_loose_node, n, &nodes, err));
    for (size_t i = 0; i + 1 < t.n_leaves; i++)
        MC_TRY(inner_node(load, &t, i, &nodes[i], err));
    MC_TRY(add_leaves(load, &t, nodes + (t.n_leaves - 1), err));
    return mc_boost_add_tree(&load->boost, nodes, n, (uint32_t)column, err);
}

/* ---------------------------------------------------------------------------------- rounds ---- */

/* Cuts the next tree's lines off `text`; false at its end. */
static bool next_tree(mc_bytes *text, mc_bytes *out)
{
    static const char MARK[] = "\nTree=";
    if (text->size == 0)
        return false;
    const uint8_t *next = memmem(text->data, text->size, MARK, sizeof MARK - 1);
    const size_t size = next == NULL ? text->size : (size_t)(next - text->data) + 1;
    *out = (mc_bytes){text->data, size};
    *text = (mc_bytes){text->data + size, text->size - size};
    return true;
}

static mc_status add_trees(loading *load, size_t n_rounds, size_t *out_rounds, mc_error *err)
{
    const size_t n_columns = load->lgbm->n_columns;
    mc_bytes left = load->lgbm->trees, block = {0};
    size_t n = 0;
    for (; n / n_columns < n_rounds && next_tree(&left, &block); n++)
        MC_TRY_IN(add_tree(load, block, n % n_columns, err), err, "tree %zu", n);
    *out_rounds = n / n_columns;
    return n % n_columns == 0
               ? MC_OK
               : mc_refuse(err, load->lgbm->est, "%zu trees for %zu columns", n, n_columns);
}

/* Is any leaf a linear model? */
static bool has_linear(const mc_lgbm *lgbm)
{
    static const char MARK[] = "\nis_linear=1";
    return lgbm->trees.size > 0 &&
           memmem(lgbm->trees.data, lgbm->trees.size, MARK, sizeof MARK - 1) != NULL;
}

mc_status mc_lgbm_sums(mc_lowering *to, const mc_lgbm *lgbm, size_t n_rounds, bool raw,
                       const mc_sym *x, mc_sym *out, mc_error *err)
{
    loading load = {.lgbm = lgbm};
    mc_boost_sums sums = {.width = lgbm->n_columns, .divisor = 1.0};
    size_t rounds = 0;
    mc_sym y;
    const bool is_linear = has_linear(lgbm);
    MC_TRY(mc_emit_unary(to, x, MC_UNARY_ZERO_WITHIN, (double)1e-35f, 0.0, &y, err));
    mc_boost_init(&load.boost, to, lgbm->n_features, is_linear ? 2 : 1);
    load.boost.has_linear = is_linear;
    mc_status status = add_trees(&load, n_rounds, &rounds, err);
    if (lgbm->averages && !raw && rounds > 0)
        sums.divisor = (double)rounds;
    if (status == MC_OK)
        status = mc_boost_emit(to, &load.boost, &sums, &y, out, err);
    mc_boost_fini(&load.boost);
    return status;
}

static mc_status count_tree(loading *load, mc_bytes block, double *counts, mc_error *err)
{
    const double *features = NULL, *gains = NULL;
    size_t n = 0, n_gains = 0;
    mc_arena_reset(&load->boost.scratch);
    MC_TRY(numbers(load, block, "split_feature", &features, &n, err));
    MC_TRY(numbers(load, block, "split_gain", &gains, &n_gains, err));
    if (n != n_gains)
        return mc_refuse(err, load->lgbm->est, "split_gain: %zu of %zu nodes", n_gains, n);
    for (size_t i = 0; i < n; i++) {
        if (!(features[i] >= 0.0 && features[i] < (double)load->lgbm->n_features))
            return mc_refuse(err, load->lgbm->est, "split_feature: %g", features[i]);
        counts[(size_t)features[i]] += gains[i] > 0.0 ? 1.0 : 0.0;
    }
    return MC_OK;
}

mc_status mc_lgbm_count_splits(mc_lowering *to, const mc_lgbm *lgbm, size_t n_rounds,
                               double *counts, mc_error *err)
{
    loading load = {.lgbm = lgbm};
    mc_bytes left = lgbm->trees, block = {0};
    mc_status status = MC_OK;
    mc_boost_init(&load.boost, to, lgbm->n_features, 1);
    for (size_t n = 0; status == MC_OK && n / lgbm->n_columns < n_rounds; n++) {
        if (!next_tree(&left, &block))
            break;
        status = count_tree(&load, block, counts, err);
    }
    mc_boost_fini(&load.boost);
    return status;
}
