"""Token patterns find what re.findall() of CPython 3.11 finds.

Patterns that people use, over random texts of all of Unicode, through tests/unit/print_tokens of
the build in MODELCACHE_BUILD; those that need no PCRE2 are asked both ways.
"""

import os
import pathlib
import random
import re
import struct
import subprocess
import time
import unicodedata

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("MODELCACHE_BUILD", ROOT / "build"))
PRINTER = BUILD / "tests" / "unit" / "print_tokens"
N_TEXTS = 300
TOO_LONG = 2**32 - 1

# Read by hand: one class, repeated.
RUNS = [
    r"(?u)\b\w\w+\b",
    r"(?u)\b\w+\b",
    r"\w+",
    r"\w{3,}",
    r"\w{2,5}",
    r"\b\w{2,4}\b",
    r"\S+",
    r"[a-zA-Z]+",
    r"[A-Za-z]{3,}",
    r"\b[a-zA-Z]{3,}\b",
    r"\b[a-z]+\b",
    r"[a-z]+\b",
    r"[^\W\d_]+",
    r"\b[^\W\d_]+\b",
    r"[^\W\d_]{2,}",
    r"[^\s]+",
    r"\d+",
    r"[0-9]+",
    r"[\w']+",
    r"[\w\-']+",
    r"\b[\w.]+\b",
    r"(?u)\b(\w\w+)\b",
    r"[а-яА-ЯёЁ]+",
    r"[\u4e00-\u9fff]+",
    r"(?i)[a-z]+",
    r"[^,;]+",
    r"\w\w*",
    r".",
    r"(?s).",
    r"(?x) \w \w+  # words",
    r"[\u0600-\u06ff]{2,}",
    "[\U0001f600-\U0001f64f]",
    r"\W+",
    r"[]a]+",
    r"[^]a]+",
]
# Read by PCRE2.
REGEXES = [
    r"(?a)\b\w+\b",
    r"(?a)\w+\s\S",
    r"\w+|[^\w\s]",
    r"\b\w+\b(?=\s)",
    r"(?<=\s)\w+",
    r"(?<!\w)@\w+",
    r"#(\w+)",
    r"(?P<word>\w+)-?",
    r"(?:\w+-)?\w+",
    r"\b\w+?\b",
    r"\w*?\d",
    r"(?i)strasse|straße|ſ|k",
    r"(?i)[^a-k]+",
    r"(?i)\bthe\b|\bi\b",
    r"(?is)a.*?b",
    r"(?m)^\w+",
    r"(?m)\w+$",
    r"^\w+|\w+$",
    r"\A\w|\w\Z",
    r"\w*",
    r"\b",
    r"\B.",
    r"x*",
    r"(a)?b|c",
    r"(?:a|b)(?!c)\w",
    r"(\w)\1",
    r"(?P<c>\w)(?P=c)",
    r"(a)?(?(1)b|c)",
    r"(?=(\w\w))",
    r"(?>\w+)\s",
    r"\w++.",
    r"\w{,2}x",
    r"a{,}b|a{1",
    r"[\x41-\x5a\u00e9\U0001f600]+\d",
    r"\x61|\u00e9|\101|\0|\t",
    r"[^\W\d]\d|\.\.\.|\w+(?:[-']\w+)*",
    r"\b(?!the\b)\w\w+\b",
    r"(?x) ( \w+ ) [ ] # a space",
    r"(?i:A)b|(?-i:C)",
    r"(?s:.)a",
    r"[\d\s]+x|[\W]y|[\D_]z",
    r"(?#note)\w+(?#end)\b.",
    r"https?://\S+|\w+",
    r"[$€£]?\d+(?:[.,]\d+)*%?",
    r"(?i)İ|ı|i\u0307|ς|µ",
    r"[a-z&&b]-|[[:alpha:]]x",
    r"\.|\\|\/|\-|\#|\ ",
]
REFUSED = [r"(\w)(\d)", r"\N{BULLET}", r"(?L)a", r"a(?i)b", r"\p{L}+", r"(?&x)", r"(\w", r"[a", "\\"]

