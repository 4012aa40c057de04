"""Writes src/kernel/unicode_tables.def, src/kernel/unicode_forms.def, src/import/sklearn/case_fixes.def and
tests/unit/unicode_digests.def from this Python.

    python3 tools/make_unicode.py

Run by CPython 3.11, whose Unicode is 14: models are trained there, and str.lower(),
unicodedata.normalize() and the re module are what the answers must equal. Libraries (ICU, utf8proc,
libunistring) follow other versions of Unicode and change with the machine; these tables do not.
"""

import unicodedata
import zlib
from pathlib import Path
from re import _casefix

ROOT = Path(__file__).resolve().parents[1]
N = 0x110000
BLOCK = 64
CHUNK = 128  # blocks
HANGUL = range(0xAC00, 0xD7A4)
SURROGATES = range(0xD800, 0xE000)
CHARACTERS = [c for c in range(N) if c not in SURROGATES]
WORD, SPACE, DECIMAL, CASED, IGNORABLE, LOWER, UPPER, HAS_CASE = 1, 2, 4, 8, 16, 32, 64, 128

SAMPLES = """
|ABC|\u00c5ngstr\u00f6m|STRASSE \u00df\u1e9e|\u0130stanbul I\u0131i|\u039f\u0394\u039f\u03a3|\u03a3|A\u03a3|\u03a3A|A\u03a3A|A'\u03a3' \u03a3
A\u0345\u03a3\u0345|A\u03a3.B|1\u03a3|A\u00ad\u03a3\u00ad|\u0391\u03a3\u0399|\ufb01\ufb02 \ufb03|\u01c4\u01c5\u01c6|\u1e9b\u0323|e\u0301\u0323a\u0323\u0301
\ud55c\uad6d\uc5b4 \uac00|\u1112\u1161\u11ab|\uff21\uff42\uff43\uff11|\u2460\u2168\u00bd|\u00aa\u00ba\u02b0|\ufdfa|\u0928\u093f|\u0e01\u0e33
\u05d0\u05b7\u05d1|\u0627\u064e\u0628|\u0410\u0411\u0419\u0451|\u212b\u2126\u212a|\U0001d400\U0001f1e6|\U00010400\U00010428|\u13a0\uab70\u10a0\u1c90
\ufb05\u0149\u01f0\u0390\u1f50\u1fb7\u1ffc|\u1f88\u1f80|\u0000a\u0000|\U0001f468\u200d\U0001f469|\u0958|\u2adc|\U0001d15e|\u0344|e\u0323\u0301t|x\u0344|\u0627\u0651\u064e|\u0627\u064e\u0651
"""


def is_final(text):
    """Whether str.lower() sees a final sigma at the end of `text`."""
    return text.lower()[-1] == "\u03c2"


def flags(c):
    text = chr(c)
    after = is_final(text + "\u03a3")
    return (
        WORD * (text.isalnum() or text == "_")
        | SPACE * text.isspace()
        | DECIMAL * text.isdecimal()
        | CASED * after
        | IGNORABLE * (not after and is_final("A" + text + "\u03a3"))
        | LOWER * text.islower()
        | UPPER * text.isupper()
        | HAS_CASE * ((text + "a").title()[-1] == "a")
    )


def shift(c, text):
    """How far a mapping to one character goes; 0 where it is longer."""
    return ord(text) - c if len(text) == 1 else 0


def strip_unicode(text):
    """As sklearn.feature_extraction.text.strip_accents_unicode()."""
    text = unicodedata.normalize("NFKD", text)
    return "".join(c for c in text if not unicodedata.combining(c))


def strip_ascii(text):
    """As sklearn.feature_extraction.text.strip_accents_ascii()."""
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii")


def strip_until_21(text):
    """The same up to scikit-learn 0.21, which left alone what is decomposed already."""
    return text if unicodedata.normalize("NFKD", text) == text else strip_unicode(text)


def fold(values, size):
    """(number of each `size` values, the distinct ones of these one behind the other)."""
    blocks, of = {}, []
    for at in range(0, len(values), size):
        block = tuple(values[at : at + size])
        of.append(blocks.setdefault(block, len(blocks)))
    return of, [value for block in blocks for value in block]


