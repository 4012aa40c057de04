"""Issue 4: what depends on how the rows came, found by the differential fuzzer."""

import pathlib
import pickle
import sys

import numpy as np
import pytest
import scipy.sparse
import sklearn
from sklearn.ensemble import IsolationForest
from sklearn.impute import MissingIndicator
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import KBinsDiscretizer, Normalizer

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.conformance import native  # noqa: E402

SKLEARN = tuple(map(int, sklearn.__version__.split(".")[:2]))


def _opened(folder, estimator):
    path = folder / "model.pkl"
    path.write_bytes(pickle.dumps(estimator))
    return native.Library().open(path)


@pytest.mark.parametrize("norm", ["l1", "l2", "max"])
@pytest.mark.parametrize("width", [3, 5000])
def test_small_norms_follow_the_layout_of_the_rows(tmp_path, norm, width):
    """Norms below 10 eps count as 1, but only those of dense rows."""
    X = np.zeros((4, width))
    X[0, :2], X[1, 2], X[2, 1], X[3, :3] = [1e-15, -2e-16], -1.4e-45, 5.0, [1e-17, 3.0, -4.0]
    normalizer = Normalizer(norm).fit(X)
    sparse = scipy.sparse.csr_matrix(X)
    with _opened(tmp_path, normalizer) as model:
        (dense,) = model.predict("transform", native.dense(X)).parts
        (came_sparse,) = model.predict("transform", native.csr(sparse)).parts
    assert np.array_equal(dense.values, normalizer.transform(X))
    assert came_sparse.sparse
    assert np.array_equal(came_sparse.values, normalizer.transform(sparse).toarray())


def test_an_indicator_behind_sparse_columns_is_sparse(tmp_path):
    X = np.random.RandomState(0).random_sample((20, 3))
    pipeline = make_pipeline(KBinsDiscretizer(4), MissingIndicator(features="all")).fit(X)
    with _opened(tmp_path, pipeline) as model:
        (part,) = model.predict("transform", native.dense(X)).parts
    assert part.sparse
    assert scipy.sparse.issparse(pipeline.transform(X))


@pytest.mark.skipif(SKLEARN < (1, 6), reason="refuses NaN")
@pytest.mark.parametrize("max_features", [1.0, 0.5])
def test_nan_in_sparse_rows_goes_right_in_an_isolation_forest(tmp_path, max_features):
    """The walk over sparse rows knows no missing values, that over dense ones does."""
    rng = np.random.RandomState(3)
    X = rng.standard_normal((200, 4))
    X[rng.random_sample(X.shape) < 0.2] = np.nan
    forest = IsolationForest(n_estimators=30, max_features=max_features, random_state=0).fit(X)
    asked = scipy.sparse.csr_matrix(X[:60])
    with _opened(tmp_path, forest) as model:
        (dense,) = model.predict("score_samples", native.dense(X[:60])).parts
        (came_sparse,) = model.predict("score_samples", native.csr(asked)).parts
    np.testing.assert_allclose(dense.values[:, 0], forest.score_samples(X[:60]), rtol=1e-12)
    np.testing.assert_allclose(came_sparse.values[:, 0], forest.score_samples(asked), rtol=1e-12)
    assert (dense.values != came_sparse.values).any()
