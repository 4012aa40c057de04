"""Issue 4: a periodic SplineTransformer of a column that was constant at the fit answered zeros where
scikit-learn before 1.8 answers NaN; sparse_output answered integers beyond the knots for which
scikit-learn cuts the end of the range to an integer that has no spline."""

import pathlib
import pickle
import sys

import numpy as np
import pytest
import sklearn
from sklearn.preprocessing import SplineTransformer

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.conformance import native  # noqa: E402

VERSION = tuple(int(part) for part in sklearn.__version__.split(".")[:2])
HALVES = np.arange(10.0).reshape(-1, 1) + 0.5


def _open(folder, estimator):
    path = folder / "model.pkl"
    path.write_bytes(pickle.dumps(estimator))
    return native.Library().open(path)


@pytest.mark.parametrize("degree", [0, 1, 3])
def test_a_period_of_nothing(tmp_path, degree):
    X = np.c_[np.full(10, 3.0), HALVES]
    splines = SplineTransformer(n_knots=4, degree=degree, extrapolation="periodic").fit(X)
    rows = np.array([[3.0, 3.0], [4.5, 40.0], [-1.0, -7.0]])
    with _open(tmp_path, splines) as model:
        got = model.predict("transform", native.dense(rows)).parts[0].values
    assert np.array_equal(got, splines.transform(rows), equal_nan=True)


@pytest.mark.skipif(VERSION < (1, 3), reason="no sparse_output")
def test_a_sparse_period_of_nothing(tmp_path):
    splines = SplineTransformer(n_knots=4, extrapolation="periodic", sparse_output=True)
    splines.fit(np.full((10, 1), 3.0))
    if VERSION < (1, 8):
        with pytest.raises(ValueError, match="infs or nans"):
            splines.transform([[4.0]])
        with pytest.raises(native.NativeError, match="its period is 0"):
            _open(tmp_path, splines)
    else:
        with _open(tmp_path, splines) as model:
            got = model.predict("transform", native.dense(np.array([[4.0]]))).parts[0].values
        assert np.array_equal(got, splines.transform([[4.0]]).toarray())


@pytest.mark.skipif(VERSION < (1, 3), reason="no sparse_output")
@pytest.mark.parametrize("extrapolation", ["constant", "linear"])
@pytest.mark.parametrize("degree", [1, 2])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_integers_beyond_the_knots(tmp_path, extrapolation, degree, sign):
    splines = SplineTransformer(
        n_knots=4, degree=degree, extrapolation=extrapolation, sparse_output=True
    ).fit(sign * HALVES)
    with _open(tmp_path, splines) as model:
        for row in np.arange(-12, 13):
            rows = np.array([[row]])
            try:
                want = splines.transform(rows).toarray()
            except ValueError:
                with pytest.raises(native.NativeError, match="give the row as floats"):
                    model.predict("transform", native.dense(rows))
                rows = rows.astype(float)
                want = splines.transform(rows).toarray()
            got = model.predict("transform", native.dense(rows)).parts[0].values
            assert np.array_equal(got, want)
