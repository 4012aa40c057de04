/* version_labels.c: models of several versions, as they are shown and told. */
#include "serve/version_labels.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "serve/print.h"
#include "serve/variants.h"

size_t mc_key_name_size(const char *key)
{
    return strcspn(key, "@");
}

/* -------------------------------------------------------------------------------- labels ---- */

/* Takes a version as text or as a whole number; NULL for null. */
static mc_status read_version(const json_t *body, char out[MC_NAME_MAX], const char **version,
                              mc_error *err)
{
    const json_t *value = json_object_get(body, "version");
    *version = out;
    if (json_is_null(value))
        *version = NULL;
    else if (json_is_integer(value))
        (void)snprintf(out, MC_NAME_MAX, "%lld", (long long)json_integer_value(value));
    else if (json_is_string(value) && json_string_length(value) < MC_NAME_MAX)
        (void)snprintf(out, MC_NAME_MAX, "%s", json_string_value(value));
    else
        return mc_fail(err, MC_E_BAD_REQUEST, MC_NO_OFFSET,
                       "expected {\"version\": VERSION}, or null to take the label away");
    return MC_OK;
}

mc_status mc_label_read(mc_call *call, char label[MC_NAME_MAX], char text[MC_NAME_MAX],
                        const char **version)
{
    const mc_bytes detail = call->match.detail; /* shorter than MC_NAME_MAX: router.h */
    json_t *body = json_loadb((const char *)call->held.data, call->held.size, 0, NULL);
    const mc_status status = read_version(body, text, version, &call->error);
    memcpy(label, detail.data, detail.size);
    label[detail.size] = '\0';
    json_decref(body);
    return status;
}

mc_status mc_label_set(mc_call *call)
{
    char label[MC_NAME_MAX], text[MC_NAME_MAX];
    const char *version = NULL;
    MC_TRY(mc_label_read(call, label, text, &version));
    MC_TRY(mc_cache_set_label(call->server->options.cache, call->name, label, version, true,
                              &call->error));
    const char *quote = version == NULL ? "" : "\"";
    return mc_print(&call->out, &call->error,
                    "{\"model\":\"%s\",\"label\":\"%s\",\"version\":%s%s%s}\n", call->name, label,
                    quote, version == NULL ? "null" : version, quote);
}

static json_t *labels_of(const mc_versions_info *info)
{
    json_t *labels = json_object();
    for (size_t i = 0; i < info->n_labels; i++)
        (void)json_object_set_new(labels, info->labels[i].name,
                                  json_string(info->labels[i].version));
    return labels;
}

json_t *mc_labels_json(const mc_call *call)
{
    mc_versions_info info;
    (void)mc_cache_versions(call->server->options.cache, call->name, &info);
    return labels_of(&info);
}

/* ------------------------------------------------------------------------------ versions ---- */

typedef struct version_list {
    const char *name;
    json_t *list; /* borrowed */
} version_list;

/* A mc_entry_fn. */
static void add_version(void *user, const mc_entry_info *info)
{
    const version_list *to = user;
    const size_t size = strlen(to->name);
    if (strncmp(info->name, to->name, size) == 0 && info->name[size] == '@') {
        (void)json_array_append_new(
            to->list,
            json_pack("{s:s, s:s, s:I, s:I, s:s}", "version", info->version, "state",
                      mc_model_state_name(info->state), "bytes", (json_int_t)info->bytes,
                      "generation", (json_int_t)info->generation, "digest", info->digest));
    }
}

/* What came of asking the shadow. */
static void add_comparison(json_t *shadow, const uint64_t *values)
{
    const uint64_t flips = values[MC_MODEL_SHADOW_FLIPS];
    const uint64_t different = values[MC_MODEL_SHADOW_NUMBERS] + flips;
    if (values[MC_MODEL_SHADOW_COMPARED] + values[MC_MODEL_SHADOW_DROPPED] +
            values[MC_MODEL_SHADOW_FAILED] ==
        0)
        return;
    json_t *told = json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:f}", "compared",
                             (json_int_t)values[MC_MODEL_SHADOW_COMPARED], "dropped",
                             (json_int_t)values[MC_MODEL_SHADOW_DROPPED], "failed",
                             (json_int_t)values[MC_MODEL_SHADOW_FAILED], "rows",
                             (json_int_t)(values[MC_MODEL_SHADOW_SAME] + different), "different",
                             (json_int_t)different, "flips", (json_int_t)flips, "max_difference",
                             fmin(mc_variants_most(values), DBL_MAX)); /* JSON has no infinity */
    (void)json_object_update(shadow, told);
    json_decref(told);
}

static void add_diversion(json_t *answer, const char *key, const mc_diversion_info *info,
                          uint64_t requests, uint64_t taken)
{
    if (info->target[0] != '\0') {
        (void)json_object_set_new(answer, key,
                                  json_pack("{s:s, s:s, s:f, s:I, s:I}", "to", info->target,
                                            "version", info->version, "percent",
                                            info->share / 100.0, "requests", (json_int_t)requests,
                                            "taken", (json_int_t)taken));
    }
}

void mc_versions_add(const mc_call *call, json_t *answer)
{
    mc_versions_info info;
    uint64_t values[MC_N_MODEL_NUMBERS] = {0};
    version_list versions = {.name = call->name, .list = json_array()};
    if (!mc_cache_versions(call->server->options.cache, call->name, &info)) {
        json_decref(versions.list);
        return;
    }
    mc_cache_list(call->server->options.cache, add_version, &versions);
    (void)json_object_set_new(answer, "versions", versions.list);
    (void)json_object_set_new(answer, "labels", labels_of(&info));
    mc_variants_add(call->server->options.cache, call->server->shadow, call->name, values);
    mc_metrics_add_peers(call->server->metrics, call->name, values);
    add_diversion(answer, "canary", &info.canary, values[MC_MODEL_CANARY_TURNS],
                  values[MC_MODEL_TO_CANARY]);
    add_diversion(answer, "shadow", &info.shadow, values[MC_MODEL_SHADOW_TURNS],
                  values[MC_MODEL_TO_SHADOW]);
    add_comparison(json_object_get(answer, "shadow"), values);
}
