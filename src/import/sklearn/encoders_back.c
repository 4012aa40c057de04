/* encoders_back.c: from codes and indicators back to categories.
 *
 * Oracle   sklearn/preprocessing/_encoders.py (inverse_transform), scikit-learn 1.2 to 1.9.
 * Exact    Bit for bit: categories are looked up, as what numpy makes of all columns' dtypes. An
 *          unknown category comes back as None.
 * Why so   scikit-learn widens the dtype of the whole answer when a batch holds an unknown; here a
 *          value's type does not depend on other rows. */
#include "import/sklearn/encoders.h"

#include <math.h>

#include "import/sklearn/attr.h"
#include "import/sklearn/emit.h"
#include "import/sklearn/encoder_columns.h"
#include "import/sklearn/encoder_tables.h"

static const mc_cell NONE = {.kind = MC_CELL_NONE};

/* -------------------------------------------------------------------------------- picks ---- */

mc_status mc_picks_start(mc_lowering *to, size_t n_columns, size_t n_cells, mc_picks *out,
                         mc_error *err)
{
    *out = (mc_picks){.n_columns = n_columns};
    MC_TRY(mc_arena_new(to->arena, mc_cell, n_cells, &out->cells, err));
    return mc_arena_new(to->arena, uint32_t, n_columns + 1, &out->runs, err);
}

void mc_picks_add(mc_picks *picks, size_t j, mc_cell cell)
{
    picks->cells[picks->n++] = cell;
    picks->runs[j + 1] = (uint32_t)picks->n;
}

/* Whether all cells are numbers of one type. */
static bool are_numbers(const mc_picks *picks, mc_value_type *out_type)
{
    static const mc_value_type TYPES[] = {[MC_CELL_NUMBER] = MC_VALUE_FLOAT,
                                          [MC_CELL_INTEGER] = MC_VALUE_INT,
                                          [MC_CELL_BOOL] = MC_VALUE_BOOL};
    for (size_t i = 0; i < picks->n; i++) {
        const mc_cell *cell = &picks->cells[i];
        const bool is_number = cell->kind == MC_CELL_NUMBER || cell->kind == MC_CELL_INTEGER ||
                               cell->kind == MC_CELL_BOOL;
        if (!is_number || cell->kind != picks->cells[0].kind)
            return false;
    }
    *out_type = picks->n == 0 ? MC_VALUE_FLOAT : TYPES[picks->cells[0].kind];
    return true;
}

static mc_status pick_numbers(mc_lowering *to, const mc_picks *picks, mc_step step, mc_sym *out,
                              mc_error *err)
{
    double *numbers = NULL;
    step.op = MC_OP_PICK;
    MC_TRY(mc_arena_new_raw(to->arena, double, picks->n, &numbers, err));
    for (size_t i = 0; i < picks->n; i++) {
        const mc_cell *cell = &picks->cells[i];
        numbers[i] = cell->kind == MC_CELL_NUMBER ? cell->as.number : (double)cell->as.integer;
    }
    MC_TRY(mc_build_f64(to->b, numbers, 1, picks->n, &step.array[1], err));
    MC_TRY(mc_build_step(to->b, step, picks->n_columns, &out->buffer, err));
    out->kind = MC_SYM_NUMBERS;
    return MC_OK;
}

mc_status mc_emit_picks(mc_lowering *to, const mc_picks *picks, const mc_sym *codes, unsigned flags,
                        mc_sym *out, mc_error *err)
{
    mc_step step = MC_STEP_INIT(PICK_CELLS);
    mc_value_type type = MC_VALUE_FLOAT;
    uint32_t buffer = 0;
    step.src = codes->buffer;
    step.flags = (uint16_t)flags;
    for (size_t j = 1; j <= picks->n_columns; j++) /* a column without cells ends where it begins */
        if (picks->runs[j] < picks->runs[j - 1])
            picks->runs[j] = picks->runs[j - 1];
    MC_TRY(mc_build_u32(to->b, picks->runs, picks->n_columns + 1, &step.array[0], err));
    if (!picks->is_object && are_numbers(picks, &type)) {
        *out = (mc_sym){.n_cols = picks->n_columns, .type = type};
        return pick_numbers(to, picks, step, out, err);
    }
    MC_TRY(mc_build_cells(to->b, picks->cells, picks->n, &step.array[1], err));
    MC_TRY(mc_build_step(to->b, step, picks->n_columns, &buffer, err));
    *out = (mc_sym){.kind = MC_SYM_CELLS, .buffer = buffer, .n_cols = picks->n_columns};
    return MC_OK;
}

