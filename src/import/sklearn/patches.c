/* patches.c: PatchExtractor: an image -> every patch of it.
 *
 * Oracle   sklearn/feature_extraction/image.py, scikit-learn 1.2 to 1.9.
 * Exact    Bit for bit. Where scikit-learn stacks the patches of all images in one array, a row
 *          answers with the list of its own. */
#include "import/sklearn/attr.h"
#include "import/sklearn/emit.h"
#include "import/sklearn/text_analyzer.h"

static mc_status put_size(mc_lowering *to, const mc_value *est, mc_step *step, mc_error *err)
{
    const int64_t *size = NULL;
    size_t n = 0;
    if (!mc_attr_has(est, "patch_size")) {
        step->flags = MC_STEP_TENTH;
        return MC_OK;
    }
    MC_TRY(mc_attr_integers(to, est, "patch_size", 2, &size, &n, err));
    for (size_t i = 0; i < n; i++) {
        if (size[i] < 1 || size[i] > UINT32_MAX)
            return mc_refuse(err, est, "patch_size: expected two sizes above 0, found %lld",
                             (long long)size[i]);
        step->n[i] = (uint32_t)size[i];
    }
    return MC_OK;
}

mc_status mc_lower_patch_extractor(mc_lowering *to, const mc_value *est, mc_method method,
                                   const mc_sym *x, mc_answer *out, mc_error *err)
{
    mc_step step = MC_STEP_INIT(PATCHES);
    mc_sym image, y = {.kind = MC_SYM_CELLS, .n_cols = 1};
    if (method != MC_METHOD_TRANSFORM)
        return mc_no_method(err, est, method);
    if (mc_attr_has(est, "max_patches")) {
        return mc_refuse(err, est,
                         "max_patches: expected None, found a number: which patches are taken is "
                         "drawn at random, even where it is all of them");
    }
    MC_TRY(mc_to_documents(to, est, x, &image, err));
    step.src = image.buffer;
    MC_TRY(put_size(to, est, &step, err));
    MC_TRY(mc_build_step(to->b, step, 1, &y.buffer, err));
    return mc_answer_scalar(to, y, out, err);
}
