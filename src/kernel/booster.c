/* booster.c: trees of gradient boosting libraries, and the links that they end in.
 *
 * Oracle   XGBoost 1.7 to 3.2: src/predictor/cpu_predictor.cc, src/common/math.h,
 *          src/common/categorical.h, src/gbm/gblinear.cc. LightGBM 3.3 to 4.7: include/LightGBM/
 *          tree.h, src/io/tree.cpp.
 * Exact    Leaves bit for bit: the same comparisons on the same numbers. Sums bit for bit: the same
 *          order, float32 where the library's are. A float32 sum is made as a float64 one that is
 *          rounded: of two float32 values that is the same. float32 exponentials are the C
 *          library's expf, as the library's are. */
#include "kernel/booster.h"

#include <math.h>

#define ZERO_BELOW 1e-35f /* LightGBM's kZeroThreshold, a float */

static bool is_in_set(const mc_boost_forest *forest, const mc_wide_node *node, double x)
{
    const uint32_t first = (uint32_t)node->as.set, n_words = (uint32_t)(node->as.set >> 32);
    const double least = node->word & MC_BOOST_SET_RIGHT ? 0.0 : -1.0; /* LightGBM cuts -0.5 to 0 */
    if (n_words == 0 || !(x >= 0.0 || x > least) || x >= 32.0 * n_words)
        return false;
    const uint32_t category = x > 0.0 ? (uint32_t)x : 0u;
    return (forest->sets[first + (category >> 5)] >> (category & 31u) & 1u) != 0;
}

static bool goes_left(const mc_boost_forest *forest, const mc_wide_node *node, double x)
{
    if (isnan(x) || ((node->word & MC_BOOST_ZERO) && fabs(x) <= (double)ZERO_BELOW))
        return (node->word & MC_WIDE_NAN_LEFT) != 0;
    if (node->word & MC_WIDE_CATEGORY)
        return is_in_set(forest, node, x) != ((node->word & MC_BOOST_SET_RIGHT) != 0);
    return x <= node->as.threshold;
}

static uint32_t leaf_of(const mc_boost_forest *forest, uint32_t root, const double *row)
{
    const mc_wide_node *node = &forest->nodes[root];
    while (node->word != MC_WIDE_LEAF) {
        const double x = row[node->word & MC_BOOST_FEATURE];
        node = &forest->nodes[node->left + !goes_left(forest, node, x)];
    }
    return node->left;
}

/* The constant and the terms in order, or the plain value where a feature is missing. */
static double linear_value(const mc_boost_forest *forest, uint32_t leaf, const double *row)
{
    const uint32_t *first = forest->linear, *features = first + forest->n_leaves + 1;
    double sum = forest->values[(size_t)leaf * 2 + 1];
    for (uint32_t i = first[leaf]; i < first[leaf + 1]; i++) {
        if (isnan(row[features[i]]))
            return forest->values[(size_t)leaf * 2];
        sum += forest->coefs[i] * row[features[i]];
    }
    return sum;
}

static double add(const mc_boost_forest *forest, double a, double b)
{
    return forest->is_float32 ? (double)(float)(a + b) : a + b;
}

void mc_boost_sum(const mc_boost_forest *forest, const double *x, size_t n_rows, size_t d,
                  size_t width, double *out)
{
    for (size_t tree = 0; tree < forest->n_trees; tree++) {
        const uint32_t root = forest->trees[2 * tree], column = forest->trees[2 * tree + 1];
        for (size_t i = 0; i < n_rows; i++) {
            const double *row = x + i * d;
            const uint32_t leaf = leaf_of(forest, root, row);
            const double *value = forest->values + (size_t)leaf * forest->n_values;
            double *sum = out + i * width;
            if (forest->linear != NULL)
                sum[column] = add(forest, sum[column], linear_value(forest, leaf, row));
            else if (forest->n_values == 1)
                sum[column] = add(forest, sum[column], value[0]);
            else
                for (size_t j = 0; j < width; j++)
                    sum[j] = add(forest, sum[j], value[j]);
        }
    }
}

/* ----------------------------------------------------------------------------------- links ---- */

float mc_boost_sigmoid(float x)
{
    return 1.0f / (expf(-x > 88.7f ? 88.7f : -x) + 1.0f);
}

void mc_boost_softmax(const double *x, size_t n_rows, size_t d, double *out)
{
    for (size_t i = 0; i < n_rows; i++) {
        const double *from = x + i * d;
        double *to = out + i * d, sum = 0.0;
        float most = (float)from[0];
        for (size_t j = 1; j < d; j++)
            most = fmaxf((float)from[j], most);
        for (size_t j = 0; j < d; j++) {
            to[j] = (double)expf((float)from[j] - most);
            sum += to[j];
        }
        for (size_t j = 0; j < d; j++)
            to[j] = (double)((float)to[j] / (float)sum);
    }
}

void mc_boost_linear(const double *x, size_t n_rows, size_t d, const double *w, const double *bias,
                     size_t k, double *out)
{
    for (size_t i = 0; i < n_rows; i++) {
        for (size_t g = 0; g < k; g++) {
            float sum = (float)bias[g];
            for (size_t j = 0; j < d; j++)
                if (!isnan(x[i * d + j]))
                    sum += (float)x[i * d + j] * (float)w[j * k + g];
            out[i * k + g] = (double)sum;
        }
    }
}
