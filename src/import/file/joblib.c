/* joblib.c: arrays whose bytes follow their wrapper in the stream.
 *
 * The wrapper's state says subclass, shape, order, dtype, and numpy_array_alignment_bytes when
 * padding precedes the data: one byte telling its length, then so many bytes. Arrays of objects are
 * a pickle of their own instead; those nest at most MC_LIMIT_NESTED_PICKLES deep, which also bounds
 * the C stack. */
#include "import/file/joblib.h"

#include "array/shape.h"

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

static mc_status read_array(mc_joblib *joblib, mc_reader *reader, mc_value **value, mc_error *err)
{
    const mc_value *wrapper = *value;
    mc_ndarray *array = NULL;
    mc_value *native = NULL;

    MC_TRY(check_wrapper(wrapper, err));
    MC_TRY(mc_arena_new(joblib->arena, mc_ndarray, 1, &array, err));
    MC_TRY(mc_arena_new(joblib->arena, mc_value, 1, &native, err));
    MC_TRY(mc_dtype_from_value(joblib->arena, mc_value_attr(wrapper, "dtype"), &array->dtype, err));
    if (array->dtype.kind == 'O')
        MC_TRY(read_objects(joblib, reader, array, err));
    else
        MC_TRY(read_raw(reader, wrapper, array, err));
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
    if (!mc_value_is_a(*value, "joblib.numpy_pickle", "NumpyArrayWrapper"))
        return MC_OK;
    MC_TRY_IN(read_array(context, reader, value, err), err, "joblib array at byte %llu",
              (unsigned long long)(*value)->offset);
    return MC_OK;
}
