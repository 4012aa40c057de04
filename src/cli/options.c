/* options.c: the command line, by the table in params.def. */
#include "cli/options.h"

#include <string.h>

#include "cli/nearest.h"

const mc_param MC_PARAMS[MC_N_PARAMS] = {
#define MC_PARAM(id, name, type, fallback, min, max, argument, text) \
    {name, MC_TYPE_##type, fallback, min, max, argument, text},
#include "cli/params.def"
#undef MC_PARAM
};

/* Where the values of a LIST go; what a weaker origin gave is forgotten. */
static mc_status append(mc_options *options, size_t id, const char *value, bool anew, mc_error *err)
{
    const bool is_path = id == MC_PARAM_PATH;
    const char **all = is_path ? options->paths : options->roots;
    size_t *n = is_path ? &options->n_paths : &options->n_roots;
    *n = anew ? 0 : *n;
    if (*n == MC_PATHS_MAX)
        return mc_fail(err, MC_E_BAD_REQUEST, MC_NO_OFFSET, "more than %d --%s", MC_PATHS_MAX,
                       MC_PARAMS[id].name);
    all[(*n)++] = value;
    return MC_OK;
}

mc_status mc_options_set(mc_options *options, mc_param_id id, const char *value, mc_origin origin,
                         uint32_t line, mc_error *err)
{
    const mc_param *p = &MC_PARAMS[id];
    uint64_t number = 0;
    MC_TRY(mc_param_read(p, origin == MC_ORIGIN_FLAG ? "--" : "", value, &number, err));
    if (origin < options->origin[id])
        return MC_OK;
    if (p->type == MC_TYPE_LIST && origin != MC_ORIGIN_DEFAULT)
        MC_TRY(append(options, id, value, origin > options->origin[id], err));
    options->text[id] = value;
    options->number[id] = number;
    options->origin[id] = origin;
    options->line[id] = line;
    return MC_OK;
}

static mc_status unknown(const char *name, size_t size, mc_error *err)
{
    const char *names[MC_N_PARAMS + 2];
    for (size_t i = 0; i < MC_N_PARAMS; i++)
        names[i] = MC_PARAMS[i].name;
    names[MC_N_PARAMS] = "help";
    names[MC_N_PARAMS + 1] = "version";
    const char *nearest = mc_nearest(name, size, names, MC_COUNT_OF(names));
    return mc_fail(err, MC_E_BAD_REQUEST, MC_NO_OFFSET, "no option --%.*s%s%s%s", (int)size, name,
                   nearest == NULL ? "" : "; did you mean --", nearest == NULL ? "" : nearest,
                   nearest == NULL ? "" : "?");
}

/* "--name" or "--name=value"; takes the next argument where a value is missing. */
static mc_status read_option(mc_options *options, const char *argument, const char *next,
                             bool *took_next, mc_error *err)
{
    const char *name = argument + 2;
    const size_t size = strcspn(name, "=");
    const char *value = name[size] == '=' ? name + size + 1 : NULL;
    *took_next = false;
    for (size_t id = 0; id < MC_N_PARAMS; id++) {
        const mc_param *p = &MC_PARAMS[id];
        if (strlen(p->name) != size || strncmp(p->name, name, size) != 0)
            continue;
        if (p->type == MC_TYPE_FLAG) {
            if (value != NULL)
                return mc_fail(err, MC_E_BAD_REQUEST, MC_NO_OFFSET, "--%s takes no value", p->name);
            return mc_options_set(options, (mc_param_id)id, "yes", MC_ORIGIN_FLAG, 0, err);
        }
        *took_next = value == NULL;
        value = value == NULL ? next : value;
        if (value == NULL)
            return mc_fail(err, MC_E_BAD_REQUEST, MC_NO_OFFSET, "--%s needs a value: %s", p->name,
                           p->argument);
        return mc_options_set(options, (mc_param_id)id, value, MC_ORIGIN_FLAG, 0, err);
    }
    return unknown(name, size, err);
}

mc_status mc_options_read(mc_options *options, int n, char *const *arguments, mc_error *err)
{
    bool only_paths = false;
    *options = (mc_options){.n_paths = 0};
    for (size_t id = 0; id < MC_N_PARAMS; id++)
        MC_TRY(mc_options_set(options, (mc_param_id)id, MC_PARAMS[id].fallback, MC_ORIGIN_DEFAULT,
                              0, err));
    for (int i = 0; i < n; i++) {
        const char *argument = arguments[i];
        bool took_next = false;
        if (only_paths || argument[0] != '-' || argument[1] == '\0')
            MC_TRY(mc_options_set(options, MC_PARAM_PATH, argument, MC_ORIGIN_FLAG, 0, err));
        else if (strcmp(argument, "--") == 0)
            only_paths = true;
        else if (strcmp(argument, "--help") == 0 || strcmp(argument, "-h") == 0)
            options->help = true;
        else if (strcmp(argument, "--version") == 0)
            options->version = true;
        else if (argument[1] != '-') {
            return mc_fail(err, MC_E_BAD_REQUEST, MC_NO_OFFSET,
                           "no option %s: options begin with --", argument);
        } else {
            MC_TRY(read_option(options, argument, i + 1 < n ? arguments[i + 1] : NULL, &took_next,
                               err));
        }
        i += took_next ? 1 : 0;
    }
    return MC_OK;
}

void mc_options_help(FILE *to)
{
    (void)fprintf(
        to, "usage: modelcached [serve] PATH... [OPTIONS]\n"
            "       modelcached config check [FILE] [OPTIONS]\n"
            "       modelcached compile MODEL -o FILE [--quantize f32|f16|bf16|int8] [OPTIONS]\n"
            "       modelcached stats [URL] [--json]\n"
            "       modelcached top [URL]\n\n"
            "Serves scikit-learn models over HTTP, without Python. A PATH is a model file\n"
            "(.pkl .pickle .joblib .sav .skops .ubj .cbm .mci, each also with .gz .bz2 .xz .lz4\n"
            ".zst) or a directory of them; NAME/VERSION/model.* in a directory works too.\n\n");
    for (size_t i = 0; i < MC_N_PARAMS; i++) {
        const mc_param *p = &MC_PARAMS[i];
        char left[64];
        (void)snprintf(left, sizeof left, "--%s%s%s", p->name, p->argument[0] == '\0' ? "" : " ",
                       p->argument);
        const bool shown =
            p->fallback[0] != '\0' && strcmp(p->fallback, "0") != 0 && p->type != MC_TYPE_FLAG;
        (void)fprintf(to, "  %-34s %s%s%s%s\n", left, p->text, shown ? " [" : "",
                      shown ? p->fallback : "", shown ? "]" : "");
    }
    (void)fprintf(to, "  %-34s %s\n  %-34s %s\n", "--help", "this text", "--version",
                  "the version");
}

bool mc_param_is_live(mc_param_id id)
{
    return id == MC_PARAM_LOG_LEVEL || id == MC_PARAM_LOG_FORMAT || id == MC_PARAM_LOG_RATE ||
           id == MC_PARAM_WAIT_TIMEOUT || id == MC_PARAM_DRAIN_TIMEOUT || id == MC_PARAM_PRELOAD ||
           id == MC_PARAM_MEMORY_BUDGET || id == MC_PARAM_ROOM_WAIT || id == MC_PARAM_MAX_BODY ||
           id == MC_PARAM_MAX_CONNECTIONS || id == MC_PARAM_READ_TIMEOUT ||
           id == MC_PARAM_IDLE_TIMEOUT;
}
