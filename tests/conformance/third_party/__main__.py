"""python -m tests.conformance.third_party OUT: writes models and their answers below OUT.

Runs in the environment whose packages are asked: see tools/requirements/third-party-*.txt.
"""

import importlib.util
import json
import pickle
import sys
import warnings
from pathlib import Path

import numpy as np
import scipy.sparse

METHODS = ("predict", "predict_proba", "predict_log_proba", "decision_function", "transform")


# Bounds, relative to the larger of the answer and 1. XGBoost's answers are float32 and equal to the
# bit, but for predict_proba of multi:softmax, which scipy computes. Around them numpy computes in
# float32, where we do in float64.
LINKS, SCIPY, AROUND_FLOAT32, AROUND = 1e-14, 3e-7, 1e-6, 1e-12


def _save(out, name, suffix, write, asked, answers, bound):
    path = out / (name + suffix)
    write(path)
    arrays = {"bound": bound}
    if hasattr(asked, "columns"):  # a frame: cells of any kind
        arrays["cells"] = np.array(json.dumps(asked.astype(object).to_numpy().tolist()))
        if "refused" in asked.attrs:
            arrays["refused"] = np.array(json.dumps(asked.attrs["refused"]))
    else:
        arrays["X"] = asked
    for method, answer in answers.items():
        if isinstance(answer, list):
            answer = np.hstack(answer)
        if hasattr(answer, "toarray"):
            answer = answer.toarray()
        answer = np.asarray(answer)
        if method == "transform" and answer.dtype == object:  # of columns of several types
            answer = answer.astype(np.float64)
        elif answer.dtype == object:  # labels
            answer = answer.astype(str)
        arrays[method] = answer
    np.savez_compressed(str(path) + ".npz", **arrays)


def _answers(estimator, asked):
    answers = {}
    for method in METHODS:
        try:
            answers[method] = getattr(estimator, method)(asked)
        except (AttributeError, NotImplementedError):
            continue
        except ValueError as error:
            if "support `predict_proba`" not in str(error):  # XGBoost 1.6
                raise
    if hasattr(estimator, "decision_path"):
        path = estimator.decision_path(asked)  # of forests, with where the trees begin
        answers["decision_path"] = (path[0] if isinstance(path, tuple) else path).toarray()
    return answers


def _save_sparse(out, name, estimator, asked):
    """The same rows as a sparse matrix: what it leaves out is missing."""
    rows = scipy.sparse.csr_matrix(np.where(np.abs(asked) < 0.5, 0.0, asked))
    answers = {**_answers(estimator, rows), "is_sparse": np.array(True)}
    _save(out, name + "_csr", ".pkl", _pickle(estimator, 4), rows.toarray(), answers, 0.0)


def _save_leaves(out, name, estimator, asked):
    answers = {**_answers(estimator, asked), "apply": estimator.apply(asked)}
    _save(out, name + "_apply", ".pkl", _pickle(estimator, 4), asked, answers, 0.0)


def _save_xgboost_frames(out):
    """Estimators, and the files of their boosters."""
    import xgboost

    from . import boosters

    for name, estimator, asked, odd in boosters.xgboost_frames(np.random.default_rng(9)):
        booster = estimator.get_booster()
        raw = booster.predict(xgboost.DMatrix(asked, enable_categorical=True))
        answers = _answers(estimator, asked)
        asked.attrs["refused"] = [odd]
        _save(out, name, ".pkl", _pickle(estimator, 4), asked, answers, 0.0)
        for suffix in (".json", ".ubj"):
            write = lambda path: booster.save_model(str(path))  # noqa: E731
            _save(out, name, suffix, write, asked, {"predict": raw}, 0.0)


def _pickle(estimator, protocol):
    return lambda path: path.write_bytes(pickle.dumps(estimator, protocol=protocol))


def _present(package):
    return importlib.util.find_spec(package) is not None


