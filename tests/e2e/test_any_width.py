"""Models that learnt nothing of their rows' width take rows of any."""

import pickle

import numpy
import pytest
from sklearn.dummy import DummyRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer


@pytest.fixture
def served(serve, tmp_path):
    def start(model):
        (tmp_path / "model.pkl").write_bytes(pickle.dumps(model))
        return serve(tmp_path / "model.pkl")

    return start


def answer(daemon, body):
    status, found = daemon.json("POST", "/predict", body)
    assert status == 200, found
    return found["prediction"]


def test_a_function_takes_rows_of_any_width(served):
    daemon = served(FunctionTransformer(numpy.sqrt, inverse_func=numpy.square))
    for width in (1, 2, 7, 300):
        rows = numpy.arange(3.0 * width).reshape(3, width)
        roots = answer(daemon, {"inputs": rows.tolist()})
        assert numpy.array_equal(roots, numpy.sqrt(rows))
        back = {"inputs": roots, "method": "inverse_transform"}
        assert numpy.array_equal(answer(daemon, back), numpy.square(roots))
    assert answer(daemon, {"input": [0.0, 1.0]}) == [[0.0, 1.0]]


def test_rows_of_one_request_have_one_width(served):
    daemon = served(make_pipeline(FunctionTransformer(numpy.sqrt), "passthrough"))
    status, found = daemon.json("POST", "/predict", {"inputs": [[1, 4], [9]]})
    assert status == 400 and "row 1: expected 2 values, found 1" in found["error"]["message"]
    status, found = daemon.json("POST", "/predict", {"inputs": [[1, "x"]]})
    assert status == 400 and "found the text" in found["error"]["message"]
    assert answer(daemon, {"inputs": [[1, 4]]}) == [[1.0, 2.0]]


def test_what_ignores_its_rows_takes_any(served):
    model = DummyRegressor().fit([[0], [0]], [1.0, 4.0])
    del model.n_features_in_  # as before 1.6
    daemon = served(model)
    assert answer(daemon, {"inputs": [[1, 2, 3], [4, 5, 6]]}) == [2.5, 2.5]
