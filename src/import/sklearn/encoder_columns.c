/* encoder_columns.c: categories_, the groups of the infrequent, and what is dropped.
 *
 * Oracle   sklearn/preprocessing/_encoders.py, scikit-learn 1.2 to 1.9. */
#include "import/sklearn/encoder_columns.h"

#include "base/size.h"
#include "import/sklearn/attr.h"
#include "kernel/category.h"

mc_status mc_fitted_grouping(mc_lowering *to, const mc_value *est, size_t j, mc_fitted_column *c,
                             mc_error *err)
{
    bool enabled = false;
    mc_items mappings;
    mc_ndarray array;
    int64_t *codes = NULL;
    MC_TRY(mc_attr_bool(est, "_infrequent_enabled", false, &enabled, err));
    if (!enabled)
        return MC_OK;
    MC_TRY(mc_attr_items(to, est, "_default_to_infrequent_mappings", &mappings, err));
    if (j >= mappings.n || mc_value_is_none(mappings.at[j]))
        return MC_OK;
    MC_TRY(mc_ndarray_from_value(to->arena, mappings.at[j], &array, err));
    /* An OrdinalEncoder groups all but the missing category, which stands last. */
    const bool all_but_missing = array.n_items + 1 == c->n && mc_cell_is_nan(&c->cells[c->n - 1]);
    if (array.n_items != c->n && !all_but_missing)
        return mc_refuse(err, est, "_default_to_infrequent_mappings[%zu]: expected %zu, found %zu",
                         j, c->n, array.n_items);
    MC_TRY(mc_ndarray_i64(to->arena, &array, &codes, err));
    uint32_t largest = 0;
    for (size_t i = 0; i < array.n_items; i++) {
        if (codes[i] < 0 || (uint64_t)codes[i] >= c->n)
            return mc_refuse(err, est, "_default_to_infrequent_mappings[%zu]: code %lld", j,
                             (long long)codes[i]);
        largest = (uint32_t)codes[i] > largest ? (uint32_t)codes[i] : largest;
    }
    c->grouped = codes;
    c->n_grouped = array.n_items;
    c->infrequent = largest; /* the group of the infrequent stands last */
    c->n_codes = largest + 1;
    return MC_OK;
}

mc_status mc_fitted_drop(mc_lowering *to, const mc_value *est, size_t j, mc_fitted_column *c,
                         mc_error *err)
{
    const mc_cell *drops = NULL; /* objects, of which some are None; whole numbers up to 0.22 */
    size_t n = 0;
    const char *name = mc_value_attr(est, "_drop_idx_after_grouping") != NULL
                           ? "_drop_idx_after_grouping"
                           : "drop_idx_";
    if (!mc_attr_has(est, name))
        return MC_OK;
    MC_TRY(mc_attr_cells(to, est, name, &drops, &n, err));
    if (j >= n || drops[j].kind == MC_CELL_NONE)
        return MC_OK;
    if (drops[j].kind != MC_CELL_INTEGER || drops[j].as.integer < 0 ||
        drops[j].as.integer >= c->n_codes)
        return mc_refuse(err, est, "%s[%zu] is none of %u codes", name, j, c->n_codes);
    c->dropped = (uint32_t)drops[j].as.integer;
    return MC_OK;
}

mc_status mc_fitted_categories(mc_lowering *to, const mc_value *categories, mc_fitted_column *c,
                               mc_error *err)
{
    mc_ndarray array;
    mc_cell *cells = NULL;
    MC_TRY(mc_ndarray_from_value(to->arena, categories, &array, err));
    MC_TRY(mc_ndarray_cells(to->arena, &array, &cells, err));
    *c = (mc_fitted_column){.cells = cells,
                            .n = array.n_items,
                            .kind = array.dtype.kind,
                            .infrequent = MC_NO_CODE,
                            .dropped = MC_NO_CODE,
                            .n_codes = mc_u32_from_size(array.n_items)};
    return MC_OK;
}
