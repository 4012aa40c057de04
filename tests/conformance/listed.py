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

# The same, for files before a version.
FORMER_PARAMETERS = {
    ("DummyClassifier", "DummyClassifier()"): ((0, 24), "draws at random when it is asked"),
    ("PolynomialFeatures", "degree=0"): ((1, 1), "answers sparse rows with more columns"),
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


# What a FunctionTransformer that says not how wide its rows are is told of functions along the row
# and of columns that are chosen.
OF_NO_WIDTH = (
    "says how wide its input is",
    "says how many there are",
    "column ",
    "columns without",
)


def may_be_refused(description, message):
    """Is it a FunctionTransformer from before 1.2, where nothing in the file has the rows' width? Then
    only what is done to each value by itself can be answered. One that stands first keeps the width,
    and the names of a frame's columns, from everything after it."""
    version = tuple(int(part) for part in description["sklearn"].split(".")[:2])
    is_alone = description["estimator"].endswith(".FunctionTransformer")
    hides = "FunctionTransformer" in description["inside"]
    said = any(words in message for words in OF_NO_WIDTH)
    return version < (1, 2) and said and (is_alone or hides)


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
    version = tuple(int(part) for part in description["sklearn"].split(".")[:2])
    for (name, part), (end, reason) in FORMER_PARAMETERS.items():
        if version < end and name in names and part in description["repr"]:
            return reason
    return None
