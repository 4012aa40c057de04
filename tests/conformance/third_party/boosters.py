"""Models of XGBoost and LightGBM: every objective, kind of tree, missing value and early stop."""

import json
import re

import numpy as np
import pandas

from . import rows

TREES = {"n_estimators": 9, "max_depth": 4, "n_jobs": 1}


def _classes(y, k):
    return np.digitize(y, np.quantile(y, np.arange(1, k) / k))


def _counts(y):
    return np.floor(np.abs(y)).astype(float)


def _positive(y):
    return np.abs(y) + 0.1


def xgboost_version():
    import xgboost

    return tuple(int(part) for part in xgboost.__version__.split(".")[:2])


def xgboost_suffixes():
    """What save_model() writes by the name of the file; .bin is the binary form of old."""
    version = xgboost_version()
    return [".json"] + [".ubj"] * (version >= (1, 6)) + [".bin"] * (version < (1, 6))


def _xgboost_thresholds(booster):
    dump = json.loads("[%s]" % ",".join(booster.get_dump(dump_format="json")))
    found, stack = [], list(dump)
    while stack:
        node = stack.pop()
        if isinstance(node.get("split_condition"), (int, float)):
            found.append(float(node["split_condition"]))
        stack.extend(node.get("children", []))
    return found


def _xgboost_cases():
    """(name, class, parameters, target of y, options)"""
    version = xgboost_version()
    regression = [
        ("squared", "reg:squarederror", lambda y: y),
        ("squaredlog", "reg:squaredlogerror", _positive),
        ("logistic", "reg:logistic", lambda y: (y > 1).astype(float)),
        ("pseudohuber", "reg:pseudohubererror", lambda y: y),
        ("absolute", "reg:absoluteerror", lambda y: y),
        ("poisson", "count:poisson", _counts),
        ("gamma", "reg:gamma", _positive),
        ("tweedie", "reg:tweedie", _counts),
        ("cox", "survival:cox", _positive),
        ("hinge", "binary:hinge", lambda y: (y > 1).astype(float)),
        ("logitraw", "binary:logitraw", lambda y: (y > 1).astype(float)),
    ]
    cases = [
        ("reg_" + name, "XGBRegressor", {"objective": objective}, target, {})
        for name, objective, target in regression
    ]
    if version >= (2, 0):
        for name, alpha in (("one", 0.3), ("three", [0.1, 0.5, 0.9])):
            parameters = {"objective": "reg:quantileerror", "quantile_alpha": alpha}
            cases.append(("reg_quantile_" + name, "XGBRegressor", parameters, lambda y: y, {}))
    for booster in ("gblinear", "dart"):
        parameters = {"booster": booster}
        if booster == "dart":
            parameters.update(rate_drop=0.4, one_drop=1)
        cases += [
            ("reg_" + booster, "XGBRegressor", dict(parameters), lambda y: y, {}),
            ("clf_" + booster, "XGBClassifier", dict(parameters), lambda y: _classes(y, 2), {}),
            ("multi_" + booster, "XGBClassifier", dict(parameters), lambda y: _classes(y, 4), {}),
        ]
    uneven = lambda y: np.digitize(y, np.quantile(y, [0.1, 0.4]))  # noqa: E731
    cases += [
        # Since 3.1 each class has a base score, of which gblinear knows the first.
        ("uneven_gblinear", "XGBClassifier", {"booster": "gblinear"}, uneven, {}),
        ("uneven", "XGBClassifier", {}, uneven, {}),
        ("reg_deep", "XGBRegressor", {"n_estimators": 60, "max_depth": 8}, lambda y: y, {}),
        ("reg_one", "XGBRegressor", {"n_estimators": 1}, lambda y: y, {}),
        ("reg_base", "XGBRegressor", {"base_score": 3.25}, lambda y: y, {}),
        ("reg_forest", "XGBRFRegressor", {}, lambda y: y, {}),
        ("clf_forest", "XGBRFClassifier", {}, lambda y: _classes(y, 3), {}),
        ("clf_parallel", "XGBClassifier", {"num_parallel_tree": 3}, lambda y: _classes(y, 3), {}),
        ("clf_binary", "XGBClassifier", {}, lambda y: _classes(y, 2), {}),
        # 3.2 holds its base score off 0.
        ("clf_single", "XGBClassifier", {}, lambda y: np.zeros(len(y), dtype=int), {"odd": True}),
        ("clf_base", "XGBClassifier", {"base_score": 0.2}, lambda y: _classes(y, 2), {}),
        ("clf_multi", "XGBClassifier", {}, lambda y: _classes(y, 5), {}),
        (
            "clf_softmax",
            "XGBClassifier",
            {"objective": "multi:softmax"},
            lambda y: _classes(y, 4),
            {},
        ),
        ("clf_hinge", "XGBClassifier", {"objective": "binary:hinge"}, lambda y: _classes(y, 2), {}),
        ("clf_missing", "XGBClassifier", {"missing": -1.0}, lambda y: _classes(y, 2), {}),
        ("clf_nonan", "XGBClassifier", {}, lambda y: _classes(y, 2), {"nan": False}),
        (
            "clf_labels",
            "XGBClassifier",
            {},
            lambda y: np.column_stack([y > 0, y > 2]).astype(int),
            {},
        ),
        ("reg_many", "XGBRegressor", {}, lambda y: np.column_stack([y, y**2]), {}),
        (
            "clf_early",
            "XGBClassifier",
            {"n_estimators": 60, "early_stopping_rounds": 2},
            lambda y: _classes(y, 3),
            {"early": True},
        ),
        (
            "reg_early",
            "XGBRegressor",
            {"n_estimators": 80, "early_stopping_rounds": 2},
            lambda y: y,
            {"early": True},
        ),
        ("reg_frame", "XGBRegressor", {}, lambda y: y, {"frame": True}),
        (
            "rank",
            "XGBRanker",
            {"objective": "rank:pairwise"},
            lambda y: _classes(y, 3),
            {"groups": True},
        ),
        (
            "rank_ndcg",
            "XGBRanker",
            {"objective": "rank:ndcg"},
            lambda y: _classes(y, 3),
            {"groups": True},
        ),
        (
            "rank_map",
            "XGBRanker",
            {"objective": "rank:map"},
            lambda y: _classes(y, 2),
            {"groups": True},
        ),
    ]
    categorical = {
        "enable_categorical": True,
        "tree_method": "hist",
        "feature_types": ["q"] * 4 + ["c"] * 2,
    }
    cases += [
        ("reg_categorical", "XGBRegressor", dict(categorical), lambda y: y, {"categories": 2}),
        (
            "clf_partition",
            "XGBClassifier",
            dict(categorical, max_cat_to_onehot=2),
            lambda y: _classes(y, 3),
            {"categories": 2},
        ),
    ]
    if version >= (2, 0):
        vector = {"multi_strategy": "multi_output_tree", "tree_method": "hist"}
        cases += [
            ("reg_vector", "XGBRegressor", dict(vector), lambda y: np.column_stack([y, y**2]), {}),
            ("clf_vector", "XGBClassifier", dict(vector), lambda y: _classes(y, 3), {}),
        ]
    return cases


