/* await.h: exchanges that wait for a model to load, until it comes or their deadline does.
 *
 * A waiter stands between one exchange and one callback of the model cache, and outlives whichever
 * of the two ends first. Everything in it is *guarded* by the lock of its mc_awaits: only misses
 * and admin calls come here. Exactly one of callback, clock and shutdown resumes the exchange. */
#ifndef MC_AWAIT_H
#define MC_AWAIT_H
#include <pthread.h>

#include "serve/engine.h"

typedef struct mc_await mc_await;

typedef struct mc_awaits {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    mc_await *armed; /* list */
    pthread_t clock;
    bool stopping;
} mc_awaits;

MC_MUST_CHECK mc_status mc_awaits_start(mc_awaits *waits, mc_error *err);
/* Resumes every exchange that waits; those to come do not wait any more. */
void mc_awaits_stop(mc_awaits *waits);
void mc_awaits_fini(mc_awaits *waits); /* after the model cache is gone: no callback may come */

/* A waiter for `exchange`, held by the caller. */
MC_MUST_CHECK mc_status mc_await_create(mc_awaits *waits, mc_exchange *exchange, mc_await **out);
/* A mc_acquired_fn, `user` being the waiter. */
void mc_await_done(void *user, mc_model *model, const mc_error *error);
/* The callback will come: it holds the waiter too from now on. Said *before* the call that may make
 * it come, and taken back by mc_await_forget() when that call says that none will. */
void mc_await_expect(mc_await *waiter);
void mc_await_forget(mc_await *waiter);

/* Asks for the exchange to be resumed. False: there is a result already, do not wait. */
bool mc_await_arm(mc_await *waiter, uint64_t deadline_ns);
/* The result: a model that the caller now owns (or NULL after a failed load); MC_E_DEADLINE or
 * MC_E_BUSY when there is none yet. */
MC_MUST_CHECK mc_status mc_await_take(mc_await *waiter, mc_model **out, mc_error *err);
void mc_await_drop(mc_await *waiter); /* the caller's hold; NULL is fine */
#endif
