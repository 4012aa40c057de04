"""Issue 4: what rounds 9001 to 9708 of ./dev fuzz --differential found, each with what showed it."""

import pathlib
import pickle
import sys

import numpy as np
import pytest
import sklearn
from sklearn.feature_selection import SelectKBest
from sklearn.isotonic import IsotonicRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.neighbors import RadiusNeighborsClassifier
from sklearn.preprocessing import LabelBinarizer
from sklearn.random_projection import SparseRandomProjection
from sklearn.semi_supervised import LabelPropagation
from sklearn.svm import SVC

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.conformance import native  # noqa: E402
from tests.conformance.check import rows_of  # noqa: E402
from tests.conformance.fixtures.encoding import encode_input  # noqa: E402
from tests.conformance.fixtures.frames import pandas  # noqa: E402

VERSION = tuple(int(part) for part in sklearn.__version__.split(".")[:2])
X = np.random.RandomState(0).normal(size=(40, 3))
Y = np.arange(40) % 4


def opened(folder, estimator):
    path = folder / "model.pkl"
    path.write_bytes(pickle.dumps(estimator))
    return native.Library().open(path)


def answer(folder, estimator, method, rows):
    """The only part that the library answers."""
    rows = native.dense(rows) if isinstance(rows, np.ndarray) else rows
    with opened(folder, estimator) as model:
        (part,) = model.predict(method, rows).parts
    return part


@pytest.mark.filterwarnings("ignore")
def test_probabilities_where_the_decisions_overflow(tmp_path):
    """libsvm's max(NaN, 1e-7) is 1e-7, where we took a NaN for all classes alike."""
    estimator = SVC(kernel="poly", probability=True, random_state=0).fit(X, Y)
    row = np.array([[1e300, -1e300, 1e300]])
    want = estimator.predict_proba(row)
    assert answer(tmp_path, estimator, "predict_proba", row).values == pytest.approx(want, rel=1e-9)


def test_outliers_of_neighbours_that_weigh_alike_by_none(tmp_path):
    """weights=None is not "uniform": there scikit-learn looks the outliers' label up in classes_."""
    settings = {"radius": 0.5, "weights": None, "outlier_label": "most_frequent"}
    estimator = RadiusNeighborsClassifier(algorithm="brute", metric="manhattan", **settings)
    estimator.fit(X, np.array([-5, 3, 7])[np.arange(40) % 5 % 3])
    row = np.array([[1e6, 0.0, 0.0]])
    part = answer(tmp_path, estimator, "predict_proba", row)
    np.testing.assert_array_equal(part.values, estimator.predict_proba(row))


@pytest.mark.skipif(VERSION < (1, 5), reason="FixedThresholdClassifier came with 1.5")
def test_a_positive_class_that_is_none(tmp_path):
    """predict raises, but the model was refused whole."""
    from sklearn.model_selection import FixedThresholdClassifier

    estimator = FixedThresholdClassifier(SVC(), pos_label=False).fit(X, np.array(["a", "b"])[Y % 2])
    part = answer(tmp_path, estimator, "decision_function", X[:4])
    assert part.values.ravel() == pytest.approx(estimator.decision_function(X[:4]), rel=1e-9)


def mute():
    return SVC(break_ties=True, decision_function_shape="ovo")


@pytest.mark.skipif(VERSION < (1, 5), reason="FixedThresholdClassifier came with 1.5")
def test_a_threshold_around_a_machine_that_may_not_predict(tmp_path):
    """SVC.predict raises with break_ties and "ovo"; whoever asks for its decisions has an answer."""
    from sklearn.model_selection import FixedThresholdClassifier

    estimator = FixedThresholdClassifier(mute()).fit(X, Y % 2)
    part = answer(tmp_path, estimator, "predict", X)
    np.testing.assert_array_equal(part.values.ravel(), estimator.predict(X))


@pytest.mark.parametrize("n", [2, 4])
def test_one_against_the_rest_of_machines_that_may_not_predict(tmp_path, n):
    estimator = OneVsRestClassifier(mute()).fit(X, Y % n)
    part = answer(tmp_path, estimator, "predict", X)
    np.testing.assert_array_equal(part.values.ravel(), estimator.predict(X))


@pytest.mark.parametrize("labels", [[0, 0], ["a", "a"], [False, False]])
def test_marks_of_one_class_go_back(tmp_path, labels):
    estimator = LabelBinarizer().fit(labels)
    marks = np.array([[0], [1], [0]])
    part = answer(tmp_path, estimator, "inverse_transform", marks)
    assert part.values.ravel().tolist() == estimator.inverse_transform(marks).tolist()


def test_back_from_components_of_lower_rank(tmp_path):
    """The rotations of rows of which nothing is left went on, and the way back was not offered."""
    estimator = SparseRandomProjection(n_components=3, random_state=81858059).fit(X)
    parts = np.array([[0.0, 0.75, 0.0], [0.75, 0.75, 0.75], [0.75, 0.0, 0.75]])
    estimator.components_ = type(estimator.components_)(parts)
    rows = estimator.transform(X[:5])
    rows = rows.toarray() if hasattr(rows, "toarray") else rows
    part = answer(tmp_path, estimator, "inverse_transform", rows)
    assert part.values == pytest.approx(estimator.inverse_transform(rows), rel=1e-9, abs=1e-12)


@pytest.mark.skipif(VERSION < (1, 3), reason="1.2 checks frames, too")
def test_selectors_of_frames_check_nothing(tmp_path):
    """With set_output a selector takes the columns of a frame as they are."""
    frame = pandas.DataFrame(X, columns=["a", "b", "c"])
    estimator = SelectKBest(k=1).set_output(transform="pandas").fit(frame, Y)
    rows = frame[:3].copy()
    rows.loc[0, "a"], rows.loc[1, "b"], rows.loc[2, "c"] = np.nan, np.inf, -np.inf
    with opened(tmp_path, estimator) as model:
        (part,) = model.predict("transform", rows_of(encode_input(rows, "frame"), model)).parts
    np.testing.assert_array_equal(part.values, estimator.transform(rows).to_numpy())


def test_isotonic_frames_have_two_dimensions(tmp_path):
    estimator = IsotonicRegression().fit(X[:, 0], Y)
    assert answer(tmp_path, estimator, "transform", X[:2, :1]).scalar
    estimator.set_output(transform="pandas")
    assert not answer(tmp_path, estimator, "transform", X[:2, :1]).scalar
    assert answer(tmp_path, estimator, "predict", X[:2, :1]).scalar


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("row", [[1e308, 1.0, 0.0], [1e160, 1.0, 0.0], [-1e200, -1e200, 1.0]])
def test_propagated_labels_where_squares_overflow(tmp_path, row):
    """euclidean_distances() leaves inf - inf NaN; we made 0 of it, and labels of that."""
    estimator = LabelPropagation(gamma=0.05).fit(X, Y - 1)
    want = estimator.predict_proba([row])
    got = answer(tmp_path, estimator, "predict_proba", np.array([row])).values
    assert got == pytest.approx(want, rel=1e-9, nan_ok=True)
