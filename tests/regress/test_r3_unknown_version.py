"""Issue 3: a file of a scikit-learn never compared was served with another version's formulas."""

import pathlib
import pickle
import sys

import pytest
import sklearn
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.conformance import suites  # noqa: E402

WRITTEN = sklearn.__version__.encode()


def outcome_of(folder, version):
    """What opening a model whose file says that `version`, of the same length, wrote it gives."""
    model = LogisticRegression(max_iter=500).fit(*load_iris(return_X_y=True))
    data = pickle.dumps(model)
    assert data.count(WRITTEN) == 1 and len(version) == len(WRITTEN)
    path = folder / "model.pkl"
    path.write_bytes(data.replace(WRITTEN, version))
    (outcome,) = suites.open_files([path])
    return outcome


def test_the_version_that_wrote_it_is_served(tmp_path):
    assert outcome_of(tmp_path, WRITTEN)["status"] == "ok"


@pytest.mark.parametrize("version", [b"7.1.1", b"0.9.9", b"0.17.", b"1.10.", b"banan"])
def test_another_version_is_refused_by_name(tmp_path, version):
    outcome = outcome_of(tmp_path, version)
    assert outcome["status"] == "unsupported"
    assert 'written by scikit-learn "%s"' % version.decode() in outcome["message"]
