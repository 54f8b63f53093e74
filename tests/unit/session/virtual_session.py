"""A session's loads in virtual time: run_load sends them as it does in a run, to servers that are models.

What is sent, how often and in which order is the session's own: prompts, plans, warm-up, stream probe, pairs.
Only `send` is another: it counts the seconds that the model takes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from slabench.loadgen import LoadResult, Plan
from slabench.methods import Form
from slabench.records import GpuCounts
from slabench.server.http import Http
from slabench.session import load as loads
from slabench.session import trial
from slabench.session.campaign import Campaign
from slabench.session.live_view import LiveView
from slabench.session.observation import Observation
from slabench.session.prompts import Prompts
from slabench.session.pytest_benchmark import Sidecar
from slabench.session.run_load import RunLoad
from slabench.session.screen import Screen
from slabench.session.settings import Settings
from slabench.sim.profiles import Profile
from slabench.sim.scheduler import Scheduler
from slabench.sim.virtual_time import run
from tests.unit.verdict.virtual import record

NEW, OLD = "http://new.invalid", "http://old.invalid"


class VirtualSession:
    """seconds: of each server, by its URL, all that was sent to it; sent: how many requests."""

    def __init__(
        self,
        settings: Settings,
        folder: Path,
        profiles: Mapping[str, Profile],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        self.profiles = profiles
        self.seconds, self.sent = dict.fromkeys(profiles, 0.0), dict.fromkeys(profiles, 0)
        self.campaign = Campaign(settings, folder, lambda sentence: None)
        servers = [self._deployment(url) for url in profiles]
        opened: Any = SimpleNamespace(
            new=servers[0],
            baseline=servers[1] if servers[1:] else None,
            twin="",
            check_alive=lambda: None,
            entry=None,
        )
        self.campaign.opened = opened
        self.prompts = Prompts(settings, self.campaign.tokenizer, list)
        monkeypatch.setattr(loads, "send", self.send)
        monkeypatch.setattr(trial, "send", self.send)
        monkeypatch.setattr(loads, "observe", lambda *args, **more: Observation({}, "", 1, (), (), None))
        monkeypatch.setattr(loads, "flush", lambda *args, **more: (200, "Cache flushed."))

    def _deployment(self, url: str) -> Any:
        return SimpleNamespace(
            url=url,
            http=Http(url),
            logs=(),
            roles=SimpleNamespace(disaggregated=False, workers=()),
            labels=(),
            headers={},
            ca_file=None,
            simulated=True,
            fingerprint={},
            gpus=GpuCounts.alike(self.profiles[url].tp),
            info=SimpleNamespace(tokenizer_path=None, model_path=None),
        )

    def run(self, test_id: str, form: Form, **more: Any) -> None:
        parts = trial.TestParts(test_id, self.prompts, LiveView(Screen("off")), Sidecar(None))
        RunLoad(self.campaign, parts)(form, point={}, **more)

    def send(
        self,
        deployment: Any,
        options: Any,
        prompts: Sequence[Any],
        plan: Plan | None = None,
        *,
        output_len: int | None = None,
        on_record: Callable[[Any], None] | None = None,
        **more: Any,
    ) -> LoadResult:
        plan = plan or Plan.at_once(len(prompts))
        lengths = [(prompt.input_len, output_len or prompt.output_len) for prompt in prompts]
        profile = self.profiles[deployment.url]
        due = [offset / 1e9 for offset in plan.offsets_ns]
        timings = run(Scheduler(profile.limits, profile), lengths, due, plan.cap)
        wall = max(timing.tokens[-1] for timing in timings)
        self.seconds[deployment.url] += wall
        self.sent[deployment.url] += len(prompts)
        records = [record(k, timing, *lengths[k]) for k, timing in enumerate(timings)]
        from slabench.records import ClientRecord

        client = ClientRecord(wall, 0.01, 0.1, 0.1, 0.1, loop_lateness_ms=0.05)
        return LoadResult(records, records[0].due_ns, 0.0, client, interrupted=False)
