/* process_tree.h: a kernel of Gaussian processes, written down with operands before operators.
 * Private to process_kernel.c and process_tree.c. */
#ifndef MC_SKLEARN_PROCESS_TREE_H
#define MC_SKLEARN_PROCESS_TREE_H
#include "import/sklearn/kernel_rows.h"

#define MC_PROCESS_NODES 256u /* of one kernel, at most */
#define MC_PROCESS_MAPS  3u

typedef enum mc_process_kind {
    MC_PROCESS_LEAF,     /* maps of a sum over the columns */
    MC_PROCESS_CONSTANT, /* the same everywhere */
    MC_PROCESS_NOISE,    /* on the diagonal only */
    MC_PROCESS_SUM,
    MC_PROCESS_PRODUCT,
    MC_PROCESS_POWER
} mc_process_kind;

typedef struct mc_process_node {
    mc_process_kind kind;
    double number; /* CONSTANT, NOISE, POWER */
    /* LEAF */
    mc_pair_sum sum;
    bool of_truths;       /* DotProduct: its diagonal of truth values is one */
    bool unit;            /* rows of length 1 */
    const double *scales; /* (d) that columns are divided by, or NULL */
    struct {
        mc_kernel_map which;
        double a, b;
    } maps[MC_PROCESS_MAPS];
    size_t n_maps;
} mc_process_node;

typedef struct mc_process_tree {
    mc_process_node *at; /* arena; operands before operators */
    size_t n;
} mc_process_tree;

/* The kernel of an estimator for rows of d columns; none is that of a regressor without.
 * MC_E_UNSUPPORTED names what is not of sklearn.gaussian_process.kernels. */
MC_MUST_CHECK mc_status mc_process_tree_read(mc_lowering *to, const mc_value *kernel, size_t d,
                                             mc_process_tree *out, mc_error *err);
#endif
