"""Issue 4: a batch of integers, which scikit-learn keeps as such: types, wrapped numbers, constants
that no integer array takes, and neighbours that are equally far. Found by asking every fixture its
own rows as integers."""

import functools
import operator
import pathlib
import pickle
import sys

import numpy as np
import pytest
import sklearn
from sklearn.feature_selection import VarianceThreshold
from sklearn.impute import SimpleImputer
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import FunctionTransformer, LabelBinarizer

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.conformance import native  # noqa: E402
from tests.conformance.fixtures import ties  # noqa: E402

X = np.random.RandomState(0).randint(0, 6, size=(60, 4))
VERSION = tuple(int(part) for part in sklearn.__version__.split(".")[:2])


def _answers(folder, estimator, method, rows):
    path = folder / "model.pkl"
    path.write_bytes(pickle.dumps(estimator))
    with native.Library().open(path) as model:
        return model.predict(method, native.dense(rows)).parts


@pytest.mark.parametrize(
    "function, arguments",
    [
        (np.clip, {"a_min": 1.0, "a_max": 3.0}),
        (np.clip, {"a_min": 1, "a_max": 3}),
        (np.round, {}),
        (np.round, {"decimals": 1}),
        (np.around, {"decimals": -1}),
        (np.nan_to_num, {}),
        (np.square, {}),
        (functools.partial(np.power, 3), {}),
        (functools.partial(np.subtract, 10), {}),
        (operator.methodcaller("__floordiv__", -4), {}),
        (operator.methodcaller("__mod__", -4), {}),
    ],
)
def test_functions_keep_integers_as_numpy_does(tmp_path, function, arguments):
    transformer = FunctionTransformer(function, kw_args=arguments).fit(X)
    for rows in (X, X.astype(float)):
        (part,) = _answers(tmp_path, transformer, "transform", rows)
        want = transformer.transform(rows)
        assert part.kind == want.dtype.kind and np.array_equal(part.values, want)


@pytest.mark.parametrize(
    "transformer, row",
    [
        (VarianceThreshold(), [2**53 + 1, 1, 1, 1]),
        (FunctionTransformer(np.square), [2**27, 1, 1, 1]),
        (FunctionTransformer(functools.partial(np.power, 3)), [40, 1, 1, 1]),
        (FunctionTransformer(functools.partial(np.power, 2)), [-1, 1, 1, 1]),
        (FunctionTransformer(functools.partial(np.mod, 7)), [0, 1, 1, 1]),  # 0 of integers
    ],
)
def test_what_no_double_holds_is_refused(tmp_path, transformer, row):
    transformer.fit(X)
    with pytest.raises(native.NativeError, match="give the row as floats"):
        _answers(tmp_path, transformer, "transform", np.array([row]))
    rows = np.array([row], dtype=float)
    (part,) = _answers(tmp_path, transformer, "transform", rows)
    assert np.array_equal(part.values, transformer.transform(rows), equal_nan=True)


def test_what_is_filled_in_is_cut(tmp_path):
    imputer = SimpleImputer(missing_values=0, strategy="most_frequent").fit([[1, 2.5], [0, 5.5]])
    rows = np.array([[0, 2], [3, 0]])
    (part,) = _answers(tmp_path, imputer, "transform", rows)
    want = imputer.transform(rows)
    assert part.kind == want.dtype.kind and np.array_equal(part.values, want)


def test_a_constant_float_for_integers(tmp_path):
    imputer = SimpleImputer(missing_values=0, strategy="constant", fill_value=7.5)
    imputer.fit([[1, 2.5], [0, 5.5]])
    rows = np.array([[0, 2], [3, 0]])
    if VERSION >= (1, 4):
        with pytest.raises(ValueError, match="cannot be cast"):
            imputer.transform(rows)
        with pytest.raises(native.NativeError, match="give them as floats"):
            _answers(tmp_path, imputer, "transform", rows)
    else:
        (part,) = _answers(tmp_path, imputer, "transform", rows)
        assert part.values.tolist() == imputer.transform(rows).tolist()
    (part,) = _answers(tmp_path, imputer, "transform", rows.astype(float))
    assert part.values.tolist() == imputer.transform(rows.astype(float)).tolist()
    whole = SimpleImputer(missing_values=0, strategy="constant", fill_value=7).fit(rows)
    (part,) = _answers(tmp_path, whole, "transform", rows)
    assert part.kind == "i" and part.values.tolist() == whole.transform(rows).tolist()


@pytest.mark.parametrize("metric", ["manhattan", "euclidean", "chebyshev", "canberra", "braycurtis"])
def test_equally_far_neighbours(tmp_path, metric):
    labels = np.arange(60) % 3
    model = KNeighborsClassifier(n_neighbors=7, algorithm="brute", metric=metric)
    model.fit(X + 0.0, labels)
    rows = np.random.RandomState(1).randint(-1, 7, size=(20, 4))
    distances, indices = _answers(tmp_path, model, "kneighbors", rows)
    (voted,) = _answers(tmp_path, model, "predict_proba", rows)
    with ties.in_order():
        want = model.kneighbors(rows)
        proba = model.predict_proba(rows)
    assert distances.values == pytest.approx(want[0], rel=1e-12)
    assert np.array_equal(indices.values, want[1])
    assert voted.values == pytest.approx(proba)


def test_indicators_of_other_values(tmp_path):
    """[[0, 4], [4, 4]] is answered as it is there, and [[0, 1], [4, 1]] not at all: we made ones."""
    binarizer = LabelBinarizer(neg_label=-1).fit(np.array([[0, 1], [1, 1], [1, 0]]))
    rows = np.array([[0, 1], [1, 1], [0, 0]])
    (part,) = _answers(tmp_path, binarizer, "transform", rows)
    assert np.array_equal(part.values, binarizer.transform(rows))
    with pytest.raises(native.NativeError, match="expected a code below 2"):
        _answers(tmp_path, binarizer, "transform", 4 * rows)
