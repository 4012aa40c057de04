/* file_guard.h: mapped files that must not change while a model runs on them.
 *
 * A file that is truncated takes its pages away from whoever maps it (SIGBUS); one that is written
 * to changes the numbers. A lease is a mapping with a read lease of the kernel (fcntl F_SETLEASE):
 * whoever wants to write to the file or to truncate it waits, up to /proc/sys/fs/lease-break-time,
 * until the holder has let go. The guard's thread uses that time to copy the bytes into a sealed
 * memfd, and maps that at the same place: readers notice nothing. Deleting and renaming files needs
 * no guard: what is mapped stays.
 *
 * Where the file system gives no lease, mc_lease_take() fails, and the caller copies the file.
 *
 * mc_file_guard is *guarded* by its lock, which is never held while bytes are copied, and counted:
 * leases hold a reference. A child of fork() has the mappings, but not the thread: it must not use
 * what its parent mapped. */
#ifndef MC_IMAGE_FILE_GUARD_H
#define MC_IMAGE_FILE_GUARD_H
#include <sys/stat.h>

#include "base/base.h"

typedef struct mc_file_guard mc_file_guard;
typedef struct mc_lease mc_lease;

/* Starts the thread. `*out` is one reference. @return MC_OK, MC_E_NO_MEMORY. */
MC_MUST_CHECK mc_status mc_file_guard_create(mc_file_guard **out, mc_error *err);
void mc_file_guard_release(mc_file_guard *guard); /* NULL is fine; the last one ends the thread */

/* How many leases are held, and how many were broken so far. */
typedef struct mc_file_guard_counts {
    uint64_t held, broken;
    uint64_t lost; /* broken, and there was no memory for a copy, or it came too late */
} mc_file_guard_counts;
mc_file_guard_counts mc_file_guard_count(mc_file_guard *guard);

/* What became of a file that somebody is about to change. */
typedef enum mc_guard_news {
    MC_GUARD_COPIED,  /* models run on a copy of its bytes from now on */
    MC_GUARD_WAITING, /* there is no memory for a copy: it is tried again while the writer waits */
    MC_GUARD_LATE     /* the writer was not kept waiting: the copy may have other bytes */
} mc_guard_news;
/* Called on the guard's thread, its lock held: must not use the guard. */
typedef void mc_guard_told_fn(void *user, mc_guard_news news, uint64_t bytes);
/* Who is told from now on; NULL: nobody. */
void mc_file_guard_tell(mc_file_guard *guard, mc_guard_told_fn *told, void *user);

/* Maps the file of `fd`, which is taken over on MC_OK, and leases it. `*info` is what the file is
 * under the lease: `fd` itself may be closed by the guard at any time afterwards. @return MC_OK;
 * MC_E_IO where no lease is given: somebody writes, the file is not ours or not of that size, the
 * file system has none. */
MC_MUST_CHECK mc_status mc_lease_take(mc_file_guard *guard, int fd, size_t size, mc_lease **out,
                                      struct stat *info, mc_error *err);
const uint8_t *mc_lease_bytes(const mc_lease *lease);
void mc_lease_drop(mc_lease *lease); /* unmaps. NULL is fine */
#endif
