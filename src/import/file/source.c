/* source.c: reads a file into pages of ours and takes its compression off.
 *
 * A compressed file may hold another (a joblib dump compressed by zlib, gzipped for transport): up
 * to MAX_LAYERS are taken off. The bytes that end up in mc_source are private: rewriting the file
 * while the model loads changes nothing. */
#include "import/file/source.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "base/size.h"
#include "base/spool.h"
#include "import/file/inflate.h"

#define MAX_LAYERS 3
/* A vocabulary of zeros shrinks 7000 times in lzma: so much may come out of any file. */
#define SMALL ((size_t)32 << 20)

static mc_status fail_errno(mc_error *err, const char *path, const char *what)
{
    char text[128];
    const char *why = strerror_r(errno, text, sizeof text);
    return mc_fail(err, MC_E_IO, MC_NO_OFFSET, "%s: %s: %s", path, what, why);
}

static mc_status read_whole(int fd, const char *path, mc_source *source, mc_error *err)
{
    uint8_t *at = source->owned;
    for (size_t done = 0; done < source->size;) {
        const ssize_t n = read(fd, at + done, source->size - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail_errno(err, path, "cannot be read");
        if (n == 0)
            return mc_fail(err, MC_E_TRUNCATED, done, "%s: %zu bytes expected, the file ends here",
                           path, source->size);
        done += (size_t)n;
    }
    return MC_OK;
}

static mc_status copy_whole(int fd, const char *path, mc_spool *spool, mc_error *err)
{
    const ptrdiff_t n = mc_spool_copy(spool, fd);
    if (n < 0)
        return fail_errno(err, path, "cannot be read");
    if ((size_t)n < spool->size)
        return mc_fail(err, MC_E_TRUNCATED, (uint64_t)n,
                       "%s: %zu bytes expected, the file ends here", path, spool->size);
    return MC_OK;
}

/* Into pages of a disk; false if there are none. */
static bool read_to_disk(int fd, const char *path, size_t size, mc_source *out, mc_status *status,
                         mc_error *err)
{
    mc_spool spool = {0};
    if (size < MC_SPOOL_FROM || !mc_spool_open(&spool, size))
        return false;
    *status = copy_whole(fd, path, &spool, err);
    void *pages = mc_spool_close(&spool);
    *out = (mc_source){.data = pages, .size = size, .owned = pages, .owned_size = size};
    return true;
}

static mc_status read_to_memory(int fd, const char *path, size_t size, mc_reserve_fn *reserve,
                                void *context, mc_source *out, mc_error *err)
{
    if (reserve != NULL)
        MC_TRY(reserve(context, size, err));
    void *pages = mc_pages_alloc(size);
    if (pages == NULL)
        return mc_fail(err, MC_E_NO_MEMORY, MC_NO_OFFSET, "%s: no %zu bytes to be had", path, size);
    mc_pages_expect(pages, size);
    *out = (mc_source){.data = pages, .size = size, .owned = pages, .owned_size = size};
    return read_whole(fd, path, out, err);
}

static mc_status read_fd(int fd, const char *path, mc_reserve_fn *reserve, void *context,
                         mc_source *out, mc_error *err)
{
    struct stat info;
    if (fstat(fd, &info) != 0)
        return fail_errno(err, path, "cannot be looked at");
    if (!S_ISREG(info.st_mode))
        return mc_fail(err, MC_E_IO, MC_NO_OFFSET, "%s: not a regular file", path);
    const size_t size = (size_t)info.st_size;
    if (size == 0)
        return mc_fail(err, MC_E_TRUNCATED, 0, "%s: the file is empty", path);
    if (size > MC_LIMIT_INPUT_BYTES)
        return mc_fail(err, MC_E_LIMIT, MC_NO_OFFSET, "%s: %zu bytes, at most %zu are read", path,
                       size, MC_LIMIT_INPUT_BYTES);
    mc_source source = {0};
    mc_status status = MC_OK;
    if (!read_to_disk(fd, path, size, &source, &status, err))
        status = read_to_memory(fd, path, size, reserve, context, &source, err);
    if (status != MC_OK)
        mc_source_close(&source);
    else
        *out = source;
    return status;
}

static size_t expansion_limit(size_t file_size)
{
    size_t limit = 0;
    if (!mc_mul_size(file_size, MC_LIMIT_EXPANSION, &limit) || limit > MC_LIMIT_INPUT_BYTES)
        return MC_LIMIT_INPUT_BYTES;
    return limit < SMALL ? SMALL : limit;
}

/* Replaces *source by what is inside it. */
static mc_status take_layer_off(const mc_codec *codec, mc_inflated inflated, mc_source *source,
                                mc_error *err)
{
    const mc_status status =
        mc_inflate(codec, (mc_bytes){source->data, source->size}, &inflated, err);
    if (status != MC_OK)
        return mc_fail_in(err, status, "%s", mc_codec_name(codec));
    mc_source_close(source);
    *source = (mc_source){.data = inflated.pages,
                          .size = inflated.size,
                          .owned = inflated.pages,
                          .owned_size = inflated.room};
    return MC_OK;
}

static mc_status inflate_all(int max_layers, mc_reserve_fn *reserve, void *context,
                             mc_source *source, mc_error *err)
{
    char compression[sizeof source->compression] = "";
    /* One limit for all layers together: it is the file that must not expand. */
    const mc_inflated empty = {
        .limit = expansion_limit(source->size), .reserve = reserve, .context = context};
    for (int layer = 0; layer < max_layers; layer++) {
        const mc_codec *codec = mc_codec_find((mc_bytes){source->data, source->size});
        if (codec == NULL)
            break;
        if (layer == 0)
            memcpy(compression, mc_codec_name(codec), strlen(mc_codec_name(codec)) + 1);
        MC_TRY(take_layer_off(codec, empty, source, err));
    }
    memcpy(source->compression, compression, sizeof compression);
    return MC_OK;
}

static mc_status open_file(const char *path, int flags, int max_layers, mc_reserve_fn *reserve,
                           void *context, mc_source *out, mc_error *err)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | flags);
    if (fd < 0)
        return fail_errno(err, path, "cannot be opened");
    mc_source source = {0};
    mc_status status = read_fd(fd, path, reserve, context, &source, err);
    (void)close(fd);
    if (status == MC_OK)
        status = inflate_all(max_layers, reserve, context, &source, err);
    if (status != MC_OK)
        mc_source_close(&source);
    else
        *out = source;
    return status;
}

