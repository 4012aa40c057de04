/* lowerings.h: the functions that estimators.def names; families include it for their prototypes.
 */
#ifndef MC_SKLEARN_LOWERINGS_H
#define MC_SKLEARN_LOWERINGS_H
#include "import/sklearn/lower.h"

#define ESTIMATOR(name, function, file) mc_lower_fn mc_lower_##function;
#define FOREIGN(package, name, function, file) \
    mc_lower_fn mc_lower_##function;           \
    mc_shape_fn mc_shape_##function;
#define COUSIN(package, name, function, file) mc_lower_fn mc_lower_##function;
#include "import/sklearn/estimators.def"
#undef ESTIMATOR
#undef FOREIGN
#undef COUSIN
#endif
