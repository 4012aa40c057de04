/* numbers.h: what the worker processes of one daemon count, in memory that they share.
 *
 * Each process writes an area of its own, when it is asked to (MC_PEER_PUBLISH), and all read all.
 * Every number is an atomic of its own: a scrape that meets a writer sees some numbers a moment
 * older than others, as in any process with threads. A process that starts in the place of one that
 * ended keeps what that had counted, as far as it was published: no counter falls.
 *
 * A process may be killed at any instruction. What its predecessors counted is therefore kept
 * twice: the next process adds up on the side that nobody reads, and turns the sides by one store.
 * One that is killed before it leaves the sum to be made again, and nothing counts twice. */
#ifndef MC_NUMBERS_H
#define MC_NUMBERS_H
#include <stdatomic.h>

#include "serve/metrics.h"

/* Of a model: a column of the rows of metrics_models.c each. */
typedef enum mc_model_number {
    MC_MODEL_HITS,
    MC_MODEL_MISSES,
    MC_MODEL_LOADS,
    MC_MODEL_LOAD_FAILURES,
    MC_MODEL_LOADS_NS,
    MC_MODEL_DROPS, /* one a reason */
    MC_MODEL_LAST_DROP = MC_MODEL_DROPS + MC_N_DROPS - 1,
    MC_MODEL_TAKEN, /* of a name with a canary or a shadow: requests that its version answered, */
    MC_MODEL_TO_CANARY,
    MC_MODEL_CANARY_TURNS, /* requests while there was one */
    MC_MODEL_SHADOW_TURNS,
    MC_MODEL_TO_SHADOW, /* ... that the shadow was to be asked too, */
    MC_MODEL_SHADOW_COMPARED,
    MC_MODEL_SHADOW_FAILED,
    MC_MODEL_SHADOW_DROPPED, /* ... and of which there was no comparison; rows: */
    MC_MODEL_SHADOW_SAME,
    MC_MODEL_SHADOW_NUMBERS, /* another number, but no other label */
    MC_MODEL_SHADOW_FLIPS,
    MC_MODEL_LAST_COUNTER = MC_MODEL_SHADOW_FLIPS, /* what is above never falls and adds up */
    MC_MODEL_IN_FLIGHT,
    MC_MODEL_WAITING,
    MC_MODEL_LAST_SUM = MC_MODEL_WAITING, /* what is above adds up over processes */
    MC_MODEL_BYTES,                       /* of the rest the largest is shown */
    MC_MODEL_LOAD_NS,
    MC_MODEL_READY,
    MC_MODEL_AGE_NS,
    MC_MODEL_GENERATION,
    MC_MODEL_SHADOW_MOST, /* difference of numbers: the bits of a double that is not negative */
    MC_N_MODEL_NUMBERS
} mc_model_number;

typedef struct mc_model_row {
    char key[MC_NAME_MAX]; /* what the cache calls it: "iris@3"; "other": the rest */
    char model[MC_NAME_MAX], version[MC_NAME_MAX];
    bool is_one_of_several; /* versions: then every family says which */
    bool is_name;           /* ... and this is the name of several */
    uint64_t values[MC_N_MODEL_NUMBERS];
} mc_model_row;

typedef struct mc_numbers mc_numbers;

size_t mc_numbers_size(void);
/* A process begins: what its predecessor had counted stays. */
void mc_numbers_begin(mc_numbers *numbers);
/* Writes a process' own: (MC_SHOWN_MAX + 1) rows, of which those without a key are left out. */
void mc_numbers_publish(mc_numbers *numbers, const mc_cache_stats *stats, uint64_t request_memory,
                        const mc_model_row *rows);
/* Adds what a process has published, or (`own`) only what its predecessors had. */
void mc_numbers_add_stats(const mc_numbers *numbers, bool own, bool shares_images,
                          mc_cache_stats *to, uint64_t *request_memory);
typedef mc_model_row *mc_row_for_fn(void *user, const char *key, const char *version);
void mc_numbers_add_rows(const mc_numbers *numbers, bool own, mc_row_for_fn *row_for, void *user);
/* Adds what is known of one model. */
void mc_numbers_add_model(const mc_numbers *numbers, bool own, const char *key,
                          uint64_t values[MC_N_MODEL_NUMBERS]);
#endif
