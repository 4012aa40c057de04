/* config.c: settings from all sides, each problem named with its place. */
#include "cli/config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "cli/ini.h"

#define PREFIX  "MODELCACHED_"
#define MODEL   "model "
#define PROBLEM (MC_ERROR_MESSAGE + MC_PATH_MAX + 32)

typedef struct reading {
    mc_config *config;
    mc_complain_fn *complain;
    void *user;
    mc_status status;         /* of the first problem */
    mc_model_values *section; /* of the [model] under way; NULL: [server], or a bad one */
    bool in_server;
} reading;

/* ------------------------------------------------------------------------------ problems ---- */

static void complain(reading *r, mc_status status, const char *format, ...) MC_PRINTF(3, 4);

static void complain(reading *r, mc_status status, const char *format, ...)
{
    char problem[PROBLEM];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(problem, sizeof problem, format, args);
    va_end(args);
    r->complain(r->user, problem);
    r->status = r->status == MC_OK ? status : r->status;
}

static void complain_at(reading *r, uint32_t line, const char *message)
{
    complain(r, MC_E_MALFORMED, "%s:%u: %s", r->config->file, line, message);
}

/* ---------------------------------------------------------------------------- environment ---- */

void mc_config_variable(const mc_param *param, char out[MC_VARIABLE_MAX])
{
    size_t n = (size_t)snprintf(out, MC_VARIABLE_MAX, PREFIX "%s", param->name);
    MC_ASSERT(n < MC_VARIABLE_MAX);
    for (char *c = out; *c != '\0'; c++) {
        if (*c >= 'a' && *c <= 'z')
            *c = (char)(*c - 'a' + 'A');
        else if (*c == '-')
            *c = '_';
    }
}

/* Kubernetes and Docker tell of a service that is called modelcached in variables of this form. */
static bool is_of_a_service(const char *value)
{
    return strncmp(value, "tcp://", 6) == 0 || strncmp(value, "udp://", 6) == 0;
}

