/* text_tokenizer.h: callables that make tokens of a text, by what a pickle names. */
#ifndef MC_SKLEARN_TEXT_TOKENIZER_H
#define MC_SKLEARN_TEXT_TOKENIZER_H
#include "import/sklearn/lower.h"
#include "kernel/text_options.h"

typedef enum mc_tokenizer_kind {
    MC_TOKENS_UNKNOWN, /* the user's code */
    MC_TOKENS_SPLIT,   /* str.split() */
    MC_TOKENS_EACH,    /* list() */
    MC_TOKENS_MATCHES  /* what re.findall() finds of `pattern` */
} mc_tokenizer_kind;

typedef struct mc_tokenizer {
    mc_tokenizer_kind kind;
    mc_bytes pattern; /* arena */
} mc_tokenizer;

/* str.split, list, re.compile(p).findall, functools.partial(re.split, p), operator.methodcaller(
 * "split", ",") ... */
MC_MUST_CHECK mc_status mc_tokenizer_read(mc_lowering *to, const mc_value *value, mc_tokenizer *out,
                                          mc_error *err);

/* functools.partial of a function without arguments is that function. */
const mc_value *mc_unwrap_partial(const mc_value *value);
/* The two arguments of a getattr(), or NULL. */
const mc_items *mc_attribute_of(const mc_value *value);
/* The arguments of operator.methodcaller(name, ...), name and all; NULL with keywords or if it is
 * none. */
const mc_items *mc_method_called(const mc_value *value);
/* The name of a method of str that is called without arguments: str.lower, which is pickled as
 * getattr(str, "lower"), or operator.methodcaller("lower"). {NULL, 0} else. */
mc_bytes mc_str_method(const mc_value *value);
/* What a method of str, or a function of numpy.char, makes of a text; MC_N_TEXT_OPS if it is none
 * of those known. */
mc_text_op mc_text_op_named(mc_bytes name);
/* The same of functools.partial(unicodedata.normalize, form) and html.unescape. */
mc_text_op mc_text_op_called(const mc_value *value);
#endif
