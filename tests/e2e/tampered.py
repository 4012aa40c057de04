"""Models that were fitted, and then lie about themselves."""

import pickle

import numpy as np
from sklearn.cluster import DBSCAN
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_iris
from sklearn.ensemble import (
    BaggingClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    IsolationForest,
    RandomForestClassifier,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge, SGDClassifier
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, OrdinalEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier

X, Y = load_iris(return_X_y=True)
CATEGORIES = np.round(X)


class Reduced:
    """Pickles as a call and a state of our choice."""

    def __init__(self, function, arguments, state):
        self.parts = (function, arguments, state)

    def __reduce__(self):
        return self.parts


def set_attributes(estimator, **attributes):
    vars(estimator).update(attributes)
    return estimator


def array(shape, dtype, data):
    """A numpy array whose state says what it likes."""
    function, arguments, _ = np.zeros(1).__reduce__()
    return Reduced(function, arguments, (1, shape, np.dtype(dtype), False, data))


def logistic(**attributes):
    return set_attributes(LogisticRegression(max_iter=500).fit(X, Y), **attributes)


def fitted(estimator, **attributes):
    rows = CATEGORIES if isinstance(estimator, (OneHotEncoder, OrdinalEncoder)) else X
    return set_attributes(estimator.fit(rows, Y), **attributes)


def tree(change, estimator=None):
    """A decision tree whose nodes or state are changed before it is saved."""
    estimator = estimator or DecisionTreeClassifier(max_depth=3, random_state=0).fit(X, Y)
    function, arguments, state = estimator.tree_.__reduce__()
    nodes = state["nodes"].copy()
    state = dict(state, nodes=nodes)
    arguments = change(nodes, state, arguments) or arguments
    return set_attributes(estimator, tree_=Reduced(function, arguments, state))


def node(field, at, value):
    """Sets a field of one node."""

    def change(nodes, state, arguments):
        nodes[field][at] = value

    return change


def state_of(**values):
    return lambda nodes, state, arguments: state.update(values)


def arguments_of(*values):
    return lambda nodes, state, arguments: values


def hist(field, value):
    """A histogram booster whose root node is changed."""
    estimator = HistGradientBoostingClassifier(max_iter=2, random_state=0).fit(X, Y)
    estimator._predictors[0][0].nodes[field][0] = value
    return estimator


def boosted(**attributes):
    return fitted(GradientBoostingClassifier(n_estimators=2, random_state=0), **attributes)


def forest(**attributes):
    return fitted(RandomForestClassifier(n_estimators=2, random_state=0), **attributes)


def itself():
    """A pipeline whose step is the pipeline."""
    scaler = StandardScaler().fit(X)
    pipeline = Pipeline([("s", scaler), ("a", "passthrough")])
    pipeline.steps[1] = ("a", pipeline)
    return pipeline


def columns_of_itself():
    columns = ColumnTransformer([("a", StandardScaler(), [0, 1, 2, 3])]).fit(X)
    columns.transformers_ = [("a", columns, [0, 1, 2, 3])]
    return columns


def union_of_itself():
    union = FeatureUnion([("s", StandardScaler().fit(X)), ("a", "passthrough")])
    union.transformer_list[1] = ("a", union)
    return Pipeline([("s", StandardScaler().fit(X)), ("u", union)])


def bag_of_itself():
    bag = BaggingClassifier(n_estimators=2).fit(X, Y)
    bag.estimators_ = [bag, bag]
    return bag


def nested(depth):
    scaler = StandardScaler().fit(X)
    pipeline = Pipeline([("a", scaler)])
    for _ in range(depth):
        pipeline = Pipeline([("s", scaler), ("a", pipeline)])
    return pipeline


def columns_at(*selected):
    columns = ColumnTransformer([("a", StandardScaler(), [0, 1])]).fit(X)
    columns.transformers_ = [("a", columns.transformers_[0][1], list(selected))]
    return set_attributes(columns, _transformer_to_input_indices={"a": list(selected)})


# name: (model, what the message must hold)
TAMPERED = {
    "coef_width": (logistic(coef_=np.ones((3, 7))), "coef_"),
    "coef_height": (logistic(coef_=np.ones((5, 4))), "coef_|intercept_"),
    "coef_1d": (logistic(coef_=np.ones(4)), "coef_|intercept_"),
    "coef_3d": (logistic(coef_=np.ones((3, 4, 2))), "coef_"),
    "coef_text": (logistic(coef_=np.array([["a"] * 4] * 3)), "coef_"),
    "coef_none": (logistic(coef_=None), "coef_"),
    "coef_number": (logistic(coef_=3.0), "coef_"),
    "coef_complex": (logistic(coef_=np.ones((3, 4), complex)), "complex|coef_|dtype"),
    "coef_huge": (
        logistic(coef_=array((1 << 40, 1 << 20), "f8", b"12345678")),
        "shape|bytes|array",
    ),
    "coef_negative": (logistic(coef_=array((-3, 4), "f8", bytes(96))), "shape|dimension|negative"),
    "coef_short": (logistic(coef_=array((3, 4), "f8", bytes(40))), "bytes"),
    "coef_objects": (logistic(coef_=array((3, 4), "O", bytes(96))), "object|list"),
    "intercept_length": (logistic(intercept_=np.ones(9)), "intercept_"),
    "classes_few": (logistic(classes_=np.array([0])), "classes_|coef_"),
    "classes_objects": (logistic(classes_=np.array([{}, [], 1], dtype=object)), "classes"),
    "classes_missing": (logistic(classes_=None), "classes"),
    "features_huge": (logistic(n_features_in_=10**12), "1000000000000 input columns"),
    "features_negative": (logistic(n_features_in_=-1), "n_features_in_"),
    "features_text": (logistic(n_features_in_="four"), "n_features_in_"),
    "features_names": (
        logistic(feature_names_in_=np.array(["a", "b"], dtype=object)),
        "feature_names_in_",
    ),
    "ridge_coef": (fitted(Ridge(), coef_=np.ones((2, 2, 2))), "coef_"),
    "sgd_loss": (fitted(SGDClassifier(random_state=0), loss=7, classes_=np.arange(9)), "."),
    "scaler_mean": (fitted(StandardScaler(), mean_=np.ones(3)), "mean_"),
    "scaler_scale": (fitted(StandardScaler(), scale_="x"), "scale_"),
    "minmax_min": (fitted(MinMaxScaler(), min_=np.ones((4, 4))), "min_"),
    "imputer_statistics": (fitted(SimpleImputer(), statistics_=np.ones(2)), "statistics_"),
    "imputer_strategy": (fitted(SimpleImputer(), statistics_=None), "statistics_"),
    "onehot_categories": (fitted(OneHotEncoder(), categories_=[np.arange(3.0)]), "categories_"),
    "onehot_category": (fitted(OneHotEncoder(), categories_=[None] * 4), "categories_"),
    "onehot_drop": (
        fitted(OneHotEncoder(drop="first"), _drop_idx_after_grouping=np.array([99] * 4)),
        "drop",
    ),
    "ordinal_categories": (fitted(OrdinalEncoder(), categories_="abc"), "categories_"),
    "tree_child_far": (tree(node("left_child", 0, 1 << 40)), "node|child"),
    "tree_child_negative": (tree(node("right_child", 0, -7)), "node|child"),
    "tree_cycle": (tree(node("left_child", 1, 0)), "node|child|twice|cycle"),
    "tree_shared_child": (tree(node("right_child", 0, 1)), "node|child|twice"),
    "tree_feature_far": (tree(node("feature", 0, 4000)), "feature"),
    "tree_feature_negative": (tree(node("feature", 0, -9)), "feature"),
    "tree_values": (tree(state_of(values=np.ones((2, 1, 3)))), "value"),
    "tree_values_flat": (tree(state_of(values=np.ones(9))), "value"),
    "tree_nodes": (tree(state_of(nodes=np.ones(5))), "node"),
    "tree_no_nodes": (tree(state_of(nodes=None)), "node"),
    "tree_classes": (
        tree(lambda n, s, a: None, fitted(DecisionTreeClassifier(), classes_=np.arange(2))),
        "class|value",
    ),
    "forest_empty": (forest(estimators_=[]), "estimators_"),
    "forest_strings": (forest(estimators_=["tree", "tree"]), "estimators_|tree 0"),
    "forest_none": (forest(estimators_=None), "estimators_"),
    "forest_foreign": (forest(estimators_=[StandardScaler().fit(X)]), "StandardScaler|tree 0"),
    "iforest_features": (
        fitted(
            IsolationForest(n_estimators=2, max_features=2),
            estimators_features_=[np.array([99, 0])] * 2,
        ),
        "estimators_features_|feature|column",
    ),
    "bagging_features": (
        fitted(BaggingClassifier(n_estimators=2), estimators_features_=[np.array([-99])] * 2),
        "estimators_features_|feature",
    ),
    "gb_estimators": (boosted(estimators_=np.ones((2, 3))), "estimators_"),
    "gb_shape": (boosted(estimators_=np.array([None] * 4).reshape(2, 2)), "estimators_|tree 0"),
    "gb_rate": (boosted(learning_rate="fast"), "learning_rate"),
    "hist_child": (hist("left", 0xFFFFFFF0), "node|left|child"),
    "hist_cycle": (hist("left", 0), "node|left|child"),
    "hist_feature": (hist("feature_idx", 1 << 30), "feature"),
    "hist_bitset": (
        set_attributes(hist("is_categorical", 1)),
        "categor|bitset",
    ),
    "steps_text": (set_attributes(nested(0), steps="abc"), "step|Pipeline"),
    "steps_empty": (set_attributes(nested(0), steps=[]), "step|Pipeline"),
    "steps_short": (set_attributes(nested(0), steps=[("a",)]), "step|Pipeline"),
    "steps_number": (set_attributes(nested(0), steps=[("a", 5)]), "step|Pipeline"),
    "steps_class": (
        set_attributes(nested(0), steps=[("a", StandardScaler)]),
        "StandardScaler|step|Pipeline",
    ),
    "columns_far": (columns_at(0, 99), "99|column"),
    "columns_name": (columns_at("petal"), "petal|column"),
    "columns_none": (columns_at(None), "column"),
    "columns_list": (
        set_attributes(columns_at(0), transformers_=[("a", "b")]),
        "ColumnTransformer: expected a tuple of 3",
    ),
    "unfitted": (LogisticRegression(), "LogisticRegression"),
    "unfitted_scaler": (StandardScaler(), "StandardScaler"),
    "refused": (fitted(DBSCAN()), "DBSCAN"),
    "refused_inside": (Pipeline([("s", StandardScaler()), ("m", DBSCAN())]).fit(X), "DBSCAN"),
    "list": ([logistic()], "list"),
    "dict": ({"model": logistic(), "version": 3}, "dict|model"),
    "array": (np.ones(5), "array|estimator"),
    "number": (17, "estimator|integer|int"),
    "pipeline_of_itself": (itself(), "more than 40 estimators in each other"),
    "columns_of_itself": (columns_of_itself(), "more than 40 estimators in each other"),
    "union_of_itself": (union_of_itself(), "more than 40 estimators in each other"),
    "bag_of_itself": (bag_of_itself(), "more than 40 estimators in each other"),
    "nested_100": (nested(100), "more than 40 estimators in each other"),
}


def save(folder):
    """Writes every model; returns [(name, path, what the message must hold)]."""
    saved = []
    for name, (model, expected) in TAMPERED.items():
        path = folder / (name + ".pkl")
        path.write_bytes(pickle.dumps(model, protocol=4))
        saved.append((name, path, expected))
    return saved
