"""English after the number 1, in every template."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from string import Formatter

import pytest

from slabench.messages import Message
from slabench.messages.english import CATALOGUE
from slabench.messages.singular import singular

# what may follow a 1 and ends in s: units, and verbs of a name that stands where the 1 is
KNOWN = set(
    "ms ns s tok/s tokens/s is was has does needs keeps lacks begins gives sends makes reports counts stores "
    "shares remains writes decodes repeats as process series its this asks holds stands "
    "requests/s compares measures shows wants belongs continues ends exists leaves limits lists names "
    "reaches reads redirects serves spreads turns --repeats".split()
)


@pytest.mark.parametrize(
    ("several", "alone"),
    [
        ("1 requests were", "1 request was"),
        ("1 running requests are in 1 queries", "1 running request is in 1 queries"),
        ("of 1 pairs, 11 pairs", "of 1 pair, 11 pairs"),
        ("1 of 4 requests were sent", "1 of 4 requests was sent"),
        ("1 of 1 answers have", "1 of 1 answer has"),
        ("1 processes, 1 copies, 1 entries", "1 process, 1 copy, 1 entry"),
        ("0.1 requests, 2,1 requests, +1 requests", "0.1 requests, 2,1 requests, +1 requests"),
        ("1 requests/s, np1 requests", "1 requests/s, np1 requests"),
    ],
)
def test_after_the_number_one(several: str, alone: str) -> None:
    assert singular(several) == alone
    assert singular(alone) == alone


def fields(template: str) -> Iterator[tuple[str, str]]:
    for _, name, spec, _ in Formatter().parse(template):
        if name:
            yield name, spec or ""


def rendered(id: str, ones: Sequence[str]) -> str:
    """With 1 for these arguments, and for the others what reads as neither number nor word."""
    arguments: dict[str, object] = {}
    for name, spec in fields(CATALOGUE[id]):
        number = re.fullmatch(r"[+,]*(\.\d+)?[fg%]|\+?\.\d+%|number|,", spec) is not None
        arguments[name] = 1 if name in ones else 7 if number else "X"
        if not number and spec:  # a metric's key, or what a sequence is joined by
            arguments[name] = "X" if spec == "metric" else ("X",)
    return str(Message(id, **arguments))  # type: ignore[arg-type]


@pytest.mark.parametrize("id", CATALOGUE)
def test_no_template_has_several_of_one(id: str) -> None:
    for name, _ in fields(CATALOGUE[id]):
        text = rendered(id, [name])
        for match in re.finditer(r"(?<![\w.,:/+\-])1 ([a-z-]+ )?([a-z/-]+s)\b(?!/)", text):
            first, last = (match[1] or "").strip(), match[2]
            assert first in KNOWN or last in KNOWN, f"{id} with {name}=1: {text!r}: {match[0]!r}"