def numbers(ctype, name, values):
    lines, line = [], "   "
    for value in values:
        word = " %d," % value
        if len(line) + len(word) > 100:
            lines.append(line)
            line = "   "
        line += word
    lines.append(line)
    return "static const %s %s[%d] = {\n%s\n};\n" % (ctype, name, len(values), "\n".join(lines))


def stages(name, ctype, values):
    """name_CHUNKS says which CHUNK of name_BLOCKS, that which BLOCK of name_VALUES."""
    blocks, values = fold(values, BLOCK)
    chunks, blocks = fold(blocks, CHUNK)
    return (
        numbers("uint8_t", name + "_CHUNKS", chunks)
        + numbers("uint16_t", name + "_BLOCKS", blocks)
        + numbers(ctype, name + "_VALUES", values)
    )


def properties():
    records, of = {(0, 0, 0): 0}, []
    for c in range(N):
        text = chr(c)
        record = (flags(c), shift(c, text.lower()), shift(c, text.upper()))
        of.append(records.setdefault(record, len(records)))
    assert len(records) < 256
    rows = "".join("    {%d, %d, %d},\n" % record for record in records)
    table = "static const property PROPERTIES[%d] = {\n%s};\n" % (len(records), rows)
    return stages("PROPERTY", "uint8_t", of) + table


def stripped():
    """Offsets into the texts that replace characters; 0: it stays, 1: it goes."""
    blob, known, of = bytearray(b"\0\0"), {"": 1}, [0] * N
    for c in range(0x80, N):
        text = chr(c)
        new = strip_unicode(text)
        if new == text or c in HANGUL or c in SURROGATES:
            continue
        if new not in known:
            known[new] = len(blob)
            blob += bytes([len(new.encode())]) + new.encode()
        of[c] = known[new]
    assert len(blob) < 65536
    return stages("STRIP", "uint16_t", of) + numbers("uint8_t", "STRIP_TEXTS", blob)


DECOMPOSES = 255  # no class: a combining character that becomes another one


def combining():
    """Runs of characters of one combining class: first character << 8 | class."""
    runs, last = [], None
    for c in range(N):
        of = unicodedata.combining(chr(c))
        if of and unicodedata.normalize("NFKD", chr(c)) != chr(c):
            of = DECOMPOSES
        if of != last:
            runs.append(c << 8 | of)
        last = of
    return numbers("uint32_t", "COMBINING", runs)


def long_uppers():
    rows = [(c, chr(c).upper()) for c in CHARACTERS if len(chr(c).upper()) > 1]
    assert [c for c in CHARACTERS if len(chr(c).lower()) > 1] == [0x130]
    return long_cases("LONG_UPPERS", rows)


def titles():
    """What str.title() makes of a first letter otherwise than str.upper()."""
    rows = [(c, chr(c).title()) for c in CHARACTERS]
    return long_cases("TITLES", [(c, to) for c, to in rows if to != chr(c).upper()])


def forms(form):
    """Offsets into the texts that characters become in a form; 0: they stay."""
    blob, known, of = bytearray(b"\0"), {}, [0] * N
    for c in CHARACTERS:
        new = unicodedata.normalize(form, chr(c))
        if new == chr(c) or c in HANGUL:
            continue
        if new not in known:
            known[new] = len(blob)
            blob += bytes([len(new.encode())]) + new.encode()
        of[c] = known[new]
    assert len(blob) < 65536
    return stages(form, "uint16_t", of) + numbers("uint8_t", form + "_TEXTS", blob)


def classes():
    """Runs of characters of one combining class: first character << 8 | class."""
    runs, last = [], None
    for c in range(N):
        of = unicodedata.combining(chr(c))
        if of != last:
            runs.append(c << 8 | of)
        last = of
    return numbers("uint32_t", "CLASSES", runs)


def pairs():
    """Two characters that are one in NFC."""
    rows = []
    for c in CHARACTERS:
        parts = unicodedata.decomposition(chr(c)).split()
        if len(parts) != 2 or parts[0][0] == "<" or unicodedata.normalize("NFC", chr(c)) != chr(c):
            continue
        rows.append((int(parts[0], 16), int(parts[1], 16), c))
    lines = ["    {0x%x, 0x%x, 0x%x},\n" % row for row in sorted(rows)]
    return "static const pair PAIRS[%d] = {\n%s};\n" % (len(rows), "".join(lines))


