/* model_values.h: the settings of one model, by the table in model_params.def. */
#ifndef MC_MODEL_VALUES_H
#define MC_MODEL_VALUES_H
#include "cli/param.h"

typedef enum mc_model_param_id {
#define MC_MODEL_PARAM(id, name, type, fallback, min, max, argument, text) MC_MODEL_PARAM_##id,
#include "cli/model_params.def"
#undef MC_MODEL_PARAM
    MC_N_MODEL_PARAMS
} mc_model_param_id;

extern const mc_param MC_MODEL_PARAMS[MC_N_MODEL_PARAMS];

/* *Owned*. Texts are borrowed from whoever read them. */
typedef struct mc_model_values {
    char name[MC_NAME_MAX];
    const char *text[MC_N_MODEL_PARAMS]; /* as given, or the default */
    uint64_t number[MC_N_MODEL_PARAMS];  /* see mc_param_type */
    uint32_t line[MC_N_MODEL_PARAMS];    /* where it was given; 0: it was not */
} mc_model_values;

/* All defaults. `name` is shorter than MC_NAME_MAX. */
void mc_model_values_init(mc_model_values *values, const char *name);
/* @return MC_OK; MC_E_BAD_REQUEST for a key that there is not, with the nearest one, one that was
 * given before, or a value that cannot be. */
MC_MUST_CHECK mc_status mc_model_values_set(mc_model_values *values, const char *key,
                                            const char *value, uint32_t line, mc_error *err);
/* What the model cache is told. */
mc_model_settings mc_model_values_settings(const mc_model_values *values);
#endif
