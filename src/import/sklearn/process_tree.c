/* process_tree.c: kernels of Gaussian processes as their objects hold them.
 *
 * Oracle   sklearn/gaussian_process/kernels.py, scikit-learn 1.2 to 1.9.
 * HOW IT WORKS  A tree of Sum, Product and Exponentiation over leaves is walked with a stack of its
 *               own: no recursion. PairwiseKernel is told by its metric's name. */
#include "import/sklearn/process_tree.h"

#include <math.h>

#include "kernel/gaussian.h"

#define PI 3.141592653589793

/* -------------------------------------------------------------------------------- leaves ---- */

static void add_map(mc_process_node *leaf, mc_kernel_map which, double a, double b)
{
    MC_ASSERT(leaf->n_maps < MC_PROCESS_MAPS);
    leaf->maps[leaf->n_maps].which = which;
    leaf->maps[leaf->n_maps].a = a;
    leaf->maps[leaf->n_maps++].b = b;
}

/* length_scale of a column, or one for all of them. */
static mc_status length_scales(mc_lowering *to, const mc_value *kernel, size_t d,
                               const double **out, mc_error *err)
{
    const double *given = NULL;
    double *scales = NULL;
    size_t n = 0;
    MC_TRY(mc_attr_vector(to, kernel, "length_scale", MC_ANY, &given, &n, err));
    if (n != 1 && n != d)
        return mc_refuse(err, kernel, "length_scale: %zu values for %zu columns", n, d);
    MC_TRY(mc_arena_new(to->arena, double, d, &scales, err));
    for (size_t j = 0; j < d; j++)
        scales[j] = given[n == 1 ? 0 : j];
    *out = scales;
    return MC_OK;
}

static mc_status rbf(mc_lowering *to, const mc_value *kernel, size_t d, mc_process_node *out,
                     mc_error *err)
{
    out->sum = MC_PAIR_SQUARES;
    add_map(out, MC_MAP_GAUSS, -0.5, 0.0);
    return length_scales(to, kernel, d, &out->scales, err);
}

static mc_status matern(mc_lowering *to, const mc_value *kernel, size_t d, mc_process_node *out,
                        mc_error *err)
{
    double nu = 0.0;
    MC_TRY(mc_attr_number(kernel, "nu", 1.5, &nu, err));
    out->sum = MC_PAIR_SQUARES;
    if (nu == 0.5)
        add_map(out, MC_MAP_MATERN_1_2, 0.0, 0.0);
    else if (nu == 1.5)
        add_map(out, MC_MAP_MATERN_3_2, 0.0, 0.0);
    else if (nu == 2.5)
        add_map(out, MC_MAP_MATERN_5_2, 0.0, 0.0);
    else if (isinf(nu) && nu > 0.0)
        add_map(out, MC_MAP_GAUSS, -0.5, 0.0);
    else if (nu > 0.0 && nu <= MC_BESSEL_MOST)
        add_map(out, MC_MAP_MATERN, nu, mc_matern_factor(nu));
    else
        return mc_refuse(err, kernel, "nu: expected above 0, at most 1000 or infinite, found %g",
                         nu);
    return length_scales(to, kernel, d, &out->scales, err);
}

static mc_status rational(mc_lowering *to, const mc_value *kernel, size_t d, mc_process_node *out,
                          mc_error *err)
{
    double alpha = 0.0, length = 0.0;
    (void)to;
    (void)d;
    MC_TRY(mc_attr_number(kernel, "alpha", 1.0, &alpha, err));
    MC_TRY(mc_attr_number(kernel, "length_scale", 1.0, &length, err));
    out->sum = MC_PAIR_SQUARES;
    add_map(out, MC_MAP_RATIONAL, 2.0 * alpha * (length * length), alpha);
    return MC_OK;
}

static mc_status periodic(mc_lowering *to, const mc_value *kernel, size_t d, mc_process_node *out,
                          mc_error *err)
{
    double length = 0.0, periodicity = 0.0;
    (void)to;
    (void)d;
    MC_TRY(mc_attr_number(kernel, "length_scale", 1.0, &length, err));
    MC_TRY(mc_attr_number(kernel, "periodicity", 1.0, &periodicity, err));
    out->sum = MC_PAIR_SQUARES;
    add_map(out, MC_MAP_PERIODIC, PI / periodicity, length);
    return MC_OK;
}

