/* await.c: exchanges that wait, and the clock that ends their waiting. */
#include "serve/await.h"

#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/clock.h"

struct mc_await {
    mc_awaits *waits;      /* borrowed */
    mc_exchange *exchange; /* borrowed; valid while armed, for then it is suspended */
    mc_await *next, *previous;
    uint64_t deadline_ns;
    uint32_t n_holds; /* the exchange's service, and the callback to come */
    bool armed, finished;
    mc_model *model; /* owned until taken */
    mc_error error;
};

static void link_locked(mc_await *w)
{
    w->armed = true;
    w->previous = NULL;
    w->next = w->waits->armed;
    if (w->next != NULL)
        w->next->previous = w;
    w->waits->armed = w;
}

/* Ends the waiting, and lets the exchange go on. */
static void fire_locked(mc_await *w)
{
    if (!w->armed)
        return;
    w->armed = false;
    if (w->previous != NULL)
        w->previous->next = w->next;
    else
        w->waits->armed = w->next;
    if (w->next != NULL)
        w->next->previous = w->previous;
    mc_exchange_resume(w->exchange);
}

static bool release_locked(mc_await *w)
{
    MC_ASSERT(w->n_holds > 0);
    return --w->n_holds == 0;
}

static void destroy(mc_await *w)
{
    mc_model_release(w->model);
    mc_free(w);
}

/* Fires what is due; returns when the next one is. */
static uint64_t expire_locked(mc_awaits *waits, uint64_t now_ns)
{
    uint64_t next_ns = UINT64_MAX;
    for (mc_await *at = waits->armed, *next; at != NULL; at = next) {
        next = at->next;
        if (at->deadline_ns <= now_ns || waits->stopping) {
            fire_locked(at);
        } else if (at->deadline_ns < next_ns) {
            next_ns = at->deadline_ns;
        }
    }
    return next_ns;
}

static void *clock_main(void *user)
{
    mc_awaits *waits = user;
    (void)pthread_mutex_lock(&waits->lock);
    while (!waits->stopping) {
        const uint64_t next_ns = expire_locked(waits, mc_now_ns());
        if (next_ns == UINT64_MAX) {
            (void)pthread_cond_wait(&waits->changed, &waits->lock);
            continue;
        }
        const struct timespec until = {.tv_sec = (time_t)(next_ns / 1000000000u),
                                       .tv_nsec = (long)(next_ns % 1000000000u)};
        (void)pthread_cond_timedwait(&waits->changed, &waits->lock, &until);
    }
    (void)expire_locked(waits, mc_now_ns());
    (void)pthread_mutex_unlock(&waits->lock);
    return NULL;
}

mc_status mc_awaits_start(mc_awaits *waits, mc_error *err)
{
    pthread_condattr_t monotonic;
    *waits = (mc_awaits){.armed = NULL};
    (void)pthread_mutex_init(&waits->lock, NULL);
    (void)pthread_condattr_init(&monotonic);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&waits->changed, &monotonic);
    (void)pthread_condattr_destroy(&monotonic);
    const int failed = pthread_create(&waits->clock, NULL, clock_main, waits);
    if (failed == 0)
        return MC_OK;
    waits->stopping = true; /* there is no thread to join */
    mc_awaits_fini(waits);
    return mc_fail(err, MC_E_IO, MC_NO_OFFSET, "the deadline thread cannot start: %s",
                   strerrordesc_np(failed));
}

void mc_awaits_stop(mc_awaits *waits)
{
    (void)pthread_mutex_lock(&waits->lock);
    const bool was_stopping = waits->stopping;
    waits->stopping = true;
    (void)pthread_cond_signal(&waits->changed);
    (void)pthread_mutex_unlock(&waits->lock);
    if (!was_stopping)
        (void)pthread_join(waits->clock, NULL);
}

void mc_awaits_fini(mc_awaits *waits)
{
    mc_awaits_stop(waits);
    (void)pthread_cond_destroy(&waits->changed);
    (void)pthread_mutex_destroy(&waits->lock);
}

mc_status mc_await_create(mc_awaits *waits, mc_exchange *exchange, mc_await **out)
{
    mc_await *w = mc_alloc(1, sizeof *w);
    if (w == NULL)
        return MC_E_NO_MEMORY;
    w->waits = waits;
    w->exchange = exchange;
    w->n_holds = 1;
    *out = w;
    return MC_OK;
}

void mc_await_expect(mc_await *w)
{
    w->n_holds = 2; /* no callback is under way yet: nobody else sees it */
}

void mc_await_forget(mc_await *w)
{
    w->n_holds = 1;
}

void mc_await_done(void *user, mc_model *model, const mc_error *error)
{
    mc_await *w = user;
    mc_awaits *waits = w->waits;
    (void)pthread_mutex_lock(&waits->lock);
    w->finished = true;
    w->model = model;
    if (model == NULL)
        w->error = *error;
    fire_locked(w);
    const bool last = release_locked(w);
    (void)pthread_mutex_unlock(&waits->lock);
    if (last)
        destroy(w);
}

bool mc_await_arm(mc_await *w, uint64_t deadline_ns)
{
    mc_awaits *waits = w->waits;
    (void)pthread_mutex_lock(&waits->lock);
    const bool wait = !w->finished && !waits->stopping;
    if (wait) {
        w->deadline_ns = deadline_ns;
        link_locked(w);
        (void)pthread_cond_signal(&waits->changed);
    }
    (void)pthread_mutex_unlock(&waits->lock);
    return wait;
}

mc_status mc_await_take(mc_await *w, mc_model **out, mc_error *err)
{
    mc_awaits *waits = w->waits;
    mc_status status = MC_OK;
    (void)pthread_mutex_lock(&waits->lock);
    if (w->finished && w->model != NULL) {
        *out = w->model;
        w->model = NULL;
    } else if (w->finished) {
        *err = w->error;
        status = w->error.status;
    } else if (waits->stopping) {
        status = mc_fail(err, MC_E_BUSY, MC_NO_OFFSET, "the server is shutting down");
    } else {
        status = mc_fail(err, MC_E_DEADLINE, MC_NO_OFFSET,
                         "the model was still loading when the deadline passed");
    }
    (void)pthread_mutex_unlock(&waits->lock);
    return status;
}

void mc_await_drop(mc_await *w)
{
    if (w == NULL)
        return;
    mc_awaits *waits = w->waits;
    (void)pthread_mutex_lock(&waits->lock);
    const bool last = release_locked(w);
    (void)pthread_mutex_unlock(&waits->lock);
    if (last)
        destroy(w);
}
