/* test_prediction_store.c: what is kept is found, and nothing else; bytes, age and owners. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cache/prediction_store.h"

static mc_prediction_store *make(uint64_t limit, uint64_t ttl_ns, uint32_t hash_bits)
{
    const mc_prediction_options options = {
        .limit = limit, .shards = 1, .ttl_ns = ttl_ns, .hash_bits = hash_bits};
    mc_prediction_store *store = NULL;
    assert_int_equal(mc_prediction_store_create(&options, &store, NULL), MC_OK);
    return store;
}

static mc_prediction_key key_of(const mc_prediction_store *store, const uint64_t *number,
                                uint64_t owner)
{
    mc_prediction_key key = {
        .data = (const uint8_t *)number, .size = sizeof *number, .owner = owner};
    mc_prediction_hash(store, &key);
    return key;
}

static bool put(mc_prediction_store *store, uint64_t number, uint64_t owner, uint64_t now_ns)
{
    const mc_prediction_key key = key_of(store, &number, owner);
    const uint64_t value = number * 3;
    return mc_prediction_put(store, &key, now_ns, (const uint8_t *)&value, sizeof value);
}

/* Is the number kept? What is found must be its own value. */
static bool get(mc_prediction_store *store, uint64_t number, uint64_t now_ns)
{
    const mc_prediction_key key = key_of(store, &number, 0);
    uint64_t value = 0;
    size_t found = 0;
    if (!mc_prediction_get(store, &key, now_ns, (uint8_t *)&value, sizeof value, &found))
        return false;
    assert_int_equal(found, sizeof value);
    assert_int_equal(value, number * 3);
    return true;
}

static bool use(mc_prediction_store *store, uint64_t number)
{
    return get(store, number, 0) || !put(store, number, 1, 0);
}

static void collisions_give_right_answers(void **state)
{
    (void)state;
    for (uint32_t bits = 1; bits <= 4; bits++) {
        mc_prediction_store *store = make(1 << 20, 0, bits);
        for (uint64_t i = 0; i < 500; i++)
            assert_true(put(store, i, 1, 0));
        for (uint64_t i = 0; i < 500; i++)
            assert_true(get(store, i, 0));
        for (uint64_t i = 500; i < 1000; i++)
            assert_false(get(store, i, 0));
        mc_prediction_store_destroy(store);
    }
}

static void bytes_stay_below_the_limit(void **state)
{
    (void)state;
    mc_prediction_store *store = make(200000, 0, 0);
    for (uint64_t i = 0; i < 20000; i++) {
        assert_true(put(store, i, 1, 0));
        assert_true(mc_prediction_count(store).bytes <= 200000);
    }
    const mc_prediction_counts counts = mc_prediction_count(store);
    assert_true(counts.entries > 1000 && counts.entries + counts.evictions == 20000);
    static const uint8_t large[100000];
    const uint64_t number = 1;
    const mc_prediction_key key = key_of(store, &number, 1);
    assert_false(mc_prediction_put(store, &key, 0, large, sizeof large));
    mc_prediction_store_destroy(store);
}

static void old_answers_are_forgotten(void **state)
{
    (void)state;
    mc_prediction_store *store = make(1 << 20, 1000, 0);
    assert_true(put(store, 7, 1, 5000));
    assert_true(get(store, 7, 5999));
    assert_false(get(store, 7, 6000));
    assert_int_equal(mc_prediction_count(store).entries, 0);
    assert_true(put(store, 7, 1, 6000));
    assert_true(get(store, 7, 6500));
    mc_prediction_store_destroy(store);
}

static void flushing_goes_by_owner(void **state)
{
    (void)state;
    mc_prediction_store *store = make(1 << 20, 0, 0);
    for (uint64_t i = 0; i < 100; i++)
        assert_true(put(store, i, 1 + i % 2, 0));
    assert_false(put(store, 3, 1, 0)); /* is there already */
    mc_prediction_flush(store, 2, false);
    for (uint64_t i = 0; i < 100; i++)
        assert_int_equal(get(store, i, 0), i % 2 == 0);
    mc_prediction_flush(store, 0, true);
    assert_int_equal(mc_prediction_count(store).entries, 0);
    mc_prediction_store_destroy(store);
}

/* A hundred rows that are asked for again and again, and between them a scan of rows that never
 * come again, ten times as many as fit: the hundred stay. LRU would find none of them. */