static mc_status dot_product(mc_lowering *to, const mc_value *kernel, size_t d,
                             mc_process_node *out, mc_error *err)
{
    double sigma = 0.0;
    (void)to;
    (void)d;
    MC_TRY(mc_attr_number(kernel, "sigma_0", 1.0, &sigma, err));
    out->sum = MC_PAIR_DOT;
    out->of_truths = true;
    add_map(out, MC_MAP_OFFSET, sigma * sigma, 0.0);
    return MC_OK;
}

static mc_status constant(mc_lowering *to, const mc_value *kernel, size_t d, mc_process_node *out,
                          mc_error *err)
{
    (void)to;
    (void)d;
    out->kind = MC_PROCESS_CONSTANT;
    return mc_attr_number(kernel, "constant_value", 1.0, &out->number, err);
}

static mc_status white(mc_lowering *to, const mc_value *kernel, size_t d, mc_process_node *out,
                       mc_error *err)
{
    (void)to;
    (void)d;
    out->kind = MC_PROCESS_NOISE;
    return mc_attr_number(kernel, "noise_level", 1.0, &out->number, err);
}

/* A parameter of PairwiseKernel's metric. */
static mc_status metric_parameter(const mc_value *kernel, const char *name, double otherwise,
                                  double *out, mc_error *err)
{
    const mc_value *value = mc_dict_get(mc_value_attr(kernel, "pairwise_kernels_kwargs"), name);
    *out = otherwise;
    if (!mc_value_is_none(value))
        MC_TRY_IN(mc_number_from_value(value, out, err), err, "pairwise_kernels_kwargs[\"%s\"]",
                  name);
    return MC_OK;
}

static mc_status bent_dot(const mc_value *kernel, double gamma, mc_process_node *out, mc_error *err)
{
    double coef0 = 0.0;
    MC_TRY(metric_parameter(kernel, "coef0", 1.0, &coef0, err));
    out->sum = MC_PAIR_DOT;
    add_map(out, MC_MAP_SCALE, gamma, 0.0);
    add_map(out, MC_MAP_OFFSET, coef0, 0.0);
    return MC_OK;
}

static mc_status pairwise(mc_lowering *to, const mc_value *kernel, size_t d, mc_process_node *out,
                          mc_error *err)
{
    const mc_bytes metric = mc_attr_text(kernel, "metric");
    double gamma = 0.0, degree = 0.0;
    (void)to;
    (void)d;
    MC_TRY(mc_attr_number(kernel, "gamma", 1.0, &gamma, err));
    MC_TRY(metric_parameter(kernel, "degree", 3.0, &degree, err));
    if (mc_bytes_is(metric, "linear") || mc_bytes_is(metric, "cosine")) {
        out->sum = MC_PAIR_DOT;
        out->unit = mc_bytes_is(metric, "cosine");
    } else if (mc_bytes_is(metric, "poly") || mc_bytes_is(metric, "polynomial")) {
        MC_TRY(bent_dot(kernel, gamma, out, err));
        add_map(out, MC_MAP_POWER, degree, 0.0);
    } else if (mc_bytes_is(metric, "sigmoid")) {
        MC_TRY(bent_dot(kernel, gamma, out, err));
        add_map(out, MC_MAP_TANH, 0.0, 0.0);
    } else if (mc_bytes_is(metric, "rbf")) {
        out->sum = MC_PAIR_EXPANDED;
        add_map(out, MC_MAP_GAUSS, -gamma, 0.0);
    } else if (mc_bytes_is(metric, "laplacian")) {
        out->sum = MC_PAIR_ABSOLUTE;
        add_map(out, MC_MAP_GAUSS, -gamma, 0.0);
    } else if (mc_bytes_is(metric, "chi2") || mc_bytes_is(metric, "additive_chi2")) {
        out->sum = MC_PAIR_CHI2;
        if (mc_bytes_is(metric, "chi2"))
            add_map(out, MC_MAP_GAUSS, gamma, 0.0);
    } else {
        return mc_refuse(err, kernel,
                         "metric: expected a name of sklearn.metrics.pairwise, found \"%.*s\"",
                         MC_SHOW(metric));
    }
    return MC_OK;
}

