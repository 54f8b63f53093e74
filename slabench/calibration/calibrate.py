"""Drive the null server once, and keep what came of it."""

from __future__ import annotations

import json
import sys
import tempfile
from array import array
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from slabench.calibration.compare import compare
from slabench.calibration.shape import Shape
from slabench.calibration.store import Store
from slabench.errors import ConfigError, ServerError
from slabench.loadgen import ClientOptions, Plan, Target, prepare_requests, run_load
from slabench.messages import Message
from slabench.records import Calibration
from slabench.server.http import Http
from slabench.server.launch import launch
from slabench.workloads.model import Prompt

TTFT_MS = 200.0
INPUT_LEN = 64
TIMEOUT_S = 30.0


def measure(shape: Shape, options: ClientOptions) -> Calibration:
    """One calibration, some seconds long. What goes wrong is its state and its why, never an exception."""
    made = datetime.now(UTC).isoformat(timespec="seconds")
    options = replace(options, keep_text=False, first_byte_timeout_s=TIMEOUT_S, idle_timeout_s=TIMEOUT_S)
    profile = f"null?ttft_ms={TTFT_MS:g}&itl_ms={shape.itl_ms:g}"
    command = [sys.executable, "-m", "slabench.sim", "--profile", profile, "--port", "{port}"]
    prompts = [Prompt(None, array("i", range(100, 100 + INPUT_LEN)), INPUT_LEN, shape.tokens)] * shape.streams
    try:
        with tempfile.TemporaryDirectory(prefix="slabench-null-") as folder:
            with launch(
                command, str(Path(folder) / "null.log"), ready_timeout=TIMEOUT_S, grace=2.0
            ) as server:
                requests, plan = prepare_requests(prompts), Plan.at_once(shape.streams)
                result = run_load(Target(server.url), requests, plan, options)
                http = Http(server.url)
                truth, trace = json.loads(http.get("/truth").body), http.get("/truth/trace").body
            return compare(result.requests, truth, trace, shape, made_utc=made)
    except (ServerError, ConfigError, OSError, ValueError, KeyError) as error:
        why = Message("calibration.not_driven", problem=str(error).splitlines()[0])
        return Calibration("failed", str(why), made_utc=made)


class Calibrator:
    """One a session: each shape is measured at most once, and taken from the cache unless fresh."""

    def __init__(
        self,
        options: ClientOptions,
        *,
        fresh: bool = False,
        folder: Path | None = None,
        say: Callable[[Message | str], None] = lambda sentence: None,
        measurer: Callable[[Shape, ClientOptions], Calibration] | None = None,
        place: object = None,
    ) -> None:
        """place: the hosts that the measurer is of, part of what is kept; None: this machine."""
        self.options, self.fresh, self.say = options, fresh, say
        self.store = Store(options if place is None else (options, place), folder)
        self._measure = measure if measurer is None else measurer
        self._made: dict[Shape, Calibration] = {}

    def before(self, concurrency: int, *, one_token: bool = False) -> Calibration:
        """What is known before the test: its concurrency, not yet its token rate."""
        return self._of(Shape.of(concurrency, one_token=one_token))

    def after(self, known: Calibration, concurrency: int, tpot_ms: float | None) -> Calibration:
        """The same where the test's tokens came no faster than the calibration's; else measured for the
        faster step.
        """
        if tpot_ms is None or known.state != "measured" or tpot_ms >= known.itl_ms:
            return known
        return self._of(Shape.of(concurrency, tpot_ms))

    def _of(self, shape: Shape) -> Calibration:
        known = self._made.get(shape)
        if known is None and not self.fresh:
            known = self.store.load(shape)
        if known is None:
            self.say(Message("calibration.begins", streams=shape.streams, itl_ms=shape.itl_ms))
            known = self._measure(shape, self.options)
            self.store.save(shape, known)
        self._made[shape] = known
        return known
