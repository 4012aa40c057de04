"""Checks one model file: opened, asked every recorded method, asked again in other batches and of no
rows at all.
"""

import json
import lzma
import os
import time
from dataclasses import asdict

import numpy as np

from . import native
from .compare import Mismatch, compare
from .fixtures.encoding import ROW_LISTS, decode_array_input, decode_rows
from .listed import may_be_refused, why_refused

# Methods that a model must offer where scikit-learn has them.
REQUIRED = (
    "predict",
    "predict_proba",
    "predict_log_proba",
    "decision_function",
    "transform",
    "score_samples",
    "inverse_transform",
    "kneighbors_graph",
    "radius_neighbors_graph",
    "decision_path",
    "mahalanobis",
    "predict_joint_log_proba",
)
# Recorded outputs that one method answers together.
ASKED_AS = {
    "kneighbors_distance": "kneighbors",
    "kneighbors_index": "kneighbors",
    "radius_neighbors_distance": "radius_neighbors",
    "radius_neighbors_index": "radius_neighbors",
    "decision_path_starts": "decision_path",
}
BATCHES = (1, 2, 7, 64, 1000)
MOST_BATCHES = 64  # of a size, spread over the rows: of a thousand rows not each is asked alone


def _frame_columns(encoded, columns):
    """The columns of a frame in the order of the model's, or in their own if it has no names."""
    names = [column["name"] for column in encoded["columns"]]
    wanted = [name for name, _ in columns]
    order = range(len(names)) if None in wanted else [names.index(name) for name in wanted]
    strings, arrays = [], []
    for i in order:
        values, dtype = [row[i] for row in encoded["rows"]], encoded["columns"][i]["dtype"]
        if dtype.startswith("float"):
            numbers = [np.nan if value is None else float(value) for value in values]
            arrays.append(np.array(numbers, dtype=dtype))
        elif dtype in ("int64", "int32", "uint8", "bool"):
            arrays.append(np.array(values, dtype=dtype))
        else:
            arrays.append(native.cells(values, strings))
    return native.Columns(arrays, strings)


def rows_of(encoded, model):
    """The recorded input as native rows."""
    if encoded["kind"] == "frame":
        return _frame_columns(encoded, model.columns())
    if encoded["kind"] == "csr":
        data = [float(value) for value in encoded["data"]]
        return native.Csr(data, encoded["indices"], encoded["indptr"], encoded["shape"][1])
    if encoded["kind"] in ROW_LISTS:
        return native.values(decode_rows(encoded))
    array = decode_array_input(encoded)
    if encoded["kind"] == "images":
        return native.values(array.tolist())
    return native.dense(array.reshape(len(array), -1))


