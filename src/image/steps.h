/* steps.h: what steps.def declares: ops, their buffer types, and how they are run and checked. */
#ifndef MC_IMAGE_STEPS_H
#define MC_IMAGE_STEPS_H
#include "image/view.h"
#include "image/workspace.h"
#include "kernel/sparse_rows.h"

/* Only in steps.def: sources listed in array 0. */
#define MC_BUFFER_MANY_F64  (MC_BUFFER_F64 | MC_STEP_MANY)
#define MC_BUFFER_MANY_CELL (MC_BUFFER_CELL | MC_STEP_MANY)
#define MC_BUFFER_MANY_CSR  (MC_BUFFER_CSR | MC_STEP_MANY)
#define MC_STEP_MANY        0x100u
/* Only in steps.def: the second source may be absent. */
#define MC_BUFFER_MAYBE_F64 (MC_BUFFER_F64 | MC_STEP_MAYBE)
#define MC_STEP_MAYBE       0x200u

typedef enum mc_op {
#define STEP(NAME, name, src, src2, dst, text) MC_OP_##NAME,
#include "image/steps.def"
#undef STEP
    MC_N_OPS
} mc_op;

/* Flags shared by several steps; each is explained in steps.def. */
#define MC_STEP_ALLOW_NAN      1u
#define MC_STEP_ALLOW_INFINITY 2u
#define MC_STEP_DENSE_ROWS     4u
#define MC_STEP_DENSE_WIDTH    8u
#define MC_STEP_NAN_GOES_RIGHT 16u
#define MC_STEP_NO_INTEGERS    16u
#define MC_STEP_IF_CAME_SPARSE 32u
#define MC_STEP_MISSING_NAN    1u
#define MC_STEP_OR_EQUAL       1u
#define MC_STEP_ONE_ANSWER     1u
#define MC_STEP_SCALED         1u
#define MC_STEP_FLOAT32        1u
#define MC_STEP_INTROSORT      1u
#define MC_STEP_ADMITS_EQUAL   2u
#define MC_STEP_MEASURES_WHOLE 4u
#define MC_STEP_AS_DISTANCES   1u
#define MC_STEP_NOT_ALL_ZERO   1u
#define MC_STEP_ELSE_NAN       2u
#define MC_STEP_POSITIVE       1u
#define MC_STEP_KEEP_ABSENT    1u
#define MC_STEP_ALL_ABSENT     2u
#define MC_STEP_NAN_ABSENT     4u
#define MC_STEP_REFUSE_ZEROS   1u
#define MC_STEP_ZEROS_LAST     2u
#define MC_STEP_FROM_END       1u
#define MC_STEP_WHOLE          2u
#define MC_STEP_FLOAT32        1u
#define MC_STEP_REFUSE_OUTSIDE 2u
#define MC_STEP_FLOORS         1u
#define MC_STEP_POSITIVE_CODE  1u
#define MC_STEP_LASSO          1u
#define MC_STEP_POSITIVE_PATH  2u
#define MC_STEP_BREADTH_FIRST  1u
#define MC_STEP_BALL_TREE      2u
#define MC_STEP_WEIGHTED       4u
#define MC_STEP_BY_DISTANCE    1u
#define MC_STEP_SKIPS_UNKNOWN  2u
#define MC_STEP_BINARY         1u
#define MC_STEP_ALTERNATE_SIGN 2u
#define MC_STEP_SUBLINEAR      1u
#define MC_STEP_DESCENDING     2u
#define MC_STEP_HELD32         8u
#define MC_STEP_HELD_AS_ROWS   16u
#define MC_STEP_TENTH          1u
#define MC_STEP_NORM_AS_ROWS   1u
#define MC_STEP_INTERACTIONS   1u
#define MC_STEP_CUT_AS_ROWS    1u
#define MC_STEP_CUT_WHOLE      2u
#define MC_STEP_CUT_TRUTHS     4u
#define MC_STEP_CUT_COUNTS     8u
#define MC_STEP_CUT_HALF       16u
#define MC_STEP_CUTS_NEGATIVES 1u
#define MC_STEP_BEFORE_1_8     2u
#define MC_STEP_ENDS_AS_ROWS   4u
#define MC_STEP_NAN_RIGHT      1u
#define MC_STEP_ALIAS          0x8000u /* GATHER of the whole input: dst is src */

