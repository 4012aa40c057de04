/* builder.h: makes an image. Importers call this and nothing else of the room.
 *
 * Arrays and steps are interned: the same weights or the same step asked for twice are one, so
 * methods that share a prefix share its steps. Each method keeps only the steps that it needs. At
 * the end everything is measured, then placed in one block, and verified.
 *
 * A builder is *owned* by one loader thread. Every function may fail with MC_E_NO_MEMORY or
 * MC_E_LIMIT. Ids returned are dense numbers, valid for this builder. */
#ifndef MC_IMAGE_BUILDER_H
#define MC_IMAGE_BUILDER_H
#include "base/arena.h"
#include "image/image.h"
#include "image/steps.h"

typedef struct mc_builder mc_builder;

MC_MUST_CHECK mc_status mc_builder_create(mc_builder **out, mc_error *err);
/* Of the way back of what `around` builds, which lasts longer: mc_build_back() ends it. Destroyed
 * without, it leaves nothing there. Only one of the two may be asked for anything meanwhile. */
MC_MUST_CHECK mc_status mc_builder_create_back(mc_builder *around, mc_builder **out, mc_error *err);
void mc_builder_destroy(mc_builder *b); /* NULL is fine */
/* Asks `reserve` while the image grows, and for the rest at its end: all bytes of the image, once.
 */
void mc_build_budget(mc_builder *b, mc_reserve_fn *reserve, void *context);

/* -- schema */
/* (n) input columns; names may be NULL. Once, before the first gather. */
MC_MUST_CHECK mc_status mc_build_columns(mc_builder *b, size_t n, const mc_bytes *names,
                                         bool extra_columns, mc_error *err);
/* What a row is; MC_ROW_COLUMNS unless set. Of anything else there is one column, without a name.
 */
void mc_build_row_kind(mc_builder *b, mc_row_kind row);
/* All input columns come as sparse rows: the buffer that holds them. Behind mc_build_columns(), and
 * instead of any gather. */
uint32_t mc_build_sparse_input(mc_builder *b);
MC_MUST_CHECK mc_status mc_build_identity(mc_builder *b, mc_bytes estimator,
                                          mc_bytes sklearn_version, const char *importer,
                                          mc_error *err);
/* A class table of n labels; equal tables are one. */
MC_MUST_CHECK mc_status mc_build_classes(mc_builder *b, const mc_cell *labels, size_t n,
                                         uint32_t *out_table, mc_error *err);

size_t mc_build_n_classes(const mc_builder *b, uint32_t table);
/* Label `at` of a class table; a text is copied into `arena`. */
MC_MUST_CHECK mc_status mc_build_class(const mc_builder *b, uint32_t table, size_t at,
                                       mc_arena *arena, mc_cell *out, mc_error *err);

/* Rows of any width: the one column stands for all. The program must treat them alike, which
 * mc_build_is_open() tells before mc_build_finish() would fail. */
void mc_build_any_width(mc_builder *b);
MC_MUST_CHECK mc_status mc_build_is_open(const mc_builder *b, bool *out, mc_error *err);

/* -- weights: copied */
MC_MUST_CHECK mc_status mc_build_array(mc_builder *b, mc_array_type type, const void *items,
                                       size_t n_rows, size_t n_cols, uint32_t *out, mc_error *err);
MC_MUST_CHECK mc_status mc_build_f64(mc_builder *b, const double *items, size_t n_rows,
                                     size_t n_cols, uint32_t *out, mc_error *err);
MC_MUST_CHECK mc_status mc_build_u32(mc_builder *b, const uint32_t *items, size_t n, uint32_t *out,
                                     mc_error *err);
/* (n) cells with their texts: the categories of an encoder. */
MC_MUST_CHECK mc_status mc_build_cells(mc_builder *b, const mc_cell *cells, size_t n, uint32_t *out,
                                       mc_error *err);

/* -- program */
/* Input columns as one matrix of numbers or of cells. */
MC_MUST_CHECK mc_status mc_build_gather(mc_builder *b, const uint32_t *columns, size_t n,
                                        bool as_cells, uint32_t *out_buffer, mc_error *err);
/* A step with a new destination of `width` columns. Unused array slots must be MC_NONE: start from
 * MC_STEP_INIT. step.dst is set here. */
MC_MUST_CHECK mc_status mc_build_step(mc_builder *b, mc_step step, size_t width,
                                      uint32_t *out_buffer, mc_error *err);
#define MC_STEP_INIT(OP)                                                              \
    {                                                                                 \
        .op = MC_OP_##OP, .src = MC_NONE, .src2 = MC_NONE, .dst = MC_NONE, .array = { \
            MC_NONE,                                                                  \
            MC_NONE,                                                                  \
            MC_NONE,                                                                  \
            MC_NONE,                                                                  \
            MC_NONE,                                                                  \
            MC_NONE                                                                   \
        }                                                                             \
    }
size_t mc_build_width(const mc_builder *b, uint32_t buffer);
mc_buffer_type mc_build_type(const mc_builder *b, uint32_t buffer);

/* -- methods */
typedef struct mc_build_part {
    uint32_t buffer;
    mc_value_type type;
    bool scalar, sparse;
    bool sparse_as_input;
    uint32_t type_as_input; /* MC_PART_TYPE_AS_INPUT, MC_PART_BOOLS_*; or 0 */
    uint32_t table;         /* MC_VALUE_LABEL: class table; else MC_NONE */
    const char *name;       /* NULL, or "std" ... */
} mc_build_part;

MC_MUST_CHECK mc_status mc_build_method(mc_builder *b, mc_method method, const mc_build_part *parts,
                                        size_t n_parts, bool is_list, mc_error *err);

/* Ends a builder of mc_builder_create_back(), whose only method is inverse_transform: its program
 * becomes part of the image around it, once. It can only be destroyed afterwards. Its rows are what
 * transform answers. */
MC_MUST_CHECK mc_status mc_build_back(mc_builder *back, mc_error *err);

/* Exactly the bytes that the image will take, once all its methods are there. */
size_t mc_build_size(const mc_builder *b);
/* Measures, places, verifies. The builder can only be destroyed afterwards. */
MC_MUST_CHECK mc_status mc_build_finish(mc_builder *b, mc_method default_method, mc_image *out,
                                        mc_error *err);
#endif
