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
from sklearn.externals import joblib

from python2_cases import CASES

METHODS = (
    "predict",
    "predict_proba",
    "predict_log_proba",
    "decision_function",
    "transform",
)
COMPRESSIONS = (0, 3, ("gzip", 3), ("bz2", 3))  # of every fourth case, with joblib


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


def text_cell(value):
    return text_of(value) if isinstance(value, (bytes, type(""))) else repr_of(value)


def encode_input(rows):
    if isinstance(rows, list) and isinstance(rows[0], dict):
        plain = [{text_of(key): text_cell(row[key]) for key in row} for row in rows]
        return {"kind": "dicts", "rows": plain}
    if isinstance(rows, list):
        return {"kind": "text", "rows": rows}
    if scipy.sparse.issparse(rows):
        return dict(encode(rows), kind="csr")
    if rows.ndim == 1:
        return dict(encode(rows), kind="labels")
    cells = [[text_cell(value) for value in row] for row in rows.tolist()]
    if rows.dtype == object:
        return {"kind": "dense", "dtype": "object", "null": "nan", "shape": rows.shape, "rows": cells}
    return {"kind": "dense", "dtype": str(rows.dtype), "shape": rows.shape, "rows": cells}


ALONE = {  # what depends on the rows of the batch: see fixtures/runner.py
    "SVC": "decision_function",
    "NuSVC": "decision_function",
    "OneVsOneClassifier": "decision_function",
    "NMF": "transform",
}


def answer(estimator, method, rows):
    ask = getattr(estimator, method)
    if ALONE.get(type(estimator).__name__) == method:
        return np.vstack([ask(row.reshape(1, -1)) for row in rows])
    return ask(rows)


REGRESSORS = "Ridge LassoCV SVR RandomForestRegressor GradientBoostingRegressor KNeighborsRegressor"


def methods_of(estimator, targets):
    """Without what 0.18 deprecated: scores of regressors, and the selection of features by those who
    predict; clusters and projections have no targets."""
    if type(estimator).__name__ in REGRESSORS.split():
        return ["predict"]
    found = [method for method in METHODS if hasattr(estimator, method)]
    if targets is not None and "predict" in found and "transform" in found:
        if not hasattr(estimator, "scalings_"):  # LDA transforms
            found.remove("transform")
    return found


def answers(estimator, targets, rows):
    found = {}
    for method in methods_of(estimator, targets):
        try:
            found[method] = encode(answer(estimator, method, rows))
        except (AttributeError, NotImplementedError):  # it is there, and then it is not
            pass
    return found


def save(estimator, name, place, out):
    files = [{"path": name + ".pkl", "format": "pickle", "protocol": place % 3}]
    with open(os.path.join(out, name + ".pkl"), "wb") as file:
        pickle.dump(estimator, file, protocol=place % 3)
    if place % 4 == 0:
        compression = COMPRESSIONS[place // 4 % len(COMPRESSIONS)]
        joblib.dump(estimator, os.path.join(out, name + ".joblib"), compress=compression)
        files.append({"path": name + ".joblib", "format": "joblib"})
    return files


def make(name, place, out):
    estimator, rows, targets, asked = CASES[name]
    n_rows = len(asked) if isinstance(asked, list) else asked.shape[0]
    asked = asked[:: max(1, n_rows // 12)]
    estimator.fit(rows, targets) if targets is not None else estimator.fit(rows)
    description = {
        "case": name,
        "estimator": type(estimator).__module__ + "." + type(estimator).__name__,
        "inside": [type(estimator).__name__],
        "repr": " ".join(text_of(repr(estimator)).split()),
        "sklearn": sklearn.__version__,
        "python": "%d.%d.%d" % sys.version_info[:3],
        "near_tie_rows": [],
        "rtol": 1e-7,
        "atol": 1e-9,
        "slack": {},
        "input": encode_input(asked),
        "outputs": answers(estimator, targets, asked),
        "files": save(estimator, name, place, out),
    }
    with io.open(os.path.join(out, name + ".json"), "w", encoding="utf-8") as file:
        file.write(json.dumps(description, sort_keys=True, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    if not os.path.isdir(sys.argv[1]):
        os.makedirs(sys.argv[1])
    for _place, _name in enumerate(sorted(CASES)):
        make(_name, _place, sys.argv[1])
    print("scikit-learn %s: %d files" % (sklearn.__version__, len(CASES)))
