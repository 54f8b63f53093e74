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
from slabench.records import Calibration
from slabench.server.http import Http
from slabench.server.launch import launch
from slabench.workloads.model import Prompt

TTFT_MS = 200.0
INPUT_LEN = 64
PATIENCE_S = 30.0


def measure(shape: Shape, options: ClientOptions) -> Calibration:
    """One calibration, some seconds long. What goes wrong is its state and its sentence, never an exception."""
    made = datetime.now(UTC).isoformat(timespec="seconds")
    options = replace(options, keep_text=False, first_byte_timeout_s=PATIENCE_S, idle_timeout_s=PATIENCE_S)
    profile = f"null?ttft_ms={TTFT_MS:g}&itl_ms={shape.itl_ms:g}"
    command = [sys.executable, "-m", "slabench.sim", "--profile", profile, "--port", "{port}"]
    prompts = [
        Prompt(None, array("i", range(100, 100 + INPUT_LEN)), INPUT_LEN, shape.tokens)
        for _ in range(shape.streams)
    ]
    try:
        with tempfile.TemporaryDirectory(prefix="slabench-null-") as folder:
            with launch(
                command, str(Path(folder) / "null.log"), ready_timeout=PATIENCE_S, grace=2.0
            ) as server:
                result = run_load(
                    Target(server.url), prepare_requests(prompts), Plan.at_once(shape.streams), options
                )
                asked = Http(server.url)
                truth, trace = json.loads(asked.get("/truth").body), asked.get("/truth/trace").body
            return compare(result.requests, truth, trace, shape, made_utc=made)
    except (ServerError, ConfigError, OSError, ValueError, KeyError) as error:
        return Calibration(
            "failed", f"the null server could not be driven: {str(error).splitlines()[0]}", made_utc=made
        )


class Calibrator:
    """One a session: each shape is measured at most once, and taken from the cache unless fresh."""

    def __init__(
        self,
        options: ClientOptions,
        *,
        fresh: bool = False,
        folder: Path | None = None,
        say: Callable[[str], None] = lambda sentence: None,
        measurer: Callable[[Shape, ClientOptions], Calibration] | None = None,
    ) -> None:
        self.options, self.fresh, self.say = options, fresh, say
        self.store = Store(options, folder)
        self._measure = measure if measurer is None else measurer
        self._made: dict[Shape, Calibration] = {}

    def before(self, concurrency: int, *, one_token: bool = False) -> Calibration:
        """What is known before the test: its concurrency, not yet its token rate."""
        return self._of(Shape.of(concurrency, one_token=one_token))

    def after(self, found: Calibration, concurrency: int, tpot_ms: float | None) -> Calibration:
        """The same where the test's tokens came no faster than the calibration's; else measured for the
        faster step.
        """
        if tpot_ms is None or found.state != "measured" or tpot_ms >= found.itl_ms:
            return found
        return self._of(Shape.of(concurrency, tpot_ms))

    def _of(self, shape: Shape) -> Calibration:
        known = self._made.get(shape)
        if known is None and not self.fresh:
            known = self.store.load(shape)
        if known is None:
            self.say(
                f"Calibrating the client: {shape.streams} streams, a token each every {shape.itl_ms:g} ms, some seconds."
            )
            known = self._measure(shape, self.options)
            self.store.save(shape, known)
        self._made[shape] = known
        return known
