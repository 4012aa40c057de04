/* options.c: the command line, by the table in params.def. */
#include "cli/options.h"

#include <string.h>

#include "cli/nearest.h"

typedef enum param_type { TEXT, NUMBER, SIZE, FLAG, CHOICE, LIST } param_type;

typedef struct param {
    const char *name;
    param_type type;
    const char *fallback;
    uint64_t min, max;
    const char *argument, *text;
} param;

static const param PARAMS[MC_N_PARAMS] = {
#define MC_PARAM(id, name, type, fallback, min, max, argument, text) \
    {name, type, fallback, min, max, argument, text},
#include "cli/params.def"
#undef MC_PARAM
};

static bool read_digits(const char **at, uint64_t *out)
{
    const char *start = *at;
    uint64_t value = 0;
    for (; **at >= '0' && **at <= '9'; (*at)++) {
        if (__builtin_mul_overflow(value, 10u, &value) ||
            __builtin_add_overflow(value, (uint64_t)(**at - '0'), &value))
            return false;
    }
    *out = value;
    return *at > start;
}

bool mc_size_read(const char *text, uint64_t *out)
{
    static const char UNITS[] = "KMGT";
    uint64_t value = 0;
    if (!read_digits(&text, &value))
        return false;
    const char unit = (char)(*text >= 'a' && *text <= 'z' ? *text - 'a' + 'A' : *text);
    const char *found = unit == '\0' ? NULL : strchr(UNITS, unit);
    if (found != NULL) {
        const unsigned shift = 10u * (unsigned)(found - UNITS + 1);
        if (value > UINT64_MAX >> shift)
            return false;
        value <<= shift;
        text++;
        text += *text == 'i' && text[1] == 'B';
    }
    text += *text == 'B' || *text == 'b';
    if (*text != '\0')
        return false;
    *out = value;
    return true;
}

/* Index of `value` in "a|b|c", or false. */
static bool find_choice(const char *choices, const char *value, uint64_t *out)
{
    const size_t size = strlen(value);
    uint64_t at = 0;
    for (const char *c = choices; c != NULL; at++) {
        const char *end = strchr(c, '|');
        const size_t n = end == NULL ? strlen(c) : (size_t)(end - c);
        if (n == size && strncmp(c, value, n) == 0) {
            *out = at;
            return true;
        }
        c = end == NULL ? NULL : end + 1;
    }
    return false;
}

static mc_status bad_value(const param *p, const char *value, mc_error *err)
{
    if (p->type == NUMBER || p->type == SIZE) {
        return mc_fail(err, MC_E_BAD_REQUEST, MC_NO_OFFSET,
                       "--%s: expected a %s from %llu to %llu, found \"%s\"", p->name,
                       p->type == SIZE ? "size such as 64M" : "number", (unsigned long long)p->min,
                       (unsigned long long)p->max, value);
    }
    return mc_fail(err, MC_E_BAD_REQUEST, MC_NO_OFFSET, "--%s: expected %s, found \"%s\"", p->name,
                   p->argument, value);
}

static mc_status set(mc_options *options, size_t id, const char *value, mc_error *err)
{
    const param *p = &PARAMS[id];
    const char *at = value;
    uint64_t number = 0;
    bool sound = true;
    if (p->type == NUMBER)
        sound = read_digits(&at, &number) && *at == '\0';
    else if (p->type == SIZE)
        sound = mc_size_read(value, &number);
    else if (p->type == CHOICE)
        sound = find_choice(p->argument, value, &number);
    if ((p->type == NUMBER || p->type == SIZE) && (number < p->min || number > p->max))
        sound = false;
    if (!sound)
        return bad_value(p, value, err);
    if (p->type == LIST) {
        if (options->n_roots == MC_PATHS_MAX)
            return mc_fail(err, MC_E_BAD_REQUEST, MC_NO_OFFSET, "more than %d --%s", MC_PATHS_MAX,
                           p->name);
        options->roots[options->n_roots++] = value;
    }
    options->text[id] = value;
    options->number[id] = number;
    return MC_OK;
}

static mc_status unknown(const char *name, size_t size, mc_error *err)
{
    const char *names[MC_N_PARAMS + 2];
    for (size_t i = 0; i < MC_N_PARAMS; i++)
        names[i] = PARAMS[i].name;
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
        const param *p = &PARAMS[id];
        if (strlen(p->name) != size || strncmp(p->name, name, size) != 0)
            continue;
        if (p->type == FLAG) {
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
        if (PARAMS[id].type != FLAG && PARAMS[id].type != LIST)
            MC_TRY(set(options, id, PARAMS[id].fallback, err));
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
        const param *p = &PARAMS[i];
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
