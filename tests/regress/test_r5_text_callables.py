"""Issue 4: str.casefold and str.splitlines were refused by name as preprocessor and tokenizer."""

import pathlib
import pickle
import sys

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.conformance import native  # noqa: E402

BREAKS = ["\n", "\r", "\r\n", "\n\r", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029"]
LINES = ["a" + one + "b" + two + "c" + three for one in BREAKS for two in ("", *BREAKS)
         for three in ("", "\n", "\r\n\r\n")]  # fmt: skip
LINES += ["", "\n", "\r\n", "\n\n", "\x1f", "no break", "\tx\ty \n z"]
CASES = ["Straße STRASSE", "ΌΔΟΣ όδος Σ", "İstanbul ISTANBUL ı", "ﬁne ﬂow ŉ", "ꭰꮿ Ꭰ Ᏸ", "ẞ ß ss", "ͅ ι Ι"]


def _check(folder, vectorizer, texts):
    vectorizer.fit(texts)
    path = folder / "model.pkl"
    path.write_bytes(pickle.dumps(vectorizer))
    with native.Library().open(path) as model:
        (part,) = model.predict("transform", native.values(texts)).parts
    assert np.array_equal(part.values, vectorizer.transform(texts).toarray())


@pytest.mark.parametrize("words", [{"tokenizer": str.splitlines}, {"analyzer": str.splitlines}])
@pytest.mark.parametrize("lowercase", [True, False])
def test_lines(tmp_path, words, lowercase):
    _check(tmp_path, CountVectorizer(lowercase=lowercase, **words), LINES)


@pytest.mark.parametrize("analyzer", ["word", "char"])
def test_folded(tmp_path, analyzer):
    vectorizer = CountVectorizer(preprocessor=str.casefold, analyzer=analyzer, token_pattern=r"\S+")
    _check(tmp_path, vectorizer, CASES)


def test_folded_alone(tmp_path):
    _check(tmp_path, CountVectorizer(analyzer=str.casefold), CASES)