def xgboost_models(rng):
    """(name, fitted estimator, rows, also save the booster's own files)"""
    import xgboost

    for name, class_name, parameters, target, options in _xgboost_cases():
        n_categories = options.get("categories", 0)
        X, y = rows.drawn(rng, categories=n_categories)
        if options.get("nan", True) and parameters.get("booster") != "gblinear":
            X[:, : 6 - n_categories] = rows.with_nan(rng, X[:, : 6 - n_categories])
        if "missing" in parameters:
            X = np.where(np.isnan(X), parameters["missing"], X)
        y = target(y)
        settings = {**TREES, **parameters}
        estimator = getattr(xgboost, class_name)(**settings)
        fit = {}
        if options.get("early"):
            fit = {"eval_set": [(X[:80], y[:80])], "verbose": False}
        if options.get("groups"):
            fit = {"group": [40] * 10}
        if options.get("frame"):
            X = pandas.DataFrame(X, columns=["c%d" % i for i in range(X.shape[1])])
        try:
            estimator.fit(X, y, **fit)
        except (AssertionError, TypeError, ValueError, xgboost.core.XGBoostError):
            if xgboost_version() >= (1, 7) and not options.get("odd"):
                raise
            continue  # an objective, a parameter or a single class that came later
        X = np.asarray(X)
        booster = estimator.get_booster()
        linear = parameters.get("booster") == "gblinear"
        dumps = not (linear or n_categories or "multi_strategy" in parameters)
        thresholds = _xgboost_thresholds(booster) if dumps else []
        asked = rows.asked(rng, X, thresholds, infinite=not linear, categories=n_categories)
        kept = bool(options.get("frame")) and xgboost_version() < (1, 4)  # they ask for its names
        if not kept:
            yield "xgb_" + name, estimator, asked, booster


# Of these, apply() is asked too.
APPLIED = ("reg_one", "clf_early", "reg_early", "clf_parallel", "clf_dart", "reg_vector")