static void a_scan_displaces_little(void **state)
{
    (void)state;
    mc_prediction_store *store = make(100000, 0, 0);
    for (uint64_t round = 0; round < 5; round++)
        for (uint64_t i = 0; i < 100; i++)
            (void)use(store, i);
    for (uint64_t i = 0; i < 10000; i++)
        (void)use(store, 1000 + i);
    unsigned hits = 0;
    for (uint64_t i = 0; i < 100; i++)
        hits += get(store, i, 0);
    assert_true(hits >= 90);
    mc_prediction_store_destroy(store);
}

/* A loop over a little more than fits, where LRU and FIFO have no hit at all; see bench/policy.c.
 */
static void a_loop_hits(void **state)
{
    (void)state;
    mc_prediction_store *store = make(150000, 0, 0);
    for (uint64_t i = 0; i < 50000; i++)
        (void)use(store, i % 1400);
    const mc_prediction_counts counts = mc_prediction_count(store);
    assert_true(counts.entries < 1400);
    assert_true(counts.hits > 50000 / 2);
    mc_prediction_store_destroy(store);
}

static void too_small_a_limit_is_refused(void **state)
{
    (void)state;
    mc_prediction_store *store = NULL;
    mc_error error;
    assert_int_equal(
        mc_prediction_store_create(&(mc_prediction_options){.limit = 100}, &store, &error),
        MC_E_BAD_REQUEST);
}

static void *work(void *argument)
{
    mc_prediction_store *store = argument;
    for (uint64_t i = 0; i < 20000; i++) {
        const uint64_t number = i * 2654435761u % 700;
        if (!get(store, number, 0))
            (void)put(store, number, number % 3, 0);
        if (i % 5000 == 0)
            mc_prediction_flush(store, 1, false);
    }
    return NULL;
}

static void threads_share_it(void **state)
{
    (void)state;
    const mc_prediction_options options = {.limit = 60000, .shards = 4};
    mc_prediction_store *store = NULL;
    pthread_t threads[4];
    assert_int_equal(mc_prediction_store_create(&options, &store, NULL), MC_OK);
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, work, store), 0);
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    const mc_prediction_counts counts = mc_prediction_count(store);
    assert_int_equal(counts.hits + counts.misses, 4 * 20000);
    assert_true(counts.bytes <= counts.limit);
    mc_prediction_store_destroy(store);
}

/* ------------------------------------------------------------------------------ shares ---- */

static uint64_t count_kept(mc_prediction_store *store, uint64_t first, uint64_t end)
{
    uint64_t n = 0;
    for (uint64_t i = first; i < end; i++)
        n += get(store, i, 0);
    return n;
}

static void an_owner_displaces_its_own_rows(void **state)
{
    (void)state;
    mc_prediction_store *store = make(400000, 0, 0);
    assert_int_equal(mc_prediction_share(store, 7, 10, NULL), MC_OK);
    for (uint64_t i = 0; i < 1000; i++)
        assert_true(put(store, i, 5, 0));
    for (uint64_t i = 1000; i < 21000; i++) {
        assert_true(put(store, i, 7, 0));
        assert_true(i < 1001 || get(store, 1000, 0)); /* asked for again and again: stays */
    }
    assert_int_equal(count_kept(store, 0, 1000), 1000);
    const uint64_t own = count_kept(store, 1000, 21000);
    const mc_prediction_counts counts = mc_prediction_count(store);
    assert_true(own > 100 && own < 400);
    assert_int_equal(counts.share_evictions, 20000 - own);
    assert_int_equal(counts.evictions, counts.share_evictions);
    assert_int_equal(counts.entries, 1000 + own);
    assert_true(counts.bytes <= 400000);
    mc_prediction_store_destroy(store);
}

static void what_is_kept_already_displaces_nothing(void **state)
{
    (void)state;
    mc_prediction_store *store = make(400000, 0, 0);
    assert_int_equal(mc_prediction_share(store, 7, 10, NULL), MC_OK);
    for (uint64_t i = 0; mc_prediction_count(store).evictions == 0; i++)
        assert_true(put(store, i, 7, 0));
    const mc_prediction_counts full = mc_prediction_count(store);
    for (uint64_t i = 1; i <= full.entries; i++) /* all of them but the first are there */
        assert_false(put(store, i, 7, 0));
    assert_int_equal(mc_prediction_count(store).evictions, 1);
    assert_int_equal(mc_prediction_count(store).entries, full.entries);
    mc_prediction_store_destroy(store);
}

