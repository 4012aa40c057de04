/* micro_json.c: what the codec costs, by hand; bench/meson.build says how. No part of the tests.
 *
 * Prints ns a request for small bodies in one piece, and ns a number for large batches beside
 * std::from_chars (mc_parse_double) alone on the same numbers, already separated. Medians of 15,
 * of the CPU time of this thread. */
#include <stdio.h>
#include <time.h>

#include "base/alloc.h"
#include "base/number.h"
#include "serve/decode.h"
#include "serve/encode.h"

#define N_COLUMNS 30
#define N_ROWS    2000
#define N_NUMBERS ((size_t)N_COLUMNS * N_ROWS)
#define N_RUNS    15

typedef struct batch {
    char *body; /* {"inputs": [[...], ...]} */
    size_t size;
    size_t *at, *length; /* (N_NUMBERS) of each number in `body` */
} batch;

static mc_column columns[N_COLUMNS];
static mc_decode *decode;

static uint64_t cpu_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y ? 1 : 0;
}

static double median(double *times)
{
    qsort(times, N_RUNS, sizeof *times, by_value);
    return times[N_RUNS / 2];
}

static void decode_once(const mc_row_schema *schema, const char *body, size_t size)
{
    mc_predict_request request;
    mc_error err;
    mc_decode_begin(decode, schema, MC_BODY_JSON);
    mc_status status = mc_decode_feed(decode, body, size, &err);
    if (status == MC_OK)
        status = mc_decode_end(decode, &request, &err);
    MC_ASSERT(status == MC_OK);
}

static void small(const char *name, size_t n_columns, const char *body)
{
    const mc_row_schema schema = {
        .columns = columns, .n_columns = n_columns, .n_numbers = n_columns};
    const size_t n = 200000, size = mc_bytes_of(body).size;
    double times[N_RUNS];
    for (size_t run = 0; run < N_RUNS; run++) {
        const uint64_t start = cpu_ns();
        for (size_t i = 0; i < n; i++)
            decode_once(&schema, body, size);
        times[run] = (double)(cpu_ns() - start) / (double)n;
    }
    (void)printf("%-34s %7.1f ns/request\n", name, median(times));
}

static double number(uint64_t *seed, bool tenths)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    const double unit = (double)(*seed >> 11) * 0x1p-53;
    return tenths ? (double)(int64_t)(unit * 200) / 10.0 : unit * 100.0 - 50.0;
}

static size_t put(char *to, const char *text)
{
    const mc_bytes bytes = mc_bytes_of(text);
    memcpy(to, bytes.data, bytes.size);
    return bytes.size;
}

static batch make_batch(bool tenths)
{
    batch made = {.body = mc_alloc(N_NUMBERS, MC_NUMBER_TEXT + 4)};
    made.at = mc_alloc(N_NUMBERS, sizeof *made.at);
    made.length = mc_alloc(N_NUMBERS, sizeof *made.length);
    MC_ASSERT(made.body != NULL && made.at != NULL && made.length != NULL);
    uint64_t seed = 7;
    made.size = put(made.body, "{\"inputs\": [");
    for (size_t i = 0; i < N_NUMBERS; i++) {
        const size_t column = i % N_COLUMNS;
        made.size += put(made.body + made.size, column > 0 ? ", " : i > 0 ? ", [" : "[");
        made.at[i] = made.size;
        made.length[i] = mc_print_double(number(&seed, tenths), made.body + made.size);
        made.size += made.length[i];
        if (column == N_COLUMNS - 1)
            made.body[made.size++] = ']';
    }
    made.size += put(made.body + made.size, "]}");
    return made;
}

static void large(const char *name, bool tenths)
{
    batch made = make_batch(tenths);
    const mc_row_schema schema = {
        .columns = columns, .n_columns = N_COLUMNS, .n_numbers = N_COLUMNS};
    double ours[N_RUNS], bare[N_RUNS], sum = 0.0;
    for (size_t run = 0; run < N_RUNS; run++) {
        uint64_t start = cpu_ns();
        decode_once(&schema, made.body, made.size);
        ours[run] = (double)(cpu_ns() - start) / (double)N_NUMBERS;
        start = cpu_ns();
        for (size_t i = 0; i < N_NUMBERS; i++) {
            double value = 0.0;
            (void)mc_parse_double(made.body + made.at[i], made.length[i], &value);
            sum += value;
        }
        bare[run] = (double)(cpu_ns() - start) / (double)N_NUMBERS;
    }
    const double got = median(ours), limit = median(bare);
    (void)printf("%-34s %7.1f ns/number, from_chars alone %.1f: %.2f x (sum %g)\n", name, got,
                 limit, got / limit, sum);
    mc_free(made.body);
    mc_free(made.at);
    mc_free(made.length);
}

static void answers(const char *name, size_t n_rows, bool tenths)
{
    static double data[N_NUMBERS];
    uint64_t seed = 3;
    for (size_t i = 0; i < n_rows; i++)
        data[i] = number(&seed, tenths);
    const mc_part part = {.type = MC_VALUE_FLOAT, .scalar = true, .n_columns = 1, .data = data};
    const mc_output output = {.n_rows = n_rows, .n_parts = 1, .parts = &part};
    const mc_class_tables none = {.classes = NULL};
    mc_meter meter = {.limit = SIZE_MAX};
    mc_buffer buffer;
    mc_buffer_init(&buffer, &meter);
    const size_t n = 200000 / n_rows + 1;
    double times[N_RUNS];
    for (size_t run = 0; run < N_RUNS; run++) {
        const uint64_t start = cpu_ns();
        for (size_t i = 0; i < n; i++) {
            buffer.size = 0;
            MC_ASSERT(mc_encode_answer(&buffer, &none, &output, NULL) == MC_OK);
        }
        times[run] = (double)(cpu_ns() - start) / (double)(n * n_rows);
    }
    (void)printf("%-34s %7.1f ns/number\n", name, median(times));
    mc_buffer_fini(&buffer);
}

int main(void)
{
    mc_meter meter = {.limit = SIZE_MAX};
    mc_error err;
    for (uint32_t i = 0; i < N_COLUMNS; i++)
        columns[i] = (mc_column){.slot = i, .kind = MC_COLUMN_NUMBER};
    if (mc_decode_create(&meter, &decode, &err) != MC_OK)
        return 1;
    small("{\"input\": [4 numbers]}", 4, "{\"input\": [5.1, 3.5, 1.4, 0.2]}");
    small("{\"inputs\": [4 numbers], method}", 4,
          "{\"method\": \"predict_proba\", \"inputs\": [[5.1, 3.5, 1.4, 0.2]]}");
    large("batch, one decimal", true);
    large("batch, 17 digits", false);
    answers("answer of one, one decimal", 1, true);
    answers("answer of 1000, 17 digits", 1000, false);
    mc_decode_destroy(decode);
    return 0;
}
