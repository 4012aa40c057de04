/* convert.c: items of an array as double or int64, exactly or not at all.
 *
 * Exact    A conversion that would round is refused: integers beyond 2^53 that no double is, floats
 *          that are not integers.
 * Why so   One switch a run, then a plain loop: tree arrays have hundreds of thousands of items. */
#include <math.h>
#include <string.h>

#include "array/shape.h"

/* ---------------------------------------------------------------------------- single items ---- */

static inline uint16_t load16(const uint8_t *at, bool swap)
{
    uint16_t bits;
    memcpy(&bits, at, sizeof bits);
    return swap ? __builtin_bswap16(bits) : bits;
}
static inline uint32_t load32(const uint8_t *at, bool swap)
{
    uint32_t bits;
    memcpy(&bits, at, sizeof bits);
    return swap ? __builtin_bswap32(bits) : bits;
}
static inline int load_i8(const uint8_t *at)
{
    return *at < 128 ? *at : *at - 256;
}
static inline uint64_t load64(const uint8_t *at, bool swap)
{
    uint64_t bits;
    memcpy(&bits, at, sizeof bits);
    return swap ? __builtin_bswap64(bits) : bits;
}
static inline double load_f64(const uint8_t *at, bool swap)
{
    const uint64_t bits = load64(at, swap);
    double number;
    memcpy(&number, &bits, sizeof number);
    return number;
}
static inline double load_f32(const uint8_t *at, bool swap)
{
    const uint32_t bits = load32(at, swap);
    float number;
    memcpy(&number, &bits, sizeof number);
    return (double)number;
}
static double load_f16(const uint8_t *at, bool swap)
{
    const uint16_t bits = load16(at, swap);
    const int exponent = bits >> 10 & 31;
    const int fraction = bits & 1023;
    double number = 0;
    if (exponent == 31)
        number = (double)(fraction == 0 ? INFINITY : NAN);
    else if (exponent == 0)
        number = ldexp(fraction, -24);
    else
        number = ldexp(fraction + 1024, exponent - 25);
    return (bits & 0x8000) != 0 ? -number : number;
}

/* 2^63 and 2^64 as doubles; int64 and uint64 reach up to, not onto them. */
#define TWO_63 9223372036854775808.0
#define TWO_64 18446744073709551616.0

static bool f64_of_i64(int64_t integer, double *out)
{
    *out = (double)integer;
    return *out < TWO_63 && (int64_t)*out == integer;
}
static bool f64_of_u64(uint64_t integer, double *out)
{
    *out = (double)integer;
    return *out < TWO_64 && (uint64_t)*out == integer;
}
static bool i64_of_f64(double number, int64_t *out)
{
    if (!(number >= -TWO_63 && number < TWO_63) || number != trunc(number))
        return false;
    *out = (int64_t)number;
    return true;
}

/* --------------------------------------------------------------------------------- refusals ----
 */

static mc_status refuse_kind(const mc_ndarray *array, const char *wanted, mc_error *err)
{
    static const char *const NAMES[] = {"MmcVUS",
                                        "dates (datetime64)",
                                        "durations (timedelta64)",
                                        "complex numbers",
                                        "structures",
                                        "strings",
                                        "bytes"};
    const char *at = strchr(NAMES[0], array->dtype.kind);
    if (at == NULL)
        return mc_fail(err, MC_E_UNSUPPORTED, MC_NO_OFFSET, "need %s, found items of kind %c%zu",
                       wanted, array->dtype.kind, array->dtype.item_size);
    return mc_fail(err, MC_E_UNSUPPORTED, MC_NO_OFFSET, "need %s, found %s", wanted,
                   NAMES[1 + (at - NAMES[0])]);
}

static mc_status refuse_inexact(const char *wanted, size_t at, mc_error *err)
{
    return mc_fail(err, MC_E_UNSUPPORTED, MC_NO_OFFSET, "item %zu is not exactly %s", at, wanted);
}

/* -------------------------------------------------------------------------------- to double ----
 */

#define EACH(run, expr)                                          \
    do {                                                         \
        const uint8_t *at = (run).at;                            \
        for (size_t i = 0; i < (run).n; i++, at += (run).stride) \
            out[i] = (expr);                                     \
    } while (0)

