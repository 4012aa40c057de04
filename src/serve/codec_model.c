/* codec_model.c: what the codec must know about a model, asked through modelcache.h.
 *
 * Apart, so that decoder and encoder themselves depend on no model and are tested without one. */
#include "serve/decode.h"
#include "serve/encode.h"

static mc_status find_column(const void *context, const char *name, size_t name_size, size_t *out)
{
    return mc_model_find_column(context, name, name_size, out);
}

mc_row_schema mc_row_schema_of(const mc_model *model)
{
    const mc_model_info info = mc_model_describe(model);
    mc_row_schema schema = {
        .n_numbers = info.n_numbers,
        .n_cells = info.n_cells,
        .has_names = info.has_names,
        .extra_columns = info.extra_columns,
        .row_is_value = info.row == MC_ROW_VALUE ||
                        (info.row == MC_ROW_COLUMNS && info.n_columns == 1 && info.n_cells == 1),
        .row = info.row,
        .find_column = find_column,
        .find_context = model,
    };
    schema.columns = mc_model_columns(model, &schema.n_columns);
    if (schema.n_columns > 0)
        schema.alike = mc_model_column(model, 0).kind;
    return schema;
}

static const mc_cell *classes(const void *context, size_t table, size_t *n_out)
{
    return mc_model_classes(context, table, n_out);
}

mc_class_tables mc_class_tables_of(const mc_model *model)
{
    return (mc_class_tables){.classes = classes, .context = model};
}
