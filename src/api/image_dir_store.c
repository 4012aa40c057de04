/* image_dir_store.c: the files of the image directory: whom to believe, writing, tidying up. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "api/image_dir_state.h"
#include "base/alloc.h"
#include "base/clock.h"
#include "base/vec.h"

#define LEFT_BEHIND_S 3600                 /* a file that is being written is never so old */
#define ENTRY_KEPT_S  ((time_t)90 * 86400) /* of a source that nobody asked for */
#define LOCK_MS       120000               /* then somebody else reads the source too */
#define TEMPORARY     ".new-"

/* ------------------------------------------------------------------------------- opening ---- */

static bool is_ours(const struct stat *info)
{
    return S_ISREG(info->st_mode) && info->st_uid == geteuid() && (info->st_mode & 022) == 0;
}

int mc_image_dir_open_file(const mc_image_dir *dir, const char *name, struct stat *info,
                           bool *foreign)
{
    *foreign = false;
    const int fd = openat(dir->fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0) {
        *foreign = errno != ENOENT;
        return -1;
    }
    if (fstat(fd, info) == 0 && is_ours(info))
        return fd;
    *foreign = true;
    (void)close(fd);
    return -1;
}

/* ------------------------------------------------------------------------------- writing ---- */

static mc_status failed(const mc_image_dir *dir, const char *name, const char *what, mc_error *err)
{
    const int why = errno;
    return mc_fail(err, MC_E_IO, MC_NO_OFFSET, "%s/%s: cannot %s: %s", dir->path, name, what,
                   strerrordesc_np(why));
}

static mc_status fill_file(const mc_image_dir *dir, const char *name, int fd, mc_fill_fn *fill,
                           const void *user, mc_error *err)
{
    char path[MC_PATH_MAX + MC_IMAGE_NAME_MAX];
    (void)snprintf(path, sizeof path, "%s/%s", dir->path, name);
    return fill(user, fd, path, err);
}

mc_status mc_image_dir_replace(const mc_image_dir *dir, const char *name, mc_fill_fn *fill,
                               const void *user, mc_error *err)
{
    char beside[MC_IMAGE_NAME_MAX];
    (void)snprintf(beside, sizeof beside, TEMPORARY "%ld-%" PRIx64, (long)gettid(), mc_now_ns());
    const int fd = openat(dir->fd, beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0400);
    if (fd < 0)
        return failed(dir, name, "create", err);
    mc_status status = fill_file(dir, beside, fd, fill, user, err);
    (void)close(fd);
    if (status == MC_OK && renameat(dir->fd, beside, dir->fd, name) != 0)
        status = failed(dir, name, "rename", err);
    if (status != MC_OK)
        (void)unlinkat(dir->fd, beside, 0);
    return status;
}

static void use_name(const char *image, char out[MC_IMAGE_NAME_MAX])
{
    (void)snprintf(out, MC_IMAGE_NAME_MAX, "%.*s.use", (int)(strlen(image) - strlen(".mci")),
                   image);
}

void mc_image_dir_touch(const mc_image_dir *dir, const char *image)
{
    char name[MC_IMAGE_NAME_MAX];
    use_name(image, name);
    if (utimensat(dir->fd, name, NULL, AT_SYMLINK_NOFOLLOW) == 0)
        return;
    const int fd = openat(dir->fd, name, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd >= 0)
        (void)close(fd);
}

void mc_image_dir_remove(const mc_image_dir *dir, const char *image)
{
    char name[MC_IMAGE_NAME_MAX];
    use_name(image, name);
    (void)unlinkat(dir->fd, image, 0);
    (void)unlinkat(dir->fd, name, 0);
}

/* ------------------------------------------------------------------------------ tidying ---- */

typedef struct kept {
    char name[MC_IMAGE_NAME_MAX];
    uint64_t size;
    time_t used;
} kept;

static bool ends_in(const char *name, const char *end)
{
    const size_t n = strlen(name), n_end = strlen(end);
    return n > n_end && n < MC_IMAGE_NAME_MAX && strcmp(name + n - n_end, end) == 0;
}

