# -*- coding: utf-8 -*-
"""Models as joblib up to 0.9 wrote them, and what scikit-learn answers.

    python make.py JOBLIB OUT      JOBLIB: a folder with that joblib; OUT: the folder to fill

Runs on Python 2.7 and on Python 3. Each model is written three times: `files`, one .npy file an
array; `one`, all of it compressed in one file; `zfiles`, one compressed file an array. Beside them
`answers.json`: the rows asked and the answers, one row at a time.
"""

from __future__ import print_function

import json
import os
import sys

import numpy as np
from sklearn.datasets import load_iris
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

SHAPES = {"files": {}, "one": {"compress": 3}, "zfiles": {"compress": 3, "cache_size": 0}}
METHODS = ("predict", "predict_proba", "decision_function")
TEXTS = [u"the cat sat", u"dogs bark loud", u"a caf\xe9 cat", u"a loud \xfcber dog"]


def models():
    """Name, model, rows. Labels are texts in an object array, numbers, and texts of fixed width."""
    iris = load_iris()
    rows, classes = iris.data, iris.target
    names = np.array(["setosa", "versicolor", "virginica"])
    small = {"random_state": 0, "n_estimators": 2}
    forest = RandomForestClassifier(max_depth=3, **small).fit(rows, names[classes].astype(object))
    boosted = GradientBoostingClassifier(max_depth=2, **small).fit(rows, classes > 0)
    scaled = make_pipeline(StandardScaler(), GaussianNB()).fit(rows, names[classes])
    texts = make_pipeline(TfidfVectorizer(), LogisticRegression(solver="liblinear"))
    texts.fit(TEXTS, [1, 2, 1, 2])
    asked = rows[::15]
    return [
        ("forest", forest, asked),
        ("boosted", boosted, asked),
        ("scaled", scaled, asked),
        ("texts", texts, np.array(TEXTS)),
    ]


def answers(model, rows):
    out = {}
    for method in METHODS:
        if hasattr(model, method):
            one_by_one = [getattr(model, method)(rows[i : i + 1]) for i in range(len(rows))]
            out[method] = np.concatenate(one_by_one).tolist()
    return out


def old_joblib(folder):
    """That joblib, although scikit-learn has loaded another one."""
    for name in [name for name in sys.modules if name.split(".")[0] == "joblib"]:
        del sys.modules[name]
    sys.path.insert(0, folder)
    import joblib

    return joblib


def can_be_read(joblib, path):
    """joblib 0.8 on Python 2 writes arrays of objects to `zfiles` as no joblib can read them."""
    try:
        joblib.load(path)
    except AssertionError as error:
        print("%s: joblib %s cannot read this: %s" % (path, joblib.__version__, error))
        return False
    except ValueError as error:  # numpy of 2019 and later wants to be told to load objects
        if "allow_pickle" not in str(error):
            raise
    return True


def main(folder, out):
    made = models()
    described = {name: {"rows": r.tolist(), "answers": answers(m, r)} for name, m, r in made}
    joblib = old_joblib(folder)
    for name, model, _ in made:
        for shape, options in sorted(SHAPES.items()):
            path = os.path.join(out, "%s_%s.pkl" % (name, shape))
            files = joblib.dump(model, path, **options)
            if not can_be_read(joblib, path):
                for file in files:
                    os.remove(file)
    with open(os.path.join(out, "answers.json"), "w") as file:
        json.dump(described, file, sort_keys=True, separators=(",", ":"))
        file.write("\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
