/* encoder_legacy.h: the OneHotEncoder of whole numbers, up to 0.21. */
#ifndef MC_SKLEARN_ENCODER_LEGACY_H
#define MC_SKLEARN_ENCODER_LEGACY_H
#include "import/sklearn/lower.h"

bool mc_encoder_is_legacy(const mc_value *est);
/* Its transform, the only method there is. */
MC_MUST_CHECK mc_status mc_lower_legacy_encoder(mc_lowering *to, const mc_value *est,
                                                const mc_sym *x, mc_answer *out, mc_error *err);
#endif
