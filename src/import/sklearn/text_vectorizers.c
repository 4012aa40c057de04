/* text_vectorizers.c: CountVectorizer, TfidfVectorizer, HashingVectorizer.
 *
 * Oracle   sklearn/feature_extraction/text.py, scikit-learn 1.2 to 1.9.
 * Exact    Counts bit for bit; weights as kernel/tfidf.h. */
#include "base/limits.h"
#include "image/text_steps.h"
#include "import/sklearn/text_analyzer.h"
#include "import/sklearn/tfidf_transformer.h"

static mc_status read_flag(const mc_value *est, const char *name, bool otherwise, uint16_t flag,
                           mc_step *step, mc_error *err)
{
    bool on = otherwise;
    MC_TRY(mc_attr_bool(est, name, otherwise, &on, err));
    step->flags = (uint16_t)(step->flags | (on ? flag : 0));
    return MC_OK;
}

static mc_status build_sparse(mc_lowering *to, mc_step step, size_t width, mc_value_type type,
                              mc_sym *out, mc_error *err)
{
    uint32_t buffer = 0;
    MC_TRY(mc_build_step(to->b, step, width, &buffer, err));
    *out = (mc_sym){
        .kind = MC_SYM_SPARSE, .buffer = buffer, .n_cols = width, .sparse = true, .type = type};
    return MC_OK;
}

/* vocabulary_, or the vocabulary that the user gave to a vectorizer that needs no fit. */
static mc_status tokens_of(mc_lowering *to, const mc_value *est, const mc_bytes **out, size_t *n,
                           mc_error *err)
{
    const char *name = mc_attr_has(est, "vocabulary_") ? "vocabulary_" : "vocabulary";
    MC_TRY(mc_vocabulary_of(to, est, name, out, n, err));
    return *n > 0 ? MC_OK : mc_refuse(err, est, "%s is empty", name);
}

static mc_status emit_counts(mc_lowering *to, const mc_value *est, const mc_sym *x, mc_sym *out,
                             bool *out_float32, mc_error *err)
{
    mc_step step = MC_STEP_INIT(TEXT_COUNT);
    mc_sym documents;
    const mc_bytes *tokens = NULL;
    size_t n = 0;
    mc_value_type type = MC_VALUE_INT;
    MC_TRY(tokens_of(to, est, &tokens, &n, err));
    MC_TRY(mc_text_dtype(to, est, MC_VALUE_INT, &type, out_float32, err));
    MC_TRY(mc_to_documents(to, est, x, &documents, err));
    MC_TRY(mc_emit_preprocessor(to, est, &documents, err));
    step.src = documents.buffer;
    MC_TRY(read_flag(est, "binary", false, MC_STEP_BINARY, &step, err));
    MC_TRY(mc_put_analyzer(to, est, &step, err));
    MC_TRY(mc_put_tokens(to, est, tokens, n, &step, MC_TEXT_VOCABULARY, err));
    return build_sparse(to, step, n, type, out, err);
}

/* -------------------------------------------------------------------------------- and back ---- */

/* The tokens of each row's columns that are not 0. */
static mc_status emit_tokens(mc_lowering *to, const mc_value *est, const mc_sym *x, mc_sym *out,
                             mc_error *err)
{
    mc_step step = MC_STEP_INIT(TOKEN_LIST);
    mc_sym y;
    const mc_bytes *tokens = NULL;
    size_t n = 0;
    MC_TRY(tokens_of(to, est, &tokens, &n, err));
    if (x->n_cols != n)
        return mc_refuse(err, est, "inverse_transform of %zu columns, of %zu", x->n_cols, n);
    MC_TRY(mc_emit_check_sparse(to, x, MC_FINITE, &y, err));
    MC_TRY(mc_to_sparse(to, &y, &y, err));
    step.src = y.buffer;
    MC_TRY(mc_put_tokens(to, est, tokens, n, &step, 0, err));
    *out = (mc_sym){.kind = MC_SYM_CELLS, .n_cols = 1};
    return mc_build_step(to->b, step, 1, &out->buffer, err);
}

/* ---------------------------------------------------------------------------- the classes ---- */

mc_status mc_lower_count_vectorizer(mc_lowering *to, const mc_value *est, mc_method method,
                                    const mc_sym *x, mc_answer *out, mc_error *err)
{
    mc_sym y;
    bool float32 = false;
    if (method == MC_METHOD_INVERSE_TRANSFORM) {
        MC_TRY(emit_tokens(to, est, x, &y, err));
        return mc_answer_scalar(to, y, out, err);
    }
    if (method != MC_METHOD_TRANSFORM)
        return mc_no_method(err, est, method);
    MC_TRY(emit_counts(to, est, x, &y, &float32, err));
    if (mc_bytes_is(mc_class_name(est), "TfidfVectorizer")) {
        const mc_value *weights = NULL;
        MC_TRY(mc_attr_need(est, "_tfidf", &weights, err));
        MC_TRY(mc_emit_tfidf(to, weights, &y, float32, &y, err));
    }
    return mc_answer_matrix(to, y, out, err);
}

static mc_status emit_norm(mc_lowering *to, const mc_value *est, const mc_sym *x, bool float32,
                           mc_sym *out, mc_error *err)
{
    mc_step step = MC_STEP_INIT(TFIDF);
    const mc_value *norm = mc_value_attr(est, "norm");
    *out = *x;
    if (mc_value_is_none(norm))
        return MC_OK;
    if (!mc_value_is_text(norm, "l1") && !mc_value_is_text(norm, "l2"))
        return mc_refuse(err, est, "norm: expected \"l1\", \"l2\" or None");
    step.src = x->buffer;
    step.n[0] = mc_value_is_text(norm, "l1") ? 1 : 2;
    step.flags = float32 ? MC_STEP_HELD32 : 0;
    return mc_build_step(to->b, step, x->n_cols, &out->buffer, err);
}

mc_status mc_lower_hashing_vectorizer(mc_lowering *to, const mc_value *est, mc_method method,
                                      const mc_sym *x, mc_answer *out, mc_error *err)
{
    mc_step step = MC_STEP_INIT(TEXT_HASH);
    mc_sym y;
    int64_t n = 0;
    bool float32 = false;
    mc_value_type type = MC_VALUE_FLOAT;
    if (method != MC_METHOD_TRANSFORM)
        return mc_no_method(err, est, method);
    MC_TRY(mc_attr_integer(est, "n_features", INT64_C(1) << 20, &n, err));
    if (n < 1 || (uint64_t)n > MC_LIMIT_WIDTH)
        return mc_refuse(err, est, "n_features: expected 1 to %zu, found %lld", MC_LIMIT_WIDTH,
                         (long long)n);
    MC_TRY(mc_text_dtype(to, est, MC_VALUE_FLOAT, &type, &float32, err));
    MC_TRY(mc_to_documents(to, est, x, &y, err));
    MC_TRY(mc_emit_preprocessor(to, est, &y, err));
    step.src = y.buffer;
    MC_TRY(read_flag(est, "binary", false, MC_STEP_BINARY, &step, err));
    MC_TRY(read_flag(est, "alternate_sign", true, MC_STEP_ALTERNATE_SIGN, &step, err));
    MC_TRY(mc_put_analyzer(to, est, &step, err));
    MC_TRY(build_sparse(to, step, (size_t)n, type, &y, err));
    MC_TRY(emit_norm(to, est, &y, float32, &y, err));
    return mc_answer_matrix(to, y, out, err);
}