def folds():
    """What str.casefold() does otherwise than to add what str.lower() adds."""
    rows = [(c, chr(c).casefold()) for c in CHARACTERS]
    return long_cases("FOLDS", [(c, to) for c, to in rows if to != chr(c + shift(c, chr(c).lower()))])


def long_cases(name, rows):
    lines = []
    for c, text in rows:
        parts = [ord(part) for part in text] + [0] * (3 - len(text))
        lines.append("    {0x%x, {0x%x, 0x%x, 0x%x}},\n" % (c, *parts))
    return "static const long_case %s[%d] = {\n%s};\n" % (name, len(rows), "".join(lines))


def head(what):
    return "/* Written by tools/make_unicode.py: %s, by Unicode %s. */\n" % (
        what,
        unicodedata.unidata_version,
    )


def c_text(text):
    """A C string; octal escapes end after three digits, so nothing can join them."""
    out = "".join(chr(b) if b < 128 and chr(b).isalnum() else "\\%03o" % b for b in text.encode())
    return '"%s", %d' % (out, len(text.encode()))


def digest(function):
    """CRC-32 of what becomes of every character, each ended by a newline."""
    crc = 0
    for c in CHARACTERS:
        crc = zlib.crc32(function(chr(c)).encode() + b"\n", crc)
    return crc


def digests():
    kinds = {
        "LOWER": str.lower,
        "UPPER": str.upper,
        "CASEFOLD": str.casefold,
        "TITLE": str.title,
        "SWAPCASE": str.swapcase,
        "CAPITALIZE": str.capitalize,
        "NFC": lambda text: unicodedata.normalize("NFC", text),
        "NFD": lambda text: unicodedata.normalize("NFD", text),
        "NFKC": lambda text: unicodedata.normalize("NFKC", text),
        "NFKD": lambda text: unicodedata.normalize("NFKD", text),
        "STRIP_UNICODE": strip_unicode,
        "STRIP_ASCII": strip_ascii,
        "STRIP_UNTIL_21": strip_until_21,
        "WORD": lambda text: "1" if text.isalnum() or text == "_" else "0",
        "SPACE": lambda text: "1" if text.isspace() else "0",
        "DECIMAL": lambda text: "1" if text.isdecimal() else "0",
    }
    lines = ["DIGEST(%s, 0x%08xu)\n" % (name, digest(kinds[name])) for name in kinds]
    for text in SAMPLES.strip("\n").replace("\n", "|").split("|"):
        row = [text, text.lower(), text.upper()]
        row += [strip_unicode(text), strip_ascii(text), strip_until_21(text)]
        row += [text.title(), text.swapcase(), text.capitalize()]
        row += [unicodedata.normalize(form, text) for form in ("NFC", "NFD", "NFKC", "NFKD")]
        lines.append("SAMPLE(%s)\n" % ",\n       ".join(map(c_text, row)))
    return "".join(lines)


def case_fixes():
    """What (?i) takes for the same, beyond equal simple lower case: as the re module's compiler."""
    rows = sorted((c, other) for c, others in _casefix._EXTRA_CASES.items() for other in others)
    return "".join("CASE_FIX(0x%x, 0x%x)\n" % row for row in rows)


def main():
    assert unicodedata.unidata_version == "14.0.0", "CPython 3.11 has Unicode 14"
    tables = head("what str methods and NFKD do to characters")
    tables += properties() + stripped() + combining() + long_uppers() + titles() + folds()
    (ROOT / "src/kernel/unicode_tables.def").write_text(tables)
    normal = head("the normal forms of characters") + forms("NFD") + forms("NFKD")
    (ROOT / "src/kernel/unicode_forms.def").write_text(normal + classes() + pairs())
    fixes = head("lower case letters that the re module takes for each other") + case_fixes()
    (ROOT / "src/import/sklearn/case_fixes.def").write_text(fixes)
    tests = head("what Python answers for all characters (CRC-32), and for some texts")
    tests += "/* SAMPLE(text, lower(), upper(), strip_accents_unicode(), strip_accents_ascii(), the first up to 0.21,\n * title(), swapcase(), capitalize(), NFC, NFD, NFKC, NFKD) */\n"
    (ROOT / "tests/unit/unicode_digests.def").write_text(tests + digests())


if __name__ == "__main__":
    main()
