/* The image directory's parts: leases that survive whoever writes, entries that are believed only
 * as they were written, files that go when they are too many. */
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "api/image_dir_state.h"

#define SIZE ((size_t)1 << 20)

static char folder[] = "image_dir.XXXXXX";

static int make_folder(void **state)
{
    (void)state;
    (void)memcpy(folder + sizeof folder - 7, "XXXXXX", 6);
    return mkdtemp(folder) == NULL;
}

static int remove_folder(void **state)
{
    char command[128];
    (void)state;
    (void)snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command); /* NOLINT: a name of our own */
}

static mc_image_dir *open_dir(uint64_t limit)
{
    mc_image_dir *dir = NULL;
    mc_error error;
    const mc_cache_options options = {
        .struct_size = sizeof options, .image_dir = folder, .image_dir_limit = limit};
    assert_int_equal(mc_image_dir_open(&options, &dir, &error), MC_OK);
    return dir;
}

/* -------------------------------------------------------------------------------- leases ---- */

static const char *path_of(const char *name)
{
    static char path[256];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static mc_lease *lease_of(mc_file_guard *guard, const char *name, uint8_t fill)
{
    mc_lease *lease = NULL;
    mc_error error;
    struct stat info;
    uint8_t *bytes = malloc(SIZE);
    assert_non_null(bytes);
    (void)memset(bytes, fill, SIZE);
    const int to = open(path_of(name), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_int_equal(write(to, bytes, SIZE), SIZE);
    assert_int_equal(close(to), 0);
    free(bytes);
    const int fd = open(path_of(name), O_RDONLY | O_CLOEXEC);
    if (mc_lease_take(guard, fd, SIZE, &lease, &info, &error) != MC_OK)
        skip(); /* a file system without leases: images are copied there */
    return lease;
}

static void assert_filled(const mc_lease *lease, uint8_t fill)
{
    const uint8_t *bytes = mc_lease_bytes(lease);
    for (size_t i = 0; i < SIZE; i++)
        assert_int_equal(bytes[i], fill);
}

static void truncated_files_keep_their_bytes(void **state)
{
    (void)state;
    mc_file_guard *guard = NULL;
    assert_int_equal(mc_file_guard_create(&guard, NULL), MC_OK);
    mc_lease *a = lease_of(guard, "a", 7), *b = lease_of(guard, "b", 9);
    assert_int_equal(truncate(path_of("a"), 0), 0); /* returns once the copy is in its place */
    assert_filled(a, 7);
    assert_filled(b, 9);
    assert_int_equal(mc_file_guard_count(guard).broken, 1);
    assert_int_equal(mc_file_guard_count(guard).held, 2);
    mc_lease_drop(a);
    mc_file_guard_release(guard); /* b holds it still */
    assert_int_equal(truncate(path_of("b"), 0), 0);
    assert_filled(b, 9);
    mc_lease_drop(b);
}

typedef struct news_count {
    _Atomic unsigned of[3];
} news_count;

static void note_news(void *user, mc_guard_news news, uint64_t bytes)
{
    assert_int_equal(bytes, SIZE);
    news_count *count = user;
    (void)atomic_fetch_add(&count->of[news], 1);
}

static void the_owner_is_told(void **state)
{
    (void)state;
    mc_file_guard *guard = NULL;
    news_count news = {0};
    assert_int_equal(mc_file_guard_create(&guard, NULL), MC_OK);
    mc_file_guard_tell(guard, note_news, &news);
    mc_lease *a = lease_of(guard, "a", 7), *b = lease_of(guard, "b", 9);
    assert_int_equal(truncate(path_of("a"), 0), 0);
    const struct timespec other[] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = 1}};
    assert_int_equal(utimensat(AT_FDCWD, path_of("b"), other, 0), 0); /* as if it were written */
    assert_int_equal(truncate(path_of("b"), 0), 0);
    assert_int_equal(atomic_load(&news.of[MC_GUARD_COPIED]), 1);
    assert_int_equal(atomic_load(&news.of[MC_GUARD_LATE]), 1);
    assert_int_equal(mc_file_guard_count(guard).lost, 1);
    mc_file_guard_tell(guard, NULL, NULL);
    mc_lease_drop(a);
    mc_lease_drop(b);
    mc_file_guard_release(guard);
}

