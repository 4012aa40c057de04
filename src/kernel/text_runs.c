/* text_runs.c: maximal runs, their edges, and shorter ends where the longest has no edge. */
#include "kernel/text_runs.h"

static bool has_beyond_ascii(const mc_char_class *class, uint32_t c)
{
    const unsigned flags = mc_char_flags(c);
    bool found = (flags & class->with) != 0 || (~flags & class->without) != 0;
    for (uint32_t i = 0; !found && i < class->n_ranges; i++)
        found = c >= class->ranges[(size_t)2 * i] && c <= class->ranges[(size_t)2 * i + 1];
    return found != (class->negated != 0);
}

static inline bool has(const mc_char_class *class, uint32_t c)
{
    return c < 128 ? class->ascii[c >> 5] >> (c & 31) & 1 : has_beyond_ascii(class, c);
}

void mc_char_class_settle(mc_char_class *class)
{
    for (uint32_t c = 0; c < 128; c++) {
        const uint32_t bit = UINT32_C(1) << (c & 31);
        class->ascii[c >> 5] &= ~bit;
        if (has_beyond_ascii(class, c))
            class->ascii[c >> 5] |= bit;
    }
}

bool mc_run_pattern_ok(const mc_run_pattern *pattern)
{
    return pattern->least >= 1 && pattern->least <= pattern->most && pattern->start_edge <= 1 &&
           pattern->end_edge <= 1 && pattern->class.negated <= 1 &&
           pattern->class.n_ranges <= MC_RUN_RANGES;
}

mc_token_scan mc_token_scan_of(const mc_run_pattern *pattern, mc_bytes text)
{
    return (mc_token_scan){pattern, text.data, text.data, text.data + text.size};
}

/* Does \b hold at `at`? */
static bool is_edge(const mc_token_scan *scan, const uint8_t *at)
{
    uint32_t before = 0, behind = 0;
    if (scan->start == scan->end)
        return false;
    if (at != scan->start)
        (void)mc_char_read_back(scan->start, at, &before);
    if (at != scan->end)
        (void)mc_char_read(at, scan->end, &behind);
    const bool word_before = at != scan->start && (mc_char_flags(before) & MC_CHAR_WORD);
    const bool word_behind = at != scan->end && (mc_char_flags(behind) & MC_CHAR_WORD);
    return word_before != word_behind;
}

/* The end of the run that begins at `at`, at most `most` characters on; *n is how many. */
static const uint8_t *run_end(const mc_token_scan *scan, const uint8_t *at, uint32_t *n)
{
    const mc_run_pattern *pattern = scan->pattern;
    uint32_t c = 0;
    for (*n = 0; at != scan->end && *n < pattern->most; ++*n) {
        const size_t size = mc_char_read(at, scan->end, &c);
        if (!has(&pattern->class, c))
            break;
        at += size;
    }
    return at;
}

/* The longest token that begins at `at`: its end, or NULL; *out_run is where the run ends. */
static const uint8_t *token_end(const mc_token_scan *scan, const uint8_t *at,
                                const uint8_t **out_run)
{
    uint32_t n = 0, c = 0;
    const uint8_t *end = run_end(scan, at, &n);
    *out_run = end;
    for (; n >= scan->pattern->least; n--) {
        if (!scan->pattern->end_edge || is_edge(scan, end))
            return end;
        end -= mc_char_read_back(at, end, &c);
    }
    return NULL;
}

bool mc_token_next(mc_token_scan *scan, mc_bytes *out)
{
    const mc_run_pattern *pattern = scan->pattern;
    while (scan->at != scan->end) {
        const uint8_t *const at = scan->at, *run = NULL;
        uint32_t c = 0;
        const size_t size = mc_char_read(at, scan->end, &c);
        scan->at = at + size;
        if (!has(&pattern->class, c) || (pattern->start_edge && !is_edge(scan, at)))
            continue;
        const uint8_t *end = token_end(scan, at, &run);
        if (end != NULL) {
            *out = (mc_bytes){at, (size_t)(end - at)};
            scan->at = end;
            return true;
        }
        if (pattern->most == MC_RUN_ANY)
            scan->at = run; /* the run is too short or has no edge: so it is from later starts */
    }
    return false;
}
