"""One row of the matrix: what is wrong, what slabench has to say of it, and the check that says it."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.integration.conftest import Done, Suite
from tests.integration.fault_matrix.stored import Stored

TENCENT = ("tests/tencent",)
# The vocabulary is given, so that no run loads a tokenizer: half a second a row.
FAST = (
    "--vocab-size=1000",
    "--arrivals=constant",
    "--idle-timeout=0.5",
    "--first-byte-timeout=0.8",
    "--connect-timeout=2",
)
# A request that keeps the flush from being confirmed is waited for half a minute; here for a blink.
HASTY = "-ptests.integration.fault_matrix.hasty"


@dataclass(frozen=True)
class Row:
    """server: the embedded one's profile. check: what has to catch it; also: other checks that see it too, if
    any.

    without: the word of the same records when check and also are left out. PASSED says that nothing else
    stands between the fault and a false green; INVALID that the objective is not even defined.
    """

    name: str
    server: str
    check: str
    says: str
    also: tuple[str, ...] = ()
    without: str = "PASSED"
    options: tuple[str, ...] = ()
    tests: tuple[str, ...] = TENCENT

    def __str__(self) -> str:
        return self.name


def params(rows: list[Row]) -> list[object]:
    assert len({row.name for row in rows}) == len(rows)
    return [pytest.param(row, id=row.name) for row in rows]


def expect_invalid(done: Done, row: Row) -> None:
    """The word, its sentence everywhere, the status; and the same records without the check."""
    assert done.status == 6, done.output
    stored = Stored(done)
    entry = stored.red()
    assert entry["word"] == "INVALID", done.output
    assert row.check in entry["reasons"], entry["reasons"]
    stored_check = next(check for check in entry["checks"] if check["name"] == row.check)
    assert row.says in stored_check["text"], stored_check
    assert stored_check["remedy"], stored_check
    assert f"INVALID {entry['id']}: {entry['headline']}" in done.output
    assert "Traceback" not in done.output
    assert stored.failure(entry["id"]).startswith("INVALID: ")
    assert "INVALID" in (stored.folder / "summary.md").read_text()
    again = stored.judge(entry)
    assert (again.word.value, again.headline.split()) == (entry["word"], entry["headline"].split())
    spoke = {check.name for check in again.checks if check.state.value == "invalid"}
    assert spoke == {row.check, *row.also}, spoke
    without = stored.judge(entry, leave_out={row.check})
    assert row.check not in without.reasons
    assert row.says not in without.headline
    assert without.word.value == ("INVALID" if row.also else row.without)
    assert stored.judge(entry, leave_out={row.check, *row.also}).word.value == row.without


def expect_usage_or_unreachable(done: Done, status: int, says: str) -> None:
    """One sentence, no test tried, nothing green anywhere."""
    assert "outcomes.Exit" not in done.output, "the name of an exception"
    assert done.status == status, done.output
    assert "Traceback" not in done.output, done.output
    assert "INTERNALERROR" not in done.output, done.output
    assert any(says in line for line in done.output.splitlines()), done.output
    assert "PASSED" not in done.output
    if done.folder is not None:
        assert done.run["word"] != "PASSED"
        assert done.run["tests"] == []


def measure(suite: Suite, row: Row, url: str | None = None) -> Done:
    return suite(*row.tests, f"--base-url={url or 'sim:' + row.server}", *FAST, *row.options)
