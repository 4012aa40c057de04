/* category_rows.c: labels found again, rules by name, and a table filled row by row. */
#include "import/category_encoders/category_rows.h"

#include <math.h>
#include <stdlib.h>

#include "base/size.h"

/* --------------------------------------------------------------------------------- look-up ---- */

/* None as NaN: both are missing. */
static mc_cell plain(const mc_cell *cell)
{
    return mc_cell_is_missing(cell) ? (mc_cell){.kind = MC_CELL_NUMBER, .as.number = (double)NAN}
                                    : *cell;
}

static int by_label(const void *a, const void *b)
{
    return mc_cell_compare(&((const mc_label *)a)->cell, &((const mc_label *)b)->cell);
}

mc_status mc_label_index_init(mc_lowering *to, const mc_cell *cells, size_t n, mc_label_index *out,
                              mc_error *err)
{
    MC_TRY(mc_arena_new(to->arena, mc_label, n, &out->at, err));
    out->n = n;
    for (size_t i = 0; i < n; i++)
        out->at[i] = (mc_label){plain(&cells[i]), i};
    if (n > 0)
        qsort(out->at, n, sizeof *out->at, by_label);
    for (size_t i = 1; i < n; i++)
        if (by_label(&out->at[i - 1], &out->at[i]) == 0)
            return mc_fail(err, MC_E_UNSUPPORTED, MC_NO_OFFSET, "label %zu is there twice", i);
    return MC_OK;
}

size_t mc_label_index_find(const mc_label_index *index, const mc_cell *cell)
{
    const mc_label wanted = {plain(cell), 0};
    const mc_label *found =
        index->n == 0 ? NULL : bsearch(&wanted, index->at, index->n, sizeof wanted, by_label);
    return found == NULL ? MC_NO_ROW : found->row;
}

mc_status mc_category_of_column(mc_lowering *to, const mc_value *held, const mc_cell *column,
                                const mc_value **out, mc_error *err)
{
    const bool is_dict = mc_value_is(held, MC_KIND_DICT);
    mc_cell cell;
    *out = NULL;
    if (!is_dict && !mc_value_is(held, MC_KIND_LIST))
        return mc_fail(err, MC_E_UNSUPPORTED, MC_NO_OFFSET, "mapping: expected a dict or a list");
    const size_t step = is_dict ? 2 : 1;
    for (size_t i = 0; i + step <= held->as.items.n; i += step) {
        const mc_value *item = held->as.items.at[i];
        const mc_value *key = is_dict ? item : mc_dict_get(item, "col");
        if (key == NULL)
            return mc_fail(err, MC_E_UNSUPPORTED, MC_NO_OFFSET, "mapping: an item without \"col\"");
        MC_TRY(mc_cell_from_value(to->arena, key, &cell, err));
        if (mc_cell_compare(&cell, column) == 0)
            *out = is_dict ? held->as.items.at[i + 1] : mc_dict_get(item, "mapping");
    }
    return MC_OK;
}

/* ----------------------------------------------------------------------------------- rules ---- */

mc_status mc_category_rule_from(const mc_value *value, const char *name, mc_category_rule *out,
                                mc_error *err)
{
    char type[160];
    static const struct {
        const char *text;
        mc_category_rule_kind kind;
    } TEXTS[] = {{"value", MC_AS_VALUE}, {"return_nan", MC_AS_NAN}, {"error", MC_AS_ERROR}};
    *out = (mc_category_rule){MC_AS_OTHER, 0.0};
    for (size_t i = 0; i < MC_COUNT_OF(TEXTS); i++)
        if (mc_value_is_text(value, TEXTS[i].text))
            out->kind = TEXTS[i].kind;
    if (mc_value_is_none(value) || mc_value_is(value, MC_KIND_TEXT))
        return MC_OK;
    out->kind = MC_AS_NUMBER;
    if (mc_number_from_value(value, &out->number, NULL) == MC_OK)
        return MC_OK;
    return mc_fail(err, MC_E_UNSUPPORTED, MC_NO_OFFSET, "%s: found %s", name,
                   mc_value_type_name(value, type, sizeof type));
}

mc_status mc_category_rule_of(const mc_value *est, const char *name, mc_category_rule *out,
                              mc_error *err)
{
    return mc_category_rule_from(mc_value_attr(est, name), name, out, err);
}

/* ----------------------------------------------------------------------------------- table ---- */

mc_status mc_category_start(mc_lowering *to, size_t n, size_t width, mc_category_builder *out,
                            mc_error *err)
{
    size_t n_values = 0;
    *out = (mc_category_builder){
        .table = {.missing_row = MC_NO_ROW, .unknown_row = MC_NO_ROW, .width = width}};
    if (!mc_mul_size(n + 2, width, &n_values))
        return mc_fail(err, MC_E_LIMIT, MC_NO_OFFSET, "%zu categories of %zu columns", n, width);
    MC_TRY(mc_arena_new(to->arena, mc_cell, n, &out->labels, err));
    MC_TRY(mc_arena_new(to->arena, size_t, n, &out->label_rows, err));
    return mc_arena_new(to->arena, double, n_values, &out->values, err);
}

size_t mc_category_add_row(mc_category_builder *b, const double *row, double otherwise)
{
    double *to = b->values + b->table.n_rows * b->table.width;
    for (size_t k = 0; k < b->table.width; k++)
        to[k] = row == NULL ? otherwise : row[k];
    return b->table.n_rows++;
}

void mc_category_put(mc_category_builder *b, const mc_cell *cell, const double *row,
                     double otherwise)
{
    const size_t at = mc_category_add_row(b, row, otherwise);
    if (mc_cell_is_missing(cell)) {
        b->table.missing_row = at;
        return;
    }
    b->labels[b->table.n_labels] = *cell;
    b->label_rows[b->table.n_labels++] = at;
}

mc_category_table mc_category_finish(mc_category_builder *b)
{
    b->table.labels = b->labels;
    b->table.label_rows = b->label_rows;
    b->table.values = b->values;
    return b->table;
}

mc_status mc_category_read_frame(mc_lowering *to, const mc_value *held, const mc_cell *column,
                                 mc_frame *out, mc_error *err)
{
    const mc_value *value = NULL;
    MC_TRY(mc_category_of_column(to, held, column, &value, err));
    if (value == NULL)
        return mc_fail(err, MC_E_UNSUPPORTED, MC_NO_OFFSET, "mapping: the column is not in it");
    return mc_frame_from_value(to->arena, value, out, err);
}
