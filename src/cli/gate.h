/* gate.h: what a model must do before it is published: the warm-up and golden rows of its section.
 * *Guarded*: loader threads ask while the main thread reads a new configuration. */
#ifndef MC_GATE_H
#define MC_GATE_H
#include <pthread.h>

#include "cli/config.h"

typedef struct mc_gate_rows mc_gate_rows;

typedef struct mc_gate {
    pthread_mutex_t lock;
    mc_gate_rows *all; /* (n), owned */
    size_t n;
} mc_gate;

#define MC_GATE_INIT                              \
    {                                             \
        .lock = PTHREAD_MUTEX_INITIALIZER, .n = 0 \
    }

/* From now on, what the sections say. @return MC_OK, MC_E_NO_MEMORY. */
MC_MUST_CHECK mc_status mc_gate_set(mc_gate *gate, const mc_config *config, mc_error *err);
void mc_gate_fini(mc_gate *gate);

/* A mc_gate_fn; `user` is a mc_gate. */
mc_status mc_gate_ask(void *user, const char *name, const mc_model *model, mc_error *err);
#endif
