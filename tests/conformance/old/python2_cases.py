# -*- coding: utf-8 -*-
"""The cases of python2.py: name, estimator, rows, targets or None, rows that are asked.

What Python 2 writes otherwise than Python 3 is in here more than once: byte strings as labels, names,
options and keys, texts of both kinds, int and long.
"""

from __future__ import unicode_literals

import numpy as np
import scipy.sparse
import sklearn
from sklearn import (
    calibration,
    datasets,
    decomposition,
    discriminant_analysis,
    ensemble,
    feature_extraction,
    feature_selection,
    kernel_approximation,
    linear_model,
    model_selection,
    multiclass,
    naive_bayes,
    neighbors,
    preprocessing,
    random_projection,
    svm,
    tree,
)
from sklearn.cluster import Birch, KMeans, MiniBatchKMeans
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfVectorizer
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import FeatureUnion, Pipeline

VERSION = tuple(int(part) for part in sklearn.__version__.split(".")[:2])
TEXTS = ["the cat sat", "a dog ran far", "the dog sat", "cat and dog", "far far away", "naïve cat"]
ASKED = TEXTS + ["", "ÉCOLE école", "the the DOG", "naïve straße ran", "x", "no word of these"]
iris, digits = datasets.load_iris(), datasets.load_digits()
NAMES = np.array([name.encode("ascii") for name in iris.target_names])  # str of Python 2
X, y = iris.data, iris.target
ODD_NAMES = np.array(["naïve", "straße", "Ω"])[y]  # unicode of Python 2
OBJECTS = np.array([b"bytes", "unicode", "naïve"], dtype=object)[y]
LATIN = np.array([name.encode("latin-1") for name in ("é", "ü", "z")])[y]
WORDS = np.array([b"pet", b"pet", b"pet", b"pet", b"far", b"far"])
ODD_WORDS = np.array(["tier", "tier", "tier", "tier", "köln", "köln"])
SPARSE = scipy.sparse.csr_matrix(np.where(digits.data[:200] > 8, digits.data[:200], 0))
few = {"random_state": 0, "n_estimators": 4}
DICTS = [{b"size": 1.5, b"kind": b"a"}, {b"size": 2, "kind": "ö"}, {b"kind": b"a"}, {"other": 3.0}]


def pipe(*steps):
    names = (b"first", "second", b"third")  # of either kind
    return Pipeline([(name, step) for name, step in zip(names, steps)])


logistic = linear_model.LogisticRegression
_THREE = [
    (b"lr", logistic()),
    (b"nb", naive_bayes.GaussianNB()),
    ("tree", tree.DecisionTreeClassifier(max_depth=2, random_state=0)),
]

