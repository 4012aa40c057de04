/* check.c: what a daemon would run with, before it does. */
#include "cli/check.h"

#include <string.h>
#include <unistd.h>

#include "cli/config.h"
#include "cli/serve.h"

#define ARGUMENTS_MAX 256

/* A mc_complain_fn. */
static void complain(void *user, const char *problem)
{
    (void)fprintf(user, "modelcached: %s\n", problem);
}

static int exit_code(mc_status status)
{
    if (status == MC_OK)
        return MC_EXIT_OK;
    return status == MC_E_BAD_REQUEST ? MC_EXIT_USAGE : MC_EXIT_FAILED;
}

int mc_cli_config(int n, char *const *arguments)
{
    static mc_config config; /* large; there is one */
    char flag[] = "--config";
    char *all[ARGUMENTS_MAX];
    int n_all = 0;
    if (n < 1 || strcmp(arguments[0], "check") != 0 || n > ARGUMENTS_MAX - 2) {
        complain(stderr, "usage: modelcached config check [FILE] [OPTIONS]");
        return MC_EXIT_USAGE;
    }
    if (n > 1 && arguments[1][0] != '-')
        all[n_all++] = flag; /* FILE is a --config FILE */
    for (int i = 1; i < n; i++)
        all[n_all++] = arguments[i];
    const mc_status status = mc_config_read(&config, n_all, all, environ, complain, stderr);
    if (status == MC_OK)
        mc_config_print(&config, stdout);
    mc_config_fini(&config);
    return exit_code(status);
}