/* The option's name in small letters, for the table. */
static size_t name_of_variable(const char *variable, char out[MC_VARIABLE_MAX])
{
    const char *name = variable + strlen(PREFIX);
    size_t n = 0;
    for (; name[n] != '=' && name[n] != '\0' && n < MC_VARIABLE_MAX - 1; n++) {
        const char c = name[n];
        if (c == '_')
            out[n] = '-';
        else
            out[n] = (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    }
    out[n] = '\0';
    return n;
}

/* A name that no option has is ours only if it looks like one of them: others may share the
 * beginning. */
static void read_variable(reading *r, const char *variable)
{
    char name[MC_VARIABLE_MAX], full[MC_VARIABLE_MAX];
    const char *value = strchr(variable, '=');
    if (strncmp(variable, PREFIX, strlen(PREFIX)) != 0 || value == NULL ||
        is_of_a_service(value + 1))
        return;
    const size_t size = name_of_variable(variable, name);
    const size_t id = mc_param_find(MC_PARAMS, MC_N_PARAMS, name, size);
    mc_error error;
    if (id == MC_N_PARAMS) {
        const char *nearest = mc_param_nearest(MC_PARAMS, MC_N_PARAMS, name, size);
        if (nearest == NULL)
            return;
        mc_config_variable(
            &MC_PARAMS[mc_param_find(MC_PARAMS, MC_N_PARAMS, nearest, strlen(nearest))], full);
        complain(r, MC_E_BAD_REQUEST, "environment: no variable %.*s; did you mean %s?",
                 (int)(value - variable), variable, full);
    } else if (mc_options_set(&r->config->options, (mc_param_id)id, value + 1,
                              MC_ORIGIN_ENVIRONMENT, 0, &error) != MC_OK) {
        complain(r, MC_E_BAD_REQUEST, "environment: %.*s: %s", (int)(value - variable), variable,
                 error.message);
    }
}

/* ----------------------------------------------------------------------------------- file ---- */

/* Texts like "off" beside a path: "DIR|auto|off". */
static bool is_word_of(const char *argument, const char *value)
{
    const size_t size = strlen(value);
    for (const char *bar = strchr(argument, '|'); bar != NULL; bar = strchr(bar + 1, '|'))
        if (strncmp(bar + 1, value, size) == 0 && (bar[1 + size] == '|' || bar[1 + size] == '\0'))
            return true;
    return false;
}

/* A path as the file says it: seen from the file's folder. NULL without memory. */
static const char *resolve(mc_config *config, const mc_param *param, const char *value)
{
    const char *slash = strrchr(config->file, '/');
    const bool is_path = param->type == MC_TYPE_PATH || param->type == MC_TYPE_LIST;
    if (!is_path || value[0] == '/' || value[0] == '\0' || slash == NULL ||
        is_word_of(param->argument, value))
        return value;
    const size_t folder = (size_t)(slash - config->file) + 1;
    char **paths = mc_realloc(config->paths, config->n_paths + 1, sizeof *paths);
    if (paths == NULL)
        return NULL;
    config->paths = paths;
    char *path = mc_alloc(folder + strlen(value) + 1, 1);
    if (path == NULL)
        return NULL;
    memcpy(path, config->file, folder);
    memcpy(path + folder, value, strlen(value) + 1);
    paths[config->n_paths++] = path;
    return path;
}

static void no_memory(reading *r)
{
    complain(r, MC_E_NO_MEMORY, "%s: no memory to read it", r->config->file);
}

static void set_option(reading *r, const mc_ini_item *item)
{
    mc_options *options = &r->config->options;
    const size_t size = strlen(item->key);
    const size_t id = mc_param_find(MC_PARAMS, MC_N_PARAMS, item->key, size);
    mc_error error;
    if (id == MC_N_PARAMS || id == MC_PARAM_CONFIG) {
        const char *nearest = mc_param_nearest(MC_PARAMS, MC_N_PARAMS, item->key, size);
        complain(r, MC_E_MALFORMED, "%s:%u: no key \"%.100s\" of [server]%s%s%s", r->config->file,
                 item->line, item->key,
                 nearest == NULL || id < MC_N_PARAMS ? "" : "; did you mean ",
                 nearest == NULL || id < MC_N_PARAMS ? "" : nearest,
                 nearest == NULL || id < MC_N_PARAMS ? "" : "?");
        return;
    }
    if (options->origin[id] == MC_ORIGIN_FILE && MC_PARAMS[id].type != MC_TYPE_LIST) {
        complain(r, MC_E_MALFORMED, "%s:%u: %s: expected once, found in line %u before",
                 r->config->file, item->line, item->key, options->line[id]);
        return;
    }
    const char *value = resolve(r->config, &MC_PARAMS[id], item->value);
    if (value == NULL)
        no_memory(r);
    else if (mc_options_set(options, (mc_param_id)id, value, MC_ORIGIN_FILE, item->line, &error) !=
             MC_OK)
        complain_at(r, item->line, error.message);
}

static void set_model(reading *r, const mc_ini_item *item)
{
    mc_error error;
    const size_t id =
        mc_param_find(MC_MODEL_PARAMS, MC_N_MODEL_PARAMS, item->key, strlen(item->key));
    const char *value = item->value;
    if (id < MC_N_MODEL_PARAMS)
        value = resolve(r->config, &MC_MODEL_PARAMS[id], value);
    if (value == NULL)
        no_memory(r);
    else if (mc_model_values_set(r->section, item->key, value, item->line, &error) != MC_OK)
        complain_at(r, item->line, error.message);
}

static bool name_is_valid(const char *name)
{
    return name[0] != '\0' && name[0] != '.' && strlen(name) < MC_NAME_MAX &&
           name[strspn(
               name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")] == '\0';
}

static void begin_model(reading *r, const char *name, uint32_t line)
{
    mc_config *config = r->config;
    if (!name_is_valid(name)) {
        complain(r, MC_E_MALFORMED,
                 "%s:%u: model \"%.150s\": expected at most %d letters, digits, . _ -, and no . "
                 "in front",
                 config->file, line, name, MC_NAME_MAX - 1);
        return;
    }
    if (mc_config_model(config, name) != NULL) {
        complain(r, MC_E_MALFORMED, "%s:%u: [model %s] is there twice", config->file, line, name);
        return;
    }
    mc_model_values *models = mc_realloc(config->models, config->n_models + 1, sizeof *models);
    if (models == NULL) {
        no_memory(r);
        return;
    }
    config->models = models;
    r->section = &models[config->n_models++];
    mc_model_values_init(r->section, name);
}

static void begin_section(reading *r, const mc_ini_item *item)
{
    const char *section = item->section;
    r->section = NULL;
    r->in_server = strcmp(section, "server") == 0;
    if (r->in_server)
        return;
    if (strncmp(section, MODEL, strlen(MODEL)) != 0) {
        complain(r, MC_E_MALFORMED, "%s:%u: expected [server] or [model NAME], found [%.100s]",
                 r->config->file, item->line, section);
        return;
    }
    section += strlen(MODEL);
    begin_model(r, section + strspn(section, " \t"), item->line);
}

/* A mc_ini_fn. Keys of a section that was refused are passed over. */
static void read_item(void *user, const mc_ini_item *item)
{
    reading *r = user;
    if (item->problem != NULL)
        complain_at(r, item->line, item->problem);
    else if (item->key == NULL)
        begin_section(r, item);
    else if (item->section[0] == '\0')
        complain_at(r, item->line, "expected [server] or [model NAME] before the first key");
    else if (r->in_server)
        set_option(r, item);
    else if (r->section != NULL)
        set_model(r, item);
}

static char *read_text(FILE *from, size_t *size)
{
    char *text = mc_alloc(MC_CONFIG_FILE_BYTES + 1, 1);
    *size = text == NULL ? 0 : fread(text, 1, MC_CONFIG_FILE_BYTES + 1, from);
    return text;
}

static void read_file(reading *r, const char *file)
{
    mc_config *config = r->config;
    size_t size = 0;
    FILE *from = fopen(file, "re");
    config->file = file;
    if (from == NULL) {
        complain(r, MC_E_IO, "%s: %s", file, strerrordesc_np(errno));
        return;
    }
    config->text = read_text(from, &size);
    const bool failed = ferror(from) != 0;
    (void)fclose(from);
    if (config->text == NULL)
        no_memory(r);
    else if (failed)
        complain(r, MC_E_IO, "%s: cannot be read", file);
    else if (size > MC_CONFIG_FILE_BYTES)
        complain(r, MC_E_MALFORMED, "%s: expected at most %zu bytes", file, MC_CONFIG_FILE_BYTES);
    else
        mc_ini_read(config->text, size, read_item, r);
}

/* ------------------------------------------------------------------------------ together ---- */

/* A bound that nothing is measured against would be no bound. */
static void check_models(reading *r)
{
    for (size_t i = 0; i < r->config->n_models; i++) {
        const mc_model_values *values = &r->config->models[i];
        const uint32_t line = values->line[MC_MODEL_PARAM_MAX_DEVIATION];
        if (line != 0 && values->text[MC_MODEL_PARAM_GOLDEN][0] == '\0')
            complain_at(r, line, "max_deviation: expected golden = FILE beside it, to measure on");
    }
}

mc_status mc_config_read(mc_config *config, int n, char *const *arguments, char *const *environment,
                         mc_complain_fn *complain_to, void *user)
{
    mc_error error;
    reading r = {.config = config, .complain = complain_to, .user = user};
    *config = (mc_config){.file = NULL};
    if (mc_options_read(&config->options, n, arguments, &error) != MC_OK)
        complain(&r, MC_E_BAD_REQUEST, "%s", error.message);
    for (size_t i = 0; environment[i] != NULL; i++)
        read_variable(&r, environment[i]);
    const char *file = config->options.text[MC_PARAM_CONFIG];
    if (r.status == MC_OK && file[0] != '\0')
        read_file(&r, file);
    check_models(&r);
    return r.status;
}

void mc_config_fini(mc_config *config)
{
    for (size_t i = 0; i < config->n_paths; i++)
        mc_free(config->paths[i]);
    mc_free(config->paths);
    mc_free(config->models);
    mc_free(config->text);
    *config = (mc_config){.file = NULL};
}

const mc_model_values *mc_config_model(const mc_config *config, const char *name)
{
    for (size_t i = 0; i < config->n_models; i++)
        if (strcmp(config->models[i].name, name) == 0)
            return &config->models[i];
    return NULL;
}

/* ---------------------------------------------------------------------------------- show ---- */

static void print_value(FILE *to, const char *name, const char *value, const char *origin)
{
    const int n = fprintf(to, "%s = %s", name, value);
    (void)fprintf(to, "%*s  ; %s\n", n < 44 ? 44 - n : 0, "", origin);
}

static void print_option(const mc_config *config, size_t id, FILE *to)
{
    const mc_options *options = &config->options;
    char origin[MC_PATH_MAX + 64], variable[MC_VARIABLE_MAX];
    mc_config_variable(&MC_PARAMS[id], variable);
    switch (options->origin[id]) {
    case MC_ORIGIN_DEFAULT:
        (void)snprintf(origin, sizeof origin, "default");
        break;
    case MC_ORIGIN_FILE:
        (void)snprintf(origin, sizeof origin, "%s:%u", config->file, options->line[id]);
        break;
    case MC_ORIGIN_ENVIRONMENT:
        (void)snprintf(origin, sizeof origin, "environment: %s", variable);
        break;
    case MC_ORIGIN_FLAG:
        (void)snprintf(origin, sizeof origin, "command line");
        break;
    }
    if (mc_param_is_live((mc_param_id)id)) {
        const size_t size = strlen(origin);
        (void)snprintf(origin + size, sizeof origin - size, "; live");
    }
    if (MC_PARAMS[id].type != MC_TYPE_LIST) {
        print_value(to, MC_PARAMS[id].name, options->text[id], origin);
        return;
    }
    const bool is_path = id == MC_PARAM_PATH;
    const size_t n = is_path ? options->n_paths : options->n_roots;
    for (size_t i = 0; i < n; i++)
        print_value(to, MC_PARAMS[id].name, is_path ? options->paths[i] : options->roots[i],
                    origin);
}

static void print_model(const mc_config *config, const mc_model_values *values, FILE *to)
{
    (void)fprintf(to, "\n[model %s]\n", values->name);
    for (size_t id = 0; id < MC_N_MODEL_PARAMS; id++) {
        char origin[MC_PATH_MAX + 32] = "default";
        if (values->line[id] != 0)
            (void)snprintf(origin, sizeof origin, "%s:%u", config->file, values->line[id]);
        print_value(to, MC_MODEL_PARAMS[id].name, values->text[id], origin);
    }
}

void mc_config_print(const mc_config *config, FILE *to)
{
    (void)fprintf(to, "[server]\n");
    for (size_t id = 0; id < MC_N_PARAMS; id++)
        if (id != MC_PARAM_CONFIG)
            print_option(config, id, to);
    for (size_t i = 0; i < config->n_models; i++)
        print_model(config, &config->models[i], to);
}
