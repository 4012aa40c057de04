/* layout.h: the image, byte by byte.
 *
 * An image is one block: header, then sections, each at a 64-byte boundary, found by the header's
 * table. All offsets are from the start of the block, all integers little-endian, nothing is a
 * pointer: the block means the same wherever it is mapped.
 *
 *   columns    the input columns, in the order of training; empty where they are all alike: without
 *              names, of one kind, column i with slot i. n_numbers, n_cells or n_sparse of the
 *              header then says how many.
 *   by_name    (n_columns) column indices in order of their names, or empty: no names
 *   cells      typed values: categories, class labels
 *   tables     class tables: runs of cells
 *   methods    what can be asked: a run of step_list, a run of parts
 *   parts      the blocks of an answer: a buffer and how to show it
 *   buffers    numbered typed matrices (n_rows, width); 0 is `numbers`, 1 is `cells`, 2 is `rows`
 *              (sparse) of the input
 *   steps      the program, in order: each reads buffers of lower number and writes its own
 *   step_list  for each method, which steps it needs, ascending
 *   back       the image of inverse_transform, or empty: its rows are as wide as what transform
 *              answers, so it has a schema and a program of its own
 *   strings    bytes of all names and texts, UTF-8, not NUL-terminated
 *   arrays     weights: type, shape, offset
 *   weights    their bytes, each array at a 64-byte boundary
 *
 * The last three belong to `back` too: it lies before them, and its own table of sections finds
 * them behind it. So what both programs read, such as a vocabulary, is there once.
 *
 * INVARIANTS, proved by mc_image_verify() and relied on by number:
 *   (I1) magic, format, byte order and size are ours; the digest is that of the bytes behind it.
 *   (I2) every section lies in the block, aligned, and holds whole records.
 *   (I3) every text lies in `strings`; every run lies in its section.
 *   (I4) the columns of a kind have slots 0, 1, 2 ... in their order, n_numbers and n_cells in all:
 *        every slot is filled by one column. Widths of buffers 0 and 1 are these counts. Rows that
 *        are no columns (mc_row_kind) have one, without a name. Either no column is sparse, or all
 *        are, column i with slot i: buffer 2 is n_sparse wide. Columns without records are of one
 *        kind.
 *   (I5) arrays lie in `weights` one behind the other, aligned to 64; n_items = n_rows * n_cols.
 *   (I6) step i writes buffer i + 3, and nothing else does; its sources have lower numbers. Buffer
 *        types are as steps.def says.
 *   (I7) a step's arrays have the types and shapes that its kernel reads (check_* beside run_*),
 *        and indices stored in arrays are in range.
 *   (I8) a method's steps are ascending and complete: every source is written by a step of its
 *        list.
 *   (I9) a part's buffer has the type of its value, or holds sparse rows of numbers; label parts
 *        name a class table that covers every label that the step can write.
 *   (I10) `back` is empty or an image for which I2 to I9 hold, without a `back` of its own, whose
 *        only method is inverse_transform, which the image around it lacks. It ends where that
 *        ends, has its strings, arrays and weights and its quantization; the rest lies in `back`.
 *        Its digest is 0: that around it covers it.
 *   (I11) where rows may have any width (MC_IMAGE_ANY_WIDTH) they are lists, the program is one for
 *        rows of one column, and what reads of them treats all columns alike (any_width.h).
 *   (I12) arrays are narrow only where `quantization` of the header says so. F16 names a power of
 *        two, and I8 an array of scales: F32 (n_rows, 1), a scale a row; F64 (2, n_cols), scales
 *        and offsets of the columns; or F64 (2 n, 1), scales and offsets of n lines, which the rows
 *        have in turn. Others name nothing.
 */
#ifndef MC_IMAGE_LAYOUT_H
#define MC_IMAGE_LAYOUT_H
#include "base/base.h"

#define MC_IMAGE_MAGIC  "MCIMAGE\n"
#define MC_IMAGE_FORMAT 4u /* rises with each change here, in steps.def or in unary.def */
#define MC_IMAGE_ORDER  0x01020304u
#define MC_IMAGE_ALIGN  64u
#define MC_N_INPUTS     3u         /* buffers that no step writes: numbers, cells, sparse rows */
#define MC_SPARSE_INPUT 2u         /* the last of them */
#define MC_NONE         UINT32_MAX /* no buffer, no array, no table */

typedef enum mc_section {
    MC_SECTION_COLUMNS,
    MC_SECTION_BY_NAME,
    MC_SECTION_CELLS,
    MC_SECTION_TABLES,
    MC_SECTION_METHODS,
    MC_SECTION_PARTS,
    MC_SECTION_BUFFERS,
    MC_SECTION_STEPS,
    MC_SECTION_STEP_LIST,
    MC_SECTION_BACK,
    MC_SECTION_STRINGS, /* from here on: of `back` too */
    MC_SECTION_ARRAYS,
    MC_SECTION_WEIGHTS,
    MC_N_SECTIONS
} mc_section;

