"""Issue 4: a FeatureHasher of pairs or strings takes whatever Python unpacks and iterates: the names of an
object, a text of two characters as a pair. These were refused."""

import pathlib
import pickle
import sys

import numpy as np
import pytest
from sklearn.feature_extraction import FeatureHasher

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.conformance import native  # noqa: E402


@pytest.mark.parametrize(
    "kind, rows",
    [
        ("string", [{"a": 1, "b": None}, ["c", "a"], {}]),
        ("pair", [{"ab": 1, "b\u00e9": 2}, ["xy", ("z", 2.5), {"p": 0, "q": 0}], {}]),
    ],
)
def test_what_python_unpacks(tmp_path, kind, rows):
    hasher = FeatureHasher(n_features=32, input_type=kind)
    path = tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps(hasher))
    with native.Library().open(path) as model:
        part = model.predict("transform", native.values(rows)).parts[0]
    np.testing.assert_array_equal(part.values, hasher.transform(rows).toarray())


@pytest.mark.parametrize("row", [{"a": 1}, ["abc"], ["\u00e9"], [""], "ab"])
def test_what_it_does_not(tmp_path, row):
    hasher = FeatureHasher(n_features=32, input_type="pair")
    path = tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps(hasher))
    with pytest.raises(ValueError, match="unpack"):
        hasher.transform([row])
    with native.Library().open(path) as model:
        with pytest.raises(native.NativeError, match="expected"):
            model.predict("transform", native.values([row]))
