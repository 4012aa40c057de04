"""Which models must be served: all of them, but for these. Elsewhere refused is a failure.

What a refusal is for is the fixture's to show: a model that is named here and opens all the same is
a failure too, because its answers would be made up.
"""

COVARIANCE = "a covariance has no method that answers for new rows"

# class: why it is refused, whatever its parameters.
CLASSES = {
    "EmpiricalCovariance": COVARIANCE,
    "GraphicalLasso": COVARIANCE,
    "GraphicalLassoCV": COVARIANCE,
    "LedoitWolf": COVARIANCE,
    "MinCovDet": COVARIANCE,
    "OAS": COVARIANCE,
    "ShrunkCovariance": COVARIANCE,
}

BATCH = "its answer for a row depends on the rows that are asked with it"

# (class, what stands in the repr of the model): why it is refused.
PARAMETERS = {
    ("FunctionTransformer", "kw_args={'axis': 0}"): BATCH,
    ("FunctionTransformer", "func=<function get_dummies at"): BATCH,
    ("DummyClassifier", "strategy='stratified'"): "draws at random when it is asked",
    ("DummyClassifier", "strategy='uniform'"): "draws at random when it is asked",
    ("IterativeImputer", "sample_posterior=True"): "draws at random when it is asked",
    ("PatchExtractor", "max_patches=3"): "draws at random when it is asked",
}

# Packages whose functions are read by name; those of a user are code that no file holds.
PACKAGES = (
    "_operator",
    "builtins",
    "html",
    "numpy",
    "operator",
    "pandas",
    "re",
    "scipy",
    "sklearn",
    "unicodedata",
)


def why_refused(description):
    """Why a model must be refused, or None: then it must be served."""
    names = description["inside"]
    for name in names:
        if name in CLASSES:
            return CLASSES[name]
        if "." in name and name.split(".")[0] not in PACKAGES:
            return "%s is the user's own" % name
    for (name, part), reason in PARAMETERS.items():
        if name in names and part in description["repr"]:
            return reason
    return None
