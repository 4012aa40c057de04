"""Issue 4: old files whose answer depends on the batch, or on a cut to a byte, were answered."""

import pathlib
import pickle
import sys

import numpy as np
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.preprocessing import QuantileTransformer

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.conformance import native, suites  # noqa: E402

X = np.random.RandomState(0).randint(0, 3, size=(200, 2)).astype(float)


def outcome_of(folder, model):
    path = folder / "model.pkl"
    path.write_bytes(pickle.dumps(model))
    (outcome,) = suites.open_files([path])
    return outcome


def test_quantiles_that_descend(tmp_path):
    model = QuantileTransformer(n_quantiles=10).fit(X + np.arange(200)[:, None])
    assert outcome_of(tmp_path, model)["status"] == "ok"
    model.quantiles_[5, 1] = model.quantiles_[4, 1] - 1e-12
    path = tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps(model))
    alone = np.vstack([model.transform(row[None]) for row in X + 50])
    with native.Library().open(path) as served:
        (part,) = served.predict("transform", native.dense(X + 50)).parts
    assert np.allclose(part.values, alone, rtol=1e-12, atol=0)


def test_negative_categories_before_1_2(tmp_path):
    model = HistGradientBoostingRegressor(max_iter=2, categorical_features=[1]).fit(X, X[:, 1])
    model._bin_mapper.bin_thresholds_[0][0] = -1  # scikit-learn 1.1 cannot predict with it
    state = model.__getstate__()
    old = type(model).__new__(type(model))
    old.__dict__.update(state, _preprocessor=None)
    data = pickle.dumps(old).replace(state["_sklearn_version"].encode(), b"1.1.3")
    path = tmp_path / "old.pkl"
    path.write_bytes(data)
    (outcome,) = suites.open_files([path])
    assert outcome["status"] == "unsupported" and "category -1" in outcome["message"]
