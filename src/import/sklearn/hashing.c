/* hashing.c: FeatureHasher.
 *
 * Oracle   sklearn/feature_extraction/_hash.py, _hashing_fast.pyx, scikit-learn 1.2 to 1.9.
 * Exact    As image/run_tokens.c. */
#include "base/limits.h"
#include "import/sklearn/text_analyzer.h"

static mc_status input_kind(const mc_value *est, uint32_t *out, mc_error *err)
{
    static const char *const KINDS[] = {"dict", "pair", "string"};
    size_t at = 0;
    MC_TRY(mc_attr_choice(est, "input_type", KINDS, MC_COUNT_OF(KINDS), &at, err));
    *out = (uint32_t)at;
    return MC_OK;
}

mc_status mc_lower_feature_hasher(mc_lowering *to, const mc_value *est, mc_method method,
                                  const mc_sym *x, mc_answer *out, mc_error *err)
{
    mc_step step = MC_STEP_INIT(HASH_FEATURES);
    mc_sym y = {.kind = MC_SYM_SPARSE, .sparse = true};
    mc_sym rows;
    int64_t n = 0;
    bool float32 = false, alternates = true;
    if (method != MC_METHOD_TRANSFORM)
        return mc_no_method(err, est, method);
    MC_TRY(mc_attr_integer(est, "n_features", INT64_C(1) << 20, &n, err));
    if (n < 1 || (uint64_t)n > MC_LIMIT_WIDTH)
        return mc_refuse(err, est, "n_features: expected 1 to %zu, found %lld", MC_LIMIT_WIDTH,
                         (long long)n);
    MC_TRY(mc_text_dtype(to, est, MC_VALUE_FLOAT, &y.type, &float32, err));
    if (y.type != MC_VALUE_FLOAT)
        return mc_refuse(err, est, "dtype: expected float64 or float32");
    MC_TRY(mc_attr_bool(est, "alternate_sign", true, &alternates, err));
    MC_TRY(input_kind(est, &step.n[0], err));
    MC_TRY(mc_to_documents(to, est, x, &rows, err));
    step.src = rows.buffer;
    step.flags =
        (uint16_t)((alternates ? MC_STEP_ALTERNATE_SIGN : 0) | (float32 ? MC_STEP_HELD32 : 0));
    y.n_cols = (size_t)n;
    MC_TRY(mc_build_step(to->b, step, y.n_cols, &y.buffer, err));
    return mc_answer_matrix(to, y, out, err);
}
