/* joblib.h: what joblib adds to a pickle: after the BUILD of a NumpyArrayWrapper the array's bytes
 * lie raw in the stream; up to 0.9 NDArrayWrapper and ZNDArrayWrapper name a file that holds them.
 *
 * Oracle   joblib/numpy_pickle.py, NumpyArrayWrapper.read_array, joblib 0.10 to 1.5;
 *          joblib/numpy_pickle.py of 0.8 and 0.9, {,Z}NDArrayWrapper.read, read_zfile. */
#ifndef MC_IMPORT_JOBLIB_H
#define MC_IMPORT_JOBLIB_H
#include "import/file/companion.h"
#include "pickle/pickle.h"

/* State of one file's reading; `options` is what its pickles, nested ones too, are read with. */
typedef struct mc_joblib {
    mc_pickle_options options;
    mc_arena *arena;           /* borrowed: of the graph */
    mc_companions *companions; /* borrowed: outlive the graph; NULL: files are not read */
    uint32_t depth;            /* pickles open */
    bool found;                /* an array was read: the file is joblib's */
} mc_joblib;

void mc_joblib_init(mc_joblib *joblib, mc_global_lookup *lookup, mc_arena *arena);
/* Reads one pickle at the reader, wrappers replaced by MC_NATIVE_NDARRAY values that borrow from
 * the reader's data. */
MC_MUST_CHECK mc_status mc_joblib_read(mc_joblib *joblib, mc_reader *reader, mc_value **out,
                                       mc_error *err);
#endif
