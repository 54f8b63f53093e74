"""One trial of a test, or a probe: what has to hold before it is sent."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from slabench.methods import Form
from slabench.session import trial
from slabench.session.load import Ready
from slabench.session.measurement import StillRunning


@pytest.mark.parametrize(("running", "sent"), [(3, False), (0, True), (None, True)])
def test_a_probe_is_not_sent_beside_requests_of_the_one_before(
    running: int | None, sent: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client cuts off a probe that has shown enough; some servers go on with its requests."""

    class Sent(Exception):
        pass

    def begin(*parts: Any, **more: Any) -> None:
        raise Sent

    where = SimpleNamespace(http=None)
    servers = SimpleNamespace(check_alive=lambda: None, new=where)
    campaign: Any = SimpleNamespace(servers=servers, history=None, say=None)
    test: Any = SimpleNamespace(prompts=SimpleNamespace(workload=lambda *a, **k: None), test_id="t")
    load = SimpleNamespace(deployment=where)
    monkeypatch.setattr(trial, "_load", lambda *parts: load)
    monkeypatch.setattr(trial, "make_ready", lambda *parts, **more: Ready(0, flush_status=400))
    monkeypatch.setattr(trial, "requests_there", lambda client: running)
    monkeypatch.setattr(trial, "_show_begin", begin)
    with pytest.raises(
        Sent if sent else StillRunning, match=None if sent else "Probe 2 was not sent: 3 requests"
    ):
        trial.run_probe(campaign, test, Form("serving", 100, 11, num_prompts=2), 2, cast(Any, None))
