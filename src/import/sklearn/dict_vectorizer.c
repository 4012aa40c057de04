/* dict_vectorizer.c: DictVectorizer, there and back.
 *
 * Oracle   sklearn/feature_extraction/_dict_vectorizer.py, scikit-learn 1.2 to 1.9.
 * Exact    Bit for bit. */
#include "import/sklearn/text_analyzer.h"

typedef enum dtype_code { DTYPE_F64 = 0, DTYPE_F32, DTYPE_WHOLE } dtype_code;

static mc_status put_separator(mc_lowering *to, const mc_value *est, mc_step *step, mc_error *err)
{
    const mc_bytes separator = mc_attr_text(est, "separator");
    const mc_bytes text = separator.data == NULL ? mc_bytes_of("=") : separator;
    return mc_build_array(to->b, MC_ARRAY_U8, text.data, text.size, 1, &step->array[2], err);
}

static mc_status forth(mc_lowering *to, const mc_value *est, const mc_sym *x, mc_sym *out,
                       mc_error *err)
{
    mc_step step = MC_STEP_INIT(DICT_COLUMNS);
    mc_sym rows;
    const mc_bytes *names = NULL;
    size_t n = 0;
    bool sparse = true, float32 = false;
    *out = (mc_sym){.kind = MC_SYM_SPARSE};
    MC_TRY(mc_vocabulary_of(to, est, "vocabulary_", &names, &n, err));
    MC_TRY(mc_text_dtype(to, est, MC_VALUE_FLOAT, &out->type, &float32, err));
    MC_TRY(mc_attr_bool(est, "sparse", true, &sparse, err));
    if (out->type == MC_VALUE_BOOL)
        return mc_refuse(err, est, "dtype: expected numbers, found bool");
    step.n[0] = float32 ? DTYPE_F32 : out->type == MC_VALUE_INT ? DTYPE_WHOLE : DTYPE_F64;
    MC_TRY(mc_to_documents(to, est, x, &rows, err));
    step.src = rows.buffer;
    MC_TRY(mc_put_tokens(to, est, names, n, &step, 0, err));
    MC_TRY(put_separator(to, est, &step, err));
    MC_TRY(mc_build_step(to->b, step, n, &out->buffer, err));
    out->n_cols = n;
    out->sparse = sparse;
    return MC_OK;
}

static mc_status back(mc_lowering *to, const mc_value *est, const mc_sym *x, mc_sym *out,
                      mc_error *err)
{
    mc_step step = MC_STEP_INIT(TOKEN_DICT);
    mc_sym y;
    const mc_bytes *names = NULL;
    size_t n = 0;
    MC_TRY(mc_vocabulary_of(to, est, "vocabulary_", &names, &n, err));
    if (x->n_cols != n)
        return mc_refuse(err, est, "inverse_transform of %zu columns, of %zu", x->n_cols, n);
    MC_TRY(mc_emit_check_sparse(to, x, MC_FINITE, &y, err));
    MC_TRY(mc_to_sparse(to, &y, &y, err));
    step.src = y.buffer;
    step.n[0] = MC_CELL_NUMBER;
    MC_TRY(mc_put_tokens(to, est, names, n, &step, 0, err));
    *out = (mc_sym){.kind = MC_SYM_CELLS, .n_cols = 1};
    return mc_build_step(to->b, step, 1, &out->buffer, err);
}

mc_status mc_lower_dict_vectorizer(mc_lowering *to, const mc_value *est, mc_method method,
                                   const mc_sym *x, mc_answer *out, mc_error *err)
{
    mc_sym y;
    if (method == MC_METHOD_INVERSE_TRANSFORM) {
        MC_TRY(back(to, est, x, &y, err));
        return mc_answer_scalar(to, y, out, err);
    }
    if (method != MC_METHOD_TRANSFORM)
        return mc_no_method(err, est, method);
    MC_TRY(forth(to, est, x, &y, err));
    return mc_answer_matrix(to, y, out, err);
}
