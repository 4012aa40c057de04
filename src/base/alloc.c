/* alloc.c: malloc and mmap, and nowhere else. */
#include "base/alloc.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "base/size.h"

#define HUGE_BYTES ((size_t)4 << 20) /* below this, few large pages would fit */

static _Atomic uint64_t n_calls;
static _Atomic uint64_t fail_at; /* call number that fails, 0 = none */

static bool refuses(void)
{
    const uint64_t call = atomic_fetch_add_explicit(&n_calls, 1, memory_order_relaxed) + 1;
    return call == atomic_load_explicit(&fail_at, memory_order_relaxed);
}

void mc_alloc_fail_at(uint64_t k)
{
    const uint64_t now = atomic_load_explicit(&n_calls, memory_order_relaxed);
    atomic_store_explicit(&fail_at, k == 0 ? 0 : now + k, memory_order_relaxed);
}

uint64_t mc_alloc_count(void)
{
    return atomic_load_explicit(&n_calls, memory_order_relaxed);
}

void *mc_alloc(size_t n, size_t item)
{
    if (refuses())
        return NULL;
    return calloc(n == 0 ? 1 : n, item == 0 ? 1 : item);
}

void *mc_realloc(void *old, size_t n, size_t item)
{
    size_t size = 0;
    if (refuses() || !mc_mul_size(n, item, &size))
        return NULL;
    return realloc(old, size == 0 ? 1 : size);
}

void mc_free(void *memory)
{
    free(memory);
}

void *mc_pages_alloc(size_t size)
{
    if (refuses() || size == 0)
        return NULL;
    void *pages = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return pages == MAP_FAILED ? NULL : pages;
}

void mc_pages_expect(void *pages, size_t size)
{
    if (size >= HUGE_BYTES)
        (void)madvise(pages, size, MADV_HUGEPAGE); /* a hint: without it nothing is wrong */
}

void mc_pages_forget(void *pages, size_t size)
{
    (void)madvise(pages, size, MADV_DONTNEED);
}

void *mc_pages_resize(void *pages, size_t size, size_t new_size)
{
    if (refuses() || new_size == 0)
        return NULL;
    void *moved = mremap(pages, size, new_size, MREMAP_MAYMOVE);
    return moved == MAP_FAILED ? NULL : moved;
}

void mc_pages_free(void *pages, size_t size)
{
    if (pages != NULL)
        (void)munmap(pages, size);
}
