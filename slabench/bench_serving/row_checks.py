"""What a result row of bench_serving shows of its own run's validity. What it cannot show is NOT CHECKED, by
the check's own name.

A row is a client's summary of itself. It counts an error inside a stream as a success, keeps the length that
was asked for where a server sends no counts, and says nothing of cache, retractions and its own load: the
rest has to be taken on trust, and says so.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from slabench.messages import Message
from slabench.verdict.outcome import Check, CheckStatus
from slabench.verdict.validity import registered

Row = Mapping[str, Any]
MEASURE = "Measure it with slabench, which records it."
SERVER = "Look at the server's log; a deployment that fails requests cannot be judged."
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
    unreported = [check for check in registered() if check.unreported]
    hidden = (check.missing(Message("reported.row"), Message("remedy.measure_again")) for check in unreported)
    return (_completed(row), _output_length(row), _prompt_length(row), _row_figures(row), *hidden)


def number(row: Row, key: str) -> float | None:
    """A finite number of the row; None for anything else."""
    value = row.get(key)
    usable = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300
    return float(value) if usable and value is not None else None


def planned(row: Row) -> int | None:
    """How many requests were sent, where the row says it: as a count, or by a list with an item for each."""
    count = number(row, "num_prompts")
    lists = [
        len(row[key])
        for key in ("errors", "input_lens", "ttfts")
        if isinstance(row.get(key), list) and row[key]
    ]
    return int(count) if count else max(lists, default=None)


def _listed(row: Row, key: str) -> list[float]:
    value = row.get(key)
    return [float(one) for one in value if isinstance(one, int | float)] if isinstance(value, list) else []


def _completed(row: Row) -> Check:
    done, sent, failed = number(row, "completed") or 0, planned(row), number(row, "failed") or 0
    errors = [str(one) for one in row.get("errors") or () if one]
    if done <= 0 or failed or errors or (sent is not None and done != sent):
        of = "" if sent is None else f" of {sent}"
        lines = errors[0].strip().splitlines() if errors else []
        first = f" The first error: {lines[-1][:200]}" if lines else ""
        return Check(
            "completed",
            CheckStatus.INVALID,
            f"{done:g}{of} requests are counted as completed; none may fail.{first}",
            SERVER,
        )
    silent = sum(one <= 0 for one in _listed(row, "ttfts"))
    counted, text = number(row, "total_output_tokens"), number(row, "total_output_tokens_retokenized")
    if silent or (counted and text == 0):
        many = f"{silent} of {done:g} answers" if silent else f"All {done:g} answers"
        seen = f"{many} brought no text, which is how an error inside a stream looks in a row."
        return Check("completed", CheckStatus.INVALID, seen, SERVER)
    if counted and text is not None and text < TEXT * counted:
        seen = f"The answers' texts give {text:g} tokens and {counted:g} are counted: some may have brought no text."
        return Check("completed", CheckStatus.FINDING, seen, MEASURE)
    if sent is None:
        seen = f"{done:g} requests completed; the row does not tell how many were sent."
        return Check("completed", CheckStatus.NOT_CHECKED, seen, "Keep the requests with --output-details.")
    return Check("completed", CheckStatus.OK, f"All {done:g} requests are counted as completed.")


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


def _asked(row: Row, what: str) -> float | None:
    """The length that was asked for; None where each request had its own."""
    own = number(row, "sharegpt_output_len") if what == "output" else None
    if row.get("dataset_name") == "sharegpt":
        return own
    return number(row, f"random_{what}_len")


def _output_length(row: Row) -> Check:
    asked, got = _asked(row, "output"), number(row, "total_output_tokens")
    none = sum(one <= 0 for one in _listed(row, "output_lens"))
    if got == 0 or none:
        many = f"{none} answers have" if none else "The answers have"
        return Check("output_length", CheckStatus.INVALID, f"{many} no tokens.", SERVER)
    if asked is None or got is None:
        return Check(
            "output_length",
            CheckStatus.NOT_CHECKED,
            "The row does not tell both the tokens asked for and those that came.",
            MEASURE,
        )
    drawn = row if row.get("dataset_name") != "sharegpt" else {**row, "random_range_ratio": 1}
    least, most = bounds(drawn, asked)
    if not least <= got <= most:
        wanted = f"{least:g}" if least == most else f"{math.ceil(least)} to {math.floor(most)}"
        text = f"{got:g} tokens came, and {wanted} were asked for ({number(row, 'completed'):g} requests of {asked:g})."
        return Check(
            "output_length",
            CheckStatus.INVALID,
            text,
            "See that the server honours max_new_tokens and ignore_eos.",
        )
    if str(row.get("backend", "sglang")) not in WITH_COUNTS:
        text = f"The tokens are those that were asked for; with backend {row['backend']} a row has them whether they came or not."
        return Check("output_length", CheckStatus.NOT_CHECKED, text, MEASURE)
    return Check("output_length", CheckStatus.OK, "As many tokens came as were asked for.")


def _prompt_length(row: Row) -> Check:
    asked, sent = _asked(row, "input"), number(row, "total_input_tokens")
    if asked is not None and sent is not None:
        least, _ = bounds(row, asked)
        if sent < (1 - ROUGH) * least:
            text = f"{sent:g} prompt tokens were sent, and at least {math.ceil(least)} were asked for."
            return Check(
                "prompt_length",
                CheckStatus.INVALID,
                text,
                "See that prompts are not cut at the context length.",
            )
    text = "A row has the prompt lengths that were meant, not those that the server counted."
    return Check("prompt_length", CheckStatus.NOT_CHECKED, text, MEASURE)


def _row_figures(row: Row) -> Check:
    """The row's own figures fit together: a copied, an edited or a made-up one seldom does."""
    wrong = [*_samples(row), *_rates(row), *_order(row)]
    if wrong:
        return Check(
            "row_figures", CheckStatus.INVALID, f"{wrong[0]}.", "Give the file as the client wrote it."
        )
    return Check("row_figures", CheckStatus.OK, "The row's own figures fit together.")


