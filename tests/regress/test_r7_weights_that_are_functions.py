"""Issue 4: `weights` of neighbours that are functions known by name were refused. They are given the
distances of a row; a classifier passes over sums that are not above 0, and refuses weights that all are."""

import functools
import operator
import pathlib
import pickle
import sys

import numpy as np
import pytest
import scipy.special
from sklearn.neighbors import (
    KNeighborsClassifier,
    KNeighborsRegressor,
    RadiusNeighborsClassifier,
    RadiusNeighborsRegressor,
)

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.conformance import native  # noqa: E402

X = np.random.RandomState(0).randint(0, 5, size=(80, 3)).astype(float)
Y = np.random.RandomState(1).randint(0, 4, 80)
ROWS = np.vstack([np.random.RandomState(2).rand(20, 3) * 5, X[:5]])
OF_ARRAYS = [np.reciprocal, np.negative, functools.partial(operator.truediv, 2.0)]
OTHERS = [np.exp, np.log, functools.partial(scipy.special.softmax, axis=1)]


def _asked(folder, estimator, targets):
    estimator.fit(X, targets)
    path = folder / "model.pkl"
    path.write_bytes(pickle.dumps(estimator))
    with np.errstate(all="ignore"), native.Library().open(path) as model:
        for method in [m for m in ("predict", "predict_proba") if hasattr(estimator, m)]:
            want = getattr(estimator, method)(ROWS)
            got = model.predict(method, native.dense(ROWS)).parts[0].values
            np.testing.assert_allclose(got.astype(float).reshape(want.shape), want, rtol=1e-12)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("function", OF_ARRAYS + OTHERS)
def test_nearest(tmp_path, function):
    _asked(tmp_path, KNeighborsClassifier(7, weights=function), Y)
    _asked(tmp_path, KNeighborsRegressor(7, weights=function), np.column_stack([Y, X[:, 0]]))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("function", OF_ARRAYS)
def test_within_a_radius(tmp_path, function):
    _asked(tmp_path, RadiusNeighborsClassifier(2.0, weights=function, outlier_label=3), Y)
    _asked(tmp_path, RadiusNeighborsRegressor(2.0, weights=function), X[:, 0])


def test_weights_that_are_all_0(tmp_path):
    estimator = KNeighborsClassifier(1, weights=np.square).fit(X, Y)
    path = tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps(estimator))
    with pytest.raises(ValueError, match="zero weights"):
        estimator.predict(X[:1])
    with native.Library().open(path) as model:
        with pytest.raises(native.NativeError, match="row 0: its neighbours all weigh 0"):
            model.predict("predict", native.dense(X[:1]))
