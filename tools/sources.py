"""What the checks share: which files are ours, and C without its comments and strings."""

import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parent.parent

_COMMENT_OR_LITERAL = re.compile(
    r"""//[^\n]* | /\*.*?\*/ | "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*'""", re.S | re.X
)
_LITERAL_INCLUDE = re.compile(r"^[ \t]*#[ \t]*include\b.*$", re.M)


def files(root, *patterns, under=("src", "include")):
    """The files below `under` whose names match one of `patterns`, sorted."""
    found = set()
    for folder in under:
        for pattern in patterns:
            found.update((root / folder).rglob(pattern))
    return sorted(found)


def without_comments_and_strings(text):
    """`text` with comments and literals blanked: the same length, the same lines."""

    def blank(match):
        return re.sub(r"[^\n]", " ", match.group())

    return _COMMENT_OR_LITERAL.sub(blank, text)


def without_includes(text):
    return _LITERAL_INCLUDE.sub("", text)


def report(name, findings):
    """Prints findings a line each; returns the exit code."""
    for finding in findings:
        print(finding)
    print(f"{name}: {len(findings) or 'no'} finding{'' if len(findings) == 1 else 's'}")
    return 1 if findings else 0
