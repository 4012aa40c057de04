/* serve.h: `modelcached [serve] PATH... [OPTIONS]`. */
#ifndef MC_CLI_SERVE_H
#define MC_CLI_SERVE_H

enum { MC_EXIT_OK = 0, MC_EXIT_FAILED = 1, MC_EXIT_USAGE = 2 };

/* `arguments` without the command's name. Returns the exit code. */
int mc_cli_serve(int n, char *const *arguments);
#endif
