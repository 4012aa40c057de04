/* stats.c: numbers of a running daemon, as a table or as JSON. */
#include "cli/stats.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "cli/fetch.h"
#include "cli/serve.h"

/* --------------------------------------------------------------------------------- table ---- */

static const char *show_size(double bytes, char out[16])
{
    static const char UNITS[] = "BKMGT";
    size_t unit = 0;
    for (; bytes >= 1024 && unit < sizeof UNITS - 2; unit++)
        bytes /= 1024;
    (void)snprintf(out, 16, unit == 0 ? "%.0f%c" : "%.1f%c", bytes, UNITS[unit]);
    return out;
}

static const char *show_time(double seconds, char out[16])
{
    if (seconds < 0)
        (void)snprintf(out, 16, "-");
    else if (seconds < 1e-3)
        (void)snprintf(out, 16, "%.0fus", seconds * 1e6);
    else if (seconds < 1)
        (void)snprintf(out, 16, "%.1fms", seconds * 1e3);
    else
        (void)snprintf(out, 16, "%.1fs", seconds);
    return out;
}

static void print_row(FILE *to, const mc_scraped *m, const mc_scraped *before, double seconds)
{
    char bytes[16], half[16], most[16];
    const mc_scraped_times *since = before == NULL ? NULL : &before->times;
    const double answered = m->requests - (before == NULL ? 0 : before->requests);
    (void)fprintf(to, "%-28.28s %-5s %8s %10.0f %8.0f %6.0f %6.0f %6.0f %9.1f %8s %8s\n",
                  m->name[0] == '\0' ? "(all)" : m->name, m->ready > 0 ? "ready" : "",
                  show_size(m->bytes, bytes), m->hits, m->misses, m->loads, m->evictions,
                  m->in_flight + m->waiting, seconds > 0 ? answered / seconds : 0.0,
                  show_time(mc_scraped_quantile(&m->times, since, 0.5), half),
                  show_time(mc_scraped_quantile(&m->times, since, 0.99), most));
}

/* A line more, of a name with a canary or a shadow. */
static bool print_variants(FILE *to, const mc_scraped *m)
{
    const double shadowed = m->shadow_compared + m->shadow_failed + m->shadow_dropped;
    if (m->by_default + m->by_canary == 0)
        return false;
    (void)fprintf(to, "  %.0f by the default, %.0f by the canary", m->by_default, m->by_canary);
    if (shadowed > 0)
        (void)fprintf(to,
                      "; shadow: %.0f compared, %.0f failed, %.0f dropped, %.0f of %.0f rows "
                      "differ, %.0f labels",
                      m->shadow_compared, m->shadow_failed, m->shadow_dropped, m->shadow_different,
                      m->shadow_rows, m->shadow_flips);
    (void)fputc('\n', to);
    return true;
}

static double key_of(const mc_scraped *m, mc_stats_order order)
{
    if (order == MC_ORDER_BYTES)
        return m->bytes;
    return order == MC_ORDER_LATENCY ? mc_scraped_quantile(&m->times, NULL, 0.99) : m->hits;
}

static int compare(const void *a, const void *b, void *user)
{
    const mc_scraped *left = a, *right = b;
    const mc_stats_order *order = user;
    const double x = key_of(left, *order), y = key_of(right, *order);
    return x != y ? (x < y) - (x > y) : strcmp(left->name, right->name);
}

void mc_stats_table(FILE *to, mc_scrape *now, const mc_scrape *before, double seconds,
                    mc_stats_order order, size_t most)
{
    char used[16], limit[16];
    now->all.bytes = now->memory_used;
    (void)fprintf(to, "%.0f of %.0f models ready, %s of %s, %.0f connections\n", now->models_ready,
                  now->models, show_size(now->memory_used, used),
                  now->memory_limit > 0 ? show_size(now->memory_limit, limit) : "no limit",
                  now->connections);
    (void)fprintf(to, "%-28s %-5s %8s %10s %8s %6s %6s %6s %9s %8s %8s\n", "MODEL", "", "BYTES",
                  "HITS", "MISSES", "LOADS", "EVICT", "BUSY", "REQ/S", "P50", "P99");
    print_row(to, &now->all, before == NULL ? NULL : &before->all, seconds);
    qsort_r(now->models_by_name, now->n, sizeof *now->models_by_name, compare, &order);
    for (size_t i = 0, lines = 0; i < now->n && lines < most; i++) {
        const mc_scraped *m = &now->models_by_name[i];
        print_row(to, m, before == NULL ? NULL : mc_scrape_find(before, m->name), seconds);
        if (++lines < most && print_variants(to, m))
            lines++;
    }
}

