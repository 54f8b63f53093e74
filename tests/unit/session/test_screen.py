"""What the live view leaves on a terminal, and when it is plain lines."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence

import pytest

from slabench.session.screen import Screen, live
from tests.unit.terminal import Terminal


class Tty(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("how", "environment", "drawn"),
    [
        ("auto", {"TERM": "xterm"}, True),
        ("auto", {"TERM": "dumb"}, False),
        ("auto", {}, False),
        ("auto", {"TERM": "xterm", "CI": "true"}, False),
        ("live", {"TERM": "dumb"}, True),
        ("plain", {"TERM": "xterm"}, False),
        ("off", {"TERM": "xterm"}, False),
    ],
)
def test_where_it_is_drawn_in_place(how: str, environment: dict[str, str], drawn: bool) -> None:
    assert live(how, Tty(), environment) is drawn


def test_a_file_gets_plain_lines() -> None:
    assert not live("auto", io.StringIO(), {"TERM": "xterm"})


def screen_on(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str] | None = None
) -> Screen:
    """Draws on terminal, whose size is asked for at every draw."""
    made = Screen("live", environment=environment or {})

    class Stream(io.StringIO):
        def write(self, text: str) -> int:
            terminal.feed(text)
            return len(text)

    made.stream = Stream()
    monkeypatch.setattr(made, "_size", lambda: os.terminal_size((terminal.columns, terminal.lines)))
    return made


LINES = ("test 1 of 2: a", "[####]  50 %", "40 output tok/s")


@pytest.mark.parametrize("before", [0, 3, 6, 9])
def test_the_lines_stand_below_and_leave_nothing(before: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal of 7 lines, at every height of the cursor, scrolled or not."""
    terminal = Terminal(40, 7)
    others = [f"line {number}" for number in range(before)]
    terminal.feed("".join(f"{line}\r\n" for line in others) + "tests/test_a.py ")
    screen = screen_on(terminal, monkeypatch)
    for _ in range(3):
        screen.draw(LINES)
        assert terminal.text == [*others, "tests/test_a.py", *LINES]
    screen.draw(LINES[:1])
    assert terminal.text == [*others, "tests/test_a.py", LINES[0]]
    screen.erase()
    terminal.feed(".\r\nnext")
    assert terminal.text == [*others, "tests/test_a.py .", "next"]


@pytest.mark.parametrize(("columns", "lines"), [(12, 7), (40, 4), (5, 3), (2, 2)])
def test_a_terminal_that_becomes_small(columns: int, lines: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines are cut, never wrapped; those that find no room are left out; what was above stays."""
    terminal = Terminal(columns, lines)
    terminal.feed("x")
    screen = screen_on(terminal, monkeypatch)
    screen.draw(LINES)
    shown = terminal.text
    assert shown[0] == "x" and [line[: columns - 1].rstrip() for line in LINES[: len(shown) - 1]] == shown[1:]
    screen.erase()
    assert terminal.text == ["x"]


def test_a_resize_between_two_draws_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal(40, 10)
    terminal.feed("begin ")
    screen = screen_on(terminal, monkeypatch)
    screen.draw(LINES)
    terminal.columns = 20
    terminal.rows = [part for row in terminal.rows for part in (row[:20], row[20:]) if part or not row][:10]
    screen.draw(LINES)
    assert terminal.text == ["begin", *(line[:19] for line in LINES)]


@pytest.mark.parametrize(("environment", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_colours(environment: dict[str, str], coloured: bool) -> None:
    assert ("\x1b[31m" in Screen("live", environment=environment).red("late")) is coloured
    assert Screen("plain", environment={}).red("late") == "late"


def test_a_coloured_line_that_is_cut_has_no_colour_left_open(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []
    screen = screen_on(Terminal(), monkeypatch)
    monkeypatch.setattr(screen, "_write", written.append)
    monkeypatch.setattr(screen, "_size", lambda: os.terminal_size((10, 24)))
    lines: Sequence[str] = [screen.red("short"), screen.red("far too long for this")]
    screen.draw(lines)
    assert "\x1b[31mshort\x1b[0m" in written[0] and "\r\nfar too l\x1b8" in written[0]


def test_nothing_is_erased_that_was_not_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    screen = screen_on(terminal, monkeypatch)
    monkeypatch.setattr(screen, "_write", lambda text: pytest.fail("written"))
    screen.erase()


def test_a_chinese_character_takes_two_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    screen, written = screen_on(Terminal(), monkeypatch), list[str]()
    monkeypatch.setattr(screen, "_write", written.append)
    monkeypatch.setattr(screen, "_size", lambda: os.terminal_size((10, 24)))
    screen.draw(["排队 64", "日志最后一行：运行"])
    assert "\r\n排队 64\r\n日志最后\x1b8" in written[0]
