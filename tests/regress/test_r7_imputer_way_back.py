"""Issue 4: SimpleImputer(add_indicator=True) has an inverse_transform, which was not offered. scikit-learn
passes over a column that every row of a batch misses; a row alone is answered as it is among others,
and one that says that a dropped column was there, which shifts all others, is refused."""

import pathlib
import pickle
import sys

import numpy as np
import pytest
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.conformance import native  # noqa: E402

X = np.random.RandomState(0).normal(size=(30, 5))
HOLED = np.where(np.random.RandomState(1).rand(30, 5) < [0.3, 0.0, 0.4, 0.2, 0.0], np.nan, X)
EMPTY = np.where(np.arange(5) == 2, np.nan, HOLED)


@pytest.mark.parametrize(
    "estimator, rows",
    [
        (SimpleImputer(add_indicator=True), HOLED),
        (SimpleImputer(add_indicator=True, strategy="most_frequent"), EMPTY),
        (SimpleImputer(add_indicator=True, strategy="constant"), HOLED),
        (SimpleImputer(add_indicator=True, missing_values=-1), np.where(HOLED != HOLED, -1, X)),
        (make_pipeline(StandardScaler(), SimpleImputer(add_indicator=True)), EMPTY),
    ],
)
def test_the_way_back(tmp_path, estimator, rows):
    there = estimator.fit(rows).transform(rows)
    want = estimator.inverse_transform(there)
    path = tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps(estimator))
    with native.Library().open(path) as model:
        part = model.predict("inverse_transform", native.dense(there)).parts[0]
        np.testing.assert_allclose(part.values, want, rtol=1e-15)
        for row in range(8):
            alone = model.predict("inverse_transform", native.dense(there[row : row + 1])).parts[0]
            np.testing.assert_array_equal(alone.values[0], part.values[row])


def test_a_dropped_column_was_missing(tmp_path):
    estimator = SimpleImputer(add_indicator=True).fit(EMPTY)
    path = tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps(estimator))
    there = estimator.transform(EMPTY)
    there[:, 4 + 1] = 0.0
    with native.Library().open(path) as model:
        with pytest.raises(native.NativeError, match="row 0, column 2: found 0"):
            model.predict("inverse_transform", native.dense(there))
