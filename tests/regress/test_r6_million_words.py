"""Issue 4: a vocabulary costs its bytes. The words of a vectorizer and their table were kept twice,
for the way back too, and each of its unnamed columns had a record in the image and one beside it:
95 MB for the 11 MB of a million words."""

import pathlib
import pickle
import sys

import numpy as np
import pytest
import scipy.sparse
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfVectorizer
from sklearn.linear_model import SGDClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.conformance import native  # noqa: E402

N = 170_000  # the table has room for half as many again, as that of a million words has
WORDS = [f"word{i:07}" for i in range(N)]
DOCUMENTS = [" ".join(WORDS[3::5000]), "word0000001 nothing else", ""]
MOST = 2.5  # bytes for each byte of words and weights


def _opened(tmp_path, estimator):
    path = tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps(estimator, 4))
    return native.Library().open(path)


def _fitted(estimator):
    """As fit() leaves it, without the time that a matrix of a million words takes."""
    estimator.fit(["a few words"])
    estimator.vocabulary_ = {word: i for i, word in enumerate(WORDS)}
    if isinstance(estimator, TfidfVectorizer):
        estimator._tfidf.n_features_in_ = N
        estimator.idf_ = np.linspace(1.0, 7.0, N)
    return estimator


@pytest.mark.parametrize("make", [CountVectorizer, TfidfVectorizer])
def test_words_are_there_once(tmp_path, make):
    estimator = _fitted(make())
    weights = 8 * N if make is TfidfVectorizer else 0
    rows = estimator.transform(DOCUMENTS)
    with _opened(tmp_path, estimator) as model:
        assert model.info.bytes < MOST * (sum(map(len, WORDS)) + weights)
        (part,) = model.predict("transform", native.values(DOCUMENTS)).parts
        (back,) = model.predict("inverse_transform", native.csr(rows)).parts
    assert (abs(scipy.sparse.csr_matrix(part.values) - rows) > 1e-12).nnz == 0
    want = [words.tolist() for words in estimator.inverse_transform(rows)]
    assert back.values.ravel().tolist() == want


def test_weights_of_hashed_words_cost_their_bytes(tmp_path):
    estimator = make_pipeline(HashingVectorizer(), SGDClassifier(max_iter=1, tol=None))
    estimator.fit(DOCUMENTS, [0, 1, 0])
    with _opened(tmp_path, estimator) as model:
        assert model.info.bytes < 1.01 * estimator[-1].coef_.nbytes
        (part,) = model.predict("predict", native.values(DOCUMENTS)).parts
    assert part.values.ravel().tolist() == estimator.predict(DOCUMENTS).tolist()


def test_columns_without_names_cost_nothing(tmp_path):
    n = 1 << 16
    estimator = StandardScaler().fit(np.arange(2.0 * n).reshape(2, n))
    row = np.linspace(-1.0, 1.0, n).reshape(1, n)
    with _opened(tmp_path, estimator) as model:
        # mean and scale, for each way; the list of columns that each reads, which is one
        assert model.info.bytes < (2 * 2 * 8 + 4) * n + 4096
        assert len(model.columns()) == n
        (part,) = model.predict("transform", native.dense(row)).parts
    assert part.values.tolist() == estimator.transform(row).tolist()
