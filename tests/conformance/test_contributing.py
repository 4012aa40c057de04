"""CONTRIBUTING.md says what is so: its commands run, its code is the code, its files are there."""

import re
import subprocess

from . import attempt, environments

ROOT = environments.ROOT
PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def _blocks(language):
    return re.findall(r"```%s\n(.*?)```" % language, PAGE, re.DOTALL)


def _dev(*arguments):
    done = subprocess.run([str(ROOT / "dev"), *arguments], stdout=subprocess.PIPE, text=True)
    assert done.returncode == 0
    return done.stdout


def _lines():
    """The arguments of every `./dev` line."""
    found = re.findall(r"\./dev ([^`\n]+)", PAGE)
    assert len(found) >= 6
    return [line.split() for line in found]


def test_its_commands_and_stages_exist():
    usage, stages = _dev("help"), _dev("test", "--list").split()
    for command, *arguments in _lines():
        assert re.search(r"^  %s\b" % command, usage, re.MULTILINE), command
        if command == "test" and arguments != ["--full"]:
            assert set(arguments) <= set(stages)


def test_its_code_is_the_code():
    sources = "src/import/sklearn/scale.c", "src/import/sklearn/estimators.def"
    code = "".join((ROOT / path).read_text(encoding="utf-8") for path in sources)
    assert len(_blocks("c")) == 2
    for block in _blocks("c"):
        assert block in code


def test_its_files_are_there():
    for path in re.findall(r"`((?:src|tests|docs)/[\w/.]+)`", PAGE):
        if not re.search("NAME|GROUP", path):
            assert (ROOT / path).exists(), path


def test_its_case_is_tried(capsys):
    (block,) = _blocks("python")
    cases = ROOT / "tests/conformance/fixtures/cases/x_preparation.py"
    assert block in cases.read_text(encoding="utf-8")
    assert attempt.main(["^x_prep_binarizer", "1.9.1"]) == 0
    printed = capsys.readouterr().out
    assert re.search(r"passed  x_prep_binarizer_half\.pkl  transform: equal", printed)
    assert printed.endswith(" 0 failed, 0 refused\n")


def test_what_nobody_made_is_not_tried(capsys):
    assert attempt.main(["^no_such_case$", "1.9.1"]) == 1
    assert "no case" in capsys.readouterr().err
