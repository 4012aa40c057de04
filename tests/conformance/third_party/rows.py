"""Rows to fit on and to ask: drawn, with everything that a comparison can go wrong at."""

import numpy as np

N_ASKED = 1200


def drawn(rng, n=400, d=6, categories=0):
    """(X, y): d columns of floats, the last `categories` of them small whole numbers."""
    X = rng.standard_normal((n, d)) * np.array([1, 10, 0.1, 1, 3, 1] * d)[:d]
    X[:, 0] = np.round(X[:, 0], 1)  # many equal values
    if categories:
        X[:, -categories:] = rng.integers(0, 12, (n, categories))
    y = np.nan_to_num(X[:, 0] + 0.2 * X[:, 1] + 5 * X[:, 2] ** 2 + rng.standard_normal(n) * 0.3)
    if categories:
        y = y + 2 * np.isin(X[:, -1], [1, 4, 5, 9])
    return X, y


def with_nan(rng, X, share=0.1):
    X = np.array(X)
    X[rng.random(X.shape) < share] = np.nan
    return X


def asked(rng, X, thresholds=(), infinite=True, categories=0):
    """Rows like those of X, and rows on thresholds, beside them, missing, tiny, huge, infinite."""
    odd = [0.0, -0.0, 5e-324, -5e-324, 1e-36, -1e-36, 1e-35, 1.1e-35, -1.1e-35, 1e30, -1e30, np.nan]
    if infinite:
        odd += [np.inf, -np.inf, 1e300]
    for threshold in list(thresholds)[:200]:
        single = np.float32(threshold)
        odd += [
            threshold,
            np.nextafter(threshold, np.inf),
            np.nextafter(threshold, -np.inf),
            float(np.nextafter(single, np.float32(np.inf))),
            float(np.nextafter(single, np.float32(-np.inf))),
        ]
    rows = X[rng.integers(0, len(X), N_ASKED)].copy()
    mixed = rng.random(rows.shape) < 0.3
    rows[mixed] = X[rng.integers(0, len(X), mixed.sum()), np.nonzero(mixed)[1]]
    strange = rng.random(rows.shape) < 0.15
    rows[strange] = rng.choice(np.array(odd), strange.sum())
    if categories:
        codes = [-1.0, -0.5, 0.0, 0.7, 3.0, 4.5, 11.0, 12.0, 31.0, 32.0, 500.0, 1e9, 3e9, np.nan]
        strange = rng.random((len(rows), categories)) < 0.3
        rows[:, -categories:][strange] = rng.choice(np.array(codes), strange.sum())
    return rows