static void a_file_that_somebody_writes_gives_no_lease(void **state)
{
    (void)state;
    mc_file_guard *guard = NULL;
    mc_lease *lease = NULL;
    mc_error error;
    struct stat info;
    assert_int_equal(mc_file_guard_create(&guard, NULL), MC_OK);
    mc_lease_drop(lease_of(guard, "a", 1));
    const int writer = open(path_of("a"), O_WRONLY | O_CLOEXEC);
    const int fd = open(path_of("a"), O_RDONLY | O_CLOEXEC);
    assert_int_equal(mc_lease_take(guard, fd, SIZE, &lease, &info, &error), MC_E_IO);
    (void)close(writer);
    assert_int_equal(mc_lease_take(guard, fd, SIZE + 1, &lease, &info, &error), MC_E_IO);
    assert_non_null(strstr(error.message, "expected 1048577 bytes, found 1048576"));
    assert_int_equal(mc_file_guard_count(guard).held, 0);
    (void)close(fd); /* still ours: it was not taken */
    mc_file_guard_release(guard);
}

static void *truncate_it(void *path)
{
    assert_int_equal(truncate(path, 0), 0); /* waits for the copy */
    return NULL;
}

static void wait_for_lost(mc_file_guard *guard, uint64_t n)
{
    const struct timespec pause = {.tv_nsec = 2000000};
    for (unsigned i = 0; i < 1000 && mc_file_guard_count(guard).lost != n; i++)
        (void)nanosleep(&pause, NULL);
    assert_int_equal(mc_file_guard_count(guard).lost, n);
}

/* Files of this process may hold no more than a half of the copy, for a while. */
static void a_copy_that_finds_no_memory_is_tried_again(void **state)
{
    (void)state;
    mc_file_guard *guard = NULL;
    pthread_t writer;
    char path[256];
    struct rlimit all;
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &all), 0);
    assert_int_equal(mc_file_guard_create(&guard, NULL), MC_OK);
    mc_lease *a = lease_of(guard, "a", 3);
    (void)snprintf(path, sizeof path, "%s", path_of("a"));
    const struct rlimit little = {SIZE / 2, all.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &little), 0);
    assert_int_equal(pthread_create(&writer, NULL, truncate_it, path), 0);
    wait_for_lost(guard, 1);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &all), 0);
    mc_lease *b = lease_of(guard, "b", 4); /* all are looked at again */
    wait_for_lost(guard, 0);
    assert_int_equal(pthread_join(writer, NULL), 0);
    assert_filled(a, 3);
    assert_int_equal(mc_file_guard_count(guard).broken, 1);
    mc_lease_drop(a);
    mc_lease_drop(b);
    mc_file_guard_release(guard);
}

static void *read_for_ever(void *user)
{
    const mc_lease *lease = user;
    for (int round = 0; round < 20; round++)
        assert_filled(lease, 5);
    return NULL;
}

static void readers_notice_nothing(void **state)
{
    (void)state;
    mc_file_guard *guard = NULL;
    pthread_t readers[3];
    assert_int_equal(mc_file_guard_create(&guard, NULL), MC_OK);
    mc_lease *lease = lease_of(guard, "a", 5);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&readers[i], NULL, read_for_ever, lease), 0);
    assert_int_equal(truncate(path_of("a"), 100), 0);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(pthread_join(readers[i], NULL), 0);
    assert_int_equal(mc_file_guard_count(guard).broken, 1);
    mc_lease_drop(lease);
    mc_file_guard_release(guard);
}

/* ------------------------------------------------------------------------------- entries ---- */

static const mc_index_entry ENTRY = {
    .source = {1, 2, 3, 4, 5}, .image = {6, 7, 8, 9, 10}, .name = "an-image.mci"};

static void what_was_noted_is_found(void **state)
{
    (void)state;
    mc_image_dir *dir = open_dir(0);
    mc_index_entry found;
    assert_false(mc_image_dir_look_up(dir, &ENTRY.source, &found));
    mc_image_dir_note(dir, &ENTRY);
    assert_true(mc_image_dir_look_up(dir, &ENTRY.source, &found));
    assert_memory_equal(&found, &ENTRY, sizeof found);
    mc_image_dir_close(dir);

    dir = open_dir(0); /* the key stays */
    assert_true(mc_image_dir_look_up(dir, &ENTRY.source, &found));
    mc_image_dir_close(dir);
}

