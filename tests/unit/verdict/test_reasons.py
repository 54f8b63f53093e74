"""Every code that can stand among a test's reasons is explained where it stands, and in docs/validity.md."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from slabench.capacity.search import Kind
from slabench.messages import Message, Sentence, messages_of, sentences_of
from slabench.messages.chinese import CATALOGUE as CHINESE
from slabench.messages.english import CATALOGUE as ENGLISH
from slabench.verdict.outcome import NOTHING_JUDGED
from slabench.verdict.reasons import LABELS, PREFIXES, REASONS, Reason, code_of, in_words

REPO = Path(__file__).resolve().parents[3]
EXPLAINED = {*map(str, REASONS), NOTHING_JUDGED}
CODE = re.compile(r"([A-Z]{2,}(?:_[A-Z]+)*)(?=: |$)")
SAYS = re.compile(r"(?i)reason|label")  # of a name: what it holds are reasons, or labels that begin with one
OTHER_LABELS = {"metrics", "sim", "gpu"}  # labels of metrics, reasons of HTTP, of clocks: none of a verdict
TAKES = re.compile("bare_entry|add_labels|_result$")
RETURNS = re.compile("reason|label|codes|_without_verdict|_unexpected")


def codes(tree: ast.AST) -> Iterator[str]:
    """The codes that begin texts which are reasons or labels: by their keyword, their name, the function that
    takes or returns them; and those of sentences, since a label that is a message is one.
    """
    for node in ast.walk(tree):
        given: list[ast.AST | None] = []
        match node:
            case ast.keyword(arg=str(name)) if SAYS.search(name):
                given = [node.value]
            case ast.Assign() | ast.AnnAssign() | ast.AugAssign():
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                given = [node.value] if any(SAYS.search(ast.unparse(target)) for target in targets) else []
            case ast.Call() if ast.unparse(node.func) == "Sentence.of":
                (sentence, *_) = node.args
                given = [ast.Constant(ENGLISH[sentence.value])] if isinstance(sentence, ast.Constant) else []
            case ast.Call() if TAKES.search(ast.unparse(node.func)):
                given = [*node.args]
            case ast.FunctionDef() if RETURNS.search(node.name):
                given = [each.value for each in ast.walk(node) if isinstance(each, ast.Return)]
        for text in (part for value in given if value is not None for part in ast.walk(value)):
            if (
                isinstance(text, ast.Constant)
                and isinstance(text.value, str)
                and (code := CODE.match(text.value))
            ):
                yield code[1]


def test_every_code_of_the_source_is_explained() -> None:
    suites = (REPO / "tests" / suite for suite in ("ali", "serving", "tencent"))
    files = [path for folder in (REPO / "slabench", *suites) for path in folder.rglob("*.py")]
    files = [path for path in files if not OTHER_LABELS & set(path.parts)]
    found = {code for path in files for code in codes(ast.parse(path.read_text(encoding="utf-8")))}
    assert {"LATER_FORM", "TPOT_BOUNDED", "SIMULATED", "NOT_REFERENCE", "REDUCED"} <= found
    assert found - EXPLAINED == set()


def test_a_code_without_explanation_is_found() -> None:
    for source in (
        'replace(entry, reasons=("NEW_CODE",))',
        'labels = (*labels, f"NEW_CODE: {waves} waves")',
        'bare_entry(test_id, word, line, "NEW_CODE")',
        'def _unexpected(error):\n    return Outcome.INVALID, line, "NEW_CODE"',
    ):
        assert [*codes(ast.parse(source))] == ["NEW_CODE"], source
    assert [*codes(ast.parse('Sentence.of("label.repeated", attempts=2)'))] == ["REPEATED"]


def test_every_member_and_every_result_of_a_search_has_its_words() -> None:
    assert set(REASONS) == {*Reason, *map(str, Kind)}
    assert all(in_words([code]) != code for code in REASONS)
    assert all(in_words([f"{prefix}tpot.mean"]) != f"{prefix}tpot.mean" for prefix in PREFIXES)


def test_the_page_explains_the_same_codes() -> None:
    page = (REPO / "docs" / "validity.md").read_text(encoding="utf-8")
    section = page.partition("\n## Reason codes\n")[2].partition("\n## ")[0]
    first = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    shown = [code for cell in first for code in re.findall(r"`([A-Z_]+)`", cell)]
    assert sorted(shown) == sorted(EXPLAINED)
    assert [prefix for prefix in PREFIXES if f"`{prefix}" not in section] == []


@pytest.mark.parametrize(("id", "code"), LABELS.items())
def test_a_label_shows_its_code_and_is_not_read_for_it(id: str, code: str) -> None:
    """The text is one that another version stored."""
    assert ENGLISH[id].startswith(f"{code}: ") and CHINESE[id].startswith(code)
    assert code_of(Sentence.kept("Another wording", Message(id))) == code


def test_what_a_test_passes_itself_has_its_code_before_the_colon() -> None:
    assert code_of("LATER_FORM: 4 x 8 prompts") == "LATER_FORM"
    assert code_of("MINE") == "MINE"


def test_stored_labels_have_their_messages_again() -> None:
    own = Sentence.of("label.repeated", attempts=2)
    labels = ("MINE: why", own)
    back = sentences_of([str(label) for label in labels], messages_of(labels))
    assert back == labels
    assert [type(label) for label in back] == [str, Sentence]
    assert code_of(back[1]) == "REPEATED"
    assert sentences_of(["MINE: why"], ()) == ("MINE: why",)