def finite(asked):
    """The rows that a DMatrix takes: without infinities."""
    single = asked.astype(np.float32)
    return asked[(np.isfinite(single) | np.isnan(single)).all(axis=1)]


def xgboost_answers(booster, asked):
    """What the booster answers on its own, and for which of the rows: it takes no infinities."""
    import xgboost

    kept = finite(asked)
    names, types = booster.feature_names, booster.feature_types
    options = {"enable_categorical": True} if types else {}
    data = xgboost.DMatrix(kept, feature_names=names, feature_types=types, **options)
    return kept, booster.predict(data)


def _lightgbm_cases():
    regression = [
        (name, name, target)
        for name, target in (
            ("regression", lambda y: y),
            ("regression_l1", lambda y: y),
            ("huber", lambda y: y),
            ("fair", lambda y: y),
            ("quantile", lambda y: y),
            ("mape", _positive),
            ("poisson", _counts),
            ("gamma", _positive),
            ("tweedie", _counts),
            ("cross_entropy", lambda y: 1 / (1 + np.exp(-y))),
            ("cross_entropy_lambda", lambda y: 1 / (1 + np.exp(-y))),
        )
    ]
    cases = [
        ("reg_" + name, "LGBMRegressor", {"objective": objective}, target, {})
        for name, objective, target in regression
    ]
    forest = {"boosting_type": "rf", "subsample": 0.6, "subsample_freq": 1}
    cases += [
        ("reg_sqrt", "LGBMRegressor", {"reg_sqrt": True}, _positive, {}),
        ("reg_deep", "LGBMRegressor", {"n_estimators": 60, "num_leaves": 63}, lambda y: y, {}),
        ("reg_zero", "LGBMRegressor", {"zero_as_missing": True}, lambda y: y, {"zeros": True}),
        ("reg_nomissing", "LGBMRegressor", {"use_missing": False}, lambda y: y, {}),
        ("reg_nonan", "LGBMRegressor", {}, lambda y: y, {"nan": False}),
        ("reg_dart", "LGBMRegressor", {"boosting_type": "dart"}, lambda y: y, {}),
        ("reg_goss", "LGBMRegressor", {"boosting_type": "goss"}, lambda y: y, {}),
        ("reg_rf", "LGBMRegressor", forest, lambda y: y, {}),
        ("clf_rf", "LGBMClassifier", forest, lambda y: _classes(y, 2), {}),
        ("multi_rf", "LGBMClassifier", forest, lambda y: _classes(y, 3), {}),
        ("reg_linear", "LGBMRegressor", {"linear_tree": True}, lambda y: y, {}),
        ("reg_early", "LGBMRegressor", {"n_estimators": 90}, lambda y: y, {"early": True}),
        ("clf_binary", "LGBMClassifier", {}, lambda y: np.where(y > 1, "yes", "no"), {}),
        ("clf_sigmoid", "LGBMClassifier", {"sigmoid": 0.7}, lambda y: _classes(y, 2), {}),
        ("clf_multi", "LGBMClassifier", {}, lambda y: _classes(y, 4) * 3 - 2, {}),
        ("clf_ova", "LGBMClassifier", {"objective": "multiclassova"}, lambda y: _classes(y, 3), {}),
        (
            "clf_early",
            "LGBMClassifier",
            {"n_estimators": 90},
            lambda y: _classes(y, 3),
            {"early": True},
        ),
        ("rank", "LGBMRanker", {}, lambda y: _classes(y, 3), {"groups": True}),
        (
            "rank_xendcg",
            "LGBMRanker",
            {"objective": "rank_xendcg"},
            lambda y: _classes(y, 3),
            {"groups": True},
        ),
        ("reg_categorical", "LGBMRegressor", {}, lambda y: y, {"categories": 2}),
        (
            "clf_categorical",
            "LGBMClassifier",
            {"max_cat_to_onehot": 1, "cat_smooth": 1, "min_data_per_group": 5},
            lambda y: _classes(y, 3),
            {"categories": 2},
        ),
        ("reg_frame", "LGBMRegressor", {}, lambda y: y, {"frame": True}),
    ]
    return cases


