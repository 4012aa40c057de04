"""Issue 4: what the differential fuzzer left open in session 4, each with what showed it."""

import pathlib
import pickle
import sys

import numpy as np
import pytest
from sklearn.neighbors import KNeighborsTransformer, RadiusNeighborsTransformer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import QuantileTransformer

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.conformance import native  # noqa: E402

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
