/* run_replace.c: texts with something else where a regular expression matches.
 *
 * Oracle   re.sub and str.replace of CPython 3.11.
 * Exact    Byte for byte, as far as image/pattern.h says.
 * Cost     O(text * what the pattern looks at). A text is written in scratch memory, which the next
 *          one takes over, and copied. */
#include <string.h>

#include "image/pattern.h"
#include "image/steps.h"
#include "image/text_steps.h"
#include "kernel/text_options.h"

typedef struct replacer {
    const mc_run *run;
    const mc_pattern *pattern;
    const uint32_t *parts; /* (n_parts, MC_REPLACE_FIELDS) */
    size_t n_parts;
    const uint8_t *texts; /* of the parts that are no group */
    size_t most;          /* matches that are replaced */
    uint8_t *out;
    size_t size, room; /* of `out` */
} replacer;

static mc_status put(replacer *r, const uint8_t *text, size_t size, mc_error *err)
{
    void *memory = NULL;
    if (size > r->room - r->size) {
        const size_t room = 2 * (r->size + size) + 64; /* both below 2^32 */
        if (r->size + size > UINT32_MAX)
            return mc_fail(err, MC_E_BUSY, MC_NO_OFFSET, "a text of %zu bytes", r->size + size);
        MC_TRY(mc_workspace_room(r->run->workspace, MC_HEAP_SCRATCH, room, &memory, err));
        if (r->size > 0)
            memcpy(memory, r->out, r->size);
        r->out = memory;
        r->room = room;
    }
    if (size > 0)
        memcpy(r->out + r->size, text, size);
    r->size += size;
    return MC_OK;
}

/* A group that took no part is empty. */
static mc_status put_replacement(replacer *r, mc_bytes text, const size_t *ends, mc_error *err)
{
    for (size_t i = 0; i < r->n_parts; i++) {
        const uint32_t *part = r->parts + i * MC_REPLACE_FIELDS;
        const uint32_t group = part[MC_REPLACE_GROUP];
        if (group == MC_NONE)
            MC_TRY(put(r, r->texts + part[MC_REPLACE_AT], part[MC_REPLACE_SIZE], err));
        else if (ends[2 * group] <= ends[2 * group + 1] && ends[2 * group + 1] <= text.size)
            MC_TRY(put(r, text.data + ends[2 * group], ends[2 * group + 1] - ends[2 * group], err));
    }
    return MC_OK;
}

static mc_status replace(replacer *r, mc_bytes text, mc_error *err)
{
    mc_matcher *matcher = NULL;
    size_t ends[2 * MC_PATTERN_GROUPS], at = 0;
    bool found = true;
    MC_TRY(mc_workspace_matcher(r->run->workspace, &matcher, err));
    mc_pattern_scan scan = mc_pattern_scan_of(r->pattern, matcher, text);
    for (size_t i = 0; i < r->most; i++) {
        MC_TRY(mc_pattern_next_groups(&scan, &found, ends, err));
        if (!found)
            break;
        MC_TRY(put(r, text.data + at, ends[0] - at, err));
        MC_TRY(put_replacement(r, text, ends, err));
        at = ends[1];
    }
    return put(r, text.data + at, text.size - at, err);
}

static mc_status replace_cell(replacer *r, const mc_cell *in, mc_cell *out, mc_error *err)
{
    void *memory = NULL;
    mc_workspace_reset(r->run->workspace, MC_HEAP_SCRATCH);
    r->out = NULL;
    r->size = r->room = 0;
    MC_TRY(replace(r, mc_text_at(in->as.text, in->size), err));
    MC_TRY(mc_workspace_room(r->run->workspace, MC_HEAP_ANSWER, r->size, &memory, err));
    if (r->size > 0)
        memcpy(memory, r->out, r->size);
    *out = (mc_cell){.kind = MC_CELL_STRING, .size = (uint32_t)r->size, .as.text = memory};
    return MC_OK;
}

mc_status mc_run_text_replace(const mc_run *run, const mc_step *step, mc_error *err)
{
    const mc_cell *x = run->buffers[step->src];
    const uint32_t parts = step->array[MC_REPLACE_PARTS];
    mc_cell *out = run->buffers[step->dst];
    replacer r = {.run = run,
                  .pattern = mc_pattern_of(run->patterns, (uint32_t)(step - run->view->steps)),
                  .parts = mc_view_u32(run->view, parts),
                  .n_parts = run->view->arrays[parts].n_rows,
                  .texts = mc_view_array(run->view, step->array[MC_REPLACE_TEXTS]),
                  .most = step->n[0] == MC_NONE ? SIZE_MAX : step->n[0]};
    if (r.pattern == NULL)
        return mc_fail(err, MC_E_INTERNAL, MC_NO_OFFSET, "a pattern that was not compiled");
    for (size_t i = 0; i < run->n_rows * mc_run_width(run, step->dst); i++) {
        const size_t row = run->first_row + i / mc_run_width(run, step->dst);
        if (x[i].kind != MC_CELL_STRING)
            return mc_fail(err, MC_E_BAD_INPUT, row, "row %zu: expected a text", row);
        MC_TRY(mc_run_at_row(run, i / mc_run_width(run, step->dst),
                             replace_cell(&r, &x[i], &out[i], err), err));
    }
    return MC_OK;
}

/* PCRE2 is told not to look: the texts must be what a step wrote as UTF-8. */
static bool reads_utf8(const mc_view *view, const mc_step *step)
{
    const uint32_t writer = view->buffers[step->src].writer;
    return writer != MC_NONE && view->steps[writer].op == MC_OP_TEXT_CELLS &&
           mc_text_op_writes(view->steps[writer].n[0]);
}

/* Every part is a group that a pattern can have, or lies in the texts. */
mc_status mc_check_text_replace(const mc_view *view, const mc_step *step, mc_error *err)
{
    MC_TRY(mc_check_same_width(view, step, err));
    MC_TRY(mc_check_that(view, step, reads_utf8(view, step),
                         "a regular expression on a text that may not be UTF-8", err));
    MC_TRY(mc_check_array(view, step, MC_TEXT_PATTERN, MC_ARRAY_U8, SIZE_MAX, 1, err));
    MC_TRY(mc_check_array(view, step, MC_REPLACE_TEXTS, MC_ARRAY_U8, SIZE_MAX, 1, err));
    MC_TRY(mc_check_array(view, step, MC_REPLACE_PARTS, MC_ARRAY_U32, SIZE_MAX, MC_REPLACE_FIELDS,
                          err));
    const size_t n_texts = view->arrays[step->array[MC_REPLACE_TEXTS]].n_items;
    const size_t n_parts = view->arrays[step->array[MC_REPLACE_PARTS]].n_rows;
    const uint32_t *part = mc_view_u32(view, step->array[MC_REPLACE_PARTS]);
    bool ok = true;
    for (size_t i = 0; i < n_parts; i++, part += MC_REPLACE_FIELDS)
        ok = ok && (part[MC_REPLACE_GROUP] == MC_NONE
                        ? part[MC_REPLACE_AT] <= n_texts &&
                              part[MC_REPLACE_SIZE] <= n_texts - part[MC_REPLACE_AT]
                        : part[MC_REPLACE_GROUP] < MC_PATTERN_GROUPS);
    return mc_check_that(view, step, ok, "a part of the replacement that is not there", err);
}
