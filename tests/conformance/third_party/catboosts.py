"""Models of CatBoost: every loss that has a link of its own, trees of every shape, missing values."""

import numpy as np

from . import rows


def _labels(y, n):
    return np.digitize(y, np.quantile(y, np.linspace(0, 1, n + 1)[1:-1]))


def _cases():
    """(name, class, parameters, target, options)"""
    same = lambda y: y  # noqa: E731
    count = lambda y: np.round(np.abs(y))  # noqa: E731
    share = lambda y: 1 / (1 + np.exp(-y))  # noqa: E731
    both = lambda y: np.column_stack([y, -y * 2])  # noqa: E731
    text = lambda y: np.array(["no", "yes", "não"])[_labels(y, 3)]  # noqa: E731
    regressors = [
        ("rmse", {}, same),
        ("mae", {"loss_function": "MAE"}, same),
        ("quantile", {"loss_function": "Quantile:alpha=0.3"}, same),
        ("huber", {"loss_function": "Huber:delta=1.5"}, same),
        ("poisson", {"loss_function": "Poisson"}, count),
        ("objective", {"objective": "Tweedie:variance_power=1.5"}, count),
        ("multi", {"loss_function": "MultiRMSE"}, both),
        ("deep", {"depth": 10, "iterations": 60}, same),
        ("stump", {"depth": 1}, same),
        ("nan_max", {"nan_mode": "Max"}, same),
        ("depthwise", {"grow_policy": "Depthwise"}, same),
        ("lossguide", {"grow_policy": "Lossguide", "max_leaves": 9}, same),
        ("ignored", {"ignored_features": [1, 5]}, same),
        ("uncertain", {"loss_function": "RMSEWithUncertainty"}, same),
        ("quantiles", {"loss_function": "MultiQuantile:alpha=0.1,0.9"}, same),
    ]
    for name, parameters, target in regressors:
        yield name, "CatBoostRegressor", parameters, target, {}
    yield "no_nan", "CatBoostRegressor", {}, same, {"nan": False}
    yield "frame", "CatBoostRegressor", {}, same, {"frame": True}
    yield "scaled", "CatBoostRegressor", {}, same, {"scale": (0.3, -2.0)}
    classifiers = [
        ("binary", {}, lambda y: _labels(y, 2) * 2 + 3),
        ("truth", {}, lambda y: y > 1),
        ("floats", {}, lambda y: _labels(y, 2) + 0.5),
        ("cross", {"loss_function": "CrossEntropy"}, share),
        ("many", {}, lambda y: _labels(y, 4)),
        ("texts", {}, text),
        ("ova", {"loss_function": "MultiClassOneVsAll"}, text),
        ("lossguide", {"grow_policy": "Lossguide"}, text),
        ("labels", {"loss_function": "MultiLogloss"}, lambda y: np.column_stack([y > 0, y > 2]) * 1),
        ("label", {"loss_function": "MultiLogloss"}, lambda y: (y > 1)[:, None] * 1),
        ("shares", {"loss_function": "MultiCrossEntropy"}, lambda y: share(both(y))),
        ("focal", {"loss_function": "Focal:focal_alpha=0.5;focal_gamma=2"}, lambda y: y > 1),
        ("absent", {"class_names": [2, 0, 7, 5]}, lambda y: np.array([2, 0, 7])[_labels(y, 3)]),
    ]
    for name, parameters, target in classifiers:
        yield "clf_" + name, "CatBoostClassifier", parameters, target, {}
    yield "clf_threshold", "CatBoostClassifier", {}, lambda y: y > 1, {"threshold": 0.3}
    yield "clf_far", "CatBoostClassifier", {}, lambda y: y > 1, {"scale": (300.0, 1.0)}
    many = lambda y: _labels(y, 3)  # noqa: E731
    yield "clf_far_many", "CatBoostClassifier", {}, many, {"scale": (500.0, [1.0, 2.0, -4.0])}
    ova = {"loss_function": "MultiClassOneVsAll"}
    yield "clf_far_ova", "CatBoostClassifier", ova, many, {"scale": (300.0, [0.0, 2.0, -4.0])}
    yield "rank", "CatBoostRanker", {"loss_function": "YetiRank"}, lambda y: _labels(y, 3), {
        "groups": True
    }


def catboost_models(rng):
    """(name, estimator, asked rows, whether its trees have a JSON form that is read)"""
    import catboost
    import pandas

    common = {"iterations": 12, "depth": 4, "thread_count": 1, "verbose": 0}
    for name, class_name, parameters, target, options in _cases():
        X, y = rows.drawn(rng)
        if options.get("nan", True):
            X = rows.with_nan(rng, X)
        made = getattr(catboost, class_name)(
            **{**common, "allow_writing_files": False, **parameters}
        )
        given = X
        if options.get("frame"):
            given = pandas.DataFrame(X, columns=["c%d" % i for i in range(X.shape[1])])
        fit = {"group_id": np.repeat(np.arange(40), 10)} if options.get("groups") else {}
        made.fit(given, target(y), **fit)
        if "scale" in options:
            made.set_scale_and_bias(*options["scale"])
        if "threshold" in options:
            made.set_probability_threshold(options["threshold"])
        borders = [b for found in made.get_borders().values() for b in found]
        asked = rows.asked(rng, X, borders)
        yield "cat_" + name, made, asked, "grow_policy" not in parameters
