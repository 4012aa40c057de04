/* test_metrics.c: what is counted, and its exposition. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "serve/metrics.h"

#define WORKERS 3

static mc_meter meter = {.limit = 64 << 20};

typedef struct fixture {
    mc_metrics *metrics;
    mc_cache *cache;
    mc_buffer out;
} fixture;

static int set_up(void **state)
{
    static fixture f;
    mc_error error;
    f = (fixture){.metrics = NULL};
    if (mc_metrics_create(WORKERS, NULL, &f.metrics, &error) != MC_OK)
        return 1;
    const mc_cache_options options = {.struct_size = sizeof options, .memory_budget = 1000};
    if (mc_cache_create(&options, &f.cache, &error) != MC_OK)
        return 1;
    mc_buffer_init(&f.out, &meter);
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    mc_metrics_destroy(f->metrics);
    mc_cache_destroy(f->cache);
    mc_buffer_fini(&f->out);
    return 0;
}

static const char *expose(fixture *f, bool open_metrics)
{
    static const uint32_t connections[WORKERS] = {1, 2, 3};
    const mc_gauges gauges = {.cache = f->cache, .request_memory = 7, .connections = connections};
    mc_error error;
    f->out.size = 0;
    assert_int_equal(mc_metrics_expose(f->metrics, &gauges, open_metrics, &f->out, &error), MC_OK);
    assert_int_equal(mc_buffer_append(&f->out, "", 1, &error), MC_OK);
    return (const char *)f->out.data;
}

static void count(fixture *f, uint32_t worker, const char *model, uint32_t http, uint64_t ns)
{
    const mc_sample sample = {
        .model = model, .version = "1", .protocol = "native", .http = http, .duration_ns = ns};
    mc_metrics_count(f->metrics, worker, &sample);
}

static void want(const char *text, const char *line)
{
    char whole[512];
    (void)snprintf(whole, sizeof whole, "\n%s\n", line);
    if (strstr(text, whole) == NULL)
        fail_msg("no line %s in:\n%s", line, text);
}

static void workers_are_added_up(void **state)
{
    fixture *f = *state;
    for (uint32_t worker = 0; worker < WORKERS; worker++)
        for (uint32_t i = 0; i <= worker; i++)
            count(f, worker, "iris", 200, 20000);
    count(f, 1, "iris", 400, 2000000000);
    count(f, 2, "", 404, 30000);
    const char *text = expose(f, false);
#define SERIES(model, code)                     \
    "modelcached_requests_total{model=\"" model \
    "\",version=\"1\",protocol=\"native\",code=\"" code "\"} "
    want(text, SERIES("iris", "200") "6");
    want(text, SERIES("iris", "400") "1");
    want(text, SERIES("", "404") "1");
    want(text, "modelcached_request_duration_seconds_bucket{le=\"0.000025\"} 6");
    want(text, "modelcached_request_duration_seconds_bucket{le=\"0.00005\"} 7");
    want(text, "modelcached_request_duration_seconds_bucket{le=\"10.0\"} 8");
    want(text, "modelcached_request_duration_seconds_bucket{le=\"+Inf\"} 8");
    want(text, "modelcached_request_duration_seconds_count 8");
    want(text, "modelcached_request_duration_seconds_sum 2.000150000");
    want(text, "modelcached_memory_limit_bytes 1000");
    want(text, "modelcached_connections{worker=\"2\"} 3");
    assert_int_equal(mc_metrics_requests(f->metrics), 8);
}

/* Each family: HELP, then TYPE, then all its samples; nothing twice; a newline at the end. */
static void families_stand_together(void **state)
{
    fixture *f = *state;
    static char copy[1 << 16], seen[8192] = "\n";
    char family[128] = "";
    count(f, 0, "iris", 200, 1);
    (void)snprintf(copy, sizeof copy, "%s", expose(f, false));
    assert_int_equal(copy[strlen(copy) - 1], '\n');
    char *rest = copy;
    for (char *line = strsep(&rest, "\n"); line != NULL && *line != '\0';
         line = strsep(&rest, "\n")) {
        char name[128];
        if (sscanf(line, "# HELP %127s", name) == 1) {
            char key[140];
            (void)snprintf(key, sizeof key, "\n%s\n", name);
            assert_null(strstr(seen, key));
            (void)snprintf(seen + strlen(seen), sizeof seen - strlen(seen), "%s\n", name);
            (void)snprintf(family, sizeof family, "%s", name);
        } else if (sscanf(line, "# TYPE %127s", name) == 1) {
            assert_string_equal(name, family);
        } else if (strncmp(line, family, strlen(family)) != 0) {
            fail_msg("\"%s\" stands in family %s", line, family);
        }
    }
}

static void openmetrics_differs_where_it_must(void **state)
{
    fixture *f = *state;
    count(f, 0, "iris", 200, 1);
    const char *text = expose(f, true);
    want(text, "# TYPE modelcached_requests counter");
    want(text, SERIES("iris", "200") "1");
    want(text, "# UNIT modelcached_request_duration_seconds seconds");
    assert_string_equal(text + strlen(text) - 6, "# EOF\n");
    assert_null(strstr(text, "# TYPE modelcached_requests_total"));
}

static void label_values_are_escaped(void **state)
{
    fixture *f = *state;
    count(f, 0, "a\"b\\c\nd", 200, 1);
    want(expose(f, false), SERIES("a\\\"b\\\\c\\nd", "200") "1");
}

static void series_are_bounded(void **state)
{
    fixture *f = *state;
    char name[32];
    size_t n = 0;
    for (int i = 0; i < 2 * MC_SERIES_MAX; i++) {
        (void)snprintf(name, sizeof name, "m%d", i);
        count(f, 0, name, 200, 1);
    }
    const char *text = expose(f, false);
    for (const char *at = text; (at = strstr(at, "modelcached_requests_total{")) != NULL; at++)
        n++;
    assert_in_range(n, 2, MC_SERIES_MAX);
    assert_non_null(
        strstr(text, "{model=\"other\",version=\"\",protocol=\"native\",code=\"200\"}"));
    assert_int_equal(mc_metrics_requests(f->metrics), 2 * MC_SERIES_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(workers_are_added_up, set_up, tear_down),
        cmocka_unit_test_setup_teardown(families_stand_together, set_up, tear_down),
        cmocka_unit_test_setup_teardown(openmetrics_differs_where_it_must, set_up, tear_down),
        cmocka_unit_test_setup_teardown(label_values_are_escaped, set_up, tear_down),
        cmocka_unit_test_setup_teardown(series_are_bounded, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
