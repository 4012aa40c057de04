/* decode_csv.c: CSV bodies, a record at a time.
 *
 * HOW IT WORKS: a small automaton takes the quotes away and gathers one record: its bytes in one
 * buffer, the ends of its fields in another. A complete record is then checked and put into a row.
 * Cuts between chunks fall between two steps of the automaton and so change nothing. */
#include "serve/decode_csv.h"

#include "base/number.h"
#include "serve/json_scalar.h"

static const uint8_t BYTE_ORDER_MARK[3] = {0xef, 0xbb, 0xbf};

void mc_csv_init(mc_csv *csv, mc_rows *rows, mc_meter *meter)
{
    *csv = (mc_csv){.rows = rows};
    mc_buffer_init(&csv->record, meter);
    mc_buffer_init(&csv->fields, meter);
    mc_buffer_init(&csv->header, meter);
}

void mc_csv_trim(mc_csv *csv, size_t keep)
{
    mc_buffer_trim(&csv->record, keep);
    mc_buffer_trim(&csv->fields, keep);
    mc_buffer_trim(&csv->header, keep);
}

size_t mc_csv_bytes(const mc_csv *csv)
{
    return csv->record.room + csv->fields.room + csv->header.room;
}

static void begin_record(mc_csv *csv, uint64_t offset)
{
    csv->state = MC_CSV_AT_FIELD;
    csv->quoted = false;
    csv->record.size = csv->fields.size = 0;
    csv->record_line = csv->line;
    csv->record_offset = offset;
}

void mc_csv_begin(mc_csv *csv)
{
    csv->first = true;
    csv->n_mark = 0;
    csv->offset = 0;
    csv->line = 1;
    csv->header.size = 0;
    begin_record(csv, 0);
}

/* ------------------------------------------------------------------------------- records ---- */

static size_t n_fields(const mc_csv *csv)
{
    return csv->fields.size / sizeof(mc_csv_field);
}

static mc_bytes field_at(const mc_csv *csv, size_t i, bool *quoted)
{
    const mc_csv_field *fields = (const mc_csv_field *)(const void *)csv->fields.data;
    const size_t from = i == 0 ? 0 : fields[i - 1].end;
    *quoted = fields[i].quoted;
    if (fields[i].end == from) /* of an empty record there are no bytes to point into */
        return (mc_bytes){(const uint8_t *)"", 0};
    return (mc_bytes){csv->record.data + from, fields[i].end - from};
}

static bool is_utf8(mc_bytes text)
{
    uint32_t character = 0;
    for (size_t at = 0, size = 0; at < text.size; at += size) {
        size = mc_utf8_read((mc_bytes){text.data + at, text.size - at}, &character);
        if (size == 0)
            return false;
    }
    return true;
}

/* Field by field: without the commas two halves could make a character. */
static mc_status check_utf8(const mc_csv *csv, mc_error *err)
{
    bool quoted;
    for (size_t i = 0; i < n_fields(csv); i++) {
        if (!is_utf8(field_at(csv, i, &quoted))) {
            return mc_fail(err, MC_E_BAD_REQUEST, csv->record_offset,
                           "line %llu: the text is not UTF-8",
                           (unsigned long long)csv->record_line);
        }
    }
    return MC_OK;
}

/* Does the first record name every column that the model reads? Leaves the columns of its fields
 * in `header`, which is emptied when it does not. */
static mc_status find_header(mc_csv *csv, bool *out, mc_error *err)
{
    MC_TRY(mc_rows_start_marks(csv->rows, err));
    bool quoted, any = false, twice = false;
    for (size_t i = 0; i < n_fields(csv); i++) {
        const size_t column = mc_rows_find(csv->rows, field_at(csv, i, &quoted));
        any = any || column != MC_NO_COLUMN;
        if (column != MC_NO_COLUMN && !mc_rows_mark(csv->rows, column))
            twice = true;
        MC_TRY(mc_buffer_append(&csv->header, &column, sizeof column, err));
    }
    *out = any && mc_rows_unmarked(csv->rows) == MC_NO_COLUMN;
    if (!*out)
        csv->header.size = 0;
    else if (twice)
        return mc_fail(err, MC_E_BAD_REQUEST, MC_NO_OFFSET, "line %llu: a column is named twice",
                       (unsigned long long)csv->record_line);
    return MC_OK;
}

