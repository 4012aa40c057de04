"""One case: rows to fit on and an estimator to fit, drawn by a number."""

import importlib
import inspect
from dataclasses import dataclass

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder

from ..fixtures.frames import pandas
from . import data, options
from .tables import KINDS, log

SHAPES = ("single", "single", "single", "pipeline", "pipeline", "union", "columns", "after_text")
SAVED = ("pickle", "pickle", "pickle", "joblib", "skops")
FUNCTIONS = [(None, None), (np.log1p, np.expm1), (np.sqrt, np.square), (np.abs, None)]
CHEAP = {
    "classifier": ("LogisticRegression", "DecisionTreeClassifier", "GaussianNB", "RidgeClassifier",
                   "KNeighborsClassifier", "RandomForestClassifier", "SGDClassifier", "SVC"),
    "regressor": ("Ridge", "DecisionTreeRegressor", "Lasso", "KNeighborsRegressor", "SVR",
                  "RandomForestRegressor", "LinearRegression", "HuberRegressor"),
}  # fmt: skip


class NotThere(Exception):
    """This scikit-learn has no such class, or not for what was drawn."""


@dataclass
class Case:
    estimator: object
    X: object
    y: object
    kind: str  # dense csr frame text dicts sets labels
    needs: frozenset
    weights: object = None  # sample_weight of fit
    container: str = None  # set_output of what was fitted
    saved: str = "pickle"  # as joblib or skops would


def _class(kind):
    for name in ("experimental.enable_iterative_imputer", "experimental.enable_halving_search_cv"):
        importlib.import_module("sklearn." + name)
    try:
        return getattr(importlib.import_module("sklearn." + kind.module), kind.name)
    except (ImportError, AttributeError):
        raise NotThere(kind.name) from None


def _value(rng, choice):
    if isinstance(choice, log):
        return float(choice.low * (choice.high / choice.low) ** rng.random_sample())
    return choice[rng.randint(len(choice))]


def _parameters(rng, kind, known):
    """Half of those that the class knows; what keeps a fit short is always drawn."""
    short = ("n_estimators", "max_iter", "n_iter", "cv", "max_subpopulation", "n_components")
    found = {}
    for name, choice in kind.parameters.items():
        draw, value = rng.randint(2), _value(rng, choice)
        if name in known and (draw or name in short):
            found[name] = value
    return found


def named(*names):
    return [kind for kind in KINDS if kind.name in names]


def one_of(rng, kinds):
    return kinds[rng.randint(len(kinds))]


def build(rng, kind):
    """An estimator of this kind, with its parameters and whatever it holds."""
    cls = _class(kind)
    known = inspect.signature(cls.__init__).parameters
    parameters = _parameters(rng, kind, known)
    if "random_state" in known:
        parameters["random_state"] = int(rng.randint(1 << 30))
    if "novelty" in kind.needs:
        parameters["novelty"] = True
    if "functions" in kind.needs:
        func, inverse = one_of(rng, FUNCTIONS)
        parameters.update(func=func)
        parameters["inverse_func"] = inverse if func is not None else None
    if "base" in kind.needs:
        parameters.update(_held(rng, kind, known))
    if "team" in kind.needs:
        team = [build(rng, one_of(rng, named(*CHEAP[kind.role]))) for _ in range(3)]
        parameters["estimators"] = [("e%d" % i, member) for i, member in enumerate(team)]
    if "made" in kind.needs:
        parameters["dictionary"] = data.dictionary(rng)
    return cls(**dict(options.more(rng, cls, known, parameters), **parameters))


def _held(rng, kind, known):
    """The estimator that a meta-estimator is given, and the grid of a search."""
    role = kind.role if kind.role in CHEAP else ("classifier", "regressor")[rng.randint(2)]
    if "labels" in kind.needs or kind.name in ("CalibratedClassifierCV", "ClassifierChain"):
        role = "classifier"
    base = one_of(rng, named(*CHEAP["classifier" if kind.role == "transformer" else role]))
    held = build(rng, base)
    name = next((n for n in ("estimator", "base_estimator", "regressor") if n in known), None)
    found = {name: held}
    if "param_grid" in known or "param_distributions" in known:
        grid = next(((n, c) for n, c in base.parameters.items() if n in held.get_params()), None)
        values = [_value(rng, grid[1]) for _ in range(2)] if grid else []
        grids = {grid[0]: sorted(set(values), key=repr)} if grid else {}
        found["param_grid" if "param_grid" in known else "param_distributions"] = grids
        if "n_iter" in known:
            found["n_iter"] = 1
    return found


def _transformer(rng):
    left = {"classes", "square", "made"}
    kinds = [kind for kind in KINDS if kind.role == "transformer" and not left & kind.needs]
    return one_of(rng, kinds)


def _steps(rng, first, kind):
    """A pipeline: some transformers before the last step."""
    steps = [("t%d" % i, build(rng, t)) for i, t in enumerate(first)]
    if len(steps) > 1 and rng.randint(3) == 0:
        steps = [("inner", Pipeline(steps))]
    elif rng.randint(6) == 0:
        steps.insert(0, ("both", FeatureUnion([("a", "passthrough"), ("b", build(rng, first[0]))])))
    return Pipeline(steps + [("last", build(rng, kind))])


