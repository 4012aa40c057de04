"""Which models must be served: all of them, but for these. Elsewhere refused is a failure.

What a refusal is for is the fixture's to show: a model that is named here and opens all the same is
a failure too, because its answers would be made up.
"""

import re

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
    ("DummyClassifier", "strategy='warn'"): ((0, 24), "draws at random when it is asked"),
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


# Functions that look along the row, or choose columns. Before 1.2 a FunctionTransformer by itself says
# not how wide its rows are, and only what is done to each value by itself can be answered.
ALONG_THE_ROW = re.compile(
    r"func=((functools\.partial\()?<function (add_dummy_feature|all|amax|amin|any|average"
    r"|count_nonzero|cumprod|cumsum|delete|diff|flip|fliplr|log_softmax|logsumexp|max|maxabs_scale"
    r"|mean|median|min|minmax_scale|nanmax|nanmean|nanmin|nanprod|nansum|norm|normalize|prod|ptp"
    r"|ravel|reshape|scale|softmax|sort|std|sum|take|var|zscore) at "
    r"|operator\.(itemgetter|methodcaller\('(drop|filter|flatten|get|ravel|reindex|reshape)'))"
)
# What a model is told in which one stands first: it keeps the width, and the names of a frame's
# columns, from everything after it.
OF_NO_WIDTH = (
    "says how wide its input is",
    "says how many there are",
    "column ",
    "columns without",
)


def may_be_refused(description, message):
    """Is it a FunctionTransformer from before 1.2, or hidden by one, whose file has no width?"""
    version = tuple(int(part) for part in description["sklearn"].split(".")[:2])
    if version >= (1, 2) or "FunctionTransformer" not in description["inside"]:
        return False
    if description["estimator"].endswith(".FunctionTransformer"):
        return ALONG_THE_ROW.search(description["repr"]) is not None
    return any(words in message for words in OF_NO_WIDTH)


def why_refused(description):
    """Why a model must be refused, or None: then it must be served."""
    names = description["inside"]
    for name in names:
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
