"""Clients that are broken, slow or hostile. After each of them the daemon serves on, unharmed."""

import http.client
import json
import random
import re
import socket
import threading
import time

import pytest
from scenario import raw, read_all, read_answers

ROW = [1, 10, 100]
BODY = b'{"input": [1, 10, 100]}'


@pytest.fixture
def daemon(serve, models):
    started = serve(
        models / "scaler.pkl", "--max-body", "1M", "--read-timeout", "1", "--idle-timeout", "2",
        "--threads", "2",
    )  # fmt: skip
    right = started.predict(ROW)
    threads = started.threads()
    yield started
    assert started.predict(ROW) == right
    assert started.threads() == threads, "a thread was lost or leaked"
    until = time.monotonic() + 10
    while started.metric("modelcached_request_memory_bytes") > 1 << 20:
        assert time.monotonic() < until, "request memory was not given back"
        time.sleep(0.05)


def post(body, *headers, path="/predict"):
    head = [f"POST {path} HTTP/1.1", "Host: x", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


def chunked(pieces, *headers):
    head = ["POST /predict HTTP/1.1", "Host: x", "Transfer-Encoding: chunked", *headers]
    body = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body + b"0\r\n\r\n"


def status_of(answer):
    assert answer.startswith(b"HTTP/1."), answer[:200]
    return int(answer.split()[1])


def test_body_split_at_every_byte(daemon):
    for cut in range(1, len(BODY)):
        answer = raw(daemon, chunked([BODY[:cut], BODY[cut:]], "Connection: close"))
        assert status_of(answer) == 200 and b"prediction" in answer, cut


def test_one_byte_chunks_and_packets(daemon):
    data = chunked([bytes([byte]) for byte in BODY])
    with daemon.connect() as link:
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in data:
            link.sendall(bytes([byte]))
        assert read_answers(link, 1)[0][0] == 200


def test_pipelined_requests_are_answered_in_order(daemon):
    rows = [[i, 2 * i, 3 * i] for i in range(50)]
    bodies = [json.dumps({"input": row}).encode() for row in rows]
    with daemon.connect() as link:
        link.sendall(b"".join(post(body) for body in bodies))
        answers = read_answers(link, len(rows))
    assert [status for status, _ in answers] == [200] * len(rows)
    assert [json.loads(text)["prediction"] for _, text in answers] == [
        daemon.predict(row) for row in rows
    ]


def test_pipelined_after_errors(daemon):
    bad = post(b'{"input": [1]}')
    with daemon.connect() as link:
        link.sendall(bad + post(BODY) + post(b"{", path="/nowhere") + post(BODY))
        statuses = [status for status, _ in read_answers(link, 4)]
    assert statuses == [400, 200, 404, 200]


def test_declared_length_over_the_limit_is_413_at_once(daemon):
    with daemon.connect() as link:
        link.sendall(b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n{")
        answer = read_all(link)
    assert status_of(answer) == 413 and b'"too_large"' in answer


@pytest.mark.parametrize("length", ["18446744073709551615", "18446744073709551616", "9" * 40])
def test_absurd_lengths(daemon, length):
    data = f"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n{{}}".encode()
    assert status_of(raw(daemon, data)) in (400, 413)


def test_client_that_sends_a_whole_large_body_sees_the_413(daemon):
    connection = http.client.HTTPConnection(daemon.host, daemon.port, timeout=20)
    try:
        connection.request("POST", "/predict", b" " * (8 << 20))
    except OSError:
        pass  # the daemon need not read it all
    assert connection.getresponse().status == 413
    connection.close()


def test_chunked_body_over_the_limit(daemon):
    a_bit = chunked([b" " * 65536] * 20)  # 1.25 MiB: within the mile that is drained
    with daemon.connect() as link:
        link.sendall(a_bit)
        answer = read_all(link)
    assert status_of(answer) == 413 and b'"too_large"' in answer and b"Connection: close" in answer
    with daemon.connect() as link:  # far too much: hung up on
        try:
            link.sendall(chunked([b" " * 65536] * 400))
        except OSError:
            pass
        answer = read_all(link)
    assert answer == b"" or status_of(answer) == 413


def test_expect_100_is_refused_before_the_body(daemon):
    with daemon.connect() as link:
        link.sendall(
            b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n"
            b"Expect: 100-continue\r\n\r\n"
        )
        assert status_of(read_all(link)) == 413


@pytest.mark.parametrize(
    "data",
    [
        b"\x00\x01\x02\x03\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\n\r\n",  # no Host
        b"GET /healthz HTTP/9.9\r\nHost: x\r\n\r\n",
        b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 5x\r\n\r\nhello",
        b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{} ",
        b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /predict HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n{}",
        b"POST /predict HTTP/1.1\r\nHost: x\r\nHost: y\r\nContent-Length: 2\r\n\r\n{}",
        b"POST /predict HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
        b"GET /" + b"a" * 5000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 100000 + b"\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 5000 + b"\r\n",
    ],
    ids=range(14),
)
def test_broken_heads_get_a_4xx_or_are_hung_up_on(daemon, data):
    answer = raw(daemon, data, shut=True)
    assert answer == b"" or 400 <= status_of(answer) < 600, answer[:200]


def test_random_bytes(daemon):
    noise = random.Random(7)
    for _ in range(100):
        raw(daemon, noise.randbytes(noise.randrange(1, 2000)), shut=True)


def test_half_closed_client_gets_its_answer(daemon):
    assert status_of(raw(daemon, post(BODY), shut=True)) == 200


def test_clients_that_leave_in_the_middle(daemon):
    whole = post(BODY)
    for cut in range(1, len(whole), 7):
        with daemon.connect() as link:
            link.sendall(whole[:cut])
    for _ in range(50):
        link = daemon.connect()
        link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # RST
        link.sendall(whole)
        link.close()


def test_slow_body_ends_with_408(daemon):
    with daemon.connect() as link:
        link.settimeout(30)
        link.sendall(b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\n")
        started = time.monotonic()
        dripper = threading.Thread(target=drip, args=(link, b"          " * 4))
        dripper.start()
        answer = read_all(link)
        dripper.join()
    assert status_of(answer) == 408 and b'"too_slow"' in answer
    assert time.monotonic() - started < 10


def test_slow_head_is_ended(daemon):
    with daemon.connect() as link:
        link.settimeout(30)
        started = time.monotonic()
        dripper = threading.Thread(target=drip, args=(link, b"GET /healthz HTTP/1.1\r\n" * 2))
        dripper.start()
        assert read_all(link) == b""
        assert time.monotonic() - started < 10
        dripper.join()


def drip(link, data):
    for byte in data:
        try:
            link.sendall(bytes([byte]))
        except OSError:
            return
        time.sleep(0.2)


def test_a_thousand_connections(serve, models):
    daemon = serve(models / "scaler.pkl", "--threads", "2")
    links = [daemon.connect() for _ in range(1000)]
    for link in links:
        link.sendall(post(BODY))
    for link in links:
        assert read_answers(link, 1)[0][0] == 200
    counts = [daemon.metric(f'modelcached_connections{{worker="{i}"}}') for i in range(2)]
    assert max(counts) <= 1.5 * min(counts)
    for link in links:
        link.close()
    assert daemon.predict(ROW)


def test_connections_over_the_limit_are_refused(serve, models):
    daemon = serve(models / "scaler.pkl", "--max-connections", "10")
    links = [daemon.connect() for _ in range(10)]
    for link in links:
        link.sendall(post(BODY))
        assert read_answers(link, 1)[0][0] == 200
    assert raw(daemon, post(BODY)) == b""
    links[0].close()
    until = time.monotonic() + 10
    while not raw(daemon, post(BODY, "Connection: close")).startswith(b"HTTP/1.1 200"):
        assert time.monotonic() < until
        time.sleep(0.05)
    for link in links:
        link.close()


def test_request_memory_is_bounded(serve, models):
    """Many large bodies at once: some are answered 503, none takes the daemon over its bound."""
    daemon = serve(models / "scaler.pkl", "--request-memory", "4M", "--threads", "2")
    row = json.dumps([1, 2, 3])
    body = ('{"inputs": [' + ",".join([row] * 60000) + "]}").encode()
    statuses = []

    def ask():
        statuses.append(daemon.request("POST", "/predict", body)[0])

    askers = [threading.Thread(target=ask) for _ in range(6)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()
    assert set(statuses) <= {200, 503} and 503 in statuses, statuses
    assert answers_within(daemon, 5), "the memory of answered requests comes back"
    if not sanitized(daemon):
        assert memory(daemon, "VmHWM") < 64 << 10, "KB at the peak"


def answers_within(daemon, seconds):
    """A client has its answer a moment before the daemon gives the memory of the request back, so
    a request right behind it may still be told to come again."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if daemon.request("POST", "/predict", json.dumps({"input": ROW}))[0] == 200:
            return True
        time.sleep(0.01)
    return False


def memory(daemon, what):
    """Kilobytes, as the kernel counts them."""
    with open(f"/proc/{daemon.process.pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith(what + ":"))


def sanitized(daemon):
    """The shadow memory of a sanitizer is not ours."""
    return re.search("build-[at]san", daemon.process.args[0])


def test_resident_memory_of_a_small_model(serve, models):
    daemon = serve(models / "scaler.pkl")
    for _ in range(200):
        daemon.predict(ROW)
    daemon.request("GET", "/metrics")
    if not sanitized(daemon):
        assert memory(daemon, "VmRSS") < 12 << 10, "KB resident"
