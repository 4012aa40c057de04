/* param.c: values as people write them. */
#include "cli/param.h"

#include <string.h>
#include <strings.h>

#include "cli/nearest.h"

#define PARAMS_MAX 128 /* of one table */

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

bool mc_duration_read(const char *text, uint64_t *out_ms)
{
    static const struct {
        const char *name;
        uint64_t ms;
    } UNITS[] = {{"", 1000},     {"ms", 1},      {"s", 1000},    {"m", 60000},
                 {"min", 60000}, {"h", 3600000}, {"d", 86400000}};
    uint64_t value = 0;
    if (!read_digits(&text, &value))
        return false;
    for (size_t i = 0; i < MC_COUNT_OF(UNITS); i++)
        if (strcmp(text, UNITS[i].name) == 0)
            return !__builtin_mul_overflow(value, UNITS[i].ms, out_ms);
    return false;
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

static bool read_flag(const char *value, uint64_t *out)
{
    static const char *const WORDS[] = {"no", "yes", "false", "true", "off", "on", "0", "1"};
    for (size_t i = 0; i < MC_COUNT_OF(WORDS); i++) {
        if (strcasecmp(value, WORDS[i]) == 0) {
            *out = i % 2;
            return true;
        }
    }
    return false;
}

static bool read_value(const mc_param *param, const char *value, uint64_t *out)
{
    const char *at = value;
    switch (param->type) {
    case MC_TYPE_NUMBER:
        return read_digits(&at, out) && *at == '\0' && *out >= param->min && *out <= param->max;
    case MC_TYPE_SIZE:
        return mc_size_read(value, out) && *out >= param->min && *out <= param->max;
    case MC_TYPE_DURATION:
        return mc_duration_read(value, out) && *out >= param->min && *out <= param->max;
    case MC_TYPE_FLAG:
        return read_flag(value, out);
    case MC_TYPE_CHOICE:
        return find_choice(param->argument, value, out);
    case MC_TYPE_TEXT:
    case MC_TYPE_PATH:
    case MC_TYPE_LIST:
        break;
    }
    return true;
}

static mc_status bad_value(const mc_param *param, const char *prefix, const char *value,
                           mc_error *err)
{
    static const char *const KINDS[] = {[MC_TYPE_NUMBER] = "a number",
                                        [MC_TYPE_SIZE] = "a size such as 64M",
                                        [MC_TYPE_DURATION] = "a time such as 500ms, 30s, 5m or 1h"};
    const unsigned long long min = param->min, max = param->max;
    switch (param->type) {
    case MC_TYPE_NUMBER:
    case MC_TYPE_SIZE:
        return mc_fail(err, MC_E_BAD_REQUEST, MC_NO_OFFSET,
                       "%s%s: expected %s from %llu to %llu, found \"%s\"", prefix, param->name,
                       KINDS[param->type], min, max, value);
    case MC_TYPE_DURATION:
        return mc_fail(err, MC_E_BAD_REQUEST, MC_NO_OFFSET,
                       "%s%s: expected %s, from %llu to %llu ms, found \"%s\"", prefix, param->name,
                       KINDS[param->type], min, max, value);
    case MC_TYPE_FLAG:
    case MC_TYPE_CHOICE:
    case MC_TYPE_TEXT:
    case MC_TYPE_PATH:
    case MC_TYPE_LIST:
        break;
    }
    return mc_fail(err, MC_E_BAD_REQUEST, MC_NO_OFFSET, "%s%s: expected %s, found \"%s\"", prefix,
                   param->name, param->type == MC_TYPE_FLAG ? "yes or no" : param->argument, value);
}

mc_status mc_param_read(const mc_param *param, const char *prefix, const char *value, uint64_t *out,
                        mc_error *err)
{
    uint64_t number = 0;
    if (!read_value(param, value, &number))
        return bad_value(param, prefix, value, err);
    *out = number;
    return MC_OK;
}

size_t mc_param_find(const mc_param *params, size_t n, const char *name, size_t size)
{
    size_t at = 0;
    while (at < n && (strlen(params[at].name) != size || strncmp(params[at].name, name, size) != 0))
        at++;
    return at;
}

const char *mc_param_nearest(const mc_param *params, size_t n, const char *name, size_t size)
{
    const char *names[PARAMS_MAX];
    MC_ASSERT(n <= PARAMS_MAX);
    for (size_t i = 0; i < n; i++)
        names[i] = params[i].name;
    return mc_nearest(name, size, names, n);
}
