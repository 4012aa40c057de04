/* file_guard.c: see file_guard.h.
 *
 * HOW IT WORKS  The kernel sends SIGIO to the guard's thread when somebody waits for a lease. The
 *          thread blocks that signal and takes it by sigtimedwait(), so that no handler of the
 *          program and none of its other threads ever sees it. Signals of one number fold into
 *          one: so all leases are looked at each time.
 * Why so   mmap(MAP_FIXED) replaces a mapping in one step: a thread that reads there finds the old
 *          page or the new one, never none. */
#include "image/file_guard.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/queue.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"

#define LOOK_AGAIN_S 5 /* without a signal: far below the 45 s that a lease may be kept */
#define TRY_FOR_NS   ((uint64_t)20 * 1000000000u) /* for want of memory; below them, too */

struct mc_lease {
    LIST_ENTRY(mc_lease) link;
    mc_file_guard *guard; /* a reference */
    uint8_t *bytes;       /* mapped, immutable place */
    size_t size;
    int fd;                   /* -1: broken, and the bytes are those of a memfd */
    bool is_busy;             /* the guard's thread copies it without the lock */
    uint64_t failed_ns;       /* when there was no memory for a copy first; 0: never */
    uint64_t failed_pass;     /* and in which pass last */
    struct timespec modified; /* the file, when it was leased */
};

struct mc_file_guard {
    _Atomic uint32_t n_references;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    /* guarded by the lock */
    LIST_HEAD(mc_lease_list, mc_lease) leases;
    mc_file_guard_counts counts;
    mc_guard_told_fn *told; /* may be NULL */
    void *user;
    uint64_t pass;   /* through the leases */
    pid_t thread_id; /* 0: not running yet */
    bool stopping;
};

/* ------------------------------------------------------------------------------- rescue ---- */

static bool write_all(int fd, const uint8_t *from, size_t size)
{
    for (size_t at = 0; at < size;) {
        const ssize_t n = write(fd, from + at, size - at);
        if (n < 0 && errno != EINTR)
            return false;
        at += n > 0 ? (size_t)n : 0;
    }
    return true;
}

/* The system call itself: ThreadSanitizer takes mmap() for a write to what is mapped, and here the
 * bytes are the same before and after. */
static bool map_over(const mc_lease *lease, int fd)
{
    return syscall(SYS_mmap, lease->bytes, lease->size, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0) !=
           -1;
}

/* Puts a sealed copy in the place of the file's pages, which nobody can change as yet. */
static bool replace_by_copy(const mc_lease *lease)
{
    const int fd = memfd_create("modelcached-image", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0)
        return false;
    const int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
    const bool replaced = write_all(fd, lease->bytes, lease->size) &&
                          fcntl(fd, F_ADD_SEALS, seals) == 0 && map_over(lease, fd);
    (void)close(fd);
    return replaced;
}

/* Memory may come back: it is tried once a pass, as long as the kernel surely keeps the writer
 * waiting. After that the bytes may be others. */
static bool is_wanted(const mc_lease *lease)
{
    if (lease->fd < 0 || lease->failed_pass == lease->guard->pass)
        return false;
    if (lease->failed_ns != 0 && mc_now_ns() - lease->failed_ns > TRY_FOR_NS)
        return false;
    return fcntl(lease->fd, F_GETLEASE) != F_RDLCK;
}

static mc_lease *next_wanted_locked(mc_file_guard *guard)
{
    mc_lease *lease = NULL;
    LIST_FOREACH(lease, &guard->leases, link)
    {
        if (is_wanted(lease))
            return lease;
    }
    return NULL;
}

/* The system stopped us for longer than it keeps writers waiting. */
static bool is_late(const mc_lease *lease)
{
    struct stat info;
    return fstat(lease->fd, &info) != 0 || (uint64_t)info.st_size != lease->size ||
           info.st_mtim.tv_sec != lease->modified.tv_sec ||
           info.st_mtim.tv_nsec != lease->modified.tv_nsec;
}

static void tell_locked(const mc_file_guard *guard, mc_guard_news news, const mc_lease *lease)
{
    if (guard->told != NULL)
        guard->told(guard->user, news, lease->size);
}

