/* hold.c: madvise and mlock over an image. */
#include "image/hold.h"

#include <sys/mman.h>
#include <unistd.h>

#ifndef MADV_POPULATE_READ /* Linux 5.14 */
#define MADV_POPULATE_READ 22
#endif
#ifndef MADV_COLLAPSE /* Linux 6.1 */
#define MADV_COLLAPSE 25
#endif
#define LARGE_PAGE ((uintptr_t)2 << 20)

/* Pages that are there already become large ones at once, or, on older systems, by and by. */
static bool make_large(const mc_image *image)
{
    const uintptr_t from = (uintptr_t)image->block;
    const uintptr_t first = (from + LARGE_PAGE - 1) & ~(LARGE_PAGE - 1);
    const uintptr_t last = (from + image->size) & ~(LARGE_PAGE - 1);
    if (last <= first)
        return true; /* too small to hold one */
    void *at = (void *)first;
    const bool hinted = madvise(at, last - first, MADV_HUGEPAGE) == 0;
    return madvise(at, last - first, MADV_COLLAPSE) == 0 || hinted;
}

unsigned mc_image_hold(const mc_image *image, unsigned wishes)
{
    void *block = (void *)(uintptr_t)image->block;
    unsigned refused = 0;
    if ((wishes & MC_HOLD_LARGE_PAGES) && !make_large(image))
        refused |= MC_HOLD_LARGE_PAGES;
    if ((wishes & MC_HOLD_PREFAULT) && madvise(block, image->size, MADV_POPULATE_READ) != 0)
        refused |= MC_HOLD_PREFAULT;
    if ((wishes & MC_HOLD_LOCK) && mlock(block, image->size) != 0)
        refused |= MC_HOLD_LOCK;
    return refused;
}
