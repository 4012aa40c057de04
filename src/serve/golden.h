/* golden.h: rows that a model must answer before it is published.
 *
 *   warm-up rows  are only asked: what a model answers them with does not matter, that it does,
 * does golden rows   come with the answers that are expected
 *
 * A file FILE.csv is CSV, of golden rows with the expected answer in its last column; its first
 * line is a header if that column is called "prediction". Any other file holds a request a line, as
 * POST /predict takes it, of golden rows with the answer beside it:
 *     {"input": [5.1, 3.5, 1.4, 0.2], "prediction": ["setosa"]}
 *     {"inputs": [[...], [...]], "method": "predict_proba", "prediction": [[0.9, 0.1], [0.2, 0.8]]}
 * null expects a missing value. Numbers may differ by tolerance * max(1, |expected|), or by
 * `most` if that is more. */
#ifndef MC_GOLDEN_H
#define MC_GOLDEN_H
#include "base/base.h"

#define MC_GOLDEN_BYTES ((size_t)64 << 20) /* largest file */

/* May take long; on any thread. @return MC_OK; MC_E_MISMATCH "row 3: expected 1, found 2", also for
 * a file that cannot be read or understood; MC_E_NO_MEMORY, MC_E_BUSY. */
MC_MUST_CHECK mc_status mc_golden_warm_up(const mc_model *model, const char *path, mc_error *err);
MC_MUST_CHECK mc_status mc_golden_check(const mc_model *model, const char *path, double tolerance,
                                        double most, mc_error *err);
#endif
