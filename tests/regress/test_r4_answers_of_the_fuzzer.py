"""Issue 4: what ./dev fuzz --differential found, each with the row that showed it."""

import pathlib
import pickle
import sys

import numpy as np
import pytest
import sklearn
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.neighbors import NearestCentroid
from sklearn.pipeline import make_pipeline

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.conformance import native  # noqa: E402

VERSION = tuple(int(part) for part in sklearn.__version__.split(".")[:2])


def answer(folder, estimator, method, rows):
    """The only part that the library answers."""
    path = folder / "model.pkl"
    path.write_bytes(pickle.dumps(estimator))
    with native.Library().open(path) as model:
        (part,) = model.predict(method, rows).parts
    return part


def test_texts_from_a_pipeline_are_one_value_a_row(tmp_path):
    """inverse_transform of a pipeline said matrix where the vectorizer says a list a row."""
    texts = ["red green", "green blue blue", "red", "blue red"]
    pipeline = make_pipeline(CountVectorizer(), TruncatedSVD(2, random_state=0)).fit(texts)
    reduced = pipeline.transform(texts)
    part = answer(tmp_path, pipeline, "inverse_transform", native.dense(reduced))
    assert part.scalar
    wanted = [words.tolist() for words in pipeline.inverse_transform(reduced)]
    assert part.values.ravel().tolist() == wanted


@pytest.mark.skipif(VERSION < (1, 6), reason="NearestCentroid has probabilities since 1.6")
@pytest.mark.parametrize("far", [1e20, -1e20])
def test_probabilities_of_far_rows_are_shares(tmp_path, far):
    """Where three scores were equal and huge, each class had the probability 1."""
    X = np.array([[0.0, 1.0], [1.0, 0.0], [4.0, 5.0], [5.0, 4.0], [9.0, 8.0], [8.0, 9.0]])
    estimator = NearestCentroid().fit(X, [0, 0, 1, 1, 2, 2])
    row = np.array([[far, 1.0]])
    for method in ("predict_proba", "predict_log_proba"):
        part = answer(tmp_path, estimator, method, native.dense(row))
        assert part.values == pytest.approx(getattr(estimator, method)(row), rel=1e-12)
