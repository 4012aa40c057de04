/* cache_fakes.c: test doubles of src/image/model.c and of the importer. */
#include "cache_fakes.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "image/hold.h"
#include "image/quantize.h"
#include "image/workspace.h"

struct mc_model {
    _Atomic uint64_t references;
    _Atomic bool is_dead;
    mc_image image;
    mc_model_identity identity;
    char name[MC_NAME_MAX], version[MC_NAME_MAX], source[MC_PATH_MAX];
    mc_model *next_dead;
};

static _Atomic uint64_t mapped, mapped_peak;
static _Atomic unsigned dead_uses;
static _Atomic bool keeps_dead;
static mc_model *dead; /* guarded by gate_lock */

static pthread_mutex_t gate_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t gate_changed = PTHREAD_COND_INITIALIZER;
static bool gate_closed;     /* guarded by gate_lock */
static unsigned loads_begun; /* guarded by gate_lock */
static _Atomic uint64_t load_number;

/* -------------------------------------------------------------------------------- models ---- */

mc_status mc_model_create(const mc_image *image, const mc_model_identity *identity, mc_model **out,
                          mc_error *err)
{
    mc_model *model = mc_alloc(1, sizeof *model);
    if (model == NULL)
        return mc_fail(err, MC_E_NO_MEMORY, MC_NO_OFFSET, "no memory for a fake model");
    atomic_store(&model->references, 1);
    model->image = *image;
    model->identity = *identity;
    (void)snprintf(model->name, sizeof model->name, "%s", identity->name);
    (void)snprintf(model->version, sizeof model->version, "%s", identity->version);
    (void)snprintf(model->source, sizeof model->source, "%s", identity->source);
    *out = model;
    return MC_OK;
}

/* The models of these tests have no numbers: nobody asks for fewer bits of them. */
mc_quantization mc_image_quantization(const mc_image *image)
{
    (void)image;
    return MC_QUANTIZE_NEVER;
}

mc_status mc_image_quantize(const mc_image *from, mc_quantization quantization, size_t least_items,
                            mc_reserve_fn *reserve, void *context, mc_image *out, mc_error *err)
{
    (void)from;
    (void)quantization;
    (void)least_items;
    (void)reserve;
    (void)context;
    (void)out;
    return mc_fail(err, MC_E_UNSUPPORTED, MC_NO_OFFSET, "a fake image cannot be quantized");
}

unsigned mc_image_hold(const mc_image *image, unsigned wishes)
{
    (void)image;
    return wishes & MC_HOLD_LOCK; /* as a system without the right to it */
}

void mc_image_close(mc_image *image)
{
    (void)atomic_fetch_sub(&mapped, image->size);
    mc_pages_free((void *)(uintptr_t)image->block, image->size); /* NOLINT: drops const */
    *image = (mc_image){0};
}

size_t mc_model_image_size(const mc_model *model)
{
    return model->image.size;
}

mc_status mc_model_write(const mc_model *model, int fd, const char *path, mc_error *err)
{
    const ssize_t n = write(fd, model->image.block, model->image.size);
    return n == (ssize_t)model->image.size ? MC_OK
                                           : mc_fail(err, MC_E_IO, MC_NO_OFFSET, "%s", path);
}

mc_status mc_image_read(int fd, size_t size, const char *path, mc_image *out, mc_error *err)
{
    uint8_t *block = mc_pages_alloc(size);
    if (block == NULL || read(fd, block, size) != (ssize_t)size)
        return mc_fail(err, MC_E_IO, MC_NO_OFFSET, "%s", path);
    *out = (mc_image){.block = block, .size = size};
    (void)atomic_fetch_add(&mapped, size);
    return MC_OK;
}

uint64_t mc_model_bytes(const mc_model *model)
{
    return model->image.size + FAKE_SCHEMA_BYTES;
}

void mc_model_retain(mc_model *model)
{
    if (atomic_load(&model->is_dead))
        (void)atomic_fetch_add(&dead_uses, 1);
    (void)atomic_fetch_add_explicit(&model->references, 1, memory_order_relaxed);
}

uint64_t mc_model_holders(const mc_model *model)
{
    return atomic_load_explicit(&model->references, memory_order_relaxed) - 1;
}

bool mc_model_is_shared(const mc_model *model)
{
    return atomic_load_explicit(&model->references, memory_order_acquire) > 1;
}

