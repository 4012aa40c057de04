/* memory.h: how much memory this process may have. */
#ifndef MC_MEMORY_H
#define MC_MEMORY_H
#include "base/base.h"

/* The smallest of RAM and the limits of our cgroups, version 1 and 2, parents included. */
uint64_t mc_memory_available(void);
#endif
