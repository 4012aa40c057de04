"""Encoders of category_encoders, alone and in pipelines, fitted on frames and on arrays."""

import numpy as np
import pandas as pd
from sklearn import compose, linear_model, pipeline

SUPERVISED = (
    "TargetEncoder",
    "LeaveOneOutEncoder",
    "CatBoostEncoder",
    "JamesSteinEncoder",
    "MEstimateEncoder",
    "WOEEncoder",
    "QuantileEncoder",
    "SummaryEncoder",
    "GLMMEncoder",
)
PLAIN = (
    "OrdinalEncoder",
    "OneHotEncoder",
    "BinaryEncoder",
    "CountEncoder",
    "BaseNEncoder",
    "HelmertEncoder",
    "SumEncoder",
    "BackwardDifferenceEncoder",
    "PolynomialEncoder",
    "RankHotEncoder",
    "GrayEncoder",
)
COLOURS = ["red", "green", "blue", "blå", "", "Red", "1"]


def _frame(rng, n=160, missing=True):
    """Texts, whole numbers, numbers, truth values, and a column that says nothing."""
    X = pd.DataFrame(
        {
            "colour": rng.choice(np.array(COLOURS, dtype=object), n),
            "size": rng.integers(0, 5, n),
            "weight": np.round(rng.standard_normal(n), 2),
            "town": np.array(["t%d" % i for i in rng.integers(0, 30, n)], dtype=object),
            "same": np.array(["x"] * n, dtype=object),
            "flag": rng.random(n) < 0.4,
        }
    )
    if missing:
        X.loc[rng.random(n) < 0.1, "colour"] = np.nan
    X.loc[0, "town"] = "once"
    X.loc[2, "town"] = "twice"
    X.loc[5, "town"] = "twice"
    y = (X["weight"] + X["size"] > rng.standard_normal(n) + 2).astype(int)
    return X, y


def _asked(rng, X, kinds=("known", "missing", "unknown")):
    """Rows of X with cells that are missing or unknown."""
    rows = X.iloc[rng.integers(0, len(X), 300)].astype(object).to_numpy()
    for j, name in enumerate(X.columns):
        if name == "weight":
            continue
        draw = rng.random(len(rows))
        if "missing" in kinds:
            rows[draw < 0.1, j] = np.nan
        if "unknown" in kinds:
            odd = {"size": 77, "flag": 5}.get(name, "never seen")
            rows[draw > 0.9, j] = odd
    return pd.DataFrame(rows, columns=X.columns).infer_objects()


def _with_none(asked, refuses):
    """None for NaN among texts: the package answers NaN otherwise alone than beside a text, and
    so it is refused where the two differ: where training saw a NaN."""
    texts = [column for column in asked.columns if asked[column].dtype == object]
    odd = asked.head(1).astype(object)
    odd["colour"] = np.nan
    asked[texts] = asked[texts].where(asked[texts].notna(), None)
    if refuses and not asked.empty:
        asked.attrs["refused"] = odd.to_numpy().tolist()
    return asked


def _options(name):
    """(suffix, options, kinds of cells that may be asked)"""
    every, known = ("known", "missing", "unknown"), ("known",)
    yield "plain", {}, every
    yield "nan", {"handle_unknown": "return_nan", "handle_missing": "return_nan"}, every
    yield "unknown_nan", {"handle_unknown": "return_nan"}, every
    yield "missing_nan", {"handle_missing": "return_nan"}, every
    yield "error", {"handle_unknown": "error"}, known
    yield "dropped", {"drop_invariant": True, "return_df": False}, every
    if name in ("OneHotEncoder", "BinaryEncoder", "BaseNEncoder", "HelmertEncoder", "SumEncoder"):
        both = {"handle_unknown": "indicator", "handle_missing": "indicator"}
        yield "indicator", both, every
        yield "unknown_indicator", {"handle_unknown": "indicator"}, every
    if name == "OneHotEncoder":
        yield "names", {"use_cat_names": True}, every
    if name == "BaseNEncoder":
        for base in (1, 3, 5):
            yield "base%d" % base, {"base": base}, every
    if name == "CountEncoder":
        yield "share", {"normalize": True}, every
        yield "number", {"handle_unknown": 3}, every
        yield "groups", {"min_group_size": 12}, every
        yield "group_name", {"min_group_size": 0.1, "min_group_name": "rest"}, every
        yield "both", {"handle_unknown": {"town": 5}, "handle_missing": {"town": "count"}}, every
    if name == "TargetEncoder":
        yield "smooth", {"smoothing": 2.5, "min_samples_leaf": 3}, every
    if name == "JamesSteinEncoder":
        for model in ("pooled", "beta", "binary"):
            yield model, {"model": model}, every
    if name == "MEstimateEncoder":
        yield "m", {"m": 7.5}, every
    if name == "CatBoostEncoder":
        yield "a", {"a": 0.3, "sigma": 0.1}, every
    if name == "SummaryEncoder":
        yield "three", {"quantiles": [0.1, 0.5, 0.9]}, every
    if name == "WOEEncoder":
        yield "regular", {"regularization": 0.2}, every


def _fitted(name, options, X, y):
    import category_encoders

    try:
        return getattr(category_encoders, name)(**options).fit(X, y)
    except (ImportError, ValueError, TypeError, KeyError, AttributeError, IndexError):
        return None  # an option or a class that this version, or this environment, does not have


