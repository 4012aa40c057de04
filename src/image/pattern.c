/* pattern.c: PCRE2 behind Python's findall(). */
#include "image/pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "image/steps.h"
#include "image/text_steps.h"

struct mc_pattern {
    pcre2_code *code; /* owned */
    bool has_group;
    uint32_t n_groups; /* with the whole match */
};

struct mc_patterns {
    uint32_t n_steps;
    size_t bytes;
    mc_pattern *of[]; /* (n_steps) owned; most are NULL */
};

struct mc_matcher {
    pcre2_general_context *memory; /* all three owned */
    pcre2_match_context *limits;
    pcre2_match_data *data;
};

/* ------------------------------------------------------------------------------ memory ---- */

static void *take(PCRE2_SIZE size, void *context)
{
    (void)context;
    return mc_alloc(1, size);
}

static void give(void *memory, void *context)
{
    (void)context;
    mc_free(memory);
}

/* ----------------------------------------------------------------------------- compile ---- */

/* The message names the place in the pattern. */
static mc_status compile_failed(mc_error *err, int code, size_t at)
{
    PCRE2_UCHAR text[120] = "";
    if (code == PCRE2_ERROR_HEAP_FAILED)
        return mc_fail(err, MC_E_NO_MEMORY, MC_NO_OFFSET, "no memory for a pattern");
    (void)pcre2_get_error_message(code, text, sizeof text);
    return mc_fail(err, MC_E_MALFORMED, MC_NO_OFFSET, "token_pattern: %s at byte %zu",
                   (const char *)text, at);
}

static mc_status compile(mc_bytes text, pcre2_compile_context *context, mc_pattern *out,
                         mc_error *err)
{
    int code = 0;
    PCRE2_SIZE at = 0;
    uint32_t n_groups = 0;
    out->code = pcre2_compile(text.data, text.size,
                              PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C | PCRE2_USE_OFFSET_LIMIT, &code,
                              &at, context);
    if (out->code == NULL)
        return compile_failed(err, code, at);
    (void)pcre2_pattern_info(out->code, PCRE2_INFO_CAPTURECOUNT, &n_groups);
    const bool has_words =
        pcre2_substring_number_from_name(out->code, (PCRE2_SPTR)MC_PATTERN_WORDS) > 0;
    out->has_group = n_groups > (has_words ? 1 : 0);
    out->n_groups = n_groups + 1;
    return MC_OK;
}

mc_status mc_pattern_compile(mc_bytes text, mc_pattern **out, mc_error *err)
{
    if (text.size > MC_PATTERN_MOST)
        return mc_fail(err, MC_E_LIMIT, MC_NO_OFFSET, "token_pattern: %zu bytes, at most %zu",
                       text.size, MC_PATTERN_MOST);
    pcre2_general_context *memory = pcre2_general_context_create(take, give, NULL);
    pcre2_compile_context *context = memory == NULL ? NULL : pcre2_compile_context_create(memory);
    mc_pattern *made = mc_alloc(1, sizeof *made);
    mc_status status = MC_OK;
    if (context == NULL || made == NULL)
        status = mc_fail(err, MC_E_NO_MEMORY, MC_NO_OFFSET, "no memory for a pattern");
    if (status == MC_OK) {
        (void)pcre2_set_newline(context, PCRE2_NEWLINE_LF); /* what `.`, ^ and $ stop at */
        status = compile(text, context, made, err);
    }
    pcre2_compile_context_free(context);
    pcre2_general_context_free(memory); /* the code keeps what it needs of it */
    if (status != MC_OK)
        mc_pattern_destroy(made);
    else
        *out = made;
    return status;
}

void mc_pattern_destroy(mc_pattern *pattern)
{
    if (pattern == NULL)
        return;
    pcre2_code_free(pattern->code);
    mc_free(pattern);
}

/* ------------------------------------------------------------------ patterns of an image ---- */

static size_t bytes_of(const mc_pattern *pattern)
{
    size_t size = 0;
    (void)pcre2_pattern_info(pattern->code, PCRE2_INFO_SIZE, &size);
    return size + sizeof *pattern;
}

static mc_status compile_steps(const mc_view *view, mc_patterns *made, mc_error *err)
{
    for (uint32_t i = 0; i < view->n_steps; i++) {
        mc_bytes text;
        if (!mc_text_step_regex(view, &view->steps[i], &text))
            continue;
        MC_TRY(mc_pattern_compile(text, &made->of[i], err));
        made->bytes += bytes_of(made->of[i]);
    }
    return MC_OK;
}

