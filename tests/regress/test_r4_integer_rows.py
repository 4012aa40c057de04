"""Issue 4: rows of integers, which scikit-learn lets cut what it computes: found by the differential
fuzzer. A JSON batch without a point is such a batch, as it is to the Flask app."""

import pathlib
import pickle
import sys

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.impute import MissingIndicator
from sklearn.kernel_approximation import AdditiveChi2Sampler
from sklearn.mixture import BayesianGaussianMixture, GaussianMixture
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.conformance import native  # noqa: E402

X = np.random.RandomState(0).randint(0, 12, size=(40, 3))


def _answers(folder, estimator, method, rows):
    path = folder / "model.pkl"
    path.write_bytes(pickle.dumps(estimator))
    with native.Library().open(path) as model:
        (part,) = model.predict(method, rows).parts
    return part


@pytest.mark.parametrize("dtype", [np.int64, np.int32, np.float64])
@pytest.mark.parametrize("kind", ["full", "tied", "diag", "spherical"])
@pytest.mark.parametrize("Mixture", [GaussianMixture, BayesianGaussianMixture])
def test_mixtures(tmp_path, Mixture, kind, dtype):
    mixture = Mixture(n_components=2, covariance_type=kind, random_state=0).fit(X + 0.5)
    rows = X.astype(dtype)
    for method in ("score_samples", "predict_proba"):
        part = _answers(tmp_path, mixture, method, native.dense(rows))
        want = getattr(mixture, method)(rows)
        assert part.values.reshape(want.shape) == pytest.approx(want, rel=1e-9)


@pytest.mark.parametrize("dtype", [np.int64, np.float64])
@pytest.mark.parametrize("steps", [1, 2, 3])
def test_additive_chi2(tmp_path, steps, dtype):
    rows = X.astype(dtype)
    sampler = AdditiveChi2Sampler(sample_steps=steps).fit(rows)
    part = _answers(tmp_path, sampler, "transform", native.dense(rows))
    want = sampler.transform(rows)
    assert part.kind == want.dtype.kind
    assert part.values == pytest.approx(want, rel=1e-12)


def test_additive_chi2_of_counts_and_of_truth_values(tmp_path):
    texts = ["a b b", "b c c c c", "a a a a a c"]
    counts = make_pipeline(CountVectorizer(token_pattern="."), AdditiveChi2Sampler()).fit(texts)
    part = _answers(tmp_path, counts, "transform", native.values(texts))
    assert part.values == pytest.approx(counts.transform(texts).toarray())
    assert part.kind == "i"
    holes = np.where(X < 3, np.nan, X)
    truths = make_pipeline(MissingIndicator(features="all"), AdditiveChi2Sampler()).fit(holes)
    part = _answers(tmp_path, truths, "transform", native.dense(holes))
    want = truths.transform(holes)
    assert part.kind == want.dtype.kind
    assert np.array_equal(part.values, want)


@pytest.mark.parametrize("dtype", [np.int64, np.float64])
def test_reciprocal_of_integers_is_cut(tmp_path, dtype):
    inverse = FunctionTransformer(np.reciprocal).fit(X)
    rows = np.array([[1, 2, -3], [-1, 5, 4]]).astype(dtype)
    part = _answers(tmp_path, inverse, "transform", native.dense(rows))
    want = inverse.transform(rows)
    assert part.kind == want.dtype.kind and np.array_equal(part.values, want)


def test_what_no_integer_holds_is_refused(tmp_path):
    inverse = FunctionTransformer(np.reciprocal).fit(X)
    with pytest.raises(native.NativeError, match="inf has no integer of 64 bits"):
        _answers(tmp_path, inverse, "transform", native.dense(np.array([[1, 0, 2]])))
    part = _answers(tmp_path, inverse, "transform", native.dense(np.array([[1.0, 0.0, 2.0]])))
    assert part.values.tolist() == [[1.0, np.inf, 0.5]]