def encoder_models(rng):
    """(name, estimator, asked rows): what the package itself cannot answer is left out."""
    import category_encoders

    # 2.6.0 keeps no names of what comes in, and so not those of what leaves no column behind.
    names_all = hasattr(category_encoders.OrdinalEncoder().fit(_frame(rng)[0]), "feature_names_in_")
    chosen = {"cols": ["colour", "size", "town", "same", "flag"]}
    for name in PLAIN + SUPERVISED:
        for suffix, options, kinds in _options(name):
            if suffix == "dropped" and not names_all:
                continue
            X, y = _frame(rng, missing=suffix not in ("unknown_nan", "pooled"))
            if name in ("GLMMEncoder", "RankHotEncoder", "GrayEncoder"):
                X = X[["colour", "weight", "town"]]  # they sort, or iterate for long
            if not names_all:
                X = X.drop(columns="same", errors="ignore")
            if name in ("LeaveOneOutEncoder", "CatBoostEncoder"):
                X = X.drop(columns="flag")  # they do not recognise truth values again
            cols = [column for column in chosen["cols"] if column in X.columns]
            if suffix == "unknown_nan":
                cols = None
            estimator = _fitted(name, {"cols": cols, **options}, X, y)
            if estimator is None:
                continue
            asked = _asked(rng, X, kinds)
            if name in ("LeaveOneOutEncoder", "CatBoostEncoder"):
                asked = _with_none(asked, suffix in ("plain", "a"))
            elif suffix == "plain" and "size" in X.columns:
                odd = asked.head(1).astype(object)
                odd["size"] = True  # a category beside numbers, unknown beside truth values alone
                asked.attrs["refused"] = odd.to_numpy().tolist()
            yield "ce_%s_%s" % (name, suffix), estimator, asked
    yield from _array_models(rng)
    yield from _pipelines(rng)
    if names_all:
        yield from _hashed(rng)
    yield from _wrapped(rng)


# Their MD5 has one block, two, and the lengths where that changes.
LONG = ["x" * n for n in (0, 1, 55, 56, 63, 64, 119, 120, 200)] + ["bl\u00e5"]


def _long_frame(rng, n=150):
    X = pd.DataFrame({"a": rng.choice(np.array(LONG, dtype=object), n)})
    X["w"] = rng.standard_normal(n)
    X["b"] = rng.choice(np.array(["p", "q", "r", None, np.nan], dtype=object), n)
    X["s"] = 2.5
    asked = X.iloc[rng.integers(0, n, 150)].reset_index(drop=True)
    asked.loc[::9, "b"] = "never seen"
    return X, asked


def _hashed(rng):
    import category_encoders as ce

    for n, options in ((8, {}), (1, {}), (1000, {}), (30, {"drop_invariant": True})):
        X, asked = _long_frame(rng)
        made = ce.HashingEncoder(cols=["a", "b"], n_components=n, max_process=1, **options)
        made.fit(X, X["w"])
        odd = asked.head(1).astype(object)
        odd["a"] = 5  # as str() says it, beside the others
        asked.attrs["refused"] = odd.to_numpy().tolist()
        yield "ce_hashed_%d" % n, made, asked


def _wrapped(rng):
    import category_encoders as ce
    from category_encoders.wrapper import NestedCVWrapper, PolynomialWrapper

    for name in ("TargetEncoder", "WOEEncoder"):
        X, asked = _long_frame(rng)
        y = (X["w"] > 0).astype(int)
        made = NestedCVWrapper(getattr(ce, name)(cols=["a", "b"]), cv=3)
        made.fit_transform(X, y)
        yield "ce_nested_" + name, made, asked
        many = pd.Series(np.array(["lo", "mid", "hi"])[np.digitize(X["w"], [-0.4, 0.4])])
        made = PolynomialWrapper(getattr(ce, name)(cols=["b", "a"]))
        made.fit(X, many)
        yield "ce_polynomial_" + name, made, asked


def _array_models(rng):
    X, y = _frame(rng)
    numbers = np.column_stack([rng.integers(0, 6, len(X)), X["weight"], rng.integers(0, 3, len(X))])
    for name in ("OrdinalEncoder", "OneHotEncoder", "TargetEncoder", "CountEncoder"):
        estimator = _fitted(name, {"cols": [0, 2]}, numbers, y)
        asked = numbers[rng.integers(0, len(numbers), 200)].copy()
        asked[rng.random(asked.shape) < 0.1] = 9.0
        yield "ce_array_" + name, estimator, asked


def _model():
    return linear_model.LogisticRegression(max_iter=2000)


def _pipelines(rng):
    import category_encoders as ce

    X, y = _frame(rng)
    for name in ("TargetEncoder", "BinaryEncoder", "OneHotEncoder", "WOEEncoder"):
        encoder = getattr(ce, name)(cols=["colour", "town", "flag", "same"])
        made = pipeline.Pipeline([("codes", encoder), ("model", _model())]).fit(X, y)
        yield "ce_pipe_" + name, made, _asked(rng, X.drop(columns="size")).assign(
            size=1.0
        )[X.columns]
    parts = [
        ("mean", ce.TargetEncoder(), ["town", "colour"]),
        ("count", ce.CountEncoder(cols=["flag"]), ["flag", "size"]),
    ]
    columns = compose.ColumnTransformer(parts, remainder="drop")
    made = pipeline.Pipeline([("columns", columns), ("model", _model())]).fit(X, y)
    rows = _asked(rng, X)
    rows["size"] = 2
    yield "ce_columns", made, rows