CASES = {
    "logreg_str": (logistic(), X, NAMES[y], X),
    "logreg_int": (logistic(C=0.5), X, y, X),
    "logreg_unicode": (logistic(), X, ODD_NAMES, X),
    "logreg_objects": (logistic(), X, OBJECTS, X),
    "logreg_latin": (logistic(), X, LATIN, X),
    "logreg_bool": (logistic(), X, y > 0, X),
    "logreg_csr": (logistic(), SPARSE, digits.target[:200], SPARSE),
    "ridge": (linear_model.Ridge(), X[:, :3], X[:, 3], X[:, :3]),
    "lasso_cv": (linear_model.LassoCV(cv=3), X[:, :3], X[:, 3], X[:, :3]),
    "ridge_clf": (linear_model.RidgeClassifier(), X, ODD_NAMES, X),
    "sgd": (linear_model.SGDClassifier(loss=str("log"), random_state=0), X, NAMES[y], X),
    "perceptron": (linear_model.Perceptron(random_state=0), X, ODD_NAMES, X),
    "tree_str": (tree.DecisionTreeClassifier(max_depth=4, random_state=0), X, NAMES[y], X),
    "tree_unicode": (tree.DecisionTreeClassifier(max_depth=3, random_state=0), X, ODD_NAMES, X),
    "forest_str": (ensemble.RandomForestClassifier(5, random_state=0), X, NAMES[y], X),
    "forest_objects": (ensemble.ExtraTreesClassifier(**few), X, OBJECTS, X),
    "forest_reg": (ensemble.RandomForestRegressor(4, random_state=0), X[:, :3], X[:, 3], X[:, :3]),
    "boosting": (ensemble.GradientBoostingClassifier(n_estimators=6, random_state=0), X, y, X),
    "boosting_unicode": (ensemble.GradientBoostingClassifier(**few), X, ODD_NAMES, X),
    "boosting_reg": (ensemble.GradientBoostingRegressor(**few), X[:, :3], X[:, 3], X[:, :3]),
    "ada": (ensemble.AdaBoostClassifier(n_estimators=5, random_state=0), X, NAMES[y], X),
    "bagging": (ensemble.BaggingClassifier(**few), X, NAMES[y], X),
    "voting": (ensemble.VotingClassifier(_THREE, voting=b"soft"), X, NAMES[y], X),
    "iforest": (ensemble.IsolationForest(**few), X, None, X),
    "svc_proba": (svm.SVC(probability=True, random_state=0), X, NAMES[y], X),
    "svc_unicode": (svm.SVC(kernel=b"poly", degree=2), X, ODD_NAMES, X),
    "nusvc": (svm.NuSVC(nu=0.3, kernel="linear"), X, NAMES[y], X),
    "linear_svc": (svm.LinearSVC(random_state=0), X, NAMES[y], X),
    "svr": (svm.SVR(), X[:, :3], X[:, 3], X[:, :3]),
    "one_class": (svm.OneClassSVM(nu=0.2), X, None, X),
    "knn": (neighbors.KNeighborsClassifier(3), X[::2], NAMES[y[::2]], X),
    "knn_tree": (neighbors.KNeighborsClassifier(3, algorithm=b"kd_tree"), X[::2], ODD_NAMES[::2], X),
    "knn_reg": (neighbors.KNeighborsRegressor(2, weights=b"distance"), X[::2], y[::2] * 1.0, X),
    "centroid": (neighbors.NearestCentroid(), X, NAMES[y], X),
    "nb": (naive_bayes.GaussianNB(), X, NAMES[y], X),
    "nb_multi": (naive_bayes.MultinomialNB(), SPARSE, digits.target[:200], SPARSE),
    "nb_bernoulli": (naive_bayes.BernoulliNB(binarize=2.0), X, ODD_NAMES, X),
    "lda": (discriminant_analysis.LinearDiscriminantAnalysis(), X, NAMES[y], X),
    "qda": (discriminant_analysis.QuadraticDiscriminantAnalysis(), X, ODD_NAMES, X),
    "kmeans": (KMeans(3, random_state=0), X, None, X),
    "minibatch": (MiniBatchKMeans(4, random_state=0), X, None, X),
    "birch": (Birch(n_clusters=3), X, None, X),
    "pca": (decomposition.PCA(2), X, None, X),
    "svd": (decomposition.TruncatedSVD(3, random_state=0), SPARSE, None, SPARSE),
    "nmf": (decomposition.NMF(2, random_state=0), X, None, X),
    "rbf_sampler": (kernel_approximation.RBFSampler(n_components=5, random_state=0), X, None, X),
    "projection": (random_projection.GaussianRandomProjection(3, random_state=0), X, None, X),
    "mlp": (MLPClassifier((5,), max_iter=50, random_state=0), X, NAMES[y], X),
    "mlp_unicode": (MLPClassifier((4, 3), b"tanh", max_iter=40, random_state=0), X, ODD_NAMES, X),
    "minmax": (preprocessing.MinMaxScaler(), X, None, X),
    "robust": (preprocessing.RobustScaler(), X, None, X),
    "maxabs": (preprocessing.MaxAbsScaler(), X, None, X),
    "polynomial": (preprocessing.PolynomialFeatures(2), X, None, X),
    "normalizer": (preprocessing.Normalizer(b"l1"), X, None, X),
    "binarizer": (preprocessing.Binarizer(2.0), X, None, X),
    "log1p": (preprocessing.FunctionTransformer(np.log1p), X, None, X),
    "onehot": (preprocessing.OneHotEncoder(sparse=False), (X * 2).astype(int), None, (X * 2).astype(int)),
    "labels": (preprocessing.LabelEncoder(), NAMES[y], None, NAMES[y]),
    "labels_unicode": (preprocessing.LabelEncoder(), ODD_NAMES, None, ODD_NAMES),
    "label_binarizer": (preprocessing.LabelBinarizer(), NAMES[y], None, NAMES[y]),
    "kbest": (feature_selection.SelectKBest(feature_selection.f_classif, k=2), X, y, X),
    "variance": (feature_selection.VarianceThreshold(0.5), X, None, X),
    "from_model": (feature_selection.SelectFromModel(logistic()), X, NAMES[y], X),
    "rfe": (feature_selection.RFE(logistic(), 2), X, NAMES[y], X),
    "search": (model_selection.GridSearchCV(logistic(), {b"C": [0.1, 1.0]}), X, NAMES[y], X),
    "calibrated": (calibration.CalibratedClassifierCV(naive_bayes.GaussianNB()), X, NAMES[y], X),
    "one_vs_rest": (multiclass.OneVsRestClassifier(logistic()), X, ODD_NAMES, X),
    "one_vs_one": (multiclass.OneVsOneClassifier(svm.LinearSVC(random_state=0)), X, NAMES[y], X),
    "pipeline": (pipe(preprocessing.StandardScaler(), logistic()), X, NAMES[y], X),
    "union": (
        FeatureUnion([(b"pca", decomposition.PCA(2)), ("scale", preprocessing.StandardScaler())]),
        X,
        None,
        X,
    ),
    "tfidf": (TfidfVectorizer(ngram_range=(1, 2)), TEXTS, None, TEXTS),
    "tfidf_bytes": (TfidfVectorizer(), [text.encode("utf-8") for text in TEXTS], None, ASKED),
    "tfidf_accents": (TfidfVectorizer(strip_accents=b"unicode", norm=b"l1"), TEXTS, None, ASKED),
    "count_chars": (CountVectorizer(analyzer=b"char_wb", ngram_range=(2, 3)), TEXTS, None, ASKED),
    "count_stop": (CountVectorizer(stop_words=[b"the", "dog"], min_df=1), TEXTS, None, ASKED),
    "count_english": (CountVectorizer(stop_words=b"english"), TEXTS, None, ASKED),
    "count_given": (CountVectorizer(vocabulary=[b"cat", "dog", b"far"]), TEXTS, None, ASKED),
    "count_pattern": (CountVectorizer(token_pattern=b"(?u)[a-z]+"), TEXTS, None, ASKED),
    "hashing": (HashingVectorizer(n_features=64), TEXTS, None, ASKED),
    "text_nb": (pipe(CountVectorizer(), naive_bayes.MultinomialNB()), TEXTS, WORDS, ASKED),
    "text_logreg": (pipe(TfidfVectorizer(), logistic()), TEXTS, ODD_WORDS, ASKED),
    "text_svc": (pipe(TfidfVectorizer(), svm.LinearSVC(random_state=0)), TEXTS, WORDS, ASKED),
    "text_svd": (
        pipe(TfidfVectorizer(), decomposition.TruncatedSVD(2, random_state=0), logistic()),
        TEXTS,
        ODD_WORDS,
        ASKED,
    ),
    "dicts": (feature_extraction.DictVectorizer(), DICTS, None, DICTS),
    "dicts_dense": (feature_extraction.DictVectorizer(sparse=False), DICTS, None, DICTS),
    "dict_hasher": (feature_extraction.FeatureHasher(32), DICTS, None, DICTS),
}