static bool has_patterns(const mc_view *view)
{
    mc_bytes text;
    for (uint32_t i = 0; i < view->n_steps; i++)
        if (mc_text_step_regex(view, &view->steps[i], &text))
            return true;
    return false;
}

mc_status mc_patterns_compile(const mc_view *view, mc_patterns **out, mc_error *err)
{
    *out = NULL;
    if (!has_patterns(view))
        return MC_OK;
    const size_t size = sizeof(mc_patterns) + view->n_steps * sizeof(mc_pattern *);
    mc_patterns *made = mc_alloc(1, size);
    if (made == NULL)
        return mc_fail(err, MC_E_NO_MEMORY, MC_NO_OFFSET, "no memory for the patterns");
    made->n_steps = view->n_steps;
    made->bytes = size;
    const mc_status status = compile_steps(view, made, err);
    if (status != MC_OK)
        mc_patterns_destroy(made);
    else
        *out = made;
    return status;
}

void mc_patterns_destroy(mc_patterns *patterns)
{
    for (uint32_t i = 0; patterns != NULL && i < patterns->n_steps; i++)
        mc_pattern_destroy(patterns->of[i]);
    mc_free(patterns);
}

size_t mc_patterns_bytes(const mc_patterns *patterns)
{
    return patterns == NULL ? 0 : patterns->bytes;
}

const mc_pattern *mc_pattern_of(const mc_patterns *patterns, uint32_t step)
{
    return patterns == NULL || step >= patterns->n_steps ? NULL : patterns->of[step];
}

/* ------------------------------------------------------------------------------ search ---- */

#define HEAP_KIB    65536u             /* of one search */
#define FIRST_STEPS 1000u              /* of a search; as many again ten times when they run out */
#define MOST_STEPS  10000000u          /* of a search */
#define TEXT_STEPS  UINT64_C(20000000) /* of all searches that took more than the first ... */
#define BYTE_STEPS  UINT64_C(200)      /* ... and as many more for each byte of the text */

/* PCRE2 counts steps back, not characters looked at: [a-z]+\d looks at a long word once for each of
 * its letters. So a search starts at so few places that they cannot cost more than this, and now
 * and then somebody looks at the clock. */
#define LOOKS        ((size_t)1 << 20)
#define CLOCK_EVERY  16u
#define TEXT_SECONDS 2.0
#define BYTE_SECONDS 1e-6

mc_status mc_matcher_create(mc_matcher **out, mc_error *err)
{
    mc_matcher *made = mc_alloc(1, sizeof *made);
    if (made != NULL) {
        made->memory = pcre2_general_context_create(take, give, NULL);
        made->limits = made->memory == NULL ? NULL : pcre2_match_context_create(made->memory);
        made->data =
            made->memory == NULL ? NULL : pcre2_match_data_create(MC_PATTERN_GROUPS, made->memory);
    }
    if (made == NULL || made->limits == NULL || made->data == NULL) {
        mc_matcher_destroy(made);
        return mc_fail(err, MC_E_NO_MEMORY, MC_NO_OFFSET, "no memory to match patterns");
    }
    (void)pcre2_set_heap_limit(made->limits, HEAP_KIB);
    *out = made;
    return MC_OK;
}

void mc_matcher_destroy(mc_matcher *matcher)
{
    if (matcher == NULL)
        return;
    pcre2_match_data_free(matcher->data);
    pcre2_match_context_free(matcher->limits);
    pcre2_general_context_free(matcher->memory);
    mc_free(matcher);
}

mc_pattern_scan mc_pattern_scan_of(const mc_pattern *pattern, mc_matcher *matcher, mc_bytes text)
{
    return (mc_pattern_scan){.pattern = pattern,
                             .matcher = matcher,
                             .text = text,
                             .budget = TEXT_STEPS + BYTE_STEPS * text.size};
}

static mc_status too_long(mc_error *err)
{
    return mc_fail(err, MC_E_BAD_INPUT, MC_NO_OFFSET,
                   "the token_pattern takes too long on this text");
}

