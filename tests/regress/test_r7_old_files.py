"""Issue 4, point 3: what the full sets of scikit-learn 0.18 to 1.1 found. Files of that age are made
here by what they lack: no n_features_in_, and an older version in the state."""

import copyreg
import pathlib
import pickle
import sys
from functools import partial

import numpy as np
import pytest
import scipy.sparse
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import Binarizer, FunctionTransformer, Normalizer

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.conformance import native  # noqa: E402

MILLION = 1 << 20


class Older:
    """Pickles as `estimator` does, with the version of its scikit-learn in the state."""

    def __init__(self, estimator, version):
        self.kind, self.state = type(estimator), dict(vars(estimator), _sklearn_version=version)

    def __reduce__(self):
        return copyreg._reconstructor, (self.kind, object, None), self.state


OLD_NORMALIZER = Older(Normalizer("l1"), "0.23.2")
OLD_BINARIZER = Older(Binarizer(threshold=0.1), "0.23.2")


def opened(tmp_path, estimator, version):
    path = tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps(Older(estimator, version)))
    return native.Library().open(path)


def answer(tmp_path, estimator, version, rows, method="transform"):
    with opened(tmp_path, estimator, version) as model:
        return model.predict(method, rows).parts[0]


def million(n_rows):
    """Rows whose entries stand anywhere, in no order, some twice."""
    random = np.random.RandomState(n_rows)
    counts = random.randint(0, 40, n_rows)
    counts[0] = 0
    indptr = np.concatenate([[0], np.cumsum(counts)])
    indices = random.randint(0, MILLION, indptr[-1])
    indices[1:4] = indices[0]
    data = random.normal(size=len(indices))
    return scipy.sparse.csr_matrix((data, indices, indptr), shape=(n_rows, MILLION))


def csr(X):
    return native.Csr(X.data, X.indices, X.indptr, X.shape[1])


@pytest.mark.parametrize(
    "estimator",
    [
        Normalizer("l1"),
        Normalizer("l2"),
        Normalizer("max"),
        Binarizer(threshold=0.5),
        FunctionTransformer(np.arctan, accept_sparse=True, validate=True),
        Pipeline([("norm", OLD_NORMALIZER), ("marks", OLD_BINARIZER)]),
    ],
)
def test_wide_rows_cost_their_entries(tmp_path, estimator):
    """A Normalizer of 0.18 to 0.23 took 512 MB for 64 rows of a million columns."""
    X = million(300)
    with opened(tmp_path, estimator, "0.23.2") as model:
        part = model.predict("transform", csr(X)).parts[0]
    X.sum_duplicates()
    if isinstance(estimator, Pipeline):
        want = Binarizer(threshold=0.1).transform(Normalizer("l1").transform(X))
    elif isinstance(estimator, FunctionTransformer):
        want = np.arctan(X)
    else:
        want = estimator.transform(X)
    assert part.sparse and part.values.shape == X.shape
    assert abs(part.values - want).max() <= 1e-15


def test_a_value_is_named_by_its_column(tmp_path):
    X = scipy.sparse.csr_matrix(([1.0, np.nan], ([2, 2], [7, 900_000])), shape=(4, MILLION))
    with pytest.raises(native.NativeError, match="row 2, column 900000"):
        answer(tmp_path, Normalizer(), "0.21.3", csr(X))


def test_what_has_no_zeros_is_given_whole(tmp_path):
    X = scipy.sparse.csr_matrix(([1.0], ([0], [5])), shape=(2, 5000))
    rows = csr(X)
    part = answer(tmp_path, FunctionTransformer(np.exp, validate=False), "0.21.3", rows)
    assert np.array_equal(part.values[0, 4:7], [1, np.e, 1])


@pytest.mark.parametrize("version, by_zero", [("0.23.2", np.nan), ("0.24.2", -np.inf)])
def test_floor_divide_by_zero(tmp_path, version, by_zero):
    """numpy before 1.20 answered NaN: it was infinite for all versions."""
    estimator = FunctionTransformer(partial(np.floor_divide, -2.5), validate=False)
    part = answer(tmp_path, estimator, version, native.dense(np.array([[0.0], [1.0], [-0.0]])))
    want = [by_zero, -3.0, np.nan if np.isnan(by_zero) else np.inf]
    assert np.array_equal(part.values.ravel(), want, equal_nan=True)


@pytest.mark.parametrize("version, want", [("0.23.2", [1, 1, 2]), ("0.24.2", np.i0(range(3)))])
def test_i0_of_integers(tmp_path, version, want):
    """numpy before 1.20 answered integers with integers: they were floats for all versions."""
    estimator = FunctionTransformer(np.i0, validate=False)
    part = answer(tmp_path, estimator, version, native.dense(np.array([[0], [1], [2]])))
    assert part.kind == ("i" if version < "0.24" else "f")
    assert np.allclose(part.values.ravel(), want, rtol=1e-15)
