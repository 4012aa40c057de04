/* reload.h: SIGHUP: the configuration is read again, and models whose files have changed. */
#ifndef MC_CLI_RELOAD_H
#define MC_CLI_RELOAD_H
#include "cli/daemon.h"

/* Puts the settings of the [model] sections in force; `before` is what was, or NULL at start. */
MC_MUST_CHECK mc_status mc_reload_models(mc_daemon *daemon, const mc_config *before, mc_error *err);

/* Everything that SIGHUP does. A file that has problems changes nothing: they are logged. Models
 * that cannot be read again keep serving as they are. */
void mc_reload(mc_daemon *daemon);
#endif
