/* alloc.h: the only door to malloc. A hook counts calls and makes the k-th one fail, for tests. */
#ifndef MC_ALLOC_H
#define MC_ALLOC_H
#include "base/base.h"

/* Zeroed memory for n items, or NULL (also on overflow). Freed by mc_free(). */
void *mc_alloc(size_t n, size_t item);
/* Grows or shrinks; new bytes are not zeroed. On NULL the old block stays valid. */
void *mc_realloc(void *old, size_t n, size_t item);
void mc_free(void *memory); /* NULL is fine */

/* Pages of their own, zeroed, given back to the system at once by mc_pages_free(). */
void *mc_pages_alloc(size_t size);
void mc_pages_free(void *pages, size_t size);
/* Says that all of these pages are written soon: the system may then hand out large ones, which
 * spares a fault for every 4 KiB. For pages that do not stay: large ones may be more than asked. */
void mc_pages_expect(void *pages, size_t size);
/* The content of these whole pages is not needed any more: they read as zeros, and take no memory.
 */
void mc_pages_forget(void *pages, size_t size);
/* Grows or shrinks without a copy; new pages are zeroed. On NULL the old ones stay valid. */
void *mc_pages_resize(void *pages, size_t size, size_t new_size);

/* The k-th allocation from now (1 = next) fails, in any thread; 0: none does. */
void mc_alloc_fail_at(uint64_t k);
uint64_t mc_alloc_count(void); /* calls so far, in all threads */
#endif
