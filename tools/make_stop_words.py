"""Writes src/import/sklearn/stop_words.def from the scikit-learn of this Python.

    python tools/make_stop_words.py

A pickle says only stop_words="english"; the list is scikit-learn's, the same from 0.20 to 1.9.
"""

from pathlib import Path

from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

ROOT = Path(__file__).resolve().parents[1]


def main():
    lines = ['STOP_WORD("%s")\n' % word for word in sorted(ENGLISH_STOP_WORDS)]
    head = "/* Written by tools/make_stop_words.py: see NOTICE. */\n"
    (ROOT / "src/import/sklearn/stop_words.def").write_text(head + "".join(lines))


if __name__ == "__main__":
    main()