static void a_share_that_shrinks_makes_room(void **state)
{
    (void)state;
    mc_prediction_store *store = make(400000, 0, 0);
    for (uint64_t i = 0; i < 100; i++)
        assert_true(put(store, i, 7, 0));
    assert_int_equal(mc_prediction_share(store, 7, 100, NULL), MC_OK); /* no share */
    assert_int_equal(mc_prediction_count(store).entries, 100);
    assert_int_equal(mc_prediction_share(store, 7, 50, NULL), MC_OK);
    assert_int_equal(mc_prediction_count(store).entries, 0); /* they were in no holding */
    for (uint64_t i = 0; i < 300; i++)
        assert_true(put(store, i, 7, 0));
    assert_int_equal(mc_prediction_share(store, 7, 5, NULL), MC_OK);
    const uint64_t left = mc_prediction_count(store).entries;
    assert_true(left > 50 && left < 200);
    assert_int_equal(mc_prediction_share(store, 7, 0, NULL), MC_OK);
    assert_int_equal(mc_prediction_count(store).entries, 0);
    assert_false(put(store, 1, 7, 0));
    assert_true(put(store, 1, 8, 0));
    assert_int_equal(mc_prediction_share(store, 7, 100, NULL), MC_OK);
    assert_true(put(store, 2, 7, 0));
    mc_prediction_flush(store, 7, false);
    assert_int_equal(mc_prediction_count(store).entries, 1);
    mc_prediction_store_destroy(store);
}

static void too_many_shares_are_refused(void **state)
{
    (void)state;
    mc_prediction_store *store = make(400000, 0, 0);
    for (uint64_t owner = 1; owner <= 1024; owner++)
        assert_int_equal(mc_prediction_share(store, owner, 1, NULL), MC_OK);
    assert_int_equal(mc_prediction_share(store, 1025, 1, NULL), MC_E_LIMIT);
    assert_int_equal(mc_prediction_share(store, 1, 2, NULL), MC_OK);
    assert_true(put(store, 1, 1025, 0));
    mc_prediction_store_destroy(store);
}

static void owners_that_are_gone_free_their_places(void **state)
{
    (void)state;
    mc_prediction_store *store = make(400000, 0, 0);
    for (uint64_t owner = 1; owner <= 1024; owner++)
        assert_int_equal(mc_prediction_share(store, owner, 1, NULL), MC_OK);
    assert_true(put(store, 1, 3, 0));
    assert_int_equal(mc_prediction_share(store, 3, 100, NULL), MC_OK);
    assert_true(get(store, 1, 0)); /* stays, and counts for nobody */
    for (uint64_t owner = 2000; owner < 6000; owner++) {
        assert_int_equal(mc_prediction_share(store, owner, 0, NULL), MC_OK);
        assert_int_equal(mc_prediction_share(store, owner + 4000, 0, NULL), MC_E_LIMIT);
        assert_false(put(store, owner, owner, 0)); /* it has the share that it was given */
        assert_int_equal(mc_prediction_share(store, owner, 100, NULL), MC_OK);
        assert_true(put(store, owner, owner, 0));
    }
    for (uint64_t owner = 4; owner <= 1024; owner++) /* holes before them hide nobody */
        assert_int_equal(mc_prediction_share(store, owner, 0, NULL), MC_OK);
    for (uint64_t owner = 4; owner <= 1024; owner++)
        assert_false(put(store, 10000 + owner, owner, 0));
    mc_prediction_store_destroy(store);
}

static void *keep_rows(void *store)
{
    for (uint64_t i = 0; i < 20000; i++)
        (void)put(store, i, 7, 0);
    return NULL;
}

static void a_share_may_go_while_rows_come(void **state)
{
    (void)state;
    mc_prediction_store *store = make(400000, 0, 0);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, keep_rows, store), 0);
    for (uint32_t i = 0; i < 2000; i++)
        assert_int_equal(mc_prediction_share(store, 7, i % 2 == 0 ? 50 : 100, NULL), MC_OK);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(mc_prediction_count(store).bytes <= 400000);
    mc_prediction_flush(store, 7, false);
    assert_int_equal(mc_prediction_count(store).entries, 0);
    mc_prediction_store_destroy(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(collisions_give_right_answers),
        cmocka_unit_test(bytes_stay_below_the_limit),
        cmocka_unit_test(old_answers_are_forgotten),
        cmocka_unit_test(flushing_goes_by_owner),
        cmocka_unit_test(a_scan_displaces_little),
        cmocka_unit_test(a_loop_hits),
        cmocka_unit_test(too_small_a_limit_is_refused),
        cmocka_unit_test(threads_share_it),
        cmocka_unit_test(an_owner_displaces_its_own_rows),
        cmocka_unit_test(what_is_kept_already_displaces_nothing),
        cmocka_unit_test(a_share_that_shrinks_makes_room),
        cmocka_unit_test(too_many_shares_are_refused),
        cmocka_unit_test(owners_that_are_gone_free_their_places),
        cmocka_unit_test(a_share_may_go_while_rows_come),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
