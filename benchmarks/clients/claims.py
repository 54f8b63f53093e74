"""What docs/performance.md claims, held against the medians of one run: yes, no, or not shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.clients.measure import Row
from benchmarks.clients.peers import FLOOR, OURS
from benchmarks.clients.tables import LATE_US

# |mean TTFT error| ms, |mean TPOT error| %, |p99 ITL error| ms
LIMITS: Mapping[int, tuple[float, float, float]] = {64: (1, 0.1, 1), 256: (3, 0.1, 2), 1024: (10, 0.1, 5)}
FIGURES = (
    ("mean TTFT error ms", "ttft_error_ms"),
    ("mean TPOT error %", "tpot_error_pct"),
    ("p99 ITL error ms", "p99_itl_error_ms"),
)
FLOOR_FACTOR = 1.5  # of the floor's own error, where that is beyond a limit
CPU_FLOOR_FACTORS = {"sglang": 1.6, "sglang-oai": 2.0, "sglang-oai-chat": 2.0}  # by --backend
CPU_LEVELS = (256, 1024)
RUST, REFERENCE = "sglang 0.5.23, Rust", "sglang.bench_serving 0.5.7"
MEMORY_MB = 400
RATE_TPOT_PCT = 1.0


@dataclass(frozen=True, slots=True)
class Claim:
    """holds None: the run has not what it takes."""

    text: str
    measured: float | None
    limit: float | None
    holds: bool | None


def claim(text: str, measured: float | None, limit: float | None) -> Claim:
    return Claim(text, measured, limit, None if measured is None or limit is None else measured <= limit)


def on_time(row: Row) -> bool:
    """Whether the server kept its schedule; one that does not tell proves nothing."""
    return row.server_late_p99_us is not None and row.server_late_p99_us <= LATE_US


class Rows:
    """Medians by client and level; a client that failed in every run has none, nor one whose server had
    another schedule.
    """

    def __init__(self, rows: Sequence[Row]) -> None:
        self.rows = [row for row in rows if not row.failure and on_time(row)]

    def value(self, client: str, streams: int, name: str) -> float | None:
        found = [row for row in self.rows if row.client.startswith(client) and row.streams == streams]
        value = getattr(found[0], name) if found else None
        return None if value is None else abs(float(value))

    def others(self, streams: int, name: str) -> list[float]:
        return [
            abs(float(value))
            for row in self.rows
            if row.streams == streams
            and not row.client.startswith((OURS, FLOOR))
            and (value := getattr(row, name)) is not None
        ]


def accuracy(rows: Sequence[Row], backend: str) -> list[Claim]:
    """Of the table: errors within their limits and no worse than the best of the others, and what a chunk
    costs.
    """
    known, found = Rows(rows), []
    for streams in sorted({row.streams for row in rows} & LIMITS.keys()):
        for (text, name), stated in zip(FIGURES, LIMITS[streams], strict=True):
            ours, floor, others = (
                known.value(OURS, streams, name),
                known.value(FLOOR, streams, name),
                known.others(streams, name),
            )
            limit = max(stated, FLOOR_FACTOR * floor) if floor is not None and floor > stated else stated
            found.append(claim(f"{streams} streams: {text}", ours, limit))
            found.append(
                claim(
                    f"{streams} streams: {text}, beside the best of the others",
                    ours,
                    min(others, default=None),
                )
            )
    for streams in sorted({row.streams for row in rows} & set(CPU_LEVELS)):
        ours, floor = (
            known.value(OURS, streams, "cpu_ms_per_1000"),
            known.value(FLOOR, streams, "cpu_ms_per_1000"),
        )
        rust, reference = (known.value(client, streams, "cpu_ms_per_1000") for client in (RUST, REFERENCE))
        named = f"{streams} streams: CPU ms per 1000 chunks"
        factor = CPU_FLOOR_FACTORS[backend]
        most = None if floor is None else factor * floor
        found.append(claim(f"{named}, {factor:g} x the floor's", ours, most))
        if backend != "sglang":
            continue  # events of /v1 do not grow, and parsing them costs the others little
        found.append(claim(f"{named}, {RUST}'s", ours, rust))
        found.append(
            claim(f"{named}, half of {REFERENCE}'s", ours, None if reference is None else reference / 2)
        )
    return found


def long(rows: Sequence[Row]) -> list[Claim]:
    known = Rows(rows)
    ours, reference = (known.value(client, 256, "cpu_ms_per_1000") for client in (OURS, REFERENCE))
    text = f"1536 tokens, 256 streams: CPU ms per 1000 chunks, half of {REFERENCE}'s"
    return [claim(text, ours, None if reference is None else reference / 2)]


def memory(rows: Sequence[Row]) -> list[Claim]:
    return [
        claim(
            "640 streams of 1536 tokens: peak RSS MB of all processes",
            Rows(rows).value(OURS, 640, "rss_mb"),
            MEMORY_MB,
        )
    ]


def rate(rows: Sequence[Row], streams: int) -> list[Claim]:
    text = f"{streams} streams on one core: mean TPOT error %"
    return [claim(text, Rows(rows).value(OURS, streams, "tpot_error_pct"), RATE_TPOT_PCT)]


def table(claims: Sequence[Claim]) -> str:
    def shown(value: float | None) -> str:
        return "-" if value is None else f"{value:.3g}" if value < 100 else f"{value:.0f}"

    words = {True: "yes", False: "**no**", None: "not shown"}
    lines = ["| claim | measured | at most | holds |", "|---|---|---|---|"]
    return "\n".join(
        [
            *lines,
            *(
                f"| {claim.text} | {shown(claim.measured)} | {shown(claim.limit)} | {words[claim.holds]} |"
                for claim in claims
            ),
        ]
    )
