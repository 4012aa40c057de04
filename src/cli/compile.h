/* compile.h: `modelcached compile MODEL -o OUT [OPTIONS]`. */
#ifndef MC_CLI_COMPILE_H
#define MC_CLI_COMPILE_H

/* `arguments` without the command's name. Returns the exit code. */
int mc_cli_compile(int n, char *const *arguments);
#endif
