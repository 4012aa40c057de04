/* image_dir.c: from a source to a mapped image, by the shortest way that can be believed.
 *
 *   1  the index knows this state of the source, and the image is as it was when it was verified:
 *      mapped, its outline verified; the source is not even opened
 *   2  the source's bytes are hashed, and there is an image of that address: mapped, verified in
 *      full, noted in the index
 *   3  the source is imported; the image is written, and mapped in the place of the imported one
 *
 * Ways 2 and 3 are gone by one process at a time for each source. Whatever fails on the way to a
 * mapped image is said in the log, and the next way is taken. */
#include "api/image_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "api/build_id.h"
#include "api/image_dir_state.h"
#include "base/alloc.h"
#include "base/clock.h"
#include "image/layout.h"
#include "import/import.h"

/* A file that changed less than this ago may change again without its times telling: clocks of file
 * systems tick 100 times a second, or, where times are whole seconds, as FAT's. */
#define FINE_TICK_NS   ((uint64_t)60 * 1000000u)
#define COARSE_TICK_NS ((uint64_t)2100 * 1000000u)

/* One load. */
typedef struct way {
    const mc_image_dir *dir;
    const char *source;
    mc_grant_fn *grant;
    void *context;
    mc_file_facts facts; /* of the source, before anything of it was read */
    bool granted;        /* the budget has given what the image needs */
} way;

void mc_image_dir_say(const mc_image_dir *dir, mc_log_level level, const char *event,
                      const char *format, ...)
{
    char line[MC_PATH_MAX + 1024];
    va_list args;
    if (level < dir->level || (dir->event == NULL && dir->log == NULL))
        return;
    va_start(args, format);
    (void)vsnprintf(line, sizeof line, format, args);
    va_end(args);
    const mc_event said = {.level = level, .event = event, .message = line};
    if (dir->event != NULL)
        dir->event(dir->log_user, &said);
    else
        dir->log(dir->log_user, level, line);
}

/* ---------------------------------------------------------------------------- open, close ---- */

static mc_status refuse(mc_error *err, const char *path, const char *why)
{
    return mc_fail(err, MC_E_IO, MC_NO_OFFSET, "image directory %s: %s", path, why);
}

/* All folders of the path that are missing, as `mkdir -p`. */
static void make_folders(const char *path)
{
    char part[MC_PATH_MAX];
    for (const char *at = strchr(path + 1, '/'); at != NULL; at = strchr(at + 1, '/')) {
        (void)snprintf(part, sizeof part, "%.*s", (int)(at - path), path);
        (void)mkdir(part, 0700);
    }
    (void)mkdir(path, 0700); /* what fails is seen when it is opened */
}

/* A mc_guard_told_fn. */
static void say_changed(void *user, mc_guard_news news, uint64_t bytes)
{
    const mc_image_dir *dir = user;
    const double megabytes = (double)bytes / 1048576;
    if (news == MC_GUARD_COPIED)
        mc_image_dir_say(dir, MC_LOG_WARN, "image_rescued",
                         "image directory: somebody writes to an image that is mapped: its %.2f MB "
                         "are copied, and no longer shared",
                         megabytes);
    else
        mc_image_dir_say(dir, MC_LOG_ERROR, "image_lost",
                         "image directory: somebody writes to an image that is mapped, of %.2f MB, "
                         "and %s: its model must be loaded again",
                         megabytes,
                         news == MC_GUARD_LATE ? "was not kept waiting long enough for a copy"
                                               : "there is no memory for a copy yet");
}

void mc_image_dir_add_stats(void *user, mc_cache_stats *stats)
{
    const mc_image_dir *dir = user;
    const mc_file_guard_counts counts = mc_file_guard_count(dir->guard);
    stats->image_files_rescued += counts.broken;
    stats->image_files_lost += counts.lost;
}

