"""The metrics that stand for a test in every table: the same text in every output."""

from __future__ import annotations

from collections.abc import Mapping

from slabench.messages import number
from slabench.metrics.bounded import bounds
from slabench.metrics.definitions import curve_size
from slabench.run_document.capacity import Capacity
from slabench.run_document.entry import Entry
from slabench.run_document.run import RunDocument
from slabench.verdict.outcome import NOTHING_JUDGED, Outcome

NONE = "n/a"
Shown = tuple[str, str, str]  # metric key, word before the value, unit
INPUT = ("input_throughput", "input", "tok/s")
INPUT_PER_GPU = ("input_throughput_per_gpu", "input", "tok/s per GPU")
OUTPUT = ("output_throughput", "output", "tok/s")
QPM = ("qpm", "", "QPM")
TOTAL = ("total_throughput", "total", "tok/s")
TPOT = ("tpot.mean", "TPOT", "ms")
OF_METHOD: Mapping[str, tuple[Shown, ...]] = {"ali-decode": (TPOT, OUTPUT)}


def verdict(entry: Entry) -> str:
    """A test's outcome in every table: `PASSED`, or `PASSED NOTHING_JUDGED`."""
    unjudged = entry.word is Outcome.PASSED and NOTHING_JUDGED in entry.reasons
    return f"{entry.word} {NOTHING_JUDGED}" if unjudged else str(entry.word)


def run_verdict(document: RunDocument) -> str:
    """A run's outcome: `PASSED`, or `PASSED (NOTHING_JUDGED in 1 of 3 tests)`."""
    names = document.unjudged
    if names and document.word is Outcome.PASSED:
        return f"{document.word} ({NOTHING_JUDGED} in {len(names)} of {len(document.tests)} tests)"
    return document.word or "nothing was judged"


def headline_metrics(entry: Entry) -> str:
    """`TPOT 35.98 ms, output 729 tok/s`, `curve 8: 432.87 tok/s per GPU, 54.11 per user`; or n/a."""
    if entry.method == "ali-decode-curve":
        return _curve(entry)
    if entry.method == "ali-prefill":
        per_gpu = _shown(entry.metrics, INPUT_PER_GPU)
        return per_gpu if per_gpu != NONE else _shown(entry.metrics, INPUT)
    if entry.method == "tencent-capacity":
        return NONE if entry.capacity is None else _capacity(entry.capacity, entry.metrics)
    return _joined(entry.metrics, *OF_METHOD.get(entry.method, (TOTAL, TPOT)))


def _capacity(capacity: Capacity, metrics: Mapping[str, float]) -> str:
    """`134 in flight: total 11,102 tok/s, 141.70 QPM, TPOT 49.10 ms`; without a load the search's outcome."""
    if capacity.load is None:
        return capacity.outcome or NONE
    unit = "in flight" if capacity.load_kind == "concurrency" else "requests/s"
    return f"{capacity.load:g} {unit}: {_joined(metrics, TOTAL, QPM, TPOT)}"


def _joined(metrics: Mapping[str, float], *wanted: Shown) -> str:
    texts = [_shown(metrics, shown) for shown in wanted]
    return ", ".join(text for text in texts if text != NONE) or NONE


def _shown(metrics: Mapping[str, float], shown: Shown) -> str:
    key, before, unit = shown
    if key in metrics:
        return f"{before} {number(metrics[key])} {unit}".lstrip()
    if (ends := bounds(key, metrics)) is not None:
        return f"{before} {number(ends[0])} to {number(ends[1])} {unit}".lstrip()
    return NONE


def _curve(entry: Entry) -> str:
    """At the largest batch size of a decode test: rows between the batch sizes are a run's start and end."""
    sizes = [size for key in entry.metrics if (size := curve_size(key)) is not None]
    row = next((row for row in entry.curve or () if sizes and row.running == max(sizes)), None)
    if row is None:
        return NONE
    if row.per_gpu is None:  # number of GPUs unknown
        return f"curve {row.running}: {number(row.median)} tok/s, {number(row.median / row.running)} per user"
    return f"curve {row.running}: {number(row.per_gpu)} tok/s per GPU, {number(row.per_user)} per user"
