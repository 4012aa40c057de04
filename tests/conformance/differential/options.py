"""Constructor options beyond those of tables.py, drawn from what scikit-learn says it takes.

`_parameter_constraints` names for each parameter the kinds of value it may have. What a draw of it
cannot be fitted with, the fit says.
"""

from numbers import Integral

import numpy as np

# Options that say how to fit, or what to show, not what to answer; and those that only draws,
# files or precomputed rows go with.
LEFT = frozenset(
    "n_jobs verbose verbose_feature_names_out random_state memory copy copy_X warm_start cv max_iter"
    " n_estimators n_init max_trials input encoding decode_error cache_size max_fun refit cv_results"
    " n_iter max_depth store_cv_values store_cv_results max_subpopulation eps n_alphas alphas Cs"
    " sample_posterior radius max_patches enable_metadata_routing interpolation".split()
)
NOT_DRAWN = ("stratified", "uniform", "precomputed", "precomputed_nearest_neighbors", "filename", "file",
             "default", "pandas", "polars", "warn", "deprecated")  # fmt: skip


def _number(rng, interval):
    low = 0.0 if interval.left is None or not np.isfinite(interval.left) else float(interval.left)
    high = low + 4 if interval.right is None else min(float(interval.right), low + 4)
    if interval.type is Integral:
        first = int(np.ceil(low)) + (interval.closed in ("right", "neither"))
        return int(rng.randint(first, max(first + 1, int(high) + 1)))
    share = rng.random_sample()
    if interval.closed in ("left", "both") and share < 0.1:
        return low
    return float(low + (high - low) * (0.05 + 0.9 * share))


def _choices(rng, constraints):
    for constraint in constraints:
        kind = type(constraint).__name__
        if constraint is None:
            yield None
        elif isinstance(constraint, str) and constraint == "boolean":
            yield bool(rng.randint(2))
        elif kind == "Interval":
            yield _number(rng, constraint)
        elif kind in ("StrOptions", "Options"):
            options = sorted(set(constraint.options) - set(constraint.deprecated or ()), key=repr)
            options = [option for option in options if option not in NOT_DRAWN]
            if options:
                yield options[rng.randint(len(options))]


def more(rng, cls, known, drawn):
    """One or two parameters that are not drawn yet, of most classes none."""
    constraints = getattr(cls, "_parameter_constraints", None) or {}
    names = [n for n in sorted(constraints) if n in known and n not in LEFT and n not in drawn]
    found = {}
    if not names or rng.randint(3):
        return found
    for _ in range(rng.randint(1, 3)):
        name = names[rng.randint(len(names))]
        if not isinstance(constraints[name], list):
            continue
        choices = list(_choices(rng, constraints[name]))
        if choices:
            found[name] = choices[rng.randint(len(choices))]
    return found
