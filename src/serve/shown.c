/* shown.c: names, in the order in which scrapes saw them first. */
#include "serve/shown.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"

bool mc_shown_init(mc_shown *shown)
{
    *shown = (mc_shown){.n = 0};
    shown->slots = mc_pages_alloc(MC_SHOWN_SLOTS * sizeof *shown->slots); /* touched as it fills */
    return shown->slots != NULL && pthread_mutex_init(&shown->lock, NULL) == 0;
}

void mc_shown_fini(mc_shown *shown)
{
    if (shown->slots == NULL)
        return;
    mc_pages_free(shown->slots, MC_SHOWN_SLOTS * sizeof *shown->slots);
    (void)pthread_mutex_destroy(&shown->lock);
}

static size_t row_locked(mc_shown *shown, const char *model)
{
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (const char *c = model; *c != '\0'; c++)
        hash = (hash ^ (uint8_t)*c) * 16777619u;
    for (size_t i = hash % MC_SHOWN_SLOTS;; i = (i + 1) % MC_SHOWN_SLOTS) {
        mc_shown_name *slot = &shown->slots[i];
        if (strcmp(slot->name, model) == 0)
            return slot->row;
        if (slot->name[0] != '\0')
            continue;
        if (shown->n == MC_SHOWN_MAX)
            return MC_SHOWN_MAX;
        (void)snprintf(slot->name, sizeof slot->name, "%s", model);
        slot->row = shown->n++;
        return slot->row;
    }
}

size_t mc_shown_row(mc_shown *shown, const char *model)
{
    MC_ASSERT(pthread_mutex_lock(&shown->lock) == 0);
    const size_t row = row_locked(shown, model);
    MC_ASSERT(pthread_mutex_unlock(&shown->lock) == 0);
    return row;
}
