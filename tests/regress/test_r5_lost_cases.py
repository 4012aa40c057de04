"""Issue 4: a drawn suite may lose one case in 200 to what cannot be fitted, and nobody saw which: the
summary of the run names them."""

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.conformance import suites  # noqa: E402


def _suite(folder, failed, skipped):
    folder.mkdir()
    index = {"failed": failed, "skipped": skipped}
    (folder / "_index.json").write_text(json.dumps(index), encoding="utf-8")
    return folder


def test_lost_cases_are_named(tmp_path):
    fixed = _suite(tmp_path / "fixed", {}, {"clf_old": "no parameter algorithm"})
    skipped = {"clf_old": "no parameter algorithm", "svc_nu": "InvalidParameterError: nu"}
    drawn = _suite(tmp_path / "drawn", {"gp_reg": "LinAlgError: not positive"}, skipped)
    folders = {("1.9.1", "default"): fixed, ("1.9.1", "drawn-1"): drawn}
    assert suites.lost(folders) == [
        "1.9.1 drawn-1: gp_reg: LinAlgError: not positive",
        "1.9.1 drawn-1: svc_nu: InvalidParameterError: nu",
    ]
    assert suites.lost({("1.9.1", "default"): fixed}) == []
