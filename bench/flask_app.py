"""The peer: a model in a global, predicted per request, as tutorials do it.

$MODEL names the pickle. `python -m bench.flask_app PORT` is Flask's development server;
`gunicorn bench.flask_app:app` is the same application in production's clothes.
"""

import os
import pickle
import sys

from flask import Flask, jsonify, request

app = Flask(__name__)
with open(os.environ["MODEL"], "rb") as file:
    model = pickle.load(file)


@app.route("/predict", methods=["POST"])
def predict():
    row = request.get_json(force=True)["input"]
    return jsonify({"prediction": model.predict([row]).tolist()})


if __name__ == "__main__":
    import logging

    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # a line a request would only cost it
    app.run(host="127.0.0.1", port=int(sys.argv[1]))
