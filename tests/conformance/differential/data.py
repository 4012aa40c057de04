"""Rows to fit on: numbers of many scales, integers, booleans, csr, frames, texts, labels."""

import random

import numpy as np
import scipy.sparse

from ..documents import document
from ..fixtures.frames import pandas

WORDS = ["red", "Red", "", " ", "stra\u00dfe", "e\u0301", "\u00e9", "\U0001f600", "a\nb", "0", "nan"]
LABELS = [
    np.array([0, 1, 2, 3]),
    np.array([-5, 3, 7, 1 << 40]),
    np.array(["no", "yes", "maybe", "never"]),
    np.array(["\u00e9", "e\u0301", "", "\U0001f600 x"], dtype=object),
    np.array([0.0, 1.0, 2.0, 3.0]),
    np.array([False, True]),
]


def _column(rng, n, needs):
    """One column of numbers: a scale and a habit are drawn for it."""
    habit = rng.randint(6)
    scale = 10.0 ** rng.randint(-3, 4)
    values = rng.normal(size=n) * scale
    if habit == 0:
        values = rng.randint(-4, 5, size=n).astype(float)  # many ties
    elif habit == 1:
        values = rng.randint(0, 2, size=n).astype(float)
    elif habit == 2:
        values = values * (rng.random_sample(n) < 0.4)  # many zeros
    elif habit == 3:
        values = values + 100 * scale  # far from the origin
    if "positive" in needs:
        values = np.abs(values)
    if "unit" in needs:
        values = np.abs(values) / max(np.abs(values).max(), 1e-300)
    return rng.randint(0, 4, size=n).astype(float) if "classes" in needs else values


def numbers(rng, n, needs):
    """(X, kind): a matrix of a drawn dtype, sparse rows, or a frame of numbers."""
    width = 1 if "one" in needs else 3 if "three" in needs else rng.randint(1, 8)
    X = np.column_stack([_column(rng, n, needs) for _ in range(width)])
    if "nan" in needs and rng.randint(3) == 0:
        X[rng.random_sample(X.shape) < 0.15] = np.nan
    form = rng.randint(10)
    if np.isnan(X).any():
        return X, "dense"
    if form == 0:
        return X.astype(np.float32), "dense"
    if form == 1:
        return np.clip(X, -1e6, 1e6).astype(np.int64), "dense"
    if form == 2:
        return scipy.sparse.csr_matrix(np.where(rng.random_sample(X.shape) < 0.5, 0, X)), "csr"
    if form == 3 and pandas is not None:
        return pandas.DataFrame(X, columns=["c%d" % i for i in range(width)]), "frame"
    return X, "dense"


def _category(rng, n):
    words = np.array(WORDS, dtype=object)[rng.permutation(len(WORDS))[: rng.randint(2, 7)]]
    values = words[rng.randint(len(words), size=n)]
    if rng.randint(3) == 0:
        values[rng.random_sample(n) < 0.1] = np.nan
    return values


def frame(rng, n, n_words=None):
    """A frame of words (the columns w0, w1 ...) and numbers (n0, n1 ...)."""
    columns = {}
    for i in range(rng.randint(1, 4) if n_words is None else n_words):
        columns["w%d" % i] = pandas.Series(_category(rng, n), dtype=object)
    for i in range(rng.randint(0, 3)):
        columns["n%d" % i] = pandas.Series(_column(rng, n, ()))
    return pandas.DataFrame({name: _as_other(rng, values) for name, values in columns.items()})


def _as_other(rng, values):
    """Some columns as pandas' own dtypes: categories, strings, numbers that may be missing."""
    if rng.randint(3):
        return values
    if values.dtype == object:
        return values.astype(("category", "string")[rng.randint(2)])
    kind = ("Int64", "Float64", "boolean", "float32")[rng.randint(4)]
    if kind == "Int64":
        values = values.clip(-1e6, 1e6).round()
    return (values > 0).astype(kind) if kind == "boolean" else values.astype(kind)


def dictionary(rng):
    atoms = rng.normal(size=(rng.randint(2, 6), 3))
    return atoms / np.sqrt((atoms**2).sum(axis=1, keepdims=True))


def column(rng, n):
    """Labels alone, as LabelEncoder takes them."""
    return _classes(rng, n, rng.randint(1, 5))


def sets(rng, n):
    """A set of words a row."""
    return [{WORDS[i] for i in rng.permutation(len(WORDS))[: rng.randint(0, 4)]} for _ in range(n)]


def texts(rng, n):
    drawn = random.Random(int(rng.randint(1 << 30)))
    return [document(drawn) for _ in range(n)]


def dicts(rng, n):
    """Rows of a dict each: numbers and words under odd names."""
    rows = []
    for _ in range(n):
        names = rng.permutation(len(WORDS))[: rng.randint(0, 6)]
        rows.append({WORDS[i]: _feature(rng) for i in names})
    return rows


def _feature(rng):
    return WORDS[rng.randint(len(WORDS))] if rng.randint(3) == 0 else float(rng.randint(-3, 4))


def _classes(rng, n, n_classes):
    labels = LABELS[rng.randint(len(LABELS))]
    habit = rng.randint(12)
    if habit == 0:  # many classes, of few rows each
        labels, n_classes = np.arange(n // 3) * 7 - 3, n // 3
    elif habit == 1:
        labels, n_classes = np.array(["c%d" % i for i in range(n // 3)]), n // 3
    elif habit == 2:
        n_classes = 1
    n_classes = min(n_classes, len(labels))
    y = np.concatenate([np.arange(n_classes), rng.randint(n_classes, size=n - n_classes)])
    return labels[rng.permutation(y)]


def labels(rng, n, needs):
    """y for a classifier; of many columns where it `needs` or allows them."""
    if "manylabels" in needs or ("labels" in needs and rng.randint(5) == 0):
        y = rng.randint(0, 2, size=(n, 3))
        y[:2] = [[0] * 3, [1] * 3]
        return y
    if "base" in needs and "several" in needs or "several" in needs and rng.randint(4) == 0:
        return rng.randint(0, 3, size=(n, 2))
    return _classes(rng, n, 2 if "binary" in needs else rng.randint(2, 5))


def targets(rng, n, needs):
    """y for a regressor."""
    several = "several" in needs or ("many" in needs and rng.randint(4) == 0)
    shape = (n, rng.randint(2, 4)) if several else (n,)
    y = rng.normal(size=shape) * 10.0 ** rng.randint(-2, 4)
    return np.abs(y) + 0.01 if "counts" in needs else y
