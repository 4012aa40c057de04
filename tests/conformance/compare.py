"""Is an answer what scikit-learn answers, and how far off is it?"""

from dataclasses import dataclass, replace

import numpy as np

from .fixtures.encoding import decode, encode
from .native import is_huge

# Which named part of an answer a recorded output is.
PART_OF = {
    "predict_std": "std",
    "predict_cov": "cov",
    "kneighbors_distance": "distances",
    "kneighbors_index": "indices",
    "radius_neighbors_distance": "distances",
    "radius_neighbors_index": "indices",
    "decision_path_starts": "n_nodes_ptr",
}
MISSING = (None, "nan")  # what JSON holds for None and NaN in an array of objects


@dataclass
class Distance:
    """How far the numbers of one answer are from scikit-learn's."""

    bit_equal: bool = True
    ulp: float = 0.0  # largest, in units in the last place of the expected number's dtype
    relative: float = 0.0  # largest, relative to the largest expected magnitude of the answer
    n_rows: int = 0
    n_values: int = 0
    n_equal: int = 0  # of them, to the last bit

    def join(self, other):
        self.n_rows = max(self.n_rows, other.n_rows)
        self.n_values += other.n_values
        self.n_equal += other.n_equal
        self.bit_equal = self.bit_equal and other.bit_equal
        self.ulp = max(self.ulp, other.ulp)
        self.relative = max(self.relative, other.relative)


class Mismatch(Exception):
    """The first difference that is not allowed."""


def _columns(array):
    return array if array.ndim == 2 else array.reshape(len(array), -1)


def _expected_parts(encoded):
    """[(array of 2 dimensions, is 1-D, is sparse, dtype name)], and whether it is a list."""
    is_list = "list" in encoded
    parts = []
    for item in encoded["list"] if is_list else [encoded]:
        array = decode(item)
        sparse = "sparse" in item
        array = array.toarray() if sparse and not is_huge(array.shape) else array
        parts.append((_columns(array), len(item["shape"]) == 1, sparse, item["dtype"]))
    return parts, is_list


def _blocks(encoded, output):
    """Three dimensions where we answer a list (of voters): the first one is the list. In 0.18 a
    MultiOutputClassifier has its outputs in the last one."""
    if "list" in encoded or len(encoded["shape"]) != 3 or not output.is_list:
        return encoded
    whole = decode(encoded)
    if len(whole) != len(output.parts) == whole.shape[2]:
        whole = np.moveaxis(whole, 2, 0)
    return {"list": [encode(block) for block in whole]}


def _got_parts(output, want_list, name):
    """The parts as scikit-learn shapes them: many labels a row are one matrix there."""
    if name:
        return [output.part(name)]
    parts = [part for part in output.parts if not part.name]
    if output.is_list and not want_list:
        first = parts[0]
        kind = "O" if any(part.kind != first.kind for part in parts) else first.kind
        values = np.hstack([part.values for part in parts])
        return [type(first)(first.name, kind, False, first.sparse, values)]
    if want_list and not output.is_list:
        raise Mismatch("one block where scikit-learn answers a list")
    return parts


def _check_shape(want, is_flat, is_sparse, got):
    if want.shape != got.values.shape:
        raise Mismatch("shape %s, want %s" % (got.values.shape, want.shape))
    if is_flat != got.scalar:
        raise Mismatch("%d-D answer, want %d-D" % (1 if got.scalar else 2, 1 if is_flat else 2))
    if is_sparse != got.sparse:
        raise Mismatch("sparse is %s, want %s" % (got.sparse, is_sparse))


def _same_value(want, got):
    if want in MISSING:
        return got is None or got != got
    return type(want) is type(got) and (want == got or (want != want and got != got))


def _compare_values(want, got, ignored):
    """Labels and cells: equal, type included."""
    n_ties = 0
    for row in range(len(want)):
        for w, g in zip(want[row].tolist(), got[row].tolist()):
            if _same_value(w, g):
                continue
            if row not in ignored or type(w) is not type(g):
                raise Mismatch("row %d: %r, want %r" % (row, g, w))
            n_ties += 1
    return _all_equal(want, n_ties)


