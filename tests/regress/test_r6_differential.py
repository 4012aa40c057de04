"""Issue 4: what the differential fuzzer left open in session 4, each with what showed it."""

import pathlib
import pickle
import sys

import numpy as np
import pytest
import scipy.sparse
from sklearn.impute import KNNImputer
from sklearn.neighbors import (
    KNeighborsTransformer,
    NearestNeighbors,
    RadiusNeighborsTransformer,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import QuantileTransformer

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.conformance import native  # noqa: E402
from tests.conformance.check import rows_of  # noqa: E402
from tests.conformance.fixtures import ties  # noqa: E402
from tests.conformance.fixtures.encoding import encode_input  # noqa: E402

X = np.random.RandomState(0).normal(size=(40, 3))


def opened(folder, estimator):
    path = folder / "model.pkl"
    path.write_bytes(pickle.dumps(estimator))
    return native.Library().open(path)


def answer(folder, estimator, method, rows):
    """The only part that the library answers."""
    with opened(folder, estimator) as model:
        (part,) = model.predict(method, native.dense(rows)).parts
    return part


def dense(values):
    return values.toarray() if hasattr(values, "toarray") else values


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "graph",
    [
        KNeighborsTransformer(n_neighbors=4, algorithm="brute", metric="canberra"),
        RadiusNeighborsTransformer(radius=1.0),
    ],
)
def test_a_neighbour_at_distance_0_is_an_entry_of_the_graph(tmp_path, graph):
    """9405/143: a zero that is stored has its place among the quantiles; one that is not stays."""
    quantiles = QuantileTransformer(n_quantiles=30, output_distribution="normal")
    estimator = make_pipeline(graph, quantiles).fit(X)
    want = dense(estimator.transform(X[:5]))
    assert want.min() < -5
    part = answer(tmp_path, estimator, "transform", X[:5])
    np.testing.assert_allclose(dense(part.values), want, rtol=1e-9)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("weights", ["uniform", "distance"])
def test_donors_of_rows_whose_squares_overflow(tmp_path, weights):
    """inf * 0 leaves no distance at all, so the mean is filled in; ours were infinite distances.
    Of weights that are all 0 numpy.ma.average() leaves the sum, which is 0, where we had NaN."""
    rows = np.array([[0.5, 1.7e308, np.nan], [np.nan, -1e200, 1.0], [1e154, 1e154, np.nan]])
    fitted = X.copy()
    fitted[::7, 1] = np.nan
    estimator = KNNImputer(n_neighbors=2, weights=weights).fit(fitted)
    want = np.vstack([estimator.transform(row[None]) for row in rows])
    got = answer(tmp_path, estimator, "transform", rows).values
    np.testing.assert_allclose(got, want, rtol=1e-9)


@pytest.mark.filterwarnings("ignore")
def test_neighbours_without_a_distance_are_behind_the_infinite_ones(tmp_path):
    """9506/65: inf - inf is NaN, which numpy's order has last; we took it for one more infinity."""
    fitted = X[:6].copy()
    fitted[[0, 3], 1] = [-2.0, 2.0]  # times -1.7e308: both overflow, to inf + inf and inf - inf
    estimator = NearestNeighbors(n_neighbors=4, algorithm="brute")
    estimator.fit(scipy.sparse.csr_matrix(fitted))
    rows = scipy.sparse.csr_matrix([[0.0, 1.7e308, 0.0]])
    with ties.in_order():
        distances, indices = estimator.kneighbors(rows)
    with opened(tmp_path, estimator) as model:
        got = model.predict("kneighbors", rows_of(encode_input(rows, "csr"), model)).parts
    np.testing.assert_array_equal(got[0].values, distances)
    np.testing.assert_array_equal(got[1].values, indices)