static mc_status check_header(mc_csv *csv, mc_error *err)
{
    const size_t *columns = (const size_t *)(const void *)csv->header.data;
    if (csv->rows->schema.extra_columns)
        return MC_OK;
    for (size_t i = 0; i < n_fields(csv); i++) {
        bool quoted;
        const mc_bytes name = field_at(csv, i, &quoted);
        if (columns[i] == MC_NO_COLUMN) {
            return mc_fail(err, MC_E_BAD_INPUT, MC_NO_OFFSET,
                           "line %llu: the model has no column \"%.*s\"",
                           (unsigned long long)csv->record_line, MC_SHOW(name));
        }
    }
    return MC_OK;
}

static mc_bytes trim_blanks(mc_bytes text)
{
    while (text.size > 0 && (text.data[0] == ' ' || text.data[0] == '\t'))
        text = (mc_bytes){text.data + 1, text.size - 1};
    while (text.size > 0 && (text.data[text.size - 1] == ' ' || text.data[text.size - 1] == '\t'))
        text.size--;
    return text;
}

/* A number as JSON or as Python's float() and bool print and read them; false when it is none. */
static bool read_lenient(mc_bytes text, double *out)
{
    static const struct {
        const char *text;
        double value;
    } WORDS[] = {
        {"nan", __builtin_nan("")},
        {"NaN", __builtin_nan("")},
        {"inf", __builtin_inf()},
        {"-inf", -__builtin_inf()},
        {"Infinity", __builtin_inf()},
        {"-Infinity", -__builtin_inf()},
        {"true", 1.0},
        {"True", 1.0},
        {"false", 0.0},
        {"False", 0.0},
    };
    for (size_t i = 0; i < MC_COUNT_OF(WORDS); i++) {
        if (mc_bytes_is(text, WORDS[i].text)) {
            *out = WORDS[i].value;
            return true;
        }
    }
    if (text.size > 1 && text.data[0] == '+' && text.data[1] != '-')
        text = (mc_bytes){text.data + 1, text.size - 1};
    return text.size > 0 && mc_parse_double((const char *)text.data, text.size, out) == text.size;
}

static mc_status put_number(mc_csv *csv, size_t column, mc_bytes text, mc_error *err)
{
    mc_cell value = {.kind = MC_CELL_NONE};
    const mc_bytes inner = trim_blanks(text);
    if (inner.size > 0) {
        value.kind = MC_CELL_NUMBER;
        if (!read_lenient(inner, &value.as.number)) {
            return mc_rows_fail_at(csv->rows, column, err,
                                   "line %llu: expected a number, found \"%.*s\"",
                                   (unsigned long long)csv->record_line, MC_SHOW(text));
        }
    }
    return mc_rows_put(csv->rows, column, &value, err);
}

static mc_status put_cell(mc_csv *csv, size_t column, mc_bytes text, bool quoted, mc_error *err)
{
    mc_cell value = {.kind = MC_CELL_NONE};
    mc_json_value number;
    if (!quoted && text.size > 0 && mc_json_read_number(text, &number)) {
        value.kind = number.integral ? MC_CELL_INTEGER : MC_CELL_NUMBER;
        if (number.integral)
            value.as.integer = number.integer;
        else
            value.as.number = number.number;
    } else if (quoted || text.size > 0) {
        if (text.size > UINT32_MAX)
            return mc_rows_fail_at(csv->rows, column, err, "a text of %zu bytes", text.size);
        value.kind = MC_CELL_STRING;
        value.size = (uint32_t)text.size;
        value.as.text = text.size == 0 ? "" : (const char *)text.data;
    }
    return mc_rows_put(csv->rows, column, &value, err);
}

