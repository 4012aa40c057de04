/* regex_reader.c: the place in a pattern, and whether the pattern is one class, repeated. */
#include "import/sklearn/regex_reader.h"

#include <string.h>

/* ------------------------------------------------------------------------------- reading ---- */

mc_status mc_regex_refuse(const mc_regex_reader *r, const char *what)
{
    return mc_fail(r->err, MC_E_UNSUPPORTED, MC_NO_OFFSET,
                   "token_pattern: %s at byte %td of \"%.*s\"", what, r->at - r->start,
                   MC_SHOW(((mc_bytes){r->start, (size_t)(r->end - r->start)})));
}

bool mc_regex_looking_at(const mc_regex_reader *r, const char *text)
{
    const size_t n = strlen(text);
    return (size_t)(r->end - r->at) >= n && memcmp(r->at, text, n) == 0;
}

bool mc_regex_take(mc_regex_reader *r, const char *text)
{
    const bool found = mc_regex_looking_at(r, text);
    if (found)
        r->at += strlen(text);
    return found;
}

uint32_t mc_regex_take_char(mc_regex_reader *r)
{
    uint32_t c = 0;
    r->at += mc_char_read(r->at, r->end, &c);
    return c;
}

mc_status mc_regex_put(mc_regex_reader *r, const char *text)
{
    return mc_vec_append(r->out, text, strlen(text), r->err);
}

bool mc_regex_is_digit(const mc_regex_reader *r)
{
    return r->at != r->end && *r->at >= '0' && *r->at <= '9';
}

bool mc_regex_is_octal(const mc_regex_reader *r)
{
    return r->at != r->end && *r->at >= '0' && *r->at <= '7';
}

/* ------------------------------------------------------------------- one class, repeated? ---- */

void mc_regex_no_runs(mc_regex_reader *r)
{
    r->runs.possible = false;
}

static void settle_last(mc_regex_runs *s)
{
    s->least += s->last_least;
    s->most =
        s->most == UINT64_MAX || s->last_most == UINT64_MAX ? UINT64_MAX : s->most + s->last_most;
    s->last_least = s->last_most = 0;
    s->last_is_set = false;
}

void mc_regex_saw_set(mc_regex_reader *r)
{
    mc_regex_runs *s = &r->runs;
    settle_last(s);
    if (s->end_edge || s->closed || (s->has_set && !mc_char_set_equal(&r->set, &r->run_set)))
        mc_regex_no_runs(r);
    if (s->possible && !s->has_set)
        r->run_set = r->set;
    s->has_set = s->last_is_set = true;
    s->last_least = s->last_most = 1;
}

void mc_regex_saw_edge(mc_regex_reader *r)
{
    mc_regex_runs *s = &r->runs;
    settle_last(s);
    if (r->now.ascii || s->end_edge || (s->open && !s->closed))
        mc_regex_no_runs(r); /* an edge in the group would be one all the same: rare */
    *(s->has_set ? &s->end_edge : &s->start_edge) = true;
}

void mc_regex_saw_group(mc_regex_reader *r, bool closes)
{
    mc_regex_runs *s = &r->runs;
    settle_last(s);
    if (closes ? s->closed || !s->open : s->open || s->has_set)
        mc_regex_no_runs(r);
    *(closes ? &s->closed : &s->open) = true;
}

void mc_regex_saw_quantifier(mc_regex_reader *r, uint64_t least, uint64_t most, bool greedy)
{
    mc_regex_runs *s = &r->runs;
    if (!s->last_is_set || !greedy)
        mc_regex_no_runs(r);
    s->last_least = least;
    s->last_most = most;
    settle_last(s);
}

bool mc_regex_as_runs(mc_regex_reader *r, mc_run_pattern *out)
{
    mc_regex_runs *s = &r->runs;
    settle_last(s);
    if (!s->possible || !s->has_set || s->least < 1 || s->open != s->closed ||
        s->least > MC_RUN_ANY - 1 || (s->most != UINT64_MAX && s->most > 1000) ||
        !mc_char_set_as_class(&r->run_set, &r->spare, &out->class))
        return false;
    out->least = (uint32_t)s->least;
    out->most = s->most == UINT64_MAX ? MC_RUN_ANY : (uint32_t)s->most;
    /* A run of all word characters ends at edges anyhow. */
    const bool is_free = out->most == MC_RUN_ANY && mc_char_set_equal(&r->run_set, &r->word);
    out->start_edge = s->start_edge && !is_free;
    out->end_edge = s->end_edge && !is_free;
    return true;
}
