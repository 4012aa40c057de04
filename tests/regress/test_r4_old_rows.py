"""Issue 4: files of before 1.2 whose answer turns on how a row came, or is cut: some were answered
wrongly, others were refused though their answer is known."""

import pathlib
import pickle
import sys

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.preprocessing import FunctionTransformer, PolynomialFeatures

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.conformance import native, suites  # noqa: E402

X = np.random.RandomState(0).randint(0, 6, size=(300, 3)).astype(float)


def _as_of(folder, version, model, **changes):
    """The path of a file of `model` that an older scikit-learn could have written."""
    state = model.__getstate__()
    old = type(model).__new__(type(model))
    old.__dict__.update(state, **changes)
    text = pickle.dumps(old, protocol=0)  # which holds no lengths
    data = text.replace(state["_sklearn_version"].encode(), version.encode())
    path = folder / "old.pkl"
    path.write_bytes(data)
    return path


def test_a_negative_category_is_cut_to_a_byte(tmp_path):
    targets = np.array([3.0, -1, 2, 7, -5, 1])[X[:, 0].astype(int)]
    model = HistGradientBoostingRegressor(max_iter=5, categorical_features=[0]).fit(X, targets)
    path = _as_of(tmp_path, "1.1.3", model, _preprocessor=None)
    # What 1.1.3 makes of them: by way of int32, and beyond that 0.
    cut = {-0.5: 0, -0.999: 0, -251: 5, -252.5: 4, -256: 0, -(2**31) - 0.5: 0, -(2.0**33): 0}
    rows = np.array([[category, 1, 1] for category in cut])
    same = np.array([[category, 1, 1.0] for category in cut.values()])
    with native.Library().open(path) as served:
        (part,) = served.predict("predict", native.dense(rows)).parts
    assert np.array_equal(part.values.ravel(), model.predict(same))


def test_degree_0_of_dense_rows_and_of_sparse_ones(tmp_path):
    model = PolynomialFeatures(degree=0).fit(X)
    with native.Library().open(_as_of(tmp_path, "0.22.2", model)) as served:
        (part,) = served.predict("transform", native.dense(X)).parts
        assert np.array_equal(part.values, np.ones((len(X), 1)))
        with pytest.raises(native.NativeError, match="more columns than a dense one"):
            served.predict("transform", native.Csr([1.0], [2], [0, 1], 3))
    with native.Library().open(_as_of(tmp_path, "0.20.4", model)) as served:
        (part,) = served.predict("transform", native.Csr([1.0], [2], [0, 1], 3)).parts
        assert part.values.tolist() == [[1.0]]


@pytest.mark.parametrize("func", [np.flip, np.fliplr])
def test_a_flip_of_rows_of_any_width(tmp_path, func):
    keywords = {"axis": 1} if func is np.flip else None
    path = tmp_path / "flip.pkl"
    path.write_bytes(pickle.dumps(FunctionTransformer(func, kw_args=keywords)))
    (outcome,) = suites.open_files([path])
    assert outcome["status"] == "unsupported" and "how many there are" in outcome["message"]


@pytest.mark.parametrize(
    ("func", "keywords"),
    [
        (np.digitize, {"bins": [-np.inf, 0.0, 2.0, np.inf]}),
        (np.digitize, {"bins": [4.0, 2.0, 1.0], "right": True}),
        (np.isin, {"test_elements": [5, 1, 2.5]}),
    ],
)
def test_bins_of_rows_of_any_width(tmp_path, func, keywords):
    path = tmp_path / "bins.pkl"
    path.write_bytes(pickle.dumps(FunctionTransformer(func, kw_args=keywords)))
    rows = np.array([[0.0, -0.0, 2.0, 2.5, np.nan], [-np.inf, np.inf, 1.0, 5.0, -3.0]])
    with native.Library().open(path) as served:
        for width in (1, 2, 5):
            (part,) = served.predict("transform", native.dense(rows[:, :width])).parts
            assert np.array_equal(part.values, func(rows[:, :width], **keywords))
