/* spool.c: files without names, allocated before they are mapped.
 *
 * Why so   A page of a mapped file that has no block on a full disk is a SIGBUS when it is written.
 *          So every byte is allocated first, and a full disk is a refusal. */
#include "base/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/alloc.h"

#define COPY_PIECE ((size_t)1 << 20)

static bool is_in_memory(int fd)
{
    struct statfs info;
    return fstatfs(fd, &info) != 0 || info.f_type == TMPFS_MAGIC || info.f_type == RAMFS_MAGIC;
}

/* A file that nobody else can open, or -1. */
static int make_file(const char *folder)
{
    const int fd = open(folder, O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, 0600);
    if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL))
        return fd;
    char path[MC_PATH_MAX];
    const int n = snprintf(path, sizeof path, "%s/modelcached.XXXXXX", folder);
    const int named = n > 0 && (size_t)n < sizeof path ? mkostemp(path, O_CLOEXEC) : -1;
    if (named >= 0)
        (void)unlink(path);
    return named;
}

/* Blocks for the bytes from `at` on: at most three quarters of what is free. */
static bool take_blocks(int fd, size_t at, size_t size)
{
    struct statvfs info;
    if (fstatvfs(fd, &info) != 0)
        return false;
    const uint64_t free_bytes = (uint64_t)info.f_bavail * info.f_frsize;
    if (size - at > free_bytes / 4 * 3)
        return false;
    int failed;
    do
        failed = fallocate(fd, 0, (off_t)at, (off_t)(size - at));
    while (failed != 0 && errno == EINTR);
    return failed == 0;
}

static int open_folder(const char *folder, size_t size)
{
    const int fd = folder == NULL || folder[0] == '\0' ? -1 : make_file(folder);
    if (fd < 0)
        return -1;
    if (!is_in_memory(fd) && take_blocks(fd, 0, size))
        return fd;
    (void)close(fd);
    return -1;
}

bool mc_spool_open(mc_spool *spool, size_t size)
{
    int fd =
        open_folder(getenv("TMPDIR"), size); /* NOLINT(concurrency-mt-unsafe): nobody sets it */
    if (fd < 0)
        fd = open_folder("/var/tmp", size);
    if (fd < 0)
        return false;
    void *pages = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (pages == MAP_FAILED) {
        (void)close(fd);
        return false;
    }
    *spool = (mc_spool){pages, size, fd, true};
    return true;
}

bool mc_spool_grow(mc_spool *spool, size_t size)
{
    if (!take_blocks(spool->fd, spool->size, size))
        return false;
    void *pages = mc_pages_resize(spool->data, spool->size, size);
    if (pages == NULL)
        return false;
    spool->data = pages;
    spool->size = size;
    return true;
}

void *mc_spool_close(mc_spool *spool)
{
    void *pages = spool->data;
    if (spool->is_open)
        (void)close(spool->fd); /* the mapping keeps the file */
    *spool = (mc_spool){0};
    return pages;
}

/* For file systems that can not copy between files of theirs. */
static ptrdiff_t read_piece(const mc_spool *spool, int from, size_t at)
{
    const size_t left = spool->size - at;
    const size_t size = left < COPY_PIECE ? left : COPY_PIECE;
    return read(from, (uint8_t *)spool->data + at, size);
}

ptrdiff_t mc_spool_copy(mc_spool *spool, int from)
{
    size_t done = 0;
    bool by_kernel = true;
    while (done < spool->size) {
        loff_t to = (loff_t)done;
        const ptrdiff_t n = by_kernel
                                ? copy_file_range(from, NULL, spool->fd, &to, spool->size - done, 0)
                                : read_piece(spool, from, done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n == 0 && !by_kernel)
            break;
        if (n <= 0 && !by_kernel)
            return -1;
        if (n <= 0)
            by_kernel = false; /* some file systems say 0 where they can not: reading tells */
        else
            done += (size_t)n;
    }
    return (ptrdiff_t)done;
}
