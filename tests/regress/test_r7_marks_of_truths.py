"""Issue 4: LabelBinarizer of indicators, asked rows of true and false: scikit-learn writes its marks
into an array of truth values, so that 3 becomes 1 (and, since 1.8, -1 too)."""

import pathlib
import pickle
import sys

import numpy as np
import pytest
from sklearn.preprocessing import LabelBinarizer

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.conformance import native  # noqa: E402

ROWS = np.array([[1, 0, 1], [0, 1, 1], [1, 1, 0]])


@pytest.mark.parametrize("marks", [(0, 1), (0, 3), (-1, 1), (2, 5), (-3, -2)], ids=str)
@pytest.mark.parametrize("dtype", [bool, np.int64])
def test_marks(tmp_path, marks, dtype):
    binarizer = LabelBinarizer(neg_label=marks[0], pos_label=marks[1]).fit(ROWS)
    path = tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps(binarizer))
    with native.Library().open(path) as model:
        part = model.predict("transform", native.dense(ROWS.astype(dtype))).parts[0]
    want = binarizer.transform(ROWS.astype(dtype))
    np.testing.assert_array_equal(part.values, want)
    assert part.kind == want.dtype.kind
