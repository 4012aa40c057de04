/* exposition.c: families, labels and histograms, as Prometheus reads them. */
#include "serve/exposition.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *name, *type, *unit, *help;
} METRICS[MC_N_METRICS] = {
#define MC_METRIC(id, name, type, unit, help) {"modelcached_" name, type, unit, help},
#include "serve/metrics.def"
#undef MC_METRIC
};

static const struct {
    uint64_t ns;
    const char *le;
} BUCKETS[MC_N_BUCKETS] = {
    {25000, "0.000025"}, {50000, "0.00005"},    {100000, "0.0001"},  {250000, "0.00025"},
    {500000, "0.0005"},  {1000000, "0.001"},    {2500000, "0.0025"}, {5000000, "0.005"},
    {10000000, "0.01"},  {50000000, "0.05"},    {100000000, "0.1"},  {500000000, "0.5"},
    {1000000000, "1.0"}, {10000000000, "10.0"},
};

size_t mc_bucket_of(uint64_t duration_ns)
{
    size_t at = 0;
    while (at < MC_N_BUCKETS && duration_ns > BUCKETS[at].ns)
        at++;
    return at;
}

const char *mc_metric_name(mc_metric_id id)
{
    return METRICS[id].name;
}

/* In OpenMetrics a counter's family is named without the _total of its samples. */
const char *mc_show_family(mc_exposition *e, mc_metric_id id)
{
    const char *name = METRICS[id].name;
    int size = (int)strlen(name);
    if (e->open_metrics && strcmp(METRICS[id].type, "counter") == 0)
        size -= (int)strlen("_total");
    MC_EXPOSE(e, "# HELP %.*s %s\n# TYPE %.*s %s\n", size, name, METRICS[id].help, size, name,
              METRICS[id].type);
    if (e->open_metrics && METRICS[id].unit[0] != '\0')
        MC_EXPOSE(e, "# UNIT %.*s %s\n", size, name, METRICS[id].unit);
    return name;
}

void mc_show_value(mc_exposition *e, mc_metric_id id, const char *labels, uint64_t value)
{
    const char *name = mc_show_family(e, id);
    MC_EXPOSE(e, "%s%s %llu\n", name, labels, (unsigned long long)value);
}

const char *mc_escape_label(const char *value, char out[MC_ESCAPED_MAX])
{
    size_t n = 0;
    for (; *value != '\0' && n + 2 < MC_ESCAPED_MAX; value++) {
        const bool newline = *value == '\n';
        if (newline || *value == '\\' || *value == '"')
            out[n++] = '\\';
        if (newline)
            out[n++] = 'n';
        else
            out[n++] = *value;
    }
    out[n] = '\0';
    return out;
}

void mc_show_histogram(mc_exposition *e, const char *name, const char *labels,
                       const mc_histogram *histogram)
{
    const char *comma = labels[0] == '\0' ? "" : ",";
    const char *open = labels[0] == '\0' ? "" : "{", *close = labels[0] == '\0' ? "" : "}";
    uint64_t cumulative = 0;
    for (size_t b = 0; b <= MC_N_BUCKETS; b++) {
        cumulative += histogram->buckets[b];
        MC_EXPOSE(e, "%s_bucket{%s%sle=\"%s\"} %llu\n", name, labels, comma,
                  b < MC_N_BUCKETS ? BUCKETS[b].le : "+Inf", (unsigned long long)cumulative);
    }
    MC_EXPOSE(e, "%s_sum%s%s%s %.9f\n%s_count%s%s%s %llu\n", name, open, labels, close,
              (double)histogram->sum_ns / 1e9, name, open, labels, close,
              (unsigned long long)cumulative);
}