def _all_equal(want, n_ties=0):
    return Distance(n_rows=len(want), n_values=want.size, n_equal=want.size - n_ties)


def _ulps(want, got, dtype):
    """Distance in units in the last place of `dtype`; 0 where both are the same or missing."""
    same = (want == got) | (np.isnan(want) & np.isnan(got))
    finite = np.isfinite(want) & np.isfinite(got) & ~same
    ulps = np.zeros(want.shape)
    spacing = np.spacing(np.abs(want[finite]).astype(dtype)).astype(np.float64)
    ulps[finite] = np.abs(got[finite] - want[finite]) / spacing
    return ulps, same


def _close(want, got, method, description):
    """Within the tolerance, or within what scikit-learn's own answer moves (fixtures/slack.py)."""
    rtol, atol = description["rtol"], description["atol"]
    close = np.isclose(got, want, rtol=rtol, atol=atol, equal_nan=True)
    slack = description["slack"].get(method)
    if slack is None:
        return close
    slack = np.array([float(value) for value in slack]).reshape(want.shape)
    return close | (np.abs(got - want) <= slack * (1 + rtol))


def _compare_floats(want, got, dtype, method, description):
    want = want.astype(np.float64)
    close = _close(want, got, method, description)
    if not close.all():
        row, column = np.argwhere(~close)[0]
        raise Mismatch(
            "row %d column %d: %r, want %r (%d of %d values differ)"
            % (row, column, got[row, column], want[row, column], (~close).sum(), close.size)
        )
    ulps, same = _ulps(want, got, dtype)
    finite = np.isfinite(want)
    scale = np.abs(want[finite]).max() if finite.any() else 0.0
    error = np.abs(got[finite] - want[finite]).max() if finite.any() else 0.0
    relative = float(error / scale) if scale > 0 else float(error)
    return Distance(
        bool(same.all()),
        float(ulps.max(initial=0.0)),
        relative,
        n_rows=len(want),
        n_values=same.size,
        n_equal=int(same.sum()),
    )


def _numbers(got):
    """Cells of which each is a float, as floats; else None."""
    if got.kind != "O" or any(type(value) is not float for row in got.values for value in row):
        return None
    return got.values.astype(np.float64)


def _compare_neighbours(want, got, description):
    """Equal, or another neighbour that scikit-learn itself finds as far: which of them comes first is
    up to the rounding of a matrix product. How far a training row is stands in the fixture, be it
    among the neighbours or behind the last one (fixtures/tied_neighbours.py); one of which it does not is
    wrong, and so is one that is named twice. Without distances (the fuzzer's) no other is right."""
    distances = np.full(want.shape, np.nan)
    if "kneighbors_distance" in description["outputs"]:
        distances = decode(description["outputs"]["kneighbors_distance"])
    rtol, atol = description["rtol"], description["atol"]
    behind = description.get("tied_neighbours", {})
    for row in np.flatnonzero((want != got.values).any(axis=1)):
        known = dict(zip(want[row].tolist(), distances[row]))
        known.update(dict.fromkeys(behind.get(str(row), ()), distances[row, -1]))
        found = got.values[row].tolist()
        true = np.array([known.get(index, np.nan) for index in found])
        is_tied = np.isclose(true, distances[row], rtol=rtol, atol=atol)
        if len(set(found)) < len(found) or not (is_tied | (want[row] == found)).all():
            raise Mismatch("row %d: %s, want %s" % (row, found, want[row].tolist()))
    return _all_equal(want, int((want != got.values).sum()))