static mc_status open_folder(mc_image_dir *dir, mc_error *err)
{
    struct stat info;
    make_folders(dir->path);
    dir->fd = open(dir->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir->fd < 0 || fstat(dir->fd, &info) != 0)
        return refuse(err, dir->path, strerrordesc_np(errno));
    if (info.st_uid != geteuid())
        return refuse(err, dir->path, "it belongs to another user");
    if ((info.st_mode & 022) != 0)
        return refuse(err, dir->path, "others may write there; chmod 700 makes it ours alone");
    if (faccessat(dir->fd, ".", W_OK | X_OK, AT_EACCESS) != 0)
        return refuse(err, dir->path, strerrordesc_np(errno));
    MC_TRY(mc_file_guard_create(&dir->guard, err));
    mc_file_guard_tell(dir->guard, say_changed, dir);
    return MC_OK;
}

mc_status mc_image_dir_open(const mc_cache_options *options, mc_image_dir **out, mc_error *err)
{
    if (options->image_dir[0] == '\0' || strlen(options->image_dir) >= MC_PATH_MAX)
        return refuse(err, "", "the path is empty or too long");
    mc_image_dir *dir = mc_alloc(1, sizeof *dir);
    if (dir == NULL)
        return mc_fail(err, MC_E_NO_MEMORY, MC_NO_OFFSET, "no memory for the image directory");
    (void)snprintf(dir->path, sizeof dir->path, "%s", options->image_dir);
    dir->limit = options->image_dir_limit;
    dir->event = options->event;
    dir->log = options->log;
    dir->log_user = options->log_user;
    dir->level = options->log_level;
    dir->fd = -1;
    const mc_status status = open_folder(dir, err);
    if (status != MC_OK) {
        mc_image_dir_close(dir);
        return status;
    }
    mc_image_dir_read_key(dir);
    mc_image_dir_sweep(dir, "");
    *out = dir;
    return MC_OK;
}

void mc_image_dir_close(void *user)
{
    mc_image_dir *dir = user;
    if (dir == NULL)
        return;
    if (dir->fd >= 0)
        (void)close(dir->fd);
    if (dir->guard != NULL)
        mc_file_guard_tell(dir->guard, NULL, NULL); /* images may outlive us */
    mc_file_guard_release(dir->guard);
    mc_free(dir);
}

/* -------------------------------------------------------------------------------- mapping ---- */

/* What ends a load, whichever way it takes. */
static bool is_final(mc_status status)
{
    return status == MC_E_OVER_BUDGET || status == MC_E_NO_MEMORY;
}

static mc_status charge(way *w, size_t size, mc_error *err)
{
    if (!w->granted)
        MC_TRY(w->grant(w->context, size, err));
    w->granted = true;
    return MC_OK;
}

/* How an image came to be in memory; `facts` are of its file. */
typedef struct found {
    char name[MC_IMAGE_NAME_MAX];
    mc_file_facts facts;
    bool is_mapped, is_trusted;
} found;

/* Of a lease: nobody has written to the file since it was looked at, or will. */
static mc_status adopt(mc_lease *lease, const struct stat *info, const mc_file_facts *trusted,
                       found *to, mc_image *out, mc_error *err)
{
    to->facts = mc_file_facts_of(info);
    to->is_mapped = true;
    to->is_trusted = trusted != NULL && mc_file_facts_equal(trusted, &to->facts);
    return mc_image_adopt_lease(lease, (size_t)to->facts.size, to->is_trusted, out, err);
}

/* *fd is taken over once it is leased: -1 then. Small images are copied, and those that cannot be
 * leased. */
static mc_status map_or_copy(const mc_image_dir *dir, int *fd, const mc_file_facts *trusted,
                             found *to, mc_image *out, mc_error *err)
{
    const size_t size = (size_t)to->facts.size;
    mc_lease *lease = NULL;
    struct stat info;
    if (size >= MC_IMAGE_MAP_MIN &&
        mc_lease_take(dir->guard, *fd, size, &lease, &info, err) == MC_OK) {
        *fd = -1;
        const mc_status status = adopt(lease, &info, trusted, to, out, err);
        if (status != MC_OK)
            mc_lease_drop(lease);
        return status;
    }
    if (size >= MC_IMAGE_MAP_MIN) {
        mc_image_dir_say(dir, MC_LOG_WARN, "image_copied",
                         "image directory: %.16s... is copied and not shared: %s", to->name,
                         err->message);
    }
    return mc_image_read(*fd, size, to->name, out, err);
}

