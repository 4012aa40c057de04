"""Issue 3: a tree whose classes_ had lost a label opened, and answered with the labels left."""

import pathlib
import pickle
import sys

from sklearn.datasets import load_iris
from sklearn.tree import DecisionTreeClassifier

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.conformance import suites  # noqa: E402


def test_cut_classes_are_refused(tmp_path):
    tree = DecisionTreeClassifier(max_depth=2, random_state=0).fit(*load_iris(return_X_y=True))
    tree.classes_ = tree.classes_[:2]
    path = tmp_path / "cut.pkl"
    path.write_bytes(pickle.dumps(tree))
    (outcome,) = suites.open_files([path])
    assert outcome["status"] == "unsupported"
    assert "classes_: 2 classes, the trees know 3" in outcome["message"]
