/* process_kernel.c: kernels of Gaussian processes: trees of sums, products and powers over leaves.
 *
 * Oracle   sklearn/gaussian_process/kernels.py, scikit-learn 1.2 to 1.9.
 * Exact    Distances bit for bit (scipy's cdist sums from left to right), dot products within the
 *          bound of kernel/kernels.c; then the same functions, within 1 ulp of numpy's each; a
 *          general Matern kernel within kernel/gaussian.c's bound of scipy's kv.
 * HOW IT WORKS  The tree is written down with operands before operators, without recursion; then
 *          one walk over that list, with a stack, emits the steps of a row or of the diagonal. What
 *          is a number for all rows stays a number until it meets a row. */
#include <math.h>
#include <string.h>

#include "import/sklearn/kernel_rows.h"
#include "kernel/gaussian.h"
#include "kernel/process_covariance.h"

#define MOST_NODES 256u /* of one kernel */
#define MOST_MAPS  3u
#define PI         3.141592653589793

typedef enum node_kind {
    LEAF,     /* maps of a sum over the columns */
    CONSTANT, /* the same everywhere */
    NOISE,    /* on the diagonal only */
    SUM,
    PRODUCT,
    POWER
} node_kind;

typedef struct node {
    node_kind kind;
    double number; /* CONSTANT, NOISE, POWER */
    /* LEAF */
    mc_pair_sum sum;
    bool unit;            /* rows of length 1 */
    const double *scales; /* (d) that columns are divided by, or NULL */
    struct {
        mc_kernel_map which;
        double a, b;
    } maps[MOST_MAPS];
    size_t n_maps;
} node;

typedef struct node_list {
    node *at; /* arena; operands before operators */
    size_t n;
} node_list;

/* -------------------------------------------------------------------------------- leaves ---- */

static void add_map(node *leaf, mc_kernel_map which, double a, double b)
{
    MC_ASSERT(leaf->n_maps < MOST_MAPS);
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

static mc_status rbf(mc_lowering *to, const mc_value *kernel, size_t d, node *out, mc_error *err)
{
    out->sum = MC_PAIR_SQUARES;
    add_map(out, MC_MAP_GAUSS, -0.5, 0.0);
    return length_scales(to, kernel, d, &out->scales, err);
}

static mc_status matern(mc_lowering *to, const mc_value *kernel, size_t d, node *out, mc_error *err)
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
    else if (nu > 0.0 && nu <= 1000.0)
        add_map(out, MC_MAP_MATERN, nu, mc_matern_factor(nu));
    else
        return mc_refuse(err, kernel, "nu: expected above 0, at most 1000 or infinite, found %g",
                         nu);
    return length_scales(to, kernel, d, &out->scales, err);
}