/* The image of that name. @return MC_OK; MC_E_NOT_FOUND when there is none that can be used: the
 * log says why; or what ends the load. */
static mc_status open_image(way *w, const mc_file_facts *trusted, found *to, mc_image *out,
                            mc_error *err)
{
    struct stat info;
    bool foreign = false;
    int fd = mc_image_dir_open_file(w->dir, to->name, &info, &foreign);
    if (fd < 0 && foreign)
        mc_image_dir_say(w->dir, MC_LOG_WARN, "image_refused",
                         "image directory: %.16s... is not ours alone: it is not used", to->name);
    if (fd < 0)
        return MC_E_NOT_FOUND;
    to->facts = mc_file_facts_of(&info);
    mc_status status = info.st_size > 0 ? charge(w, (size_t)info.st_size, err)
                                        : mc_fail(err, MC_E_TRUNCATED, 0, "it is empty");
    if (status == MC_OK)
        status = map_or_copy(w->dir, &fd, trusted, to, out, err);
    if (fd >= 0)
        (void)close(fd);
    if (status == MC_OK)
        mc_image_dir_touch(w->dir, to->name);
    if (status == MC_OK || is_final(status))
        return status;
    mc_image_dir_say(w->dir, MC_LOG_WARN, "image_refused",
                     "image directory: %.16s... is not used, and removed: %s", to->name,
                     err->message);
    mc_image_dir_remove(w->dir, to->name);
    return MC_E_NOT_FOUND;
}

static void say_found(const way *w, const found *to)
{
    mc_image_dir_say(w->dir, MC_LOG_DEBUG, "image_found", "%s: its image is %s, %s", w->source,
                     to->is_mapped ? "mapped" : "copied",
                     to->is_trusted ? "as it was verified before" : "verified in full");
}

/* --------------------------------------------------------------------------------- ways ---- */

static bool look_at(const char *source, mc_file_facts *out)
{
    struct stat info;
    if (stat(source, &info) != 0 || !S_ISREG(info.st_mode))
        return false;
    *out = mc_file_facts_of(&info);
    return true;
}

static void note(const way *w, const found *to)
{
    mc_index_entry entry = {.source = w->facts, .image = to->facts};
    memcpy(entry.name, to->name, strlen(to->name));
    mc_image_dir_note(w->dir, &entry);
}

/* Way 1 */
static mc_status by_index(way *w, mc_image *out, mc_error *err)
{
    mc_index_entry entry;
    found to = {.is_mapped = false};
    if (!mc_image_dir_look_up(w->dir, &w->facts, &entry))
        return MC_E_NOT_FOUND;
    (void)snprintf(to.name, sizeof to.name, "%s", entry.name);
    MC_TRY(open_image(w, &entry.image, &to, out, err));
    if (to.is_mapped && !to.is_trusted)
        note(w, &to); /* the same image, verified anew, in another file */
    say_found(w, &to);
    return MC_OK;
}

/* Waits, when the file is so fresh that it may change again within one tick of its clock. False:
 * that takes too long. */
static bool is_settled(const way *w)
{
    const uint64_t second = 1000000000u;
    const bool is_coarse = w->facts.modified_ns % second == 0 && w->facts.changed_ns % second == 0;
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    const uint64_t now_ns = (uint64_t)now.tv_sec * second + (uint64_t)now.tv_nsec;
    const uint64_t until_ns = w->facts.changed_ns + (is_coarse ? COARSE_TICK_NS : FINE_TICK_NS);
    if (now_ns >= until_ns)
        return true;
    const struct timespec pause = {.tv_nsec = (long)FINE_TICK_NS};
    if (until_ns - now_ns > FINE_TICK_NS)
        return false;
    (void)nanosleep(&pause, NULL);
    return true;
}

