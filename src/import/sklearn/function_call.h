/* function_call.h: a function of numpy, scipy, pandas or scikit-learn that a pickle names, and how
 * it is called. */
#ifndef MC_SKLEARN_FUNCTION_CALL_H
#define MC_SKLEARN_FUNCTION_CALL_H
#include "import/sklearn/lower.h"

/* The `module` of a method of the matrix: X.name(...). */
#define MC_CALL_METHOD "."

/* func(*before, X, *after, **arguments). Keywords of the call come before those of a partial. */
typedef struct mc_call {
    const mc_value *est;
    mc_bytes module, name;
    const mc_value *arguments[2]; /* dicts or NULL */
    mc_items before;              /* positional arguments that stand before X */
    mc_items after;               /* positional arguments of a method */
    const char *const *known;     /* names of the arguments in their order; NULL at the end */
    bool is_numpy_1;              /* a ufunc that says so: of numpy before 2 */
    bool is_flat;                 /* written by the emitter: it makes one number of a row */
} mc_call;

/* x -> what the function makes of it. */
typedef mc_status mc_call_fn(mc_lowering *to, mc_call *c, mc_sym *x, mc_error *err);

typedef struct mc_function {
    const char *package, *name; /* the function may be anywhere in its package */
    mc_call_fn *emit;
    bool any_kind; /* of texts too: else x is made numbers first */
} mc_function;

/* -- arguments */
/* Declares the arguments: MC_E_UNSUPPORTED if there is one that is not in `known`. */
MC_MUST_CHECK mc_status mc_call_knows(mc_call *c, const char *const *known, mc_error *err);
/* The argument, by place or by name, or NULL. */
const mc_value *mc_call_argument(const mc_call *c, const char *name);
/* As a number; `otherwise` if it is absent or None. */
MC_MUST_CHECK mc_status mc_call_number(const mc_call *c, const char *name, double otherwise,
                                       double *out, mc_error *err);
/* `axis` must be the columns: 1 or -1. `otherwise` if it is not given. */
MC_MUST_CHECK mc_status mc_call_by_row(const mc_call *c, double otherwise, mc_error *err);
mc_status mc_call_unknown(const mc_call *c, mc_error *err);

/* -- the functions, by what they do */
/* out = f(x, a, b), of integers for integers if `whole`. */
MC_MUST_CHECK mc_status mc_call_unary(mc_lowering *to, mc_sym *x, mc_unary which,
                                      const double ab[2], bool whole, mc_error *err);
const mc_function *mc_function_of_values(const mc_call *c);  /* function_values.c */
const mc_function *mc_function_of_rows(const mc_call *c);    /* function_rows.c */
const mc_function *mc_function_of_columns(const mc_call *c); /* function_columns.c */
/* The one of `table` (n) that is called, or NULL. */
const mc_function *mc_function_find(const mc_function *table, size_t n, const mc_call *c);
/* A ufunc: alone, or with a constant before x. */
MC_MUST_CHECK mc_status mc_emit_ufunc(mc_lowering *to, mc_call *c, mc_sym *x, mc_error *err);
/* operator.itemgetter of `key`. */
MC_MUST_CHECK mc_status mc_emit_items(mc_lowering *to, mc_call *c, const mc_value *key, mc_sym *x,
                                      mc_error *err);

/* What `func`, which stands in `est`, makes of x: the name of a function, a partial of
 * one, a caller of a method. `arguments` are its keywords, or NULL. */
MC_MUST_CHECK mc_status mc_emit_named(mc_lowering *to, const mc_value *est, const mc_value *func,
                                      const mc_value *arguments, mc_sym *x, bool *out_is_flat,
                                      mc_error *err);

/* x -> what the function makes of it. */
MC_MUST_CHECK mc_status mc_emit_call(mc_lowering *to, mc_call *c, mc_sym *x, mc_error *err);
#endif