ALPHABETS = [
    "ab cd.12_-'x\n",
    "the i THE I a1 B\t ",
    "straSSEßſkK\u212aİıi\u0307ςσΣµμ éèe\u0301ﬁﬂ",
    "привет Ёё мир 12",
    "漢字かな한국어 ١٢٣ ०१ ٠",
    "\U0001f468\u200d\U0001f469\U0001f600 \u00a0\u3000\u2028\x1c\x85 _",
    "#@$€£%.,;:!?()[]{}\\/ ab",
    "\u0627\u064e\u0628 \u05d0\u05b7 \u0e01\u0e33 \u0928\u093f",
]


@pytest.fixture(scope="module")
def texts():
    assert unicodedata.unidata_version == "14.0.0", "run these with CPython 3.11"
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")  # shown by pytest when a test fails
    rng = random.Random(seed)
    found = ["", " ", "\0", "a", "\n", "The cat, the dog."]
    for _ in range(N_TEXTS):
        alphabet = rng.choice(ALPHABETS + ["".join(ALPHABETS)])
        found.append("".join(rng.choices(alphabet, k=rng.randrange(40))))
    for _ in range(N_TEXTS):
        codes = [rng.randrange(0x110000) for _ in range(rng.randrange(20))]
        found.append("".join(chr(c) for c in codes if not 0xD800 <= c < 0xE000))
    return found


def packed(text):
    data = text.encode("utf-8")
    return struct.pack("=I", len(data)) + data


def run(mode, pattern, texts):
    """(how it was read, the tokens of each text)."""
    assert PRINTER.exists(), f"{PRINTER} is missing: build first"
    data = packed(pattern) + b"".join(map(packed, texts))
    out = subprocess.run([PRINTER, mode], input=data, capture_output=True, check=True).stdout
    how, _, rest = out.partition(b"\n")
    tokens, at = [], 0
    while at < len(rest):
        (n,) = struct.unpack_from("=I", rest, at)
        at += 4
        tokens.append(None if n == TOO_LONG else [])
        for _ in range(0 if n == TOO_LONG else n):
            (size,) = struct.unpack_from("=I", rest, at)
            tokens[-1].append(rest[at + 4 : at + 4 + size].decode("utf-8"))
            at += 4 + size
    return how.decode(), tokens


def check(mode, pattern, texts, want_how):
    how, got = run(mode, pattern, texts)
    assert how == want_how
    want = [re.findall(pattern, text) for text in texts]
    different = [(t, w, g) for t, w, g in zip(texts, want, got) if w != g]
    assert len(got) == len(want)
    assert not different, f"{len(different)} differ; (text, want, got): {different[:3]}"


@pytest.mark.parametrize("pattern", RUNS)
def test_runs(pattern, texts):
    check("runs", pattern, texts, "runs")
    check("pcre", pattern, texts, "pcre")


@pytest.mark.parametrize("pattern", REGEXES)
def test_regexes(pattern, texts):
    check("pcre", pattern, texts, "pcre")


@pytest.mark.parametrize("pattern", REFUSED)
def test_refused_by_name(pattern):
    how, _ = run("runs", pattern, [])
    assert how.startswith("refused: token_pattern"), how


@pytest.mark.parametrize(
    "pattern, text",
    [
        (r"(?:a+)+$", "a" * 40 + "b"),
        (r"(?:a|a)*c", "a" * 60),
        (r"(\w+\s?)+!", "word " * 60),
        (r"(?:x+x+)+y", "x" * 5000),
        (r"(?:[a-z])+\d", "a" * 100000),
    ],
)
def test_hostile_patterns_end(pattern, text):
    start = time.monotonic()
    how, tokens = run("runs", pattern, [text, "a1"])
    assert how == "pcre"
    assert tokens[0] is None or tokens[0] == []
    assert tokens[1] == re.findall(pattern, "a1")
    assert time.monotonic() - start < 30