/* ---------------------------------------------------------------------------------- JSON ---- */

static void print_time(FILE *to, const char *key, const mc_scraped_times *times, double q)
{
    const double seconds = mc_scraped_quantile(times, NULL, q);
    if (seconds < 0)
        (void)fprintf(to, ",\"%s\":null", key);
    else
        (void)fprintf(to, ",\"%s\":%.6f", key, seconds);
}

/* Names hold nothing that JSON escapes: [A-Za-z0-9._-]. */
static void print_json(FILE *to, const mc_scraped *m)
{
    (void)fprintf(to,
                  "\"hits\":%.0f,\"misses\":%.0f,\"loads\":%.0f,\"load_failures\":%.0f,"
                  "\"evictions\":%.0f,\"bytes\":%.0f,\"requests\":%.0f",
                  m->hits, m->misses, m->loads, m->load_failures, m->evictions, m->bytes,
                  m->requests);
    print_time(to, "p50_s", &m->times, 0.5);
    print_time(to, "p99_s", &m->times, 0.99);
}

static void print_variants_json(FILE *to, const mc_scraped *m)
{
    if (m->by_default + m->by_canary == 0)
        return;
    (void)fprintf(to,
                  ",\"by_default\":%.0f,\"by_canary\":%.0f,\"shadow\":{\"compared\":%.0f,"
                  "\"failed\":%.0f,\"dropped\":%.0f,\"rows\":%.0f,\"different\":%.0f,"
                  "\"flips\":%.0f}",
                  m->by_default, m->by_canary, m->shadow_compared, m->shadow_failed,
                  m->shadow_dropped, m->shadow_rows, m->shadow_different, m->shadow_flips);
}

static void print_all_json(FILE *to, mc_scrape *scrape)
{
    scrape->all.bytes = scrape->memory_used;
    (void)fprintf(to, "{");
    print_json(to, &scrape->all);
    (void)fprintf(to,
                  ",\"memory_limit\":%.0f,\"request_memory\":%.0f,\"connections\":%.0f,"
                  "\"n_models\":%.0f,\"n_ready\":%.0f,\"models\":[",
                  scrape->memory_limit, scrape->request_memory, scrape->connections, scrape->models,
                  scrape->models_ready);
    for (size_t i = 0; i < scrape->n; i++) {
        const mc_scraped *m = &scrape->models_by_name[i];
        (void)fprintf(to,
                      "%s\n{\"name\":\"%s\",\"ready\":%s,\"generation\":%.0f,\"age_s\":%.3f,"
                      "\"in_flight\":%.0f,\"waiting\":%.0f,",
                      i == 0 ? "" : ",", m->name, m->ready > 0 ? "true" : "false", m->generation,
                      m->age_s, m->in_flight, m->waiting);
        print_json(to, m);
        print_variants_json(to, m);
        (void)fprintf(to, "}");
    }
    (void)fprintf(to, "]}\n");
}

/* ------------------------------------------------------------------------------- command ---- */

mc_status mc_stats_fetch(const char *url, mc_scrape *out, mc_error *err)
{
    char *text = NULL;
    MC_TRY(mc_fetch(url, "/metrics", &text, err));
    const mc_status status = mc_scrape_read(out, text, err);
    mc_free(text);
    return status;
}

int mc_cli_stats(int n, char *const *arguments)
{
    const char *url = NULL;
    bool json = false;
    mc_scrape scrape = {.n = 0};
    mc_error error;
    for (int i = 0; i < n; i++) {
        if (strcmp(arguments[i], "--json") == 0) {
            json = true;
        } else if (arguments[i][0] == '-' || url != NULL) {
            (void)fprintf(stderr, "usage: modelcached stats [URL] [--json]\n");
            return MC_EXIT_USAGE;
        } else {
            url = arguments[i];
        }
    }
    const mc_status status = mc_stats_fetch(url == NULL ? MC_DEFAULT_URL : url, &scrape, &error);
    if (status != MC_OK)
        (void)fprintf(stderr, "modelcached: %s\n", error.message);
    else if (json)
        print_all_json(stdout, &scrape);
    else
        mc_stats_table(stdout, &scrape, NULL, 0, MC_ORDER_HITS, SIZE_MAX);
    mc_scrape_fini(&scrape);
    return status == MC_OK              ? MC_EXIT_OK
           : status == MC_E_BAD_REQUEST ? MC_EXIT_USAGE
                                        : MC_EXIT_FAILED;
}
