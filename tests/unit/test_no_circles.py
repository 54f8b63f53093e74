"""No two files of the package import each other, by imports inside functions either (annotations aside)."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def modules() -> dict[str, Path]:
    files = sorted((ROOT / "slabench").rglob("*.py"))
    names = (".".join(file.relative_to(ROOT).with_suffix("").parts) for file in files)
    return {name.removesuffix(".__init__"): file for name, file in zip(names, files, strict=True)}


def imported(tree: ast.AST, known: dict[str, Path]) -> Iterator[str]:
    """Modules of the package, without what stands under `if TYPE_CHECKING`."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        if isinstance(node, ast.ImportFrom) and node.module is not None:
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                yield name if name in known else node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        yield from imported(node, known)


def order(graph: dict[str, set[str]]) -> list[str]:
    return list(TopologicalSorter(graph).static_order())


def test_imports_have_no_circle() -> None:
    known = modules()
    graph = {
        name: {target for target in imported(ast.parse(file.read_text()), known) if target in known} - {name}
        for name, file in known.items()
    }
    assert len(graph) > 200 and sum(map(len, graph.values())) > 1000
    try:
        order(graph)
    except CycleError as error:
        pytest.fail(" imports ".join(reversed(error.args[1])))


def test_a_circle_is_seen() -> None:
    source = "def late():\n    from slabench.b import x\n"
    assert list(imported(ast.parse(source), {"slabench.b": ROOT})) == ["slabench.b"]
    with pytest.raises(CycleError):
        order({"a": {"b"}, "b": {"a"}})


def test_the_import_contracts_have_every_part_of_the_package() -> None:
    """import-linter looks at the parts that a contract names, and at no other."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    named = {each["name"]: each for each in project["tool"]["importlinter"]["contracts"]}
    parts = {".".join(name.split(".")[:2]) for name in modules()} - {"slabench", "slabench.__main__"}
    composing = {"slabench.session", "slabench.plugin", "slabench.cli"}
    nothing, pytest_ = (
        {*named[name]["source_modules"]}
        for name in (
            "nothing imports the composing parts",
            "the engine never imports pytest, and nothing imports torch",
        )
    )
    assert nothing == parts - composing
    assert pytest_ == parts - {"slabench.plugin"}
