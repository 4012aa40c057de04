"""The app that modelcached replaces, as its users write it: python flask_app.py model.pkl PORT"""

import logging
import pickle
import sys

from flask import Flask, jsonify, request

app = Flask(__name__)
log = logging.getLogger("flask_app")
global_model = None


def load_model(path):
    global global_model
    if global_model is None:
        with open(path, "rb") as file:
            global_model = pickle.load(file)
        log.info("model loaded")
    else:
        log.info("using cached model")
    return global_model


class ModelCache:
    def __init__(self, path):
        self.path, self.model = path, None

    def load(self):
        if self.model is None:
            self.refresh()
        else:
            log.info("already cached")

    def refresh(self):
        with open(self.path, "rb") as file:
            self.model = pickle.load(file)
        log.info("model refreshed")

    def predict(self, rows):
        self.load()
        return self.model.predict(rows)


@app.post("/predict")
def predict():
    row = request.get_json(force=True)["input"]
    return jsonify({"prediction": load_model(cache.path).predict([row]).tolist()})


@app.post("/advanced_predict")
def advanced_predict():
    row = request.get_json(force=True)["input"]
    return jsonify({"prediction": cache.predict([row]).tolist()})


@app.post("/refresh")
def refresh():
    global global_model
    global_model = None
    load_model(cache.path)
    cache.refresh()
    return jsonify({"state": "ready"})


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    cache = ModelCache(sys.argv[1])
    load_model(cache.path)
    app.run(host="127.0.0.1", port=int(sys.argv[2]))
