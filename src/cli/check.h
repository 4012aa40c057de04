/* check.h: `modelcached config check [FILE] [OPTIONS]`. */
#ifndef MC_CLI_CHECK_H
#define MC_CLI_CHECK_H

/* Reads all settings as `serve` would, shows those in force, or every problem with its place.
 * `arguments` without "config". Returns the exit code: 0 sound; 1 the file has problems; 2 the
 * command line or the environment has. */
int mc_cli_config(int n, char *const *arguments);
#endif