/* ------------------------------------------------------------------------------- dtypes ---- */

typedef struct fitted {
    const mc_value *est;
    mc_fitted_column *columns; /* (n) */
    size_t n, n_cells;
    char kind; /* of numpy.result_type() of all categories */
} fitted;

/* O keeps what it holds; texts and numbers side by side would become texts. */
static mc_status common_kind(fitted *f, mc_error *err)
{
    bool has_text = false, has_number = false, has_object = false;
    char widest = 'b';
    for (size_t j = 0; j < f->n; j++) {
        const char kind = (char)(f->columns[j].kind == 'u' ? 'i' : f->columns[j].kind);
        has_object = has_object || kind == 'O' || f->columns[j].infrequent != MC_NO_CODE;
        has_text = has_text || kind == 'U' || kind == 'S';
        has_number = has_number || kind == 'i' || kind == 'f' || kind == 'b';
        if (kind == 'f' || (kind == 'i' && widest == 'b'))
            widest = kind;
    }
    if (!has_object && has_text && has_number)
        return mc_refuse(err, f->est, "categories_: numbers and texts in one answer");
    f->kind = (char)(has_object || has_text ? 'O' : widest);
    return MC_OK;
}

static mc_cell as_kind(const fitted *f, mc_cell cell)
{
    const bool is_whole = cell.kind == MC_CELL_INTEGER || cell.kind == MC_CELL_BOOL;
    if (f->kind == 'f' && is_whole)
        return (mc_cell){.kind = MC_CELL_NUMBER, .as.number = (double)cell.as.integer};
    if (f->kind == 'i' && is_whole)
        return (mc_cell){.kind = MC_CELL_INTEGER, .as.integer = cell.as.integer};
    return cell;
}

static mc_status read_fitted(mc_lowering *to, const mc_value *est, bool drops, fitted *out,
                             mc_error *err)
{
    mc_items categories;
    MC_TRY(mc_attr_items(to, est, "categories_", &categories, err));
    *out = (fitted){.est = est, .n = categories.n};
    MC_TRY(mc_arena_new(to->arena, mc_fitted_column, categories.n, &out->columns, err));
    for (size_t j = 0; j < categories.n; j++) {
        mc_fitted_column *c = &out->columns[j];
        MC_TRY_IN(mc_fitted_categories(to, categories.at[j], c, err), err, "categories_[%zu]", j);
        MC_TRY(mc_fitted_grouping(to, est, j, c, err));
        if (drops)
            MC_TRY(mc_fitted_drop(to, est, j, c, err));
        out->n_cells += c->n + 3; /* the group, unknown, and what is dropped */
    }
    return common_kind(out, err);
}

/* What a code after grouping stands for. */
static mc_cell cell_of_code(const mc_fitted_column *c, uint32_t code)
{
    if (code == c->infrequent)
        return (mc_cell){.kind = MC_CELL_STRING, .size = 18, .as.text = "infrequent_sklearn"};
    for (size_t i = 0; c->grouped != NULL && i < c->n_grouped; i++)
        if (c->grouped[i] == (int64_t)code)
            return c->cells[i];
    return code < c->n ? c->cells[code] : NONE;
}

/* ------------------------------------------------------------------------------ one-hot ---- */

