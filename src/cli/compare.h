/* compare.h: the same rows asked of two models, and how their answers differ. */
#ifndef MC_CLI_COMPARE_H
#define MC_CLI_COMPARE_H
#include "base/base.h"

/* What one method answers. */
typedef struct mc_difference {
    mc_method method;
    double most, sum; /* of |before - after| of all numbers; infinite where only one is a number */
    size_t n_numbers;
    size_t n_changed, n_labels; /* labels, whole numbers and truth values */
} mc_difference;

/* ns a call; 0: not measured */
typedef struct mc_speed {
    size_t n_rows;
    double before_ns, after_ns;
} mc_speed;

typedef struct mc_comparison {
    size_t n_rows;
    size_t n_methods;
    mc_difference methods[MC_N_METHODS];
    mc_speed speeds[2]; /* of one row, and of up to 1,000 */
} mc_comparison;

/* Reads the CSV file `path` as a request's body would be, and asks both models all their methods.
 * @return MC_OK; MC_E_IO; what mc_decode_feed() and mc_model_predict() return. */
MC_MUST_CHECK mc_status mc_compare(const mc_model *before, const mc_model *after, const char *path,
                                   mc_comparison *out, mc_error *err);

/* The largest change of a number, and in *out_n, of how many. Not of predict_log_proba, where the
 * logarithm of a probability near 0 says nothing: those are predict_proba's; and not of graphs. */
double mc_comparison_most(const mc_comparison *comparison, size_t *out_n);
#endif
