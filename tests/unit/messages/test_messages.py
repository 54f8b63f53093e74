"""The catalogue and the code have the same messages with the same arguments."""

from __future__ import annotations

import ast
import json
import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from string import Formatter

import pytest

from slabench.cli.main import COMMANDS
from slabench.messages import Message, as_message, from_dict
from slabench.messages.chinese import CATALOGUE as CHINESE
from slabench.messages.english import CATALOGUE
from slabench.messages.message import PROGRAM
from slabench.messages.numbers import metric_name, number
from slabench.program import slabench_program
from slabench.records import ErrorKind
from slabench.verdict.validity import registered

SOURCE = Path(__file__).resolve().parents[3] / "slabench"


# function -> how many arguments stand in order, the id being the last; Check's have two keywords of their own
CALLS = {"Message": 1, "Sentence.of": 1, "ok": 1, "finding": 1, "invalid": 1, "not_checked": 1, "check": 2}
CALLS |= {"warn": 1, "stop": 1}  # of a check before a load
SENTENCE = re.compile(r"([A-Z{-]|sglang |[a-z]+_[a-z]+ ).*[.}]")  # a name of the server's stays as it is
OF_A_CHECK = {"remedy", "firm"}
MESSAGES = ("Message", "Sentence.of")


@dataclass(frozen=True)
class Call:
    id: str
    arguments: set[str] | None  # None: some are not written out
    place: str
    remedy: bool  # with that of the catalogue beside it
    of_a_check: bool = False


def called(node: ast.AST) -> str:
    """`Message` or `Sentence.of`; empty for what calls neither a name nor a name's attribute."""
    match node:
        case ast.Call(func=ast.Name(id=name)):
            return name
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=attribute)):
            return f"{name}.{attribute}"
    return ""


def calls() -> list[Call]:
    """Each Message("...") and each check's result in the source; an id that is no literal is left out."""
    found = []
    for file in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            name = called(node)
            if not isinstance(node, ast.Call) or len(node.args) != CALLS.get(name):
                continue
            id = node.args[-1]
            names = {keyword.arg for keyword in node.keywords if keyword.arg is not None}
            of_a_check = name not in MESSAGES
            remedy = of_a_check and "remedy" not in names
            names -= OF_A_CHECK if of_a_check else set()
            spread = any(keyword.arg is None for keyword in node.keywords)
            place = f"{file.relative_to(SOURCE)}:{node.lineno}"
            for each in (id.body, id.orelse) if isinstance(id, ast.IfExp) else (id,):
                if isinstance(each, ast.Constant):
                    found.append(Call(each.value, None if spread else names, place, remedy, of_a_check))
    return found


def fields(template: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template) if name} - {PROGRAM}


def test_commands_of_slabench_begin_as_it_was_started() -> None:
    """A clone has no `slabench` on its PATH."""
    command = re.compile(rf"(?<!{{)slabench ({'|'.join(COMMANDS)})\b(?! crashed)")
    titles = {"compare.title"}
    assert not [name for name in {*CATALOGUE} - titles if command.search(CATALOGUE[name])]
    assert not [name for name in {*CHINESE} - titles if command.search(CHINESE[name])]
    program = shlex.join(slabench_program())
    assert str(Message("page.unreachable_remedy")).endswith(f"; {program} doctor looks at it without load.")


def test_every_message_of_the_source_has_a_template_with_its_arguments() -> None:
    wrong = []
    for call in calls():
        names = fields(CATALOGUE.get(call.id, ""))
        if call.remedy:
            names |= fields(CATALOGUE.get(f"{call.id}.remedy", ""))
        if call.id not in CATALOGUE or call.arguments not in (None, names):
            wrong.append(f"{call.place}: {call.id} has {call.arguments}, its template {names}")
    assert not wrong, "\n".join(wrong)


def test_every_template_is_used() -> None:
    text = "".join(file.read_text() for file in SOURCE.rglob("*.py") if "english" not in file.parts)
    of_registry = {f"{check.name}.unreported" for check in registered() if check.unreported}
    of_registry |= {f"{check.name}.without_log" for check in registered() if check.without_log}
    of_errors = {f"error.{kind}" for kind in (*ErrorKind, "no_end")}
    assert of_registry | of_errors <= set(CATALOGUE)
    used = {name for name in CATALOGUE if f'"{name}"' in text} | of_registry | of_errors | {"text"}
    used |= {name for name in CATALOGUE if name.startswith("page.") and _on_the_page(name)}
    unused = [name for name in CATALOGUE if name.removesuffix(".remedy") not in used]
    assert not unused


def _on_the_page(name: str) -> bool:
    """`page.why` is label("why"); one of a family, such as `page.column.n`, is named by its last part."""
    folder = SOURCE / "report" / "page"
    files = [*folder.glob("*.py"), *folder.glob("templates/*.html"), *(SOURCE / "verdict").glob("outcome.py")]
    text = "".join(file.read_text() for file in (*files, SOURCE / "run_document" / "entry.py"))
    _, _, short = name.partition(".")
    family, _, last = short.rpartition(".")
    families = "column", "column.curve", "method", "state", "script"
    wanted = (
        {short, last.replace("_html", ".html").replace("_json", ".json")} if family == "file" else {short}
    )
    wanted |= {last} if family in families else set()
    found = any(re.search(rf"[\"']{re.escape(each)}(:\w+)?[\"']", text) for each in wanted)
    return found or (family == "side" and last in ("new", "baseline"))


def test_no_message_has_markup() -> None:
    """The console and the pages show a backtick as it is."""
    assert [
        name for catalogue in (CATALOGUE, CHINESE) for name, text in catalogue.items() if "`" in text
    ] == []


def test_a_check_s_text_and_remedy_are_whole_sentences() -> None:
    ids = {call.id for call in calls() if call.of_a_check}
    texts = {name: CATALOGUE[name] for each in ids for name in (each, f"{each}.remedy") if name in CATALOGUE}
    assert len(ids) > 100
    wrong = {name: text for name, text in texts.items() if not SENTENCE.fullmatch(text)}
    assert wrong == {}


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
