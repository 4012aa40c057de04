"""Issue 5: a file of 1 KB that claims millions of columns, answers or rows costs no memory for them.
Each is opened by a process of little address space. And a vectorizer of more columns than a request
may have is served: it was refused for its way back, which it does not have."""

import pathlib
import pickle
import resource
import subprocess
import sys

import numpy as np
import pytest
from scipy import sparse
from sklearn.compose import ColumnTransformer
from sklearn.dummy import DummyRegressor
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import NearestNeighbors
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import KBinsDiscretizer, LabelEncoder, Normalizer, PolynomialFeatures

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.conformance import native  # noqa: E402

WIDE = 16_000_000
SPACE = 128 << 20  # of which the program itself takes about half
X = np.random.RandomState(0).rand(20, 3)
Y = (X[:, 0] > 0.5).astype(int)


def _claiming(model, **claims):
    model.fit(X, Y)
    for name, value in {"n_features_in_": WIDE, **claims}.items():
        setattr(model, name, value)
    return model


def _nothing(rows, columns):
    """A sparse matrix without an entry."""
    return sparse.csr_matrix((rows, columns))


def _some_columns():
    model = _claiming(ColumnTransformer([("a", Normalizer(), slice(0, WIDE))]), _n_features=WIDE)
    model.transformers_[0][1].n_features_in_ = WIDE
    return model


def _words():
    model = CountVectorizer().fit(["some words"])
    model.vocabulary_ = {"some": 60_000_000, "words": 0}
    return model


def _cut_off():
    """Classes whose texts are not there."""
    model = LabelEncoder()
    model.classes_ = np.array([], "S1")
    return pickle.dumps(model, 2).replace(b"K\x01K\x00\x85", b"K\x01J\x00\xe1\xf5\x05\x85")


CLAIMS = {
    "rows": lambda: _claiming(Normalizer()),
    "rows twice": lambda: make_pipeline(_claiming(Normalizer()), _claiming(Normalizer())),
    "columns": _some_columns,
    "products": lambda: _claiming(PolynomialFeatures(2), n_features_in_=5000),
    "powers": lambda: _claiming(PolynomialFeatures(9), n_features_in_=40),
    "answers": lambda: _claiming(DummyRegressor(), n_outputs_=60_000_000),
    "bins": lambda: _claiming(KBinsDiscretizer(), n_features_in_=3, n_bins_=np.full(3, 1 << 25)),
    "chosen": lambda: _claiming(SelectKBest(k=2)),
    "weights": lambda: _claiming(LogisticRegression(), coef_=_nothing(1, WIDE)),
    "neighbours": lambda: _claiming(
        NearestNeighbors(), _fit_X=_nothing(20, WIDE), _fit_method="brute"
    ),
    "words": _words,
    "classes": _cut_off,
}


@pytest.mark.parametrize("claim", CLAIMS)
def test_a_claim_costs_nothing(tmp_path, claim):
    made = CLAIMS[claim]()
    path = tmp_path / "model.pkl"
    path.write_bytes(made if isinstance(made, bytes) else pickle.dumps(made, 4))
    assert path.stat().st_size < 4096
    done = subprocess.run(
        [native.build_directory() / "modelcached", "compile", path, "-o", tmp_path / "model.mci"],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (SPACE, SPACE)),
        capture_output=True,
        text=True,
        timeout=20,
    )
    assert done.returncode in (0, 1), done.stderr
    assert "to be had" not in done.stderr and "no memory" not in done.stderr


def test_more_columns_than_a_request_may_have(tmp_path):
    model = HashingVectorizer(n_features=1 << 25)
    path = tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps(model, 4))
    texts = ["a few words", "other words"]
    with native.Library().open(path) as opened:
        (part,) = opened.predict("transform", native.values(texts)).parts
    assert abs(sparse.csr_matrix(part.values) - model.transform(texts)).max() < 1e-12
