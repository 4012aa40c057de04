"""Every model file answers as the scikit-learn that wrote it, or is refused by name."""

import pytest


def test_answers_as_scikit_learn(result):
    if result["status"] == "refused":
        pytest.skip("refused: " + result["refused"])
    assert result["status"] == "passed", "\n".join(result["problems"])
