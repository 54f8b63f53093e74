"""The metrics that stand for a test in every table: the same text in every output."""

from __future__ import annotations

from collections.abc import Mapping

from slabench.messages import Message, number
from slabench.metrics.bounded import bounds
from slabench.metrics.definitions import curve_size
from slabench.report.left_out import left_out_of
from slabench.run_document.capacity import Capacity
from slabench.run_document.entry import Entry
from slabench.run_document.run import RunDocument
from slabench.verdict.outcome import NOTHING_JUDGED, Outcome

NONE = "n/a"
# metric key, id of the word around the value, id of the unit
Shown = tuple[str, str, str]
INPUT = ("input_throughput", "label.input", "unit.tok_s")
INPUT_PER_GPU = ("input_throughput_per_gpu", "label.input", "unit.tok_s_per_gpu")
OUTPUT = ("output_throughput", "label.output", "unit.tok_s")
QPM = ("qpm", "label.alone", "unit.qpm")
TOTAL = ("total_throughput", "label.total", "unit.tok_s")
TPOT = ("tpot.mean", "label.tpot", "unit.ms")
OF_METHOD: Mapping[str, tuple[Shown, ...]] = {"ali-decode": (TPOT, OUTPUT)}


def verdict(entry: Entry) -> str:
    """A test's outcome in every table: `PASSED`, or `PASSED NOTHING_JUDGED`."""
    unjudged = entry.word is Outcome.PASSED and NOTHING_JUDGED in entry.reasons
    return f"{entry.word} {NOTHING_JUDGED}" if unjudged else str(entry.word)


def run_verdict(document: RunDocument) -> str:
    """A run's outcome: `PASSED`, or `PASSED (NOTHING_JUDGED in 1 of 3 tests, LEFT_OUT: 2 of 5 tests)`, with
    what it requires of a baseline file and did not run.
    """
    parts = []
    if document.unjudged:
        among = {"tests": len(document.unjudged), "of": len(document.tests)}
        parts.append(Message("run.nothing_judged_part", **among))
    if document.left_out is not None:
        parts.append(Message("run.left_out_part", **left_out_of(document)))
    if document.baseline_not_run:
        parts.append(Message("run.without_tests_part", tests=len(document.baseline_not_run)))
    if parts and document.word is Outcome.PASSED:
        return str(Message("run.passed_but", word=document.word, parts=parts))
    return document.word or str(Message("run.no_word"))


def headline_metrics(entry: Entry) -> str:
    """`TPOT 35.98 ms, output 729 tok/s`, `curve 8: 432.87 tok/s per GPU, 54.11 per user`; or n/a."""
    if entry.method == "ali-decode-curve":
        return _curve(entry)
    if entry.accuracy is not None:
        return _accuracy(entry.metrics)
    if entry.method == "ali-prefill":
        per_gpu = _shown(entry.metrics, INPUT_PER_GPU)
        return per_gpu if per_gpu != NONE else _shown(entry.metrics, INPUT)
    if entry.method == "tencent-capacity":
        return NONE if entry.capacity is None else _capacity(entry.capacity, entry.metrics)
    return _joined(entry.metrics, *OF_METHOD.get(entry.method, (TOTAL, TPOT)))


def _accuracy(metrics: Mapping[str, float]) -> str:
    if "accuracy" not in metrics:
        return NONE
    n = int(metrics["accuracy.questions"])
    return str(Message("accuracy.headline", share=metrics["accuracy"], n=n))


def _capacity(capacity: Capacity, metrics: Mapping[str, float]) -> str:
    """`134 in flight, the whole run: total 11,102 tok/s, 141.70 QPM`; without a load the search's
    outcome.
    """
    if capacity.load is None:
        return capacity.outcome or NONE
    kind = "headline.in_flight" if capacity.load_kind == "concurrency" else "headline.requests_s"
    load = Message(kind, load=capacity.load)
    return str(Message("headline.at_load", load=load, metrics=_joined(metrics, TOTAL, QPM, TPOT)))


def _joined(metrics: Mapping[str, float], *wanted: Shown) -> str:
    texts = [_shown(metrics, shown) for shown in wanted]
    return str(Message("headline.metrics", metrics=[text for text in texts if text != NONE])) or NONE


def of_another_client(metrics: Mapping[str, float], key: str) -> bool:
    """A run of another client has a metric by bench_serving's definition alone, which its text names."""
    return "completed" not in metrics and f"classic.{key}" in metrics


def _shown(metrics: Mapping[str, float], shown: Shown) -> str:
    key, word, unit = shown
    if of_another_client(metrics, key):
        value = Message("label.value", value=number(metrics[f"classic.{key}"]), unit=Message(unit))
        return str(Message("label.classic", value=Message(word, value=value)))
    if key in metrics:
        value = Message("label.value", value=number(metrics[key]), unit=Message(unit))
    elif (ends := bounds(key, metrics)) is not None:
        value = Message("label.range_unit", low=number(ends[0]), high=number(ends[1]), unit=Message(unit))
    else:
        return NONE
    return str(Message(word, value=value))


def _curve(entry: Entry) -> str:
    """At the largest batch size of a decode test: rows between the batch sizes are a run's start and end."""
    sizes = [size for key in entry.metrics if (size := curve_size(key)) is not None]
    row = next((row for row in entry.curve or () if sizes and row.running == max(sizes)), None)
    if row is None:
        return NONE
    if row.per_gpu is None:  # number of GPUs unknown
        user = row.median / row.running
        return str(Message("headline.curve", running=row.running, median=row.median, user=user))
    return str(Message("headline.curve_per_gpu", running=row.running, gpu=row.per_gpu, user=row.per_user))
