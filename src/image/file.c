/* file.c: images in files and in memory of ours.
 *
 * Why so   A file that others can write may change while it serves. It is therefore copied into
 *          pages of ours and the copy verified: truncating or rewriting it changes no answer. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "image/image.h"
#include "image/layout.h"
#include "image/pattern.h"

static mc_status io_failed(mc_error *err, const char *path, const char *what)
{
    return mc_fail(err, MC_E_IO, MC_NO_OFFSET, "%s: cannot %s: %s", path, what,
                   strerrordesc_np(errno));
}

/* Of a block that is verified. */
static mc_status make_image(const uint8_t *block, size_t size, mc_lease *lease, mc_image *out,
                            mc_error *err)
{
    mc_view view;
    mc_patterns *patterns = NULL;
    mc_view_of(block, &view);
    MC_TRY(mc_patterns_compile(&view, &patterns, err));
    *out = (mc_image){.block = block, .size = size, .patterns = patterns, .lease = lease};
    return MC_OK;
}

mc_status mc_image_adopt(uint8_t *block, size_t size, mc_image *out, mc_error *err)
{
    MC_TRY(mc_image_verify(block, size, err));
    return make_image(block, size, NULL, out, err);
}

mc_status mc_image_adopt_lease(mc_lease *lease, size_t size, bool trusted, mc_image *out,
                               mc_error *err)
{
    const uint8_t *block = mc_lease_bytes(lease);
    MC_TRY(trusted ? mc_image_verify_outline(block, size, err) : mc_image_verify(block, size, err));
    return make_image(block, size, lease, out, err);
}

void mc_image_close(mc_image *image)
{
    if (image->lease != NULL)
        mc_lease_drop(image->lease);
    else
        mc_pages_free((void *)(uintptr_t)image->block, image->size);
    mc_patterns_destroy(image->patterns);
    *image = (mc_image){0};
}

static mc_status read_all(int fd, const char *path, uint8_t *to, size_t size, mc_error *err)
{
    for (size_t at = 0; at < size;) {
        const ssize_t n = read(fd, to + at, size - at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return io_failed(err, path, "read");
        if (n == 0)
            return mc_fail(err, MC_E_TRUNCATED, at, "%s: %zu bytes expected, %zu found", path, size,
                           at);
        at += (size_t)n;
    }
    return MC_OK;
}

mc_status mc_image_read(int fd, size_t size, const char *path, mc_image *out, mc_error *err)
{
    uint8_t *block = mc_pages_alloc(size);
    if (block == NULL)
        return mc_fail(err, MC_E_NO_MEMORY, MC_NO_OFFSET, "%s: no %zu bytes to be had", path, size);
    mc_status status = read_all(fd, path, block, size, err);
    if (status == MC_OK)
        status = mc_image_adopt(block, size, out, err);
    if (status != MC_OK)
        mc_pages_free(block, size);
    return status;
}

static mc_status read_image(int fd, const char *path, mc_image *out, mc_error *err)
{
    struct stat info;
    if (fstat(fd, &info) != 0)
        return io_failed(err, path, "stat");
    if (!S_ISREG(info.st_mode) || info.st_size <= 0)
        return mc_fail(err, MC_E_IO, MC_NO_OFFSET, "%s: not a file with content", path);
    return mc_image_read(fd, (size_t)info.st_size, path, out, err);
}

mc_status mc_image_map(const char *path, mc_image *out, mc_error *err)
{
    /* Not blocking: a pipe is refused, not awaited. */
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return io_failed(err, path, "open");
    const mc_status status = read_image(fd, path, out, err);
    (void)close(fd);
    return status;
}

mc_status mc_image_write(const mc_image *image, int fd, const char *path, mc_error *err)
{
    for (size_t at = 0; at < image->size;) {
        const ssize_t n = write(fd, image->block + at, image->size - at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return io_failed(err, path, "write");
        at += (size_t)n;
    }
    return MC_OK;
}

mc_status mc_image_save(const mc_image *image, const char *path, mc_error *err)
{
    char beside[MC_PATH_MAX];
    const int n = snprintf(beside, sizeof beside, "%s.XXXXXX", path);
    if (n < 0 || (size_t)n >= sizeof beside)
        return mc_fail(err, MC_E_IO, MC_NO_OFFSET, "%s: the path is too long", path);
    const int fd = mkostemp(beside, O_CLOEXEC); /* a name of its own: others may save here too */
    if (fd < 0)
        return io_failed(err, beside, "create");
    mc_status status = mc_image_write(image, fd, beside, err);
    if (status == MC_OK && fsync(fd) != 0)
        status = io_failed(err, beside, "sync");
    (void)close(fd);
    if (status == MC_OK && rename(beside, path) != 0)
        status = io_failed(err, path, "rename to");
    if (status != MC_OK)
        (void)unlink(beside);
    return status;
}

void mc_image_digest(const mc_image *image, char out[33])
{
    const mc_image_header *header = (const mc_image_header *)(const void *)image->block;
    (void)snprintf(out, 33, "%016llx%016llx", (unsigned long long)header->digest[1],
                   (unsigned long long)header->digest[0]);
}
