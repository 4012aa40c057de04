"""Rows that lie as good as equally near to two places, seen from the last step of an estimator.

Which of two equally near neighbours, centres or codes is taken is decided by the last bit of a sum
that scikit-learn forms by |x|^2 - 2 x.y + |y|^2: with a huge row nothing but that bit is left.
"""

import contextlib

import numpy as np

CLOSE = 1e-9


def _last(estimator, X):
    """(last step, the rows as it is given them)."""
    while hasattr(estimator, "steps") or hasattr(estimator, "best_estimator_"):
        if hasattr(estimator, "best_estimator_"):
            estimator = estimator.best_estimator_
        else:
            for _, step in estimator.steps[:-1]:
                X = step.transform(X) if hasattr(step, "transform") else X
            estimator = estimator.steps[-1][1]
    return estimator, X


def _to_places(X, places):
    X = X.toarray() if hasattr(X, "toarray") else np.asarray(X, dtype=float)
    places = places.toarray() if hasattr(places, "toarray") else np.asarray(places, dtype=float)
    return np.sqrt(((X[:, None, :] - places[None]) ** 2).sum(axis=2))


def _distances(last, X):
    """Sorted distances of which the first `n` are taken, and n."""
    if hasattr(last, "code_book_"):
        scores = [getattr(e, "decision_function", None) for e in last.estimators_]
        asked = [s(X) if s else e.predict_proba(X)[:, 1] for s, e in zip(scores, last.estimators_)]
        return np.sort(_to_places(np.column_stack(asked), last.code_book_), axis=1), 1
    if hasattr(last, "kneighbors") and hasattr(last, "n_neighbors"):
        n = min(last.n_neighbors + 1, last.n_samples_fit_)
        return last.kneighbors(X, n_neighbors=n)[0], last.n_neighbors
    for name in ("cluster_centers_", "subcluster_centers_", "centroids_"):
        if hasattr(last, name):
            return np.sort(_to_places(X, getattr(last, name)), axis=1), 1
    return None, 0


def near_rows(estimator, X):
    """The numbers of those rows."""
    with contextlib.suppress(Exception):
        distances, n = _distances(*_last(estimator, X))
        if distances is not None and distances.shape[1] > n:
            taken, left = distances[:, n - 1], distances[:, n]
            return set(np.flatnonzero(~(left - taken > CLOSE * np.abs(left))).tolist())
    return set()
