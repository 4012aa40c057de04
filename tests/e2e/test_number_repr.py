"""Numbers are printed as CPython's repr prints them and read as float() reads them.

A million random doubles and float32 values (bit patterns: all magnitudes alike), values near powers
of ten and two, and a million decimal texts, through tests/unit/print_numbers of the build in
MODELCACHE_BUILD.
"""

import json
import os
import pathlib
import random
import struct
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("MODELCACHE_BUILD", ROOT / "build"))
PRINTER = BUILD / "tests" / "unit" / "print_numbers"
COUNT = 1_000_000


@pytest.fixture(scope="module")
def rng():
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")  # shown by pytest when a test fails
    return random.Random(seed)


def run(mode, data):
    assert PRINTER.exists(), f"{PRINTER} is missing: build first"
    return subprocess.run([PRINTER, mode], input=data, capture_output=True, check=True).stdout


def assert_printed(values):
    packed = struct.pack(f"={len(values)}d", *values)
    got = run("print", packed).decode("ascii").splitlines()
    want = [json.dumps(value) for value in values]  # float.__repr__, NaN and Infinity by name
    different = [(w, g) for w, g in zip(want, got) if w != g]
    assert len(got) == len(want)
    assert not different, f"{len(different)} differ; (want, got): {different[:5]}"


def test_doubles(rng):
    assert_printed(struct.unpack(f"={COUNT}d", rng.randbytes(8 * COUNT)))


def test_widened_floats(rng):
    assert_printed(struct.unpack(f"={COUNT}f", rng.randbytes(4 * COUNT)))


def test_everyday_numbers(rng):
    values = [0.0, -0.0, 5e-324, 2.2250738585072014e-308, 1.7976931348623157e308]
    values += [float("nan"), float("inf"), float("-inf")]
    values += [sign * 10.0**e for e in range(-30, 30) for sign in (1, -1)]
    values += [2.0**e for e in range(-1074, 1024)]
    values += [round(rng.uniform(-1000, 1000), rng.randrange(6)) for _ in range(100_000)]
    values += [float(rng.randrange(-(10**18), 10**18)) for _ in range(100_000)]
    assert_printed(values)


def decimal_text(rng):
    """One text of JSON's grammar: 1 to 40 digits, a point anywhere, exponents of all sizes."""
    digits = "".join(rng.choices("0123456789", k=rng.randint(1, rng.choice((3, 9, 20, 40)))))
    whole = digits[: rng.randint(1, len(digits))]
    fraction = digits[len(whole) :]
    text = rng.choice(("", "-")) + (whole.lstrip("0") or "0") + (fraction and "." + fraction)
    if rng.random() < 0.3:
        text += rng.choice("eE") + rng.choice(("", "+", "-")) + str(rng.randrange(360))
    return text


def test_parsing(rng):
    texts = [decimal_text(rng) for _ in range(COUNT)]
    raw = run("parse", "".join(text + "\n" for text in texts).encode("ascii"))
    got = struct.unpack(f"={COUNT}d", raw)
    want = []
    for text in texts:
        value = json.loads(text)  # an int where the text is one: -0 is 0
        try:
            want.append(float(value))
        except OverflowError:
            want.append(float(text))
    packed = [struct.pack("=d", value) for value in want]
    different = [
        (text, w, g) for text, w, p, g in zip(texts, want, packed, got) if struct.pack("=d", g) != p
    ]
    assert not different, f"{len(different)} differ; (text, want, got): {different[:5]}"
