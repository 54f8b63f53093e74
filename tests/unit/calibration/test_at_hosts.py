"""The client's own error at several hosts: the worst of them, and who was not measured."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict

import pytest

from slabench.calibration.at_hosts import _at, together
from slabench.calibration.shape import Shape
from slabench.loadgen.transports.base import LoadHosts
from slabench.records import Calibration


def made(tpot: float, ttft: float, late: float = 0.2) -> Calibration:
    return Calibration("measured", "", 32, 20.0, 101, tpot, ttft, 0.1, late, "2026-11-29T18:00:00+00:00")


def test_of_each_kind_the_largest_error_counts_and_the_streams_add_up() -> None:
    whole = together({"a": made(0.01, -3.0), "b": made(-0.4, 1.0, late=0.9)})
    assert (whole.state, whole.streams, whole.chunks_per_s) == ("measured", 64, 3200.0)
    assert (whole.tpot_error_pct, whole.ttft_error_ms, whole.server_late_p99_ms) == (-0.4, -3.0, 0.9)


def test_a_host_that_was_not_measured_is_named() -> None:
    whole = together({"a": made(0.01, 0.1), "b": Calibration("ceiling", "its server was late")})
    assert (whole.state, whole.why) == ("ceiling", "load host b: its server was late")


class Printed:
    """A transport whose hosts print this."""

    hosts = ("a",)

    def __init__(self, text: str | OSError) -> None:
        self.text = text
        self.command: Sequence[str] = ()

    def start(self, host: str) -> object:
        raise NotImplementedError

    def output(self, host: str, command: Sequence[str], timeout_s: float) -> str:
        self.command = command
        if isinstance(self.text, OSError):
            raise self.text
        return self.text

    def close(self) -> None: ...


def test_a_host_is_asked_for_its_share() -> None:
    transport = Printed(f"Welcome to a\n{json.dumps(asdict(made(0.1, 0.2)))}\n")
    place = LoadHosts(("a",), "ssh {host}", python="python3")
    assert _at(transport, place, "a", Shape(32, 5.0), None) == made(0.1, 0.2)  # type: ignore[arg-type]
    assert list(transport.command[-7:]) == ["python3", "-P", "-m", "slabench.calibration", "32", "5", "auto"]


@pytest.mark.parametrize("text", ["", "no JSON", '{"stat": 1}', OSError("status 255: no route")])
def test_whatever_it_prints_instead_is_a_failure(text: str | OSError) -> None:
    known = _at(Printed(text), LoadHosts(("a",), "ssh {host}"), "a", Shape(32, 5.0), 2)  # type: ignore[arg-type]
    assert known.state == "failed" and known.why