def lightgbm_models(rng):
    import lightgbm

    common = {
        "n_estimators": 9,
        "num_leaves": 12,
        "n_jobs": 1,
        "min_child_samples": 5,
        "verbosity": -1,
    }
    for name, class_name, parameters, target, options in _lightgbm_cases():
        n_categories = options.get("categories", 0)
        X, y = rows.drawn(rng, categories=n_categories)
        if options.get("zeros"):
            X[rng.random(X.shape) < 0.2] = 0.0
        if options.get("nan", True) and not parameters.get("linear_tree"):
            X[:, : 6 - n_categories] = rows.with_nan(rng, X[:, : 6 - n_categories])
        y = target(y)
        estimator = getattr(lightgbm, class_name)(**{**common, **parameters})
        fit = {}
        if n_categories:
            fit["categorical_feature"] = [4, 5]
        if options.get("groups"):
            fit["group"] = [40] * 10
        if options.get("early"):
            fit["eval_set"] = [(X[:80], y[:80])]
            fit["callbacks"] = [lightgbm.early_stopping(2, verbose=False)]
        if options.get("frame"):
            X = pandas.DataFrame(X, columns=["c%d" % i for i in range(X.shape[1])])
        estimator.fit(X, y, **fit)
        text = estimator.booster_.model_to_string()
        thresholds = [
            float(value)
            for line in re.findall(r"^threshold=(.*)$", text, re.M)
            for value in line.split()
        ]
        asked = rows.asked(rng, np.asarray(X), thresholds, categories=n_categories)
        yield "lgbm_" + name, estimator, asked, estimator.booster_


def _frame(rng, values, target):
    n = 400
    X = pandas.DataFrame({"plain": rng.standard_normal(n)})
    for name, kinds in values.items():
        X[name] = pandas.Categorical(rng.choice(np.array(kinds, dtype=object), n))
    X.loc[rng.random(n) < 0.1, "text"] = np.nan
    return X, X["plain"] + 2 * (X["text"] == "yy") + (X["number"].astype(int) > 5) + target(X)


def lightgbm_frames(rng):
    """Boosters of frames whose columns are categories of texts, numbers and truth values."""
    import lightgbm

    values = {
        "text": ["x", "yy", "zzz", "", "ä"],
        "number": [3, 5, 8, 13],
        "float": [0.5, 1.25, -2.0],
    }
    X, y = _frame(rng, values, lambda X: -1.0 * (X["float"] == 0.5))
    asked = X.iloc[rng.integers(0, len(X), 500)].reset_index(drop=True)
    for name, odd in (("text", "never"), ("number", 4), ("float", 9.5)):
        cells = asked[name].astype(object)
        cells[rng.random(len(asked)) < 0.1] = odd
        asked[name] = pandas.Categorical(cells)
    parameters = {"n_estimators": 8, "num_leaves": 9, "min_data_per_group": 5, "cat_smooth": 1}
    for name, target in (("LGBMRegressor", y), ("LGBMClassifier", _classes(y, 3))):
        made = getattr(lightgbm, name)(n_jobs=1, verbosity=-1, **parameters)
        yield "lgbm_frame_" + name, made.fit(X, target), asked


def xgboost_frames(rng):
    """(name, estimator, asked, a row that is refused), since models keep their categories: 3.1."""
    import xgboost

    if xgboost_version() < (3, 1):
        return
    texts = ["x", "yy", "z z", ""]
    X, y = _frame(rng, {"text": texts, "number": [3, 5, 8, 13]}, lambda X: 0.0)
    asked = X.iloc[rng.integers(0, len(X), 300)].reset_index(drop=True)
    asked["text"] = pandas.Categorical(asked["text"], categories=texts[::-1])
    odd = [[0.0, "never", 3], [0.0, "ä", 3], [0.0, "x", 4], [0.0, "x", 0]]
    settings = {**TREES, "enable_categorical": True, "max_cat_to_onehot": 2}
    for i, (name, target) in enumerate((("XGBRegressor", y), ("XGBClassifier", _classes(y, 3)))):
        for j, booster in enumerate(("gbtree", "dart")):
            made = getattr(xgboost, name)(**settings, booster=booster).fit(X, target)
            yield "xgb_frame_%s_%s" % (name, booster), made, asked, odd[2 * i + j]


def xgboost_survival(rng):
    """(name, booster, rows, answers): a booster alone, because the estimators take no bounds."""
    import xgboost

    for distribution in ("normal", "logistic", "extreme"):
        X, y = rows.drawn(rng)
        data = xgboost.DMatrix(X)
        data.set_float_info("label_lower_bound", np.abs(y) + 0.1)
        data.set_float_info("label_upper_bound", np.where(y > 1, np.inf, np.abs(y) + 0.2))
        settings = {"objective": "survival:aft", "aft_loss_distribution": distribution}
        booster = xgboost.train({**settings, "nthread": 1}, data, 8)
        asked = rows.asked(rng, X, infinite=False)
        kept, answer = xgboost_answers(booster, asked)
        yield "xgb_aft_" + distribution, booster, kept, answer