static mc_status rational(mc_lowering *to, const mc_value *kernel, size_t d, node *out,
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

static mc_status periodic(mc_lowering *to, const mc_value *kernel, size_t d, node *out,
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

static mc_status dot_product(mc_lowering *to, const mc_value *kernel, size_t d, node *out,
                             mc_error *err)
{
    double sigma = 0.0;
    (void)to;
    (void)d;
    MC_TRY(mc_attr_number(kernel, "sigma_0", 1.0, &sigma, err));
    out->sum = MC_PAIR_DOT;
    add_map(out, MC_MAP_OFFSET, sigma * sigma, 0.0);
    return MC_OK;
}

static mc_status constant(mc_lowering *to, const mc_value *kernel, size_t d, node *out,
                          mc_error *err)
{
    (void)to;
    (void)d;
    out->kind = CONSTANT;
    return mc_attr_number(kernel, "constant_value", 1.0, &out->number, err);
}

static mc_status white(mc_lowering *to, const mc_value *kernel, size_t d, node *out, mc_error *err)
{
    (void)to;
    (void)d;
    out->kind = NOISE;
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

static mc_status bent_dot(const mc_value *kernel, double gamma, node *out, mc_error *err)
{
    double coef0 = 0.0;
    MC_TRY(metric_parameter(kernel, "coef0", 1.0, &coef0, err));
    out->sum = MC_PAIR_DOT;
    add_map(out, MC_MAP_SCALE, gamma, 0.0);
    add_map(out, MC_MAP_OFFSET, coef0, 0.0);
    return MC_OK;
}

static mc_status pairwise(mc_lowering *to, const mc_value *kernel, size_t d, node *out,
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

typedef mc_status read_leaf(mc_lowering *to, const mc_value *kernel, size_t d, node *out,
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
static mc_status read_node(mc_lowering *to, const mc_value *kernel, size_t d, node *out,
                           const mc_value *operands[2], size_t *out_n, mc_error *err)
{
    char type[160];
    *out = (node){.kind = LEAF};
    *out_n = 0;
    for (size_t i = 0; i < MC_COUNT_OF(LEAVES); i++)
        if (mc_value_is_a(kernel, MODULE, LEAVES[i].name))
            return LEAVES[i].read(to, kernel, d, out, err);
    if (mc_value_is_a(kernel, MODULE, "Exponentiation")) {
        out->kind = POWER;
        *out_n = 1;
        MC_TRY(mc_attr_number(kernel, "exponent", 1.0, &out->number, err));
        return mc_attr_need(kernel, "kernel", &operands[0], err);
    }
    out->kind = mc_value_is_a(kernel, MODULE, "Sum") ? SUM : PRODUCT;
    if (out->kind == PRODUCT && !mc_value_is_a(kernel, MODULE, "Product"))
        return mc_fail(err, MC_E_UNSUPPORTED, kernel == NULL ? MC_NO_OFFSET : kernel->offset,
                       "expected a kernel of " MODULE ", found %s: it is not run",
                       mc_value_type_name(kernel, type, sizeof type));
    *out_n = 2;
    MC_TRY(mc_attr_need(kernel, "k1", &operands[0], err));
    return mc_attr_need(kernel, "k2", &operands[1], err);
}

/* Operators first and the last operand before the first, then turned round. */
static mc_status read_tree(mc_lowering *to, const mc_value *kernel, size_t d, node_list *out,
                           mc_error *err)
{
    const mc_value *left[MOST_NODES + 2], *operands[2] = {NULL, NULL};
    size_t n_left = 0, n = 0, n_operands = 0;
    node *at = NULL;
    MC_TRY(mc_arena_new(to->arena, node, MOST_NODES, &at, err));
    left[n_left++] = kernel;
    while (n_left > 0) {
        if (n == MOST_NODES || n_left > MOST_NODES)
            return mc_fail(err, MC_E_LIMIT, MC_NO_OFFSET, "a kernel of more than %u parts",
                           MOST_NODES);
        MC_TRY(read_node(to, left[--n_left], d, &at[n++], operands, &n_operands, err));
        for (size_t i = 0; i < n_operands; i++)
            left[n_left++] = operands[i];
    }
    for (size_t i = 0; i < n / 2; i++) {
        const node kept = at[i];
        at[i] = at[n - 1 - i];
        at[n - 1 - i] = kept;
    }
    *out = (node_list){.at = at, .n = n};
    return MC_OK;
}

/* --------------------------------------------------------------------------- evaluation ---- */

/* A number for every row, or a symbol. */
typedef struct operand {
    bool is_number;
    double number;
    mc_sym sym;
} operand;

static double power_of(double x, double exponent)
{
    return mc_kernel_map_of(MC_MAP_POWER, x, exponent, 0.0);
}

/* a = a OP b */
static mc_status combine(mc_lowering *to, node_kind kind, operand *a, const operand *b,
                         mc_error *err)
{
    const bool sum = kind == SUM;
    if (a->is_number && b->is_number) {
        a->number = sum ? a->number + b->number : a->number * b->number;
        return MC_OK;
    }
    if (!a->is_number && !b->is_number) {
        const mc_sym both[] = {a->sym, b->sym};
        return sum ? mc_emit_sum(to, both, 2, NULL, 1.0, &a->sym, err)
                   : mc_emit_times(to, &a->sym, &b->sym, &a->sym, err);
    }
    const double number = a->is_number ? a->number : b->number;
    const mc_sym sym = a->is_number ? b->sym : a->sym;
    a->is_number = false;
    return mc_emit_kernel_map(to, &sym, sum ? MC_MAP_OFFSET : MC_MAP_SCALE, number, 0.0, &a->sym,
                              err);
}

static mc_status emit_maps(mc_lowering *to, const node *leaf, mc_sym *x, mc_error *err)
{
    for (size_t i = 0; i < leaf->n_maps; i++)
        MC_TRY(mc_emit_kernel_map(to, x, leaf->maps[i].which, leaf->maps[i].a, leaf->maps[i].b, x,
                                  err));
    return MC_OK;
}

/* x as the sum of a leaf takes it, and fitted rows likewise (NULL: none). */
static mc_status prepare(mc_lowering *to, const node *leaf, const mc_sym *x, mc_fitted_rows *fitted,
                         mc_sym *out, mc_error *err)
{
    double *rows = NULL;
    *out = *x;
    if (leaf->sum == MC_PAIR_CHI2)
        MC_TRY(mc_emit_check_least(to, x, 0.0, false, out, err));
    if (leaf->unit)
        MC_TRY(mc_emit_normalize(to, x, MC_NORM_L2, out, err));
    if (leaf->scales != NULL)
        MC_TRY(mc_emit_divide(to, x, leaf->scales, out, err));
    if (fitted == NULL || (!leaf->unit && leaf->scales == NULL))
        return MC_OK;
    MC_TRY(mc_arena_new(to->arena, double, fitted->n * fitted->d, &rows, err));
    if (leaf->unit)
        mc_normalize(fitted->rows, fitted->n, fitted->d, MC_NORM_L2, 10.0 * 0x1p-52, rows);
    for (size_t i = 0; leaf->scales != NULL && i < fitted->n * fitted->d; i++)
        rows[i] = fitted->rows[i] / leaf->scales[i % fitted->d];
    fitted->rows = rows;
    return MC_OK;
}

static mc_status leaf_of_rows(mc_lowering *to, const node *leaf, const mc_sym *x,
                              const mc_fitted_rows *fitted, mc_sym *out, mc_error *err)
{
    mc_fitted_rows rows = *fitted;
    mc_sym y;
    MC_TRY(prepare(to, leaf, x, &rows, &y, err));
    MC_TRY(mc_emit_pair_sums(to, &y, leaf->sum, &rows, out, err));
    return emit_maps(to, leaf, out, err);
}

/* Of a row with itself: a distance is 0 there, and a function of it 1. */
static mc_status leaf_of_diagonal(mc_lowering *to, const node *leaf, const mc_sym *x, operand *out,
                                  mc_error *err)
{
    mc_sym y;
    MC_TRY(prepare(to, leaf, x, NULL, &y, err));
    out->is_number = leaf->sum != MC_PAIR_DOT;
    out->number = leaf->n_maps > 0 ? 1.0 : 0.0;
    if (out->is_number)
        return MC_OK;
    MC_TRY(mc_emit_row_dot(to, &y, &y, &out->sym, err));
    return emit_maps(to, leaf, &out->sym, err);
}

/* `fitted` NULL: the diagonal. */
static mc_status evaluate_node(mc_lowering *to, const node *at, const mc_sym *x,
                               const mc_fitted_rows *fitted, operand *top, mc_error *err)
{
    switch (at->kind) {
    case LEAF:
        *top = (operand){.is_number = false};
        return fitted == NULL ? leaf_of_diagonal(to, at, x, top, err)
                              : leaf_of_rows(to, at, x, fitted, &top->sym, err);
    case CONSTANT:
    case NOISE:
        *top = (operand){.is_number = true, .number = at->number};
        if (at->kind == NOISE && fitted != NULL)
            top->number = 0.0;
        return MC_OK;
    case SUM:
    case PRODUCT:
        return combine(to, at->kind, top - 2, top - 1, err);
    case POWER:
        break;
    }
    operand *of = top - 1;
    if (!of->is_number)
        return mc_emit_kernel_map(to, &of->sym, MC_MAP_POWER, at->number, 0.0, &of->sym, err);
    of->number = power_of(of->number, at->number);
    return MC_OK;
}

/* The value of the whole list, `width` columns. */
static mc_status evaluate(mc_lowering *to, const mc_value *kernel, const mc_sym *x,
                          const mc_fitted_rows *fitted, mc_sym *out, mc_error *err)
{
    node_list list;
    operand *stack = NULL;
    double *row = NULL;
    size_t n = 0;
    const size_t width = fitted == NULL ? 1 : fitted->n;
    MC_TRY(read_tree(to, kernel, x->n_cols, &list, err));
    MC_TRY(mc_arena_new(to->arena, operand, list.n + 1, &stack, err));
    for (size_t i = 0; i < list.n; i++) {
        MC_TRY(evaluate_node(to, &list.at[i], x, fitted, stack + n, err));
        const node_kind kind = list.at[i].kind;
        n = kind == SUM || kind == PRODUCT ? n - 1 : kind == POWER ? n : n + 1;
    }
    MC_ASSERT(n == 1);
    if (!stack[0].is_number) {
        *out = stack[0].sym;
        return MC_OK;
    }
    MC_TRY(mc_arena_new(to->arena, double, width, &row, err));
    for (size_t j = 0; j < width; j++)
        row[j] = stack[0].number;
    return mc_emit_constant(to, row, width, out, err);
}

mc_status mc_emit_process_kernel(mc_lowering *to, const mc_value *kernel, const mc_sym *x,
                                 const mc_fitted_rows *fitted, mc_sym *out, mc_error *err)
{
    return evaluate(to, kernel, x, fitted, out, err);
}

mc_status mc_emit_process_diagonal(mc_lowering *to, const mc_value *kernel, const mc_sym *x,
                                   mc_sym *out, mc_error *err)
{
    return evaluate(to, kernel, x, NULL, out, err);
}

/* --------------------------------------------------------------------------- covariance ---- */

/* The kernel as a program over pairs of rows (kernel/process_covariance.h). */
typedef struct pair_program {
    uint32_t *ops;     /* arena */
    double *numbers;   /* arena */
    uint32_t *sources; /* arena: buffers */
    size_t n_ops, n_sources;
} pair_program;

static void add_op(pair_program *p, mc_covariance_kind kind, uint32_t which, uint32_t source,
                   double a, double b)
{
    const uint32_t op[MC_COVARIANCE_FIELDS] = {kind, which, source};
    const double numbers[MC_COVARIANCE_NUMBERS] = {a, b};
    memcpy(p->ops + p->n_ops * MC_COVARIANCE_FIELDS, op, sizeof op);
    memcpy(p->numbers + p->n_ops * MC_COVARIANCE_NUMBERS, numbers, sizeof numbers);
    p->n_ops++;
}

static mc_status add_leaf(mc_lowering *to, const node *leaf, const mc_sym *x, pair_program *p,
                          mc_error *err)
{
    mc_sym y;
    uint32_t source = 1;
    MC_TRY(prepare(to, leaf, x, NULL, &y, err));
    while (source < p->n_sources && p->sources[source] != y.buffer)
        source++;
    if (source == MC_COVARIANCE_SOURCES)
        return mc_fail(err, MC_E_LIMIT, MC_NO_OFFSET, "a kernel of more than %u scales of rows",
                       MC_COVARIANCE_SOURCES - 1);
    p->sources[source] = y.buffer;
    p->n_sources += source == p->n_sources;
    add_op(p, MC_COVARIANCE_SUM_OF, leaf->sum, source, 0.0, 0.0);
    for (size_t i = 0; i < leaf->n_maps; i++)
        add_op(p, MC_COVARIANCE_MAP, leaf->maps[i].which, 0, leaf->maps[i].a, leaf->maps[i].b);
    return MC_OK;
}

static mc_status add_node(mc_lowering *to, const node *at, const mc_sym *x, pair_program *p,
                          mc_error *err)
{
    switch (at->kind) {
    case LEAF:
        return add_leaf(to, at, x, p, err);
    case CONSTANT:
        add_op(p, MC_COVARIANCE_NUMBER, 0, 0, at->number, 0.0);
        break;
    case NOISE:
        add_op(p, MC_COVARIANCE_NOISE, 0, 0, at->number, 0.0);
        break;
    case SUM:
        add_op(p, MC_COVARIANCE_PLUS, 0, 0, 0.0, 0.0);
        break;
    case PRODUCT:
        add_op(p, MC_COVARIANCE_TIMES, 0, 0, 0.0, 0.0);
        break;
    case POWER:
        add_op(p, MC_COVARIANCE_MAP, MC_MAP_POWER, 0, at->number, 0.0);
        break;
    }
    return MC_OK;
}

static mc_status read_program(mc_lowering *to, const mc_value *kernel, const mc_sym *x,
                              pair_program *p, mc_error *err)
{
    node_list list;
    size_t depth = 0;
    MC_TRY(read_tree(to, kernel, x->n_cols, &list, err));
    const size_t room = list.n * (MOST_MAPS + 1);
    MC_TRY(mc_arena_new(to->arena, uint32_t, room * MC_COVARIANCE_FIELDS, &p->ops, err));
    MC_TRY(mc_arena_new(to->arena, double, room *MC_COVARIANCE_NUMBERS, &p->numbers, err));
    for (size_t i = 0; i < list.n; i++) {
        const node_kind kind = list.at[i].kind;
        MC_TRY(add_node(to, &list.at[i], x, p, err));
        depth = kind == SUM || kind == PRODUCT ? depth - 1 : kind == POWER ? depth : depth + 1;
        if (depth > MC_COVARIANCE_DEPTH)
            return mc_fail(err, MC_E_LIMIT, MC_NO_OFFSET, "a kernel of more than %u open operands",
                           MC_COVARIANCE_DEPTH);
    }
    return MC_OK;
}

mc_status mc_emit_process_covariance(mc_lowering *to, const mc_value *kernel, const mc_sym *x,
                                     const mc_sym *explained, const double *scales, size_t n_deep,
                                     mc_sym *out, mc_error *err)
{
    mc_step step = MC_STEP_INIT(COVARIANCE);
    pair_program p = {.n_sources = 1};
    uint32_t buffer = 0;
    MC_TRY(mc_arena_new(to->arena, uint32_t, MC_COVARIANCE_SOURCES, &p.sources, err));
    p.sources[0] = explained->buffer;
    MC_TRY(read_program(to, kernel, x, &p, err));
    MC_TRY(mc_build_u32(to->b, p.sources, p.n_sources, &step.array[0], err));
    MC_TRY(mc_build_array(to->b, MC_ARRAY_U32, p.ops, p.n_ops, MC_COVARIANCE_FIELDS, &step.array[1],
                          err));
    MC_TRY(mc_build_f64(to->b, p.numbers, p.n_ops, MC_COVARIANCE_NUMBERS, &step.array[2], err));
    MC_TRY(mc_build_f64(to->b, scales, 1, n_deep, &step.array[3], err));
    MC_TRY(mc_build_step(to->b, step, n_deep, &buffer, err));
    *out = (mc_sym){.kind = MC_SYM_NUMBERS, .buffer = buffer, .n_cols = n_deep};
    return MC_OK;
}
