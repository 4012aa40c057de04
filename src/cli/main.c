/* main.c: the command, and which part of the program it means. */
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "cli/check.h"
#include "cli/compile.h"
#include "cli/serve.h"
#include "cli/stats.h"

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "config") == 0)
        return mc_cli_config(argc - 2, argv + 2);
    if (argc > 1 && strcmp(argv[1], "compile") == 0)
        return mc_cli_compile(argc - 2, argv + 2);
    if (argc > 1 && strcmp(argv[1], "stats") == 0)
        return mc_cli_stats(argc - 2, argv + 2);
    if (argc > 1 && strcmp(argv[1], "top") == 0)
        return mc_cli_top(argc - 2, argv + 2);
    const bool named = argc > 1 && strcmp(argv[1], "serve") == 0;
    const int skip = named ? 2 : 1;
    return mc_cli_serve(argc < skip ? 0 : argc - skip, argv + (argc < skip ? argc : skip));
}
