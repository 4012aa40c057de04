"""Why an estimator is farther from scikit-learn than the design's bound allows.

The bound: 1e-9 of the largest number that an answer's sums are made of. Who exceeds it without a
line here has no excuse: report.py says so and fails.
"""

BOUND = 1e-9

# class or (class, method): (the bound that it has instead, why none of it can keep to BOUND).
WIDER = {
    "GradientBoostingClassifier": (
        1e-6,
        "starts from a classifier asked in float32: fixtures/slack.py",
    ),
    "GradientBoostingRegressor": (
        1e-6,
        "starts from a regressor asked in float32: fixtures/slack.py",
    ),
}


def _wider(estimator, method):
    return WIDER.get((estimator, method), WIDER.get(estimator))


def bound(estimator, method):
    """What the distance of an answer may be, as a share of its largest number."""
    wider = _wider(estimator, method)
    return BOUND if wider is None else wider[0]


def why(estimator, method):
    """The reason for a wider bound, or None."""
    wider = _wider(estimator, method)
    return None if wider is None else wider[1]
