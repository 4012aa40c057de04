/* test_scrape.c: metrics read back, and times out of histograms. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/scrape.h"

static mc_scrape scrape;

static void read_text(const char *text)
{
    static char copy[4096];
    assert_true(strlen(text) < sizeof copy);
    memcpy(copy, text, strlen(text) + 1);
    assert_int_equal(mc_scrape_read(&scrape, copy, NULL), MC_OK);
}

static void samples_become_numbers(void **state)
{
    (void)state;
    read_text("# HELP modelcached_models x\nmodelcached_models 3\nother_thing 7\nnonsense\n"
              "modelcached_model_cache_hits_total 12\n"
              "modelcached_connections{worker=\"0\"} 1\nmodelcached_connections{worker=\"1\"} 2\n"
              "modelcached_model_hits_total{model=\"iris\"} 5\n"
              "modelcached_model_load_results_total{model=\"iris\",result=\"ok\"} 2\n"
              "modelcached_model_load_results_total{model=\"iris\",result=\"failed\"} 1\n"
              "modelcached_requests_total{model=\"iris\",version=\"\",code=\"200\"} 4\n"
              "modelcached_requests_total{model=\"iris\",version=\"\",code=\"400\"} 1\n"
              "modelcached_requests_total{model=\"\",version=\"\",code=\"404\"} 9");
    const mc_scraped *iris = mc_scrape_find(&scrape, "iris");
    assert_non_null(iris);
    assert_int_equal(scrape.n, 1);
    assert_true(scrape.models == 3 && scrape.connections == 3 && scrape.all.hits == 12);
    assert_true(iris->hits == 5 && iris->loads == 2 && iris->load_failures == 1);
    assert_true(iris->requests == 5 && scrape.all.requests == 14);
    assert_null(mc_scrape_find(&scrape, "other"));
    mc_scrape_fini(&scrape);
}

static bool near(double a, double b)
{
    return fabs(a - b) < 1e-12;
}

static void times_lie_within_their_bucket(void **state)
{
    (void)state;
    const mc_scraped_times times = {
        .bounds = {0.1, 0.2, 1.0, HUGE_VAL}, .counts = {0, 10, 30, 40}, .n = 4};
    const mc_scraped_times before = {
        .bounds = {0.1, 0.2, 1.0, HUGE_VAL}, .counts = {0, 10, 10, 10}, .n = 4};
    const mc_scraped_times none = {.n = 0};
    assert_true(near(mc_scraped_quantile(&times, NULL, 0.125), 0.15));
    assert_true(near(mc_scraped_quantile(&times, NULL, 0.5), 0.6));
    assert_true(near(mc_scraped_quantile(&times, NULL, 0.99), 1.0)); /* no bound above */
    assert_true(near(mc_scraped_quantile(&times, &before, 0.5), 0.2 + 0.8 * 15 / 20));
    assert_true(mc_scraped_quantile(&times, &times, 0.5) < 0);
    assert_true(mc_scraped_quantile(&none, NULL, 0.5) < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(samples_become_numbers),
        cmocka_unit_test(times_lie_within_their_bucket),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
