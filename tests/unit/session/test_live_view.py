"""The view's words, on a terminal and as plain lines."""

from __future__ import annotations

from typing import Any

import pytest

from slabench.loadgen.run import Progress
from slabench.messages import Message
from slabench.methods import TENCENT
from slabench.server.log.last_batch import LastBatch
from slabench.session.live_view import LiveView
from slabench.session.planned_load import PlannedLoad, PlannedTest
from slabench.session.progress import LoadShape
from slabench.session.screen import Screen
from slabench.session.time_left import TimeLeft
from slabench.units import duration
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


def begun(screen: Screen, *slos: Slo, language: str = "en", **more: Any) -> LiveView:
    forms = {ID: TENCENT, "t1": TENCENT.replaced(num_prompts=256)}
    tests = [PlannedTest(test_id, (PlannedLoad(form),)) for test_id, form in forms.items()]
    view = LiveView(screen, TimeLeft(tests), lambda test_id: slos, language)
    view.begin_test(ID)
    view.begin(ID, SHAPE, **{"loads": 1, **more})
    return view


def test_one_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of the tokens came in the 39.5 s after the first: 40 s for the rest, 82 s for a test of 128."""
    screen, clock = Fake("live", NO_COLOR="1"), Clock(monkeypatch)
    view = begun(screen, Slo("tpot.mean", "<=", 50.0), log=lambda: LastBatch(100, 3))
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
        f"about {duration(left)} left, all {duration(left + 2 * (42 + left))}",
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
        slos = (Slo("tpot.mean", "<=", 50.0), Slo("tpot.p99", "<=", 80.0), Slo("qpm", ">=", 5.0))
        view = begun(screen, *slos)
        view.answer(61.0)
        view.update(Progress(1, 127, 0, 0, 1200, 1.0))
        text = "TPOT 61.00 ms (mean of 1; tpot.mean<=50; tpot.p99<=80) over the limit"
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
        "TPOT 73.00 ms (of those that run), about 2 min 17 s left, all 7 min 22 s"
    )


def test_a_test_that_is_not_of_the_session_has_no_place(monkeypatch: pytest.MonkeyPatch) -> None:
    Clock(monkeypatch)
    screen = Fake("live")
    view = LiveView(screen)
    view.begin_test("crosscheck")
    view.prepare("crosscheck", Message("live.prepare"))
    view.begin("crosscheck", SHAPE)
    view.update(Progress(0, 1, 0, 0, 5, 1.0))
    assert (
        screen.drawn[0] == ("crosscheck", str(Message("live.prepare"))) and screen.drawn[1][0] == "crosscheck"
    )


def test_off_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    Clock(monkeypatch)
    screen = Fake("off")
    view = begun(screen)
    view.prepare(ID, Message("live.prepare"))
    view.update(Progress(0, 1, 0, 0, 5, 100.0))
    assert not screen.drawn and not screen.lines


def test_automatic_repeats_are_the_most_that_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, screen = Clock(monkeypatch), Fake("live")
    part = Message("load.repeat", repeat=2, repeats=10)
    view = begun(screen, load=part, loads=10, at_most=True)
    for second, tokens in ((1, 1280), (2, 2560)):
        clock.now = second
        view.update(Progress(0, 128, 0, 0, tokens, second))
    assert screen.drawn[-1][0] == "test 1 of 2: test_sla[np128] (repeat 2 of 10)"
    left = (153600 - 2560) / 1280
    whole = [left + 9 * (left + 2), 2 * 10 * (left + 2)]
    assert screen.drawn[-1][3] == (
        f"about {duration(left)} left, test at most {duration(whole[0])}, all at most {duration(sum(whole))}"
    )


def test_it_is_in_the_language_of_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, screen = Clock(monkeypatch), Fake("live")
    view = begun(screen, Slo("tpot.mean", "<=", 50.0), language="zh", log=lambda: LastBatch(100, 3))
    clock.now = 2.0
    view.update(Progress(0, 128, 64, 0, 0, 2.0))
    view.update(Progress(0, 128, 64, 0, 960, 2.5))
    assert screen.drawn[-1][0] == "测试 1/2：test_sla[np128]"
    assert "已完成 0/128, 运行 64, 排队 64" in screen.drawn[-1][1]
    assert screen.drawn[-1][2] == "输出 384 tok/s, TPOT 33.33 ms（运行中的请求；tpot.mean<=50）"
    assert screen.drawn[-1][4] == "日志最后一行：运行 100，排队 3"
    assert str(Message("live.prepare")).startswith("prompts")
