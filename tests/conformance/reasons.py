"""Why an estimator is farther from scikit-learn than the design's bound allows.

The bound: 1e-9 of the largest number that an answer's sums are made of. Who exceeds it without a
line here has no excuse: report.py says so and fails.
"""

BOUND = 1e-9

# class or (class, method): why no answer of it can be within BOUND.
WIDER = {
    "GradientBoostingClassifier": "starts from a classifier asked in float32: fixtures/slack.py",
    "GradientBoostingRegressor": "starts from a regressor asked in float32: fixtures/slack.py",
}


def why(estimator, method):
    """The reason for a wider bound, or None."""
    return WIDER.get((estimator, method), WIDER.get(estimator))
