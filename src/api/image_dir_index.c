/* image_dir_index.c: which image a source file has, without reading the source.
 *
 * HOW IT WORKS  An entry names a state of the source (device, inode, size, mtime, ctime) and the
 *          state of the image that was verified in full for it, signed with the directory's key.
 *          The file's name is the source's device and inode and the build of this program: a source
 *          that is rewritten in place overwrites its own entry.
 * Why so   ctime cannot be set by a program: a file with the same inode, size and times is the same
 *          file. A source that has changed within the clock's last ticks is not noted: see
 *          image_dir.c. An entry holds for one run of the system: what a crash leaves of a file
 * that was not on the disk yet has its times too. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "api/build_id.h"
#include "api/image_dir_state.h"

#define MAGIC "MCINDEX1"

typedef struct record {
    char magic[8];
    char boot[MC_BOOT_BYTES];
    mc_index_entry entry;
    uint8_t signature[MC_HASH_BYTES]; /* of all above */
} record;
_Static_assert(sizeof(record) == 8 + MC_BOOT_BYTES + 80 + MC_IMAGE_NAME_MAX + MC_HASH_BYTES,
               "no padding");

mc_file_facts mc_file_facts_of(const struct stat *info)
{
    const uint64_t second = 1000000000u;
    return (mc_file_facts){
        .device = info->st_dev,
        .inode = info->st_ino,
        .size = (uint64_t)info->st_size,
        .modified_ns = (uint64_t)info->st_mtim.tv_sec * second + (uint64_t)info->st_mtim.tv_nsec,
        .changed_ns = (uint64_t)info->st_ctim.tv_sec * second + (uint64_t)info->st_ctim.tv_nsec};
}

bool mc_file_facts_equal(const mc_file_facts *a, const mc_file_facts *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

static void name_of(const mc_file_facts *source, char out[MC_IMAGE_NAME_MAX])
{
    (void)snprintf(out, MC_IMAGE_NAME_MAX, "%" PRIx64 "-%" PRIx64 "-" MC_BUILD_ID ".idx",
                   source->device, source->inode);
}

static bool read_exactly(int fd, void *to, size_t size)
{
    uint8_t more;
    return read(fd, to, size) == (ssize_t)size && read(fd, &more, 1) == 0;
}

static bool sign(const mc_image_dir *dir, const record *r, uint8_t out[MC_HASH_BYTES])
{
    const mc_bytes signed_part = {(const uint8_t *)r, offsetof(record, signature)};
    return dir->has_key && mc_hash_sign(dir->key, signed_part, out);
}

static bool is_valid(const mc_image_dir *dir, const record *r)
{
    uint8_t signature[MC_HASH_BYTES];
    return memcmp(r->magic, MAGIC, sizeof r->magic) == 0 &&
           memcmp(r->boot, dir->boot, sizeof r->boot) == 0 && sign(dir, r, signature) &&
           mc_hash_equal(signature, r->signature) &&
           memchr(r->entry.name, '\0', sizeof r->entry.name) != NULL &&
           strchr(r->entry.name, '/') == NULL;
}

bool mc_image_dir_look_up(const mc_image_dir *dir, const mc_file_facts *source, mc_index_entry *out)
{
    char name[MC_IMAGE_NAME_MAX];
    struct stat info;
    record r;
    bool foreign = false;
    name_of(source, name);
    const int fd = mc_image_dir_open_file(dir, name, &info, &foreign);
    if (fd < 0)
        return false;
    const bool complete = read_exactly(fd, &r, sizeof r);
    (void)close(fd);
    if (!complete || !is_valid(dir, &r) || !mc_file_facts_equal(&r.entry.source, source))
        return false;
    *out = r.entry;
    return true;
}

/* A mc_fill_fn. */
static mc_status fill_record(const void *user, int fd, const char *path, mc_error *err)
{
    if (write(fd, user, sizeof(record)) != (ssize_t)sizeof(record))
        return mc_fail(err, MC_E_IO, MC_NO_OFFSET, "%s: cannot be written", path);
    return MC_OK;
}

void mc_image_dir_note(const mc_image_dir *dir, const mc_index_entry *entry)
{
    char name[MC_IMAGE_NAME_MAX];
    record r = {.entry = *entry};
    mc_error error;
    memcpy(r.magic, MAGIC, sizeof r.magic);
    memcpy(r.boot, dir->boot, sizeof r.boot);
    if (!sign(dir, &r, r.signature))
        return;
    name_of(&entry->source, name);
    if (mc_image_dir_replace(dir, name, fill_record, &r, &error) != MC_OK)
        mc_image_dir_say(dir, MC_LOG_WARN, "image_not_noted", "image directory: %s", error.message);
}

/* --------------------------------------------------------------------------------- key ---- */

/* A mc_fill_fn. */
static mc_status fill_key(const void *user, int fd, const char *path, mc_error *err)
{
    if (write(fd, user, MC_HASH_BYTES) != (ssize_t)MC_HASH_BYTES)
        return mc_fail(err, MC_E_IO, MC_NO_OFFSET, "%s: cannot be written", path);
    return MC_OK;
}

static bool read_key(mc_image_dir *dir)
{
    struct stat info;
    bool foreign = false;
    const int fd = mc_image_dir_open_file(dir, "key", &info, &foreign);
    if (fd < 0)
        return false;
    const bool read_it = (info.st_mode & 077) == 0 && read_exactly(fd, dir->key, sizeof dir->key);
    (void)close(fd);
    return read_it;
}

static void make_key(mc_image_dir *dir)
{
    uint8_t fresh[MC_HASH_BYTES];
    mc_error error;
    if (getrandom(fresh, sizeof fresh, 0) != (ssize_t)sizeof fresh)
        return;
    if (mc_image_dir_replace(dir, "key", fill_key, fresh, &error) == MC_OK)
        dir->has_key = read_key(dir);
    else
        mc_image_dir_say(dir, MC_LOG_WARN, "image_dir", "image directory: %s", error.message);
}

/* Where the system does not say which run of it this is, nothing is trusted. */
static bool read_boot(mc_image_dir *dir)
{
    const int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    const ssize_t n = read(fd, dir->boot, sizeof dir->boot);
    (void)close(fd);
    return n >= 36;
}

/* Processes that start at once wait for the first one's key. */
static void read_or_make_key(mc_image_dir *dir)
{
    const mc_file_facts none = {0};
    const int lock = mc_image_dir_lock(dir, &none);
    dir->has_key = read_key(dir);
    if (!dir->has_key)
        make_key(dir);
    if (lock >= 0)
        (void)close(lock);
}

void mc_image_dir_read_key(mc_image_dir *dir)
{
    dir->has_key = read_key(dir);
    if (!dir->has_key)
        read_or_make_key(dir);
    dir->has_key = dir->has_key && read_boot(dir);
}
