"""What can be drawn: per class its role, what it needs of its rows, and its parameters with ranges.

A list is a choice, log(a, b) a number between them. A parameter is drawn half of the time, else it
keeps its default; one that this scikit-learn does not know is left out.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class log:
    """A number between two, each power of ten as likely as the other."""

    low: float
    high: float


@dataclass
class Kind:
    module: str
    name: str
    role: str
    needs: frozenset = frozenset()
    parameters: dict = field(default_factory=dict)


YES_NO = [True, False]
METRICS = ["euclidean", "manhattan", "chebyshev", "cosine", "minkowski", "canberra"]
KERNELS = ["linear", "rbf", "poly", "sigmoid"]


def _kind(module, name, role, needs="", **parameters):
    return Kind(module, name, role, frozenset(needs.split()), parameters)


def _linear():
    at, r, c = "linear_model", "regressor", "classifier"
    both = {"fit_intercept": YES_NO}
    yield _kind(at, "LinearRegression", r, "many", positive=YES_NO, **both)
    solvers = ["svd", "cholesky", "lsqr", "sag"]
    yield _kind(at, "Ridge", r, "many", alpha=log(0.01, 10), solver=solvers, **both)
    yield _kind(at, "RidgeCV", r, "many", **both)
    yield _kind(at, "Lasso", r, "many", alpha=log(0.001, 1), positive=YES_NO, **both)
    yield _kind(at, "LassoCV", r, cv=[2], **both)
    yield _kind(at, "ElasticNet", r, "many", alpha=log(0.001, 1), l1_ratio=[0.2, 0.9], **both)
    yield _kind(at, "ElasticNetCV", r, cv=[2], **both)
    for name in ("MultiTaskLasso", "MultiTaskElasticNet"):
        yield _kind(at, name, r, "several", alpha=log(0.001, 1), **both)
    for name in ("MultiTaskLassoCV", "MultiTaskElasticNetCV"):
        yield _kind(at, name, r, "several", cv=[2], **both)
    for name in ("Lars", "LassoLars", "OrthogonalMatchingPursuit"):
        yield _kind(at, name, r, "many", **both)
    for name in ("LarsCV", "LassoLarsCV", "LassoLarsIC", "OrthogonalMatchingPursuitCV"):
        yield _kind(at, name, r, **both)
    yield _kind(at, "HuberRegressor", r, epsilon=[1.1, 2.0], **both)
    yield _kind(at, "TheilSenRegressor", r, max_subpopulation=[50], **both)
    yield _kind(at, "QuantileRegressor", r, quantile=[0.2, 0.8], alpha=log(0.001, 1), **both)
    yield _kind(at, "BayesianRidge", r, **both)
    yield _kind(at, "ARDRegression", r, **both)
    yield _kind(at, "SGDRegressor", r, penalty=["l1", "l2", "elasticnet"], **both)
    yield _kind(at, "PassiveAggressiveRegressor", r, C=log(0.1, 10), **both)
    yield _kind(at, "RANSACRegressor", r, min_samples=[0.6])
    for name in ("PoissonRegressor", "GammaRegressor"):
        yield _kind(at, name, r, "counts", alpha=log(0.01, 10), **both)
    tweedie = {"power": [0, 1, 1.5, 2, 3], "link": ["auto", "log"]}
    yield _kind(at, "TweedieRegressor", r, "counts", **tweedie, **both)
    yield _kind("svm", "LinearSVR", r, C=log(0.1, 10), **both)
    logistic = {"C": log(0.01, 100), "class_weight": ["balanced"], "multi_class": ["ovr"]}
    yield _kind(at, "LogisticRegression", c, solver=["lbfgs", "liblinear"], **logistic, **both)
    yield _kind(at, "LogisticRegressionCV", c, cv=[2], Cs=[3], **both)
    yield _kind("svm", "LinearSVC", c, C=log(0.1, 10), multi_class=["crammer_singer"], **both)
    yield _kind(at, "Perceptron", c, penalty=["l1", "l2"], **both)
    yield _kind(at, "PassiveAggressiveClassifier", c, C=log(0.1, 10), **both)
    yield _kind(at, "RidgeClassifier", c, "labels", alpha=log(0.01, 10), **both)
    yield _kind(at, "RidgeClassifierCV", c, "labels", **both)
    losses = ["hinge", "log_loss", "modified_huber", "squared_hinge", "perceptron"]
    yield _kind(at, "SGDClassifier", c, loss=losses, **both)
    yield _kind(at, "SGDOneClassSVM", "outlier", nu=[0.1, 0.4], **both)


def _trees():
    shape = {"max_depth": [1, 3, 6], "min_samples_leaf": [1, 4], "max_features": ["sqrt", 0.6]}
    c, r = "classifier", "regressor"
    for name in ("DecisionTree", "ExtraTree"):
        criteria = ["gini", "entropy"]
        yield _kind("tree", name + "Classifier", c, "several nan", criterion=criteria, **shape)
        losses = ["squared_error", "absolute_error", "friedman_mse"]
        yield _kind("tree", name + "Regressor", r, "many nan", criterion=losses, **shape)
    small = dict(shape, n_estimators=[1, 3, 12])
    for name in ("RandomForest", "ExtraTrees"):
        more = dict(small, bootstrap=YES_NO)
        weight = ["balanced"]
        yield _kind("ensemble", name + "Classifier", c, "several nan", class_weight=weight, **more)
        yield _kind("ensemble", name + "Regressor", r, "many nan", **more)
    yield _kind("ensemble", "RandomTreesEmbedding", "transformer", n_estimators=[2, 5])
    boosts = {"n_estimators": [1, 5, 20], "max_depth": [1, 3], "learning_rate": log(0.05, 1)}
    losses = ["log_loss", "exponential"]
    yield _kind("ensemble", "GradientBoostingClassifier", c, loss=losses, init=["zero"], **boosts)
    losses = ["squared_error", "absolute_error", "huber", "quantile"]
    yield _kind("ensemble", "GradientBoostingRegressor", r, loss=losses, init=["zero"], **boosts)
    bins = {"max_iter": [1, 5, 15], "max_bins": [8, 255], "min_samples_leaf": [2, 20]}
    yield _kind("ensemble", "HistGradientBoostingClassifier", c, "nan frame", **bins)
    losses = ["squared_error", "absolute_error", "poisson", "gamma"]
    at = "HistGradientBoostingRegressor"
    yield _kind("ensemble", at, r, "nan frame", loss=losses, **bins)
    yield _kind("ensemble", "IsolationForest", "outlier", "nan", n_estimators=[3, 10],
                contamination=["auto", 0.2], max_features=[1.0, 0.6])  # fmt: skip
    sample = {"n_estimators": [2, 5], "max_features": [1.0, 0.6], "bootstrap_features": YES_NO}
    yield _kind("ensemble", "BaggingClassifier", c, "base nan", **sample)
    yield _kind("ensemble", "BaggingRegressor", r, "base nan", **sample)
    yield _kind("ensemble", "AdaBoostClassifier", c, n_estimators=[1, 5], learning_rate=log(0.1, 2))
    losses = ["linear", "square", "exponential"]
    yield _kind("ensemble", "AdaBoostRegressor", r, n_estimators=[1, 5], loss=losses)
    strategies = ["most_frequent", "prior"]
    yield _kind("dummy", "DummyClassifier", c, "several nan", strategy=strategies)
    yield _kind("dummy", "DummyRegressor", r, "many nan", strategy=["mean", "median"])


def _neighbours():
    at, c, r, t = "neighbors", "classifier", "regressor", "transformer"
    how = {"metric": METRICS, "algorithm": ["brute", "kd_tree", "ball_tree"], "p": [1, 1.5, 3]}
    k = dict(how, n_neighbors=[1, 3, 7])
    weights = {"weights": ["uniform", "distance"]}
    far = dict(how, radius=log(0.5, 1000))
    yield _kind(at, "KNeighborsClassifier", c, "several", **k, **weights)
    yield _kind(at, "RadiusNeighborsClassifier", c, outlier_label=["most_frequent"], **far)
    yield _kind(at, "KNeighborsRegressor", r, "many", **k, **weights)
    yield _kind(at, "RadiusNeighborsRegressor", r, "many", **far, **weights)
    mode = {"mode": ["distance", "connectivity"]}
    yield _kind(at, "KNeighborsTransformer", t, **k, **mode)
    yield _kind(at, "RadiusNeighborsTransformer", t, **far, **mode)
    yield _kind(at, "NearestNeighbors", "neighbours", **k)
    yield _kind(at, "NearestCentroid", c, metric=["euclidean", "manhattan"],
                shrink_threshold=[0.1, 1.0])  # fmt: skip
    yield _kind(at, "LocalOutlierFactor", "outlier", "novelty", **k)
    kernels = ["gaussian", "tophat", "epanechnikov", "exponential", "linear", "cosine"]
    yield _kind(at, "KernelDensity", "density", kernel=kernels, bandwidth=log(0.1, 100))
    yield _kind(at, "NeighborhoodComponentsAnalysis", t, max_iter=[3], n_components=[1, 2])
    spread = {"kernel": ["rbf", "knn"], "gamma": log(0.01, 10), "n_neighbors": [3, 7]}
    for name in ("LabelPropagation", "LabelSpreading"):
        yield _kind("semi_supervised", name, c, **spread)
    yield _kind("manifold", "Isomap", t, n_neighbors=[5, 9])
    yield _kind("manifold", "LocallyLinearEmbedding", t, n_neighbors=[5, 9])
    weights = ["uniform", "distance"]
    yield _kind("impute", "KNNImputer", t, "nan", n_neighbors=[1, 4], weights=weights)


def _kernels():
    t, c, r = "transformer", "classifier", "regressor"
    kernel = {"kernel": KERNELS, "gamma": ["scale", "auto", 0.1, 1.0], "degree": [2, 3]}
    votes = {"decision_function_shape": ["ovo", "ovr"], "break_ties": YES_NO}
    yield _kind("svm", "SVC", c, C=log(0.1, 10), probability=YES_NO, **kernel, **votes)
    yield _kind("svm", "NuSVC", c, nu=[0.1, 0.3], probability=YES_NO, **kernel, **votes)
    yield _kind("svm", "SVR", r, C=log(0.1, 10), **kernel)
    yield _kind("svm", "NuSVR", r, nu=[0.2, 0.7], **kernel)
    yield _kind("svm", "OneClassSVM", "outlier", nu=[0.1, 0.4], **kernel)
    names = ["linear", "rbf", "poly", "sigmoid", "cosine", "laplacian"]
    simple = {"kernel": names, "gamma": log(0.01, 1), "degree": [2, 3]}
    yield _kind("kernel_ridge", "KernelRidge", r, "many", alpha=log(0.1, 10), **simple)
    names = ["linear", "rbf", "poly", "sigmoid", "cosine"]
    yield _kind("decomposition", "KernelPCA", t, kernel=names, gamma=log(0.01, 1), n_components=[2])
    at = "kernel_approximation"
    yield _kind(at, "Nystroem", t, n_components=[5, 10], **simple)
    yield _kind(at, "RBFSampler", t, n_components=[5], gamma=log(0.01, 1))
    yield _kind(at, "SkewedChi2Sampler", t, "positive", n_components=[5])
    yield _kind(at, "AdditiveChi2Sampler", t, "positive", sample_steps=[1, 2, 3])
    yield _kind(at, "PolynomialCountSketch", t, n_components=[8], degree=[1, 2, 3])
    yield _kind("gaussian_process", "GaussianProcessRegressor", r, "many", alpha=[1e-3, 1.0],
                normalize_y=YES_NO)  # fmt: skip
    how = ["one_vs_rest", "one_vs_one"]
    yield _kind("gaussian_process", "GaussianProcessClassifier", c, multi_class=how)


def _decompositions():
    at, t = "decomposition", "transformer"
    n = {"n_components": [1, 2, 3]}
    yield _kind(at, "PCA", t, whiten=YES_NO, **n)
    yield _kind(at, "IncrementalPCA", t, whiten=YES_NO, batch_size=[20], **n)
    yield _kind(at, "TruncatedSVD", t, **n)
    yield _kind(at, "FactorAnalysis", t, rotation=["varimax", "quartimax"], **n)
    yield _kind(at, "FastICA", t, fun=["logcosh", "exp", "cube"], max_iter=[50], **n)
    yield _kind(at, "SparsePCA", t, max_iter=[5], **n)
    yield _kind(at, "MiniBatchSparsePCA", t, max_iter=[5], **n)
    yield _kind(at, "NMF", t, "positive alone", solver=["cd", "mu"], max_iter=[30], **n)
    yield _kind(at, "MiniBatchNMF", t, "positive alone", max_iter=[10], **n)
    yield _kind(at, "LatentDirichletAllocation", t, "positive", max_iter=[3], **n)
    codes = {"transform_algorithm": ["lasso_lars", "lasso_cd", "lars", "omp", "threshold"]}
    codes["split_sign"] = YES_NO
    yield _kind(at, "DictionaryLearning", t, max_iter=[5], **codes, **n)
    yield _kind(at, "MiniBatchDictionaryLearning", t, max_iter=[5], **codes, **n)
    yield _kind(at, "SparseCoder", t, "three made", **codes)
    for name in ("PLSRegression", "PLSCanonical", "CCA"):
        sizes = {"n_components": [1, 2], "scale": YES_NO}
        yield _kind("cross_decomposition", name, "regressor", "several", **sizes)
    yield _kind("cross_decomposition", "PLSSVD", "two", "several", n_components=[1, 2])
    yield _kind("random_projection", "GaussianRandomProjection", t, **n)
    yield _kind("random_projection", "SparseRandomProjection", t, density=[0.3], **n)


def _clusters():
    at, u = "cluster", "cluster"
    k = {"n_clusters": [1, 2, 4]}
    yield _kind(at, "KMeans", u, n_init=[1], algorithm=["lloyd", "elkan"], **k)
    yield _kind(at, "MiniBatchKMeans", u, n_init=[1], **k)
    yield _kind(at, "BisectingKMeans", u, bisecting_strategy=["largest_cluster"], **k)
    yield _kind(at, "Birch", u, threshold=log(0.1, 10), **k)
    yield _kind(at, "AffinityPropagation", u, damping=[0.5, 0.8])
    yield _kind(at, "MeanShift", u, bandwidth=log(0.5, 100))
    yield _kind(at, "FeatureAgglomeration", "transformer", n_clusters=[1, 2])
    n = {"n_components": [1, 3], "covariance_type": ["full", "tied", "diag", "spherical"]}
    yield _kind("mixture", "GaussianMixture", u, max_iter=[20], **n)
    yield _kind("mixture", "BayesianGaussianMixture", u, max_iter=[20], **n)
    yield _kind("covariance", "EllipticEnvelope", "outlier", contamination=[0.1, 0.3])


def _models():
    at, c = "naive_bayes", "classifier"
    smooth = {"alpha": log(0.01, 10), "fit_prior": YES_NO}
    yield _kind(at, "GaussianNB", c, var_smoothing=log(1e-9, 1e-3))
    yield _kind(at, "MultinomialNB", c, "positive", **smooth)
    yield _kind(at, "ComplementNB", c, "positive", norm=YES_NO, **smooth)
    yield _kind(at, "BernoulliNB", c, binarize=[0.0, 1.0, None], **smooth)
    yield _kind(at, "CategoricalNB", c, "classes", **smooth)
    at = "discriminant_analysis"
    yield _kind(at, "QuadraticDiscriminantAnalysis", c, reg_param=[0.1, 0.5])
    solvers = ["svd", "lsqr", "eigen"]
    yield _kind(at, "LinearDiscriminantAnalysis", c, solver=solvers, n_components=[1])
    at = "neural_network"
    net = {"hidden_layer_sizes": [(4,), (3, 5)], "max_iter": [20]}
    net["activation"] = ["identity", "logistic", "tanh", "relu"]
    yield _kind(at, "MLPClassifier", c, "labels", **net)
    yield _kind(at, "MLPRegressor", "regressor", "many", **net)
    yield _kind(at, "BernoulliRBM", "transformer", "unit", n_components=[2, 5], n_iter=[2])
    sides = ["nan", "clip", "raise"]
    yield _kind("isotonic", "IsotonicRegression", "regressor", "one", out_of_bounds=sides)


def _preparation():
    at, t = "preprocessing", "transformer"
    yield _kind(at, "StandardScaler", t, "nan", with_mean=YES_NO, with_std=YES_NO)
    yield _kind(at, "RobustScaler", t, "nan", with_centering=YES_NO, unit_variance=YES_NO)
    yield _kind(at, "MaxAbsScaler", t, "nan", clip=YES_NO)
    yield _kind(at, "MinMaxScaler", t, "nan", clip=YES_NO, feature_range=[(-1, 1), (0, 255)])
    yield _kind(at, "Normalizer", t, norm=["l1", "l2", "max"])
    yield _kind(at, "Binarizer", t, threshold=[0.0, 1.0, -0.5])
    methods = ["yeo-johnson", "box-cox"]
    yield _kind(at, "PowerTransformer", t, "nan", method=methods, standardize=YES_NO)
    shapes = ["uniform", "normal"]
    yield _kind(at, "QuantileTransformer", t, "nan", n_quantiles=[5, 30],
                output_distribution=shapes)  # fmt: skip
    yield _kind(at, "PolynomialFeatures", t, degree=[1, 2, 3, (2, 3)], interaction_only=YES_NO,
                include_bias=YES_NO, order=["F"])  # fmt: skip
    sides = ["error", "constant", "linear", "continue", "periodic"]
    yield _kind(at, "SplineTransformer", t, n_knots=[2, 4], degree=[1, 2, 3], extrapolation=sides,
                knots=["uniform", "quantile"], include_bias=YES_NO)  # fmt: skip
    ways = ["uniform", "quantile", "kmeans"]
    yield _kind(at, "KBinsDiscretizer", t, n_bins=[2, 5], encode=["onehot", "onehot-dense", "ordinal"],
                strategy=ways)  # fmt: skip
    unknown = {"handle_unknown": ["error", "ignore", "infrequent_if_exist"]}
    yield _kind(at, "OneHotEncoder", t, "frame classes nan", drop=["first", "if_binary"],
                min_frequency=[2, 0.2], max_categories=[3], **unknown)  # fmt: skip
    yield _kind(at, "OrdinalEncoder", t, "frame classes nan", min_frequency=[3],
                handle_unknown=["use_encoded_value"], unknown_value=[-1])  # fmt: skip
    yield _kind(at, "KernelCenterer", t, "square")
    sides = {"neg_label": [-1, 0], "pos_label": [1, 2], "sparse_output": YES_NO}
    yield _kind(at, "LabelBinarizer", "labels", **sides)
    yield _kind(at, "LabelEncoder", "labels")
    yield _kind(at, "MultiLabelBinarizer", "sets", sparse_output=YES_NO)
    yield _kind(at, "TargetEncoder", t, "frame classes", smooth=["auto", 2.0], cv=[2])
    yield _kind(at, "FunctionTransformer", t, "nan functions")
    at = "impute"
    ways = ["mean", "median", "most_frequent", "constant"]
    yield _kind(at, "SimpleImputer", t, "nan", strategy=ways, add_indicator=YES_NO)
    yield _kind(at, "MissingIndicator", t, "nan", features=["all"], error_on_new=YES_NO)
    yield _kind(at, "IterativeImputer", t, "nan", max_iter=[2], add_indicator=YES_NO,
                imputation_order=["ascending", "roman", "arabic"])  # fmt: skip
    at = "feature_selection"
    yield _kind(at, "VarianceThreshold", t, "nan", threshold=[0.0, 0.1])
    yield _kind(at, "SelectKBest", t, k=[1, 2])
    yield _kind(at, "SelectPercentile", t, percentile=[30, 70])
    for name in ("SelectFpr", "SelectFdr", "SelectFwe"):
        yield _kind(at, name, t, alpha=[0.5])
    yield _kind(at, "GenericUnivariateSelect", t, mode=["k_best"], param=[2])
    for name in ("SelectFromModel", "RFE", "RFECV", "SequentialFeatureSelector"):
        yield _kind(at, name, t, "base", cv=[2], n_features_to_select=[1, 2])


def _meta():
    c, r, s = "classifier", "regressor", "several"
    for name in ("OneVsRestClassifier", "OneVsOneClassifier", "OutputCodeClassifier"):
        yield _kind("multiclass", name, c, "base labels", code_size=[1.5, 3])
    yield _kind("multioutput", "MultiOutputClassifier", c, "base several")
    yield _kind("multioutput", "MultiOutputRegressor", r, "base several")
    yield _kind("multioutput", "ClassifierChain", c, "base manylabels", order=["random"])
    yield _kind("multioutput", "RegressorChain", r, "base " + s, order=["random"])
    methods = ["sigmoid", "isotonic"]
    yield _kind("calibration", "CalibratedClassifierCV", c, "base", method=methods, cv=[2],
                ensemble=YES_NO)  # fmt: skip
    at = "model_selection"
    threshold = {"threshold": [0.2, 0.6]}
    yield _kind(at, "FixedThresholdClassifier", c, "base binary", **threshold)
    yield _kind(at, "TunedThresholdClassifierCV", c, "base binary", cv=[2])
    yield _kind(at, "GridSearchCV", c, "base", cv=[2])
    yield _kind(at, "RandomizedSearchCV", r, "base", cv=[2])
    yield _kind(at, "HalvingGridSearchCV", r, "base", cv=[2])
    yield _kind(at, "HalvingRandomSearchCV", r, "base", cv=[2])
    yield _kind("frozen", "FrozenEstimator", c, "base")
    yield _kind("semi_supervised", "SelfTrainingClassifier", c, "base", max_iter=[2])
    yield _kind("compose", "TransformedTargetRegressor", r, "base counts functions")
    yield _kind("ensemble", "VotingClassifier", c, "team", voting=["hard", "soft"])
    yield _kind("ensemble", "VotingRegressor", r, "team")
    yield _kind("ensemble", "StackingClassifier", c, "team", cv=[2], passthrough=YES_NO)
    yield _kind("ensemble", "StackingRegressor", r, "team", cv=[2], passthrough=YES_NO)


def _texts():
    at = "feature_extraction.text"
    words = {
        "analyzer": ["word", "char", "char_wb"],
        "ngram_range": [(1, 1), (1, 2), (2, 3)],
        "lowercase": YES_NO,
        "strip_accents": ["unicode", "ascii"],
        "binary": YES_NO,
        "token_pattern": [r"(?u)\b\w+\b", r"[^\W\d_]+"],
    }
    counted = dict(words, max_features=[5, 50], min_df=[1, 2])
    tfidf = {"norm": ["l1", "l2", None], "use_idf": YES_NO, "sublinear_tf": YES_NO}
    yield _kind(at, "CountVectorizer", "text", **counted)
    yield _kind(at, "TfidfVectorizer", "text", **counted, **tfidf)
    yield _kind(at, "HashingVectorizer", "text", n_features=[16, 1000], alternate_sign=YES_NO, **words)
    yield _kind(at, "TfidfTransformer", "transformer", "positive", smooth_idf=YES_NO, **tfidf)
    sizes = {"n_features": [8, 1000], "alternate_sign": YES_NO}
    yield _kind("feature_extraction", "FeatureHasher", "dicts", **sizes)
    yield _kind("feature_extraction", "DictVectorizer", "dicts", sparse=YES_NO, sort=YES_NO)


GROUPS = (_linear, _trees, _neighbours, _kernels, _decompositions, _clusters, _models)
GROUPS += (_preparation, _meta, _texts)
KINDS = [kind for group in GROUPS for kind in group()]