def _labels(rng, kind, needs, n):
    if kind.role == "regressor" or kind.role == "two":
        return data.targets(rng, n, needs)
    return data.labels(rng, n, needs)


def _single(rng, kind, n):
    if kind.role in ("text", "dicts"):
        X = getattr(data, "texts" if kind.role == "text" else "dicts")(rng, n)
        return Case(build(rng, kind), X, None, kind.role, kind.needs)
    if kind.role == "labels":
        return Case(build(rng, kind), data.column(rng, n), None, "labels", kind.needs)
    if kind.role == "sets":
        return Case(build(rng, kind), data.sets(rng, n), None, "sets", kind.needs)
    if "square" in kind.needs:
        X = rng.normal(size=(n, 3))
        return Case(build(rng, kind), X @ X.T, None, "dense", kind.needs)
    y = _labels(rng, kind, kind.needs, n)
    if "frame" in kind.needs and "classes" in kind.needs and rng.randint(2) and pandas is not None:
        return Case(build(rng, kind), data.frame(rng, n), y, "frame", kind.needs)
    X, form = data.numbers(rng, n, kind.needs)
    return Case(build(rng, kind), X, y, form, kind.needs)


def _predictor(rng):
    roles = ("classifier", "regressor", "cluster", "outlier", "transformer")
    role = one_of(rng, roles)
    left = {"one", "square", "made"}
    return one_of(rng, [k for k in KINDS if k.role == role and not left & k.needs])


def _pipeline(rng, kind, n):
    del kind
    first = [_transformer(rng) for _ in range(rng.randint(1, 3))]
    kind = _predictor(rng)
    needs = frozenset().union(*(k.needs for k in first), kind.needs)
    needs = needs - {"nan", "one", "classes"}
    X, form = data.numbers(rng, n, needs | ({"nan"} & first[0].needs))
    y = _labels(rng, kind, kind.needs, n)
    return Case(_steps(rng, first, kind), X, y, form, needs)


def _union(rng, kind, n):
    del kind
    parts = [_transformer(rng) for _ in range(rng.randint(2, 4))]
    needs = frozenset().union(*(k.needs for k in parts)) - {"nan"}
    X, form = data.numbers(rng, n, needs)
    union = FeatureUnion([("u%d" % i, build(rng, k)) for i, k in enumerate(parts)])
    if rng.randint(2):
        weights = {"u0": float(rng.randint(-2, 4))}
        union.set_params(transformer_weights=weights)
    return Case(union, X, data.labels(rng, n, ()), form, needs)


def _columns(rng, kind, n):
    """Words are encoded, numbers transformed, the rest passes or is dropped; then a predictor."""
    del kind
    if pandas is None:
        raise NotThere("pandas")
    X = data.frame(rng, n)
    words = [name for name in X.columns if name[0] == "w"]
    numbers = [name for name in X.columns if name[0] == "n"]
    encoder = OneHotEncoder(handle_unknown="ignore")
    if rng.randint(2):
        encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    if rng.randint(3) == 0:  # a pipeline of its own for some columns
        encoder = Pipeline([("fill", SimpleImputer(strategy="most_frequent")), ("encode", encoder)])
    parts = [("w", encoder, words)]
    if numbers:
        parts.append(("n", build(rng, one_of(rng, named("StandardScaler", "SimpleImputer",
                      "KBinsDiscretizer", "QuantileTransformer"))), numbers))  # fmt: skip
    columns = ColumnTransformer(parts, remainder=one_of(rng, ["drop", "passthrough"]))
    last = one_of(rng, named(*CHEAP["classifier"], "HistGradientBoostingClassifier"))
    y = data.labels(rng, n, ())
    if rng.randint(4) == 0:
        return Case(columns, X, y, "frame", frozenset({"nan"}))
    pipeline = Pipeline([("columns", columns), ("last", build(rng, last))])
    return Case(pipeline, X, y, "frame", frozenset({"nan"}))


def _after_text(rng, kind, n):
    del kind
    first = one_of(rng, [k for k in KINDS if k.role == "text"])
    last = one_of(rng, named("LogisticRegression", "MultinomialNB", "SGDClassifier", "LinearSVC",
                             "TruncatedSVD", "NMF", "RandomForestClassifier", "KMeans"))  # fmt: skip
    y = data.labels(rng, n, ())
    return Case(_steps(rng, [first], last), data.texts(rng, n), y, "text", last.needs)


def draw(seed, number):
    """The case of this number, unfitted. NotThere where this scikit-learn has it not."""
    rng = np.random.RandomState([seed, number])
    shape = one_of(rng, SHAPES)
    kind = one_of(rng, KINDS)
    n = int(rng.randint(12, 90))
    make = {"single": _single, "pipeline": _pipeline, "union": _union}
    make.update(columns=_columns, after_text=_after_text)
    case = make[shape](rng, kind, n)
    if rng.randint(6) == 0 and case.y is not None:
        case.weights = rng.randint(1, 4, size=n).astype(float)
    if rng.randint(8) == 0 and case.kind in ("dense", "frame"):
        case.container = "pandas"
    case.saved = one_of(rng, SAVED)
    return case, rng
