"""The models that are served, and rows to ask: new ones every time, around the data fitted on."""

import json
import pickle

import numpy as np
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression

SEED = 11
N_BODIES = 16384

MODELS = {
    "logistic": LogisticRegression(max_iter=1000),
    "forest": RandomForestClassifier(n_estimators=100, random_state=SEED),
}
TITLES = {
    "logistic": "logistic regression, iris",
    "forest": "forest of 100 trees, iris",
}


def make(folder):
    """Writes NAME.pkl for each model and bodies.txt, a request body a line. Returns the models."""
    folder.mkdir(parents=True, exist_ok=True)
    data = load_iris()
    fitted = {}
    for name, model in MODELS.items():
        fitted[name] = model.fit(data.data, data.target_names[data.target])
        (folder / f"{name}.pkl").write_bytes(pickle.dumps(fitted[name]))
    rng = np.random.default_rng(SEED)
    rows = data.data[rng.integers(0, len(data.data), N_BODIES)]
    rows = (rows + rng.normal(0.0, 0.15, rows.shape)).clip(0.1).round(2)
    bodies = [json.dumps({"input": row}) for row in rows.tolist()]
    (folder / "bodies.txt").write_text("\n".join(bodies) + "\n")
    return fitted


def row_of(body):
    return json.loads(body)["input"]
