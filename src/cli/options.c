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

static mc_status set(mc_options *options, size_t id, const char *value, mc_error *err)
{
    const mc_param *p = &MC_PARAMS[id];
    MC_TRY(mc_param_read(p, "--", value, &options->number[id], err));
    if (p->type == MC_TYPE_LIST) {
        if (options->n_roots == MC_PATHS_MAX)
            return mc_fail(err, MC_E_BAD_REQUEST, MC_NO_OFFSET, "more than %d --%s", MC_PATHS_MAX,
                           p->name);
        options->roots[options->n_roots++] = value;
    }
    options->text[id] = value;
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
            options->number[id] = 1;
            return MC_OK;
        }
        *took_next = value == NULL;
        value = value == NULL ? next : value;
        if (value == NULL)
            return mc_fail(err, MC_E_BAD_REQUEST, MC_NO_OFFSET, "--%s needs a value: %s", p->name,
                           p->argument);
        return set(options, id, value, err);
    }
    return unknown(name, size, err);
}

static mc_status add_path(mc_options *options, const char *path, mc_error *err)
{
    if (options->n_paths == MC_PATHS_MAX)
        return mc_fail(err, MC_E_BAD_REQUEST, MC_NO_OFFSET, "more than %d PATHs", MC_PATHS_MAX);
    options->paths[options->n_paths++] = path;
    return MC_OK;
}

mc_status mc_options_read(mc_options *options, int n, char *const *arguments, mc_error *err)
{
    bool only_paths = false;
    *options = (mc_options){.n_paths = 0};
    for (size_t id = 0; id < MC_N_PARAMS; id++)
        if (MC_PARAMS[id].type != MC_TYPE_FLAG && MC_PARAMS[id].type != MC_TYPE_LIST)
            MC_TRY(set(options, id, MC_PARAMS[id].fallback, err));
    for (int i = 0; i < n; i++) {
        const char *argument = arguments[i];
        bool took_next = false;
        if (only_paths || argument[0] != '-' || argument[1] == '\0')
            MC_TRY(add_path(options, argument, err));
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
        to, "usage: modelcached [serve] PATH... [OPTIONS]\n\n"
            "Serves scikit-learn models over HTTP, without Python. A PATH is a model file\n"
            "(.pkl .pickle .joblib .sav .skops .ubj .mci, each also with .gz .bz2 .xz .lz4 .zst)\n"
            "or a directory of them; NAME/VERSION/model.* in a directory works too.\n\n");
    for (size_t i = 0; i < MC_N_PARAMS; i++) {
        const mc_param *p = &MC_PARAMS[i];
        char left[64];
        (void)snprintf(left, sizeof left, "--%s%s%s", p->name, p->argument[0] == '\0' ? "" : " ",
                       p->argument);
        const bool shown = p->fallback[0] != '\0' && strcmp(p->fallback, "0") != 0;
        (void)fprintf(to, "  %-34s %s%s%s%s\n", left, p->text, shown ? " [" : "",
                      shown ? p->fallback : "", shown ? "]" : "");
    }
    (void)fprintf(to, "  %-34s %s\n  %-34s %s\n", "--help", "this text", "--version",
                  "the version");
}
