/* spool.h: large memory of a load that lies on a disk: pages of a file without a name.
 *
 * Why so   The bytes of a model file, and the arrays that are made of them, are read once and then
 *          dropped. As anonymous memory they must stay in RAM beside the image that is being
 *          built; as pages of a file the system may write them out and take their memory back. So
 *          a model that fills a container's limit can still be loaded in it. The file is ours,
 *          removed as soon as it is made: nobody can truncate or rewrite it.
 * Limits   At most three quarters of what is free on the disk; never a folder in memory (tmpfs).
 * Where that leaves nothing, callers take anonymous pages instead.
 *
 * The folder is $TMPDIR, else /var/tmp. A spool is *owned* by one thread. */
#ifndef MC_SPOOL_H
#define MC_SPOOL_H
#include "base/base.h"

/* Below this it is not worth a file. */
#define MC_SPOOL_FROM ((size_t)16 << 20)

/* All zero: nothing. */
typedef struct mc_spool {
    void *data; /* (size) */
    size_t size;
    int fd;
    bool is_open;
} mc_spool;

/* `size` bytes of zeros; false if there is no folder for it, or no room. */
MC_MUST_CHECK bool mc_spool_open(mc_spool *spool, size_t size);
/* Grows it; `data` may move. On false it is as it was. */
MC_MUST_CHECK bool mc_spool_grow(mc_spool *spool, size_t size);
/* It grows no more: hands out the pages, for mc_pages_free(). */
void *mc_spool_close(mc_spool *spool);
/* Copies the file `from`, of `size` bytes, without taking them into this process. @return the
 * bytes copied: fewer when the file ends earlier; -1 with errno. */
ptrdiff_t mc_spool_copy(mc_spool *spool, int from);
#endif
