/* tree_density.h: kernel density estimates over a tree. */
#ifndef MC_KERNEL_TREE_DENSITY_H
#define MC_KERNEL_TREE_DENSITY_H
#include "kernel/neighbors.h"

typedef enum mc_density_kernel {
    MC_DENSITY_GAUSSIAN,
    MC_DENSITY_TOPHAT,
    MC_DENSITY_EPANECHNIKOV,
    MC_DENSITY_EXPONENTIAL,
    MC_DENSITY_LINEAR,
    MC_DENSITY_COSINE,
    MC_N_DENSITY_KERNELS
} mc_density_kernel;

/* `tree` has a tree (N1, N2 of neighbors.h). Everything is borrowed. */
typedef struct mc_density {
    mc_training tree;
    mc_density_kernel kernel;
    bool breadth_first;
    double width;               /* of the kernel: h */
    double log_atol, log_rtol;  /* how far from the sum the walk may stop; -inf: not at all */
    double log_norm, log_total; /* logarithms of the kernel's norm and of all weights */
    double log_count;           /* what the answer is divided by, as a logarithm */
    const double *node_weights; /* (n_nodes) sum of the weights of a node's rows */
    const double *log_weights;  /* (n) by the names of the rows, or NULL: all weigh 1 */
} mc_density;

/* Doubles of scratch that a row needs. */
static inline size_t mc_density_scratch(size_t n_nodes)
{
    return 4 * n_nodes;
}

/* Logarithm of the norm that makes a kernel of width h in d dimensions a density. */
double mc_density_log_norm(mc_density_kernel kernel, double width, size_t n_dimensions);

/* out (n_rows, 1 + mc_density_scratch()): column 0 is the logarithm of the density at each row of
 * x (n_rows, d), the others are scratch. */
void mc_density_log(const mc_density *by, const double *x, size_t n_rows, double *out);
#endif
