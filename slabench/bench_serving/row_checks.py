"""What a result row of bench_serving shows of its own run's validity. What it cannot show is NOT CHECKED, by
the check's own name.

A row is a client's summary of itself. It counts an error inside a stream as a success, keeps the length that
was requested where a server sends no counts, and reports nothing of cache, retractions and its own load:
those checks are NOT CHECKED.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from slabench.messages import Message
from slabench.verdict.outcome import Check, finding, invalid, not_checked, ok
from slabench.verdict.validity import registered
from slabench.verdict.validity.registry import SERVER_LOG

Row = Mapping[str, Any]
MEASURE = Message("remedy.measure_again")
LIKELY = 6  # standard errors that a sum of drawn lengths may lie from its mean: one in 500 million
RARE = 1e-9
# share by which a prompt's text may be shorter in tokens than was meant, since it is encoded again
ROUGH = 0.05
AGREE = 0.01  # between a row's own figures
# share of the counted tokens that the texts give when encoded again; random weights give fewer than a trained
# model
TEXT = 0.5
WITH_COUNTS = ("sglang", "sglang-native")  # endpoints whose answers carry counts


def row_checks(row: Row) -> tuple[Check, ...]:
    """The checks of one row, those that it has no evidence for among them."""
    source = Message("reported.row")
    unreported = [
        not_checked(f"{check.name}.unreported", source=source, remedy=MEASURE)
        for check in registered()
        if check.unreported
    ]
    return (_completed(row), _output_length(row), _prompt_length(row), _row_figures(row), *unreported)


def number(row: Row, key: str) -> float | None:
    """A finite number of the row; None for anything else."""
    value = row.get(key)
    usable = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300
    return float(value) if usable and value is not None else None


def planned(row: Row) -> int | None:
    """How many requests were sent, where the row reports it: as a count, or by a list with an item for
    each."""
    lists = [row[key] for key in ("errors", "input_lens", "ttfts") if isinstance(row.get(key), list)]
    count = number(row, "num_prompts")
    return int(count) if count else max(map(len, lists), default=0) or None


def _listed(row: Row, key: str) -> list[float]:
    value = row.get(key)
    return [float(item) for item in value if isinstance(item, int | float)] if isinstance(value, list) else []


def _completed(row: Row) -> Check:
    counted, sent, failed = number(row, "completed") or 0, planned(row), number(row, "failed") or 0
    listed, done = row.get("errors"), int(counted)
    errors = [str(error) for error in (listed if isinstance(listed, list) else [listed]) if error]
    if done <= 0 or failed or errors or sent not in (None, counted):
        lines = errors[0].strip().splitlines() if errors else []
        return invalid(
            "completed.row_failed",
            completed=done,
            requests=Message("completed.no_number") if sent is None else sent,
            example=Message("error.example", text=lines[-1][:200]) if lines else None,
            remedy=SERVER_LOG,
        )
    silent = sum(ttft <= 0 for ttft in _listed(row, "ttfts"))
    tokens, text = number(row, "total_output_tokens"), number(row, "total_output_tokens_retokenized")
    if silent or (tokens and text == 0):
        return invalid("completed.row_no_text", silent=silent or done, answers=done, remedy=SERVER_LOG)
    if tokens and text is not None and text < TEXT * tokens:
        return finding("completed.row_little_text", text=text, counted=tokens, limit=TEXT, remedy=MEASURE)
    if sent is None:
        return not_checked("completed.row_number_unknown", completed=done)
    return ok("completed.all", requests=done)


def bounds(row: Row, length: float) -> tuple[float, float]:
    """The least and the most that this many lengths can come to: all alike, or drawn evenly from ratio x
    length to length.

    Of drawn ones, beyond what one run in 500 million has: LIKELY standard errors of many, and of few the
    share of all draws whose sum is so small, at most (sum + n)^n / (n! width^n).
    """
    count, ratio = int(number(row, "completed") or 0), number(row, "random_range_ratio")
    least = length if ratio is None or ratio >= 1 else max(1, math.floor(length * ratio))
    if least == length or count < 1:
        return count * length, count * length
    width, mean = length - least + 1, count * (least + length) / 2
    many = mean - LIKELY * width / math.sqrt(12) * math.sqrt(count)
    few = count * least - count + width * math.exp((math.lgamma(count + 1) + math.log(RARE)) / count)
    low = max(count * least, many, few)
    return low, 2 * mean - low


def _requested(row: Row, what: str) -> float | None:
    """The requested length; None where each request had its own."""
    own = number(row, "sharegpt_output_len") if what == "output" else None
    if row.get("dataset_name") == "sharegpt":
        return own
    return number(row, f"random_{what}_len")


def _output_length(row: Row) -> Check:
    done, length = int(number(row, "completed") or 0), _requested(row, "output")
    tokens = number(row, "total_output_tokens")
    empty = sum(output_len <= 0 for output_len in _listed(row, "output_lens"))
    if tokens == 0 or empty:
        return invalid("output_length.row_empty", empty=empty or done, answers=done, remedy=SERVER_LOG)
    if length is None or tokens is None:
        return not_checked("output_length.row_unknown", remedy=MEASURE)
    drawn = row if row.get("dataset_name") != "sharegpt" else {**row, "random_range_ratio": 1}
    least, most = bounds(drawn, length)
    if not least <= tokens <= most:
        few, many = math.ceil(least), math.floor(most)
        return invalid(
            "output_length.row_other",
            tokens=tokens,
            requested=few if few == many else Message("output_length.row_range", least=few, most=many),
            answers=done,
            length=length,
        )
    backend = str(row.get("backend", "sglang"))
    if backend not in WITH_COUNTS:
        return not_checked("output_length.row_as_requested", backend=backend, remedy=MEASURE)
    return ok("output_length.row_requested")


def _prompt_length(row: Row) -> Check:
    length, sent = _requested(row, "input"), number(row, "total_input_tokens")
    if length is not None and sent is not None:
        least, _ = bounds(row, length)
        if sent < (1 - ROUGH) * least:
            return invalid("prompt_length.row_few", sent=sent, requested=math.ceil(least))
    return not_checked("prompt_length.row_requested", remedy=MEASURE)


def _row_figures(row: Row) -> Check:
    """The row's own metrics agree: a copied, an edited or a made-up one seldom does."""
    reason = next((reason for reasons in (_samples, _rates, _order) for reason in reasons(row)), None)
    if reason is not None:
        return invalid("row_figures.contradiction", reason=reason)
    return ok("row_figures.agree")


