"""The view's words, on a terminal and as plain lines."""

from __future__ import annotations

from typing import Any

import pytest

from slabench.loadgen.run import Progress
from slabench.methods import TENCENT
from slabench.server.log.last_batch import LastBatch
from slabench.session.live_view import LiveView, duration
from slabench.session.progress import LoadShape
from slabench.session.screen import Screen
from slabench.session.time_left import PlannedTest, TimeLeft
from slabench.verdict.sla import Slo

ID = "tests/tencent/test_sla.py::test_sla[np128]"
SHAPE = LoadShape(128, 128 * 3500, 128 * 1200)


class Fake(Screen):
    """Keeps what it is given to draw or write."""

    def __init__(self, how: str, **environment: str) -> None:
        super().__init__(how, environment=environment)
        self.drawn: list[tuple[str, ...]] = []
        self.lines: list[str] = []

    def draw(self, lines: Any) -> None:
        self.drawn.append(tuple(lines))

    def line(self, text: str) -> None:
        self.lines.append(text)


class Clock:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        monkeypatch.setattr("slabench.session.live_view.time.monotonic", lambda: self.now)


def begun(screen: Screen, **more: Any) -> LiveView:
    counts = [PlannedTest(ID, TENCENT), PlannedTest("t1", TENCENT.replaced(num_prompts=256))]
    view = LiveView(screen, TimeLeft(counts))
    view.begin_test(ID)
    view.begin(ID, SHAPE, **{"loads": 1, **more})
    return view


def test_one_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of the tokens came in the 39.5 s after the first: 40 s for the rest, 82 s for a test of 128."""
    screen, clock = Fake("live", NO_COLOR="1"), Clock(monkeypatch)
    view = begun(screen, slos=[Slo("tpot.mean", "<=", 50.0)], log=lambda: LastBatch(100, 3))
    clock.now = 2.0
    view.update(Progress(0, 128, 64, 0, 0, 2.0))
    clock.now = 2.5
    view.update(Progress(0, 128, 64, 0, 960, 2.5))
    clock.now = 42.0
    view.update(Progress(0, 128, 12, 0, 76800, 42.0))
    left = (153600 - 76800) / ((76800 - 960) / 39.5)
    assert screen.drawn[-1] == (
        "test 1 of 2: test_sla[np128]",
        "[############------------]  50%  0/128 done, 116 running, 12 queued",
        f"{76800 / 42:,.0f} output tok/s, TPOT 33.33 ms (of those that run; tpot.mean<=50)",
        f"about {left:.0f} s left, all {duration(left + 2 * (42 + left))}",
        "the log's last line: 100 running, 3 queued",
    )


def test_a_stalled_server_has_no_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    screen, clock = Fake("live", NO_COLOR="1"), Clock(monkeypatch)
    view = begun(screen)
    for half in range(1, 21):
        clock.now = half / 2
        view.update(Progress(0, 128, 0, 0, min(half, 4) * 1280, half / 2))
    assert screen.drawn[3][3].startswith("about 58 s left")
    assert screen.drawn[-1][3] == "no token for 8 s"
    assert not any("left" in line for line in screen.drawn[-1])


def test_a_mean_over_its_objective_is_marked_where_it_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    Clock(monkeypatch)
    for screen, mark in ((Fake("live"), "\x1b[31m"), (Fake("live", NO_COLOR="1"), "")):
        view = begun(screen, slos=[Slo("tpot.mean", "<=", 50.0), Slo("tpot.p99", "<=", 80.0)])
        view.answer(61.0)
        view.update(Progress(1, 127, 0, 0, 1200, 1.0))
        text = "TPOT 61.00 ms (mean of 1; tpot.mean<=50, tpot.p99<=80) over the limit"
        assert f"{mark}{text}" in screen.drawn[-1][2]


def test_a_plain_line_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    screen, clock = Fake("plain"), Clock(monkeypatch)
    view = begun(screen)
    for second in range(1, 32):
        clock.now = float(second)
        view.update(Progress(1, 100, 27, 1, second * 1000, float(second)))
    assert len(screen.lines) == 2 and not screen.drawn
    assert screen.lines[0] == (
        "test 1 of 2: test_sla[np128] 1/128 done, 73 running, 27 queued, 1 FAILED, 1,000 output tok/s, "
        "TPOT 73.00 ms (of those that run), about 2 min left, all 7 min"
    )


def test_a_test_that_is_not_of_the_session_has_no_place(monkeypatch: pytest.MonkeyPatch) -> None:
    Clock(monkeypatch)
    screen = Fake("live")
    view = LiveView(screen)
    view.begin_test("crosscheck")
    view.prepare("crosscheck", "warm-up")
    view.begin("crosscheck", SHAPE)
    view.update(Progress(0, 1, 0, 0, 5, 1.0))
    assert screen.drawn[0] == ("crosscheck", "warm-up") and screen.drawn[1][0] == "crosscheck"


def test_off_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    Clock(monkeypatch)
    screen = Fake("off")
    view = begun(screen)
    view.prepare(ID, "warm-up")
    view.update(Progress(0, 1, 0, 0, 5, 100.0))
    assert not screen.drawn and not screen.lines


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.4, "0 s"),
        (99.4, "99 s"),
        (99.6, "2 min"),
        (7100, "118 min"),
        (7200, "2 h 00 min"),
        (11110, "3 h 05 min"),
    ],
)
def test_a_duration(seconds: float, text: str) -> None:
    assert duration(seconds) == text
