/* sklearn.h: a graph whose root is a fitted scikit-learn object -> a verified image. */
#ifndef MC_SKLEARN_SKLEARN_H
#define MC_SKLEARN_SKLEARN_H
#include "base/arena.h"
#include "image/image.h"
#include "import/file/source.h"
#include "pickle/graph.h"

/* Lowers every method that `root` has. `reserve` (may be NULL) is asked for the image's bytes
 * before they are taken. */
MC_MUST_CHECK mc_status mc_sklearn_import(const mc_value *root, mc_arena *arena,
                                          mc_reserve_fn *reserve, void *context, mc_image *out,
                                          mc_error *err);
#endif
