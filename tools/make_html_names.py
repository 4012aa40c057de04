"""Writes src/kernel/html_names.def: the character references of HTML 5 by name, as html.entities of
CPython 3.11 has them, by bytes.

    python3 tools/make_html_names.py
"""

from html.entities import html5
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def text_of(text):
    """A C string; octal escapes end after three digits, so nothing can join them."""
    return '"%s"' % "".join("\\%03o" % byte for byte in text.encode())


def main():
    lines = ["/* Written by tools/make_html_names.py: html.entities.html5. */\n"]
    for name, text in sorted(html5.items(), key=lambda item: item[0].encode()):
        assert name.isascii() and 2 <= len(name) <= 33
        lines.append('HTML_NAME("%s", %s)\n' % (name, text_of(text)))
    (ROOT / "src/kernel/html_names.def").write_text("".join(lines))


if __name__ == "__main__":
    main()
