/* shown.h: which models have samples of their own in a scrape: the first MC_SHOWN_MAX that came
 * into use, for good. *Guarded* by its lock, which only scrapes take. */
#ifndef MC_SHOWN_H
#define MC_SHOWN_H
#include <pthread.h>

#include "serve/exposition.h"

#define MC_SHOWN_SLOTS ((size_t)2 * MC_SHOWN_MAX)

typedef struct mc_shown_name {
    char name[MC_NAME_MAX]; /* "": free */
    uint32_t row;
} mc_shown_name;

struct mc_shown {
    pthread_mutex_t lock;
    mc_shown_name
        *slots; /* (MC_SHOWN_SLOTS) owned; an open hash table, never more than half full */
    uint32_t n;
};

MC_MUST_CHECK bool mc_shown_init(mc_shown *shown);
void mc_shown_fini(mc_shown *shown);

/* The row of a model, 0 to MC_SHOWN_MAX - 1, or MC_SHOWN_MAX: it is one of the others. */
size_t mc_shown_row(mc_shown *shown, const char *model);
#endif
