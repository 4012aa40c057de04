"""inverse_transform takes what transform answers: rows of another width than the model's."""

import json
import pickle

import numpy
import pytest
from sklearn.datasets import load_iris
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

PATH = "/predict"
X = load_iris().data


@pytest.fixture
def selector(serve, tmp_path):
    """A daemon on a model of four columns whose transform answers fewer, and the model."""
    from sklearn.feature_selection import VarianceThreshold

    model = make_pipeline(MinMaxScaler(), VarianceThreshold(0.06)).fit(X)
    (tmp_path / "model.pkl").write_bytes(pickle.dumps(model))
    return serve(tmp_path / "model.pkl"), model


def ask(daemon, body):
    status, answer = daemon.json("POST", PATH, body)
    assert status == 200, answer
    return numpy.array(answer["prediction"])


def test_rows_of_another_width(selector):
    daemon, model = selector
    narrow = model.transform(X[:5])
    assert narrow.shape[1] < X.shape[1]
    body = {"method": "inverse_transform", "inputs": narrow.tolist()}
    assert numpy.array_equal(ask(daemon, body), model.inverse_transform(narrow))


def test_the_method_may_stand_behind_the_rows(selector):
    daemon, model = selector
    narrow = model.transform(X[:5])
    body = {"inputs": narrow.tolist(), "method": "inverse_transform"}
    assert numpy.array_equal(ask(daemon, body), model.inverse_transform(narrow))
    one = {"input": narrow[0].tolist(), "method": "inverse_transform"}
    assert numpy.array_equal(ask(daemon, one), model.inverse_transform(narrow[:1]))


def test_a_wide_row_is_refused_and_the_next_request_is_not(selector):
    daemon, model = selector
    for body in (
        {"inputs": X[:2].tolist(), "method": "inverse_transform"},
        {"method": "inverse_transform", "inputs": [["x"]]},
        {"inputs": model.transform(X[:2]).tolist()},
    ):
        status, answer = daemon.json("POST", PATH, body)
        assert status == 400 and answer["error"]["code"] == "bad_input", answer
    assert numpy.array_equal(ask(daemon, {"inputs": X[:3].tolist()}), model.transform(X[:3]))


def test_broken_json_says_where(selector):
    daemon, _ = selector
    status, _, body = daemon.request("POST", PATH, b'{"inputs": [[1, 2, 3, 4]], "method": "inv')
    assert status == 400 and json.loads(body)["error"]["code"] == "bad_request"


def test_columns_of_the_way_back_have_no_names(serve, tmp_path):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X[:, :2], columns=["long", "wide"])
    model = StandardScaler().fit(frame)
    (tmp_path / "model.pkl").write_bytes(pickle.dumps(model))
    daemon = serve(tmp_path / "model.pkl")
    scaled = model.transform(frame[:4])
    body = {"inputs": scaled.tolist(), "method": "inverse_transform"}
    assert numpy.array_equal(ask(daemon, body), model.inverse_transform(scaled))