def _batches(n_rows, size):
    """Row numbers of each batch: windows over the rows, or the rows over and over again."""
    if size >= n_rows:
        return [np.arange(size) % n_rows]
    starts = range(0, n_rows, size)
    step = -(-len(starts) // MOST_BATCHES)
    return [np.arange(at, min(at + size, n_rows)) for at in starts[::step]]


def _orders(n_rows):
    """All rows, backwards and mixed: neither neighbours nor places are those of the first run."""
    return [np.arange(n_rows)[::-1], np.random.RandomState(n_rows).permutation(n_rows)]


def _same_bits(whole, part, batch, n_rows):
    """Are the rows of `part` those of `whole` that the batch names?"""
    values = whole.values[batch]
    if whole.name == "cov":  # of pairs of rows
        values = values.reshape(len(batch), n_rows, -1)[:, batch].reshape(len(batch), -1)
    wanted = type(whole)(whole.name, whole.kind, whole.scalar, whole.sparse, values)
    return wanted.identity() == part.identity()


def _check_invariance(model, method, rows, output, batches):
    """A row's answer is bit-identical alone, in any batch, at any place. Returns how many other
    batches were asked."""
    asked = [batch for size in batches for batch in _batches(rows.n_rows, size)]
    if method == "predict_cov":  # a row's noise is its own: the same row twice is two rows
        asked = [batch for batch in asked if len(batch) <= rows.n_rows]
    asked += _orders(rows.n_rows)
    for batch in asked:
        again = model.predict(method, rows.take(batch))
        if len(again.parts) != len(output.parts) or not all(
            _same_bits(whole, part, batch, rows.n_rows)
            for whole, part in zip(output.parts, again.parts)
        ):
            raise Mismatch("in a batch of %d: not the bits of the first run" % len(batch))
    return len(asked)


def _check_no_rows(model, method, rows, output):
    """Of no rows the answer is empty, and as wide and of the same kinds as of many."""
    empty = model.predict(method, rows.take(np.arange(0)))
    if (empty.n_rows, empty.is_list) != (0, output.is_list) or len(empty.parts) != len(output.parts):
        raise Mismatch("of no rows: %r" % empty)
    for whole, none in zip(output.parts, empty.parts):
        width = 0 if whole.name == "cov" else whole.values.shape[1]
        wanted = (whole.name, whole.kind, whole.scalar, (0, width))
        found = (none.name, none.kind, none.scalar, none.values.shape)
        if wanted != found:
            raise Mismatch("of no rows: %s, want %s" % (found, wanted))


def _check_offers(model, description):
    """No method that scikit-learn lacks; the default is predict, else transform."""
    answers = description["outputs"]
    extra = [name for name in model.methods if name in REQUIRED[:4] and name not in answers]
    if extra:
        raise Mismatch("offers %s, which scikit-learn has not" % ", ".join(extra))
    if "predict" in answers and model.default_method != "predict":
        raise Mismatch("default method is %s, want predict" % model.default_method)


def _asked_rows(model, method, rows):
    """inverse_transform is asked for what transform answers, everything else for the rows."""
    if method != "inverse_transform":
        return rows
    (part,) = model.predict("transform", rows).parts
    if part.sparse:
        return native.csr(part.values)
    whole = part.kind in "ib" and part.values.dtype.kind == "f"
    return native.dense(part.values.astype(np.int64) if whole else part.values)


def _check_method(model, recorded, rows, description, result):
    method = ASKED_AS.get(recorded, recorded)
    rows = _asked_rows(model, method, rows)
    output = model.predict(method, rows)
    distance = compare(recorded, description, output)
    images = description["input"]["kind"] == "images"  # whose answers are large
    n_batches = _check_invariance(model, method, rows, output, BATCHES[:3] if images else BATCHES)
    result["methods"][recorded] = dict(asdict(distance), n_batches=n_batches)
    _check_no_rows(model, method, rows, output)


def _problem(method, error):
    return "%s: %s" % (method, error)


def _check_open(model, description, result):
    try:
        _check_offers(model, description)
        rows = rows_of(description["input"], model)
    except (Mismatch, ValueError) as error:
        result["problems"].append(_problem("open", error))
        return
    for method in description["outputs"]:
        if ASKED_AS.get(method, method) not in model.methods:
            result["absent"].append(method)
            if method in REQUIRED or method in ASKED_AS:
                result["problems"].append(_problem(method, "not offered"))
            continue
        try:
            _check_method(model, method, rows, description, result)
        except (Mismatch, native.NativeError, StopIteration) as error:
            result["problems"].append(_problem(method, error))


def _result(description, file):
    return {
        "case": description["case"],
        "file": file["path"],
        "estimator": description["estimator"].rsplit(".", 1)[1],
        "inside": description["inside"],
        "status": "passed",
        "methods": {},
        "absent": [],
        "problems": [],
    }


def crashed(description, file, why):
    """The result for a file that took the process with it."""
    problem = "the process ended: " + why
    return dict(_result(description, file), status="failed", problems=[problem])


def check(library, folder, description, file):
    """The result for one file, as plain data. Never raises for what the library answers."""
    result, reason = _result(description, file), why_refused(description)
    start = time.monotonic()
    try:
        with library.open(os.path.join(folder, file["path"])) as model:
            result["open_ms"] = (time.monotonic() - start) * 1000
            if reason is not None:
                result["problems"].append("is served, but " + reason)
            _check_open(model, description, result)
    except native.NativeError as error:
        if reason is None and may_be_refused(description, str(error)):
            reason = "nothing says how wide its rows are"
        if reason is None or error.status != "unsupported":
            result["problems"].append(_problem("open", error))
        else:
            result["status"], result["refused"] = "refused", str(error)
    if result["problems"]:
        result["status"] = "failed"
    return result


def load(folder, name):
    """A description; those of old/ are compressed."""
    path = os.path.join(folder, name)
    opener = lzma.open if name.endswith(".xz") else open
    with opener(path, "rt", encoding="utf-8") as file:
        return json.load(file)
