"""Models of CatBoost: every loss that has a link of its own, trees of every shape, missing values."""

import numpy as np
import pandas

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


TEXTS = ["u", "v\u00e9", "\u65e5\u672c\u8a9e", "", "x" * 9, "y" * 20, "z" * 40, "w" * 90, "v" * 64, "q" * 65]


def _mixed(rng, n=500):
    """Texts of every length that is hashed its own way, integers, truth values, numbers."""
    X = pandas.DataFrame({"f": rng.standard_normal(n)})
    X["a"] = rng.choice(np.array(list("pqrst"), dtype=object), n)
    X["b"] = rng.choice(np.array(TEXTS, dtype=object), n)
    X["g"] = np.where(rng.random(n) < 0.2, np.nan, rng.standard_normal(n))
    X["c"] = rng.integers(-3, 4, n)
    X["d"] = rng.random(n) < 0.5
    y = (X["a"].map(ord) + X["c"]) % 2 ^ (X["f"] > 0) ^ (X["g"].fillna(1) > 0) ^ X["d"]
    asked = X.iloc[rng.integers(0, n, 200)].reset_index(drop=True)
    asked.loc[::7, "a"], asked.loc[::11, "b"], asked.loc[::13, "c"] = "new", "\u65e5", -(10**15)
    return X, y.to_numpy().astype(int), asked


def _category_cases():
    """(name, class, parameters, target of (y, X))"""
    same = lambda y, X: y  # noqa: E731
    three = lambda y, X: y + (X["c"] > 1)  # noqa: E731
    real = lambda y, X: y + 0.3 * X["f"]  # noqa: E731
    yield "onehot", "CatBoostRegressor", {"one_hot_max_size": 20}, real
    for size in (2, 5):
        parameters = {"max_ctr_complexity": 4, "one_hot_max_size": size, "nan_mode": "Max"}
        yield "means_%d" % size, "CatBoostClassifier", parameters, same
    every = {
        "simple_ctr": ["Borders:TargetBorderCount=3", "BinarizedTargetMeanValue", "Counter"],
        "combinations_ctr": ["Borders", "Counter", "Buckets:TargetBorderCount=2"],
    }
    yield "every", "CatBoostRegressor", every, real
    buckets = {"simple_ctr": "Buckets", "combinations_ctr": ["Buckets", "Borders"]}
    yield "buckets", "CatBoostClassifier", buckets, three
    yield "lossguide", "CatBoostClassifier", {"grow_policy": "Lossguide"}, three
    yield "ignored", "CatBoostRegressor", {"ignored_features": ["b", "f"]}, real


def catboost_categories(rng):
    """(name, estimator, asked rows, a row that is refused)"""
    import catboost

    common = {"iterations": 12, "depth": 5, "thread_count": 1, "verbose": 0}
    for name, class_name, parameters, target in _category_cases():
        X, y, asked = _mixed(rng)
        made = getattr(catboost, class_name)(
            **{**common, "allow_writing_files": False, **parameters}
        )
        made.fit(X, target(y, X), cat_features=["a", "b", "c", "d"])
        odd = [0.5, "p", "u", 0.5, 1.5, True]
        yield "cat_of_" + name, made, asked, odd


def catboost_models(rng):
    """(name, estimator, asked rows, whether its trees have a JSON form that is read)"""
    import catboost

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
