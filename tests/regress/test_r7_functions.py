"""Issue 4: functions of a FunctionTransformer that were refused: astype to a type by its name or to str
(of texts), and logical_and, logical_or and logical_xor with a constant."""

import functools
import operator
import pathlib
import pickle
import sys

import numpy as np
import pytest
from sklearn.preprocessing import FunctionTransformer

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.conformance import native  # noqa: E402

X = np.array([[1.0, 0.0, np.nan], [4.5, -1e300, np.inf]])
FUNCTIONS = [
    functools.partial(function, constant)
    for function in (np.logical_and, np.logical_or, np.logical_xor)
    for constant in (0, 2.5, np.nan)
]


def _answer(folder, transformer, rows):
    path = folder / "model.pkl"
    path.write_bytes(pickle.dumps(transformer))
    with native.Library().open(path) as model:
        return model.predict("transform", rows).parts[0]


@pytest.mark.parametrize(
    "function", FUNCTIONS + [operator.methodcaller("astype", name) for name in ("float32", "f8")]
)
@pytest.mark.parametrize("rows", [X, X > 1, np.array([[1, 0, 2]])])
def test_numbers(tmp_path, function, rows):
    transformer = FunctionTransformer(function).fit(rows)
    want = transformer.transform(rows)
    part = _answer(tmp_path, transformer, native.dense(rows))
    assert part.kind == want.dtype.kind
    np.testing.assert_array_equal(part.values, want.astype(float))


def test_texts(tmp_path):
    rows, strings = np.array([["a", "\u00e9"], ["", "b c"]], dtype=object), []
    transformer = FunctionTransformer(operator.methodcaller("astype", str)).fit(rows)
    part = _answer(tmp_path, transformer, native.Dense(native.cells(rows, strings), strings))
    assert part.values.tolist() == transformer.transform(rows).tolist()
