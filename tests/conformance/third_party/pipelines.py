"""Other packages' estimators as steps of scikit-learn's, and imbalanced-learn's pipelines."""

import numpy as np
from sklearn import (
    calibration,
    compose,
    ensemble,
    feature_selection,
    linear_model,
    model_selection,
    multiclass,
    multioutput,
    pipeline,
    preprocessing,
)

from . import rows


def _boosted(names):
    import lightgbm
    import xgboost

    makers = {
        "xgb": lambda: xgboost.XGBClassifier(n_estimators=5, max_depth=3, n_jobs=1),
        "lgbm": lambda: lightgbm.LGBMClassifier(
            n_estimators=5, num_leaves=7, n_jobs=1, verbosity=-1
        ),
        "xgb_reg": lambda: xgboost.XGBRegressor(n_estimators=5, max_depth=3, n_jobs=1),
        "lgbm_reg": lambda: lightgbm.LGBMRegressor(
            n_estimators=5, num_leaves=7, n_jobs=1, verbosity=-1
        ),
    }
    return [makers[name]() for name in names]


def _encoded(sparse):
    encoder = preprocessing.OneHotEncoder(handle_unknown="ignore", sparse_output=sparse)
    return compose.ColumnTransformer(
        [("codes", encoder, [4, 5]), ("scale", preprocessing.StandardScaler(), [0, 1, 2, 3])],
        sparse_threshold=1.0 if sparse else 0.0,
    )


def boosted_models(rng):
    X, y = rows.drawn(rng, categories=2)
    asked = rows.asked(rng, X, infinite=False)
    asked = np.where(np.abs(np.nan_to_num(asked)) > 1e20, 1.0, asked)
    asked[:, 4:] = X[rng.integers(0, len(X), len(asked)), 4:]
    finite = np.where(np.isnan(asked), 0.0, asked)
    labels = np.digitize(y, np.quantile(y, [0.4, 0.7]))
    binary = (labels > 0).astype(int)
    onto = {
        "labels": labels,
        "binary": binary,
        "value": y,
        "positive": np.abs(y),
        "both": np.column_stack([y, -y]),
    }
    for name in ("xgb", "lgbm"):
        for kind, make, target, at in _wraps(name):
            yield "%s_%s" % (name, kind), make.fit(X, onto[target]), finite if at else asked
    import catboost

    made = catboost.CatBoostRegressor(iterations=5, verbose=0, allow_writing_files=False)
    above = pipeline.make_pipeline(feature_selection.SelectFromModel(made), linear_model.Ridge())
    yield "cat_above", above.fit(X, y), finite
    vote = ensemble.VotingClassifier(_members(), voting="soft")
    yield "boosted_vote", vote.fit(X, labels), finite
    yield "boosted_stack", ensemble.StackingClassifier(_members(), cv=2).fit(X, binary), finite


def _members():
    xgb, lgbm = _boosted(["xgb", "lgbm"])
    return [("xgb", xgb), ("lgbm", lgbm), ("lr", linear_model.LogisticRegression(max_iter=5000))]


def _wraps(name):
    """(kind, estimator around a new one, target, whether it takes no NaN)"""
    clf = lambda: _boosted([name])[0]  # noqa: E731
    reg = lambda: _boosted([name + "_reg"])[0]  # noqa: E731
    for kind in ("csr", "dense"):
        steps = [("columns", _encoded(kind == "csr")), ("clf", clf())]
        yield "onehot_" + kind, pipeline.Pipeline(steps), "labels", False
    scaled = pipeline.make_pipeline(preprocessing.StandardScaler(), reg())
    yield "scaled", scaled, "value", False
    yield "ovr", multiclass.OneVsRestClassifier(clf()), "labels", False
    yield "outputs", multioutput.MultiOutputRegressor(reg()), "both", False
    bag = ensemble.BaggingRegressor(reg(), n_estimators=2, random_state=0)
    yield "bag", bag, "value", True
    target = compose.TransformedTargetRegressor(reg(), func=np.log1p, inverse_func=np.expm1)
    yield "target", target, "positive", False
    grid = model_selection.GridSearchCV(clf(), {"n_estimators": [2, 4]}, cv=2)
    yield "grid", grid, "binary", False
    chosen = feature_selection.SelectFromModel(clf(), max_features=4, threshold=-np.inf)
    yield "selected", pipeline.make_pipeline(chosen, clf()), "labels", True
    above = feature_selection.SelectFromModel(reg(), threshold="1.25*mean")
    yield "above", pipeline.make_pipeline(above, linear_model.Ridge()), "value", True
    yield "calibrated", calibration.CalibratedClassifierCV(clf(), cv=2), "labels", True


def imbalanced_models(rng):
    from imblearn import combine, ensemble as balanced, over_sampling, pipeline as resampled
    from imblearn import under_sampling

    X, y = rows.drawn(rng)
    labels = np.where(y > np.quantile(y, 0.85), "rare", "usual")
    three = np.digitize(y, np.quantile(y, [0.7, 0.9]))
    asked = X[rng.integers(0, len(X), 600)] + rng.standard_normal((600, X.shape[1])) * 0.01
    samplers = {
        "smote": over_sampling.SMOTE(random_state=0, k_neighbors=3),
        "random": under_sampling.RandomUnderSampler(random_state=0),
        "both": combine.SMOTETomek(random_state=0),
    }
    for name, sampler in samplers.items():
        steps = [
            ("scale", preprocessing.StandardScaler()),
            ("sample", sampler),
            ("clf", linear_model.LogisticRegression()),
        ]
        yield "imb_" + name, resampled.Pipeline(steps).fit(X, labels), asked
    for name in (
        "BalancedRandomForestClassifier",
        "EasyEnsembleClassifier",
        "BalancedBaggingClassifier",
        "RUSBoostClassifier",
    ):
        for kind, target in (("bin", labels), ("multi", three)):
            model = getattr(balanced, name)(n_estimators=4, random_state=0)
            yield "imb_%s_%s" % (name, kind), model.fit(X, target), asked
