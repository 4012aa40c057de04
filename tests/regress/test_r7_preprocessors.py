"""Issue 4: preprocessors of vectorizers that people have, and that were refused by name: re.sub and
str.replace with their arguments, unicodedata.normalize, html.unescape, str.title, str.swapcase and
str.capitalize."""

import functools
import html
import html.entities
import operator
import pathlib
import pickle
import re
import sys
import unicodedata

import numpy as np
import pytest
import scipy.sparse
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfVectorizer

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.conformance import native  # noqa: E402


def name(preprocessor):
    """Without addresses: each process must give the tests the same names."""
    return re.sub(r" at 0x[0-9a-f]+", "", str(preprocessor))


TEXTS = [
    "The Cat-sat 12 on 345 mats, at 10:30; abxd",
    "caf\u00e9 a1b22c333 <b>x</b>  two  spaces\n",
    "",
    "aaaa \u0130\u03a3\u03a3 \u1f80\u00df",
    "12-34-56 k=v kk=vv",
]


def _same(folder, vectorizer):
    want = vectorizer.fit_transform(TEXTS)
    path = folder / "model.pkl"
    path.write_bytes(pickle.dumps(vectorizer))
    with native.Library().open(path) as model:
        part = model.predict("transform", native.values(TEXTS)).parts[0]
    values = part.values.toarray() if hasattr(part.values, "toarray") else part.values
    np.testing.assert_allclose(values, want.toarray(), rtol=1e-15)


@pytest.mark.parametrize(
    "preprocessor",
    [
        functools.partial(re.sub, r"\d+", "<num>"),
        functools.partial(re.sub, "x*", "-"),
        functools.partial(re.sub, r"(\w)=(\w)", r"\2\g<1>\\\n\x20".replace(r"\x20", "")),
        functools.partial(re.sub, r"(a)|(b)", r"[\1|\2]\060"),
        functools.partial(re.sub, "[a-z]", "", count=3),
        functools.partial(re.sub, "A", "_", flags=re.IGNORECASE | re.ASCII),
        functools.partial(re.sub, re.compile("^.", re.M), "^"),
        functools.partial(re.compile(r"\s+").sub, " "),
        functools.partial(re.compile(r"\b").sub, "|"),
        operator.methodcaller("replace", "a", "\u00e9\\1"),
        operator.methodcaller("replace", ".", "", 1),
        operator.methodcaller("replace", "", "+"),
    ],
    ids=name,
)
def test_replacing(tmp_path, preprocessor):
    _same(tmp_path, CountVectorizer(analyzer="char", preprocessor=preprocessor))
    _same(tmp_path, HashingVectorizer(n_features=64, preprocessor=preprocessor))
    _same(tmp_path, TfidfVectorizer(token_pattern=r"(?u)\S+|\s", preprocessor=preprocessor))


FORMS = [functools.partial(unicodedata.normalize, form) for form in ("NFC", "NFD", "NFKC", "NFKD")]


def _marked(n, seed):
    """Texts that are dense in marks, in what composes and in letters of three cases."""
    rng = np.random.RandomState(seed)
    pool = [*range(0x300, 0x362), *range(0x1100, 0x1114), *range(0x1161, 0x1176)]
    pool += [*range(0x11A7, 0x11C3), *range(0xAC00, 0xAC40), *range(0x1E00, 0x1F00), *b"aeiouAO S"]
    pool += [0x9C7, 0x9BE, 0x9D7, 0x344, 0x1D15E, 0x2ADC, 0xFDFA, 0x1C5, 0xFB03, 0x3A3, 0x10D0, 0x345]
    return ["".join(map(chr, rng.choice(pool, rng.randint(1, 12)))) for _ in range(n)]


def _references(n, seed):
    """Texts of references by name and number, whole and cut."""
    rng = np.random.RandomState(seed)
    pool = ["&%s" % name for name in sorted(html.entities.html5)]
    pool += ["&#%d;" % c for c in [*range(0, 0x102), 0xD7FF, 0xD800, 0xFDD0, 0xFFFF, 0x110000, 10**20]]
    pool += ["&#x%X" % c for c in (0x41, 0x1F600, 0x10FFFE, 0xFFFE)]
    pool += ["&", "&#", "&#x", "&#xg", "&;", "&a;", "x", "\u00e9", " ", "<", "\n", "&" + "a" * 40 + ";"]
    texts = ["".join(rng.choice(pool, rng.randint(1, 6))) for _ in range(n)]
    return pool + texts + [text[: rng.randint(1, len(text) + 1)] for text in texts]


@pytest.mark.parametrize(
    "preprocessor", [*FORMS, str.title, str.swapcase, str.capitalize, html.unescape], ids=name
)
def test_characters(tmp_path, preprocessor):
    texts = _references(100, 7) if preprocessor is html.unescape else _marked(200, 7) + TEXTS
    vectorizer = HashingVectorizer(
        n_features=2**12, analyzer="char", ngram_range=(1, 4), preprocessor=preprocessor, norm=None
    )
    path = tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps(vectorizer))
    with native.Library().open(path) as model:
        part = model.predict("transform", native.values(texts)).parts[0]
    assert (scipy.sparse.csr_matrix(part.values) != vectorizer.transform(texts)).nnz == 0


@pytest.mark.parametrize("template", [r"\2", r"\g<name>", "\\", r"\q"])
def test_a_replacement_that_is_none(tmp_path, template):
    vectorizer = CountVectorizer(vocabulary=["a"])
    vectorizer.preprocessor = functools.partial(re.sub, "(a)", template)
    path = tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps(vectorizer))
    with pytest.raises(native.NativeError, match="CountVectorizer: preprocessor: the replacement"):
        native.Library().open(path)
