"""Random documents through scikit-learn and through the library: the same columns, the same values.

python -m tests.conformance.documents [--n 20000] [--seed 1]    in the environment of a version

Needs no fixtures: vectorizers are fitted here, pickled, opened, and asked about documents of all of
Unicode. Prints "N documents, K values" or the first difference, and exits 1.
"""

import argparse
import pickle
import random
import sys
import tempfile
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfVectorizer

from . import native

ALPHABETS = [
    "the cat and dog ",
    "ab cd.12_-'x\n\t",
    "straSSE\u00dfſkK\u212a\u0130iıi\u0307\u03c2\u03c3\u03a3\u0345' \u00e9e\u0301ﬁﬂ\u1e9e",
    "привет мир Ёё й",
    "漢字かなガ\u3099한국어한\u0661\u0662\u0967 ",
    "\U0001f468\u200d\U0001f469\U0001f600\u00a0\u3000\u2028\x1c\x85\u00ad ",
    "\u0627\u064e\u0628\u05d0\u05b7 \u0e01\u0e33\u0928\u093f",
]
CHUNK = 1000


def document(rng):
    kind = rng.random()
    if kind < 0.2:
        codes = (rng.randrange(0x110000) for _ in range(rng.randrange(30)))
        return "".join(chr(c) for c in codes if not 0xD800 <= c < 0xE000)
    if kind < 0.4:
        return "".join(rng.choices("".join(ALPHABETS), k=rng.randrange(60)))
    return "".join(rng.choices(rng.choice(ALPHABETS), k=rng.randrange(80)))


def vectorizers():
    yield CountVectorizer(ngram_range=(1, 2))
    yield CountVectorizer(strip_accents="unicode", token_pattern=r"(?u)\b\w+\b", stop_words="english")
    yield CountVectorizer(strip_accents="ascii", lowercase=False, token_pattern=r"[^\W\d_]+")
    yield CountVectorizer(analyzer="char", ngram_range=(1, 3))
    yield CountVectorizer(analyzer="char_wb", ngram_range=(2, 4), strip_accents="unicode")
    yield CountVectorizer(token_pattern=r"\w+|[^\w\s]", binary=True)
    yield CountVectorizer(tokenizer=str.split, token_pattern=None, preprocessor=str.upper)
    yield TfidfVectorizer(sublinear_tf=True, analyzer="char", ngram_range=(2, 2))
    yield HashingVectorizer(n_features=97, ngram_range=(1, 3), norm="l1")
    yield HashingVectorizer(n_features=2**12, analyzer="char_wb", ngram_range=(1, 5), norm=None)
    yield from rarer_options()


def rarer_options():
    yield CountVectorizer(binary=True, min_df=2, max_df=0.6, max_features=300, dtype=np.int32)
    yield CountVectorizer(vocabulary=["the", "cat", "мир", "the cat", "漢字", "ß"], ngram_range=(1, 2))
    yield CountVectorizer(analyzer="char_wb", ngram_range=(1, 3), strip_accents="ascii", binary=True)
    yield CountVectorizer(token_pattern=r"(\w)\w*")
    yield CountVectorizer(token_pattern=r"(?:^|\s)(\S+)", lowercase=False)
    yield CountVectorizer(token_pattern=r"(?i)[a-z\u0130\u017f]+|\d", lowercase=False)
    yield CountVectorizer(token_pattern=r"(?<!\w)\w{2,5}(?!\w)", strip_accents="unicode")
    yield CountVectorizer(analyzer=str.split)
    yield CountVectorizer(analyzer=list)
    yield CountVectorizer(preprocessor=str.upper, stop_words=["the", "dog", "привет"])
    yield CountVectorizer(tokenizer=list, token_pattern=None, ngram_range=(2, 3))
    yield TfidfVectorizer(dtype=np.float32, norm="l1", smooth_idf=False, stop_words="english")
    yield TfidfVectorizer(use_idf=False, norm=None, binary=True, ngram_range=(3, 3))
    yield HashingVectorizer(n_features=31, alternate_sign=False, binary=True, dtype=np.float32)
    yield HashingVectorizer(n_features=64, lowercase=False, strip_accents="ascii", token_pattern=r"\S+")


def compare(vectorizer, documents, library, folder):
    """How many values there were; ValueError names the first document that differs."""
    vectorizer.fit(documents[::3])
    path = Path(folder) / "model.pkl"
    path.write_bytes(pickle.dumps(vectorizer))
    n_values = 0
    with library.open(path) as model:
        for at in range(0, len(documents), CHUNK):
            part = documents[at : at + CHUNK]
            want = vectorizer.transform(part).tocsr()
            (got,) = model.predict("transform", native.values(part)).parts
            n_values += want.nnz
            difference = abs(want - csr_matrix(got.values))
            worst = difference.max() if difference.nnz else 0.0
            if not worst <= (1e-6 if want.dtype == np.float32 else 1e-15):
                row = int(np.argmax(np.asarray(difference.max(axis=1).todense()).ravel()))
                raise ValueError("%r: %r" % (vectorizer, part[row]))
    return n_values


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n", type=int, default=20000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    rng = random.Random(arguments.seed)
    documents = [document(rng) for _ in range(arguments.n)]
    library = native.Library()
    n_values = 0
    with tempfile.TemporaryDirectory() as folder:
        for vectorizer in vectorizers():
            try:
                n_values += compare(vectorizer, documents, library, folder)
            except (ValueError, native.NativeError) as error:
                sys.exit("seed %d: %s" % (arguments.seed, error))
    print("%d documents, %d values" % (len(documents), n_values))


if __name__ == "__main__":
    main()