static void rescue_locked(mc_file_guard *guard, mc_lease *lease)
{
    lease->is_busy = true;
    (void)pthread_mutex_unlock(&guard->lock);
    const bool copied = replace_by_copy(lease);
    const bool late = is_late(lease); /* after the copy: a change before or while it was made */
    (void)pthread_mutex_lock(&guard->lock);
    if (copied) {
        guard->counts.broken++;
        guard->counts.lost -= lease->failed_ns != 0 ? 1 : 0;
        guard->counts.lost += late ? 1 : 0;
        tell_locked(guard, late ? MC_GUARD_LATE : MC_GUARD_COPIED, lease);
        (void)close(lease->fd); /* gives the lease up: whoever wants to write goes on */
        lease->fd = -1;
    } else {
        guard->counts.lost += lease->failed_ns == 0 ? 1 : 0;
        if (lease->failed_ns == 0)
            tell_locked(guard, MC_GUARD_WAITING, lease);
        lease->failed_ns = lease->failed_ns == 0 ? mc_now_ns() : lease->failed_ns;
        lease->failed_pass = guard->pass;
    }
    lease->is_busy = false;
    (void)pthread_cond_broadcast(&guard->changed);
}

/* ------------------------------------------------------------------------------- thread ---- */

static bool watch_once(mc_file_guard *guard)
{
    (void)pthread_mutex_lock(&guard->lock);
    guard->pass++;
    for (mc_lease *lease; !guard->stopping && (lease = next_wanted_locked(guard)) != NULL;)
        rescue_locked(guard, lease);
    const bool goes_on = !guard->stopping;
    (void)pthread_mutex_unlock(&guard->lock);
    return goes_on;
}

static void *guard_main(void *context)
{
    mc_file_guard *guard = context;
    const struct timespec pause = {.tv_sec = LOOK_AGAIN_S};
    sigset_t wanted;
    (void)sigemptyset(&wanted);
    (void)sigaddset(&wanted, SIGIO);
    (void)pthread_setname_np(pthread_self(), "mc-guard");
    (void)pthread_mutex_lock(&guard->lock);
    guard->thread_id = gettid();
    (void)pthread_cond_broadcast(&guard->changed);
    (void)pthread_mutex_unlock(&guard->lock);
    while (watch_once(guard))
        (void)sigtimedwait(&wanted, NULL, &pause);
    return NULL;
}

/* With all signals blocked: handlers of the program run on its own threads. */
static bool start_thread(mc_file_guard *guard)
{
    sigset_t all, before;
    (void)sigfillset(&all);
    if (pthread_sigmask(SIG_SETMASK, &all, &before) != 0)
        return false;
    const bool started = pthread_create(&guard->thread, NULL, guard_main, guard) == 0;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    (void)pthread_mutex_lock(&guard->lock);
    while (started && guard->thread_id == 0)
        (void)pthread_cond_wait(&guard->changed, &guard->lock);
    (void)pthread_mutex_unlock(&guard->lock);
    return started;
}

static void free_guard(mc_file_guard *guard)
{
    (void)pthread_cond_destroy(&guard->changed);
    (void)pthread_mutex_destroy(&guard->lock);
    mc_free(guard);
}

mc_status mc_file_guard_create(mc_file_guard **out, mc_error *err)
{
    mc_file_guard *guard = mc_alloc(1, sizeof *guard);
    if (guard == NULL)
        return mc_fail(err, MC_E_NO_MEMORY, MC_NO_OFFSET, "no memory to map images");
    atomic_init(&guard->n_references, 1);
    (void)pthread_mutex_init(&guard->lock, NULL); /* never fails on Linux */
    (void)pthread_cond_init(&guard->changed, NULL);
    LIST_INIT(&guard->leases);
    if (!start_thread(guard)) {
        free_guard(guard);
        return mc_fail(err, MC_E_NO_MEMORY, MC_NO_OFFSET, "no thread to watch mapped images");
    }
    *out = guard;
    return MC_OK;
}

void mc_file_guard_release(mc_file_guard *guard)
{
    /* acq_rel, pairs with itself: whoever frees has seen all that others did. */
    if (guard == NULL ||
        atomic_fetch_sub_explicit(&guard->n_references, 1, memory_order_acq_rel) != 1)
        return;
    (void)pthread_mutex_lock(&guard->lock);
    guard->stopping = true;
    (void)pthread_mutex_unlock(&guard->lock);
    (void)pthread_kill(guard->thread, SIGIO);
    (void)pthread_join(guard->thread, NULL);
    free_guard(guard);
}

