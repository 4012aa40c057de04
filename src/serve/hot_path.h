/* hot_path.h: marks where our own code runs between the HTTP library's callback and the queued
 * answer, so that a test can count what it must not do there.
 *
 * In a normal build the marks are nothing. The test executable `modelcached-guard` is built with
 * MC_HOT_PATH_GUARD and hot_path_guard.c, which stands in for malloc, the pthread locks and
 * syscall(), and counts calls made while a mark is set. Marks nest with MC_HOT_PAUSE around calls
 * into the HTTP library, whose own allocations are not ours to avoid. */
#ifndef MC_HOT_PATH_H
#define MC_HOT_PATH_H

#ifdef MC_HOT_PATH_GUARD
extern _Thread_local int mc_hot_path; /* above 0: our code is on the hot path */
void mc_hot_path_request(void);       /* counts one request, and plants what MC_PLANT asks for */
#define MC_HOT_ENTER()   (mc_hot_path++)
#define MC_HOT_LEAVE()   (mc_hot_path--)
#define MC_HOT_REQUEST() mc_hot_path_request()
#else
#define MC_HOT_ENTER()   ((void)0)
#define MC_HOT_LEAVE()   ((void)0)
#define MC_HOT_REQUEST() ((void)0)
#endif

/* Around a slow turn that a request may take, and that is not counted: a miss, an error, growth of
 * a buffer. Says in the code where they are. */
#define MC_HOT_PAUSE()  MC_HOT_LEAVE()
#define MC_HOT_RESUME() MC_HOT_ENTER()
#endif
