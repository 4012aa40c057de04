/* options.h: the command line, read by the table in params.def. */
#ifndef MC_OPTIONS_H
#define MC_OPTIONS_H
#include <stdio.h>

#include "cli/param.h"

typedef enum mc_param_id {
#define MC_PARAM(id, name, type, fallback, min, max, argument, text) MC_PARAM_##id,
#include "cli/params.def"
#undef MC_PARAM
    MC_N_PARAMS
} mc_param_id;

extern const mc_param MC_PARAMS[MC_N_PARAMS];

#define MC_PATHS_MAX 1024 /* PATHs, and values of a repeatable option */

/* Where a value comes from; what is further down wins. */
typedef enum mc_origin {
    MC_ORIGIN_DEFAULT = 0,
    MC_ORIGIN_FILE,
    MC_ORIGIN_ENVIRONMENT,
    MC_ORIGIN_FLAG
} mc_origin;

/* *Owned*. Texts are borrowed from argv, the environment and the configuration file. */
typedef struct mc_options {
    const char *text[MC_N_PARAMS]; /* as given, or the default */
    uint64_t number[MC_N_PARAMS];  /* NUMBER, SIZE; FLAG: 1 when given; CHOICE: its index */
    mc_origin origin[MC_N_PARAMS];
    uint32_t line[MC_N_PARAMS]; /* of MC_ORIGIN_FILE */
    const char *roots[MC_PATHS_MAX];
    size_t n_roots;
    const char *paths[MC_PATHS_MAX];
    size_t n_paths;
    bool help, version;
} mc_options;

/* Reads `n` arguments, the program's name not among them. @return MC_OK, or MC_E_BAD_REQUEST saying
 * what was expected, with the nearest option after a typing error. */
MC_MUST_CHECK mc_status mc_options_read(mc_options *options, int n, char *const *arguments,
                                        mc_error *err);

/* A value that comes from elsewhere: checked in any case, and kept unless what is there comes from
 * a stronger origin. */
MC_MUST_CHECK mc_status mc_options_set(mc_options *options, mc_param_id id, const char *value,
                                       mc_origin origin, uint32_t line, mc_error *err);

void mc_options_help(FILE *to);
/* True where a change is heeded while the daemon runs; else it takes a restart. */
bool mc_param_is_live(mc_param_id id);
#endif