def _samples(row: Row) -> Iterator[Message]:
    """Requests that are alike to the last digit were never measured one by one."""
    done = number(row, "completed") or 0
    for name, key in (("ttft", "ttfts"), ("tpot", ""), ("e2e_latency", "")):
        mean, std = number(row, f"mean_{name}_ms"), number(row, f"std_{name}_ms")
        values = _listed(row, key)
        if (done > 1 and mean and std == 0) or (len(values) > 1 and len(set(values)) == 1):
            yield Message("row_figures.alike", requests=done, metric=name)


def _rates(row: Row) -> Iterator[Message]:
    """Counts over the duration are the rates."""
    duration = number(row, "duration")
    if duration is None:
        return
    if duration <= 0:
        yield Message("row_figures.duration", duration=duration)
        return
    both = ("total_input_tokens", "total_output_tokens")
    counts = {
        "request_throughput": ("completed",),
        "input_throughput": ("total_input_tokens",),
        "output_throughput": ("total_output_tokens",),
        "total_throughput": both,
        "total_token_throughput": both,
    }
    for rate, keys in counts.items():
        reported = number(row, rate)
        parts = [part for part in (number(row, key) for key in keys) if part is not None]
        if reported is None or len(parts) < len(keys):
            continue
        computed = sum(parts) / duration
        if not math.isclose(reported, computed, rel_tol=AGREE, abs_tol=AGREE):
            yield Message(
                "row_figures.rate", rate=rate, reported=reported, computed=computed, duration=duration
            )


def _order(row: Row) -> Iterator[Message]:
    """A metric that is never below another one. A mean latency of 0 was not measured."""
    pairs = [(f"p99_{name}_ms", f"median_{name}_ms") for name in ("ttft", "tpot", "itl", "e2e_latency")]
    pairs += [("mean_e2e_latency_ms", "mean_ttft_ms")] if number(row, "mean_e2e_latency_ms") else []
    for high, low in pairs:
        more, less = number(row, high), number(row, low)
        if more is not None and less is not None and more < less * (1 - AGREE):
            yield Message("row_figures.order", high=high, more=more, low=low, less=less)


def same_rows(rows: Sequence[Row]) -> Check | None:
    """INVALID for two rows with the same duration and metrics: they are one run, and as two repeats have no
    spread."""
    known: dict[object, int] = {}
    for place, row in enumerate(rows, 1):
        key = row_id(row)
        if key is not None and key in known:
            return invalid("row_figures.twice", first=known[key], second=place)
        known[key] = place
    return None


def row_id(row: Row) -> str | None:
    """What differs between any two runs; None where the row has no duration, as in a table that was typed."""
    took = number(row, "duration")
    if took is None:
        return None
    return (
        f"row of {took!r} s, {row.get('total_output_tokens')!r} tokens, mean TTFT "
        f"{row.get('mean_ttft_ms')!r} ms"
    )
