/* small_models.h: fitted estimators written down as pickles of protocol 0, for tests of lowering:
 * versions that are not installed, and state that no scikit-learn would write. */
#ifndef MC_TEST_SMALL_MODELS_H
#define MC_TEST_SMALL_MODELS_H
#include "image/image.h"

#define ATTR(name, value) "S'" name "'\n" value "s"
#define NUMBER(x)         "F" #x "\n"
#define INTEGER(x)        "I" #x "\n"
#define TEXT(x)           "S'" x "'\n"
#define NOTHING           "N"
#define LIST(items)       "(l" items
#define ITEM(x)           x "a"
#define LIST_1(a)         LIST(ITEM(a))
#define LIST_2(a, b)      LIST(ITEM(a) ITEM(b))
#define LIST_3(a, b, c)   LIST(ITEM(a) ITEM(b) ITEM(c))
#define OBJECT(module, name, state) \
    "ccopy_reg\n_reconstructor\n(c" module "\n" name "\nc__builtin__\nobject\nNtR(d" state "b"
#define FITTED(version, n_features) \
    ATTR("_sklearn_version", TEXT(version)) ATTR("n_features_in_", INTEGER(n_features))
#define END "."

/* The image of a pickle, or what its import refuses. */
mc_status small_model_open(const char *pickle, mc_image *out, mc_error *err);
/* Runs `method` on rows (n_rows, n_columns); numbers of the part `name` (NULL: the first). */
mc_status small_model_ask(const mc_image *image, mc_method method, const double *rows,
                          size_t n_rows, size_t n_columns, const char *name, double *out,
                          mc_error *err);
#endif
