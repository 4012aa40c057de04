# -*- coding: utf-8 -*-
"""Model files of scikit-learn 0.18 to 0.20 under Python 2.7, with what it answers.

    python2.7 python2.py OUT

Written for Python 2: the generator of the other fixtures does not run there. The files are pickles
of protocols 0, 1 and 2, whose labels are byte strings; descriptions are as fixtures/ makes them.
"""

from __future__ import print_function, unicode_literals

import io
import json
import os
import pickle
import sys

import numpy as np
import scipy
import scipy.sparse
import sklearn
from sklearn import datasets, decomposition, ensemble, linear_model, naive_bayes, neighbors, svm, tree
from sklearn.cluster import KMeans
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import LabelEncoder, MinMaxScaler, OneHotEncoder, StandardScaler

METHODS = (
    "predict",
    "predict_proba",
    "predict_log_proba",
    "decision_function",
    "transform",
)
TEXTS = ["the cat sat", "a dog ran far", "the dog sat", "cat and dog", "far far away", "naïve cat"]
iris, digits = datasets.load_iris(), datasets.load_digits()
NAMES = np.array([name.encode("ascii") for name in iris.target_names])  # str of Python 2
X, y = iris.data, iris.target
steps = [(str("scale"), StandardScaler()), (str("model"), linear_model.LogisticRegression())]

CASES = {
    "logreg_str": (linear_model.LogisticRegression(), X, NAMES[y], X),
    "logreg_int": (linear_model.LogisticRegression(C=0.5), X, y, X),
    "ridge": (linear_model.Ridge(), X[:, :3], X[:, 3], X[:, :3]),
    "sgd": (linear_model.SGDClassifier(loss=str("log"), random_state=0), X, NAMES[y], X),
    "tree_str": (tree.DecisionTreeClassifier(max_depth=4, random_state=0), X, NAMES[y], X),
    "forest_str": (ensemble.RandomForestClassifier(5, random_state=0), X, NAMES[y], X),
    "forest_reg": (ensemble.RandomForestRegressor(4, random_state=0), X[:, :3], X[:, 3], X[:, :3]),
    "boosting": (ensemble.GradientBoostingClassifier(n_estimators=6, random_state=0), X, y, X),
    "ada": (ensemble.AdaBoostClassifier(n_estimators=5, random_state=0), X, NAMES[y], X),
    "svc_proba": (svm.SVC(probability=True, random_state=0), X, NAMES[y], X),
    "linear_svc": (svm.LinearSVC(random_state=0), X, NAMES[y], X),
    "svr": (svm.SVR(), X[:, :3], X[:, 3], X[:, :3]),
    "knn": (neighbors.KNeighborsClassifier(3), X[::2], NAMES[y[::2]], X),
    "nb": (naive_bayes.GaussianNB(), X, NAMES[y], X),
    "kmeans": (KMeans(3, random_state=0), X, None, X),
    "pca": (decomposition.PCA(2), X, None, X),
    "mlp": (MLPClassifier((5,), max_iter=50, random_state=0), X, NAMES[y], X),
    "minmax": (MinMaxScaler(), X, None, X),
    "onehot": (OneHotEncoder(sparse=False), (X * 2).astype(int), None, (X * 2).astype(int)),
    "labels": (LabelEncoder(), NAMES[y], None, NAMES[y]),
    "pipeline": (Pipeline(steps), X, NAMES[y], X),
    "tfidf": (TfidfVectorizer(ngram_range=(1, 2)), TEXTS, None, TEXTS),
}


def text_of(value):
    """A label as JSON holds it: byte strings are latin-1."""
    return value.decode("latin-1") if isinstance(value, bytes) else value


def encode(value):
    if scipy.sparse.issparse(value):
        matrix = scipy.sparse.csr_matrix(value)
        return {
            "sparse": "csr",
            "dtype": str(matrix.dtype),
            "shape": list(matrix.shape),
            "data": matrix.data.tolist(),
            "indices": matrix.indices.tolist(),
            "indptr": matrix.indptr.tolist(),
        }
    array = np.asarray(value)
    is_text = array.dtype.kind in "SU"
    data = [text_of(item) for item in array.ravel().tolist()]
    data = [repr_of(item) if array.dtype.kind == "f" else item for item in data]
    dtype = "str" if is_text else str(array.dtype)
    return {"dtype": dtype, "shape": list(array.shape), "data": data}


def repr_of(value):
    if value != value:
        return "nan"
    return {float("inf"): "inf", float("-inf"): "-inf"}.get(value, value)


def encode_input(rows):
    if isinstance(rows, list):
        return {"kind": "text", "rows": rows}
    if rows.ndim == 1:
        return dict(encode(rows), kind="labels")
    shape = list(rows.shape)
    return {"kind": "dense", "dtype": str(rows.dtype), "shape": shape, "rows": rows.tolist()}


def answer(estimator, method, rows):
    """Up to 0.20 the scores of an SVC are scaled by the largest of the batch: one row at a time."""
    ask = getattr(estimator, method)
    if method == "decision_function" and isinstance(estimator, svm.SVC):
        return np.vstack([ask(row.reshape(1, -1)) for row in rows])
    return ask(rows)


def make(name, place, out):
    estimator, rows, targets, asked = CASES[name]
    asked = asked[:: max(1, len(asked) // 12)]
    estimator.fit(rows, targets) if targets is not None else estimator.fit(rows)
    methods = [method for method in METHODS if hasattr(estimator, method)]
    if name in ("ridge", "svr", "forest_reg"):
        methods = ["predict"]  # 0.18: a deprecated decision_function
    if targets is not None and "transform" in methods:
        methods.remove("transform")  # 0.18: a deprecated selection of features
    description = {
        "case": name,
        "estimator": type(estimator).__module__ + "." + type(estimator).__name__,
        "inside": [type(estimator).__name__],
        "sklearn": sklearn.__version__,
        "python": "%d.%d.%d" % sys.version_info[:3],
        "near_tie_rows": [],
        "rtol": 1e-7,
        "atol": 1e-9,
        "slack": {},
        "input": encode_input(asked),
        "outputs": {method: encode(answer(estimator, method, asked)) for method in methods},
        "files": [{"path": name + ".pkl", "format": "pickle", "protocol": place % 3}],
    }
    with open(os.path.join(out, name + ".pkl"), "wb") as file:
        pickle.dump(estimator, file, protocol=place % 3)
    with io.open(os.path.join(out, name + ".json"), "w", encoding="utf-8") as file:
        file.write(json.dumps(description, sort_keys=True, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    if not os.path.isdir(sys.argv[1]):
        os.makedirs(sys.argv[1])
    for _place, _name in enumerate(sorted(CASES)):
        make(_name, _place, sys.argv[1])
    print("scikit-learn %s: %d files" % (sklearn.__version__, len(CASES)))
