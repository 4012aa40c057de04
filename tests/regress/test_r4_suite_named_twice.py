"""A suite that a run names twice was made by two generators at once, in one folder."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.conformance import suites  # noqa: E402


def test_a_suite_named_twice_is_made_once(monkeypatch):
    made = []
    monkeypatch.setattr(suites, "generate", lambda *pair: made.append(pair) or Path("folder"))
    monkeypatch.setattr(suites.environments, "interpreter", lambda version: "python")
    found = suites.generate_all([("1.9.1", "default"), ("1.9.1", "default")])
    assert made == [("1.9.1", "default")] and list(found) == made
