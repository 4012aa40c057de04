"""The families that must be served; the rest may be refused by name, but never answered wrongly.

A model is listed when every class and function that its predictions go through is (the fixtures
record those as "inside").
"""

TREES = """
DecisionTreeClassifier DecisionTreeRegressor ExtraTreeClassifier ExtraTreeRegressor
RandomForestClassifier RandomForestRegressor ExtraTreesClassifier ExtraTreesRegressor
GradientBoostingClassifier GradientBoostingRegressor
HistGradientBoostingClassifier HistGradientBoostingRegressor
BaggingClassifier BaggingRegressor IsolationForest
""".split()

LINEAR = """
ARDRegression BayesianRidge ElasticNet ElasticNetCV GammaRegressor HuberRegressor Lars LarsCV Lasso
LassoCV LassoLars LassoLarsCV LassoLarsIC LinearRegression LinearSVC LinearSVR LogisticRegression
LogisticRegressionCV MultiTaskElasticNet MultiTaskElasticNetCV MultiTaskLasso MultiTaskLassoCV
OrthogonalMatchingPursuit OrthogonalMatchingPursuitCV PassiveAggressiveClassifier
PassiveAggressiveRegressor Perceptron PoissonRegressor QuantileRegressor RANSACRegressor Ridge
RidgeCV RidgeClassifier RidgeClassifierCV SGDClassifier SGDOneClassSVM SGDRegressor
TheilSenRegressor TweedieRegressor
""".split()

PREPARATION = """
Binarizer FunctionTransformer MaxAbsScaler MinMaxScaler Normalizer OneHotEncoder OrdinalEncoder
RobustScaler Imputer SimpleImputer StandardScaler
""".split()

COMPOSITION = """
ColumnTransformer FeatureUnion GridSearchCV HalvingGridSearchCV HalvingRandomSearchCV Pipeline
RandomizedSearchCV TransformedTargetRegressor
""".split()

NEIGHBORS = """
Isomap KNNImputer KNeighborsClassifier KNeighborsRegressor KNeighborsTransformer KernelDensity
LabelPropagation LabelSpreading LocalOutlierFactor LocallyLinearEmbedding NearestCentroid
NearestNeighbors NeighborhoodComponentsAnalysis RadiusNeighborsClassifier RadiusNeighborsRegressor
RadiusNeighborsTransformer
""".split()

KERNELS = """
AdditiveChi2Sampler GaussianProcessClassifier GaussianProcessRegressor KernelCenterer KernelPCA
KernelRidge NuSVC NuSVR Nystroem OneClassSVM PolynomialCountSketch RBFSampler SVC SVR
SkewedChi2Sampler sklearn.ConstantKernel sklearn.DotProduct sklearn.ExpSineSquared
sklearn.Exponentiation sklearn.Matern sklearn.PairwiseKernel sklearn.Product sklearn.RBF
sklearn.RationalQuadratic sklearn.Sum sklearn.WhiteKernel
""".split()

DECOMPOSITION = """
CCA DictionaryLearning FactorAnalysis FastICA GaussianRandomProjection IncrementalPCA
LatentDirichletAllocation MiniBatchDictionaryLearning MiniBatchNMF MiniBatchSparsePCA NMF PCA
PLSCanonical PLSRegression PLSSVD SparseCoder SparsePCA SparseRandomProjection TruncatedSVD
""".split()

CLUSTERS = """
AffinityPropagation BayesianGaussianMixture Birch BisectingKMeans EllipticEnvelope
FeatureAgglomeration GaussianMixture KMeans MeanShift MiniBatchKMeans
""".split()

BAYES_AND_NETWORKS = """
BernoulliNB BernoulliRBM CategoricalNB ComplementNB GaussianNB IsotonicRegression
LinearDiscriminantAnalysis MLPClassifier MLPRegressor MultinomialNB QuadraticDiscriminantAnalysis
""".split()

FEATURES = """
IterativeImputer LabelBinarizer LabelEncoder MissingIndicator MultiLabelBinarizer PatchExtractor KBinsDiscretizer PolynomialFeatures PowerTransformer QuantileTransformer SplineTransformer
TargetEncoder
""".split()

SELECTION = """
GenericUnivariateSelect RFE RFECV SelectFdr SelectFpr SelectFromModel SelectFwe SelectKBest
SelectPercentile SequentialFeatureSelector VarianceThreshold
""".split()

META = """
AdaBoostClassifier AdaBoostRegressor CalibratedClassifierCV ClassifierChain DummyClassifier
DummyRegressor FixedThresholdClassifier FrozenEstimator MultiOutputClassifier MultiOutputRegressor
OneVsOneClassifier OneVsRestClassifier OutputCodeClassifier RandomTreesEmbedding RegressorChain
SelfTrainingClassifier StackingClassifier StackingRegressor TunedThresholdClassifierCV
VotingClassifier VotingRegressor _ConstantPredictor _SigmoidCalibration _TemperatureScaling
""".split()

TEXT = """
CountVectorizer DictVectorizer FeatureHasher HashingVectorizer TfidfTransformer TfidfVectorizer
""".split()

LISTED = frozenset(
    TREES
    + LINEAR
    + PREPARATION
    + COMPOSITION
    + NEIGHBORS
    + KERNELS
    + DECOMPOSITION
    + CLUSTERS
    + BAYES_AND_NETWORKS
    + FEATURES
    + SELECTION
    + META
    + TEXT
)

# Estimators that scikit-learn puts inside others on its own: part of their owner.
OWNERS = {
    "DummyClassifier": "GradientBoostingClassifier",
    "DummyRegressor": "GradientBoostingRegressor",
    "LabelBinarizer": "RidgeClassifier",
    "LabelEncoder": "HistGradientBoostingClassifier",
    "MissingIndicator": "SimpleImputer",
    "_BinaryGaussianProcessClassifierLaplace": "GaussianProcessClassifier",
}


def is_listed(description):
    """Whether a refusal of this fixture is a failure."""
    names = set(description["inside"])
    return all(
        name in LISTED or OWNERS.get(name) in names or name.startswith("numpy.") for name in names
    )
