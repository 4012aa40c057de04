"""Hostile rows to ask: what a model was fitted on, with cells replaced by what breaks arithmetic.

A cell is marked an edge where it is exactly a threshold or a bin edge of the model: there no
tolerance for the last bit of the row is right.
"""

import numpy as np
import scipy.sparse
from sklearn.base import BaseEstimator

from . import data

TAME = [0.0, -0.0, 5e-324, -5e-324, 2.2250738585072014e-308, 1e-45, 1.1754944e-38, 1e-300]
HUGE = [1e10, -1e10, 2.0**53, 2.0**24 + 1, 1e20, -1e20]
HUGER = [3.4028234663852886e38, 3.5e38, -3.5e38, 1e300, -1.7976931348623157e308]
NEVER = [np.nan, np.inf, -np.inf]
UNSEEN = ["never seen", "RED", "re\u0301d", "\u00c9", "\ufeffred", "red ", "\U0001f468\u200d\U0001f469"]
N_ROWS = 24
EDGES = ("threshold", "bin_thresholds_", "bin_edges_", "quantiles_", "X_thresholds_", "threshold_")
LIMIT = 400  # edges taken from a model


def _numbers_of(value):
    for array in value if isinstance(value, (list, tuple)) else [value]:
        array = np.asarray(array)
        if not array.size:
            continue
        if array.dtype.kind == "f" or array.dtype == object:
            flat = [x for x in np.hstack(array.ravel()).ravel()[:LIMIT] if x is not None]
            flat = [float(x) for x in flat]
            yield from (x for x in flat if np.isfinite(x))


def edges(estimator):
    """Numbers at which the answer may jump: of every tree and table inside the estimator."""
    found, stack, seen = [], [estimator], set()
    while stack and len(found) < LIMIT:
        value = stack.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, dict):
            stack.extend(value.values())
        elif isinstance(value, (list, tuple)) or getattr(value, "dtype", None) == object:
            stack.extend(list(np.ravel(value)) if hasattr(value, "dtype") else value)
        elif hasattr(value, "threshold") and hasattr(value, "children_left"):
            found.extend(_numbers_of(value.threshold[value.children_left >= 0]))
        elif type(value).__name__ == "TreePredictor":
            found.extend(_numbers_of(value.nodes["num_threshold"]))
        elif isinstance(value, BaseEstimator) or type(value).__name__ in ("_BinMapper",):
            stack.extend(vars(value).values())
            stack.append(getattr(value, "tree_", None))
            for name in EDGES:
                found.extend(_numbers_of(vars(value).get(name, 0.0)))
    return found[:LIMIT]


def _beside(rng, edge):
    """An edge, or the number next to it in double or in single precision."""
    which = rng.randint(5)
    towards = np.inf if which % 2 else -np.inf
    if which == 0:
        return edge
    if which < 3:
        return float(np.nextafter(edge, towards))
    single = np.float32(edge)
    return float(single if which == 3 else np.nextafter(single, np.float32(towards)))


def _cell(rng, jumps, column):
    """(what a cell is replaced by, is it an edge)."""
    which = rng.randint(12)
    if which < 4 and jumps:
        return _beside(rng, jumps[rng.randint(len(jumps))]), True
    if which < 6:
        return TAME[rng.randint(len(TAME))], True
    if which < 8:
        return HUGE[rng.randint(len(HUGE))], False
    if which == 8:
        return HUGER[rng.randint(len(HUGER))], False
    if which == 9:
        return NEVER[rng.randint(len(NEVER))], False
    low, high = np.nanmin(column), np.nanmax(column)
    return float(low + (high - low) * (3 * rng.random_sample() - 1)), False


def _cast(values, dtype):
    if np.dtype(dtype).kind != "f":
        bound = np.iinfo(dtype)
        values = np.nan_to_num(values, nan=0.0, posinf=1e6, neginf=-1e6)
        values = np.clip(values, max(bound.min, -1e15), min(bound.max, 1e15))
    with np.errstate(over="ignore"):
        return values.astype(dtype)


def _matrix(rng, X, jumps, positive):
    """(rows, which cells are edges) of a matrix of numbers."""
    X64 = np.asarray(X, dtype=np.float64)
    rows = X64[rng.randint(len(X64), size=N_ROWS)].copy()
    marked = np.zeros(rows.shape, dtype=bool)
    for i in range(N_ROWS // 4, N_ROWS):
        for _ in range(rng.randint(1, 4)):
            j = rng.randint(X64.shape[1])
            value, edge = _cell(rng, jumps, X64[:, j])
            rows[i, j] = abs(value) if positive and rng.randint(8) else value
            marked[i, j] = edge
    return _cast(rows, X.dtype), marked


def _frame(rng, X, jumps):
    """The same for a frame: words become words that were never seen."""
    rows = X.iloc[rng.randint(len(X), size=N_ROWS)].reset_index(drop=True)
    marked = np.zeros(rows.shape, dtype=bool)
    for name in rows.columns:
        values = rows[name].to_numpy().copy()
        for i in np.flatnonzero(rng.random_sample(N_ROWS) < 0.4):
            if X[name].dtype.kind in "iub" or str(X[name].dtype) in ("Int64", "Float64", "boolean"):
                values[i] = X[name].to_numpy()[rng.randint(len(X))]
            elif values.dtype.kind == "f":
                values[i], marked[i, rows.columns.get_loc(name)] = _cell(rng, jumps, X[name].to_numpy())
            else:
                words = UNSEEN + data.WORDS + [np.nan]
                values[i] = words[rng.randint(len(words))]
        rows[name] = values
    return rows, marked


def hostile(rng, case):
    """(rows as scikit-learn takes them, which cells are edges)."""
    if case.kind == "labels":
        rows = np.asarray(case.X)[rng.randint(len(case.X), size=N_ROWS)]
        return rows, np.zeros((N_ROWS, 1), dtype=bool)
    if case.kind in ("text", "dicts", "sets"):
        make = {"text": data.texts, "dicts": data.dicts, "sets": data.sets}
        rows = make[case.kind](rng, N_ROWS)
        if case.kind == "text":
            rows[:4] = ["", " ", "\u0130\u0131\u1e9e \ufb01 \u03a3\u03c2", "a" * 300 + " b"]
        return rows, np.zeros((N_ROWS, 1), dtype=bool)
    jumps = edges(case.estimator)
    if case.kind == "frame":
        return _frame(rng, case.X, jumps)
    positive = bool({"positive", "counts", "unit", "classes"} & set(case.needs))
    if case.kind == "csr":
        rows, marked = _matrix(rng, case.X.toarray(), jumps, positive)
        return scipy.sparse.csr_matrix(rows), marked
    return _matrix(rng, case.X, jumps, positive)


def take(X, at):
    """Some rows of whatever holds rows."""
    if hasattr(X, "iloc"):
        return X.iloc[at].reset_index(drop=True)
    return [X[i] for i in at] if isinstance(X, list) else X[at]
