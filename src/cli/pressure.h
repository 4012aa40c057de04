/* pressure.h: hears from the system that memory is short, and gives some back.
 *
 * Linux counts the time that tasks wait for memory (PSI: Documentation/accounting/psi.rst). A
 * trigger on it wakes a poll() when they waited a tenth of two seconds. First the answered rows go
 * (they are computed again), then models that nobody asked for lately, an eighth of the used budget
 * a time.
 *
 * *Owned* by the main thread. */
#ifndef MC_CLI_PRESSURE_H
#define MC_CLI_PRESSURE_H
#include "serve/log.h"

/* A descriptor for poll() with POLLPRI: of our cgroup, else of the machine; -1: this system tells
 * nobody. */
int mc_pressure_open(void);
/* The poll() woke: gives memory back, and says so. `flushed_ns`: when rows went last, kept for the
 * next call; 0 at first. */
void mc_pressure_relieve(mc_cache *cache, const mc_log *log, uint64_t *flushed_ns);
#endif
