#!/usr/bin/env python
"""Writes the old_* files of tests/unit/pickles/: the values of test_graph_file.c by an old joblib.

    make_old_pickles.py JOBLIB NAME=OPTIONS...      JOBLIB: a folder with joblib up to 0.9

    python2.7 make_old_pickles.py joblib-0.8.4 'old_files={}' 'old_one_py2={"compress":3}'
    python3.6 make_old_pickles.py joblib-0.9.4 'old_one={"compress":3}' \\
        'old_zfiles={"compress":3,"cache_size":0}'
"""

import json
import os
import sys

sys.path.insert(0, sys.argv[1])
import joblib  # noqa: E402
import numpy as np  # noqa: E402

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "pickles")


def main(calls):
    small = {"x": np.arange(4.0), "o": np.array(["a", None], dtype=object),
             "f": np.asfortranarray(np.arange(4, dtype="i2").reshape(2, 2)), "end": "here"}
    for call in calls:
        name, options = call.split("=", 1)
        joblib.dump(small, os.path.join(HERE, name), **json.loads(options))


if __name__ == "__main__":
    main(sys.argv[2:])
