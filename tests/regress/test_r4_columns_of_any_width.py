"""Issue 4: a FunctionTransformer from before 1.2 does not say how wide its rows are. It was lowered for
one column that stands for all, and a choice of columns was then no choice at all."""

import operator
import pathlib
import pickle
import sys

import numpy as np
import pytest
from sklearn.preprocessing import FunctionTransformer

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.conformance import suites  # noqa: E402

ALL = slice(None)


def outcome_of(folder, func):
    model = FunctionTransformer(func=func).fit(np.ones((2, 1)))
    vars(model).pop("n_features_in_")
    path = folder / "model.pkl"
    path.write_bytes(pickle.dumps(model))
    (outcome,) = suites.open_files([path])
    return outcome


@pytest.mark.parametrize(
    "func",
    [
        operator.itemgetter((ALL, slice(None, None, -2))),
        operator.itemgetter((ALL, 0)),
        operator.itemgetter((ALL, [0])),
        operator.itemgetter((ALL, slice(None, 1))),
        operator.methodcaller("take", [0], axis=1),
        np.fliplr,
        np.ravel,
    ],
)
def test_columns_are_chosen_of_an_unknown_number(tmp_path, func):
    outcome = outcome_of(tmp_path, func)
    assert outcome["status"] == "unsupported"
    assert "nothing says how many there are" in outcome["message"]


def test_what_chooses_none_is_served(tmp_path):
    assert outcome_of(tmp_path, operator.itemgetter(ALL))["status"] == "ok"
    assert outcome_of(tmp_path, np.log1p)["status"] == "ok"