/* What ROW_SCAN makes of a row. */
typedef enum mc_scan {
    MC_SCAN_SUM,
    MC_SCAN_PRODUCT,
    MC_SCAN_SORTED,
    MC_SCAN_DIFFERENCE, /* one column less */
    MC_SCAN_MIN_MAX,    /* sklearn.preprocessing.minmax_scale */
    MC_SCAN_MAX_ABS,    /* maxabs_scale */
    MC_SCAN_SCALED,     /* scale */
    MC_SCAN_Z,          /* scipy.stats.zscore */
    MC_N_SCANS
} mc_scan;

/* What SPLINE does beyond the range of training. */
typedef enum mc_spline_mode {
    MC_SPLINE_CONSTANT,
    MC_SPLINE_LINEAR,
    MC_SPLINE_CONTINUE,
    MC_SPLINE_REFUSES,
    MC_SPLINE_PERIODIC,
    MC_N_SPLINE_MODES
} mc_spline_mode;

/* The rows of a model of any width: (n_rows of the batch, width). */
typedef struct mc_open_rows {
    const double *rows; /* NULL: the model has a width */
    size_t width;
    /* (n_rows of the batch) NULL: `rows` are whole. Else a row is the values of these, and zeros
     * behind them: what the model answers to a zero is a zero. */
    const mc_sparse_row *entries;
    size_t n_columns; /* of whole rows */
} mc_open_rows;

/* What a step computes on: one block of rows of one batch. *Owned* by the predicting thread. */
typedef struct mc_run {
    const mc_view *view;
    size_t n_rows;         /* of this block */
    size_t first_row;      /* of this block in the batch, for messages */
    bool came_sparse;      /* as a sparse matrix, whose zeros are absent */
    bool came_as_integers; /* all of the batch, in an array of integers */
    bool came_as_truths;   /* all of the batch, in an array of true and false */
    void **buffers;        /* (n_buffers): (n_rows, width) each; steps may redirect their own dst */
    mc_workspace *workspace;            /* for mc_run_room() */
    const struct mc_patterns *patterns; /* of the image; NULL if it has none */
    mc_open_rows open;
} mc_run;

typedef mc_status mc_step_run(const mc_run *run, const mc_step *step, mc_error *err);
/* Proves I7 for one step; buffers' existence and types are proved already. */
typedef mc_status mc_step_check(const mc_view *view, const mc_step *step, mc_error *err);

typedef struct mc_op_info {
    const char *name;
    uint32_t src, src2, dst; /* mc_buffer_type, `src` perhaps with MC_STEP_MANY */
    mc_step_run *run;
    mc_step_check *check;
} mc_op_info;

extern const mc_op_info MC_OPS[MC_N_OPS];

#define STEP(NAME, name, src, src2, dst, text) \
    mc_step_run mc_run_##name;                 \
    mc_step_check mc_check_##name;
#include "image/steps.def"
#undef STEP

/* -- helpers for run_* */
static inline const double *mc_run_f64(const mc_run *run, uint32_t buffer)
{
    return run->buffers[buffer];
}
static inline double *mc_run_dst(const mc_run *run, const mc_step *step)
{
    return run->buffers[step->dst];
}
/* Norms below it count as 1: of NORMALIZE, where scikit-learn has none for sparse rows. */
static inline double mc_run_least_norm(const mc_run *run, const mc_step *step)
{
    return (step->flags & MC_STEP_NORM_AS_ROWS) && run->came_sparse ? 0.0 : step->value[0];
}
static inline size_t mc_run_width(const mc_run *run, uint32_t buffer)
{
    return run->view->buffers[buffer].width;
}

/* Column of the request at place `at` of row `row` of the batch, for messages. */
static inline size_t mc_run_column(const mc_run *run, size_t row, size_t at)
{
    return run->open.entries == NULL ? at : run->open.entries[row].at[at];
}

/* -- sparse rows: a CSR buffer is (n_rows) mc_sparse_row; what they point to is made in the block's
 * heap, which takes it all back when the block ends. Pointers stay valid until then. */
static inline const mc_sparse_row *mc_run_rows(const mc_run *run, uint32_t buffer)
{
    return run->buffers[buffer];
}
static inline mc_sparse_row *mc_run_dst_rows(const mc_run *run, const mc_step *step)
{
    return run->buffers[step->dst];
}
/* `size` bytes of the block's heap, 16-byte aligned, for rows or for scratch. MC_E_BUSY at the
 * workspace's limit; no allocation once it has grown. */
