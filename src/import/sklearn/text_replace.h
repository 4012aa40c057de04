/* text_replace.h: preprocessors that put one thing for another. */
#ifndef MC_SKLEARN_TEXT_REPLACE_H
#define MC_SKLEARN_TEXT_REPLACE_H
#include "import/sklearn/lower.h"

/* Is it functools.partial(re.sub, p, r), functools.partial(re.compile(p).sub, r) or
 * operator.methodcaller("replace", a, b)? */
bool mc_is_replacing(const mc_value *callable);
/* What one does to texts `x`, one column. Patterns that are not read, and groups that are not
 * there, are refused. */
MC_MUST_CHECK mc_status mc_emit_replacing(mc_lowering *to, const mc_value *est,
                                          const mc_value *callable, mc_sym *x, mc_error *err);
#endif