void mc_file_guard_tell(mc_file_guard *guard, mc_guard_told_fn *told, void *user)
{
    (void)pthread_mutex_lock(&guard->lock);
    guard->told = told;
    guard->user = user;
    (void)pthread_mutex_unlock(&guard->lock);
}

mc_file_guard_counts mc_file_guard_count(mc_file_guard *guard)
{
    (void)pthread_mutex_lock(&guard->lock);
    const mc_file_guard_counts counts = guard->counts;
    (void)pthread_mutex_unlock(&guard->lock);
    return counts;
}

/* ------------------------------------------------------------------------------- leases ---- */

/* The owner is said before the lease is taken: else a break could signal the process. */
static bool lease_file(const mc_file_guard *guard, int fd)
{
    const struct f_owner_ex owner = {.type = F_OWNER_TID, .pid = guard->thread_id};
    return fcntl(fd, F_SETOWN_EX, &owner) == 0 && fcntl(fd, F_SETSIG, SIGIO) == 0 &&
           fcntl(fd, F_SETLEASE, F_RDLCK) == 0;
}

static mc_status map_leased(mc_lease *lease, int fd, struct stat *info, mc_error *err)
{
    if (!lease_file(lease->guard, fd))
        return mc_fail(err, MC_E_IO, MC_NO_OFFSET, "no lease to be had: %s",
                       strerrordesc_np(errno));
    if (fstat(fd, info) != 0 || (uint64_t)info->st_size != lease->size) {
        (void)fcntl(fd, F_SETLEASE, F_UNLCK);
        return mc_fail(err, MC_E_IO, MC_NO_OFFSET, "it changes: expected %zu bytes, found %lld",
                       lease->size, (long long)info->st_size);
    }
    void *bytes = mmap(NULL, lease->size, PROT_READ, MAP_SHARED, fd, 0);
    if (bytes == MAP_FAILED) {
        const int why = errno;
        (void)fcntl(fd, F_SETLEASE, F_UNLCK);
        return mc_fail(err, MC_E_IO, MC_NO_OFFSET, "cannot be mapped: %s", strerrordesc_np(why));
    }
    lease->bytes = bytes;
    lease->modified = info->st_mtim;
    return MC_OK;
}

mc_status mc_lease_take(mc_file_guard *guard, int fd, size_t size, mc_lease **out,
                        struct stat *info, mc_error *err)
{
    mc_lease *lease = mc_alloc(1, sizeof *lease);
    if (lease == NULL)
        return mc_fail(err, MC_E_NO_MEMORY, MC_NO_OFFSET, "no memory to map an image");
    *lease = (mc_lease){.guard = guard, .size = size, .fd = -1};
    const mc_status status = map_leased(lease, fd, info, err);
    if (status != MC_OK) {
        mc_free(lease);
        return status;
    }
    /* relaxed: the caller's own reference keeps the count above zero. */
    (void)atomic_fetch_add_explicit(&guard->n_references, 1, memory_order_relaxed);
    (void)pthread_mutex_lock(&guard->lock);
    lease->fd = fd;
    LIST_INSERT_HEAD(&guard->leases, lease, link);
    guard->counts.held++;
    (void)pthread_mutex_unlock(&guard->lock);
    (void)pthread_kill(guard->thread, SIGIO); /* a break may have come before it was in the list */
    *out = lease;
    return MC_OK;
}

const uint8_t *mc_lease_bytes(const mc_lease *lease)
{
    return lease->bytes;
}

void mc_lease_drop(mc_lease *lease)
{
    if (lease == NULL)
        return;
    mc_file_guard *guard = lease->guard;
    (void)pthread_mutex_lock(&guard->lock);
    while (lease->is_busy)
        (void)pthread_cond_wait(&guard->changed, &guard->lock);
    LIST_REMOVE(lease, link);
    guard->counts.held--;
    (void)pthread_mutex_unlock(&guard->lock);
    (void)munmap(lease->bytes, lease->size);
    if (lease->fd >= 0)
        (void)close(lease->fd);
    mc_free(lease);
    mc_file_guard_release(guard);
}
