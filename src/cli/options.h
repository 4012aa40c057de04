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

/* *Owned*. Texts are borrowed from argv. */
typedef struct mc_options {
    const char *text[MC_N_PARAMS]; /* as given, or the default */
    uint64_t number[MC_N_PARAMS];  /* NUMBER, SIZE; FLAG: 1 when given; CHOICE: its index */
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
void mc_options_help(FILE *to);
#endif
