"""The prediction routes: what goes in, what comes out, and what is refused."""

import json

import pytest
from scenario import raw, read_answers

ROW = [1, 10, 100]


def scaled(rows):
    import numpy
    from sklearn.preprocessing import StandardScaler

    fitted = numpy.array([[1.0, 10.0, 100.0], [2.0, 20.0, 200.0], [6.0, 60.0, 900.0]])
    return StandardScaler().fit(fitted).transform(numpy.array(rows, dtype=float)).tolist()


@pytest.fixture
def daemon(serve, models):
    return serve(models / "scaler.pkl")


@pytest.mark.parametrize(
    "path", ["/predict", "/advanced_predict", "/models/scaler/predict", "/predict?x=1"]
)
def test_every_route_gives_the_same_answer(daemon, path):
    assert daemon.predict(ROW, path) == scaled([ROW])


def test_batches_and_aliases(daemon):
    rows = [ROW, [2, 3, 4]]
    for key in ("inputs", "features", "data", "instances"):
        status, answer = daemon.json("POST", "/predict", {key: rows})
        assert (status, answer) == (200, {"prediction": scaled(rows)}), key
    assert daemon.json("POST", "/predict", {"inputs": []}) == (200, {"prediction": []})


@pytest.mark.parametrize(
    "content_type, body",
    [
        (None, '{"input": [1, 10, 100]}'),
        ("application/json; charset=utf-8", '{"input": [1, 10, 100]}'),
        ("application/x-www-form-urlencoded", '{"input": [1, 10, 100]}'),
        ("text/csv", "1,10,100\n"),
        ("application/x-ndjson", "[1, 10, 100]\n"),
    ],
)
def test_body_types(daemon, content_type, body):
    headers = {"Content-Type": content_type} if content_type else {}
    status, got, text = daemon.request("POST", "/predict", body, headers)
    assert status == 200, text
    assert json.loads(text) == {"prediction": scaled([ROW])}
    assert got["content-type"] == "application/json"


@pytest.mark.parametrize(
    "path, body, status, code",
    [
        ("/predict", "{", 400, "bad_request"),
        ("/predict", "", 400, "bad_request"),
        ("/predict", '{"input": [1, 2]}', 400, "bad_input"),
        ("/predict", '{"input": [1, 2, "x"]}', 400, "bad_input"),
        ("/predict", '{"input": [1, 2, 3], "inputs": []}', 400, "bad_request"),
        ("/predict", '{"input": [1, 2, 3], "method": "predict_proba"}', 400, "no_method"),
        ("/predict", b'{"input": ["\xff\xfe", 1, 2]}', 400, "bad_request"),
        ("/models/none/predict", '{"input": [1, 2, 3]}', 404, "not_found"),
        ("/models/scaler/versions/7/predict", '{"input": [1, 2, 3]}', 404, "not_found"),
        ("/models/scaler/labels/stable/predict", '{"input": [1, 2, 3]}', 404, "not_found"),
        ("/nothing", '{"input": [1, 2, 3]}', 404, "not_found"),
        ("/models/a%2Fb/predict", "{}", 404, "not_found"),
        ("/models/scaler%00/predict", "{}", 404, "not_found"),
    ],
)
def test_errors_say_what_and_keep_the_connection(daemon, path, body, status, code):
    import http.client

    connection = http.client.HTTPConnection(daemon.host, daemon.port, timeout=10)
    got, answer = daemon.json("POST", path, body, connection=connection)
    assert (got, answer["error"]["code"]) == (status, code), answer
    assert set(answer["error"]) == {"code", "message", "where"} and answer["error"]["message"]
    socket_before = connection.sock
    assert daemon.json("POST", "/predict", {"input": ROW}, connection=connection)[0] == 200
    assert connection.sock is socket_before, "the connection was not kept"


def test_other_types_are_415(daemon):
    status, answer = daemon.json("POST", "/predict", "x", {"Content-Type": "image/png"})
    assert (status, answer["error"]["code"]) == (415, "bad_media_type")


def test_verbs(daemon):
    status, headers, text = daemon.request("GET", "/predict")
    assert (status, headers["allow"]) == (405, "POST") and "bad_verb" in text
    status, headers, _ = daemon.request("POST", "/models", "{}")
    assert (status, headers["allow"]) == (405, "GET, HEAD")
    assert daemon.request("BREW", "/metrics")[0] == 405
    status, headers, text = daemon.request("HEAD", "/healthz")
    assert (status, text) == (200, "") and int(headers["content-length"]) > 0


def test_http_1_0_closes(daemon):
    answer = raw(daemon, b"GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n")
    assert answer.startswith(b"HTTP/1.") and b" 200 " in answer.splitlines()[0]
    assert answer.endswith(b'{"status":"ok"}\n')


def test_expect_100_continue(daemon):
    body = b'{"input": [1, 10, 100]}'
    with daemon.connect() as link:
        head = f"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n"
        link.sendall(head.encode() + b"Expect: 100-continue\r\n\r\n")
        assert link.recv(1000).startswith(b"HTTP/1.1 100 ")
        link.sendall(body)
        (answer,) = read_answers(link, 1)
    assert answer[0] == 200


def test_several_models_need_a_default(serve, models):
    daemon = serve(models / "scaler.pkl", models / "twice.pkl")
    for path in ("/predict", "/advanced_predict"):
        status, answer = daemon.json("POST", path, {"input": ROW})
        assert status == 404
        assert "scaler, twice" in answer["error"]["message"]
    assert daemon.predict(ROW, "/models/scaler/predict") == scaled([ROW])
    chosen = serve(models / "scaler.pkl", models / "twice.pkl", "--default", "scaler")
    assert chosen.predict(ROW) == scaled([ROW])


def test_log_says_hit_and_miss(serve, models):
    daemon = serve(models, "--log-level", "debug")
    daemon.predict(ROW, "/models/scaler/predict")
    daemon.predict(ROW, "/models/scaler/predict")
    daemon.stop()
    assert sum("cache miss: scaler" in line for line in daemon.lines) == 1
    assert sum("cache hit: scaler" in line for line in daemon.lines) == 1
    assert any("answered: scaler transform, 1 row" in line for line in daemon.lines)


def test_schema_says_what_each_method_answers(serve, models):
    daemon = serve(models / "scaler.pkl")
    daemon.wait_ready()
    status, answer = daemon.json("GET", "/models/scaler")
    assert status == 200
    transformed = [{"type": "float", "shape": [-1, 3], "sparse": False}]
    assert answer["schema"]["outputs"] == {
        "transform": transformed,
        "inverse_transform": transformed,
    }
