/* image_cases.h: images that the tests of the image room share. */
#ifndef MC_TEST_IMAGE_CASES_H
#define MC_TEST_IMAGE_CASES_H
#include "image/builder.h"

/* What a build has come to: the first failure stays, and what follows it does nothing. */
typedef struct making {
    mc_builder *b;
    mc_status status;
    mc_error err;
} making;

void making_start(making *m); /* status may be MC_E_NO_MEMORY at once */
void making_end(making *m);

/* Each returns the id of what was added, 0 after a failure. */
uint32_t make_f64(making *m, size_t n_rows, size_t n_cols, const double *items);
uint32_t make_u32(making *m, size_t n, const uint32_t *items);
uint32_t make_array(making *m, mc_array_type type, const void *items, size_t n_rows, size_t n_cols);
uint32_t make_cells(making *m, size_t n, const mc_cell *cells);
uint32_t make_gather(making *m, size_t n, const uint32_t *columns, bool as_cells);
uint32_t make_step(making *m, mc_step step, size_t width);
/* A step that reads one buffer and at most one array (MC_NONE: none). */
uint32_t make_simple(making *m, mc_op op, uint32_t src, uint32_t array, size_t width);
void make_method(making *m, mc_method method, const mc_build_part *parts, size_t n);
/* A step without sources and arrays. */
mc_step step_of(mc_op op);

/* StandardScaler and a linear classifier over 3 named columns, 3 texts as classes: predict and
 * decision_function. */
void make_classifier(making *m);
/* As make_classifier(), with inverse_transform: two columns and a class table of its own. */
void make_both_ways(making *m);
/* Every op of steps.def at least once. Columns 0 to 3 are numbers, 4 and 5 cells. transform: all
 * float64 results side by side; predict: labels; apply: cells; predict_std: four parts;
 * predict_cov: see make_covariance(). */
void make_everything(making *m);
#define EVERYTHING_COLUMNS 6
#define EVERYTHING_NUMBERS 4

/* Float64 results of all groups of make_everything(), to be put side by side at the end. */
typedef struct results {
    uint32_t at[512];
    size_t n;
} results;
uint32_t keep(results *r, uint32_t buffer);

/* Adds every op of one group, in image_cases_<group>.c, and keeps what it computes. `x` is
 * (n_rows, EVERYTHING_NUMBERS) of finite numbers. */
typedef void make_group_fn(making *m, results *r, uint32_t x);

typedef void make_image_fn(making *m);
/* Builds and finishes, or fails with m->status. */
mc_status image_make(make_image_fn *make, mc_image *out, mc_error *err);
#endif