/* What a block of zeros means in column j; false: nothing. */
static bool zeros_mean(const fitted *f, const mc_fitted_column *c, mc_cell *out)
{
    const bool groups_unknown = mc_attr_is_text(f->est, "handle_unknown", "infrequent_if_exist") ||
                                mc_attr_is_text(f->est, "handle_unknown", "warn");
    const bool is_ignored = mc_attr_is_text(f->est, "handle_unknown", "ignore") ||
                            (groups_unknown && c->infrequent == MC_NO_CODE);
    if (c->dropped == MC_NO_CODE) {
        *out = NONE;
        return is_ignored;
    }
    *out = is_ignored || c->n_codes == 1 ? as_kind(f, c->cells[c->dropped])
                                         : as_kind(f, cell_of_code(c, c->dropped));
    return true;
}

mc_status mc_one_hot_back(mc_lowering *to, const mc_value *est, const mc_sym *x, mc_answer *out,
                          mc_error *err)
{
    mc_step step = MC_STEP_INIT(BLOCK_ARGMAX);
    fitted f;
    mc_picks picks;
    mc_sym y;
    uint32_t *runs = NULL;
    MC_TRY(read_fitted(to, est, true, &f, err));
    MC_TRY(mc_picks_start(to, f.n, f.n_cells, &picks, err));
    picks.is_object = f.kind == 'O';
    MC_TRY(mc_arena_new(to->arena, uint32_t, f.n + 1, &runs, err));
    for (size_t j = 0; j < f.n; j++) {
        const mc_fitted_column *c = &f.columns[j];
        mc_cell zeros;
        for (uint32_t code = 0; code < c->n_codes; code++)
            if (code != c->dropped)
                mc_picks_add(&picks, j, as_kind(&f, cell_of_code(c, code)));
        runs[j + 1] = runs[j] + c->n_codes - (c->dropped != MC_NO_CODE);
        if (zeros_mean(&f, c, &zeros))
            mc_picks_add(&picks, j, zeros);
    }
    if (runs[f.n] != x->n_cols)
        return mc_refuse(err, est, "%u categories do not fit %zu columns", runs[f.n], x->n_cols);
    step.flags = MC_STEP_ZEROS_LAST;
    MC_TRY(mc_build_u32(to->b, runs, f.n + 1, &step.array[0], err));
    MC_TRY(mc_emit_block_argmax(to, step, x, f.n, &y, err));
    MC_TRY(mc_emit_picks(to, &picks, &y, 0, &y, err));
    return mc_answer_matrix(to, y, out, err);
}

/* ------------------------------------------------------------------------------ ordinal ---- */

/* Index of the missing category of column j, or -1. _missing_indices is a dict of them. */
static int64_t missing_index(const mc_value *est, size_t j)
{
    const mc_value *dict = mc_value_attr(est, "_missing_indices");
    if (!mc_value_is(dict, MC_KIND_DICT))
        return -1;
    for (size_t i = 0; i + 1 < dict->as.items.n; i += 2) {
        int64_t column = -1, index = -1;
        if (mc_integer_from_value(dict->as.items.at[i], &column, NULL) == MC_OK &&
            column == (int64_t)j &&
            mc_integer_from_value(dict->as.items.at[i + 1], &index, NULL) == MC_OK)
            return index;
    }
    return -1;
}

/* Codes of one column that stand for something else than their place. */
typedef struct special {
    double value, place;
} special;
#define MAX_SPECIAL 3

typedef struct ordinal {
    const fitted *f;
    double missing_value, unknown_value;
    bool has_unknown;
    mc_picks picks;
    double *specials; /* (n, 2 * MAX_SPECIAL) */
    double *limits;   /* (n): plain codes are below */
} ordinal;

