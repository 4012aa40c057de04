/* churn.c: a bucket of load time. */
#include "cache/churn.h"

void mc_churn_init(mc_churn *churn, uint64_t now_ns)
{
    *churn = (mc_churn){.credit_ns = MC_CHURN_CREDIT_NS, .at_ns = now_ns};
}

static void refill(mc_churn *churn, uint64_t now_ns)
{
    if (now_ns <= churn->at_ns)
        return;
    const double back_ns = MC_CHURN_SHARE * (double)(now_ns - churn->at_ns);
    const uint64_t missing_ns = MC_CHURN_CREDIT_NS - churn->credit_ns;
    churn->credit_ns += back_ns < (double)missing_ns ? (uint64_t)back_ns : missing_ns;
    churn->at_ns = now_ns;
    if (churn->credit_ns >= MC_CHURN_RESUME_NS)
        churn->guards = false;
}

void mc_churn_note(mc_churn *churn, uint64_t now_ns, uint64_t away_ns, uint64_t load_ns)
{
    refill(churn, now_ns);
    if (mc_churn_is_calm(away_ns, load_ns)) /* C1 */
        return;
    churn->n_waste++;
    churn->credit_ns -= load_ns < churn->credit_ns ? load_ns : churn->credit_ns;
    if (churn->credit_ns == 0)
        churn->guards = true;
}

bool mc_churn_guards(mc_churn *churn, uint64_t now_ns)
{
    refill(churn, now_ns);
    return churn->guards;
}

bool mc_churn_is_calm(uint64_t idle_ns, uint64_t load_ns)
{
    return idle_ns / MC_CHURN_FACTOR >= load_ns;
}

uint64_t mc_churn_ends_in(const mc_churn *churn)
{
    if (!churn->guards || churn->credit_ns >= MC_CHURN_RESUME_NS)
        return 0;
    return (uint64_t)((double)(MC_CHURN_RESUME_NS - churn->credit_ns) / MC_CHURN_SHARE);
}