/* The source is what it was before any of it was read. */
static bool is_unchanged(const way *w)
{
    mc_file_facts now;
    return look_at(w->source, &now) && mc_file_facts_equal(&now, &w->facts);
}

static bool address_of(const way *w, char out[MC_IMAGE_NAME_MAX])
{
    static const char HEX[] = "0123456789abcdef";
    static const char BUILD[] = MC_BUILD_ID " of image format";
    uint8_t more[sizeof BUILD + 1], hash[MC_HASH_BYTES];
    const int fd = open(w->source, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return false;
    memcpy(more, BUILD, sizeof BUILD);
    more[sizeof BUILD] = (uint8_t)MC_IMAGE_FORMAT;
    const mc_status status = mc_hash_file(fd, (mc_bytes){more, sizeof more}, hash, NULL);
    (void)close(fd);
    for (size_t i = 0; i < sizeof hash; i++) {
        out[2 * i] = HEX[hash[i] >> 4];
        out[2 * i + 1] = HEX[hash[i] & 15u];
    }
    memcpy(out + 2 * sizeof hash, ".mci", sizeof ".mci");
    return status == MC_OK;
}

/* Way 2. The name of the image is in `to` in any case. */
static mc_status by_content(way *w, found *to, mc_image *out, mc_error *err)
{
    MC_TRY(open_image(w, NULL, to, out, err));
    if (is_unchanged(w))
        note(w, to);
    say_found(w, to);
    return MC_OK;
}

/* A mc_fill_fn. */
static mc_status fill_image(const void *user, int fd, const char *path, mc_error *err)
{
    return mc_image_write(user, fd, path, err);
}

/* The image is written, and mapped in the place of `made`. What fails leaves `made` as it is. */
static void keep(way *w, found *to, mc_image *made)
{
    mc_error error;
    mc_image mapped;
    if (mc_image_dir_replace(w->dir, to->name, fill_image, made, &error) != MC_OK) {
        mc_image_dir_say(w->dir, MC_LOG_WARN, "image_not_kept", "image directory: %s",
                         error.message);
        return;
    }
    mc_image_dir_say(w->dir, MC_LOG_INFO, "image_kept",
                     "%s: its image is kept as %.16s..., %.2f MB", w->source, to->name,
                     (double)made->size / 1048576);
    mc_image_dir_sweep(w->dir, to->name);
    w->granted = true; /* for the imported one: both are in memory for moments */
    if (open_image(w, NULL, to, &mapped, &error) != MC_OK)
        return;
    mc_image_close(made);
    *made = mapped;
    note(w, to);
}

/* Way 3 */
static mc_status by_import(way *w, found *to, bool keeps, mc_image *out, mc_error *err)
{
    bool has_companions = false;
    MC_TRY(mc_import_file_noting(w->source, w->grant, w->context, &has_companions, out, err));
    if (keeps && !has_companions && is_unchanged(w))
        keep(w, to, out);
    return MC_OK;
}

/* Ways 2 and 3, after another look at the index: another process may have been there. */
static mc_status by_source(way *w, mc_image *out, mc_error *err)
{
    found to = {.is_mapped = false};
    mc_status status = by_index(w, out, err);
    if (status != MC_E_NOT_FOUND)
        return status;
    const bool keeps = is_settled(w) && address_of(w, to.name);
    if (keeps)
        status = by_content(w, &to, out, err);
    return status == MC_E_NOT_FOUND ? by_import(w, &to, keeps, out, err) : status;
}

mc_status mc_image_dir_load(void *dir, const char *source, mc_grant_fn *grant, void *context,
                            mc_image *out, mc_error *err)
{
    way w = {.dir = dir, .source = source, .grant = grant, .context = context};
    if (!look_at(source, &w.facts))
        return mc_import_file(source, grant, context, out, err); /* which says why */
    const mc_status status = by_index(&w, out, err);
    if (status != MC_E_NOT_FOUND)
        return status;
    const int lock = mc_image_dir_lock(w.dir, &w.facts);
    const mc_status ended = by_source(&w, out, err);
    if (lock >= 0)
        (void)close(lock);
    return ended;
}