static bool same_code(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

/* Is the first one's place that of another? */
static bool is_place(const special *at, size_t n)
{
    for (size_t k = 1; k < n; k++)
        if (at[k].place == at[0].place)
            return true;
    return false;
}

/* The run of column j: its plain categories, then the infrequent, then None. */
static void put_ordinal(ordinal *o, size_t j)
{
    const mc_fitted_column *c = &o->f->columns[j];
    special at[MAX_SPECIAL];
    size_t n = 0, n_plain = 0;
    for (size_t i = 0; i < c->n; i++) {
        const bool is_grouped =
            c->grouped != NULL && i < c->n_grouped && (uint32_t)c->grouped[i] == c->infrequent;
        if (!is_grouped) {
            mc_picks_add(&o->picks, j, as_kind(o->f, c->cells[i]));
            n_plain++;
        }
    }
    o->limits[j] = (double)n_plain;
    const int64_t missing = missing_index(o->f->est, j);
    if (missing >= 0)
        at[n++] = (special){o->missing_value, (double)missing};
    if (c->infrequent != MC_NO_CODE) { /* counted from the end, as scikit-learn does */
        at[n++] = (special){(double)n_plain, (double)n_plain};
        mc_picks_add(&o->picks, j, cell_of_code(c, c->infrequent));
    }
    if (o->has_unknown) {
        at[n++] = (special){o->unknown_value, (double)(n_plain + (c->infrequent != MC_NO_CODE))};
        mc_picks_add(&o->picks, j, NONE);
    }
    /* A missing code becomes a place first, which the others may take for theirs. */
    for (size_t k = 1; missing >= 0 && k < n; k++)
        if (same_code(at[0].place, at[k].value))
            at[0].place = at[k].place;
    if (missing >= 0 && !is_place(at, n) && at[0].place >= (double)n_plain)
        at[0].place = (double)NAN; /* no such category: refused when it is asked */
    for (size_t k = 0; k < MAX_SPECIAL; k++) {
        o->specials[(j * MAX_SPECIAL + k) * 2] = k < n ? at[k].value : (double)NAN;
        o->specials[(j * MAX_SPECIAL + k) * 2 + 1] = k < n ? at[k].place : (double)NAN;
    }
}

static mc_status read_ordinal(mc_lowering *to, const fitted *f, ordinal *out, mc_error *err)
{
    *out = (ordinal){.f = f};
    out->has_unknown = mc_attr_is_text(f->est, "handle_unknown", "use_encoded_value");
    MC_TRY(mc_attr_number(f->est, "encoded_missing_value", (double)NAN, &out->missing_value, err));
    MC_TRY(mc_attr_number(f->est, "unknown_value", (double)NAN, &out->unknown_value, err));
    MC_TRY(mc_picks_start(to, f->n, f->n_cells, &out->picks, err));
    out->picks.is_object = f->kind == 'O' || out->has_unknown;
    MC_TRY(mc_arena_new(to->arena, double, f->n *MAX_SPECIAL * 2, &out->specials, err));
    MC_TRY(mc_arena_new(to->arena, double, f->n, &out->limits, err));
    for (size_t j = 0; j < f->n; j++)
        put_ordinal(out, j);
    return MC_OK;
}

mc_status mc_ordinal_back(mc_lowering *to, const mc_value *est, const mc_sym *x, mc_answer *out,
                          mc_error *err)
{
    mc_step step = MC_STEP_INIT(RECODE);
    fitted f;
    ordinal o;
    mc_sym y;
    MC_TRY(read_fitted(to, est, false, &f, err));
    if (f.n != x->n_cols)
        return mc_refuse(err, est, "%zu columns of categories_ for %zu", f.n, x->n_cols);
    MC_TRY(read_ordinal(to, &f, &o, err));
    MC_TRY(mc_emit_check(to, x, MC_OR_NAN, &y, err));
    MC_TRY(mc_build_f64(to->b, o.specials, f.n, (size_t)MAX_SPECIAL * 2, &step.array[0], err));
    MC_TRY(mc_build_f64(to->b, o.limits, 1, f.n, &step.array[1], err));
    MC_TRY(mc_emit_step(to, step, &y, f.n, &y, err));
    MC_TRY(mc_emit_picks(to, &o.picks, &y, 0, &y, err));
    return mc_answer_matrix(to, y, out, err);
}
