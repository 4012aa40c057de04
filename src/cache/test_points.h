/* test_points.h: places where a unit test may stop a thread, to force an interleaving.
 *
 * Compiled to nothing but in the unit tests of this room (MC_TEST_HOOKS). */
#ifndef MC_CACHE_TEST_POINTS_H
#define MC_CACHE_TEST_POINTS_H

#ifdef MC_TEST_HOOKS
#include <stdatomic.h>
#include <stdbool.h>

typedef enum mc_test_point {
    MC_POINT_READ,      /* a reader has the pointer, nothing protects it yet */
    MC_POINT_PROTECTED, /* a reader's hazard is out and checked, the model not yet counted */
    MC_POINT_WAITING,   /* a writer sees a hazard on the model that it wants to drop */
    MC_POINT_SPARED     /* eviction shows its victim again, which a reader is about to count */
} mc_test_point;

typedef void mc_test_point_fn(mc_test_point point);
extern _Atomic(mc_test_point_fn *) mc_test_point_hook; /* defined in hazard.c; NULL: none */
extern _Atomic bool mc_test_no_hazards;                /* writers ignore hazards: must break */

#define MC_TEST_POINT(point)                                           \
    do {                                                               \
        mc_test_point_fn *mc_hook_ = atomic_load(&mc_test_point_hook); \
        if (mc_hook_ != NULL)                                          \
            mc_hook_(point);                                           \
    } while (0)
#define MC_TEST_NO_HAZARDS() atomic_load(&mc_test_no_hazards)
#else
#define MC_TEST_POINT(point) ((void)0)
#define MC_TEST_NO_HAZARDS() false
#endif
#endif
