/* tfidf_transformer.h: the weights of TF-IDF, which TfidfTransformer and TfidfVectorizer share. */
#ifndef MC_SKLEARN_TFIDF_TRANSFORMER_H
#define MC_SKLEARN_TFIDF_TRANSFORMER_H
#include "import/sklearn/attr.h"
#include "import/sklearn/emit.h"

/* `est` is a TfidfTransformer, x a MC_SYM_SPARSE; `float32` if its values are such. */
MC_MUST_CHECK mc_status mc_emit_tfidf(mc_lowering *to, const mc_value *est, const mc_sym *x,
                                      bool float32, mc_sym *out, mc_error *err);
#endif
