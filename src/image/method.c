/* method.c: methods by name, in scikit-learn's words. */
#include <string.h>

#include "base/base.h"

static const char *const NAMES[MC_N_METHODS] = {
    [MC_METHOD_PREDICT] = "predict",
    [MC_METHOD_PREDICT_PROBA] = "predict_proba",
    [MC_METHOD_PREDICT_LOG_PROBA] = "predict_log_proba",
    [MC_METHOD_DECISION_FUNCTION] = "decision_function",
    [MC_METHOD_TRANSFORM] = "transform",
    [MC_METHOD_SCORE_SAMPLES] = "score_samples",
    [MC_METHOD_APPLY] = "apply",
    [MC_METHOD_INVERSE_TRANSFORM] = "inverse_transform",
    [MC_METHOD_PREDICT_STD] = "predict_std",
    [MC_METHOD_KNEIGHBORS] = "kneighbors",
    [MC_METHOD_PREDICT_COV] = "predict_cov",
    [MC_METHOD_RADIUS_NEIGHBORS] = "radius_neighbors",
    [MC_METHOD_KNEIGHBORS_GRAPH] = "kneighbors_graph",
    [MC_METHOD_RADIUS_NEIGHBORS_GRAPH] = "radius_neighbors_graph",
    [MC_METHOD_DECISION_PATH] = "decision_path",
    [MC_METHOD_MAHALANOBIS] = "mahalanobis",
    [MC_METHOD_PREDICT_JOINT_LOG_PROBA] = "predict_joint_log_proba",
};

const char *mc_method_name(mc_method method)
{
    if (method == MC_METHOD_DEFAULT)
        return "the default method";
    return (size_t)method < MC_N_METHODS ? NAMES[method] : "unknown";
}

mc_status mc_method_find(const char *name, size_t name_size, mc_method *out)
{
    for (size_t i = 0; i < MC_N_METHODS; i++) {
        if (strlen(NAMES[i]) == name_size && memcmp(NAMES[i], name, name_size) == 0) {
            *out = (mc_method)i;
            return MC_OK;
        }
    }
    return MC_E_NO_METHOD;
}
