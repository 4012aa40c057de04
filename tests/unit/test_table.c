/* test_table.c: names are found without a lock while others are added and the table grows. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cache/table.h"

#define N_NAMES   5000u
#define N_READERS 3u

typedef struct growth {
    mc_table table;
    _Atomic unsigned n_added; /* names 0 .. n_added - 1 are in the table */
    _Atomic unsigned n_lost;
} growth;

static size_t name_of(unsigned at, char out[16])
{
    return (size_t)snprintf(out, 16, "model-%u", at);
}

static void *look_for_names(void *context)
{
    growth *run = context;
    unsigned n_added = 0;
    for (unsigned at = 0; n_added < N_NAMES; at++) {
        /* acquire: pairs with the release below: what was added before must be found. */
        n_added = atomic_load_explicit(&run->n_added, memory_order_acquire);
        if (n_added == 0)
            continue;
        char name[16];
        const size_t size = name_of(at % n_added, name);
        const mc_entry *entry = mc_table_find(&run->table, name, size);
        if (entry == NULL || strcmp(entry->name, name) != 0)
            (void)atomic_fetch_add(&run->n_lost, 1);
    }
    return NULL;
}

static void names_are_found_while_the_table_grows(void **state)
{
    (void)state;
    static growth run;
    static mc_entry *entries[N_NAMES];
    pthread_t readers[N_READERS];
    for (unsigned i = 0; i < N_READERS; i++)
        assert_int_equal(pthread_create(&readers[i], NULL, look_for_names, &run), 0);
    for (unsigned i = 0; i < N_NAMES; i++) {
        char name[16];
        (void)name_of(i, name);
        assert_int_equal(mc_table_reserve_locked(&run.table, NULL), MC_OK);
        assert_int_equal(mc_entry_create(name, &entries[i], NULL), MC_OK);
        mc_table_add_locked(&run.table, entries[i]);
        atomic_store_explicit(&run.n_added, i + 1, memory_order_release);
    }
    for (unsigned i = 0; i < N_READERS; i++)
        (void)pthread_join(readers[i], NULL);
    assert_int_equal(run.n_lost, 0);
    assert_null(mc_table_find(&run.table, "model-5000", 10));
    assert_null(mc_table_find(&run.table, "model-1", 6)); /* "model-": a part of a name */
    for (unsigned i = 0; i < N_NAMES; i++)
        mc_entry_release(entries[i]);
    mc_table_fini(&run.table);
}

static void an_empty_table_knows_nothing(void **state)
{
    (void)state;
    mc_table table = {NULL};
    assert_null(mc_table_find(&table, "a", 1));
    mc_table_fini(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_table_knows_nothing),
        cmocka_unit_test(names_are_found_while_the_table_grows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