/* One search with ever more steps, as far as the budget goes. `*out` is PCRE2's answer. */
static mc_status search(mc_pattern_scan *scan, int *out, mc_error *err)
{
    const uint32_t options = PCRE2_NO_UTF_CHECK | (scan->after_empty ? PCRE2_NOTEMPTY_ATSTART : 0);
    for (uint32_t steps = FIRST_STEPS; steps <= MOST_STEPS; steps *= 10) {
        if (steps > FIRST_STEPS) {
            if (scan->budget < steps)
                return too_long(err);
            scan->budget -= steps;
        }
        (void)pcre2_set_match_limit(scan->matcher->limits, steps);
        *out = pcre2_match(scan->pattern->code, scan->text.data, scan->text.size, scan->at, options,
                           scan->matcher->data, scan->matcher->limits);
        if (*out == PCRE2_ERROR_NOMEMORY)
            return mc_fail(err, MC_E_NO_MEMORY, MC_NO_OFFSET, "no memory to match a pattern");
        if (*out >= 0 || *out == PCRE2_ERROR_NOMATCH)
            return MC_OK;
        if (*out != PCRE2_ERROR_MATCHLIMIT)
            break; /* heap, depth: more steps would not help */
    }
    return too_long(err);
}

static double cpu_seconds(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static mc_status look_at_clock(mc_pattern_scan *scan, mc_error *err)
{
    if (++scan->n_searches % CLOCK_EVERY != 0)
        return MC_OK;
    const double now = cpu_seconds();
    if (scan->until == 0.0)
        scan->until = now + TEXT_SECONDS + BYTE_SECONDS * (double)scan->text.size;
    return now > scan->until ? too_long(err) : MC_OK;
}

/* Searches from place to place up to the end of the text. */
static mc_status search_on(mc_pattern_scan *scan, int *out, mc_error *err)
{
    const size_t size = scan->text.size;
    for (;;) {
        const size_t places = LOOKS / (size - scan->at + 1);
        const size_t last = places < size - scan->at ? scan->at + places : size;
        (void)pcre2_set_offset_limit(scan->matcher->limits, last);
        MC_TRY(search(scan, out, err));
        if (*out >= 0 || last == size)
            return MC_OK;
        scan->at = last + 1;
        while (scan->at < size && (scan->text.data[scan->at] & 0xc0) == 0x80)
            scan->at++;
        scan->after_empty = false;
        MC_TRY(look_at_clock(scan, err));
    }
}

/* The next match, and where the search after it begins. */
static mc_status next_match(mc_pattern_scan *scan, bool *out_found, const PCRE2_SIZE **out,
                            mc_error *err)
{
    int answer = 0;
    MC_TRY(search_on(scan, &answer, err));
    MC_TRY(look_at_clock(scan, err));
    *out_found = answer >= 0;
    if (!*out_found)
        return MC_OK;
    *out = pcre2_get_ovector_pointer(scan->matcher->data);
    scan->after_empty = (*out)[1] == (*out)[0];
    scan->at = (*out)[1];
    return MC_OK;
}

mc_status mc_pattern_next(mc_pattern_scan *scan, bool *out_found, mc_bytes *out, mc_error *err)
{
    const PCRE2_SIZE *ends = NULL;
    MC_TRY(next_match(scan, out_found, &ends, err));
    if (!*out_found)
        return MC_OK;
    const size_t at = scan->pattern->has_group ? 2 : 0;
    /* A group that took no part is an empty token. \K could put an end before a start: refused when
     * the pattern was read. */
    const bool took = ends[at] != PCRE2_UNSET && ends[at] <= ends[at + 1];
    *out = took ? (mc_bytes){scan->text.data + ends[at], ends[at + 1] - ends[at]}
                : (mc_bytes){scan->text.data, 0};
    return MC_OK;
}

mc_status mc_pattern_next_groups(mc_pattern_scan *scan, bool *out_found, size_t *out_ends,
                                 mc_error *err)
{
    const PCRE2_SIZE *ends = NULL;
    const size_t before = scan->at;
    MC_TRY(next_match(scan, out_found, &ends, err));
    if (!*out_found)
        return MC_OK;
    for (size_t i = 0; i < MC_PATTERN_GROUPS; i++) {
        const bool took = i < scan->pattern->n_groups && ends[2 * i] != PCRE2_UNSET;
        out_ends[2 * i] = took ? ends[2 * i] : 1;
        out_ends[2 * i + 1] = took ? ends[2 * i + 1] : 0;
    }
    if (out_ends[0] < before || out_ends[1] < out_ends[0]) /* \K, or a look behind the last match */
        return mc_fail(err, MC_E_BAD_INPUT, MC_NO_OFFSET, "a match that ends before it begins");
    return MC_OK;
}
