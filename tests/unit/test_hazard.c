/* test_hazard.c: a request takes a model at the very moment when its last reference goes.
 *
 * Threads are stopped at test points, so each interleaving happens every time. To show that these
 * tests can fail, each is run once more with writers that ignore hazards: then a dead model must be
 * seen to be used. */
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "cache/hazard.h"
#include "cache_fakes.h"

static sem_t reader_is_there, reader_may_go, writer_is_there;
static _Atomic mc_test_point reader_stops_at;
static _Atomic bool reader_stops, writer_was_seen;

static void writer_seen(void)
{
    if (!atomic_exchange(&writer_was_seen, true))
        (void)sem_post(&writer_is_there);
}

static void at_point(mc_test_point point)
{
    if (point == MC_POINT_WAITING || point == MC_POINT_SPARED) {
        writer_seen();
        return;
    }
    if (point != atomic_load(&reader_stops_at) || !atomic_exchange(&reader_stops, false))
        return;
    (void)sem_post(&reader_is_there);
    (void)sem_wait(&reader_may_go);
}

static int set_up(void **state)
{
    (void)state;
    (void)sem_init(&reader_is_there, 0, 0);
    (void)sem_init(&reader_may_go, 0, 0);
    (void)sem_init(&writer_is_there, 0, 0);
    atomic_store(&writer_was_seen, false);
    atomic_store(&mc_test_no_hazards, false);
    fake_keep_dead(true);
    atomic_store(&mc_test_point_hook, at_point);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    atomic_store(&mc_test_point_hook, NULL);
    atomic_store(&mc_test_no_hazards, false);
    fake_keep_dead(false);
    fake_bury_dead();
    return 0;
}

static void *reader(void *cache)
{
    return fake_acquire(cache, "iris");
}

static void *unloader(void *cache)
{
    const mc_status status = mc_cache_unload(cache, "iris", NULL);
    writer_seen();
    return status == MC_OK ? cache : NULL;
}

static void *replacer(void *cache)
{
    mc_error err = {0};
    const mc_status status = mc_cache_load(cache, "other", "bytes=4096", &err);
    writer_seen();
    return status == MC_OK ? cache : NULL;
}

/* A reader stops at `point`; `writer` runs until it waits for the reader or is done; the reader
 * goes on. @return how the writer ended; *out is what the reader got. */
static void *collide(mc_cache *cache, mc_test_point point, void *(*writer)(void *), mc_model **out)
{
    pthread_t threads[2];
    void *reader_got = NULL;
    void *writer_got = NULL;
    atomic_store(&reader_stops_at, point);
    atomic_store(&reader_stops, true);
    assert_int_equal(pthread_create(&threads[0], NULL, reader, cache), 0);
    (void)sem_wait(&reader_is_there);
    assert_int_equal(pthread_create(&threads[1], NULL, writer, cache), 0);
    (void)sem_wait(&writer_is_there);
    (void)sem_post(&reader_may_go);
    (void)pthread_join(threads[0], &reader_got);
    (void)pthread_join(threads[1], &writer_got);
    *out = reader_got;
    return writer_got;
}

static mc_cache *cache_for_one(void)
{
    const mc_cache_options options = {.struct_size = sizeof options,
                                      .memory_budget = 4096 + FAKE_SCHEMA_BYTES,
                                      .room_wait_ms = 20};
    mc_cache *cache = fake_cache_with(&options);
    assert_int_equal(mc_cache_load(cache, "iris", "bytes=4096", NULL), MC_OK);
    return cache;
}

static void the_last_release_waits_for_a_reader(void **state)
{
    (void)state;
    mc_cache *cache = cache_for_one();
    mc_model *model = NULL;
    assert_non_null(collide(cache, MC_POINT_PROTECTED, unloader, &model));
    assert_int_equal(fake_dead_uses(), 0);
    uint64_t load = 0;
    assert_true(fake_model_is_whole(model, &load)); /* the reader came first: it has the model */
    assert_int_equal(mc_model_describe(model).generation, 1);
    assert_int_equal(fake_info(cache, "iris").state, MC_STATE_DRAINING);
    mc_model_release(model);
    assert_int_equal(fake_mapped_bytes(), 0);
    mc_cache_destroy(cache);
}

static void without_hazards_a_reader_counts_a_dead_model(void **state)
{
    (void)state;
    mc_cache *cache = cache_for_one();
    mc_model *model = NULL;
    atomic_store(&mc_test_no_hazards, true);
    assert_non_null(collide(cache, MC_POINT_PROTECTED, unloader, &model));
    assert_int_equal(fake_dead_uses(), 1);
    mc_cache_destroy(cache);
}

static void a_reader_that_comes_too_late_looks_again(void **state)
{
    (void)state;
    mc_cache *cache = cache_for_one();
    mc_model *model = NULL;
    assert_non_null(collide(cache, MC_POINT_READ, unloader, &model));
    assert_int_equal(fake_dead_uses(), 0);
    assert_int_equal(mc_model_describe(model).generation, 2); /* it found nothing, and loaded */
    mc_model_release(model);
    mc_cache_destroy(cache);
}

static void eviction_lets_a_model_live_that_somebody_just_took(void **state)
{
    (void)state;
    mc_cache *cache = cache_for_one();
    mc_model *model = NULL;
    assert_null(collide(cache, MC_POINT_PROTECTED, replacer, &model)); /* over budget */
    assert_int_equal(fake_dead_uses(), 0);
    assert_int_equal(mc_model_describe(model).generation, 1);
    assert_int_equal(fake_info(cache, "iris").state, MC_STATE_READY);
    assert_int_equal(mc_cache_statistics(cache).drops[MC_DROP_BUDGET], 0);
    mc_model_release(model);
    assert_int_equal(mc_cache_load(cache, "other", NULL, NULL), MC_OK); /* now it may go */
    assert_int_equal(mc_cache_statistics(cache).drops[MC_DROP_BUDGET], 1);
    mc_cache_destroy(cache);
}

static void without_hazards_eviction_takes_it_away(void **state)
{
    (void)state;
    mc_cache *cache = cache_for_one();
    mc_model *model = NULL;
    atomic_store(&mc_test_no_hazards, true);
    (void)collide(cache, MC_POINT_PROTECTED, replacer, &model);
    assert_int_equal(fake_dead_uses(), 1);
    mc_cache_destroy(cache);
}

static void more_readers_than_slots_take_the_locked_way(void **state)
{
    (void)state;
    mc_hazards hazards = {0};
    assert_int_equal(mc_hazards_init(&hazards, NULL), MC_OK);
    mc_cache *cache = cache_for_one();
    mc_model *model = fake_acquire(cache, "iris");
    mc_published_model published;
    atomic_init(&published, model);
    for (unsigned i = 0; i < MC_HAZARD_SLOTS; i++) {
        assert_ptr_equal(mc_hazards_acquire(&hazards, &published), model);
        mc_model_release(model);
        atomic_store(&hazards.slots[i].model, model); /* somebody is in there */
    }
    assert_null(mc_hazards_acquire(&hazards, &published));
    assert_true(mc_hazards_protect(&hazards, model));
    mc_hazards_fini(&hazards);
    mc_model_release(model);
    mc_cache_destroy(cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_last_release_waits_for_a_reader, set_up, tear_down),
        cmocka_unit_test_setup_teardown(without_hazards_a_reader_counts_a_dead_model, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_reader_that_comes_too_late_looks_again, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(eviction_lets_a_model_live_that_somebody_just_took, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(without_hazards_eviction_takes_it_away, set_up, tear_down),
        cmocka_unit_test(more_readers_than_slots_take_the_locked_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
