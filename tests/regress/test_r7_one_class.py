"""Issue 4: classifiers that were fitted on one class were refused: AdaBoostClassifier, a DummyClassifier
that can draw no other, and a FixedThresholdClassifier, whose probabilities scikit-learn answers although
its predict() raises. A LinearDiscriminantAnalysis made up two shares where it raises. Found by fitting
every class of scikit-learn on one class."""

import pathlib
import pickle
import sys

import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import AdaBoostClassifier
from sklearn.model_selection import FixedThresholdClassifier
from sklearn.naive_bayes import GaussianNB

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.conformance import native  # noqa: E402

X = np.random.RandomState(0).normal(size=(20, 3))
Y = np.full(20, "only")


@pytest.mark.parametrize(
    "estimator, methods",
    [
        (AdaBoostClassifier(n_estimators=3), ("predict", "predict_proba", "decision_function")),
        (AdaBoostClassifier(GaussianNB()), ("predict", "predict_proba", "decision_function")),
        (DummyClassifier(strategy="uniform"), ("predict", "predict_proba")),
        (DummyClassifier(strategy="stratified"), ("predict", "predict_proba")),
        (FixedThresholdClassifier(GaussianNB()), ("predict_proba", "predict_log_proba")),
        (LinearDiscriminantAnalysis(), ("predict", "decision_function")),
    ],
)
@pytest.mark.parametrize("dtype", [float, int])
def test_the_only_class(tmp_path, estimator, methods, dtype):
    path = tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps(estimator.fit(X, Y)))
    rows = (X * 3).astype(dtype)
    with native.Library().open(path) as model:
        for method in ("predict", "predict_proba"):
            assert (method in model.methods) == (method in methods)
        for method in methods:
            want = getattr(estimator, method)(rows)
            part = model.predict(method, native.dense(rows)).parts[0]
            assert part.values.reshape(want.shape).tolist() == want.tolist()
            assert part.kind == ("O" if want.dtype.kind == "U" else want.dtype.kind)
