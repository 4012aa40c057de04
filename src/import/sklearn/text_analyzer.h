/* text_analyzer.h: what CountVectorizer and HashingVectorizer have in common: how a document
 * becomes tokens. */
#ifndef MC_SKLEARN_TEXT_ANALYZER_H
#define MC_SKLEARN_TEXT_ANALYZER_H
#include "import/sklearn/attr.h"
#include "import/sklearn/emit.h"

/* Options, pattern and stop words of a vectorizer, into the arrays of `step`
 * (image/text_steps.h). What is user code, or reads files, is refused by name. */
MC_MUST_CHECK mc_status mc_put_analyzer(mc_lowering *to, const mc_value *est, mc_step *step,
                                        mc_error *err);

/* What a preprocessor that has a step of its own does to documents `x`; others are options. */
MC_MUST_CHECK mc_status mc_emit_preprocessor(mc_lowering *to, const mc_value *est, mc_sym *x,
                                             mc_error *err);

/* Tokens (n), id by id, as the token table array `at` of a step and its bytes behind it. */
MC_MUST_CHECK mc_status mc_put_tokens(mc_lowering *to, const mc_value *est, const mc_bytes *tokens,
                                      size_t n, mc_step *step, size_t at, mc_error *err);

/* The vocabulary of a vectorizer by column: of a dict (names to columns), or of a list or set. */
MC_MUST_CHECK mc_status mc_vocabulary_of(mc_lowering *to, const mc_value *est, const char *name,
                                         const mc_bytes **out, size_t *out_n, mc_error *err);

/* How numpy would show values of the attribute `dtype`, and whether it is float32. */
MC_MUST_CHECK mc_status mc_text_dtype(mc_lowering *to, const mc_value *est, mc_value_type otherwise,
                                      mc_value_type *out, bool *out_float32, mc_error *err);

/* x, one column, as cells. */
MC_MUST_CHECK mc_status mc_to_documents(mc_lowering *to, const mc_value *est, const mc_sym *x,
                                        mc_sym *out, mc_error *err);

/* What a row of the model is that `root` opens: of the first estimator on the way of the rows. */
mc_row_kind mc_row_kind_of(const mc_value *root);
#endif