MC_MUST_CHECK mc_status mc_run_room(const mc_run *run, size_t size, void **out, mc_error *err);
/* `status`, and where it refuses the input of a row of this block without saying which: that one.
 */
MC_MUST_CHECK mc_status mc_run_at_row(const mc_run *run, size_t row, mc_status status,
                                      mc_error *err);
/* (n) cells for a list or a dict of the answer: they stay as long as the answer does. */
MC_MUST_CHECK mc_status mc_run_items(const mc_run *run, size_t n, mc_cell **out, mc_error *err);
/* Numbers that may be narrow, all as doubles: for arrays that are small beside others. */
MC_MUST_CHECK mc_status mc_run_numbers(const mc_run *run, const mc_step *step, size_t at,
                                       const double **out, mc_error *err);
/* Room for the columns and the values of `n` entries. */
MC_MUST_CHECK mc_status mc_run_entries(const mc_run *run, size_t n, uint32_t **out_at,
                                       double **out_values, mc_error *err);

/* A row whose entries come in any order and number: added one by one, then sorted, and those of the
 * same column added up. */
typedef struct mc_row_maker {
    const mc_run *run; /* borrowed */
    uint32_t *at;
    double *values;
    size_t n, room;
} mc_row_maker;
MC_MUST_CHECK mc_status mc_row_begin(const mc_run *run, mc_row_maker *out, mc_error *err);
MC_MUST_CHECK mc_status mc_row_grow(mc_row_maker *maker, mc_error *err);
MC_MUST_CHECK mc_status mc_row_end(mc_row_maker *maker, mc_sparse_row *out, mc_error *err);
/* `column` must be below the width of the buffer: the caller's check has proved it. */
MC_MUST_CHECK static inline mc_status mc_row_add(mc_row_maker *maker, uint32_t column, double value,
                                                 mc_error *err)
{
    if (maker->n == maker->room)
        MC_TRY(mc_row_grow(maker, err));
    maker->at[maker->n] = column;
    maker->values[maker->n++] = value;
    return MC_OK;
}

/* -- helpers for check_*: each fails with a message naming the step and what is wrong */
/* Array `at` of the step exists, has `type` and n_rows x n_cols items; SIZE_MAX: any count. */
MC_MUST_CHECK mc_status mc_check_array(const mc_view *view, const mc_step *step, size_t at,
                                       mc_array_type type, size_t n_rows, size_t n_cols,
                                       mc_error *err);
/* The same for numbers: F64, or narrow (I12). Only steps that quantize.def names ask. */
MC_MUST_CHECK mc_status mc_check_numbers(const mc_view *view, const mc_step *step, size_t at,
                                         size_t n_rows, size_t n_cols, mc_error *err);
/* Every item of U32 array `at` is below `limit`. */
MC_MUST_CHECK mc_status mc_check_below(const mc_view *view, const mc_step *step, size_t at,
                                       uint32_t limit, mc_error *err);
/* `ok`, or MC_E_MALFORMED naming the step and `what`. */
MC_MUST_CHECK mc_status mc_check_that(const mc_view *view, const mc_step *step, bool ok,
                                      const char *what, mc_error *err);
/* Arrays `at` and `at` + 1 are a token table and its bytes; how many tokens. */
MC_MUST_CHECK mc_status mc_check_token_table(const mc_view *view, const mc_step *step, size_t at,
                                             uint32_t *out_n, mc_error *err);
/* One more than the largest label that the writer of an I32 buffer can write. */
size_t mc_label_bound(const mc_view *view, uint32_t buffer);
static inline size_t mc_check_width(const mc_view *view, uint32_t buffer)
{
    return view->buffers[buffer].width;
}

/* Checks that src is as wide as dst. */
static inline mc_status mc_check_same_width(const mc_view *view, const mc_step *step, mc_error *err)
{
    return mc_check_that(view, step,
                         mc_check_width(view, step->src) == mc_check_width(view, step->dst),
                         "source and destination differ in width", err);
}
static inline size_t mc_array_rows(const mc_view *view, const mc_step *step, size_t at)
{
    return view->arrays[step->array[at]].n_rows;
}
static inline size_t mc_array_cols(const mc_view *view, const mc_step *step, size_t at)
{
    return view->arrays[step->array[at]].n_cols;
}
#endif
