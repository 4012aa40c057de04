"""Issue 4: a TfidfTransformer learnt from float32 rows, asked dense ones.

Before 1.5 scikit-learn makes float64 of dense rows: what is 1e20 has a square there, and none in
float32, where the norm is infinite. Sparse rows stay float32. Rounds 21960/328 of the fuzzer.
"""

import pathlib
import pickle
import sys

import numpy as np
import pytest
import scipy.sparse
from sklearn.feature_extraction.text import TfidfTransformer

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.conformance import native  # noqa: E402

LEARNT = np.array([[1, 2, 0], [0, 1, 3], [0, 0, 1]], dtype=np.float32)
ROWS = np.array([[1, 2, 3], [0, 1e20, 7e-4], [0.1, 0, 0]], dtype=np.float32)


@pytest.mark.parametrize("is_sparse", [False, True])
def test_rows_of_float32(tmp_path, is_sparse):
    estimator = TfidfTransformer().fit(scipy.sparse.csr_matrix(LEARNT))
    path = tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps(estimator))
    rows = scipy.sparse.csr_matrix(ROWS) if is_sparse else ROWS
    with native.Library().open(path) as model:
        asked = native.csr(rows) if is_sparse else native.dense(rows)
        (part,) = model.predict("transform", asked).parts
    want = estimator.transform(rows).toarray()
    bound = 1e-6 if want.dtype == np.float32 else 1e-15
    np.testing.assert_allclose(part.values, want, rtol=bound, atol=0)
