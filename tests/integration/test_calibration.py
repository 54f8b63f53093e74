"""--calibrate: what a run says of its own client, what is kept, and that the embedded server is left out
unless asked.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from slabench.calibration import Shape
from slabench.calibration.calibrate import measure
from slabench.loadgen import ClientOptions
from tests.integration.conftest import Suite

# A token every 25 ms: slower than the calibration's own 20 ms by more than a busy machine's late first tokens
# shorten a TPOT. At 20 the next faster step would at times be measured as well, and rightly so.
WORK = (
    "tests/serving",
    "--base-url=sim:null?ttft_ms=30&itl_ms=25",
    "--random-output-len=60",
    "--slo=tpot.mean<=500",
)
READ = "-ptests.integration.own_error"


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    return Suite(tmp_path)


def test_every_output_carries_the_error_bar(suite: Suite) -> None:
    done = suite(*WORK, "--calibrate=fresh", READ)
    assert done.status == 0 and done.folder is not None, done.output
    assert "Calibrating the client for some seconds: 16 streams, one token each every 20 ms." in done.output
    (entry,) = done.run["tests"]
    bar = entry["client"]["calibration"]
    assert (bar["state"], bar["streams"], bar["itl_ms"], bar["kept"]) == ("measured", 16, 20.0, False), bar
    line = (
        "client error: TPOT +0.050 %, TTFT +40.00 ms, p99 ITL +1.50 ms (null server, 16 streams, a token "
        "each every 20 ms;"
    )
    assert line in done.output
    assert line in (done.folder / "summary.md").read_text()
    assert line in (done.folder / "report.html").read_text()
    (check,) = [check for check in entry["checks"] if check["name"] == "client_error"]
    assert check["state"] == "ok" and "of an objective's distance from its limit" in check["text"]
    assert len(list(Path(suite.environment["SLABENCH_CACHE"]).glob("calibration-*"))) == 1


def test_the_null_server_is_really_driven() -> None:
    """Measured, or a sentence why not: a machine without two free cores knows nothing, and says so."""
    made = measure(Shape(4, 20.0), ClientOptions())
    assert made.state in ("measured", "ceiling"), made
    assert made.server_late_p99_ms is not None and made.streams == 4 and made.made_utc
    if made.state == "measured":
        assert made.tpot_error_pct is not None and abs(made.tpot_error_pct) < 20
    else:
        assert "the null server could not keep 200 tokens/s" in made.why


def test_a_null_server_that_cannot_start_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    made = measure(Shape(4, 20.0), ClientOptions())
    assert made.state == "failed" and made.why.startswith("the embedded null server could not be driven: ")


def test_the_embedded_server_is_left_out_unless_asked(suite: Suite) -> None:
    done = suite(*WORK)
    assert done.status == 0, done.output
    (entry,) = done.run["tests"]
    assert entry["client"]["calibration"] is None
    assert not [check for check in entry["checks"] if check["name"] == "client_error"]
    assert not list(Path(suite.environment["SLABENCH_CACHE"]).glob("calibration-*"))


def test_off_is_said(suite: Suite) -> None:
    done = suite(*WORK, "--calibrate=off")
    assert done.status == 0, done.output
    assert "not checked client_error: The client's own error is not known: --calibrate=off." in done.output
    strict = suite(
        *WORK,
        "--calibrate=off",
        "--strict-validity",
        "--allow=client,one_read,log_agrees,first_run,prompt_length",
    )
    assert strict.status == 6 and "client_error" in strict.run["tests"][-1]["reasons"], strict.output
