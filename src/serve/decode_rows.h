/* decode_rows.h: the rows of a request, in the model's typed slots, while they are being filled.
 *
 * The JSON and the CSV decoder say which value stands in which column; here it is checked,
 * converted and stored. A row is opened, its values are put in any order, and it is closed.
 *
 * INVARIANTS
 *   (R1) numbers.size and cells.size hold exactly n_rows rows, and one more while a row is open; of
 * a model that reads sparse rows, `starts` has where each of them begins, and no other memory
 *        depends on how wide they are.
 *   (R2) until mc_rows_finish(), a text cell holds an offset into `text` in as.integer, because
 *        `text` may move, and a list or dict one into `items`, in cells; afterwards a pointer.
 *
 * *Owned* by one thread. */
#ifndef MC_DECODE_ROWS_H
#define MC_DECODE_ROWS_H
#include "serve/decode.h"

#define MC_NO_COLUMN SIZE_MAX

typedef struct mc_rows {
    mc_row_schema schema;
    mc_buffer numbers;  /* double (n_rows, n_numbers) */
    mc_buffer cells;    /* mc_cell (n_rows, n_cells) */
    mc_buffer text;     /* of the text cells */
    mc_buffer items;    /* mc_cell: what is in lists and dicts */
    mc_buffer starts;   /* int64_t (n_rows + 1, if there are any): first entry of each sparse row */
    mc_buffer entry_at; /* int32_t: column of each entry of the sparse rows */
    mc_buffer entries;  /* double: its value */
    mc_buffer order;    /* int64_t: columns of the open row, sorted */
    mc_buffer marks;    /* uint64_t (n_columns): the last `mark` under which a column was seen */
    uint64_t mark;      /* a new one for each row; never repeats, so marks need no clearing */
    size_t n_rows;      /* closed */
    size_t n_seen;      /* columns of the open row that have a slot and were seen */
    size_t guess;       /* the column whose name probably comes next */
    bool came_sparse;   /* a row of indices and values was among them */
    bool has_integer;   /* a number without point and exponent was */
    bool has_truth;     /* true or false was */
    bool by_name;       /* a row was more than a list: scikit-learn gets a frame */
    bool has_other;     /* and a value that is none, nor true or false */
    bool sparse;        /* every column is in sparse rows */
    bool all_numbers;   /* every column is a number, and its slot is its index */
    double *row_numbers; /* of the open row */
    mc_cell *row_cells;
} mc_rows;

void mc_rows_init(mc_rows *rows, mc_meter *meter);
void mc_rows_fini(mc_rows *rows);
void mc_rows_trim(mc_rows *rows, size_t keep);
size_t mc_rows_bytes(const mc_rows *rows);

/* Forgets all rows. O(n_columns) when the model takes only numbers, else O(1). */
void mc_rows_begin(mc_rows *rows, const mc_row_schema *schema);

MC_MUST_CHECK mc_status mc_rows_open(mc_rows *rows, mc_error *err);
void mc_rows_close(mc_rows *rows);

/* Puts `value` (text borrowed for the call) into column `column` (below n_columns). */
MC_MUST_CHECK mc_status mc_rows_put(mc_rows *rows, size_t column, const mc_cell *value,
                                    mc_error *err);

/* `n` numbers were put past mc_rows_put(), or handed to mc_rows_put_run(). */
static inline void mc_rows_saw_numbers(mc_rows *rows, size_t n, bool has_fraction)
{
    rows->has_integer = rows->has_integer || n > 0;
    rows->has_other = rows->has_other || has_fraction;
}
/* Puts `n` numbers at column `first` and those behind it, where the model reads sparse rows. */
MC_MUST_CHECK mc_status mc_rows_put_run(mc_rows *rows, size_t first, const double *values, size_t n,
                                        mc_error *err);

/* Puts a list or dict whose cells are in `items` already (decode_nested.h) into column 0. */
void mc_rows_put_nested(mc_rows *rows, const mc_cell *value);
/* Stores the text of a cell that goes into `items`. */
MC_MUST_CHECK mc_status mc_rows_keep_text(mc_rows *rows, mc_cell *cell, mc_error *err);

/* Index of a named column, or MC_NO_COLUMN. Names that come in the order of the columns cost one
 * comparison each. */
size_t mc_rows_find(mc_rows *rows, mc_bytes name);

/* Notes that `column` occurs in the open row; false when it did already. mc_rows_start_marks()
 * comes first. */
MC_MUST_CHECK mc_status mc_rows_start_marks(mc_rows *rows, mc_error *err);
bool mc_rows_mark(mc_rows *rows, size_t column);
/* The first column with a slot that was not marked, or MC_NO_COLUMN. */
size_t mc_rows_unmarked(const mc_rows *rows);

/* Puts 0.0 everywhere, then the `n` values at `indices`. */
MC_MUST_CHECK mc_status mc_rows_put_sparse(mc_rows *rows, const int64_t *indices,
                                           const double *values, size_t n, mc_error *err);

/* All rows are closed: points `out` to them. */
void mc_rows_finish(mc_rows *rows, mc_input *out);

/* MC_E_BAD_INPUT for the open (or next) row: the message begins with "row N: ". */
mc_status mc_rows_fail(const mc_rows *rows, mc_error *err, const char *format, ...) MC_PRINTF(3, 4);
/* As above: "row N, column \"age\" (3): ". */
mc_status mc_rows_fail_at(const mc_rows *rows, size_t column, mc_error *err, const char *format,
                          ...) MC_PRINTF(4, 5);
#endif
