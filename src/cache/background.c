/* background.c: source -> image -> model, on a thread of its own. */
#include "cache/background.h"

#include <sched.h>

#include "base/clock.h"
#include "cache/cache_log.h"
#include "cache/room.h"
#include "image/hold.h"
#include "image/quantize.h"

typedef enum step {
    STEP_READING, /* the reading thread works */
    STEP_ASKING,  /* it waits for room */
    STEP_ANSWERED,
    STEP_FINISHED
} step;

typedef struct background {
    mc_cache *cache;   /* borrowed */
    mc_load *load;     /* borrowed; what room.h notes in it belongs to who makes room */
    mc_charge *charge; /* owned by the reading thread, but for STEP_ASKING */
    bool is_alone;     /* all runs on the loader thread: nobody to be idle for, or no thread */

    pthread_mutex_t lock;   /* between these two threads only */
    pthread_cond_t changed; /* step */
    /* guarded by the lock */
    step step;
    size_t size;       /* asked for */
    mc_status answer;  /* to that */
    mc_error *ask_err; /* borrowed: filled with the answer */

    /* owned by the reading thread until STEP_FINISHED */
    mc_status status;
    mc_model *model;
    mc_error *err; /* borrowed */
    bool is_tight; /* something did not fit into what was free */
} background;

static void set_step_locked(background *work, step next)
{
    work->step = next;
    (void)pthread_cond_broadcast(&work->changed);
}

static mc_status make_room(background *work, size_t size, mc_error *err)
{
    return mc_room_make(work->cache, work->charge, work->load, size, err);
}

/* mc_grant_fn. What fits is granted by one atomic operation; else the loader thread evicts. */
static mc_status grant(void *context, size_t size, mc_error *err)
{
    background *work = context;
    if (mc_charge_grow(work->charge, size))
        return MC_OK;
    work->is_tight = true;
    if (work->is_alone)
        return make_room(work, size, err);
    (void)pthread_mutex_lock(&work->lock);
    work->size = size;
    work->ask_err = err;
    set_step_locked(work, STEP_ASKING);
    while (work->step != STEP_ANSWERED)
        (void)pthread_cond_wait(&work->changed, &work->lock);
    work->step = STEP_READING;
    const mc_status answer = work->answer;
    (void)pthread_mutex_unlock(&work->lock);
    return answer;
}

/* The model is made; charges it for exactly what it is. */
static mc_status settle(background *work, mc_model *model, mc_error *err)
{
    const uint64_t bytes = mc_model_bytes(model);
    const uint64_t held = mc_charge_held(work->charge);
    if (bytes > held)
        MC_TRY(grant(work, (size_t)(bytes - held), err));
    mc_charge_settle(work->charge, bytes);
    return MC_OK;
}

/* On the reading thread: what it computes with the new model takes no time from requests either. */
static mc_status ask_gate(const background *work, const mc_model *model, mc_error *err)
{
    const mc_cache *cache = work->cache;
    if (cache->gate == NULL)
        return MC_OK;
    const mc_status status = cache->gate(cache->gate_user, work->load->entry->name, model, err);
    return status == MC_OK ? MC_OK : mc_fail_in(err, status, "the gate before publication");
}

static mc_status make_model(background *work, mc_image *image, mc_model **out, mc_error *err)
{
    const mc_load *load = work->load;
    const mc_model_identity identity = {.name = load->entry->name,
                                        .version = load->version,
                                        .source = load->source,
                                        .generation = load->generation,
                                        .load_ns = mc_now_ns() - load->start_ns,
                                        .gone = mc_charge_model_gone,
                                        .owner = work->charge};
    mc_model *model = NULL;
    const mc_status status = mc_model_create(image, &identity, &model, err);
    if (status != MC_OK) {
        mc_image_close(image);
        mc_charge_destroy(work->charge);
        return status;
    }
    mc_status allowed = settle(work, model, err);
    if (allowed == MC_OK)
        allowed = ask_gate(work, model, err);
    if (allowed != MC_OK) {
        mc_model_release(model); /* the charge is the model's: goes with it */
        return allowed;
    }
    *out = model;
    return MC_OK;
}

