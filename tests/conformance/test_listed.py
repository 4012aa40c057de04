"""Every class of scikit-learn that answers for new rows has a model here, and none is left out."""

import json

from . import deployable, environments, suites


def test_every_class_has_a_model():
    version = environments.VERSIONS[-1]
    folder = suites.generate(version, "default")
    index = json.loads((folder / "_index.json").read_text(encoding="utf-8"))
    fitted = {path.rsplit(".", 1)[1] for path in index["estimators"]}
    assert sorted(set(deployable.names()) - fitted) == []
