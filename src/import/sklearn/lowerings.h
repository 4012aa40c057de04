/* lowerings.h: the functions that estimators.def names; families include it for their prototypes.
 */
#ifndef MC_SKLEARN_LOWERINGS_H
#define MC_SKLEARN_LOWERINGS_H
#include "import/sklearn/lower.h"

#define ESTIMATOR(name, function, file) mc_lower_fn mc_lower_##function;
#include "import/sklearn/estimators.def"
#undef ESTIMATOR
#endif