static void hold(const background *work, const mc_image *image)
{
    static const char *const NAMES[] = {"large pages", "prefaulting", "locking"};
    const unsigned refused = mc_image_hold(image, work->cache->hold);
    const mc_event event = {
        .level = MC_LOG_WARN, .event = "hold", .model = work->load->entry->name};
    for (unsigned i = 0; i < MC_COUNT_OF(NAMES); i++) {
        if (refused & (1u << i))
            mc_cache_say(work->cache, &event, "model %s: the system refuses %s of its memory",
                         work->load->entry->name, NAMES[i]);
    }
}

static bool wants_quantizing(const background *work, const mc_image *image)
{
    const mc_load *load = work->load;
    return load->quantize != MC_QUANTIZE_NEVER &&
           mc_image_quantization(image) == MC_QUANTIZE_NEVER &&
           (load->quantize_when == MC_QUANTIZE_ALWAYS || work->is_tight);
}

/* Where the settings allow it. Both images are there, and charged, while one is made of the other.
 */
static mc_status quantize(background *work, mc_image *image, mc_error *err)
{
    const mc_quantization quantization = work->load->quantize;
    mc_image narrow;
    if (!wants_quantizing(work, image))
        return MC_OK;
    const mc_status status =
        mc_image_quantize(image, quantization, MC_QUANTIZE_FROM, grant, work, &narrow, err);
    mc_image_close(image);
    if (status == MC_OK)
        *image = narrow;
    return status;
}

static mc_status read_image(background *work, mc_image *out, mc_error *err)
{
    const mc_loader *loader = &work->cache->loader;
    return work->load->reads_kept
               ? mc_kept_read(work->load->kept, grant, work, out, err)
               : loader->load(loader->user, work->load->source, grant, work, out, err);
}

static mc_status read_model(background *work, mc_model **out, mc_error *err)
{
    mc_image image = {0};
    MC_TRY(mc_charge_create(work->cache->budget, work->load->entry, &work->charge, err));
    mc_status status = read_image(work, &image, err);
    if (status == MC_OK)
        status = quantize(work, &image, err);
    if (status != MC_OK) {
        mc_charge_destroy(work->charge);
        return status;
    }
    hold(work, &image);
    return make_model(work, &image, out, err);
}

/* Best effort: where it is not allowed the load runs at normal priority. Linux lets a thread go
 * down without privileges, but not up again: so it is a thread of its own, for one load. */
static void be_idle(void)
{
    const struct sched_param none = {.sched_priority = 0};
    (void)pthread_setschedparam(pthread_self(), SCHED_IDLE, &none);
    (void)pthread_setname_np(pthread_self(), "mc-read");
}

static void *reading_thread(void *context)
{
    background *work = context;
    be_idle();
    work->status = read_model(work, &work->model, work->err);
    (void)pthread_mutex_lock(&work->lock);
    set_step_locked(work, STEP_FINISHED);
    (void)pthread_mutex_unlock(&work->lock);
    return NULL;
}

/* Makes room when the reading thread asks, until it has finished. */
static void attend(background *work)
{
    (void)pthread_mutex_lock(&work->lock);
    while (work->step != STEP_FINISHED) {
        if (work->step != STEP_ASKING) {
            (void)pthread_cond_wait(&work->changed, &work->lock);
            continue;
        }
        /* The lock stays held: the other thread waits for the answer and for nothing else. */
        work->answer = make_room(work, work->size, work->ask_err);
        set_step_locked(work, STEP_ANSWERED);
    }
    (void)pthread_mutex_unlock(&work->lock);
}

mc_status mc_background_read(mc_cache *cache, mc_load *load, mc_model **out, mc_error *err)
{
    background work = {.cache = cache,
                       .load = load,
                       .err = err,
                       .lock = PTHREAD_MUTEX_INITIALIZER,
                       .changed = PTHREAD_COND_INITIALIZER};
    pthread_t thread;
    /* With nothing resident there is no other model to slow down, and somebody waits for this one:
     * the first answer after a start must not depend on an idle machine. */
    const bool is_first = mc_budget_used(cache->budget) == 0;
    if (!is_first && pthread_create(&thread, NULL, reading_thread, &work) == 0) {
        attend(&work);
        (void)pthread_join(thread, NULL);
    } else {
        work.is_alone = true;
        work.status = read_model(&work, &work.model, err);
    }
    (void)pthread_cond_destroy(&work.changed);
    (void)pthread_mutex_destroy(&work.lock);
    if (work.status == MC_OK)
        *out = work.model;
    return work.status;
}
