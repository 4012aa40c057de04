/* companion.h: the files that lie beside a model's own and hold its arrays.
 *
 * joblib up to 0.9 writes `model.pkl`, and each array to `model.pkl_01.npy`, `model.pkl_02.npy` ...
 * or, compressed, to `model.pkl_01.npy.z` ... The pickle names them. A pickle is untrusted: what it
 * names is opened only as a plain name in the folder of the model's file (see source.h), only so
 * many, charged to the same budget. */
#ifndef MC_IMPORT_COMPANION_H
#define MC_IMPORT_COMPANION_H
#include "base/vec.h"
#include "import/file/source.h"

/* *Owned* by the graph that borrows from the files. */
typedef struct mc_companions {
    const char *path; /* borrowed: of the model's own file; NULL: nothing lies beside it */
    mc_reserve_fn *reserve;
    void *context;
    mc_vec sources; /* of mc_source, owned */
    size_t n_bytes; /* of all of them */
} mc_companions;

/* The bytes of the file `name`, which stay until mc_companions_close(). With `is_zf` it must be a
 * ZF container, and the bytes are what is in it. A file that is missing is MC_E_IO naming it. */
MC_MUST_CHECK mc_status mc_companions_open(mc_companions *companions, mc_bytes name, bool is_zf,
                                           mc_bytes *out, mc_error *err);
void mc_companions_close(mc_companions *companions);
#endif
