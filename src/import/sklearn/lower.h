/* lower.h: graph of a fitted scikit-learn object -> steps of a program.
 *
 * HOW IT WORKS  Lowering evaluates the estimator once, on a symbol instead of a matrix: mc_sym
 *               says which buffer will hold it, how wide it is, of which kind. A lower function
 *               is asked for one method of one object applied to one symbol; it reads
 *               attributes, emits steps and answers with symbols. Meta-estimators call
 *               mc_lower() on what they hold. Equal steps are one, so methods that share a
 *               prefix share its steps.
 * Limits        MC_LIMIT_ESTIMATOR_DEPTH estimators in each other, MC_LIMIT_LOWERED in all: a
 *               graph that refers to itself is refused, a shared one costs no more than its
 *               bytes allow.
 *
 * What an estimator lacks (predict_proba of a Ridge) is MC_E_NO_METHOD; what is not understood is
 * MC_E_UNSUPPORTED naming the class, attribute and value, and refuses the model. *Owned*: one
 * loader thread. */
#ifndef MC_SKLEARN_LOWER_H
#define MC_SKLEARN_LOWER_H
#include "array/ndarray.h"
#include "base/arena.h"
#include "image/builder.h"
#include "pickle/graph.h"

typedef enum mc_sym_kind {
    MC_SYM_INPUT,   /* columns of the request, kind still open */
    MC_SYM_NUMBERS, /* float64 buffer */
    MC_SYM_CELLS,   /* cell buffer: texts, or mixed */
    MC_SYM_LABELS,  /* int32 buffer: indices into a class table */
    MC_SYM_PARTS,   /* side by side, kind still open because a part of it is INPUT */
    MC_SYM_SPARSE   /* CSR buffer: rows without their zeros, see docs/design/0004-sparse-rows.md */
} mc_sym_kind;

/* A matrix (n_rows, n_cols) that will exist when the program runs. Its kind says how we hold it,
 * `sparse` how scikit-learn does: each may be so without the other. */
typedef struct mc_sym {
    mc_sym_kind kind;
    uint32_t buffer;            /* NUMBERS, CELLS, LABELS, SPARSE */
    const uint32_t *columns;    /* INPUT: (n_cols) ids of input columns, arena */
    const struct mc_sym *parts; /* PARTS: (n_parts), none of them PARTS or LABELS, arena */
    size_t n_parts;
    size_t n_cols;
    bool sparse;            /* scikit-learn holds it as a sparse matrix */
    bool sparse_as_input;   /* it does if the rows came sparse */
    uint32_t type_as_input; /* MC_TYPE_STAYS, MC_TYPE_COUNTS or 0: by the type of the rows */
    mc_value_type type;     /* NUMBERS, SPARSE: how to show it; MC_VALUE_FLOAT if in doubt */
} mc_sym;

/* What integers and truth values are after a function that numpy has for each: the same, or, of
 * both, integers. */
#define MC_TYPE_STAYS  (MC_PART_TYPE_AS_INPUT | MC_PART_BOOLS_STAY)
#define MC_TYPE_COUNTS (MC_PART_TYPE_AS_INPUT | MC_PART_BOOLS_COUNT)

/* The same of something that is `as_input` already. */
static inline uint32_t mc_type_counts(uint32_t as_input)
{
    return as_input & MC_PART_BOOLS_STAY ? as_input ^ MC_PART_BOOLS_STAY ^ MC_PART_BOOLS_COUNT
                                         : as_input;
}

typedef struct mc_answer_part {
    mc_sym value;
    bool scalar;      /* 1-D in scikit-learn */
    uint32_t table;   /* LABELS: class table, else MC_NONE */
    const char *name; /* NULL, or "std"; static */
} mc_answer_part;

typedef struct mc_answer {
    mc_answer_part *parts; /* arena */
    size_t n_parts;
    bool is_list; /* multi-output */
} mc_answer;

typedef struct mc_lowering {
    mc_builder *b;        /* borrowed */
    mc_arena *arena;      /* borrowed: lives as long as the load */
    unsigned version;     /* of the root, see mc_version_of() */
    size_t depth;         /* estimators around this one */
    size_t n_lowered;     /* so far */
    bool any_width;       /* nothing says how wide the rows are: see mc_build_any_width() */
    struct mc_memo *memo; /* arena: what was compiled of which object */
    struct mc_converted *converted; /* arena: large arrays that were converted to float64 */
    bool sparse_input;              /* the root's symbol is SPARSE */
    bool wants_cells; /* ... and somebody needs it as cells: all is lowered again without */
} mc_lowering;

typedef mc_status mc_lower_fn(mc_lowering *to, const mc_value *est, mc_method method,
                              const mc_sym *x, mc_answer *out, mc_error *err);

