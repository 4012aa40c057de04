"""How far scikit-learn's own answer moves: what no other program can be held to.

Five things are moved, each by its last bits, and the answer is asked again:
- the company of a row: alone, or in the batch
- the row, but for cells that hit a threshold of the model
- the numbers of the model: a sum of terms w x moves by about SHAKE eps |terms| when each w does by
  SHAKE eps, whatever cancels in it, and a sum in another order is off by n eps |terms| at most
- kernels before they are centred (Isomap's are squares of distances of which nothing may be left)
- what a step of a pipeline hands on, where it computes: by 4 eps of itself, or of the largest number
  of its row where the step mixes columns (each output is a sum over them)
"""

import contextlib
import pickle
import warnings

import numpy as np
import scipy.sparse
from sklearn.base import BaseEstimator
from sklearn.preprocessing import KernelCenterer

from ..fixtures import ties
from ..fixtures.frames import pandas
from .rows import EDGES

MOVES = 4  # how often each of them is moved
SHAKE = 16  # in eps
COMPARED = EDGES + ("categories_", "classes_", "data_min_", "data_max_", "X_min_", "X_max_")
# Steps that hand numbers on as they are, or by one rounded operation, which we do too.
EXACT = ("Scaler", "Imputer", "Binarizer", "Select", "RFE", "VarianceThreshold", "Encoder", "KBins",
         "Indicator", "Vectorizer", "Hasher", "Embedding")  # fmt: skip
ALONE = ("PowerTransformer", "FunctionTransformer", "QuantileTransformer", "Spline", "Chi2", "PolynomialFeatures")


@contextlib.contextmanager
def quiet():
    with warnings.catch_warnings(), np.errstate(all="ignore"), ties.in_order():
        warnings.simplefilter("ignore")
        yield


def moved(X, rng, marked):
    """The rows with the last bits of their numbers moved, but for cells on an edge."""
    if scipy.sparse.issparse(X):
        return scipy.sparse.csr_matrix(moved(X.toarray(), rng, marked))
    if hasattr(X, "iloc"):
        columns = {}
        for i, name in enumerate(X):
            values = moved(X[name].to_numpy(), rng, marked[:, i])
            columns[name] = X[name] if values is None else values
        return pandas.DataFrame(columns, index=X.index)
    if not isinstance(X, np.ndarray) or X.dtype.kind not in "fi":
        return None
    X = X.astype(np.float64) if X.dtype.kind == "i" else X
    steps = np.where(rng.randint(2, size=X.shape), np.inf, -np.inf).astype(X.dtype)
    return np.where(marked if marked.shape == X.shape else False, X, np.nextafter(X, steps))


def _shake(array, rng, eps):
    array *= (1 + SHAKE * eps * rng.uniform(-1, 1, array.shape)).astype(array.dtype)


def _shake_attributes(holder, rng, eps, stack):
    """The learnt numbers of one object; what it holds goes on the stack."""
    for name, value in list(vars(holder).items()):
        learnt = (name.endswith("_") or name.startswith("_")) and name not in COMPARED
        if scipy.sparse.issparse(value):
            value = value.data
        if learnt and isinstance(value, np.ndarray) and value.dtype.kind == "f":
            if value.flags.writeable:
                _shake(value, rng, eps)
        elif learnt and isinstance(value, (float, np.floating)):
            setattr(holder, name, value * (1 + SHAKE * eps * rng.uniform(-1, 1)))
        elif name not in COMPARED:
            stack.append(value)


def shaken(estimator, rng, eps):
    """A copy of which every learnt number that is summed or multiplied has its last bits moved."""
    estimator = pickle.loads(pickle.dumps(estimator))
    stack, seen = [estimator], set()
    while stack:
        value = stack.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, dict):
            stack.extend(value.values())
        elif isinstance(value, (list, tuple)):
            stack.extend(value)
        elif isinstance(value, np.ndarray):
            if value.dtype == object:
                stack.extend(value.ravel().tolist())
            elif value.dtype.kind == "f" and value.flags.writeable:
                _shake(value, rng, eps)
        elif isinstance(value, BaseEstimator) or type(value).__name__.startswith("_"):
            if hasattr(value, "__dict__"):
                _shake_attributes(value, rng, eps, stack)
    return estimator