def _of_019():
    scaled = preprocessing.QuantileTransformer(n_quantiles=20, output_distribution=b"normal")
    CASES["chain"] = (
        ensemble.VotingClassifier(_THREE, voting="hard", weights=[1, 2, 1]),
        X,
        ODD_NAMES,
        X,
    )
    CASES["quantile"] = (scaled, X, None, X)


def _of_020():
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer

    holes = np.where(X > 6, np.nan, X)
    columns = [(b"scale", preprocessing.StandardScaler(), [0, 1]), ("rest", "passthrough", [3])]
    texts = np.array([[b"a", "é"], [b"b", "z"], [b"a", "z"]], dtype=object)
    CASES["columns"] = (ColumnTransformer(columns), X, None, X)
    CASES["imputer"] = (SimpleImputer(strategy=b"median"), holes, None, holes)
    CASES["power"] = (preprocessing.PowerTransformer(), X, None, X)
    CASES["bins"] = (preprocessing.KBinsDiscretizer(3, encode=b"ordinal"), X, None, X)
    CASES["onehot_texts"] = (preprocessing.OneHotEncoder(sparse=False), texts, None, texts)
    CASES["ordinal_texts"] = (preprocessing.OrdinalEncoder(), texts, None, texts)


if VERSION >= (0, 19):
    _of_019()
if VERSION >= (0, 20):
    _of_020()
