"""Issue 4: preprocessors of vectorizers that people have, and that were refused by name: re.sub and
str.replace with their arguments, unicodedata.normalize, html.unescape, str.title, str.swapcase and
str.capitalize."""

import functools
import operator
import pathlib
import pickle
import re
import sys

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfVectorizer

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.conformance import native  # noqa: E402

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
    ids=str,
)
def test_replacing(tmp_path, preprocessor):
    _same(tmp_path, CountVectorizer(analyzer="char", preprocessor=preprocessor))
    _same(tmp_path, HashingVectorizer(n_features=64, preprocessor=preprocessor))
    _same(tmp_path, TfidfVectorizer(token_pattern=r"(?u)\S+|\s", preprocessor=preprocessor))


@pytest.mark.parametrize("template", [r"\2", r"\g<name>", "\\", r"\q"])
def test_a_replacement_that_is_none(tmp_path, template):
    vectorizer = CountVectorizer(vocabulary=["a"])
    vectorizer.preprocessor = functools.partial(re.sub, "(a)", template)
    path = tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps(vectorizer))
    with pytest.raises(native.NativeError, match="CountVectorizer: preprocessor: the replacement"):
        native.Library().open(path)
