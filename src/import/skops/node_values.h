/* node_values.h: loaders of containers, scalars, objects and functions of a skops file. */
#ifndef MC_SKOPS_NODE_VALUES_H
#define MC_SKOPS_NODE_VALUES_H
#include "import/skops/maker.h"

mc_skops_fill mc_skops_fill_json;
mc_skops_fill mc_skops_fill_name;
mc_skops_fill mc_skops_fill_dict;
mc_skops_fill mc_skops_fill_list;
mc_skops_fill mc_skops_fill_tuple;
mc_skops_fill mc_skops_fill_set;
mc_skops_fill mc_skops_fill_object;
mc_skops_fill mc_skops_fill_reduced;
mc_skops_fill mc_skops_fill_function;
mc_skops_fill mc_skops_fill_slice;
mc_skops_fill mc_skops_fill_random;
mc_skops_fill mc_skops_fill_constructed;
mc_skops_fill mc_skops_fill_method;
mc_skops_fill mc_skops_fill_partial;
mc_skops_fill mc_skops_fill_operator;
mc_skops_fill mc_skops_fill_default_dict;
#endif
