"""The words that this project does not use, in names, sentences and pages.

    python tools/lint_language.py [PATH ...]

Data is reported, recorded or missing, it is not told; a sentence names what was observed, and not a somebody.
`one` and `told` do not say what a name stands for: call it record, check, metric, path.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# Also inside a name: untold, told_by, ToldRun. What others wrote, and the list here, is left as it is.
WORDS = re.compile(r"(?i)(?<![a-z])(told|untold|nobody|somebody)(?![a-z])|Told(?=[A-Z])|(?<=_)told|told(?=_)")
STORED = ("UNTOLD", "schedulers_told")  # a reason code and keys of files that are written: they stay
OLD_NAMES = re.compile(r"\b(Crew|Looked|ToldRun|ToldRequest)\b")
NAMES = ("one", "told")
LEFT_OUT = ("tools/lint_language.py", "tests/data/", "fixtures/data/", "docs/examples/", "reports/")
SUFFIXES = (".py", ".md", ".css", ".html", ".ini", ".toml", ".yml", ".yaml", ".sh", ".sbatch", ".c")


def words(path: str, text: str) -> Iterator[str]:
    for key in STORED:
        text = text.replace(key, "")
    for number, line in enumerate(text.splitlines(), 1):
        for match in (*WORDS.finditer(line), *OLD_NAMES.finditer(line)):
            yield f"{path}:{number}: {match.group()!r}: say what was reported, recorded or observed"


def names(path: str, text: str) -> Iterator[str]:
    """Assigned names, attributes, parameters and loop variables."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id in NAMES:
            yield f"{path}:{node.lineno}: the name {node.id!r} does not say what it stands for"
        elif isinstance(node, ast.arg) and node.arg in NAMES:
            yield f"{path}:{node.lineno}: the parameter {node.arg!r} does not say what it stands for"
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and node.attr in NAMES:
            yield f"{path}:{node.lineno}: the attribute {node.attr!r} does not say what it stands for"


def main(paths: list[str]) -> int:
    listed = subprocess.run(
        ["git", "ls-files", "--", *paths], cwd=ROOT, capture_output=True, text=True, check=True
    )
    wrong: list[str] = []
    for path in listed.stdout.splitlines():
        if path.endswith(SUFFIXES) and not path.startswith(LEFT_OUT) and (ROOT / path).is_file():
            text = (ROOT / path).read_text()
            wrong += words(path, text)
            wrong += names(path, text) if path.endswith(".py") else []
    print("\n".join(wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
