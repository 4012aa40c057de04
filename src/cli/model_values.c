/* model_values.c: a [model NAME] section, key by key. */
#include "cli/model_values.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/version_policy.h"

const mc_param MC_MODEL_PARAMS[MC_N_MODEL_PARAMS] = {
#define MC_MODEL_PARAM(id, name, type, fallback, min, max, argument, text) \
    {name, MC_TYPE_##type, fallback, min, max, argument, text},
#include "cli/model_params.def"
#undef MC_MODEL_PARAM
};

void mc_model_values_init(mc_model_values *values, const char *name)
{
    MC_ASSERT(strlen(name) < sizeof values->name);
    *values = (mc_model_values){.name = ""};
    (void)snprintf(values->name, sizeof values->name, "%s", name);
    for (size_t id = 0; id < MC_N_MODEL_PARAMS; id++) {
        const mc_param *param = &MC_MODEL_PARAMS[id];
        values->text[id] = param->fallback;
        MC_ASSERT(mc_param_read(param, "", param->fallback, &values->number[id], NULL) == MC_OK);
    }
}

static mc_status unknown(const char *key, mc_error *err)
{
    const char *nearest = mc_param_nearest(MC_MODEL_PARAMS, MC_N_MODEL_PARAMS, key, strlen(key));
    return mc_fail(err, MC_E_BAD_REQUEST, MC_NO_OFFSET, "no key \"%s\" of a model%s%s%s", key,
                   nearest == NULL ? "" : "; did you mean ", nearest == NULL ? "" : nearest,
                   nearest == NULL ? "" : "?");
}

/* What the type of a parameter does not say. */
static mc_status check_text(size_t id, const char *value, mc_error *err)
{
    mc_version_policy policy;
    mc_label_setting labels[MC_LABELS_MAX];
    char target[MC_LABEL_MAX];
    uint32_t share = 0;
    size_t n = 0;
    if (id == MC_MODEL_PARAM_VERSIONS)
        return mc_version_policy_read(value, &policy, err);
    if (id == MC_MODEL_PARAM_LABELS)
        return mc_label_settings_read(value, labels, &n, err);
    if (id == MC_MODEL_PARAM_CANARY || id == MC_MODEL_PARAM_SHADOW)
        return mc_share_read(value, &share, target, err);
    if (id == MC_MODEL_PARAM_GOLDEN_TOLERANCE || id == MC_MODEL_PARAM_MAX_DEVIATION) {
        char *end = NULL;
        const double tolerance = strtod(value, &end);
        if (end == value || *end != '\0' || !(tolerance >= 0.0 && isfinite(tolerance))) {
            return mc_fail(err, MC_E_BAD_REQUEST, MC_NO_OFFSET,
                           "%s: expected a number such as 1e-9, found \"%.60s\"",
                           MC_MODEL_PARAMS[id].name, value);
        }
    }
    return MC_OK;
}

mc_status mc_model_values_set(mc_model_values *values, const char *key, const char *value,
                              uint32_t line, mc_error *err)
{
    const size_t id = mc_param_find(MC_MODEL_PARAMS, MC_N_MODEL_PARAMS, key, strlen(key));
    if (id == MC_N_MODEL_PARAMS)
        return unknown(key, err);
    if (values->line[id] != 0)
        return mc_fail(err, MC_E_BAD_REQUEST, MC_NO_OFFSET,
                       "%s: expected once, found in line %u before", key, values->line[id]);
    MC_TRY(mc_param_read(&MC_MODEL_PARAMS[id], "", value, &values->number[id], err));
    MC_TRY(check_text(id, value, err));
    values->text[id] = value;
    values->line[id] = line;
    return MC_OK;
}

mc_model_settings mc_model_values_settings(const mc_model_values *values)
{
    mc_model_settings settings = {
        .struct_size = sizeof(mc_model_settings),
        .pin = values->number[MC_MODEL_PARAM_PIN] != 0,
        .retry_after_ms = values->number[MC_MODEL_PARAM_RETRY_AFTER],
        .idle_unload_ms = values->number[MC_MODEL_PARAM_IDLE_UNLOAD],
        .swap = (mc_swap)values->number[MC_MODEL_PARAM_SWAP],
        .min_resident = (uint32_t)values->number[MC_MODEL_PARAM_MIN_RESIDENT],
        .quantize = (mc_quantization)values->number[MC_MODEL_PARAM_QUANTIZE],
        .quantize_when = (mc_quantize_when)values->number[MC_MODEL_PARAM_QUANTIZE_WHEN],
        .prediction_withheld = 100u - (uint32_t)values->number[MC_MODEL_PARAM_PREDICTION_SHARE]};
    (void)snprintf(settings.resident_set, sizeof settings.resident_set, "%s",
                   values->text[MC_MODEL_PARAM_RESIDENT_SET]);
    return settings;
}