def _compare_part(want, dtype, got, method, description):
    ignored = set(description["near_tie_rows"]) if method == "predict" else set()
    values = _numbers(got) if np.dtype(dtype if dtype != "str" else "O").kind == "f" else None
    if values is not None:
        return _compare_floats(want, values, dtype, method, description)
    if dtype in ("str", "object") or got.kind == "O":
        cells = got.values.astype(np.int64) if got.kind == "i" else got.values
        return _compare_values(want, cells, ignored)
    kind = np.dtype(dtype).kind
    if got.kind != kind.replace("u", "i"):
        raise Mismatch("numbers of kind %s, want %s" % (got.kind, dtype))
    if kind == "f":
        return _compare_floats(want, got.values, dtype, method, description)
    if method == "kneighbors_index":
        return _compare_neighbours(want, got, description)
    differ = np.flatnonzero((want.astype(np.float64) != got.values).any(axis=1))
    rows = [row for row in differ if row not in ignored]
    if rows:
        raise Mismatch(
            "row %d: %s, want %s" % (rows[0], got.values[rows[0]].tolist(), want[rows[0]].tolist())
        )
    return _all_equal(want, len(differ))


def _lists_of_row(description, output, row):
    """What both say of the neighbours of a row within the radius: ({index: distance}, order) each."""
    answers = description["outputs"]
    want = decode(answers["radius_neighbors_index"])[row]
    far = [float(value) for value in decode(answers["radius_neighbors_distance"])[row]]
    found, found_far = (output.part(name).values[row, 0] for name in ("indices", "distances"))
    if len(set(found)) < len(found) or len(found) != len(found_far):
        raise Mismatch("row %d: %s is no list of neighbours" % (row, found))
    return (dict(zip(want, far)), want), (dict(zip(found, found_far)), found)


def _compare_lists(method, description, output):
    """Neighbours within a radius: the same ones in the same order, but for those so near to the edge
    that rounding says on which side they are."""
    radius, tolerance = description["radius"], (description["rtol"], description["atol"])
    distance = Distance(n_rows=output.n_rows)
    for row in range(output.n_rows):
        (want, want_order), (got, got_order) = _lists_of_row(description, output, row)
        edge = set(want) ^ set(got)
        if any(not np.isclose({**want, **got}[index], radius, *tolerance) for index in edge):
            raise Mismatch("row %d: neighbours %s, want %s" % (row, got_order, want_order))
        both = [index for index in want_order if index not in edge]
        if both != [index for index in got_order if index not in edge]:
            raise Mismatch("row %d: in the order %s, want %s" % (row, got_order, want_order))
        if method == "radius_neighbors_distance" and both:
            column = [np.array([[items[index]] for index in both]) for items in (want, got)]
            distance.join(_compare_floats(*column, "float64", method, description))
        elif both:
            distance.join(_all_equal(np.array(both)))
    return distance


def _without_empty_columns(want, part):
    """Huge matrices: the columns where either has an entry, with their zeros."""
    columns = np.union1d(want.indices, part.values.indices)
    return want[:, columns].toarray(), replace(part, values=part.values[:, columns].toarray())


def _compare_patches(method, description, output):
    """One array of all patches there, a list a row here."""
    encoded = description["outputs"][method]
    want, (part,) = decode(encoded), output.parts
    got = np.concatenate([np.array(row, dtype=np.float64) for row in part.values.ravel()])
    if want.shape != got.shape:
        raise Mismatch("shape %s, want %s" % (got.shape, want.shape))
    flat = len(want), -1
    return _compare_floats(
        want.reshape(flat), got.reshape(flat), encoded["dtype"], method, description
    )


def compare(method, description, output):
    """The Distance of an answer; Mismatch says how it is wrong."""
    if description["input"]["kind"] == "images":
        return _compare_patches(method, description, output)
    if method.startswith("radius_neighbors_") and method in PART_OF:
        return _compare_lists(method, description, output)
    parts, want_list = _expected_parts(_blocks(description["outputs"][method], output))
    got = _got_parts(output, want_list, PART_OF.get(method, ""))
    if len(parts) != len(got):
        raise Mismatch("%d blocks, want %d" % (len(got), len(parts)))
    distance = Distance()
    for (want, is_flat, is_sparse, dtype), part in zip(parts, got):
        _check_shape(want, is_flat, is_sparse, part)
        if is_sparse and is_huge(want.shape):
            want, part = _without_empty_columns(want, part)
        distance.join(_compare_part(want, dtype, part, method, description))
    return distance
