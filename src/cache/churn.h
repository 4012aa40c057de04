/* churn.h: when evicting would only make the next miss.
 *
 * Where the models in use are larger than the budget, each load evicts a model that is asked for a
 * moment later: the cache loads all the time and hardly anybody gets an answer. Then it is better
 * to let those that are in memory answer, and to ask the others for patience. The rule:
 *
 *   (C1) A load is wasted if its model had been evicted less than MC_CHURN_FACTOR times as long ago
 *        as the load takes. One that stayed away longer would not have been worth its memory.
 *   (C2) Wasted loads are paid from a credit of at most MC_CHURN_CREDIT_NS of load time. It comes
 *        back at MC_CHURN_SHARE of the time that passes: a cache may waste that much for ever.
 *   (C3) From when the credit is used up until MC_CHURN_RESUME_NS of it are back, a load that would
 *        be wasted by C1 evicts no model that was used within MC_CHURN_FACTOR times what that one
 *        takes to load. If it needs just those it is refused: MC_E_BUSY (503 with Retry-After).
 *        Loads of models that are new, were unloaded by hand or were away for longer never are.
 *
 * A model that is asked for now and then, few models that take turns, and a scan through many that
 * are used once each never exhaust it: times are measured in what a load costs.
 *
 * mc_churn is *owned*: by the cache, under its lock. All functions are O(1). */
#ifndef MC_CACHE_CHURN_H
#define MC_CACHE_CHURN_H
#include "base/base.h"

#define MC_CHURN_FACTOR    10u
#define MC_CHURN_CREDIT_NS ((uint64_t)5 * 1000000000u)
#define MC_CHURN_RESUME_NS ((uint64_t)1 * 1000000000u)
#define MC_CHURN_SHARE     0.5

typedef struct mc_churn {
    uint64_t credit_ns; /* as of at_ns */
    uint64_t at_ns;
    bool guards;      /* C3 */
    uint64_t n_waste; /* loads that were, ever */
} mc_churn;

void mc_churn_init(mc_churn *churn, uint64_t now_ns);
/* A load ended that took `load_ns`, of a model that had been evicted `away_ns` before it began. */
void mc_churn_note(mc_churn *churn, uint64_t now_ns, uint64_t away_ns, uint64_t load_ns);
/* Does C3 hold now? */
bool mc_churn_guards(mc_churn *churn, uint64_t now_ns);
/* May a model be evicted while it does, that was used so long ago and takes so long to load? */
bool mc_churn_is_calm(uint64_t idle_ns, uint64_t load_ns);
/* How long until it does no more, if nothing is wasted meanwhile. */
uint64_t mc_churn_ends_in(const mc_churn *churn);
#endif
