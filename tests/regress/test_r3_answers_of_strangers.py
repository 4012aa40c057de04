"""Issue 3: answers, types and refusals that differed on data the suites had not drawn.

Each test names what went wrong.
"""

import pathlib
import pickle
import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.ensemble import BaggingClassifier, HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Ridge, RidgeClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, Normalizer, OneHotEncoder, StandardScaler
from sklearn.svm import LinearSVC

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.conformance import native  # noqa: E402

X = np.random.RandomState(3).randn(40, 3)


def opened(folder, estimator):
    path = folder / "model.pkl"
    path.write_bytes(pickle.dumps(estimator))
    return native.Library().open(path)


def answer(folder, estimator, method, rows):
    with opened(folder, estimator) as model:
        (part,) = model.predict(method, native.dense(rows)).parts
        return part


def test_texts_in_columns_that_no_step_reads(tmp_path):
    """As wide behind as before: the way back was tried, and took every column for numbers."""
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    frame["unused"], frame["kind"] = "text", np.array(["p", "q"] * 20, dtype=object)
    columns = [("n", StandardScaler(), ["a", "b", "c"]), ("k", OneHotEncoder(), ["kind"])]
    pipeline = make_pipeline(ColumnTransformer(columns), StandardScaler(with_mean=False)).fit(frame)
    assert pipeline.transform(frame).shape[1] == frame.shape[1]
    part = answer(tmp_path, pipeline, "transform", frame.to_numpy())
    assert np.array_equal(part.values, pipeline.transform(frame))


@pytest.mark.parametrize("norm", ["l1", "l2", "max"])
def test_rows_of_tiny_norm_stay_as_they_are(tmp_path, norm):
    """Norms below 10 units in the last place count as 1, not only those of 0."""
    rows = np.vstack([X[:2] * 1e-300, X[:2] * 1e-17, X[:2] * 1e-14])
    normalizer = Normalizer(norm).fit(X)
    part = answer(tmp_path, normalizer, "transform", rows)
    np.testing.assert_allclose(part.values, normalizer.transform(rows), rtol=1e-15, atol=0)


def test_infinity_is_no_unknown_category(tmp_path):
    """It was encoded as one where unknown ones are ignored."""
    encoder = OneHotEncoder(handle_unknown="ignore").fit([[1.0], [2.0]])
    with pytest.raises(ValueError):
        encoder.transform([[np.inf]])
    with pytest.raises(native.NativeError, match="bad_input"):
        answer(tmp_path, encoder, "transform", np.array([[np.inf]]))


@pytest.mark.parametrize("classifier", [HistGradientBoostingClassifier(), RidgeClassifier()])
def test_one_class(tmp_path, classifier):
    """The model was refused."""
    classifier.fit(X, np.full(40, "only"))
    part = answer(tmp_path, classifier, "predict", X[:5])
    assert part.values.ravel().tolist() == classifier.predict(X[:5]).tolist()


def test_functions_of_floats_answer_floats(tmp_path):
    """Integer rows made integers of a target that had been floats since the regressor."""
    rows = np.arange(12).reshape(4, 3)
    regressor = TransformedTargetRegressor(Ridge(), func=np.sqrt, inverse_func=np.square)
    regressor.fit(rows, rows.sum(axis=1))
    assert answer(tmp_path, regressor, "predict", rows).kind == "f"
    square = FunctionTransformer(np.square).fit(rows)
    assert answer(tmp_path, square, "transform", rows).kind == "i"


def test_indicators_beside_integers_are_integers(tmp_path):
    """They made floats of them."""
    imputer = SimpleImputer(missing_values=0, strategy="most_frequent", add_indicator=True)
    rows = np.array([[0, 2], [3, 2], [3, 5]])
    part = answer(tmp_path, imputer.fit(rows), "transform", rows)
    assert imputer.transform(rows).dtype.kind == part.kind == "i"
    assert part.values.tolist() == imputer.transform(rows).tolist()


def test_truth_values_pass_through(tmp_path):
    """They became floats."""
    frame = pd.DataFrame({"a": [True, False, True]})
    through = ColumnTransformer([("p", "passthrough", ["a"])]).fit(frame)
    part = answer(tmp_path, through, "transform", frame.to_numpy())
    assert [type(value) for value in part.values.ravel().tolist()] == [bool] * 3


def test_integers_beside_floats_and_texts(tmp_path):
    """An integer in a block of numbers stayed one when another block held texts."""
    frame = pd.DataFrame({"i": [1, 2], "f": [0.5, 1.5], "t": ["x", "y"]})
    blocks = [("n", "passthrough", ["i", "f"]), ("t", "passthrough", ["t"])]
    through = ColumnTransformer(blocks).fit(frame)
    part = answer(tmp_path, through, "transform", frame.to_numpy())
    assert repr(part.values.tolist()) == repr(through.transform(frame).tolist())


def test_means_of_float32_are_float32(tmp_path):
    """Newer versions round what they fill with to the type that they were fitted on."""
    rows = X.astype(np.float32)
    imputer = SimpleImputer().fit(rows)
    missing = np.full((1, 3), np.nan)
    part = answer(tmp_path, imputer, "transform", missing)
    assert part.values.tolist() == imputer.transform(missing).tolist()


@pytest.mark.parametrize("member", [LinearSVC(dual=True), make_pipeline(LinearSVC(dual=True))])
def test_a_bag_whose_samples_missed_a_class(tmp_path, member):
    """The model was refused: a member has no score for a class that it knows by name, or does not
    know it and answers decision_function in fewer columns."""
    labels = np.array(["a", "b"] * 20)
    labels[0] = "rare"
    bag = BaggingClassifier(member, n_estimators=5, random_state=3).fit(X, labels)
    assert len({len(np.shape(one.decision_function(X))) for one in bag.estimators_}) == 2
    part = answer(tmp_path, bag, "predict", X)
    assert part.values.ravel().tolist() == bag.predict(X).tolist()
