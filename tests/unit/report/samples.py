"""Entries of run.json, written by hand as docs/run-json.md has them."""

from __future__ import annotations

from typing import Any

from slabench.run_document.entry import Entry
from slabench.run_document.read import parse
from slabench.run_document.run import RunDocument
from slabench.run_document.write import stored

# What a part of an entry has where a test does not say otherwise.
CHECK = {"name": "completed", "state": "ok", "text": "", "remedy": ""}
OBJECTIVE = {
    "kind": "slo", "metric": "tpot.mean", "op": "<=", "limit": 50.0, "observed": 35.98, "unit": "ms",
    "holds": True,
    "margin_pct": -28.0, "n": 128, "text": "tpot mean 35.98 ms <= 50 ms (-28 %, n=128)",
}  # fmt: skip
CLIENT = {"wall_s": 1.0}
COMPARISON = {"baseline": "old.json", "state": "compared", "differences": [], "figures": []}
CURVE_ROW = {"running": 8, "samples": 124, "median": 432.87, "per_user": 54.11, "clean_samples": 0}
LOAD_SERVER = {"flush_status": 200}
PROBE = {
    "number": 1, "load": 8.0, "standing": "holds", "why": "", "waves": 2, "stopped": False, "seconds": 1.0,
    "intervals": {}, "metrics": {},
}  # fmt: skip
CAPACITY = {
    "load_kind": "concurrency",
    "range": [1, 256],
    "rules": [],
    "text": "",
    "seconds": 1.0,
    "probes": [],
}
REPEAT = {"side": "new", "repeat": 1, "metrics": {}}
SERVER = {"url": "http://127.0.0.1:8000", "reference": True, "fingerprint": {}, "info": {}}


def entry(
    test_id: str = "tests/tencent/test_sla.py::test_sla[np128]", word: str = "PASSED", **more: Any
) -> Entry:
    """A test's entry; `more` replaces its fields, as JSON has them."""
    data = {
        "id": test_id,
        "method": "tencent",
        "point": {},
        "word": word,
        "headline": "tpot mean 35.98 ms <= 50 ms (-28 %, n=128)",
        "reasons": [],
        "labels": [],
        "objectives": [],
        "checks": [],
        "advice": [],
        "workload": {},
        "plan": {"count": 128, "request_rate": 128.0, "max_concurrency": 128},
        "metrics": {},
        "began_utc": "2026-01-02T03:04:05Z",
        "duration_s": 1.0,
    }
    for name, default in (
        ("checks", CHECK),
        ("objectives", OBJECTIVE),
        ("curve", CURVE_ROW),
        ("repeats", REPEAT),
    ):
        if name in more:
            more[name] = [default | part for part in more[name]]
    for name, default in (
        ("client", CLIENT),
        ("comparison", COMPARISON),
        ("server", LOAD_SERVER),
        ("capacity", CAPACITY),
    ):
        if name in more:
            more[name] = default | more[name]
    if "capacity" in more:
        more["capacity"]["probes"] = [PROBE | probe for probe in more["capacity"]["probes"]]
    return parse(Entry, data | more, strict=True)


def document(*tests: Entry, **more: Any) -> RunDocument:
    """A finished run of these tests; `more` replaces its fields, as JSON has them."""
    data = {
        "schema": "slabench.run/1",
        "run_id": "20260102T030405Z-3f9a2c",
        "state": "finished",
        "word": "PASSED",
        "exit_status": 0,
        "created_utc": "2026-01-02T03:04:05Z",
        "updated_utc": "2026-01-02T03:04:06Z",
        "slabench": "0.1.0",
        "client": {"name": "slabench"},
        "tests": [stored(test) for test in tests],
    }
    if more.get("server"):
        more["server"] = SERVER | more["server"]
        if "baseline" in more["server"]:
            more["server"]["baseline"] = SERVER | more["server"]["baseline"]
    return parse(RunDocument, data | more, strict=True)