static mc_status put_field(mc_csv *csv, size_t i, mc_error *err)
{
    const size_t *columns = (const size_t *)(const void *)csv->header.data;
    const size_t column = csv->header.size == 0 ? i : columns[i];
    bool quoted = false;
    const mc_bytes text = field_at(csv, i, &quoted);
    if (column == MC_NO_COLUMN || mc_schema_kind(&csv->rows->schema, column) == MC_COLUMN_UNUSED)
        return MC_OK;
    if (mc_schema_kind(&csv->rows->schema, column) != MC_COLUMN_CELL)
        return put_number(csv, column, text, err);
    return put_cell(csv, column, text, quoted, err);
}

static mc_status put_record(mc_csv *csv, mc_error *err)
{
    const size_t n_expected =
        csv->header.size == 0 ? csv->rows->schema.n_columns : csv->header.size / sizeof(size_t);
    if (n_fields(csv) != n_expected) {
        return mc_rows_fail(csv->rows, err, "line %llu: expected %zu value%s, found %zu",
                            (unsigned long long)csv->record_line, n_expected,
                            n_expected == 1 ? "" : "s", n_fields(csv));
    }
    MC_TRY(mc_rows_open(csv->rows, err));
    for (size_t i = 0; i < n_expected; i++)
        MC_TRY(put_field(csv, i, err));
    mc_rows_close(csv->rows);
    return MC_OK;
}

static mc_status end_field(mc_csv *csv, mc_error *err)
{
    const mc_csv_field field = {.end = csv->record.size, .quoted = csv->quoted};
    csv->quoted = false;
    csv->state = MC_CSV_AT_FIELD;
    return mc_buffer_append(&csv->fields, &field, sizeof field, err);
}

static mc_status end_record(mc_csv *csv, mc_error *err)
{
    const bool empty = csv->fields.size == 0 && csv->record.size == 0 && !csv->quoted;
    MC_TRY(end_field(csv, err));
    if (empty)
        return MC_OK;
    MC_TRY(check_utf8(csv, err));
    bool header = false;
    if (csv->first)
        MC_TRY(find_header(csv, &header, err));
    csv->first = false;
    return header ? check_header(csv, err) : put_record(csv, err);
}

/* ----------------------------------------------------------------------------- automaton ---- */

static mc_status refuse(const mc_csv *csv, const char *what, mc_error *err)
{
    return mc_fail(err, MC_E_BAD_REQUEST, csv->offset, "line %llu: %s",
                   (unsigned long long)csv->line, what);
}

static mc_status end_line(mc_csv *csv, mc_error *err)
{
    MC_TRY(end_record(csv, err));
    csv->line++;
    begin_record(csv, csv->offset + 1);
    return MC_OK;
}

/* Ends of fields and lines, which three states have in common; false: `c` is neither. */
static bool is_end(uint8_t c)
{
    return c == ',' || c == '\n' || c == '\r';
}

static mc_status take_end(mc_csv *csv, uint8_t c, mc_error *err)
{
    if (c == ',')
        return end_field(csv, err);
    if (c == '\n')
        return end_line(csv, err);
    csv->state = MC_CSV_RETURN;
    return MC_OK;
}

static mc_status take_quoted(mc_csv *csv, uint8_t c, mc_error *err)
{
    if (c == '"') {
        csv->state = MC_CSV_QUOTE;
        return MC_OK;
    }
    csv->line += c == '\n' ? 1 : 0;
    return mc_buffer_append(&csv->record, &c, 1, err);
}

