"""What became of each full set, at the end: a version whose Python is missing is named."""

import pytest

_TOLD = pytest.StashKey[dict]()


def tell(config, name, what):
    config.stash.setdefault(_TOLD, {})[name] = what


def pytest_terminal_summary(terminalreporter, config):
    for name, what in config.stash.get(_TOLD, {}).items():
        bad = "SKIPPED" in what or " 0 failed" not in what
        terminalreporter.write_line("full set %-20s %s" % (name + ":", what), red=bad)
