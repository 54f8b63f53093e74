"""What is left of a test's loads where a signal ends what comes after them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from slabench.methods import Form
from slabench.session import answers
from slabench.session.settings import Settings
from slabench.sim.profiles import PROFILES
from tests.unit.plugin.test_plugin_options import given
from tests.unit.session.virtual_session import NEW, OLD, VirtualSession


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
    assert kept.entry.metrics["tpot.mean"] > 0
    assert kept.entry.records is not None and kept.entry.records.requests == 2