static inline bool mc_section_is_shared(size_t section)
{
    return section >= MC_SECTION_STRINGS;
}

typedef struct mc_image_text {
    uint32_t at, size; /* in strings */
} mc_image_text;

#define MC_IMAGE_HAS_NAMES     1u
#define MC_IMAGE_EXTRA_COLUMNS 2u
#define MC_IMAGE_ROW_SHIFT     2u /* above: mc_row_kind, in 2 bits */
#define MC_IMAGE_ANY_WIDTH     16u
#define MC_IMAGE_FLAGS         31u

typedef struct mc_image_header {
    char magic[8];
    uint32_t format, order;
    uint64_t size;      /* of the block, padding included */
    uint64_t digest[2]; /* XXH3-128 of the bytes from `flags` to the end */
    uint32_t flags;
    uint32_t default_method;
    uint32_t n_numbers, n_cells;
    mc_image_text estimator, sklearn_version, importer;
    struct {
        uint64_t at, size;
    } sections[MC_N_SECTIONS];
    uint32_t n_sparse;
    uint8_t quantization; /* mc_quantization that was asked for */
    uint8_t reserved[3];
} mc_image_header;
_Static_assert(sizeof(mc_image_header) == 296, "no padding: every byte is written");
#define MC_IMAGE_DIGEST_FROM offsetof(mc_image_header, flags)

static inline mc_row_kind mc_image_row_kind(uint32_t flags)
{
    return (mc_row_kind)(flags >> MC_IMAGE_ROW_SHIFT & 3u);
}

typedef struct mc_image_column {
    mc_image_text name;
    uint32_t slot, kind; /* mc_column_kind */
} mc_image_column;

typedef struct mc_image_cell {
    uint32_t kind, size; /* mc_cell_kind; bytes of text */
    union {
        double number;
        int64_t integer;
        uint64_t text_at; /* in strings */
    } as;
} mc_image_cell;
_Static_assert(sizeof(mc_image_cell) == 16, "as mc_cell");

typedef struct mc_image_span {
    uint32_t first, n;
} mc_image_span;

typedef struct mc_image_method {
    uint32_t method, is_list;
    mc_image_span steps, parts;
} mc_image_method;

#define MC_PART_SCALAR          1u
#define MC_PART_SPARSE          2u
#define MC_PART_SPARSE_AS_INPUT 4u  /* sparse if the rows came sparse */
#define MC_PART_TYPE_AS_INPUT   8u  /* integers if the rows came as an array of integers */
#define MC_PART_BOOLS_STAY      16u /* truth values if they came as an array of these */
#define MC_PART_BOOLS_COUNT     32u /* integers then */

typedef struct mc_image_part {
    mc_image_text name;
    uint32_t buffer, type, flags, table; /* mc_value_type; class table or MC_NONE */
} mc_image_part;

typedef enum mc_buffer_type {
    MC_BUFFER_NONE = 0, /* in steps.def: the step does not read or write there */
    MC_BUFFER_F64,
    MC_BUFFER_F32,
    MC_BUFFER_I32, /* labels: indices into a class table */
    MC_BUFFER_CELL,
    MC_BUFFER_CSR, /* mc_sparse_row each (kernel/sparse_rows.h): what is in them lies in the block's
                    * heap
                    */
    MC_BUFFER_PAIRS, /* doubles, width of each pair of rows of the batch: (n_rows, n_rows, width).
                        No step reads it; a method that writes it computes its batch in one block */
    MC_N_BUFFER_TYPES
} mc_buffer_type;

typedef struct mc_image_buffer {
    uint32_t type, width, writer; /* step that writes it, or MC_NONE for inputs */
    uint32_t reserved;
} mc_image_buffer;

typedef enum mc_array_type {
    MC_ARRAY_F64,
    MC_ARRAY_U32,
    MC_ARRAY_U8,
    MC_ARRAY_CELL,
    MC_ARRAY_NODE,      /* mc_tree_node: 8 bytes */
    MC_ARRAY_WIDE_NODE, /* mc_wide_node: 16 bytes */
    MC_ARRAY_F32,       /* from here on: narrow, and scales; see kernel/narrow.h */
    MC_ARRAY_F16,
    MC_ARRAY_BF16,
    MC_ARRAY_I8,
    MC_N_ARRAY_TYPES
} mc_array_type;

typedef struct mc_image_array {
    uint64_t at, n_items; /* `at` from the start of the weights section */
    uint32_t type, n_rows, n_cols;
    uint32_t scales; /* I8: their array; F16: 1023 + exponent of the power of two; else 0 */
} mc_image_array;

#define MC_STEP_ARRAYS 6
typedef struct mc_step {
    uint16_t op, flags;
    uint32_t src, src2, dst; /* buffers, or MC_NONE */
    uint32_t array[MC_STEP_ARRAYS];
    uint32_t n[2];
    double value[2];
} mc_step;
_Static_assert(sizeof(mc_step) == 64, "one cache line a step");
#endif
