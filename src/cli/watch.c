/* watch.c: the folders of the models, watched for changes.
 *
 * HOW IT WORKS  A folder is watched by its inode, under each path that leads to it. Every look adds
 *          all folders again: a path that leads to another inode by now (a folder replaced, a link
 *          turned) gets a new watch, and what no path leads to any more loses its own. */
#include "cli/watch.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"

#define EVENTS                                                                        \
    (IN_CREATE | IN_MODIFY | IN_CLOSE_WRITE | IN_ATTRIB | IN_DELETE | IN_MOVED_FROM | \
     IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF)
#define SECOND_NS   ((uint64_t)1000000000u)
#define FALLBACK_NS (2 * SECOND_NS)  /* between looks where the kernel's limits are reached */
#define SAFETY_NS   (30 * SECOND_NS) /* between looks where it tells what happens */
#define SETTLE_NS   (SECOND_NS / 4)
#define WRITER_MAX_NS                                                           \
    (60 * SECOND_NS) /* who wrote nothing for so long does not count as writing \
                      */
#define EVENT_BYTES ((size_t)64 << 10)
#define READS_MAX   64 /* at a time: other work waits */

typedef struct folder {
    int wd;
    bool wanted;
    char only[NAME_MAX + 1]; /* "": every name counts */
    char *path;              /* owned */
} folder;

/* A file that is being written. */
typedef struct written {
    uint64_t at_ns; /* of the last write */
    char *path;     /* owned */
} written;

struct mc_watch {
    const mc_log *log;
    int fd; /* -1: polling only */
    uint64_t poll_ns;
    bool is_limited; /* not all folders could be watched */
    bool has_new;
    folder *folders; /* (n_folders), owned */
    size_t n_folders;
    written *written; /* (n_written), owned */
    size_t n_written;
};

mc_status mc_watch_create(const mc_log *log, uint64_t poll_ns, mc_watch **out, mc_error *err)
{
    mc_watch *w = mc_alloc(1, sizeof *w);
    if (w == NULL)
        return mc_fail(err, MC_E_NO_MEMORY, MC_NO_OFFSET, "no memory to watch folders");
    w->log = log;
    w->poll_ns = poll_ns;
    w->fd = poll_ns == 0 ? inotify_init1(IN_NONBLOCK | IN_CLOEXEC) : -1;
    if (poll_ns == 0 && w->fd < 0) {
        w->is_limited = true;
        mc_log_print(log, MC_LOG_WARN, "--watch: %s: looking every %d s instead",
                     strerrordesc_np(errno), (int)(FALLBACK_NS / SECOND_NS));
    }
    *out = w;
    return MC_OK;
}

void mc_watch_destroy(mc_watch *w)
{
    if (w == NULL)
        return;
    for (size_t i = 0; i < w->n_folders; i++)
        mc_free(w->folders[i].path);
    for (size_t i = 0; i < w->n_written; i++)
        mc_free(w->written[i].path);
    mc_free(w->folders);
    mc_free(w->written);
    if (w->fd >= 0)
        (void)close(w->fd);
    mc_free(w);
}

int mc_watch_fd(const mc_watch *w)
{
    return w->fd;
}

uint64_t mc_watch_interval_ns(const mc_watch *w)
{
    return w->poll_ns != 0 ? w->poll_ns : w->is_limited ? FALLBACK_NS : SAFETY_NS;
}

uint64_t mc_watch_settle_ns(const mc_watch *w)
{
    return w->poll_ns == 0 && !w->is_limited ? SETTLE_NS : mc_watch_interval_ns(w);
}

/* ------------------------------------------------------------------------------- folders ---- */

void mc_watch_begin(mc_watch *w)
{
    w->has_new = w->is_limited = false;
    w->is_limited = w->fd < 0 && w->poll_ns == 0;
    for (size_t i = 0; i < w->n_folders; i++)
        w->folders[i].wanted = false;
}