static time_t last_use(const mc_image_dir *dir, const char *image, time_t otherwise)
{
    char name[MC_IMAGE_NAME_MAX];
    struct stat info;
    use_name(image, name);
    return fstatat(dir->fd, name, &info, AT_SYMLINK_NOFOLLOW) == 0 ? info.st_mtime : otherwise;
}

static void sort_out(const mc_image_dir *dir, const char *name, mc_vec *images)
{
    struct stat info;
    const time_t now = time(NULL);
    if (fstatat(dir->fd, name, &info, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(info.st_mode))
        return;
    const bool is_left = strncmp(name, TEMPORARY, strlen(TEMPORARY)) == 0;
    if ((is_left && info.st_mtime < now - LEFT_BEHIND_S) ||
        (ends_in(name, ".idx") && info.st_mtime < now - ENTRY_KEPT_S))
        (void)unlinkat(dir->fd, name, 0);
    if (is_left || !ends_in(name, ".mci"))
        return;
    kept image = {.size = (uint64_t)info.st_size, .used = last_use(dir, name, info.st_mtime)};
    (void)snprintf(image.name, sizeof image.name, "%s", name);
    if (mc_vec_append(images, &image, sizeof image, NULL) != MC_OK)
        return; /* no memory: it is seen next time */
}

static int by_use(const void *a, const void *b)
{
    const time_t x = ((const kept *)a)->used, y = ((const kept *)b)->used;
    return x < y ? -1 : x > y;
}

static void drop_oldest(const mc_image_dir *dir, mc_vec *images, const char *keep)
{
    kept *all = (kept *)(void *)images->data;
    const size_t n = images->size / sizeof *all;
    uint64_t sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += all[i].size;
    if (sum <= dir->limit || dir->limit == 0)
        return;
    qsort(all, n, sizeof *all, by_use);
    for (size_t i = 0; i < n && sum > dir->limit; i++) {
        if (strcmp(all[i].name, keep) == 0)
            continue;
        mc_image_dir_remove(dir, all[i].name);
        sum -= all[i].size;
        mc_image_dir_say(dir, MC_LOG_INFO, "image_dropped",
                         "image directory over its limit: %.16s..., %.2f MB, removed", all[i].name,
                         (double)all[i].size / 1048576);
    }
}

void mc_image_dir_sweep(const mc_image_dir *dir, const char *keep)
{
    mc_vec images = {0};
    const int fd = openat(dir->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *list = fd < 0 ? NULL : fdopendir(fd);
    if (list == NULL) {
        if (fd >= 0)
            (void)close(fd);
        return;
    }
    const struct dirent *at;
    while ((at = readdir(list)) != NULL) /* NOLINT(concurrency-mt-unsafe): a stream of our own */
        sort_out(dir, at->d_name, &images);
    (void)closedir(list);
    drop_oldest(dir, &images, keep);
    mc_vec_fini(&images);
}

/* ------------------------------------------------------------------------------- locking ---- */

int mc_image_dir_lock(const mc_image_dir *dir, const mc_file_facts *source)
{
    struct flock range = {.l_type = F_WRLCK,
                          .l_whence = SEEK_SET,
                          .l_start = (off_t)((source->inode ^ source->device) % 1000003u),
                          .l_len = 1};
    const struct timespec pause = {.tv_nsec = 10000000};
    const int fd = openat(dir->fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    const uint64_t until_ns = mc_now_ns() + mc_ns_of_ms(LOCK_MS);
    while (fd >= 0 && mc_now_ns() < until_ns) {
        /* Of the open file, not of the process: threads wait for each other too. */
        if (fcntl(fd, F_OFD_SETLK, &range) == 0)
            return fd;
        if (errno != EAGAIN && errno != EACCES)
            break;
        (void)nanosleep(&pause, NULL);
    }
    if (fd >= 0)
        (void)close(fd);
    return -1;
}
