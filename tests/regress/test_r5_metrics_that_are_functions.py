"""Issue 4: functions of scipy.spatial.distance as metrics. Those of truth values were answered as
scikit-learn's metrics of these names, which make every row truth values first: wrong for other
numbers. A weight of a metric was left out."""

import pathlib
import pickle
import sys

import numpy as np
import pytest
import scipy.spatial.distance as distance
from sklearn.neighbors import KNeighborsClassifier, RadiusNeighborsClassifier

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.conformance import native  # noqa: E402
from tests.conformance.fixtures import ties  # noqa: E402

RNG = np.random.RandomState(0)
X, ROWS, LABELS = RNG.randn(60, 4), RNG.randn(20, 4), np.arange(60) % 3
TRUTHS, ASKED = RNG.randint(0, 2, (60, 9)) + 0.0, RNG.randint(0, 2, (20, 9)) + 0.0
OF_TRUTHS = ["jaccard", "dice", "rogerstanimoto", "russellrao", "sokalsneath", "yule"]


def _open(folder, model):
    path = folder / "model.pkl"
    path.write_bytes(pickle.dumps(model))
    return native.Library().open(path)


def _fit(name, algorithm, rows, **params):
    metric = getattr(distance, name)
    model = KNeighborsClassifier(5, algorithm=algorithm, metric=metric, **params)
    return model.fit(rows, LABELS)


def _check(folder, model, rows):
    with ties.in_order():
        want = model.kneighbors(rows)
    with _open(folder, model) as opened:
        distances, indices = opened.predict("kneighbors", native.dense(rows)).parts
    assert distances.values == pytest.approx(want[0], rel=1e-9, abs=1e-14)
    differ = indices.values != want[1]
    near = np.isclose(np.sort(want[0])[:, 1:], np.sort(want[0])[:, :-1], rtol=0, atol=1e-12)
    assert not differ[~near.any(axis=1)].any()


@pytest.mark.parametrize("algorithm", ["brute", "ball_tree"])
@pytest.mark.parametrize("name", ["braycurtis", "cosine", "sqeuclidean", "hamming", "canberra"])
def test_functions_of_numbers(tmp_path, name, algorithm):
    rows = np.round(X) if name == "hamming" else X
    asked = np.round(ROWS) if name == "hamming" else ROWS
    _check(tmp_path, _fit(name, algorithm, rows), asked)


@pytest.mark.parametrize("name", OF_TRUTHS)
def test_functions_of_truth_values(tmp_path, name):
    model = _fit(name, "brute", TRUTHS)
    _check(tmp_path, model, ASKED)
    with _open(tmp_path, model) as opened:
        with pytest.raises(native.NativeError, match="expected a code below 2"):
            opened.predict("kneighbors", native.dense(ASKED + 0.5))
    with pytest.raises(native.NativeError, match="not of 0 and 1, depends on its version"):
        _open(tmp_path, _fit(name, "brute", X))
    if name != "dice":  # it has no tree there
        with pytest.raises(native.NativeError, match="depends on the version of scipy"):
            _open(tmp_path, _fit(name, "ball_tree", TRUTHS))


def test_rows_that_are_zero(tmp_path):
    with _open(tmp_path, _fit("cosine", "brute", X)) as opened:
        with pytest.raises(native.NativeError):
            opened.predict("kneighbors", native.dense(np.zeros((1, 4))))
    with_zeros = np.vstack([X[:-1], np.zeros((1, 4))])
    with pytest.raises(native.NativeError, match="depends on its version"):
        _open(tmp_path, _fit("cosine", "brute", with_zeros))


@pytest.mark.parametrize("metric", ["hamming", "jaccard"])
def test_a_weight_that_is_not_read_is_refused(tmp_path, metric):
    model = RadiusNeighborsClassifier(
        radius=3.0, algorithm="brute", metric=metric, metric_params={"w": np.arange(1.0, 10.0)}
    ).fit(TRUTHS, LABELS)
    with pytest.raises(native.NativeError, match="metric_params"):
        _open(tmp_path, model)
