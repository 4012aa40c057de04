/* gate.c: what a model must do before it is published. */
#include "cli/gate.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "serve/golden.h"

struct mc_gate_rows {
    char name[MC_NAME_MAX];
    char warm_up[MC_PATH_MAX], golden[MC_PATH_MAX]; /* "": none */
    double tolerance;
    double max_deviation; /* of what is quantized */
};

static void fill(mc_gate_rows *rows, const mc_model_values *values)
{
    memcpy(rows->name, values->name, sizeof rows->name);
    (void)snprintf(rows->warm_up, sizeof rows->warm_up, "%s", values->text[MC_MODEL_PARAM_WARM_UP]);
    (void)snprintf(rows->golden, sizeof rows->golden, "%s", values->text[MC_MODEL_PARAM_GOLDEN]);
    rows->tolerance = strtod(values->text[MC_MODEL_PARAM_GOLDEN_TOLERANCE], NULL);
    rows->max_deviation = strtod(values->text[MC_MODEL_PARAM_MAX_DEVIATION], NULL);
}

mc_status mc_gate_set(mc_gate *gate, const mc_config *config, mc_error *err)
{
    mc_gate_rows *all = mc_alloc(config->n_models + 1, sizeof *all);
    if (all == NULL)
        return mc_fail(err, MC_E_NO_MEMORY, MC_NO_OFFSET, "no memory for settings of models");
    for (size_t i = 0; i < config->n_models; i++)
        fill(&all[i], &config->models[i]);
    (void)pthread_mutex_lock(&gate->lock);
    mc_gate_rows *old = gate->all;
    gate->all = all;
    gate->n = config->n_models;
    (void)pthread_mutex_unlock(&gate->lock);
    mc_free(old);
    return MC_OK;
}

void mc_gate_fini(mc_gate *gate)
{
    mc_free(gate->all);
    gate->all = NULL;
    gate->n = 0;
}

/* Copies what is said of `name`, which may be NAME@VERSION. */
static bool find(mc_gate *gate, const char *name, mc_gate_rows *out)
{
    const size_t size = strcspn(name, "@");
    bool found = false;
    (void)pthread_mutex_lock(&gate->lock);
    for (size_t i = 0; i < gate->n && !found; i++) {
        found = strncmp(gate->all[i].name, name, size) == 0 && gate->all[i].name[size] == '\0';
        if (found)
            *out = gate->all[i];
    }
    (void)pthread_mutex_unlock(&gate->lock);
    return found;
}

mc_status mc_gate_ask(void *user, const char *name, const mc_model *model, mc_error *err)
{
    mc_gate_rows rows;
    if (!find(user, name, &rows))
        return MC_OK;
    if (rows.warm_up[0] != '\0')
        MC_TRY(mc_golden_warm_up(model, rows.warm_up, err));
    if (rows.golden[0] == '\0')
        return MC_OK;
    const bool quantized = mc_model_describe(model).quantized != MC_QUANTIZE_NEVER;
    return mc_golden_check(model, rows.golden, rows.tolerance, quantized ? rows.max_deviation : 0.0,
                           err);
}
