"""Issue 4: what ./dev fuzz --differential found, each with the row that showed it."""

import pathlib
import pickle
import sys

import joblib
import numpy as np
import pytest
import scipy.sparse
import sklearn
from sklearn.decomposition import DictionaryLearning, TruncatedSVD
from sklearn.ensemble import BaggingClassifier, RandomForestClassifier
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer
from sklearn.feature_selection import SelectFwe, SequentialFeatureSelector
from sklearn.linear_model import LinearRegression
from sklearn.neighbors import KNeighborsTransformer, NearestCentroid, RadiusNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder

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


def test_codes_of_a_dictionary_in_single_precision_end_at_its_eps(tmp_path):
    """The pursuit took products below the eps of float32, where scikit-learn's takes none."""
    X = np.random.RandomState(0).normal(size=(30, 3)).astype(np.float32)
    settings = {"transform_algorithm": "omp", "max_iter": 2, "random_state": 0}
    for dtype in (np.float32, np.float64):
        estimator = DictionaryLearning(2, **settings).fit(X.astype(dtype))
        rows = np.array([[1e-4, 0, 0], [0, 2e-4, 1e-9], [1e-2, 1, 0], [0, 0, 0]], dtype=dtype)
        part = answer(tmp_path, estimator, "transform", native.dense(rows))
        assert part.values == pytest.approx(estimator.transform(rows), rel=1e-5, abs=1e-12)


def test_a_category_that_is_the_text_nan_comes_back_as_text(tmp_path):
    """The fuzzer took it for a missing value; both have to be told apart."""
    X = np.array([["nan"], [np.nan], ["red"]], dtype=object)
    estimator = OrdinalEncoder().fit(X)
    part = answer(tmp_path, estimator, "inverse_transform", native.dense(estimator.transform(X)))
    got = part.values.ravel().tolist()
    assert got[0] == "nan" and got[1] != got[1] and got[2] == "red"


ROWS = np.array([[0.5, np.nan, 1.0], [np.nan, 2.0, -1.0], [3e38, 1.0, 0.0], [0.0, 0.0, np.inf]])


@pytest.mark.skipif(VERSION < (1, 4), reason="forests take missing values since 1.4")
def test_a_selector_takes_what_its_unfitted_forest_would(tmp_path):
    """SequentialFeatureSelector keeps the forest that it was given, which was never fitted."""
    rng = np.random.RandomState(0)
    X, y = rng.normal(size=(24, 3)), rng.randint(0, 2, 24)
    forest = RandomForestClassifier(2, max_depth=1, random_state=0)
    estimator = SequentialFeatureSelector(forest, n_features_to_select=2, cv=2).fit(X, y)
    part = answer(tmp_path, estimator, "transform", native.dense(ROWS))
    np.testing.assert_array_equal(part.values, estimator.transform(ROWS))


def test_nothing_selected_from_sparse_rows_is_dense(tmp_path):
    """Where no column is kept scikit-learn makes an array of its own."""
    X = scipy.sparse.csr_matrix(np.random.RandomState(0).normal(size=(30, 3)))
    estimator = SelectFwe(alpha=1e-30).fit(X, np.arange(30) % 2)
    part = answer(tmp_path, estimator, "transform", native.csr(X))
    assert part.values.shape == (30, 0) and not part.sparse
    assert not scipy.sparse.issparse(estimator.transform(X))


def test_a_column_that_no_tree_of_a_bagging_has_may_hold_anything(tmp_path):
    """Each tree looks at its own columns; infinity in another one refused the row."""
    rng = np.random.RandomState(1)
    X, y = rng.normal(size=(30, 3)), np.arange(30) % 2
    estimator = BaggingClassifier(n_estimators=1, max_features=1, random_state=0).fit(X, y)
    rows = X[:4].copy()
    rows[:, [i for i in range(3) if i not in estimator.estimators_features_[0]]] = np.inf
    part = answer(tmp_path, estimator, "predict_proba", native.dense(rows))
    np.testing.assert_array_equal(part.values, estimator.predict_proba(rows))


def test_neighbours_of_a_row_whose_distances_overflow(tmp_path):
    """All are infinitely far, and the list names row 0 five times: scikit-learn adds them up."""
    X = np.random.RandomState(0).normal(size=(12, 2))
    row = np.array([[-1.7976931348623157e308, 0.0]])
    estimator = KNeighborsTransformer(mode="connectivity", algorithm="kd_tree").fit(X)
    part = answer(tmp_path, estimator, "transform", native.dense(row))
    np.testing.assert_array_equal(part.values, estimator.transform(row).toarray())


@pytest.mark.parametrize("how", ["lzma", "xz", "bz2", "gzip"])
def test_zeros_that_shrink_well_are_read(tmp_path, how):
    """A million coefficients that are 0 took less than a thousandth of their bytes in lzma."""
    estimator = LinearRegression().fit(np.eye(3), [1.0, 2.0, 4.0])
    estimator.coef_ = np.zeros(1 << 20)
    estimator.n_features_in_ = 1 << 20
    path = tmp_path / "model.joblib"
    joblib.dump(estimator, path, compress=(how, 9))
    with native.Library().open(path) as model:
        assert model.info.n_columns == 1 << 20


def test_a_negative_zero_is_no_count(tmp_path):
    """1 + log(-0.0) made the whole row NaN; scikit-learn's csr of the row does not hold it."""
    X = np.array([[1.0, 2.0], [0.0, 3.0], [-0.0, 4.0]])
    estimator = TfidfTransformer(sublinear_tf=True, use_idf=False).fit(X)
    part = answer(tmp_path, estimator, "transform", native.dense(X))
    assert part.values == pytest.approx(estimator.transform(X).toarray(), rel=1e-12)


def test_a_radius_of_none_is_refused(tmp_path):
    """It was read as the default of 1; scikit-learn's trees answer NaN, its brute force raises."""
    estimator = RadiusNeighborsRegressor(radius=1.0).fit([[0.0], [1.0]], [0.0, 1.0])
    estimator.radius = None
    path = tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps(estimator))
    with pytest.raises(native.NativeError, match="radius: expected a number, found None"):
        native.Library().open(path)
