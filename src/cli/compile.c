/* compile.c: a model file becomes an image file, with fewer bits a number where that was asked for,
 * and a report of what it did to the answers. */
#include "cli/compile.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/number.h"
#include "cli/compare.h"
#include "cli/param.h"
#include "cli/serve.h"

typedef enum param_id {
#define MC_COMPILE_PARAM(id, name, type, fallback, min, max, argument, text) PARAM_##id,
#include "cli/compile_params.def"
#undef MC_COMPILE_PARAM
    N_PARAMS
} param_id;

static const mc_param PARAMS[N_PARAMS] = {
#define MC_COMPILE_PARAM(id, name, type, fallback, min, max, argument, text) \
    {name, MC_TYPE_##type, fallback, min, max, argument, text},
#include "cli/compile_params.def"
#undef MC_COMPILE_PARAM
};

typedef struct options {
    const char *source; /* texts are borrowed from the arguments */
    const char *text[N_PARAMS];
    uint64_t number[N_PARAMS];
    double most; /* --max-deviation; infinite: none */
    bool help;
} options;

/* ----------------------------------------------------------------------------- options ---- */

static void print_usage(FILE *to)
{
    (void)fprintf(to, "usage: modelcached compile MODEL -o FILE [OPTIONS]\n\n");
    for (size_t i = 0; i < N_PARAMS; i++) {
        char left[64];
        (void)snprintf(left, sizeof left, "--%s%s%s", PARAMS[i].name,
                       PARAMS[i].argument[0] == '\0' ? "" : " ", PARAMS[i].argument);
        (void)fprintf(to, "  %-38s %s\n", left, PARAMS[i].text);
    }
}

static mc_status set(options *to, size_t id, const char *value, mc_error *err)
{
    if (value == NULL)
        return mc_fail(err, MC_E_BAD_REQUEST, MC_NO_OFFSET, "--%s needs a value: %s",
                       PARAMS[id].name, PARAMS[id].argument);
    MC_TRY(mc_param_read(&PARAMS[id], "--", value, &to->number[id], err));
    to->text[id] = value;
    return MC_OK;
}

/* One argument, and the next where that is its value: then *skip is 1. */
static mc_status read_one(options *to, const char *argument, const char *next, int *skip,
                          mc_error *err)
{
    if (strcmp(argument, "-o") == 0)
        argument = "--output";
    if (argument[0] != '-') {
        if (to->source != NULL)
            return mc_fail(err, MC_E_BAD_REQUEST, MC_NO_OFFSET, "one MODEL at a time");
        to->source = argument;
        return MC_OK;
    }
    const char *name = argument + (strncmp(argument, "--", 2) == 0 ? 2 : 1);
    const size_t size = strcspn(name, "=");
    const size_t id = mc_param_find(PARAMS, N_PARAMS, name, size);
    if (id == N_PARAMS) {
        const char *nearest = mc_param_nearest(PARAMS, N_PARAMS, name, size);
        return mc_fail(err, MC_E_BAD_REQUEST, MC_NO_OFFSET, "no option %s%s%s%s", argument,
                       nearest == NULL ? "" : "; did you mean --", nearest == NULL ? "" : nearest,
                       nearest == NULL ? "" : "?");
    }
    if (PARAMS[id].type == MC_TYPE_FLAG)
        return set(to, id, "yes", err);
    *skip = name[size] != '=';
    return set(to, id, *skip ? next : name + size + 1, err);
}

static mc_status check_options(options *o, mc_error *err)
{
    const char *most = o->text[PARAM_MAX_DEVIATION];
    o->most = (double)INFINITY;
    if (o->source == NULL || o->text[PARAM_OUTPUT][0] == '\0')
        return mc_fail(err, MC_E_BAD_REQUEST, MC_NO_OFFSET, "expected MODEL and -o FILE");
    if (most[0] == '\0')
        return MC_OK;
    if (mc_parse_double(most, strlen(most), &o->most) != strlen(most) || !(o->most >= 0.0))
        return mc_fail(err, MC_E_BAD_REQUEST, MC_NO_OFFSET,
                       "--max-deviation: expected a number from 0, found \"%s\"", most);
    if (o->text[PARAM_CALIBRATION][0] == '\0')
        return mc_fail(err, MC_E_BAD_REQUEST, MC_NO_OFFSET,
                       "--max-deviation needs rows to measure on: --calibration FILE.csv");
    return MC_OK;
}

static mc_status read_options(options *o, int n, char *const *arguments, mc_error *err)
{
    *o = (options){.source = NULL};
    for (size_t id = 0; id < N_PARAMS; id++)
        MC_TRY(set(o, id, PARAMS[id].fallback, err));
    for (int i = 0; i < n; i++) {
        int skip = 0;
        if (strcmp(arguments[i], "--help") == 0 || strcmp(arguments[i], "-h") == 0) {
            o->help = true;
            return MC_OK;
        }
        MC_TRY(read_one(o, arguments[i], i + 1 < n ? arguments[i + 1] : NULL, &skip, err));
        i += skip;
    }
    return check_options(o, err);
}

/* ------------------------------------------------------------------------------ report ---- */

typedef struct report {
    const options *options;
    uint64_t before, after;          /* bytes */
    const mc_comparison *comparison; /* NULL: no rows to compare on */
} report;

static double mean_of(const mc_difference *d)
{
    return d->n_numbers == 0 ? 0.0 : d->sum / (double)d->n_numbers;
}

static void print_difference(const mc_difference *d)
{
    char changed[64] = "";
    if (d->n_labels > 0)
        (void)snprintf(changed, sizeof changed, "%zu of %zu", d->n_changed, d->n_labels);
    if (d->n_numbers > 0) {
        (void)printf("%-20s %14.3g %14.3g  %s\n", mc_method_name(d->method), d->most, mean_of(d),
                     changed);
    } else {
        (void)printf("%-20s %14s %14s  %s\n", mc_method_name(d->method), "", "", changed);
    }
}

static void print_text(const report *r)
{
    const mc_comparison *c = r->comparison;
    (void)printf("%s, %s: %llu bytes -> %llu bytes, %.2f times smaller\n", r->options->source,
                 r->options->text[PARAM_QUANTIZE], (unsigned long long)r->before,
                 (unsigned long long)r->after, (double)r->before / (double)r->after);
    if (c == NULL) {
        (void)printf("deviations and speed: not measured, for want of --calibration FILE.csv\n");
        return;
    }
    (void)printf("%-20s %14s %14s  CHANGED LABELS  (%zu rows)\n", "METHOD", "MAX DEVIATION", "MEAN",
                 c->n_rows);
    for (size_t i = 0; i < c->n_methods; i++)
        print_difference(&c->methods[i]);
    for (size_t i = 0; i < MC_COUNT_OF(c->speeds); i++) {
        const mc_speed *s = &c->speeds[i];
        if (s->n_rows > 0) {
            (void)printf("%zu row%s: %.1f us -> %.1f us, %.2f times as fast\n", s->n_rows,
                         s->n_rows == 1 ? "" : "s", s->before_ns * 1e-3, s->after_ns * 1e-3,
                         s->before_ns / s->after_ns);
        }
    }
}

/* JSON knows no infinity. */
static void print_number(const char *name, double value)
{
    char text[MC_NUMBER_TEXT];
    if (!isfinite(value))
        (void)printf(",\"%s\":null", name);
    else
        (void)printf(",\"%s\":%.*s", name, (int)mc_print_double(value, text), text);
}

static void print_json(const report *r)
{
    const mc_comparison *c = r->comparison;
    (void)printf("{\"quantize\":\"%s\",\"bytes_before\":%llu,\"bytes_after\":%llu",
                 r->options->text[PARAM_QUANTIZE], (unsigned long long)r->before,
                 (unsigned long long)r->after);
    if (c != NULL) {
        (void)printf(",\"rows\":%zu,\"methods\":[", c->n_rows);
        for (size_t i = 0; i < c->n_methods; i++) {
            const mc_difference *d = &c->methods[i];
            (void)printf("%s{\"method\":\"%s\"", i == 0 ? "" : ",", mc_method_name(d->method));
            print_number("max_deviation", d->most);
            print_number("mean_deviation", mean_of(d));
            (void)printf(",\"numbers\":%zu,\"changed_labels\":%zu,\"labels\":%zu}", d->n_numbers,
                         d->n_changed, d->n_labels);
        }
        (void)printf("],\"speed\":[");
        for (size_t i = 0; i < MC_COUNT_OF(c->speeds) && c->speeds[i].n_rows > 0; i++) {
            (void)printf("%s{\"rows\":%zu", i == 0 ? "" : ",", c->speeds[i].n_rows);
            print_number("before_s", c->speeds[i].before_ns * 1e-9);
            print_number("after_s", c->speeds[i].after_ns * 1e-9);
            (void)printf("}");
        }
        (void)printf("]");
    }
    (void)printf("}\n");
}

/* ------------------------------------------------------------------------------ compile ---- */

/* Are the answers as near as was asked for? Where there is nothing to bound, nobody knows. */
static mc_status check_deviation(const options *o, const mc_comparison *comparison, mc_error *err)
{
    size_t n = 0;
    const double most = mc_comparison_most(comparison, &n);
    if (o->text[PARAM_MAX_DEVIATION][0] == '\0')
        return MC_OK;
    if (n == 0) {
        return mc_fail(err, MC_E_CONFLICT, MC_NO_OFFSET,
                       "--max-deviation bounds numbers, and this model answers with none, but with "
                       "labels, which the report counts: nothing is written");
    }
    if (most > o->most) {
        return mc_fail(
            err, MC_E_CONFLICT, MC_NO_OFFSET,
            "an answer changes by %.3g, more than --max-deviation %s: nothing is written", most,
            o->text[PARAM_MAX_DEVIATION]);
    }
    return MC_OK;
}

/* Compares, reports, and writes `after` unless its answers are too far away. */
static mc_status finish(const options *o, const mc_model *before, const mc_model *after,
                        mc_error *err)
{
    mc_comparison comparison;
    report r = {.options = o,
                .before = mc_model_describe(before).bytes,
                .after = mc_model_describe(after).bytes};
    if (o->text[PARAM_CALIBRATION][0] != '\0') {
        MC_TRY(mc_compare(before, after, o->text[PARAM_CALIBRATION], &comparison, err));
        r.comparison = &comparison;
    }
    if (o->number[PARAM_JSON] != 0)
        print_json(&r);
    else
        print_text(&r);
    if (r.comparison != NULL)
        MC_TRY(check_deviation(o, &comparison, err));
    return mc_model_save(after, o->text[PARAM_OUTPUT], err);
}

static mc_status compile(const options *o, mc_error *err)
{
    mc_model *before = NULL, *after = NULL;
    MC_TRY(mc_model_open(o->source, &before, err));
    const mc_quantization quantization = (mc_quantization)o->number[PARAM_QUANTIZE];
    mc_status status = MC_OK;
    if (quantization != MC_QUANTIZE_NEVER)
        status = mc_model_quantize(before, quantization, &after, err);
    if (status == MC_OK)
        status = finish(o, before, after == NULL ? before : after, err);
    mc_model_release(after);
    mc_model_release(before);
    return status;
}

int mc_cli_compile(int n, char *const *arguments)
{
    options o;
    mc_error err;
    char text[MC_ERROR_MESSAGE + MC_ERROR_CONTEXTS * MC_ERROR_CONTEXT];
    mc_status status = read_options(&o, n, arguments, &err);
    const bool understood = status == MC_OK;
    if (understood && o.help) {
        print_usage(stdout);
        return MC_EXIT_OK;
    }
    if (understood)
        status = compile(&o, &err);
    if (status == MC_OK)
        return MC_EXIT_OK;
    (void)fprintf(stderr, "modelcached: %s\n", mc_error_format(&err, text, sizeof text));
    if (!understood)
        print_usage(stderr);
    return understood ? MC_EXIT_FAILED : MC_EXIT_USAGE;
}
