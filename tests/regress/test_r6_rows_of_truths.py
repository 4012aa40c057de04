"""Issue 4: a batch of true and false alone, which scikit-learn keeps as such: selectors, Binarizer and
AdditiveChi2Sampler answered floats, functions were not computed as numpy computes them of truth values
(in 16 bits, or as integers), and a square of such a row is whether one of it is true. numpy's ceil, floor
and trunc keep integers since 2.1. Found by asking every dense fixture such rows."""

import functools
import pathlib
import pickle
import sys

import numpy as np
import pytest
from sklearn.cluster import FeatureAgglomeration
from sklearn.feature_selection import VarianceThreshold
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import DotProduct, WhiteKernel
from sklearn.kernel_approximation import AdditiveChi2Sampler
from sklearn.mixture import GaussianMixture
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Binarizer, FunctionTransformer, StandardScaler

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.conformance import native  # noqa: E402

X = np.random.RandomState(0).randint(0, 6, size=(60, 4)).astype(float)
TRUTHS = np.random.RandomState(1).rand(12, 4) > 0.5


def _answer(folder, estimator, method, rows):
    path = folder / "model.pkl"
    path.write_bytes(pickle.dumps(estimator))
    with native.Library().open(path) as model:
        return model.predict(method, native.dense(rows)).parts[0]


def _same(part, want):
    assert part.kind == want.dtype.kind
    assert np.array_equal(part.values, want.reshape(len(want), -1))


@pytest.mark.parametrize(
    "function, arguments",
    [
        *((f, {}) for f in (np.absolute, np.real, np.square, np.reciprocal, np.conjugate)),
        *((f, {}) for f in (np.ceil, np.floor, np.trunc, np.rint, np.fix, np.nan_to_num)),
        *((f, {}) for f in (np.log1p, np.exp, np.sin, np.arctan, np.isnan, np.logical_not)),
        (np.cumsum, {"axis": 1}),
        (np.sort, {"axis": 1}),
        (np.diff, {"axis": 1}),
        (np.clip, {"a_min": 1, "a_max": 3}),
        (functools.partial(np.power, 2), {}),
        (functools.partial(np.maximum, 0.5), {}),
        (functools.partial(np.floor_divide, 7), {}),
    ],
)
def test_functions_of_truth_values(tmp_path, function, arguments):
    transformer = FunctionTransformer(function, kw_args=arguments).fit(TRUTHS)
    with np.errstate(all="ignore"):
        _same(_answer(tmp_path, transformer, "transform", TRUTHS), transformer.transform(TRUTHS))


@pytest.mark.parametrize(
    "function", [np.ceil, np.floor, np.trunc, np.rint], ids=lambda function: function.__name__
)
def test_what_has_no_fraction(tmp_path, function):
    transformer = FunctionTransformer(function).fit(X)
    for rows in (X.astype(int), X + 0.25):
        _same(_answer(tmp_path, transformer, "transform", rows), transformer.transform(rows))


@pytest.mark.parametrize(
    "estimator",
    [
        VarianceThreshold(0.5),
        Binarizer(threshold=0.5),
        AdditiveChi2Sampler(),
        FeatureAgglomeration(2, pooling_func=np.max),
        FeatureAgglomeration(2, pooling_func=np.sum),
        make_pipeline(StandardScaler(), Binarizer()),
    ],
    ids=lambda estimator: type(estimator).__name__,
)
def test_the_type_of_an_answer(tmp_path, estimator):
    estimator.fit(X)
    for rows in (TRUTHS, X[:12].astype(int), X[:12]):
        want = estimator.transform(rows)
        part = _answer(tmp_path, estimator, "transform", rows)
        assert part.kind == want.dtype.kind
        assert part.values == pytest.approx(want.astype(float), rel=1e-12)


@pytest.mark.parametrize("kind", ["full", "tied", "diag", "spherical"])
def test_mixtures(tmp_path, kind):
    mixture = GaussianMixture(2, covariance_type=kind, random_state=0).fit(X)
    part = _answer(tmp_path, mixture, "score_samples", TRUTHS)
    assert part.values[:, 0] == pytest.approx(mixture.score_samples(TRUTHS), rel=1e-9)


def test_a_process_of_a_dot_product(tmp_path):
    process = GaussianProcessRegressor(DotProduct() + WhiteKernel(), optimizer=None)
    process.fit(X, X.sum(axis=1))
    path = tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps(process))
    rows = np.eye(4, dtype=bool)  # of which the variance stays above 0
    with native.Library().open(path) as model:
        part = model.predict("predict_std", native.dense(rows)).part("std")
    want = process.predict(rows, return_std=True)[1]
    assert part.values[:, 0] == pytest.approx(want, rel=1e-9)
