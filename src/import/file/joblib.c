/* joblib.c: arrays whose bytes follow their wrapper in the stream, or lie in a file beside it.
 *
 * The wrapper's state says subclass, shape, order, dtype, and numpy_array_alignment_bytes when
 * padding precedes the data: one byte telling its length, then so many bytes. Arrays of objects are
 * a pickle of their own instead; those nest at most MC_LIMIT_NESTED_PICKLES deep, which also bounds
 * the C stack.
 *
 * The wrappers of joblib up to 0.9 name a file: NDArrayWrapper a .npy (an array of objects is a
 * pickle there too), ZNDArrayWrapper the compressed bytes of an array whose shape, dtype and order
 * are in its state, as an array's own __reduce__ gives them. */
#include "import/file/joblib.h"

#include "array/shape.h"
#include "base/size.h"
#include "import/file/npy.h"

static mc_status after_build(void *context, mc_reader *reader, mc_value **value, mc_error *err);

void mc_joblib_init(mc_joblib *joblib, mc_global_lookup *lookup, mc_arena *arena)
{
    *joblib = (mc_joblib){.arena = arena};
    joblib->options =
        (mc_pickle_options){.lookup = lookup, .after_build = after_build, .context = joblib};
}

mc_status mc_joblib_read(mc_joblib *joblib, mc_reader *reader, mc_value **out, mc_error *err)
{
    if (joblib->depth > MC_LIMIT_NESTED_PICKLES)
        return mc_fail(err, MC_E_LIMIT, reader->at, "pickles nested more than %d deep",
                       MC_LIMIT_NESTED_PICKLES);
    joblib->depth++;
    const mc_status status = mc_pickle_read(reader, &joblib->options, joblib->arena, out, err);
    joblib->depth--;
    return status;
}

static mc_status skip_padding(mc_reader *reader)
{
    uint8_t size = 0;
    const uint8_t *padding = NULL;
    MC_TRY(mc_read_u8(reader, &size));
    return mc_read_bytes(reader, size, &padding);
}

static mc_status wrapper_shape(const mc_value *wrapper, mc_ndarray *array, mc_error *err)
{
    const mc_value *shape = mc_value_attr(wrapper, "shape");
    const mc_value *order = mc_value_attr(wrapper, "order");
    return mc_ndarray_set_shape(array, shape, mc_value_is_text(order, "F"), wrapper->offset, err);
}

static mc_status read_raw(mc_reader *reader, const mc_value *wrapper, mc_ndarray *array,
                          mc_error *err)
{
    MC_TRY(wrapper_shape(wrapper, array, err));
    if (!mc_value_is_none(mc_value_attr(wrapper, "numpy_array_alignment_bytes")))
        MC_TRY(skip_padding(reader));
    return mc_read_bytes(reader, mc_ndarray_byte_size(array), &array->data);
}

static mc_status read_objects(mc_joblib *joblib, mc_reader *reader, mc_ndarray *array,
                              mc_error *err)
{
    mc_value *nested = NULL;
    MC_TRY(mc_joblib_read(joblib, reader, &nested, err));
    MC_ASSERT(nested != NULL);
    if (!mc_value_is_array(nested)) {
        return mc_fail(err, MC_E_MALFORMED, nested->offset,
                       "need the array that the wrapper announced, found %s",
                       mc_value_kind_name(nested->kind));
    }
    return mc_ndarray_from_value(joblib->arena, nested, array, err);
}

/* The attributes are looked up one by one; a wrapper has seven, but a hostile one may share a huge
 * state with a million others. */
#define MAX_WRAPPER_ITEMS 64

static mc_status check_wrapper(const mc_value *wrapper, mc_error *err)
{
    const mc_value *state = wrapper->as.object->state;
    if (!mc_value_is(state, MC_KIND_DICT) || state->as.items.n > MAX_WRAPPER_ITEMS ||
        wrapper->as.object->states.n != 1)
        return mc_fail(err, MC_E_MALFORMED, wrapper->offset,
                       "need one dict of a few attributes as its state");
    return MC_OK;
}

/* ---------------------------------------------------------- arrays in files beside the pickle */

static mc_status open_file(mc_joblib *joblib, mc_bytes name, bool is_zf, mc_bytes *out,
                           mc_error *err)
{
    MC_TRY(mc_companions_open(joblib->companions, name, is_zf, out, err));
    /* What a graph may take grows with what is read: arrays are converted in its arena. */
    size_t more = 0;
    if (!mc_mul_size(out->size, MC_LIMIT_GRAPH_FACTOR, &more) ||
        !mc_add_size(joblib->arena->limit, more, &joblib->arena->limit))
        joblib->arena->limit = SIZE_MAX;
    return MC_OK;
}

static mc_status read_npy(mc_joblib *joblib, mc_bytes name, mc_ndarray *array, mc_error *err)
{
    mc_bytes file = {0};
    MC_TRY(open_file(joblib, name, false, &file, err));
    mc_reader reader = {.data = file.data, .size = file.size, .err = err};
    MC_TRY(mc_npy_read_header(&reader, joblib->arena, array, err));
    if (array->dtype.kind == 'O')
        return read_objects(joblib, &reader, array, err);
    return mc_read_bytes(&reader, mc_ndarray_byte_size(array), &array->data);
}