static void another_state_of_the_source_is_not_found(void **state)
{
    (void)state;
    mc_image_dir *dir = open_dir(0);
    mc_image_dir_note(dir, &ENTRY);
    for (size_t i = 0; i < sizeof ENTRY.source / sizeof(uint64_t); i++) {
        mc_index_entry found;
        mc_file_facts other = ENTRY.source;
        ((uint64_t *)(void *)&other)[i]++;
        assert_false(mc_image_dir_look_up(dir, &other, &found));
    }
    mc_image_dir_close(dir);
}

static void entries_of_another_run_of_the_system_are_not_believed(void **state)
{
    (void)state;
    mc_image_dir *dir = open_dir(0);
    mc_index_entry found;
    mc_image_dir_note(dir, &ENTRY);
    dir->boot[0] ^= 1;
    assert_false(mc_image_dir_look_up(dir, &ENTRY.source, &found));
    dir->boot[0] ^= 1;
    dir->key[0] ^= 1;
    assert_false(mc_image_dir_look_up(dir, &ENTRY.source, &found));
    dir->key[0] ^= 1;
    dir->has_key = false;
    assert_false(mc_image_dir_look_up(dir, &ENTRY.source, &found));
    mc_image_dir_close(dir);
}

/* -------------------------------------------------------------------------------- tidying ---- */

/* A mc_fill_fn. */
static mc_status fill(const void *user, int fd, const char *path, mc_error *err)
{
    (void)path;
    (void)err;
    return ftruncate(fd, *(const off_t *)user) == 0 ? MC_OK : MC_E_IO;
}

static bool is_there(const mc_image_dir *dir, const char *name)
{
    return faccessat(dir->fd, name, F_OK, 0) == 0;
}

static void what_was_not_used_for_longest_goes_first(void **state)
{
    (void)state;
    const off_t size = 1000;
    const char *names[] = {"first.mci", "second.mci", "third.mci"};
    mc_image_dir *dir = open_dir(2500);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(mc_image_dir_replace(dir, names[i], fill, &size, NULL), MC_OK);
        mc_image_dir_touch(dir, names[i]);
    }
    const struct timespec long_ago[] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
    assert_int_equal(utimensat(dir->fd, "second.use", long_ago, 0), 0);
    mc_image_dir_sweep(dir, "third.mci");
    assert_true(is_there(dir, "first.mci"));
    assert_false(is_there(dir, "second.mci"));
    assert_false(is_there(dir, "second.use"));
    assert_true(is_there(dir, "third.mci"));
    mc_image_dir_close(dir);
}

static void what_others_may_write_is_not_opened(void **state)
{
    (void)state;
    const off_t size = 10;
    struct stat info;
    bool foreign = false;
    mc_image_dir *dir = open_dir(0);
    assert_int_equal(mc_image_dir_replace(dir, "x.mci", fill, &size, NULL), MC_OK);
    const int fd = mc_image_dir_open_file(dir, "x.mci", &info, &foreign);
    assert_true(fd >= 0);
    (void)close(fd);
    assert_int_equal(fchmodat(dir->fd, "x.mci", 0620, 0), 0);
    assert_int_equal(mc_image_dir_open_file(dir, "x.mci", &info, &foreign), -1);
    assert_true(foreign);
    assert_int_equal(mc_image_dir_open_file(dir, "none.mci", &info, &foreign), -1);
    assert_false(foreign);
    mc_image_dir_close(dir);
}

static void a_directory_where_others_may_write_is_refused(void **state)
{
    (void)state;
    mc_image_dir *dir = NULL;
    mc_error error;
    const mc_cache_options options = {.struct_size = sizeof options, .image_dir = folder};
    assert_int_equal(chmod(folder, 0770), 0);
    assert_int_equal(mc_image_dir_open(&options, &dir, &error), MC_E_IO);
    assert_non_null(strstr(error.message, "others may write"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(truncated_files_keep_their_bytes),
        TEST(the_owner_is_told),
        TEST(a_file_that_somebody_writes_gives_no_lease),
        TEST(a_copy_that_finds_no_memory_is_tried_again),
        TEST(readers_notice_nothing),
        TEST(what_was_noted_is_found),
        TEST(another_state_of_the_source_is_not_found),
        TEST(entries_of_another_run_of_the_system_are_not_believed),
        TEST(what_was_not_used_for_longest_goes_first),
        TEST(what_others_may_write_is_not_opened),
        TEST(a_directory_where_others_may_write_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