def _save_catboost(out):
    """Estimators, and the files of their models, which answer raw values."""
    import catboost

    from . import catboosts

    models = catboosts.catboost_models(np.random.default_rng(6))
    for i, (name, estimator, asked, has_json) in enumerate(models):
        write = _pickle(estimator, 2 + i % 4)
        _save(out, name, ".pkl", write, asked, _answers(estimator, asked), LINKS)
        raw = catboost.CatBoost.predict(estimator, asked, prediction_type="RawFormulaVal")
        for kind in ("cbm", "json") if has_json else ("cbm",):
            write = _saver(estimator, kind)
            _save(out, name, "." + kind, write, asked, {"predict": raw}, 0.0)
    for name, estimator, asked, odd in catboosts.catboost_categories(np.random.default_rng(10)):
        answers = _answers(estimator, asked)
        raw = catboost.CatBoost.predict(estimator, asked, prediction_type="RawFormulaVal")
        asked.attrs["refused"] = [odd]
        _save(out, name, ".pkl", _pickle(estimator, 4), asked, answers, LINKS)
        _save(out, name, ".cbm", _saver(estimator, "cbm"), asked, {"predict": raw}, 0.0)


def _saver(estimator, kind):
    return lambda path: estimator.save_model(str(path), format=kind)


def main(out):
    out.mkdir(parents=True, exist_ok=True)
    warnings.simplefilter("ignore")
    if _present("xgboost"):
        from . import boosters

        for i, (name, estimator, asked, booster) in enumerate(
            boosters.xgboost_models(np.random.default_rng(1))
        ):
            bound = SCIPY if name == "xgb_clf_softmax" else 0.0
            _save(
                out,
                name,
                ".pkl",
                _pickle(estimator, 2 + i % 4),
                asked,
                _answers(estimator, asked),
                bound,
            )
            if name in ("xgb_clf_binary", "xgb_reg_squared", "xgb_clf_multi"):
                _save_sparse(out, name, estimator, asked)
            if name[len("xgb_") :] in boosters.APPLIED:
                _save_leaves(out, name, estimator, boosters.finite(asked))
            kept, answer = boosters.xgboost_answers(booster, asked)
            for suffix in boosters.xgboost_suffixes():
                _save(
                    out,
                    name,
                    suffix,
                    lambda path: booster.save_model(str(path)),
                    kept,
                    {"predict": answer},
                    0.0,
                )
        for name, booster, kept, answer in boosters.xgboost_survival(np.random.default_rng(7)):
            _save(out, name, ".json", booster.save_model, kept, {"predict": answer}, 0.0)
        _save_xgboost_frames(out)
    if _present("lightgbm"):
        import lightgbm

        from . import boosters

        for i, (name, estimator, asked, booster) in enumerate(
            boosters.lightgbm_models(np.random.default_rng(2))
        ):
            _save(
                out,
                name,
                ".pkl",
                _pickle(estimator, 2 + i % 4),
                asked,
                _answers(estimator, asked),
                LINKS,
            )
            text = booster.model_to_string()
            again = lightgbm.Booster(model_str=text)
            _save(
                out,
                name,
                ".txt",
                lambda path: path.write_text(text),
                asked,
                {"predict": again.predict(asked)},
                LINKS,
            )
        frames = boosters.lightgbm_frames(np.random.default_rng(8))
        for i, (name, estimator, asked) in enumerate(frames):
            write = _pickle(estimator, 2 + i)
            _save(out, name, ".pkl", write, asked, _answers(estimator, asked), LINKS)
    if _present("catboost"):
        _save_catboost(out)
    models = []
    if _present("xgboost") and _present("lightgbm"):
        from . import pipelines

        models += list(pipelines.boosted_models(np.random.default_rng(3)))
    if _present("imblearn"):
        from . import pipelines

        models += list(pipelines.imbalanced_models(np.random.default_rng(4)))
    if _present("category_encoders"):
        from . import encoders

        models += list(encoders.encoder_models(np.random.default_rng(5)))
    for i, (name, estimator, asked) in enumerate(models):
        bound = AROUND_FLOAT32 if "xgb" in name or "boosted" in name else AROUND
        _save(
            out,
            name,
            ".pkl",
            _pickle(estimator, 2 + i % 4),
            asked,
            _answers(estimator, asked),
            bound,
        )
    (out / "_index").write_text("done\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
