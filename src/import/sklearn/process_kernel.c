/* process_kernel.c: kernels of Gaussian processes: trees of sums, products and powers over leaves.
 *
 * Oracle   sklearn/gaussian_process/kernels.py, scikit-learn 1.2 to 1.9.
 * Exact    Distances bit for bit (scipy's cdist sums from left to right), dot products within the
 *          bound of kernel/kernels.c; then the same functions, within 1 ulp of numpy's each; a
 *          general Matern kernel within kernel/gaussian.c's bound of scipy's kv.
 * HOW IT WORKS  The tree is written down with operands before operators, without recursion; then
 *          one walk over that list, with a stack, emits the steps of a row or of the diagonal. What
 *          is a number for all rows stays a number until it meets a row. */
#include <string.h>

#include "import/sklearn/process_tree.h"
#include "kernel/process_covariance.h"

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
static mc_status combine(mc_lowering *to, mc_process_kind kind, operand *a, const operand *b,
                         mc_error *err)
{
    const bool sum = kind == MC_PROCESS_SUM;
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

static mc_status emit_maps(mc_lowering *to, const mc_process_node *leaf, mc_sym *x, mc_error *err)
{
    for (size_t i = 0; i < leaf->n_maps; i++)
        MC_TRY(mc_emit_kernel_map(to, x, leaf->maps[i].which, leaf->maps[i].a, leaf->maps[i].b, x,
                                  err));
    return MC_OK;
}

/* x as the sum of a leaf takes it, and fitted rows likewise (NULL: none). */
static mc_status prepare(mc_lowering *to, const mc_process_node *leaf, const mc_sym *x,
                         mc_fitted_rows *fitted, mc_sym *out, mc_error *err)
{
    double *rows = NULL;
    *out = *x;
    if (leaf->sum == MC_PAIR_CHI2)
        MC_TRY(mc_emit_check_least(to, x, 0.0, false, out, err));
    if (leaf->unit)
        MC_TRY(mc_emit_normalize(to, x, MC_NORM_L2, out, err));
    if (leaf->scales != NULL)
        MC_TRY(to->any_width ? mc_emit_unary(to, x, MC_UNARY_OVER, leaf->scales[0], 0.0, out, err)
                             : mc_emit_divide(to, x, leaf->scales, out, err));
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

static mc_status leaf_of_rows(mc_lowering *to, const mc_process_node *leaf, const mc_sym *x,
                              const mc_fitted_rows *fitted, mc_sym *out, mc_error *err)
{
    mc_fitted_rows rows = *fitted;
    mc_sym y;
    MC_TRY(prepare(to, leaf, x, &rows, &y, err));
    MC_TRY(mc_emit_pair_sums(to, &y, leaf->sum, &rows, out, err));
    return emit_maps(to, leaf, out, err);
}

/* Of a row with itself: a distance is 0 there, and a function of it 1. */
static mc_status leaf_of_diagonal(mc_lowering *to, const mc_process_node *leaf, const mc_sym *x,
                                  operand *out, mc_error *err)
{
    mc_sym y;
    MC_TRY(prepare(to, leaf, x, NULL, &y, err));
    out->is_number = leaf->sum != MC_PAIR_DOT;
    out->number = leaf->n_maps > 0 ? 1.0 : 0.0;
    if (out->is_number)
        return MC_OK;
    y.type_as_input = leaf->of_truths ? x->type_as_input : 0;
    MC_TRY(mc_emit_row_square(to, &y, &out->sym, err));
    return emit_maps(to, leaf, &out->sym, err);
}

/* `fitted` NULL: the diagonal. */
static mc_status evaluate_node(mc_lowering *to, const mc_process_node *at, const mc_sym *x,
                               const mc_fitted_rows *fitted, operand *top, mc_error *err)
{
    switch (at->kind) {
    case MC_PROCESS_LEAF:
        *top = (operand){.is_number = false};
        return fitted == NULL ? leaf_of_diagonal(to, at, x, top, err)
                              : leaf_of_rows(to, at, x, fitted, &top->sym, err);
    case MC_PROCESS_CONSTANT:
    case MC_PROCESS_NOISE:
        *top = (operand){.is_number = true, .number = at->number};
        if (at->kind == MC_PROCESS_NOISE && fitted != NULL)
            top->number = 0.0;
        return MC_OK;
    case MC_PROCESS_SUM:
    case MC_PROCESS_PRODUCT:
        return combine(to, at->kind, top - 2, top - 1, err);
    case MC_PROCESS_POWER:
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
    mc_process_tree list;
    operand *stack = NULL;
    double *row = NULL;
    size_t n = 0;
    const size_t width = fitted == NULL ? 1 : fitted->n;
    MC_TRY(mc_process_tree_read(to, kernel, x->n_cols, &list, err));
    MC_TRY(mc_arena_new(to->arena, operand, list.n + 1, &stack, err));
    for (size_t i = 0; i < list.n; i++) {
        MC_TRY(evaluate_node(to, &list.at[i], x, fitted, stack + n, err));
        const mc_process_kind kind = list.at[i].kind;
        n = kind == MC_PROCESS_SUM || kind == MC_PROCESS_PRODUCT ? n - 1
            : kind == MC_PROCESS_POWER                           ? n
                                                                 : n + 1;
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

static mc_status add_leaf(mc_lowering *to, const mc_process_node *leaf, const mc_sym *x,
                          pair_program *p, mc_error *err)
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

static mc_status add_node(mc_lowering *to, const mc_process_node *at, const mc_sym *x,
                          pair_program *p, mc_error *err)
{
    switch (at->kind) {
    case MC_PROCESS_LEAF:
        return add_leaf(to, at, x, p, err);
    case MC_PROCESS_CONSTANT:
        add_op(p, MC_COVARIANCE_NUMBER, 0, 0, at->number, 0.0);
        break;
    case MC_PROCESS_NOISE:
        add_op(p, MC_COVARIANCE_NOISE, 0, 0, at->number, 0.0);
        break;
    case MC_PROCESS_SUM:
        add_op(p, MC_COVARIANCE_PLUS, 0, 0, 0.0, 0.0);
        break;
    case MC_PROCESS_PRODUCT:
        add_op(p, MC_COVARIANCE_TIMES, 0, 0, 0.0, 0.0);
        break;
    case MC_PROCESS_POWER:
        add_op(p, MC_COVARIANCE_MAP, MC_MAP_POWER, 0, at->number, 0.0);
        break;
    }
    return MC_OK;
}

static mc_status read_program(mc_lowering *to, const mc_value *kernel, const mc_sym *x,
                              pair_program *p, mc_error *err)
{
    mc_process_tree list;
    size_t depth = 0;
    MC_TRY(mc_process_tree_read(to, kernel, x->n_cols, &list, err));
    const size_t room = list.n * (MC_PROCESS_MAPS + 1);
    MC_TRY(mc_arena_new(to->arena, uint32_t, room * MC_COVARIANCE_FIELDS, &p->ops, err));
    MC_TRY(mc_arena_new(to->arena, double, room *MC_COVARIANCE_NUMBERS, &p->numbers, err));
    for (size_t i = 0; i < list.n; i++) {
        const mc_process_kind kind = list.at[i].kind;
        MC_TRY(add_node(to, &list.at[i], x, p, err));
        depth = kind == MC_PROCESS_SUM || kind == MC_PROCESS_PRODUCT ? depth - 1
                : kind == MC_PROCESS_POWER                           ? depth
                                                                     : depth + 1;
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