/* `method` of `est` on `x`: finds the line of estimators.def and calls its function. */
MC_MUST_CHECK mc_status mc_lower(mc_lowering *to, const mc_value *est, mc_method method,
                                 const mc_sym *x, mc_answer *out, mc_error *err);
/* mc_lower() for the usual case of one part: its symbol. */
MC_MUST_CHECK mc_status mc_lower_one(mc_lowering *to, const mc_value *est, mc_method method,
                                     const mc_sym *x, mc_sym *out, mc_error *err);
/* Is the class of `est` in estimators.def? */
bool mc_lower_knows(const mc_value *est);

/* What an estimator of another package takes: they have no n_features_in_ and feature_names_in_ of
 * scikit-learn's. */
typedef struct mc_shape {
    size_t n_features;
    const mc_bytes *names; /* (n_features) arena, or NULL */
} mc_shape;
typedef mc_status mc_shape_fn(mc_lowering *to, const mc_value *est, mc_shape *out, mc_error *err);
/* False if `est` is no such estimator, or does not say. */
bool mc_shape_of(mc_lowering *to, const mc_value *est, mc_shape *out);
/* Why it does not say; MC_OK if it does, or is no such estimator. */
MC_MUST_CHECK mc_status mc_shape_refusal(mc_lowering *to, const mc_value *est, mc_error *err);

/* Compiled things are remembered by object and tag, so that a forest asked for three methods is
 * compiled once. `ids` (4) are whatever the family stores. */
bool mc_memo_find(const mc_lowering *to, const mc_value *est, uint32_t tag, uint32_t ids[4]);
MC_MUST_CHECK mc_status mc_memo_add(mc_lowering *to, const mc_value *est, uint32_t tag,
                                    const uint32_t ids[4], mc_error *err);

/* "lacks": for methods that the estimator does not have. */
mc_status mc_no_method(mc_error *err, const mc_value *est, mc_method method);
/* MC_E_UNSUPPORTED: "SGDClassifier: loss: expected ..., found ...". */
mc_status mc_refuse(mc_error *err, const mc_value *est, const char *format, ...) MC_PRINTF(3, 4);
#ifdef __clang_analyzer__ /* as in base.h */
#define mc_no_method(err, est, method) ((void)mc_no_method(err, est, method), MC_E_NO_METHOD)
#define mc_refuse(err, est, ...)       ((void)mc_refuse(err, est, __VA_ARGS__), MC_E_UNSUPPORTED)
#endif

/* -- answers: one part each; for multi-output fill parts by hand */
MC_MUST_CHECK mc_status mc_answer_matrix(mc_lowering *to, mc_sym value, mc_answer *out,
                                         mc_error *err);
MC_MUST_CHECK mc_status mc_answer_scalar(mc_lowering *to, mc_sym value, mc_answer *out,
                                         mc_error *err);
MC_MUST_CHECK mc_status mc_answer_labels(mc_lowering *to, mc_sym labels, uint32_t table,
                                         mc_answer *out, mc_error *err);
MC_MUST_CHECK mc_status mc_answer_parts(mc_lowering *to, size_t n, mc_answer *out, mc_error *err);

/* The versions whose answers the conformance tests compare. */
#define MC_SKLEARN_FIRST 18u
#define MC_SKLEARN_LAST  109u

/* Version of scikit-learn that wrote `est`, as major * 100 + minor (1.6.1 is 106); the root's where
 * the object has none. */
unsigned mc_version_of(const mc_lowering *to, const mc_value *est);
/* As above; if neither says, that of the first object inside that does: other packages write no
 * version of scikit-learn. */
unsigned mc_version_inside(const mc_lowering *to, const mc_value *est);
/* The object that a composite hands its rows to unchanged: what it holds, or its first step that is
 * an object. NULL if it holds none. */
const mc_value *mc_inside_of(const mc_value *est);
/* Did `est` learn nothing that depends on the width of its rows? Then it takes rows of any. */
bool mc_takes_any_width(const mc_value *est);
/* The names of the columns that `est` was fitted on: feature_names_in_, or what came before it (a
 * ColumnTransformer's _feature_names_in of 0.22 to 0.24, its _df_columns of 0.20 and 0.21). NULL if
 * it has none. */
const mc_value *mc_feature_names_of(const mc_value *est);
/* How many columns an estimator takes: n_features_in_, its own or of what it hands its rows to, or
 * the shape of what it learnt (width.c); false if none says. */
bool mc_features_of(mc_lowering *to, const mc_value *est, size_t *out);
/* Class name without its module: "Pipeline". */
mc_bytes mc_class_name(const mc_value *est);
#endif