static void bury(mc_model *model)
{
    if (!atomic_load(&keeps_dead)) {
        mc_free(model);
        return;
    }
    (void)pthread_mutex_lock(&gate_lock);
    model->next_dead = dead;
    dead = model;
    (void)pthread_mutex_unlock(&gate_lock);
}

void mc_model_release(mc_model *model)
{
    if (model == NULL ||
        atomic_fetch_sub_explicit(&model->references, 1, memory_order_acq_rel) != 1)
        return;
    if (atomic_exchange(&model->is_dead, true))
        return; /* released again after its death, by a test without protection */
    const uint64_t bytes = mc_model_bytes(model);
    mc_image_close(&model->image);
    if (model->identity.gone != NULL)
        model->identity.gone(model->identity.owner, bytes);
    bury(model);
}

const mc_model *mc_model_inverse(const mc_model *model)
{
    (void)model;
    return NULL;
}

mc_status mc_model_predict(const mc_model *model, mc_method method, const mc_input *input,
                           mc_workspace *workspace, mc_output *out, mc_error *err)
{
    (void)model, (void)method, (void)input, (void)workspace, (void)out;
    return mc_fail(err, MC_E_NO_METHOD, MC_NO_OFFSET, "fake models predict nothing");
}

mc_status mc_workspace_need(mc_workspace *w, mc_region region, size_t size, uint8_t **out,
                            mc_error *err)
{
    (void)w, (void)region, (void)size, (void)out;
    return mc_fail(err, MC_E_BUSY, MC_NO_OFFSET, "fake workspaces have no room");
}

mc_model_info mc_model_describe(const mc_model *model)
{
    return (mc_model_info){.name = model->name,
                           .version = model->version,
                           .source = model->source,
                           .digest = "00112233445566778899aabbccddeeff",
                           .generation = model->identity.generation,
                           .bytes = mc_model_bytes(model),
                           .load_ns = model->identity.load_ns};
}

bool fake_model_is_whole(const mc_model *model, uint64_t *out_load)
{
    const uint64_t *words = (const uint64_t *)(const void *)model->image.block;
    const size_t n_words = model->image.size / sizeof *words;
    for (size_t i = 1; i < n_words; i++)
        if (words[i] != words[0])
            return false;
    *out_load = words[0];
    return words[0] != 0;
}

uint64_t fake_mapped_bytes(void)
{
    return atomic_load(&mapped);
}

uint64_t fake_mapped_peak(void)
{
    return atomic_load(&mapped_peak);
}

void fake_keep_dead(bool keep)
{
    atomic_store(&keeps_dead, keep);
}

unsigned fake_dead_uses(void)
{
    return atomic_load(&dead_uses);
}

void fake_bury_dead(void)
{
    (void)pthread_mutex_lock(&gate_lock);
    while (dead != NULL) {
        mc_model *next = dead->next_dead;
        mc_free(dead);
        dead = next;
    }
    (void)pthread_mutex_unlock(&gate_lock);
    atomic_store(&dead_uses, 0);
}

/* -------------------------------------------------------------------------------- loader ---- */

void fake_gate(bool closed)
{
    (void)pthread_mutex_lock(&gate_lock);
    gate_closed = closed;
    (void)pthread_cond_broadcast(&gate_changed);
    (void)pthread_mutex_unlock(&gate_lock);
}

void fake_reset(void)
{
    (void)pthread_mutex_lock(&gate_lock);
    gate_closed = false;
    loads_begun = 0;
    (void)pthread_mutex_unlock(&gate_lock);
    atomic_store(&mapped_peak, atomic_load(&mapped));
}

void fake_wait_for_loaders(unsigned n)
{
    (void)pthread_mutex_lock(&gate_lock);
    while (loads_begun < n)
        (void)pthread_cond_wait(&gate_changed, &gate_lock);
    (void)pthread_mutex_unlock(&gate_lock);
}

unsigned fake_loads_begun(void)
{
    (void)pthread_mutex_lock(&gate_lock);
    const unsigned n = loads_begun;
    (void)pthread_mutex_unlock(&gate_lock);
    return n;
}

static void pass_gate(void)
{
    (void)pthread_mutex_lock(&gate_lock);
    loads_begun++;
    (void)pthread_cond_broadcast(&gate_changed);
    while (gate_closed)
        (void)pthread_cond_wait(&gate_changed, &gate_lock);
    (void)pthread_mutex_unlock(&gate_lock);
}

