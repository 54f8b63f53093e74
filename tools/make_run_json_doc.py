"""The tables of docs/run-json.md, from the run document's types and the comments at their fields:
`python tools/make_run_json_doc.py` writes them.
"""

from __future__ import annotations

import ast
import enum
import inspect
import io
import sys
import tokenize
import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any

REPO = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPO))

from slabench.messages import Message  # noqa: E402
from slabench.run_document.run import RunDocument  # noqa: E402
from slabench.verdict.validity.context import CheckContext  # noqa: E402
from tools.doc_tables import cell, spliced, table  # noqa: E402

NAMES: Mapping[Any, str] = {
    str: "string", int: "integer", float: "number", bool: "true or false", object: "anything",
    Message: "message", type(None): "null",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """A field as the page shows it."""

    key: str
    type: str
    meaning: str
    optional: bool  # absent where there is nothing to say


def comments(kind: type) -> dict[str, str]:
    """Each field's comment, behind it or in the lines above it; empty where it has none."""
    source = inspect.getsource(kind)
    tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    lines = source.splitlines()
    texts = {token.start[0]: token.string.lstrip("# ") for token in tokens if token.type == tokenize.COMMENT}
    (definition,) = ast.parse(source).body
    assert isinstance(definition, ast.ClassDef)
    found: dict[str, str] = {}
    for node in definition.body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            above, first = list[str](), node.lineno - 1
            while first in texts and lines[first - 1].lstrip().startswith("#"):
                above.insert(0, texts[first])
                first -= 1
            behind = [texts[line] for line in range(node.lineno, (node.end_lineno or 0) + 1) if line in texts]
            found[node.target.id] = " ".join([*above, *behind])
    return found


def type_text(hint: Any) -> str:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if hint in NAMES:
        return NAMES[hint]
    if origin in (typing.Union, types.UnionType):
        return " or ".join(type_text(argument) for argument in arguments)
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return ", ".join(f"`{member.value}`" for member in hint)
    if is_dataclass(hint):
        name = getattr(hint, "__name__", "")
        return f"[{name}](#{name.lower()})"
    if isinstance(origin, type) and issubclass(origin, Mapping):
        inner = type_text(arguments[1])
        return "object" if inner == "anything" else f"object of {inner}"
    items = [type_text(argument) for argument in arguments if argument is not ...]
    return f"list of {items[0]}" if len(items) == 1 else f"[{', '.join(items)}]"


def rows(kind: Any) -> Iterator[Row]:
    """Each field, under its key in the file."""
    hints, texts = typing.get_type_hints(kind), comments(kind)
    for field in fields(kind):
        how = field.metadata
        key = how.get("key", field.name)
        text = type_text(hints[field.name])
        if "optional" in how and not how["beside"]:
            text = text.removesuffix(" or null")  # absent instead
        yield Row(key, text, texts[field.name], "optional" in how)


def _inside(hint: Any) -> Iterator[Any]:
    if is_dataclass(hint) and hint is not Message:
        yield hint
    for argument in typing.get_args(hint):
        yield from _inside(argument)


def kinds(first: Any) -> list[Any]:
    """The stored types, each after the one that has it first."""
    found = [first]
    for kind in found:
        hints = typing.get_type_hints(kind)
        for field in fields(kind):
            found += [each for each in _inside(hints[field.name]) if each not in found]
    return found


def section(kind: Any) -> str:
    """A heading, the type's description, and a row a field."""
    head = ("key", "type", "meaning")
    lines = [
        (f"`{row.key}`{', optional' * row.optional}", cell(row.type), cell(row.meaning)) for row in rows(kind)
    ]
    doc = " ".join((inspect.getdoc(kind) or "").split("\n\n")[0].split())
    return f"### {kind.__name__}\n\n{doc}\n\n{table(head, lines)}"


def evidence() -> str:
    """The fields of a CheckContext but for the records."""
    texts = comments(CheckContext)
    lines = [
        (f"`{field.name}`", cell(texts[field.name])) for field in fields(CheckContext) if field.name != "run"
    ]
    return table(("key", "meaning"), lines)


def pages() -> dict[Path, str]:
    """The page as it is to be."""
    path = REPO / "docs" / "run-json.md"
    page, maker = path.read_text(encoding="utf-8"), "tools/make_run_json_doc.py"
    documents = "\n\n".join(map(section, kinds(RunDocument)))
    for part, made in (("types", documents), ("evidence", evidence())):
        page = spliced(page, f"{maker}, {part}", f"\n{made}\n")
    return {path: page}


if __name__ == "__main__":
    for page, made in pages().items():
        page.write_text(made, encoding="utf-8")