/* Items whose conversion may fail: *bad is the first that does, or run.n. */
#define EACH_CHECKED(run, convert, load)                         \
    do {                                                         \
        const uint8_t *at = (run).at;                            \
        for (size_t i = 0; i < (run).n; i++, at += (run).stride) \
            if (!convert(load, &out[i])) {                       \
                *bad = i;                                        \
                break;                                           \
            }                                                    \
    } while (0)

#define TYPE(kind, size) ((unsigned)(kind) << 8 | (unsigned)(size))

static unsigned type_of(const mc_dtype_info *dtype)
{
    return dtype->item_size > 255 ? 0 : TYPE(dtype->kind, dtype->item_size);
}

/* False if the kind is none of numbers. */
static bool f64_run(const mc_dtype_info *dtype, mc_run run, double *out, size_t *bad)
{
    const bool swap = dtype->big_endian;
    switch (type_of(dtype)) {
    case TYPE('f', 8):
        if (!swap && run.stride == 8 && run.n > 0)
            memcpy(out, run.at, run.n * 8);
        else
            EACH(run, load_f64(at, swap));
        return true;
    case TYPE('f', 4):
        EACH(run, load_f32(at, swap));
        return true;
    case TYPE('f', 2):
        EACH(run, load_f16(at, swap));
        return true;
    case TYPE('i', 8):
        EACH_CHECKED(run, f64_of_i64, (int64_t)load64(at, swap));
        return true;
    case TYPE('u', 8):
        EACH_CHECKED(run, f64_of_u64, load64(at, swap));
        return true;
    case TYPE('i', 4):
        EACH(run, (int32_t)load32(at, swap));
        return true;
    case TYPE('u', 4):
        EACH(run, load32(at, swap));
        return true;
    case TYPE('i', 2):
        EACH(run, (int16_t)load16(at, swap));
        return true;
    case TYPE('u', 2):
        EACH(run, load16(at, swap));
        return true;
    case TYPE('i', 1):
        EACH(run, load_i8(at));
        return true;
    case TYPE('u', 1):
        EACH(run, *at);
        return true;
    case TYPE('b', 1):
        EACH(run, *at != 0);
        return true;
    default:
        return false;
    }
}

/* Any kind but O. */
static mc_status plain_f64(const mc_ndarray *array, double *out, mc_error *err)
{
    mc_runs runs;
    mc_run run;
    size_t done = 0;
    mc_runs_init(&runs, array);
    while (mc_runs_next(&runs, &run)) {
        size_t bad = run.n;
        if (!f64_run(&array->dtype, run, out + done, &bad))
            return refuse_kind(array, "numbers", err);
        if (bad < run.n)
            return refuse_inexact("a float64", done + bad, err);
        done += run.n;
    }
    return MC_OK;
}

static mc_status f64_of_objects(const mc_ndarray *array, double *out, mc_error *err)
{
    for (size_t i = 0; i < array->n_items; i++) {
        if (array->objects[i]->kind == MC_KIND_NONE)
            out[i] = (double)NAN;
        else
            MC_TRY_IN(mc_number_from_value(array->objects[i], &out[i], err), err, "item %zu", i);
    }
    return MC_OK;
}

mc_status mc_ndarray_f64(mc_arena *arena, const mc_ndarray *array, double **out, mc_error *err)
{
    double *numbers = NULL;
    MC_TRY(mc_arena_new_raw(arena, double, array->n_items, &numbers, err));
    if (array->dtype.kind == 'O')
        MC_TRY(f64_of_objects(array, numbers, err));
    else
        MC_TRY(plain_f64(array, numbers, err));
    *out = numbers;
    return MC_OK;
}

/* --------------------------------------------------------------------------------- to int64 ----
 */

static bool i64_of_u64(uint64_t integer, int64_t *out)
{
    *out = (int64_t)integer;
    return integer <= INT64_MAX;
}

