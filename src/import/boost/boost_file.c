/* boost_file.c: the boosting libraries' own files, as the Booster objects that hold the same bytes.
 *
 * Why so   A pickled Booster is an object whose state has these very bytes: who reads the one reads
 *          the other. */
#include "import/boost/boost_file.h"

#include <string.h>

static bool is_lightgbm(mc_bytes bytes)
{
    return bytes.size >= 5 && memcmp(bytes.data, "tree\n", 5) == 0;
}

/* XGBoost's binary form begins with numbers; objective and booster follow by name. */
static bool is_old_xgboost(mc_bytes bytes)
{
    static const char *const BOOSTERS[] = {"gbtree", "dart", "gblinear"};
    const size_t at = bytes.size >= 4 && memcmp(bytes.data, "binf", 4) == 0 ? 140 : 136;
    if (bytes.size < at + 16 || bytes.data[at] == 0 || bytes.data[at] > 40)
        return false;
    const size_t next = at + 8 + bytes.data[at];
    for (size_t i = 0; i < MC_COUNT_OF(BOOSTERS); i++) {
        const size_t n = strlen(BOOSTERS[i]);
        if (bytes.size >= next + 8 + n && bytes.data[next] == n &&
            memcmp(bytes.data + next + 8, BOOSTERS[i], n) == 0)
            return true;
    }
    return false;
}

static bool is_catboost_binary(mc_bytes bytes)
{
    return bytes.size >= 4 && memcmp(bytes.data, "CBM1", 4) == 0;
}

/* The first key of CatBoost's JSON, whose keys are sorted; XGBoost's begins with "learner". */
static bool is_catboost_json(mc_bytes bytes)
{
    static const char *const FIRST[] = {"\"features_info\"", "\"ctr_data\""};
    size_t at = 1;
    if (bytes.size == 0 || bytes.data[0] != '{')
        return false;
    while (at < bytes.size && strchr(" \t\r\n", bytes.data[at]) != NULL)
        at++;
    for (size_t i = 0; i < MC_COUNT_OF(FIRST); i++) {
        const size_t n = strlen(FIRST[i]);
        if (n <= bytes.size - at && memcmp(bytes.data + at, FIRST[i], n) == 0)
            return true;
    }
    return false;
}

bool mc_boost_is_file(mc_bytes bytes)
{
    return is_lightgbm(bytes) || is_catboost_binary(bytes) ||
           (bytes.size > 0 && bytes.data[0] == '{') || is_old_xgboost(bytes);
}

static mc_status new_value(mc_arena *arena, mc_value_kind kind, mc_value **out, mc_error *err)
{
    MC_TRY(mc_arena_new(arena, mc_value, 1, out, err));
    (*out)->kind = kind;
    return MC_OK;
}

mc_status mc_boost_file_value(mc_bytes bytes, mc_arena *arena, mc_value **out, mc_error *err)
{
    const bool is_text = is_lightgbm(bytes);
    const bool is_catboost = is_catboost_binary(bytes) || is_catboost_json(bytes);
    mc_value *root = NULL, *state = NULL, *key = NULL, *handle = NULL;
    mc_object *object = NULL;
    mc_global *global = NULL;
    MC_TRY(new_value(arena, MC_KIND_OBJECT, &root, err));
    MC_TRY(new_value(arena, MC_KIND_DICT, &state, err));
    MC_TRY(new_value(arena, MC_KIND_TEXT, &key, err));
    MC_TRY(new_value(arena, is_text ? MC_KIND_TEXT : MC_KIND_BYTES, &handle, err));
    MC_TRY(mc_arena_new(arena, mc_object, 1, &object, err));
    MC_TRY(mc_arena_new(arena, mc_global, 1, &global, err));
    MC_TRY(mc_arena_new(arena, mc_value *, 2, &state->as.items.at, err));
    MC_TRY(mc_arena_new(arena, mc_value *, 1, &object->states.at, err));
    key->as.bytes = mc_bytes_of(is_catboost ? "__model" : "handle");
    handle->as.bytes = bytes;
    state->as.items.at[0] = key;
    state->as.items.at[1] = handle;
    state->as.items.n = state->as.items.room = 2;
    *global = (mc_global){.module = mc_bytes_of(is_catboost ? "catboost.core"
                                                : is_text   ? "lightgbm.basic"
                                                            : "xgboost.core"),
                          .name = mc_bytes_of(is_catboost ? "CatBoost" : "Booster"),
                          .kind = MC_GLOBAL_CLASS};
    object->global = global;
    object->state = state;
    object->states.at[0] = state;
    object->states.n = object->states.room = 1;
    root->as.object = object;
    *out = root;
    return MC_OK;
}