static mc_status take(mc_csv *csv, uint8_t c, mc_error *err)
{
    switch (csv->state) {
    case MC_CSV_AT_FIELD:
        if (c == '"') {
            csv->quoted = true;
            csv->state = MC_CSV_QUOTED;
            return MC_OK;
        }
        csv->state = MC_CSV_PLAIN;
        return is_end(c) ? take_end(csv, c, err) : mc_buffer_append(&csv->record, &c, 1, err);
    case MC_CSV_PLAIN:
        if (c == '"')
            return refuse(csv, "a quote inside a field that does not begin with one", err);
        return is_end(c) ? take_end(csv, c, err) : mc_buffer_append(&csv->record, &c, 1, err);
    case MC_CSV_QUOTED:
        return take_quoted(csv, c, err);
    case MC_CSV_QUOTE:
        if (is_end(c))
            return take_end(csv, c, err);
        if (c != '"')
            return refuse(csv, "expected a comma or the end of the line behind a quoted field",
                          err);
        csv->state = MC_CSV_QUOTED;
        return mc_buffer_append(&csv->record, &c, 1, err);
    case MC_CSV_RETURN:
        if (c != '\n')
            return refuse(csv, "a carriage return that no newline follows", err);
        return end_line(csv, err);
    }
    return MC_OK;
}

/* Is what was read so far the beginning of a byte order mark, and no more? */
static bool in_mark(const mc_csv *csv)
{
    return csv->n_mark == csv->offset && csv->n_mark < sizeof BYTE_ORDER_MARK;
}

/* What only looked like a byte order mark is text. */
static mc_status give_mark_back(mc_csv *csv, mc_error *err)
{
    for (size_t i = 0; i < csv->n_mark && i < sizeof BYTE_ORDER_MARK; i++)
        MC_TRY(take(csv, BYTE_ORDER_MARK[i], err));
    return MC_OK;
}

/* The body's first bytes may be a byte order mark. */
static mc_status take_mark(mc_csv *csv, uint8_t c, bool *taken, mc_error *err)
{
    *taken = in_mark(csv) && c == BYTE_ORDER_MARK[csv->n_mark];
    if (*taken)
        csv->n_mark++;
    else if (in_mark(csv))
        return give_mark_back(csv, err);
    return MC_OK;
}

/* Bytes from `at` on that a plain field takes as they are. */
static size_t plain_run(const uint8_t *at, size_t size)
{
    size_t n = 0;
    while (n < size && !is_end(at[n]) && at[n] != '"')
        n++;
    return n;
}

mc_status mc_csv_feed(mc_csv *csv, const uint8_t *bytes, size_t size, mc_error *err)
{
    for (size_t i = 0; i < size;) {
        bool taken = false;
        if (csv->offset < sizeof BYTE_ORDER_MARK)
            MC_TRY(take_mark(csv, bytes[i], &taken, err));
        if (!taken && csv->state == MC_CSV_PLAIN) {
            const size_t n = plain_run(bytes + i, size - i);
            MC_TRY(mc_buffer_append(&csv->record, bytes + i, n, err));
            csv->offset += n;
            i += n;
            if (i == size)
                break;
        }
        if (!taken)
            MC_TRY(take(csv, bytes[i], err));
        csv->offset++;
        i++;
    }
    return MC_OK;
}

mc_status mc_csv_end(mc_csv *csv, mc_error *err)
{
    if (csv->state == MC_CSV_QUOTED) {
        return mc_fail(err, MC_E_BAD_REQUEST, csv->record_offset,
                       "line %llu: a quoted field of this record is not closed",
                       (unsigned long long)csv->record_line);
    }
    if (in_mark(csv))
        MC_TRY(give_mark_back(csv, err));
    MC_TRY(end_record(csv, err));
    if (csv->first)
        return mc_fail(err, MC_E_BAD_REQUEST, 0,
                       "the body is empty: expected a row a line, for example 5.1,3.5,1.4,0.2");
    return MC_OK;
}
