"""Issue 4: the differential fuzzer said "0 differences" where it could ask nothing at all."""

import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def test_no_library_is_no_success(tmp_path):
    environment = dict(os.environ, MODELCACHE_BUILD=str(tmp_path))
    run = subprocess.run(
        [sys.executable, "-m", "tests.conformance.differential", "--seed", "1", "--case", "0"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.returncode == 2, run.stdout + run.stderr
    assert "0 cases" in run.stdout
