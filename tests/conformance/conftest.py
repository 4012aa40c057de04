"""Options of the conformance tests, and the suites that they run over.

pytest tests/conformance                     1.2.2 and 1.9.1
pytest tests/conformance --full              every minor version from 1.2 to 1.9
pytest tests/conformance --sklearn 1.9.1     one version
MC_SUITE=name pytest tests/conformance       again what a run with a drawn suite found
"""

import os
import secrets

import pytest

from . import environments, suites


def pytest_addoption(parser):
    group = parser.getgroup("conformance")
    group.addoption("--full", action="store_true", help="every version of scikit-learn")
    group.addoption("--sklearn", action="append", help="this version only; may be repeated")
    group.addoption("--only", default="", metavar="REGEX", help="cases to check")
    group.addoption("--third-party", action="append", help="packages of this set: old, middle, new")
    group.addoption("--suite", help="suite beside the default one, instead of a drawn name")


def _versions(config):
    if config.getoption("--sklearn"):
        return tuple(config.getoption("--sklearn"))
    return environments.VERSIONS_FULL if config.getoption("--full") else environments.VERSIONS


def _drawn_suite(config):
    """The name of the second suite: given, or drawn here and printed."""
    name = config.getoption("--suite") or os.environ.get("MC_SUITE")
    return name or "drawn-" + secrets.token_hex(4)


class Suites:
    """The folders of this run and, once asked for, the results of checking them."""

    def __init__(self, config):
        self.only = config.getoption("--only")
        self.drawn = _drawn_suite(config)
        pairs = [(v, s) for v in _versions(config) for s in ("default", self.drawn)]
        self.folders = suites.generate_all(pairs)
        self.results = {}

    def result(self, pair, file):
        if pair not in self.results:
            self.results[pair] = suites.check(self.folders[pair], self.only)
            if not self.only:  # a part of a suite is no result to report
                suites.save(*pair, list(self.results[pair].values()))
        return self.results[pair][file]

    def parameters(self):
        for pair, folder in self.folders.items():
            for _, _, file in suites.files(folder, self.only):
                yield pytest.param(pair, file, id="%s-%s-%s" % (*pair, file))


_SUITES = pytest.StashKey[Suites]()


def _suites(config):
    if _SUITES not in config.stash:
        config.stash[_SUITES] = Suites(config)
    return config.stash[_SUITES]


def pytest_generate_tests(metafunc):
    if {"pair", "file"} <= set(metafunc.fixturenames):
        metafunc.parametrize("pair, file", list(_suites(metafunc.config).parameters()))


@pytest.fixture
def result(request, pair, file):
    return _suites(request.config).result(pair, file)


def pytest_terminal_summary(terminalreporter, config):
    if _SUITES not in config.stash:
        return
    found = config.stash[_SUITES]
    for (version, suite), results in found.results.items():
        numbers = suites.counts(results.values())
        terminalreporter.write_line(
            "scikit-learn %s, suite %s: passed %d, failed %d, refused %d"
            % (version, suite, *numbers)
        )
    for line in suites.lost(found.folders):
        terminalreporter.write_line("no fixture was made: " + line, yellow=True)
    terminalreporter.write_line("the drawn suite again: MC_SUITE=%s" % found.drawn)
