"""Compares what the library answers with what the package did. Labels, types and shapes are equal.
The bound of floats stands in each file: 0 where float32 answers are equal to the bit. Whether a
transformed whole number is an integer depends, in pandas, on the other rows of the batch."""

import json
from pathlib import Path

import numpy as np

from .. import native


def _values(output):
    """The columns side by side. Columns that pass an encoder are cells; here they are numbers."""
    parts = [part for part in output.parts if part.name != "n_nodes_ptr"]
    values = np.hstack([part.values for part in parts])
    if values.dtype == object and any(type(value) is float for value in values.ravel()):
        values = values.astype(np.float64)
    if values.dtype != object and all(part.kind == "i" for part in parts):
        values = values.astype(np.int64)  # they are held as doubles
    flat = len(parts) == 1 and parts[0].scalar
    return values[:, 0] if flat else values


def _differs(want, got, bound, loose):
    if got.dtype == object and all(type(value) is int for value in got.ravel()):
        got = got.astype(np.int64)  # labels
    if want.shape != got.shape:
        return "shape %s, want %s" % (got.shape, want.shape)
    if want.dtype.kind in "OUS":
        return None if want.tolist() == got.tolist() else "labels differ"
    if not loose and (want.dtype.kind in "iu") != (got.dtype.kind in "iu"):
        return "type %s, want %s" % (got.dtype, want.dtype)
    want, got = want.astype(np.float64), got.astype(np.float64)
    same = (want == got) | (np.isnan(want) & np.isnan(got))
    with np.errstate(invalid="ignore"):
        close = same | (np.abs(got - want) <= bound * np.maximum(np.abs(want), 1.0))
    if close.all():
        return None
    at = tuple(np.argwhere(~close)[0])
    return "at %s: %r, want %r (%d of %d differ)" % (
        at,
        got[at],
        want[at],
        (~close).sum(),
        close.size,
    )


def _answered(library, path, method, rows):
    """What is wrong if rows are answered that the package refuses, or that have no one answer."""
    with library.open(str(path)) as model:
        try:
            model.predict(method, native.dense(np.array(json.loads(str(rows)), dtype=object)))
        except native.NativeError:
            return []
    return ["answers what it must refuse"]


def problems(library, path):
    """What is wrong with the answers of one file; empty if nothing is."""
    found = []
    with np.load(str(path) + ".npz", allow_pickle=False) as arrays:
        arrays = dict(arrays)
    shaped = native.csr if arrays.pop("is_sparse", False) else native.dense
    bound = float(arrays.pop("bound"))
    if "refused" in arrays:
        method = "transform" if "transform" in arrays else "predict"
        found += _answered(library, path, method, arrays.pop("refused"))
    if "cells" in arrays:
        asked = np.array(json.loads(str(arrays.pop("cells"))), dtype=object)
    else:
        asked = arrays.pop("X")
    try:
        with library.open(str(path)) as model:
            extra = set(model.methods) - set(arrays) - {"apply"}
            if extra:
                found.append("offers %s" % ", ".join(sorted(extra)))
            for method, want in arrays.items():
                output = model.predict(method, shaped(asked))
                wrong = _differs(want, _values(output), bound, method == "transform")
                if wrong:
                    found.append("%s: %s" % (method, wrong))
                again = model.predict(method, shaped(asked[:1]))
                if not np.array_equal(
                    _values(again), _values(output)[:1], equal_nan=want.dtype.kind == "f"
                ):
                    found.append("%s: a row alone has another answer" % method)
    except native.NativeError as error:
        found.append("%s" % error)
    return found


def files(folder):
    return sorted(Path(str(path)[:-4]) for path in Path(folder).glob("*.npz"))