static size_t word(const char *source, const char *key, size_t otherwise)
{
    const char *at = strstr(source, key);
    return at == NULL ? otherwise : (size_t)strtoull(at + strlen(key), NULL, 10);
}

static void raise_peak(uint64_t now)
{
    uint64_t peak = atomic_load(&mapped_peak);
    while (peak < now && !atomic_compare_exchange_weak(&mapped_peak, &peak, now))
        ;
}

static mc_status fill(size_t size, mc_image *out, mc_error *err)
{
    uint64_t *words = mc_pages_alloc(size);
    if (words == NULL)
        return mc_fail(err, MC_E_NO_MEMORY, MC_NO_OFFSET, "no %zu bytes for a fake image", size);
    raise_peak(atomic_fetch_add(&mapped, size) + size);
    const uint64_t number = atomic_fetch_add(&load_number, 1) + 1;
    for (size_t i = 0; i < size / sizeof *words; i++)
        words[i] = number;
    *out = (mc_image){.block = (const uint8_t *)words, .size = size};
    return MC_OK;
}

mc_status fake_loader(void *user, const char *source, mc_grant_fn *grant, void *context,
                      mc_image *out, mc_error *err)
{
    (void)user;
    const size_t size = word(source, "bytes=", 4096);
    const size_t granted = word(source, "grant=", size);
    const size_t ms = word(source, "ms=", 0);
    pass_gate();
    MC_TRY(grant(context, granted / 2, err));
    MC_TRY(grant(context, granted - granted / 2, err));
    const struct timespec pause = {.tv_sec = (time_t)(ms / 1000),
                                   .tv_nsec = (long)(ms % 1000) * 1000000};
    (void)nanosleep(&pause, NULL);
    if (strstr(source, "fail") != NULL)
        return mc_fail(err, MC_E_MALFORMED, 17, "fake file is broken, as it was told to be");
    return fill(size, out, err);
}

/* ----------------------------------------------------------------------------------- log ---- */

void fake_log_line(void *user, mc_log_level level, const char *message)
{
    fake_log *log = user;
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    (void)pthread_mutex_lock(&lock);
    const unsigned at = atomic_load(&log->n_lines);
    if (at < MC_COUNT_OF(log->lines)) {
        (void)snprintf(log->lines[at], sizeof log->lines[at], "%s", message);
        log->levels[at] = level;
        atomic_store(&log->n_lines, at + 1);
    }
    (void)pthread_mutex_unlock(&lock);
}

bool fake_log_has(const fake_log *log, const char *part)
{
    const unsigned n_lines = atomic_load(&log->n_lines);
    for (unsigned i = 0; i < n_lines; i++)
        if (strstr(log->lines[i], part) != NULL)
            return true;
    for (unsigned i = 0; i < n_lines; i++)
        print_message("log: %s\n", log->lines[i]);
    return false;
}

/* --------------------------------------------------------------------------------- cache ---- */

mc_cache *fake_cache_with(const mc_cache_options *options)
{
    mc_cache *cache = NULL;
    mc_error err = {0};
    fake_reset();
    if (mc_cache_new(options, &(mc_loader){.load = fake_loader}, &cache, &err) != MC_OK)
        fail_msg("%s", err.message);
    return cache;
}

mc_cache *fake_cache(uint64_t memory_budget, fake_log *log)
{
    mc_cache_options options = {.struct_size = sizeof options, .memory_budget = memory_budget};
    if (log != NULL) {
        options.log = fake_log_line;
        options.log_user = log;
    }
    return fake_cache_with(&options);
}

mc_model *fake_acquire(mc_cache *cache, const char *name)
{
    mc_model *model = NULL;
    mc_error err = {0};
    if (mc_cache_acquire(cache, name, 10000, &model, NULL, &err) != MC_OK)
        fail_msg("acquire %s: %s", name, err.message);
    return model;
}

mc_entry_info fake_info(mc_cache *cache, const char *name)
{
    mc_entry_info info = {0};
    mc_error err = {0};
    if (mc_cache_info(cache, name, &info, &err) != MC_OK)
        fail_msg("info %s: %s", name, err.message);
    return info;
}

void fake_add(mc_cache *cache, const char *name, const char *source)
{
    mc_error err = {0};
    if (mc_cache_add(cache, name, NULL, source, &err) != MC_OK)
        fail_msg("add %s: %s", name, err.message);
}
