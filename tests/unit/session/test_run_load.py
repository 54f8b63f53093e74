"""What is left of a test's loads where a signal ends what comes after them."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from slabench.loadgen import LoadInterrupted, LoadResult
from slabench.methods import Form
from slabench.records import ClientRecord, GpuCounts
from slabench.session import answers, partial_entry
from slabench.session.measurement import BASELINE, Trial
from slabench.session.settings import Settings
from slabench.sim.profiles import PROFILES
from tests.unit.plugin.test_plugin_options import given
from tests.unit.session.virtual_session import NEW, OLD, VirtualSession


def test_an_interruption_says_that_earlier_pairs_of_the_test_are_measured_again() -> None:
    client = ClientRecord(0.0, None, None, None, None)
    stop = LoadInterrupted(LoadResult([], 0, 0.0, client, interrupted=True), "Ctrl-C")
    described: Any = SimpleNamespace(describe=dict)
    trial = Trial(BASELINE, 3, 10, "pair")
    line = partial_entry.entry("t", trial, stop, described, described, GpuCounts()).headline
    assert line.endswith("; their records are kept, and --resume measures all loads of this test again")


def test_ctrl_c_while_servers_are_asked_for_answers_keeps_the_loads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*parts: Any) -> None:
        raise KeyboardInterrupt

    made = Settings.of(given(base_url=[NEW], baseline_url=OLD, repeats=2, calibrate="off"), {})
    profiles = dict.fromkeys((NEW, OLD), PROFILES["demo"])
    session = VirtualSession(made, tmp_path, profiles, monkeypatch)
    monkeypatch.setattr(answers, "after_the_loads", interrupted)
    with pytest.raises(KeyboardInterrupt):
        session.run("t", Form("serving", 100, 11, num_prompts=2))
    kept = session.campaign.interrupted
    assert kept is not None and kept.entry.word == "INVALID" and "interrupted" in kept.entry.reasons
    assert "Ctrl-C after 4 whole loads" in kept.entry.headline
    assert kept.entry.headline.endswith("--resume measures all loads of this test again")
    assert kept.entry.metrics["tpot.mean"] > 0
    assert kept.entry.records is not None and kept.entry.records.requests == 2
