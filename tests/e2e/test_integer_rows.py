"""A batch whose numbers have no point is one of integers, as numpy makes it of the same lists."""

import pickle

import numpy
import pytest
from sklearn.feature_selection import SelectKBest
from sklearn.kernel_approximation import AdditiveChi2Sampler

X = [[1, 2, 30], [4, 5, 6], [7, 8, 0]]


@pytest.fixture
def answer(serve, tmp_path):
    def ask(model, rows):
        (tmp_path / "model.pkl").write_bytes(pickle.dumps(model))
        daemon = serve(tmp_path / "model.pkl")
        status, found = daemon.json("POST", "/predict", {"inputs": rows})
        assert status == 200, found
        return found["prediction"]

    return ask


def _types(rows):
    return [[type(value) for value in row] for row in rows]


@pytest.mark.parametrize("point", [False, True])
def test_integers_stay_integers(answer, point):
    model = SelectKBest(k=2).fit(X, [0, 1, 1])
    rows = [[*X[0][:2], 30.0], *X[1:]] if point else X
    want = model.transform(numpy.array(rows)).tolist()
    found = answer(model, rows)
    assert (found, _types(found)) == (want, _types(want))


@pytest.mark.parametrize("point", [False, True])
def test_what_is_computed_is_cut_as_scikit_learn_cuts_it(answer, point):
    model = AdditiveChi2Sampler().fit(X)
    rows = [[float(value) for value in row] for row in X] if point else X
    want = model.transform(numpy.array(rows)).tolist()
    found = answer(model, rows)
    assert numpy.allclose(found, want, rtol=1e-12)
    assert _types(found) == _types(want)
