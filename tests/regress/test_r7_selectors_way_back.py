"""Issue 4: the way back through a selector. It took the texts of a OneHotEncoder's "infrequent_sklearn" for
numbers, and refused infinity and NaN in sparse rows, of which scikit-learn looks at the places only."""

import pathlib
import pickle
import sys

import numpy as np
import pytest
import scipy.sparse
from sklearn.feature_selection import SelectKBest, VarianceThreshold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.conformance import native  # noqa: E402

X = np.array([[1, 2], [1, 2], [1, 3], [1, 3], [1, 2], [2, 3], [1, 4], [1, 5]])


def _opened(folder, estimator):
    path = folder / "model.pkl"
    path.write_bytes(pickle.dumps(estimator))
    return native.Library().open(path)


@pytest.mark.parametrize("frequency", [3, 4])
def test_infrequent_categories(tmp_path, frequency):
    encoder = OneHotEncoder(min_frequency=frequency, sparse_output=False)
    estimator = make_pipeline(VarianceThreshold(0.5), encoder).fit(X)
    there = estimator.transform(X)
    with _opened(tmp_path, estimator) as model:
        part = model.predict("inverse_transform", native.dense(there)).parts[0]
    want = estimator.inverse_transform(there)
    assert part.kind == "O"
    assert part.values.tolist() == want.tolist()
    assert [type(value) for value in part.values[0]] == [type(value) for value in want[0]]


@pytest.mark.parametrize("estimator", [VarianceThreshold(0.5), SelectKBest(k=1)])
def test_infinity_in_sparse_rows(tmp_path, estimator):
    estimator.fit(X, [0, 0, 1, 1, 0, 1, 1, 1])
    rows = np.array([[np.inf], [0.0], [np.nan], [2.5]])
    csr = scipy.sparse.csr_matrix(rows)
    want = estimator.inverse_transform(csr).toarray()
    with _opened(tmp_path, estimator) as model:
        sparse = native.Csr(csr.data, csr.indices, csr.indptr, 1)
        part = model.predict("inverse_transform", sparse).parts[0]
        with pytest.raises(native.NativeError, match="infinity"):
            model.predict("inverse_transform", native.dense(rows))
    assert part.sparse
    np.testing.assert_array_equal(part.values, want)
