"""What is promised to clients, line by line: requests in all their forms, statuses, accounting."""

import json
import pickle
import shutil
import socket

import numpy
import pytest
from scenario import ROOT, raw
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.preprocessing import MaxAbsScaler, OneHotEncoder, StandardScaler

rng = numpy.random.default_rng(0)
X = rng.normal(size=(40, 3))
Y = X[:, 0] > 0
FITTED = {
    "scaler": StandardScaler().fit(X),
    "maxabs": MaxAbsScaler().fit(numpy.abs(X) // 0.1 + [[8, 4, 2]]),
    "line": LinearRegression().fit(X, X @ [1.0, 2.0, 3.0]),
    "truth": LogisticRegression().fit(X, Y),
    "pair": RandomForestClassifier(3, random_state=0).fit(X, numpy.c_[Y, ~Y].astype(int)),
    "single": StandardScaler().fit(numpy.array([["1"], ["3"]], dtype=float)),
    "word": OneHotEncoder().fit(numpy.array([["a"], ["b"]], dtype=object)),
    "narrow": StandardScaler().fit(X.astype(numpy.float32)),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("contract")
    for name, model in FITTED.items():
        (folder / f"{name}.pkl").write_bytes(pickle.dumps(model))
    shutil.copy(ROOT / "examples" / "churn.pkl", folder)
    return folder


@pytest.fixture
def daemon(serve, folder):
    return serve(folder)


def churn(**changes):
    row = {"tenure_months": 3, "monthly_charge": 89.5, "support_calls": 4, "contract": "monthly",
           "payment": "card", "paperless": True, **changes}  # fmt: skip
    return json.dumps(row)


def transformed(name, *rows, method="transform"):
    got = getattr(FITTED[name], method)(numpy.array(rows, dtype=float))
    return got.astype(float).tolist()


SCALED = transformed("scaler", [1, 2, 3])


@pytest.mark.parametrize(
    "name, body, prediction",
    [
        ("scaler", '{"input": [1, 2, 3]}', SCALED),
        ("scaler", '{"features": [1, 2, 3]}', SCALED),
        ("scaler", '{"instances": [[1, 2, 3]], "method": "transform"}', SCALED),
        ("scaler", '{"input": [[1, 2, 3]]}', SCALED),
        ("scaler", '{"data": [[1, 2, 3], [1, 2, 3]]}', SCALED * 2),
        ("scaler", '{"inputs": [], "timeout": 5}', []),
        ("scaler", '{"input": [1e0, 2.0, 30E-1], "return_std": false}', SCALED),
        ("line", '{"input": [1, 1, 1]}', transformed("line", [1, 1, 1], method="predict")),
        ("truth", '{"inputs": [[9, 0, 0], [-9, 0, 0]]}', [True, False]),
        ("pair", '{"input": [9, 0, 0]}', [[1, 0]]),
        ("pair", '{"input": [9, 0, 0], "method": "predict_proba"}', [[[0.0, 1.0], [1.0, 0.0]]]),
        ("word", '{"input": "a"}', [{"indices": [0], "values": [1.0]}]),
        ("word", '{"input": ["a"]}', [{"indices": [0], "values": [1.0]}]),
        ("word", '{"data": ["a", "b"]}',
         [{"indices": [0], "values": [1.0]}, {"indices": [1], "values": [1.0]}]),
        ("churn", '{"input": %s}' % churn(), ["leaves"]),
        ("churn", '{"instances": [%s, %s]}' % (churn(), churn(extra=1)), ["leaves"] * 2),
        ("churn", '{"input": [3, 89.5, 4, "monthly", null, true]}', ["leaves"]),
        ("churn", '{"input": %s}' % churn(monthly_charge=None, payment=None), ["leaves"]),
    ],
)  # fmt: skip
def test_rows(daemon, name, body, prediction):
    status, answer = daemon.json("POST", f"/models/{name}/predict", body)
    assert status == 200, answer
    assert json.dumps(answer["prediction"]) == json.dumps(prediction), "types count too"


def test_sparse_rows(daemon):
    scale = FITTED["maxabs"].scale_
    rows = '[{"indices": [0, 2], "values": [1, 2]}, {"indices": [], "values": []}]'
    status, answer = daemon.json("POST", "/models/maxabs/predict", '{"inputs": %s}' % rows)
    assert status == 200, answer
    assert answer["prediction"] == [
        {"indices": [0, 2], "values": [1 / scale[0], 2 / scale[2]]},
        {"indices": [], "values": []},
    ]
    for row in ('{"indices": [3], "values": [1]}', '{"indices": [-1], "values": [1]}',
                '{"indices": [0, 0], "values": [1, 1]}', '{"indices": [0], "values": [1, 2]}',
                '{"indices": [0.5], "values": [1]}', '{"values": [1]}'):  # fmt: skip
        assert daemon.json("POST", "/models/maxabs/predict", '{"input": %s}' % row)[0] == 400, row


def test_what_is_no_number(daemon):
    for missing in ("NaN", "null"):
        body = '{"input": [%s, 2, 3]}' % missing
        assert '[[NaN,' in daemon.request("POST", "/models/scaler/predict", body)[2]
    for infinite in ("Infinity", "-Infinity", "1e999"):
        body = '{"input": [%s, 2, 3]}' % infinite
        assert daemon.json("POST", "/models/scaler/predict", body)[0] == 400
    text = daemon.request("POST", "/models/pair/predict",
                          '{"input": [9, 0, 0], "method": "predict_log_proba"}')[2]  # fmt: skip
    assert text == '{"prediction":[[[-Infinity,0.0],[0.0,-Infinity]]]}\n'


def test_csv_header_only_if_it_holds_the_names(daemon):
    names = "tenure_months,monthly_charge,support_calls,contract,payment,paperless\n"
    csv = {"Content-Type": "text/csv"}
    for body in (names + "3,89.5,4,monthly,card,true\n", "3,89.5,4,monthly,,True\r\n"):
        status, answer = daemon.json("POST", "/models/churn/predict", body, csv)
        assert (status, answer) == (200, {"prediction": ["leaves"]}), body
    assert daemon.json("POST", "/models/scaler/predict", "a,b,c\n1,2,3\n", csv)[0] == 400
    lines = {"Content-Type": "application/x-ndjson"}
    status, answer = daemon.json("POST", "/models/churn/predict", churn() + "\n" + churn(), lines)
    assert (status, answer) == (200, {"prediction": ["leaves", "leaves"]})


def test_each_request_that_names_a_model_is_one_hit_or_miss(daemon):
    path, row = "/models/scaler/predict", '{"input": [1, 2, 3]}'
    requests = [
        (path, row, {}, 200),
        (path, row, {}, 200),
        (path, "{", {}, 400),
        (path, row, {"Content-Type": "image/png"}, 415),
        (path, '{"input": [1]}', {}, 400),
        (path.replace("predict", "versions/9/predict"), row, {}, 404),
    ]
    for where, body, headers, status in requests:
        assert daemon.request("POST", where, body, headers)[0] == status
    for where in ("/models/none/predict", "/predict"):
        assert daemon.request("POST", where, row)[0] == 404
    daemon.request("POST", "/models/scaler/load")
    daemon.request("POST", "/models/scaler/refresh")
    entry = daemon.json("GET", "/models/scaler")[1]
    assert (entry["hits"], entry["misses"]) == (len(requests) - 1, 1)
    assert daemon.metric("modelcached_model_cache_hits_total") == len(requests) - 1
    assert daemon.metric("modelcached_model_cache_misses_total") == 1


def test_a_refused_request_is_counted_once(serve, folder):
    daemon = serve(folder / "scaler.pkl", "--max-body", "1000")
    head = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\n"
    assert b" 413 " in raw(daemon, head + b"Content-Length: 2000\r\n\r\n").splitlines()[0]
    text = daemon.request("GET", "/metrics")[2]
    counts = [line for line in text.splitlines() if line.startswith("modelcached_requests_total{")]
    assert [line.rpartition(" ")[2] for line in counts] == ["1"], counts


def test_models_that_cannot_be_had(serve, folder, tmp_path):
    shutil.copy(folder / "scaler.pkl", tmp_path)
    (tmp_path / "broken.pkl").write_bytes(b"\x80\x04not a pickle")
    daemon = serve(tmp_path, "--memory-budget", "100")
    for verb in ("predict", "load", "refresh"):
        body = '{"input": [1, 2, 3]}' if verb == "predict" else None
        status, answer = daemon.json("POST", f"/models/broken/{verb}", body)
        assert status == 422 and answer["error"]["code"] == "malformed", answer
        status, answer = daemon.json("POST", f"/models/scaler/{verb}", body)
        assert (status, answer["error"]["code"]) == (507, "over_budget"), answer
    assert daemon.json("GET", "/models/broken")[1]["state"] == "failed"
    assert daemon.request("GET", "/readyz")[0] == daemon.request("GET", "/healthz")[0] == 200


def test_load_of_another_source_swaps(serve, folder):
    daemon = serve(folder / "scaler.pkl")
    before = daemon.predict([1, 2, 3])
    source = {"source": str(folder / "narrow.pkl")}
    assert daemon.json("POST", "/models/scaler/load", source)[1]["generation"] == 2
    assert daemon.predict([1, 2, 3]) != before
    assert daemon.json("POST", "/models/scaler/load", source)[1]["generation"] == 2, "idempotent"


@pytest.mark.parametrize(
    "host, status",
    [
        ("LocalHost:5000", 200),
        ("127.0.0.1", 200),
        ("[::1]:80", 200),
        ("[0:0:0:0:0:0:0:1]", 200),
        ("localhost:evil.example", 403),
        ("localhost@evil.example", 403),
        ("localhost.evil.example", 403),
        ("[::1]evil.example", 403),
        ("[localhost]", 403),
        ("[127.0.0.1]", 403),
        ("2130706433", 403),
        ("0.0.0.0", 403),
        ("", 403),
    ],
)
def test_host_of_admin_calls(serve, folder, host, status):
    daemon = serve(folder / "scaler.pkl")
    assert daemon.request("POST", "/refresh", headers={"Host": host})[0] == status
    forwarded = {"Host": "evil.example", "X-Forwarded-Host": "localhost", "Forwarded": "for=::1"}
    assert daemon.request("POST", "/refresh", headers=forwarded)[0] == 403


def test_two_codings_are_refused(daemon):
    coding = b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n"
    head = b"POST /models/scaler/predict HTTP/1.1\r\nHost: x\r\n" + coding
    answer = raw(daemon, head + b"\r\n0\r\n\r\n")
    assert b" 400 " in answer.splitlines()[0] and b"one Content-Length" in answer


def test_long_heads_are_answered(daemon):
    head = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
    refused = b"too_large"
    for size, says in ((3000, b'"ok"'), (3600, refused), (3700, refused), (6000, b" 431 ")):
        assert says in raw(daemon, head + b"X: %s\r\n\r\n" % (b"a" * size)), size
    arguments = b"GET /healthz?" + b"&".join([b"a=b"] * 55) + b" HTTP/1.1\r\nHost: x\r\n\r\n"
    assert b" 431 " in raw(daemon, arguments)


def test_metrics_name_what_is_promised(daemon):
    daemon.json("POST", "/models/scaler/predict", {"input": [1, 2, 3]})
    text = daemon.request("GET", "/metrics")[2]
    for sample in (
        'requests_total{model="scaler",version="",protocol="native",code="200"} 1',
        "request_duration_seconds_count 1",
        "model_cache_hits_total 0",
        "model_cache_misses_total 1",
        'model_cache_evictions_total{reason="budget"} 0',
        "prediction_cache_hits_total ",
        "prediction_cache_misses_total ",
        'model_memory_bytes{model="scaler",version=""} ',
        "memory_limit_bytes ",
        'model_load_duration_seconds{model="scaler",version=""} ',
    ):
        assert f"\nmodelcached_{sample}" in text, sample


def test_sigterm_in_traffic_loses_no_answer(serve, folder):
    daemon = serve(folder / "scaler.pkl")
    daemon.wait_ready()
    body = b'{"input": [1, 2, 3]}'
    head = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body)
    links = [daemon.connect() for _ in range(20)]
    for link in links:
        link.sendall(head + body[:5])
    daemon.request("GET", "/healthz")  # all have been accepted, and wait for the rest
    daemon.process.terminate()
    for link in links:
        link.sendall(body[5:])
        link.shutdown(socket.SHUT_WR)
        assert link.recv(12) == b"HTTP/1.1 200"
        link.close()
    assert daemon.stop() == 0
