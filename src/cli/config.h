/* config.h: the settings that a daemon runs with: command line, environment and configuration file
 * put together.
 *
 *   flags            --port 80
 *   environment      MODELCACHED_PORT=80
 *   file (--config)  [server]        port = 80
 *                    [model iris]    source = iris.pkl
 *   default          params.def, model_params.def
 *
 * What stands higher wins; all of it must be sound all the same. Relative paths in the file are
 * seen from the file's folder. *Owned*. */
#ifndef MC_CONFIG_H
#define MC_CONFIG_H
#include "cli/model_values.h"
#include "cli/options.h"

#define MC_CONFIG_FILE_BYTES ((size_t)1 << 20) /* largest configuration file */

typedef struct mc_config {
    mc_options options;
    const char *file;        /* or NULL; borrowed from argv or the environment */
    mc_model_values *models; /* (n_models) owned; in the order of the file */
    size_t n_models;
    char *text;   /* owned: the file, cut up; values point into it */
    char **paths; /* (n_paths) owned: paths of the file, made absolute or relative to here */
    size_t n_paths;
} mc_config;

/* Called with each problem: "modelcached.conf:7: port: expected a number ...". */
typedef void mc_complain_fn(void *user, const char *problem);

/* Reads everything. `environment` is NAME=VALUE, NULL at its end; texts of it and of `arguments`
 * are borrowed.
 * @return MC_OK; MC_E_BAD_REQUEST when the command line or the environment is wrong, MC_E_MALFORMED
 * when the file is, MC_E_IO when it cannot be read: after `complain` was called for each problem.
 * mc_config_fini() is due in any case. */
MC_MUST_CHECK mc_status mc_config_read(mc_config *config, int n, char *const *arguments,
                                       char *const *environment, mc_complain_fn *complain,
                                       void *user);
void mc_config_fini(mc_config *config);

/* The settings of a model, or NULL where the file has none of its name. */
const mc_model_values *mc_config_model(const mc_config *config, const char *name);

/* "MODELCACHED_LOG_LEVEL" of "log-level". */
#define MC_VARIABLE_MAX 64
void mc_config_variable(const mc_param *param, char out[MC_VARIABLE_MAX]);

/* Shows all settings that are in force, and where each value comes from. */
void mc_config_print(const mc_config *config, FILE *to);
#endif
