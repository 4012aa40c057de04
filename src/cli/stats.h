/* stats.h: `modelcached stats [URL]` and `modelcached top [URL]`. */
#ifndef MC_CLI_STATS_H
#define MC_CLI_STATS_H
#include <stdio.h>

#include "cli/scrape.h"

typedef enum mc_stats_order { MC_ORDER_HITS = 0, MC_ORDER_BYTES, MC_ORDER_LATENCY } mc_stats_order;

/* Writes the table: a line for all, and at most `most` models, the largest first. Rates and times
 * are those since `before`, `seconds` ago; NULL: since the daemon began. */
void mc_stats_table(FILE *to, mc_scrape *now, const mc_scrape *before, double seconds,
                    mc_stats_order order, size_t most);

/* `arguments` without the command's name. Return the exit code. */
int mc_cli_stats(int n, char *const *arguments);
int mc_cli_top(int n, char *const *arguments);

#define MC_DEFAULT_URL "http://127.0.0.1:5000"
/* Fetches and reads. */
MC_MUST_CHECK mc_status mc_stats_fetch(const char *url, mc_scrape *out, mc_error *err);
#endif
