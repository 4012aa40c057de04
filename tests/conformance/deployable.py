"""The classes of the scikit-learn that this runs under which answer for new rows."""

import inspect

from sklearn.experimental import (  # noqa: F401  (importing them is what makes their classes known)
    enable_halving_search_cv,
    enable_iterative_imputer,
)
from sklearn.utils import all_estimators

METHODS = (
    "predict",
    "predict_proba",
    "decision_function",
    "transform",
    "score_samples",
    "kneighbors",
    "mahalanobis",
)
OTHERS = ("FrozenEstimator",)  # it has what it holds
EXPERIMENTAL = ("HalvingGridSearchCV", "HalvingRandomSearchCV", "IterativeImputer")


def _answers(estimator):
    return any(inspect.getattr_static(estimator, method, None) is not None for method in METHODS)


def names():
    """Sorted names of every class that can be fitted, saved and asked about other rows."""
    found = {name for name, estimator in all_estimators() if _answers(estimator)}
    return sorted(found | set(EXPERIMENTAL) | set(OTHERS))