/* The state is that of an array without its last item, the data. */
static mc_status read_zipped(mc_joblib *joblib, const mc_value *wrapper, mc_bytes name,
                             mc_ndarray *array, mc_error *err)
{
    enum { SHAPE = 1, DTYPE, IS_FORTRAN, N };
    const mc_value *state = mc_value_attr(wrapper, "state");
    if (!mc_value_is(state, MC_KIND_TUPLE) || state->as.items.n != N)
        return mc_fail(err, MC_E_MALFORMED, wrapper->offset,
                       "need version, shape, dtype and order as the state of the array");
    mc_value *const *item = state->as.items.at;
    const bool is_fortran =
        (item[IS_FORTRAN]->kind == MC_KIND_BOOL || item[IS_FORTRAN]->kind == MC_KIND_INT) &&
        item[IS_FORTRAN]->as.integer != 0;
    MC_TRY(mc_dtype_from_value(joblib->arena, item[DTYPE], &array->dtype, err));
    if (array->dtype.kind == 'O') /* joblib 0.8 on Python 2 writes such, and cannot read them */
        return mc_fail(err, MC_E_UNSUPPORTED, wrapper->offset, "objects do not lie in a ZF file");
    MC_TRY(mc_ndarray_set_shape(array, item[SHAPE], is_fortran, wrapper->offset, err));
    mc_bytes file = {0};
    MC_TRY(open_file(joblib, name, true, &file, err));
    if (file.size != mc_ndarray_byte_size(array)) {
        return mc_fail(err, MC_E_MALFORMED, wrapper->offset,
                       "array of %zu items of %zu bytes, found %zu bytes in its file",
                       array->n_items, array->dtype.item_size, file.size);
    }
    array->data = file.data;
    return MC_OK;
}

static mc_status read_from_file(mc_joblib *joblib, const mc_value *wrapper, bool is_zf,
                                mc_ndarray *array, mc_error *err)
{
    const mc_value *filename = mc_value_attr(wrapper, "filename");
    if (!mc_value_is(filename, MC_KIND_TEXT) && !mc_value_is(filename, MC_KIND_BYTES))
        return mc_fail(err, MC_E_MALFORMED, wrapper->offset, "need the name of the array's file");
    const mc_bytes name = filename->as.bytes;
    MC_TRY_IN(is_zf ? read_zipped(joblib, wrapper, name, array, err)
                    : read_npy(joblib, name, array, err),
              err, "file \"%.*s\"", MC_SHOW(name));
    return MC_OK;
}

/* ------------------------------------------------------------------------------- wrappers ---- */

typedef enum wrapper_kind { NO_WRAPPER, IN_STREAM, IN_NPY, IN_ZF } wrapper_kind;

static wrapper_kind kind_of(const mc_value *value)
{
    static const char MODULE[] = "joblib.numpy_pickle";
    return mc_value_is_a(value, MODULE, "NumpyArrayWrapper") ? IN_STREAM
           : mc_value_is_a(value, MODULE, "NDArrayWrapper")  ? IN_NPY
           : mc_value_is_a(value, MODULE, "ZNDArrayWrapper") ? IN_ZF
                                                             : NO_WRAPPER;
}

static mc_status read_in_stream(mc_joblib *joblib, mc_reader *reader, const mc_value *wrapper,
                                mc_ndarray *array, mc_error *err)
{
    MC_TRY(mc_dtype_from_value(joblib->arena, mc_value_attr(wrapper, "dtype"), &array->dtype, err));
    return array->dtype.kind == 'O' ? read_objects(joblib, reader, array, err)
                                    : read_raw(reader, wrapper, array, err);
}

static mc_status read_array(mc_joblib *joblib, mc_reader *reader, wrapper_kind kind,
                            mc_value **value, mc_error *err)
{
    const mc_value *wrapper = *value;
    mc_ndarray *array = NULL;
    mc_value *native = NULL;

    MC_TRY(check_wrapper(wrapper, err));
    MC_TRY(mc_arena_new(joblib->arena, mc_ndarray, 1, &array, err));
    MC_TRY(mc_arena_new(joblib->arena, mc_value, 1, &native, err));
    MC_TRY(kind == IN_STREAM ? read_in_stream(joblib, reader, wrapper, array, err)
                             : read_from_file(joblib, wrapper, kind == IN_ZF, array, err));
    native->kind = MC_KIND_NATIVE;
    native->offset = wrapper->offset;
    native->as.native.tag = MC_NATIVE_NDARRAY;
    native->as.native.data = array;
    *value = native;
    joblib->found = true;
    return MC_OK;
}

static mc_status after_build(void *context, mc_reader *reader, mc_value **value, mc_error *err)
{
    const wrapper_kind kind = kind_of(*value);
    if (kind == NO_WRAPPER)
        return MC_OK;
    MC_TRY_IN(read_array(context, reader, kind, value, err), err, "joblib array at byte %llu",
              (unsigned long long)(*value)->offset);
    return MC_OK;
}
