/* hot_path_guard.c: stands in for malloc, locks and system calls in the test executable
 * modelcached-guard, and counts those made while our code is on the hot path (serve/hot_path.h).
 *
 * HOW IT WORKS  The linker prefers an executable's own functions to those of shared libraries,
 *               so every call in the process comes here, libc's and libstdc++'s own included,
 *               and goes on to the real one. The first $MC_GUARD_WARM requests are not counted:
 *               buffers grow then. At exit one line on stderr says what was found;
 *               $MC_GUARD_PLANT plants a violation.
 * LIMITATIONS   What libc does inside of itself without a symbol (a futex of its own allocator's
 *               lock, say) is not seen; its entry points are. */
#include <dlfcn.h>
#include <execinfo.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "serve/hot_path.h"

_Thread_local int mc_hot_path;

static _Atomic unsigned long n_requests, n_allocations, n_locks, n_calls;
static unsigned long n_warm;
static const char *planted;

/* The function that a stand-in hides. Looked up at its first call:
 * some come before any constructor. */
static void *next(const char *name)
{
    void *found = dlsym(RTLD_NEXT, name);
    if (found == NULL)
        abort();
    return found;
}

__attribute__((constructor)) static void read_environment(void)
{
    const char *warm = getenv("MC_GUARD_WARM");
    n_warm = warm == NULL ? 0 : strtoul(warm, NULL, 10);
    planted = getenv("MC_GUARD_PLANT");
}

__attribute__((destructor)) static void report(void)
{
    fprintf(stderr, "hot path: %lu requests, %lu allocations, %lu locks, %lu system calls\n",
            atomic_load(&n_requests), atomic_load(&n_allocations), atomic_load(&n_locks),
            atomic_load(&n_calls));
}

/* Counts one violation; the first shows where it comes from. */
static void seen(_Atomic unsigned long *counter)
{
    if (mc_hot_path <= 0 || atomic_load(&n_requests) <= n_warm)
        return;
    if (atomic_fetch_add(counter, 1) > 0)
        return;
    void *frames[24];
    const int hot = mc_hot_path;
    mc_hot_path = 0; /* backtrace() allocates */
    backtrace_symbols_fd(frames, backtrace(frames, 24), STDERR_FILENO);
    mc_hot_path = hot;
}

void mc_hot_path_request(void)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    (void)atomic_fetch_add(&n_requests, 1);
    if (planted == NULL)
        return;
    if (strcmp(planted, "allocation") == 0) {
        char *volatile memory = malloc(16); /* volatile: the pair must not be optimised away */
        free(memory);
    } else if (strcmp(planted, "lock") == 0) {
        (void)pthread_mutex_lock(&lock);
        (void)pthread_mutex_unlock(&lock);
    } else if (strcmp(planted, "futex") == 0) {
        (void)syscall(SYS_futex, &n_requests, 1 /* FUTEX_WAKE */, 0, NULL, NULL, 0);
    }
}

/* ----------------------------------------------------------------------------- stand-ins ---- */

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

void *malloc(size_t size)
{
    seen(&n_allocations);
    return __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
    seen(&n_allocations);
    return __libc_calloc(n, size);
}

void *realloc(void *old, size_t size)
{
    seen(&n_allocations);
    return __libc_realloc(old, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    seen(&n_allocations);
    return __libc_memalign(alignment, size);
}

/* int NAME(TYPE *object), which waits or wakes. */
#define STAND_IN(name, type)               \
    int name(type *object)                 \
    {                                      \
        static int (*real)(type *);        \
        seen(&n_locks);                    \
        if (real == NULL)                  \
            *(void **)&real = next(#name); \
        return real(object);               \
    }
STAND_IN(pthread_mutex_lock, pthread_mutex_t)
STAND_IN(pthread_mutex_trylock, pthread_mutex_t)
STAND_IN(pthread_rwlock_rdlock, pthread_rwlock_t)
STAND_IN(pthread_rwlock_wrlock, pthread_rwlock_t)
STAND_IN(pthread_cond_signal, pthread_cond_t)
STAND_IN(pthread_cond_broadcast, pthread_cond_t)
STAND_IN(sem_wait, sem_t)
STAND_IN(sem_post, sem_t)

long syscall(long number, ...)
{
    static long (*real)(long, ...);
    va_list arguments;
    long a[6];
    seen(&n_calls);
    if (real == NULL)
        *(void **)&real = next("syscall");
    va_start(arguments, number);
    for (int i = 0; i < 6; i++)
        a[i] = va_arg(arguments, long);
    va_end(arguments);
    return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
