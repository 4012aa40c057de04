#!/usr/bin/env python3
"""Writes tests/unit/pickles/: what numpy, scipy and joblib make of the same values.

    make_pickles.py TAG      TAG is np1 or np2; run with an interpreter that has that numpy

The values are repeated in test_ndarray.c and test_graph_file.c; the files are in git, so that the
unit tests need no Python.
"""

import bz2
import gzip
import lzma
import pathlib
import pickle
import subprocess
import sys

import joblib
import numpy as np
import scipy.sparse as sp

HERE = pathlib.Path(__file__).parent / "pickles"


def arrays():
    c = np.arange(6, dtype="f8").reshape(2, 3) + 0.5
    node = np.dtype({"names": ["left", "threshold", "leaf"], "formats": ["<i8", "<f8", "u1"],
                     "offsets": [0, 8, 16], "itemsize": 24})
    nodes = np.zeros(3, dtype=node)
    nodes["left"], nodes["threshold"], nodes["leaf"] = [1, -1, -2], [0.5, -2, 1e300], [0, 1, 1]
    selfish = np.empty(2, dtype=object)
    selfish[0], selfish[1] = 1.0, selfish
    out = {
        "c": c,
        "fortran": np.asfortranarray(c),
        "big": c.astype(">f8"),
        "three_d": np.asfortranarray(np.arange(24, dtype="i4").reshape(2, 3, 4)),
        "zero_d": np.array(3.5),
        "empty": np.empty((0, 3)),
        "f4": np.array([0.1, -np.inf, 3e38], dtype="f4"),
        "f2": np.array([1.5, -2**-24, 65504, np.inf], dtype="f2"),
        "i8": np.array([-(2**63), -1, 2**53], dtype="i8"),
        "i8_inexact": np.array([2**53 + 1], dtype="i8"),
        "i4_big": np.array([-5, 2**31 - 1], dtype=">i4"),
        "i2": np.array([-32768, 7], dtype="i2"),
        "i1": np.array([-128, 127], dtype="i1"),
        "u8": np.array([2**64 - 1], dtype="u8"),
        "u4": np.array([2**32 - 1], dtype="u4"),
        "u2": np.array([65535], dtype="u2"),
        "u1": np.array([255, 0], dtype="u1"),
        "bool": np.array([True, False]),
        "text": np.array(["a", "é€😀", ""]),
        "text_big": np.array(["abc", "Ω"]).astype(">U3"),
        "bytes": np.array([b"ab", b"c\xe9"]),
        "objects": np.array(["x", None, 1, 2.5, True, np.float64(3), np.str_("é")], dtype=object),
        "objects_f": np.asfortranarray(np.array([["a", "b"], ["c", "d"]], dtype=object)),
        "numbers": np.array([1, None, 2.5], dtype=object),
        "selfish": selfish,
        "nodes": nodes,
        "nodes_big": nodes.astype(node.newbyteorder(">")),
        "masked": np.ma.masked_array([1.0, 2.0, 3.0], mask=[False, True, False]),
        "matrix": np.matrix([[1.0, 2.0]]),
        "dates": np.array(["2020-01-01"], dtype="M8[D]"),
        "complex": np.array([1 + 2j]),
        "long": np.array([1.0], dtype="longdouble"),
        "subarray": np.zeros(1, dtype=[("a", "f8", (2,))]),
        "nested": np.zeros(1, dtype=[("a", [("b", "f8")])]),
        "scalar_f8": np.float64(1.5),
        "scalar_f4": np.float32(0.1),
        "scalar_i8": np.int64(-3),
        "scalar_bool": np.bool_(True),
        "scalar_text": np.str_("hé"),
        "scalar_empty": np.str_(""),
        "dtype": np.dtype("float32"),
        "type": np.float32,
        "list": [1, 2.5, True],
        "ints": (1, 2),
        "matrix_list": [[1, 2], [3, 4]],
        "mixed_list": ["a", None],
        "csr": sp.csr_matrix(np.array([[0, 1.5, 0], [2.5, 0, 3.5]])),
        "csc": sp.csc_matrix(np.array([[0, 1.5, 0], [2.5, 0, 3.5]])),
        "csr_array": sp.csr_array(np.array([[0, 1], [2, 0]], dtype="i4")),
    }
    return out


def main(tag):
    HERE.mkdir(exist_ok=True)
    values = arrays()
    for protocol in (0, 2, 4, 5):
        (HERE / f"arrays_{tag}_p{protocol}").write_bytes(pickle.dumps(values, protocol))
    # joblib reads these dtypes at once, so one that is refused would refuse the file.
    for name in ("subarray", "nested"):
        values.pop(name)
    joblib.dump(values, HERE / f"arrays_{tag}_joblib")
    if tag != "np2":
        return
    small = {"x": np.arange(4.0), "o": np.array(["a", None], dtype=object),
             "f": np.asfortranarray(np.arange(4, dtype="i2").reshape(2, 2)), "end": "here"}
    for method in ("zlib", "gzip", "bz2", "xz", "lzma", "lz4"):
        joblib.dump(small, HERE / f"joblib_{method}", compress=(method, 3))
    plain = pickle.dumps(small, 4)
    (HERE / "plain").write_bytes(plain)
    (HERE / "plain_trailing").write_bytes(plain + b"\0garbage")
    (HERE / "whole_gzip").write_bytes(gzip.compress(plain, mtime=0))
    (HERE / "members_gzip").write_bytes(gzip.compress(plain[:100], mtime=0) + bytes(5)
                                        + gzip.compress(plain[100:], mtime=0) + b"garbage")
    (HERE / "members_bz2").write_bytes(bz2.compress(plain[:100]) + bz2.compress(plain[100:]))
    (HERE / "members_xz").write_bytes(lzma.compress(plain[:100]) + bytes(4)
                                      + lzma.compress(plain[100:]))
    for method in ("lz4", "zstd"):  # the command-line tools are all that Python's library has of these
        run = lambda data: subprocess.run([method, "-qc"], input=data, stdout=subprocess.PIPE,
                                          check=True).stdout
        (HERE / f"members_{method}").write_bytes(run(plain[:100]) + run(plain[100:]))
    (HERE / "twice").write_bytes(gzip.compress((HERE / "joblib_zlib").read_bytes(), mtime=0))
    (HERE / "bomb_gzip").write_bytes(gzip.compress(gzip.compress(bytes(40_000_000), mtime=0),
                                                   mtime=0))


if __name__ == "__main__":
    main(sys.argv[1])