static bool i64_run(const mc_dtype_info *dtype, mc_run run, int64_t *out, size_t *bad)
{
    const bool swap = dtype->big_endian;
    switch (type_of(dtype)) {
    case TYPE('i', 8):
        if (!swap && run.stride == 8 && run.n > 0)
            memcpy(out, run.at, run.n * 8);
        else
            EACH(run, (int64_t)load64(at, swap));
        return true;
    case TYPE('u', 8):
        EACH_CHECKED(run, i64_of_u64, load64(at, swap));
        return true;
    case TYPE('i', 4):
        EACH(run, (int32_t)load32(at, swap));
        return true;
    case TYPE('u', 4):
        EACH(run, load32(at, swap));
        return true;
    case TYPE('i', 2):
        EACH(run, (int16_t)load16(at, swap));
        return true;
    case TYPE('u', 2):
        EACH(run, load16(at, swap));
        return true;
    case TYPE('i', 1):
        EACH(run, load_i8(at));
        return true;
    case TYPE('u', 1):
        EACH(run, *at);
        return true;
    case TYPE('b', 1):
        EACH(run, *at != 0);
        return true;
    case TYPE('f', 8):
        EACH_CHECKED(run, i64_of_f64, load_f64(at, swap));
        return true;
    case TYPE('f', 4):
        EACH_CHECKED(run, i64_of_f64, load_f32(at, swap));
        return true;
    case TYPE('f', 2):
        EACH_CHECKED(run, i64_of_f64, load_f16(at, swap));
        return true;
    default:
        return false;
    }
}

/* Any kind but O. */
static mc_status plain_i64(const mc_ndarray *array, int64_t *out, mc_error *err)
{
    mc_runs runs;
    mc_run run;
    size_t done = 0;
    mc_runs_init(&runs, array);
    while (mc_runs_next(&runs, &run)) {
        size_t bad = run.n;
        if (!i64_run(&array->dtype, run, out + done, &bad))
            return refuse_kind(array, "integers", err);
        if (bad < run.n)
            return refuse_inexact("an int64", done + bad, err);
        done += run.n;
    }
    return MC_OK;
}

static mc_status i64_of_objects(const mc_ndarray *array, int64_t *out, mc_error *err)
{
    for (size_t i = 0; i < array->n_items; i++)
        MC_TRY_IN(mc_integer_from_value(array->objects[i], &out[i], err), err, "item %zu", i);
    return MC_OK;
}

mc_status mc_ndarray_i64(mc_arena *arena, const mc_ndarray *array, int64_t **out, mc_error *err)
{
    int64_t *integers = NULL;
    MC_TRY(mc_arena_new_raw(arena, int64_t, array->n_items, &integers, err));
    if (array->dtype.kind == 'O')
        MC_TRY(i64_of_objects(array, integers, err));
    else
        MC_TRY(plain_i64(array, integers, err));
    *out = integers;
    return MC_OK;
}

/* -------------------------------------------------------------------------------- one number ----
 */

/* The view of a scalar: a plain number, a numpy scalar, a 0-d array. No object in an object. */
static mc_status scalar_view(const mc_value *value, mc_ndarray *out, mc_error *err)
{
    char text[256];
    const bool is_plain = mc_value_is(value, MC_KIND_INT) || mc_value_is(value, MC_KIND_FLOAT) ||
                          mc_value_is(value, MC_KIND_BOOL);
    if (is_plain || mc_value_is_array(value))
        MC_TRY(mc_ndarray_from_value(NULL, value, out, err));
    if (out->n_items != 1 || out->dtype.kind == 'O')
        return mc_fail(err, MC_E_UNSUPPORTED, value == NULL ? MC_NO_OFFSET : value->offset,
                       "need a number, found %s", mc_value_type_name(value, text, sizeof text));
    return MC_OK;
}

mc_status mc_number_from_value(const mc_value *value, double *out, mc_error *err)
{
    mc_ndarray scalar = {0};
    double number = 0;
    if (mc_value_is(value, MC_KIND_FLOAT)) {
        *out = value->as.number;
        return MC_OK;
    }
    MC_TRY(scalar_view(value, &scalar, err));
    MC_TRY(plain_f64(&scalar, &number, err));
    *out = number;
    return MC_OK;
}

mc_status mc_integer_from_value(const mc_value *value, int64_t *out, mc_error *err)
{
    mc_ndarray scalar = {0};
    int64_t integer = 0;
    MC_TRY(scalar_view(value, &scalar, err));
    MC_TRY(plain_i64(&scalar, &integer, err));
    *out = integer;
    return MC_OK;
}

mc_status mc_bool_from_value(const mc_value *value, bool *out, mc_error *err)
{
    int64_t integer = 0;
    MC_TRY(mc_integer_from_value(value, &integer, err));
    if (integer != 0 && integer != 1)
        return mc_fail(err, MC_E_UNSUPPORTED, value->offset, "need True or False, found %lld",
                       (long long)integer);
    *out = integer == 1;
    return MC_OK;
}
