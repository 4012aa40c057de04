"""Rows that are one text, one list or one object, asked as the contract says, over HTTP."""

import pickle

import pytest
from sklearn.feature_extraction import DictVectorizer, FeatureHasher
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

DOCUMENTS = ["the cat sat", "a dog, the dog", "caf\u00e9 cat", "dogs and dogs"]
DICTS = [{"a": 1, "b": "x"}, {"b": "y", "c": ["p", "q"]}]


@pytest.fixture
def ask(serve, tmp_path):
    """Asks a daemon on a model: (status, prediction or code)."""

    def start(model):
        (tmp_path / "model.pkl").write_bytes(pickle.dumps(model))
        daemon = serve(tmp_path / "model.pkl")

        def post(body):
            status, answer = daemon.json("POST", "/predict", body)
            return status, answer["prediction"] if status == 200 else answer["error"]["code"]

        return post

    return start


def sparse(matrix):
    """Rows as they are answered."""
    rows = [row.tocoo() for row in matrix.tocsr()]
    return [{"indices": row.nonzero()[-1].tolist(), "values": row.data.tolist()} for row in rows]


def test_texts(ask):
    model = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(DOCUMENTS, list("CDCD"))
    post = ask(model)
    want = model.predict(DOCUMENTS).tolist()
    assert post({"inputs": DOCUMENTS}) == (200, want)
    assert post({"input": DOCUMENTS}) == (200, want)  # a list of texts is a batch
    assert post({"input": DOCUMENTS[1]}) == (200, want[1:2])
    assert post({"inputs": []}) == (200, [])
    for wrong in (3, [None], {"text": "a"}, [["a", "b"]]):
        assert post({"input": wrong}) == (400, "bad_input")


def test_counts_and_back(ask):
    model = CountVectorizer().fit(DOCUMENTS)
    post = ask(model)
    counts = model.transform(DOCUMENTS)
    assert post({"inputs": DOCUMENTS}) == (200, sparse(counts))
    back = {"inputs": counts.toarray().tolist(), "method": "inverse_transform"}
    assert post(back) == (200, [words.tolist() for words in model.inverse_transform(counts)])


def test_dicts_and_back(ask):
    model = DictVectorizer(sparse=False).fit(DICTS)
    post = ask(model)
    rows = model.transform(DICTS)
    assert post({"inputs": DICTS}) == (200, rows.tolist())
    assert post({"input": DICTS[0]}) == (200, rows[:1].tolist())
    assert post({"input": {"new": 1}}) == (200, [[0.0] * rows.shape[1]])
    assert post({"input": {"a": {"b": 1}}}) == (400, "bad_input")
    assert post({"input": [1]}) == (400, "bad_input")
    back = {"inputs": rows.tolist(), "method": "inverse_transform"}
    assert post(back) == (200, model.inverse_transform(rows))


def test_tokens(ask):
    model = FeatureHasher(n_features=16, input_type="string")
    post = ask(model)
    tokens = [text.split() for text in DOCUMENTS] + [[]]
    want = sparse(model.transform(tokens))
    assert post({"inputs": tokens}) == (200, want)
    assert post({"input": tokens[0]}) == (200, want[:1])
    assert post({"input": []}) == (200, want[-1:])  # one row without tokens
    assert post({"input": ["a", 1]}) == (400, "bad_input")
    named = sparse(model.transform([{"cat": 1, "the": 2}, {}]))  # an object stands for its names
    assert post({"inputs": [{"cat": 1, "the": 2}, {}]}) == (200, named)
    assert post({"input": {"cat": 1, "the": 2}}) == (200, named[:1])