static folder *find_folder(mc_watch *w, const char *path, const char *only)
{
    for (size_t i = 0; i < w->n_folders; i++)
        if (strcmp(w->folders[i].path, path) == 0 && strcmp(w->folders[i].only, only) == 0)
            return &w->folders[i];
    folder *grown = mc_realloc(w->folders, w->n_folders + 1, sizeof *grown);
    char *copy = mc_alloc(strlen(path) + 1, 1);
    if (grown != NULL)
        w->folders = grown;
    if (grown == NULL || copy == NULL) {
        mc_free(copy);
        return NULL;
    }
    memcpy(copy, path, strlen(path) + 1);
    folder *made = &grown[w->n_folders++];
    *made = (folder){.wd = -1, .path = copy};
    (void)snprintf(made->only, sizeof made->only, "%s", only);
    return made;
}

static void say_limited(mc_watch *w)
{
    if (!w->is_limited) {
        mc_log_print(w->log, MC_LOG_WARN,
                     "--watch: %s (fs.inotify.max_user_watches): looking every %d s instead",
                     strerrordesc_np(errno), (int)(FALLBACK_NS / SECOND_NS));
    }
    w->is_limited = true;
}

void mc_watch_add(mc_watch *w, const char *path, const char *only)
{
    folder *f = w->fd < 0 ? NULL : find_folder(w, path, only == NULL ? "" : only);
    if (f == NULL)
        return;
    const int wd = inotify_add_watch(w->fd, path, EVENTS | IN_ONLYDIR);
    if (wd < 0 && (errno == ENOSPC || errno == ENOMEM))
        say_limited(w);
    w->has_new = w->has_new || (wd >= 0 && wd != f->wd);
    f->wd = wd;
    f->wanted = wd >= 0;
}

static bool is_used(const mc_watch *w, int wd)
{
    for (size_t i = 0; i < w->n_folders; i++)
        if (w->folders[i].wanted && w->folders[i].wd == wd)
            return true;
    return false;
}

bool mc_watch_end(mc_watch *w)
{
    size_t n = 0;
    for (size_t i = 0; i < w->n_folders; i++)
        if (!w->folders[i].wanted && w->folders[i].wd >= 0 && !is_used(w, w->folders[i].wd))
            (void)inotify_rm_watch(w->fd, w->folders[i].wd); /* it may be gone by itself */
    for (size_t i = 0; i < w->n_folders; i++) {
        if (w->folders[i].wanted)
            w->folders[n++] = w->folders[i];
        else
            mc_free(w->folders[i].path);
    }
    w->n_folders = n;
    return w->has_new;
}

static void add_parent(mc_watch *w, const char *path)
{
    char parent[MC_PATH_MAX];
    const char *slash = strrchr(path, '/');
    if (slash == NULL)
        mc_watch_add(w, ".", path);
    else if (slash[1] != '\0' && (size_t)(slash - path) < sizeof parent) {
        (void)snprintf(parent, sizeof parent, "%.*s", (int)(slash - path), path);
        mc_watch_add(w, slash == path ? "/" : parent, slash + 1);
    }
}

/* The folders in a folder, `depth` levels deep: at most two, whatever lies there.
 * NOLINTNEXTLINE(misc-no-recursion) */
static void add_below(mc_watch *w, const char *path, int depth)
{
    char below[MC_PATH_MAX];
    struct stat info;
    mc_watch_add(w, path, NULL);
    DIR *dir = depth > 0 ? opendir(path) : NULL;
    for (const struct dirent *at; dir != NULL && (at = readdir(dir)) != NULL;) { /* NOLINT */
        const int n = snprintf(below, sizeof below, "%s/%s", path, at->d_name);
        if (at->d_name[0] != '.' && at->d_type != DT_REG && n > 0 && n < MC_PATH_MAX &&
            stat(below, &info) == 0 && S_ISDIR(info.st_mode))
            add_below(w, below, depth - 1); /* at most twice: NAME, VERSION */
    }
    if (dir != NULL)
        (void)closedir(dir);
}

void mc_watch_add_path(mc_watch *w, const char *path)
{
    struct stat info;
    char trimmed[MC_PATH_MAX];
    size_t size = strlen(path);
    while (size > 1 && path[size - 1] == '/')
        size--;
    if (size >= sizeof trimmed)
        return;
    (void)snprintf(trimmed, sizeof trimmed, "%.*s", (int)size, path);
    add_parent(w, trimmed);
    if (stat(path, &info) == 0 && S_ISDIR(info.st_mode))
        add_below(w, trimmed, 2);
}

