/* function_call.h: a function of numpy, scipy or scikit-learn that a pickle names, and how it is
 * called. */
#ifndef MC_SKLEARN_FUNCTION_CALL_H
#define MC_SKLEARN_FUNCTION_CALL_H
#include "import/sklearn/lower.h"

/* func(*before, X, **arguments). Keywords of the call come before those of a partial. */
typedef struct mc_call {
    const mc_value *est;
    mc_bytes module, name;
    const mc_value *arguments[2]; /* dicts or NULL */
    mc_items before;              /* positional arguments that stand before X */
} mc_call;

/* The keyword argument, or NULL. */
const mc_value *mc_call_argument(const mc_call *c, const char *name);
/* MC_E_UNSUPPORTED if there is a keyword that is not in `known` (NULL at its end). */
MC_MUST_CHECK mc_status mc_call_knows(const mc_call *c, const char *const *known, mc_error *err);

/* Is what it makes of a row one number, which stands in no column? */
bool mc_call_is_flat(const mc_call *c);
/* x -> what the function makes of it. */
MC_MUST_CHECK mc_status mc_emit_call(mc_lowering *to, const mc_call *c, mc_sym *x, mc_error *err);
#endif
