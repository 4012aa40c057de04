/* catboost_ctr.h: the categorical features of a model of CatBoost. */
#ifndef MC_IMPORT_CATBOOST_CTR_H
#define MC_IMPORT_CATBOOST_CTR_H
#include "import/catboost/catboost.h"
#include "import/catboost/catboost_flat.h"

/* Adds groups to a model whose columns are known, and their splits behind those of numbers. `rest`
 * is what follows the core. */
MC_MUST_CHECK mc_status mc_cat_read_categories(mc_lowering *to, const mc_flat *in, mc_bytes rest,
                                               const mc_flat_list *one_hot,
                                               const mc_flat_list *means, mc_cat *out,
                                               mc_error *err);
#endif