void mc_watch_add_source(mc_watch *w, const char *source)
{
    char real[MC_PATH_MAX];
    add_parent(w, source);
    if (realpath(source, real) != NULL && strcmp(real, source) != 0)
        add_parent(w, real);
}

/* ------------------------------------------------------------------------------- writers ---- */

static size_t find_written(const mc_watch *w, const char *path)
{
    size_t i = 0;
    while (i < w->n_written && strcmp(w->written[i].path, path) != 0)
        i++;
    return i;
}

static void note_written(mc_watch *w, const char *path)
{
    size_t at = find_written(w, path);
    if (at == w->n_written) {
        written *grown = mc_realloc(w->written, w->n_written + 1, sizeof *grown);
        char *copy = mc_alloc(strlen(path) + 1, 1);
        if (grown != NULL)
            w->written = grown;
        if (grown == NULL || copy == NULL) {
            mc_free(copy);
            return; /* it is read too early, and again when it is whole */
        }
        memcpy(copy, path, strlen(path) + 1);
        grown[w->n_written++] = (written){.path = copy};
    }
    w->written[at].at_ns = mc_now_ns();
}

static void forget_written(mc_watch *w, size_t at)
{
    if (at == w->n_written)
        return;
    mc_free(w->written[at].path);
    w->written[at] = w->written[--w->n_written];
}

bool mc_watch_is_written(const mc_watch *w, const char *path)
{
    char real[MC_PATH_MAX];
    if (w == NULL || w->n_written == 0)
        return false;
    size_t at = find_written(w, path);
    if (at == w->n_written && realpath(path, real) != NULL)
        at = find_written(w, real);
    return at < w->n_written && mc_now_ns() - w->written[at].at_ns < WRITER_MAX_NS;
}

/* A file that was made and is empty waits for its bytes. */
static bool is_empty_file(const char *path)
{
    struct stat info;
    return lstat(path, &info) == 0 && S_ISREG(info.st_mode) && info.st_size == 0;
}

static void note_writer(mc_watch *w, const char *path, uint32_t what)
{
    if ((what & (IN_CLOSE_WRITE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO)) != 0)
        forget_written(w, find_written(w, path));
    else if ((what & IN_MODIFY) != 0 || ((what & IN_CREATE) != 0 && is_empty_file(path)))
        note_written(w, path);
}

/* -------------------------------------------------------------------------------- events ---- */

static bool take_event(mc_watch *w, const struct inotify_event *event)
{
    const char *name = event->len > 0 ? event->name : "";
    char path[MC_PATH_MAX];
    bool concerns = false;
    if ((event->mask & IN_Q_OVERFLOW) != 0) {
        mc_log_print(w->log, MC_LOG_WARN, "--watch: too much happened at once: looking at all");
        while (w->n_written > 0)
            forget_written(w, w->n_written - 1);
        return true;
    }
    for (size_t i = 0; i < w->n_folders; i++) {
        folder *f = &w->folders[i];
        if (f->wd != event->wd ||
            (f->only[0] != '\0' && name[0] != '\0' && strcmp(f->only, name) != 0))
            continue;
        concerns = true;
        if ((event->mask & IN_IGNORED) != 0)
            f->wd = -1;
        const int n =
            snprintf(path, sizeof path, "%s/%s", strcmp(f->path, "/") == 0 ? "" : f->path, name);
        if (name[0] != '\0' && n > 0 && n < MC_PATH_MAX)
            note_writer(w, path, event->mask);
    }
    return concerns;
}

bool mc_watch_read(mc_watch *w)
{
    static _Alignas(struct inotify_event) char events[EVENT_BYTES]; /* the main thread's */
    bool concerns = false;
    for (int i = 0; w->fd >= 0 && i < READS_MAX; i++) {
        const ssize_t size = read(w->fd, events, sizeof events);
        if (size <= 0)
            break;
        for (const char *at = events; at < events + size;) {
            const struct inotify_event *event = (const struct inotify_event *)(const void *)at;
            concerns = take_event(w, event) || concerns;
            at += sizeof *event + event->len;
        }
    }
    return concerns;
}
