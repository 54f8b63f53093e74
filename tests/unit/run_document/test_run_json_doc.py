"""docs/run-json.md is as the types say, and each field says what it is."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from slabench.run_document.field import optional, stored_as
from slabench.run_document.run import RunDocument
from slabench.verdict.validity.context import CheckContext
from tools import make_run_json_doc as maker


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A type of the page."""

    first: tuple[int, ...]  # behind it
    # above it, and
    # in two lines
    second: dict[str, float] | None = optional()
    third: str = stored_as("other")


def test_the_page_is_up_to_date() -> None:
    ((page, text),) = maker.pages().items()
    assert page.read_text(encoding="utf-8") == text, "run tools/make_run_json_doc.py"


@pytest.mark.parametrize("kind", [*maker.kinds(RunDocument), CheckContext])
def test_every_field_says_what_it_is(kind: type) -> None:
    assert [name for name, text in maker.comments(kind).items() if not text] == []


def test_a_field_under_its_key_with_its_type_and_comment() -> None:
    assert list(maker.rows(Sample)) == [
        maker.Row("first", "list of integer", "behind it", False),
        maker.Row("second", "object of number", "above it, and in two lines", True),
        maker.Row("other", "string", "", False),
    ]


def test_types_stand_once_each_after_the_first_that_has_them() -> None:
    names = [kind.__name__ for kind in maker.kinds(RunDocument)]
    assert names[0] == "RunDocument" and len(names) == len(set(names))
    assert {"Entry", "CheckEntry", "Capacity", "ClientRecord", "Calibration", "LogSpan"} <= set(names)