def in_double(estimator):
    """A copy of which every array of single precision is one of doubles."""
    estimator = pickle.loads(pickle.dumps(estimator))
    stack, seen = [estimator], set()
    while stack:
        value = stack.pop()
        if id(value) in seen or not isinstance(value, (BaseEstimator, list, tuple, dict)):
            continue
        seen.add(id(value))
        if not isinstance(value, BaseEstimator):
            stack.extend(value.values() if isinstance(value, dict) else value)
            continue
        for name, item in list(vars(value).items()):
            if hasattr(item, "astype") and item.dtype == np.float32:  # not an encoder's own dtype
                setattr(value, name, item.astype(np.float64))
            stack.append(item)
    return estimator


def _handed_on(step, X, rng):
    """What a step hands on, moved where the step computes."""
    name = type(step).__name__
    if any(part in name for part in EXACT) or not hasattr(X, "dtype"):
        return X
    if scipy.sparse.issparse(X):
        X = X.copy()
        size = np.abs(X.data).max(initial=0)  # distances are what is left of larger numbers
        X.data = X.data + 4 * np.finfo(np.float64).eps * size * rng.uniform(-1, 1, X.data.shape)
        return X
    if not isinstance(X, np.ndarray) or X.dtype.kind != "f":
        return X
    size = np.abs(X)
    if not any(part in name for part in ALONE):
        size = np.where(np.isfinite(size), size, 0).max(axis=1, keepdims=True, initial=0)
    eps = 4 * np.finfo(X.dtype).eps
    return (X + eps * size * rng.uniform(-1, 1, X.shape)).astype(X.dtype)


def way(estimator, method):
    """What is called: predict has the deviation beside."""
    if method == "predict_std":
        return lambda X: estimator.predict(X, return_std=True)[1]
    return getattr(estimator, method)


def _in_steps(estimator, method, X, rng):
    """The answer of a pipeline, each step asked by itself; None for what is no pipeline."""
    estimator = getattr(estimator, "best_estimator_", estimator)
    if method == "predict_std":
        return None
    if not hasattr(estimator, "steps") or method == "inverse_transform":
        return None
    for _, step in estimator.steps[:-1]:
        if hasattr(step, "transform"):
            X = _handed_on(step, step.transform(X), rng)
    return getattr(estimator.steps[-1][1], method)(X)


@contextlib.contextmanager
def centred_from(rng):
    """Kernels have their last bits moved before they are centred."""
    transform = KernelCenterer.transform

    def moving(self, K, copy=True):
        K = np.asarray(K)
        eps = np.finfo(K.dtype).eps
        return transform(self, K * (1 + eps * rng.uniform(-1, 1, K.shape)).astype(K.dtype), copy)

    KernelCenterer.transform = moving
    try:
        yield
    finally:
        KernelCenterer.transform = transform


def _asks(estimator, method, X, marked, rng, single):
    """Ways to ask the same rows when last bits move."""
    eps = np.finfo(np.float32 if single else np.float64).eps
    if method == "inverse_transform":
        marked = np.zeros(1, dtype=bool)  # the thresholds are of other columns

    def centred():
        with centred_from(rng):
            return way(estimator, method)(X)

    yield lambda: way(estimator, method)(X)
    for _ in range(MOVES):
        yield lambda: way(estimator, method)(moved(X, rng, marked))
        yield lambda: way(shaken(estimator, rng, eps), method)(X)
        yield centred
        yield lambda: _in_steps(estimator, method, X, rng)


def answers(estimator, method, X, marked, rng, single):
    """scikit-learn's answers to the same rows when last bits move."""
    for ask in _asks(estimator, method, X, marked, rng, single):
        with quiet(), contextlib.suppress(Exception):
            answer = ask()
            if answer is not None:
                yield answer


def raises(estimator, method, X, marked, rng, single):
    """Does scikit-learn refuse these rows when last bits move, or, if single, in double?"""
    asks = list(_asks(estimator, method, X, marked, rng, single))
    if single:
        asks.append(lambda: way(estimator, method)(X.astype(np.float64)))
    for ask in asks:
        try:
            with quiet():
                ask()
        except ValueError:
            return True
        except Exception:
            continue
    return False


def distance(first, second):
    """|first - second|, where equal infinities and missing numbers are no distance."""
    with np.errstate(invalid="ignore"):
        far = np.abs(first - second)
    far[(first == second) | (np.isnan(first) & np.isnan(second))] = 0
    return np.where(np.isnan(far), np.inf, far)
