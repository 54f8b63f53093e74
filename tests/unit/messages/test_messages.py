"""The catalogue and the code have the same messages with the same arguments."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from string import Formatter

import pytest

from slabench.messages import Message, as_message, from_dict
from slabench.messages.english import CATALOGUE
from slabench.messages.numbers import metric_name, number

SOURCE = Path(__file__).resolve().parents[3] / "slabench"


def calls() -> list[tuple[str, set[str], str]]:
    """(id, argument names, place) of each Message("...") in the source; an id that is no literal is left out."""
    found = []
    for file in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id == "Message"
                and node.args
                and isinstance(node.args[0], ast.Constant)
            ):
                names = {keyword.arg for keyword in node.keywords if keyword.arg is not None}
                spread = any(keyword.arg is None for keyword in node.keywords)
                place = f"{file.relative_to(SOURCE)}:{node.lineno}"
                found.append((node.args[0].value, set() if spread else names, place))
    return found


def fields(template: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template) if name}


def test_every_message_of_the_source_has_a_template_with_its_arguments() -> None:
    wrong = [
        f"{place}: {name} has {sorted(given)}, its template {sorted(fields(CATALOGUE.get(name, '')))}"
        for name, given, place in calls()
        if name not in CATALOGUE or (given and given != fields(CATALOGUE[name]))
    ]
    assert not wrong, "\n".join(wrong)


def test_every_template_is_used() -> None:
    text = "".join(file.read_text() for file in SOURCE.rglob("*.py") if "english" not in file.parts)
    unused = [name for name in CATALOGUE if name != "text" and f'"{name}"' not in text]
    assert not unused


def test_a_message_survives_json() -> None:
    inner = as_message("line 3 has no } at its end")
    message = Message("text", text=(1, 2.5, "three", inner, None, True))
    again = from_dict(json.loads(json.dumps(message.as_dict())))
    assert again == message
    assert str(again) == str(message) == "1, 2.5, three, line 3 has no } at its end, None, True"


def test_a_missing_argument_is_an_error() -> None:
    with pytest.raises(KeyError):
        str(Message("text"))
    with pytest.raises(KeyError):
        str(Message("no.such.id"))


@pytest.mark.parametrize(("value", "text"), [(61.2345, "61.23"), (10875.4, "10,875"), (0.12345, "0.123")])
def test_numbers(value: float, text: str) -> None:
    assert number(value) == text


def test_metric_names() -> None:
    assert metric_name("tpot.mean") == "tpot mean"
    assert metric_name("classic.tpot.mean") == "classic.tpot mean"
    assert metric_name("classic.qpm") == "classic.qpm"
