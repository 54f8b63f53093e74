"""No sentence that a user reads stands outside the catalogue: it would stay English for a Chinese reader."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from pathlib import Path

import pytest

from slabench import errors

SLABENCH = Path(errors.__file__).parent
ERRORS = {
    name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, Exception)
}
RAISED = ERRORS | {"UsageError", "ArgumentTypeError", "UnknownProfile", "as_message"}
SAID = {"say", "_say", "note"}  # a line on the terminal, a note below the run


def called(node: ast.Call) -> str:
    return getattr(node.func, "id", getattr(node.func, "attr", ""))


def is_literal(node: ast.expr) -> bool:
    """A text, an f-string, or one made of several; a name or a Message is none."""
    if isinstance(node, ast.BinOp):
        return is_literal(node.left) or is_literal(node.right)
    if isinstance(node, ast.IfExp | ast.BoolOp):
        parts = [node.body, node.orelse] if isinstance(node, ast.IfExp) else node.values
        return any(map(is_literal, parts))
    if isinstance(node, ast.Call) and called(node) == "Message" and node.args:
        return isinstance(node.args[0], ast.Constant) and node.args[0].value == "text"
    text = isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value
    return text or isinstance(node, ast.JoinedStr)


def literals(source: str, calls: Collection[str] = RAISED | SAID) -> Iterator[int]:
    """Line numbers of calls with a sentence, and of refuse(), whose cases have theirs second."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        sentences = list(node.args) if called(node) in calls else []
        if called(node) == "refuse":
            sentences = [case.elts[1] for case in node.args if isinstance(case, ast.Tuple)]
        if any(map(is_literal, sentences)):
            yield node.lineno


def test_no_error_and_no_line_has_a_sentence_of_its_own() -> None:
    wrong = [
        f"{path.relative_to(SLABENCH)}:{line}"
        for path in sorted(SLABENCH.rglob("*.py"))
        # what the embedded server says is its log, as SGLang writes it
        for line in literals(path.read_text(), RAISED if path.parent.name == "sim" else RAISED | SAID)
    ]
    assert wrong == []


@pytest.mark.parametrize(
    "source",
    [
        'raise ConfigError("It is gone.")',
        'raise errors.ServerError(f"{url}" + " is gone.")',
        'raise pytest.UsageError("give " + what)',
        'refuse((True, f"{option} is gone."))',
        'say(config, "It is gone.")',
        'raise InvalidRun(text or "It is gone.")',
        'raise ConfigError(as_message("It is gone."))',
        'raise ConfigError(Message("text", text="It is gone."))',
    ],
)
def test_such_a_sentence_is_found(source: str) -> None:
    assert list(literals(source)) == [1]


@pytest.mark.parametrize(
    "source", ['raise ConfigError(Message("file.gone", path=path))', "raise InvalidRun(entry.headline)"]
)
def test_a_message_is_none(source: str) -> None:
    assert list(literals(source)) == []
