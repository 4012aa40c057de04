"""Issue 4: a row of a million columns costs what it holds. OneHotEncoder, KBinsDiscretizer and
MultiLabelBinarizer wrote dense rows of 8 MB, and so did the way back of the first two."""

import pathlib
import pickle
import sys
import time

import numpy as np
import pytest
import scipy.sparse
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction import FeatureHasher
from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer
from sklearn.feature_selection import SelectKBest, chi2
from sklearn.linear_model import SGDClassifier
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import (
    KBinsDiscretizer,
    MaxAbsScaler,
    MultiLabelBinarizer,
    Normalizer,
    OneHotEncoder,
    PolynomialFeatures,
    StandardScaler,
)

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.conformance import native  # noqa: E402

N = 1 << 20
ROWS = 64
Y = np.arange(ROWS) % 3
PEAK = 2 << 20  # bytes that a batch of sixty-four rows may add: a dense row alone has 8 MB
MICROSECONDS = 2000.0  # a row; writing 8 MB takes longer


def _peak(reset=False):
    """The most memory that the process has held, since it was last asked with `reset`."""
    if reset:
        pathlib.Path("/proc/self/clear_refs").write_text("5")
    lines = pathlib.Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) << 10


def _linear():
    return SGDClassifier(max_iter=2, tol=None, random_state=0)


def _categories():
    X = np.arange(N, dtype=np.float64).reshape(-1, 1)
    encoder = OneHotEncoder(handle_unknown="ignore").fit(X)
    X = X[:: N // ROWS]
    return make_pipeline(encoder, MultinomialNB().fit(encoder.transform(X), Y)), X


def _columns():
    X = np.column_stack([np.arange(N), np.arange(N) % 5000, np.linspace(0.0, 1.0, N)])
    columns = ColumnTransformer(
        [("a", OneHotEncoder(), [0]), ("b", OneHotEncoder(), [1]), ("c", "passthrough", [2])],
        sparse_threshold=1.0,
    ).fit(X)
    X = X[:: N // ROWS]
    return make_pipeline(columns, _linear().fit(columns.transform(X), Y)), X


def _bins():
    X = np.random.RandomState(0).random_sample((ROWS, 50))
    bins = KBinsDiscretizer(n_bins=20000, strategy="uniform").fit(X)
    return make_pipeline(bins, _linear().fit(bins.transform(X), Y)), X


def _csr(width, n_entries):
    return scipy.sparse.random(ROWS, width, n_entries / width, format="csr", random_state=0)


def _scaled():
    X = _csr(N, 50)
    scalers = StandardScaler(with_mean=False), MaxAbsScaler(), Normalizer("max")
    last = TfidfTransformer(), SelectKBest(chi2, k=N // 2), _linear()
    return make_pipeline(*scalers, *last).fit(X, Y), X


def _products():
    X = _csr(1400, 20)
    return make_pipeline(PolynomialFeatures(2), MaxAbsScaler(), _linear()).fit(X, Y), X


def _texts():
    words = ["w%d" % i for i in range(3000)]
    X = [" ".join(words[(7 * i + 31 * j) % 3000] for j in range(30)) for i in range(ROWS)]
    chars = HashingVectorizer(analyzer="char_wb", ngram_range=(2, 3))
    return make_pipeline(make_union(HashingVectorizer(), chars), _linear()).fit(X, Y), X


def _dicts():
    X = [{"n%d" % (37 * i + j): float(j) for j in range(50)} for i in range(ROWS)]
    return make_pipeline(FeatureHasher(), _linear()).fit(X, Y), X


def _opened(folder, estimator):
    path = folder / "model.pkl"
    path.write_bytes(pickle.dumps(estimator))
    return native.Library().open(path)


def _rows(X):
    if scipy.sparse.issparse(X):
        return native.csr(X)
    return native.values(X) if isinstance(X, list) else native.dense(X)


CASES = [_categories, _columns, _bins, _scaled, _products, _texts, _dicts]


@pytest.mark.parametrize("make", CASES)
def test_a_row_of_a_million_columns_costs_what_it_holds(tmp_path, make):
    estimator, X = make()
    rows = _rows(X)
    with _opened(tmp_path, estimator) as model:
        before = _peak(reset=True)
        (part,) = model.predict("predict", rows).parts
        grown = _peak() - before
        start = time.perf_counter()
        model.predict("predict", rows)
        spent = (time.perf_counter() - start) / ROWS * 1e6
    assert part.values.ravel().tolist() == estimator.predict(X).tolist()
    assert grown < PEAK
    assert spent < MICROSECONDS


def _is_same(part, want):
    assert part.sparse
    assert (scipy.sparse.csr_matrix(part.values) != want).nnz == 0


def test_categories_there_and_back(tmp_path):
    """Unknown, dropped and infrequent ones too."""
    values = np.array(["a%05d" % i for i in range(6000)] * 2 + ["z0", "z1"], dtype=object)
    kinds = {"drop": "first"}, {"min_frequency": 2, "handle_unknown": "infrequent_if_exist"}
    for options in (*kinds, {"handle_unknown": "ignore"}):
        encoder = OneHotEncoder(**options).fit(values.reshape(-1, 1))
        asked = ["a00000", "a00007", "a05999", "z1"] + ([] if "drop" in options else ["new"])
        X = np.array(asked, dtype=object).reshape(-1, 1)
        Xt = encoder.transform(X)
        with _opened(tmp_path, encoder) as model:
            _is_same(model.predict("transform", native.values(asked)).parts[0], Xt)
            (back,) = model.predict("inverse_transform", native.csr(Xt)).parts
        assert back.values.ravel().tolist() == encoder.inverse_transform(Xt).ravel().tolist()


def test_bins_there_and_back(tmp_path):
    X = np.random.RandomState(0).random_sample((ROWS, 3))
    bins = KBinsDiscretizer(n_bins=2000, strategy="uniform").fit(X)
    with _opened(tmp_path, bins) as model:
        _is_same(model.predict("transform", native.dense(X)).parts[0], bins.transform(X))
        (back,) = model.predict("inverse_transform", native.csr(bins.transform(X))).parts
    assert np.array_equal(back.values, bins.inverse_transform(bins.transform(X)))


def test_a_maximum_may_be_absent(tmp_path):
    """The way back looks for the first maximum of a block, zeros that are not stored among it."""
    encoder = OneHotEncoder().fit(np.arange(5000.0).reshape(-1, 1))
    for columns, values in (([0, 1], [-1.0, -2.0]), ([3], [-1.0]), ([0, 4], [-1.0, 0.5])):
        row = scipy.sparse.csr_matrix((values, columns, [0, len(columns)]), shape=(1, 5000))
        with _opened(tmp_path, encoder) as model:
            (back,) = model.predict("inverse_transform", native.csr(row)).parts
        assert back.values.ravel().tolist() == encoder.inverse_transform(row).ravel().tolist()


def test_labels_in_a_list_twice_are_marked_once(tmp_path):
    sets = [[i, i + 1, i] for i in range(0, 5000, 2)]
    binarizer = MultiLabelBinarizer(sparse_output=True).fit(sets)
    with _opened(tmp_path, binarizer) as model:
        (part,) = model.predict("transform", native.values(sets)).parts
    _is_same(part, binarizer.transform(sets))
