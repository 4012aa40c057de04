/* decode_csv.h: rows out of a CSV body that arrives in pieces.
 *
 * RFC 4180: commas, double quotes doubled inside quotes, lines ended by LF or CRLF; a byte order
 * mark, as spreadsheets write it, and empty lines are skipped. The first line is a header if and
 * only if it holds the name of every column that the model reads, in any order.
 *
 * A CSV has no types, so a field becomes a value by its column:
 *   number column  empty: missing. Otherwise a number, as JSON or as Python's float() writes it
 *                  (NaN, nan, Infinity, inf, a leading + or 0), or True/False/true/false.
 *   any column     empty: missing. A JSON number: that number, an integer if it is one. Anything
 *                  else, and anything in quotes: text.
 *
 * *Owned* by one thread; rows go to the mc_rows that it was given. */
#ifndef MC_DECODE_CSV_H
#define MC_DECODE_CSV_H
#include "serve/decode_rows.h"

typedef enum mc_csv_state {
    MC_CSV_AT_FIELD = 0,
    MC_CSV_PLAIN,
    MC_CSV_QUOTED,
    MC_CSV_QUOTE, /* behind a quote in a quoted field: its end, or a quote by two */
    MC_CSV_RETURN /* behind a carriage return */
} mc_csv_state;

typedef struct mc_csv_field {
    size_t end; /* in the record; the field begins where the last one ends */
    bool quoted;
} mc_csv_field;

typedef struct mc_csv {
    mc_rows *rows; /* borrowed */
    mc_csv_state state;
    bool quoted;                         /* the field being read is */
    bool first;                          /* no record has ended yet */
    uint32_t n_mark;                     /* bytes of a byte order mark seen */
    uint64_t offset;                     /* of the next byte in the body */
    uint64_t line;                       /* of the next byte, from 1 */
    uint64_t record_line, record_offset; /* where the record begins */
    mc_buffer record;                    /* its bytes, quotes removed */
    mc_buffer fields;                    /* mc_csv_field */
    mc_buffer header; /* size_t: column of each field; empty: fields are in the model's order */
} mc_csv;

void mc_csv_init(mc_csv *csv, mc_rows *rows, mc_meter *meter);
void mc_csv_trim(mc_csv *csv, size_t keep);
size_t mc_csv_bytes(const mc_csv *csv);

void mc_csv_begin(mc_csv *csv);
MC_MUST_CHECK mc_status mc_csv_feed(mc_csv *csv, const uint8_t *bytes, size_t size, mc_error *err);
MC_MUST_CHECK mc_status mc_csv_end(mc_csv *csv, mc_error *err);
#endif