typedef mc_status read_leaf(mc_lowering *to, const mc_value *kernel, size_t d, mc_process_node *out,
                            mc_error *err);

static const struct {
    const char *name;
    read_leaf *read;
} LEAVES[] = {{"RBF", rbf},
              {"Matern", matern},
              {"RationalQuadratic", rational},
              {"ExpSineSquared", periodic},
              {"DotProduct", dot_product},
              {"ConstantKernel", constant},
              {"WhiteKernel", white},
              {"PairwiseKernel", pairwise}};

/* ---------------------------------------------------------------------------------- tree ---- */

#define MODULE "sklearn.gaussian_process.kernels"

/* One node of the tree, and its operands: 0, 1 or 2. */
static mc_status read_node(mc_lowering *to, const mc_value *kernel, size_t d, mc_process_node *out,
                           const mc_value *operands[2], size_t *out_n, mc_error *err)
{
    char type[160];
    *out = (mc_process_node){.kind = MC_PROCESS_LEAF};
    *out_n = 0;
    for (size_t i = 0; i < MC_COUNT_OF(LEAVES); i++)
        if (mc_value_is_a(kernel, MODULE, LEAVES[i].name))
            return LEAVES[i].read(to, kernel, d, out, err);
    if (mc_value_is_a(kernel, MODULE, "Exponentiation")) {
        out->kind = MC_PROCESS_POWER;
        *out_n = 1;
        MC_TRY(mc_attr_number(kernel, "exponent", 1.0, &out->number, err));
        return mc_attr_need(kernel, "kernel", &operands[0], err);
    }
    out->kind = mc_value_is_a(kernel, MODULE, "Sum") ? MC_PROCESS_SUM : MC_PROCESS_PRODUCT;
    if (out->kind == MC_PROCESS_PRODUCT && !mc_value_is_a(kernel, MODULE, "Product")) {
        return mc_fail(err, MC_E_UNSUPPORTED, kernel == NULL ? MC_NO_OFFSET : kernel->offset,
                       "expected a kernel of " MODULE ", found %s: it is not run",
                       mc_value_type_name(kernel, type, sizeof type));
    }
    *out_n = 2;
    MC_TRY(mc_attr_need(kernel, "k1", &operands[0], err));
    return mc_attr_need(kernel, "k2", &operands[1], err);
}

/* Operators first and the last operand before the first, then turned round. */
mc_status mc_process_tree_read(mc_lowering *to, const mc_value *kernel, size_t d,
                               mc_process_tree *out, mc_error *err)
{
    const mc_value *left[MC_PROCESS_NODES + 2], *operands[2] = {NULL, NULL};
    size_t n_left = 0, n = 0, n_operands = 0;
    mc_process_node *at = NULL;
    MC_TRY(mc_arena_new(to->arena, mc_process_node, MC_PROCESS_NODES, &at, err));
    if (mc_value_is_none(kernel)) { /* what scikit-learn takes then: 1.0 * RBF(1.0) */
        at[0] = (mc_process_node){.kind = MC_PROCESS_LEAF, .sum = MC_PAIR_SQUARES};
        add_map(&at[0], MC_MAP_GAUSS, -0.5, 0.0);
        *out = (mc_process_tree){.at = at, .n = 1};
        return MC_OK;
    }
    left[n_left++] = kernel;
    while (n_left > 0) {
        if (n == MC_PROCESS_NODES || n_left > MC_PROCESS_NODES)
            return mc_fail(err, MC_E_LIMIT, MC_NO_OFFSET, "a kernel of more than %u parts",
                           MC_PROCESS_NODES);
        MC_TRY(read_node(to, left[--n_left], d, &at[n++], operands, &n_operands, err));
        for (size_t i = 0; i < n_operands; i++)
            left[n_left++] = operands[i];
    }
    for (size_t i = 0; i < n / 2; i++) {
        const mc_process_node kept = at[i];
        at[i] = at[n - 1 - i];
        at[n - 1 - i] = kept;
    }
    *out = (mc_process_tree){.at = at, .n = n};
    return MC_OK;
}