def _samples(row: Row) -> list[str]:
    """Requests that are alike to the last digit were never measured one by one."""
    many = number(row, "completed") or 0
    found = []
    for name, listed in (("ttft", "ttfts"), ("tpot", None), ("e2e_latency", None)):
        mean, std = number(row, f"mean_{name}_ms"), number(row, f"std_{name}_ms")
        values = _listed(row, listed) if listed else []
        if (many > 1 and mean and std == 0) or (len(values) > 1 and len(set(values)) == 1):
            found.append(f"all {many:g} requests have the same {name}, to the last digit")
    return found


def _rates(row: Row) -> list[str]:
    """Counts over the duration are the rates."""
    took = number(row, "duration")
    if took is None:
        return []
    if took <= 0:
        return [f"the duration is {took:g} s"]
    counts = {
        "request_throughput": ("completed",),
        "input_throughput": ("total_input_tokens",),
        "output_throughput": ("total_output_tokens",),
        "total_throughput": ("total_input_tokens", "total_output_tokens"),
        "total_token_throughput": ("total_input_tokens", "total_output_tokens"),
    }
    found = []
    for rate, keys in counts.items():
        parts, said = [number(row, key) for key in keys], number(row, rate)
        known = [one for one in parts if one is not None]
        if said is None or len(known) < len(parts):
            continue
        counted = sum(known) / took
        if not math.isclose(said, counted, rel_tol=AGREE, abs_tol=AGREE):
            found.append(f"{rate} is {said:g}, and its counts over {took:g} s give {counted:g}")
    return found


def _order(row: Row) -> list[str]:
    found = []
    for name in ("ttft", "tpot", "itl", "e2e_latency"):
        middle, high = number(row, f"median_{name}_ms"), number(row, f"p99_{name}_ms")
        if middle is not None and high is not None and high < middle * (1 - AGREE):
            found.append(f"p99_{name}_ms {high:g} is below median_{name}_ms {middle:g}")
    ttft, latency = number(row, "mean_ttft_ms"), number(row, "mean_e2e_latency_ms")
    if ttft and latency and latency < ttft * (1 - AGREE):
        found.append(f"mean_e2e_latency_ms {latency:g} is below mean_ttft_ms {ttft:g}")
    return found


def same_rows(rows: Sequence[Row]) -> Check | None:
    """Two rows that are alike in duration and figures are one run: as two repeats they would have no spread."""
    known: dict[object, int] = {}
    for place, row in enumerate(rows, 1):
        key = row_id(row)
        if key is not None and key in known:
            text = f"Rows {known[key]} and {place} of this load are the same run: it would count twice."
            return Check("row_figures", CheckStatus.INVALID, text, "Leave one of them out.")
        known[key] = place
    return None


def row_id(row: Row) -> str | None:
    """What no two runs have alike; None where the row has no duration, as in a table that was typed."""
    took = number(row, "duration")
    if took is None:
        return None
    return f"row of {took!r} s, {row.get('total_output_tokens')!r} tokens, mean TTFT {row.get('mean_ttft_ms')!r} ms"