mc_status mc_source_open(const char *path, mc_reserve_fn *reserve, void *context, mc_source *out,
                         mc_error *err)
{
    MC_TRY(open_file(path, 0, MAX_LAYERS, reserve, context, out, err));
    out->path = path;
    return MC_OK;
}

static bool is_plain_name(mc_bytes name)
{
    return name.size > 0 && name.size <= NAME_MAX && memchr(name.data, '/', name.size) == NULL &&
           memchr(name.data, '\0', name.size) == NULL && !mc_bytes_is(name, ".") &&
           !mc_bytes_is(name, "..");
}

mc_status mc_source_open_beside(const char *path, mc_bytes name, int max_layers,
                                mc_reserve_fn *reserve, void *context, mc_source *out,
                                mc_error *err)
{
    char full[PATH_MAX];
    if (!is_plain_name(name)) {
        return mc_fail(err, MC_E_UNSUPPORTED, MC_NO_OFFSET,
                       "\"%.*s\" is not the plain name of a file beside the model's own",
                       MC_SHOW(name));
    }
    const char *slash = strrchr(path, '/');
    const size_t n_folder = slash == NULL ? 0 : (size_t)(slash - path) + 1;
    if (n_folder + name.size >= sizeof full)
        return mc_fail(err, MC_E_LIMIT, MC_NO_OFFSET, "%s: paths have at most %zu bytes", path,
                       sizeof full - 1);
    memcpy(full, path, n_folder);
    memcpy(full + n_folder, name.data, name.size);
    full[n_folder + name.size] = '\0';
    return open_file(full, O_NOFOLLOW, max_layers, reserve, context, out, err);
}

void mc_source_close(mc_source *source)
{
    mc_pages_free(source->owned, source->owned_size);
    *source = (mc_source){0};
}
