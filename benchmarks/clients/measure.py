"""One run of one client against one server, and what its figures are worth beside the truth."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.clients.peers import Peer, read_figures
from benchmarks.clients.truth import Group, NoTruth, Server, Truth
from benchmarks.clients.watch import Watch


@dataclass(frozen=True, slots=True)
class Row:
    """Errors of one run; failure: one sentence, and then no figure is there."""

    client: str
    streams: int
    tokens: int
    failure: str = ""
    ttft_error_ms: float | None = None  # client's mean TTFT - the server's
    tpot_error_pct: float | None = None
    p99_itl_error_ms: float | None = None
    # chunks; of the whole process tree, from the first request to the last write
    cpu_ms_per_1000: float | None = None
    cpu_share: float | None = None  # of one core in that time: 1 is full
    rss_mb: float | None = None
    chunks_per_s: float | None = None
    server_late_mean_us: float | None = None
    server_late_p99_us: float | None = None
    server_blocked: int | None = None
    client_ttft_ms: float | None = None
    client_tpot_ms: float | None = None
    client_p99_itl_ms: float | None = None
    send_late_mean_ms: float | None = None  # only ours tells
    send_late_max_ms: float | None = None
    ttft_error_p99_ms: float | None = None  # only ours: per request, matched by id

    def as_dict(self) -> dict[str, Any]:
        return {key: value for key, value in asdict(self).items() if value is not None and value != ""}


def measure(
    peer: Peer,
    server: Server | Group,
    cores: Sequence[int],
    *,
    streams: int,
    tokens: int,
    input_len: int,
    timeout_s: float,
) -> Row:
    """Never raises for what a client does: a client that fails is a row that says so."""
    with tempfile.TemporaryDirectory(prefix="bench-client-") as folder:
        output = Path(folder) / "result.json"
        try:
            server.reset()
            printed, failure, watch = _start(
                peer, server, cores, (streams, tokens, input_len), output, timeout_s
            )
            if failure:
                return Row(peer.name, streams, tokens, failure)
            figures = read_figures(output, printed)
            return _row(peer, streams, tokens, figures, server.truth(streams, tokens), watch)
        except (NoTruth, ValueError, OSError) as error:
            return Row(peer.name, streams, tokens, str(error))


def _start(
    peer: Peer,
    server: Server | Group,
    cores: Sequence[int],
    shape: tuple[int, int, int],
    output: Path,
    timeout_s: float,
) -> tuple[str, str, Watch]:
    """(what it printed, why it failed, the watch)."""
    process = subprocess.Popen(
        peer.command(server.url, *shape, output),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=peer.surroundings(),
        cwd=output.parent,
        start_new_session=True,
        preexec_fn=lambda: os.sched_setaffinity(0, cores),
    )
    watch = Watch(process.pid)
    failure = ""
    try:
        written, _ = process.communicate(timeout=timeout_s)
    except subprocess.TimeoutExpired:
        process.kill()
        written, _ = process.communicate()
        failure = f"not done after {timeout_s:g} s"
    finally:
        watch.stop()
    text = written.decode("utf-8", "replace")
    if process.returncode != 0 and not failure:
        failure = f"ended with {process.returncode}: {' / '.join(text.strip().splitlines()[-3:])[:400]}"
    return text, failure, watch


def _row(peer: Peer, streams: int, tokens: int, figures: dict[str, Any], truth: Truth, watch: Watch) -> Row:
    completed = figures.get("completed", figures.get("successful_requests", streams))
    if completed != streams:
        failures = "; ".join(figures.get("errors", []) if isinstance(figures.get("errors"), list) else [])[
            :200
        ]
        return Row(
            peer.name, streams, tokens, f"{completed} of {streams} requests completed {failures}".strip()
        )
    seconds = (truth.end_ns - truth.begin_ns) / 1e9
    cpu = watch.cpu_s(truth.begin_ns, truth.end_ns)
    stamps = figures.get("stamps") or {}
    errors = sorted(
        ((seen[2] - seen[1]) - (row["t_first_write"] - (row["t_rx"] or row["t_accept"]))) / 1e6
        for key, row in truth.rows.items()
        if (seen := stamps.get(key)) is not None
    )
    return Row(
        peer.name,
        streams,
        tokens,
        ttft_error_ms=figures["mean_ttft_ms"] - truth.ttft_ms,
        tpot_error_pct=(figures["mean_tpot_ms"] / truth.tpot_ms - 1) * 100,
        p99_itl_error_ms=figures["p99_itl_ms"] - truth.p99_itl_ms,
        cpu_ms_per_1000=cpu / truth.tokens * 1e6,
        cpu_share=cpu / seconds,
        rss_mb=watch.rss_mb,
        chunks_per_s=truth.tokens / seconds,
        server_late_mean_us=truth.late_mean_us,
        server_late_p99_us=truth.late_p99_us,
        server_blocked=truth.blocked,
        client_ttft_ms=figures["mean_ttft_ms"],
        client_tpot_ms=figures["mean_tpot_ms"],
        client_p99_itl_ms=figures["p99_itl_ms"],
        send_late_mean_ms=figures.get("send_late_mean_ms"),
        send_late_max_ms=figures.get("send_late_max_ms"),
        ttft_error_p99_ms=errors[int(len(errors) * 0.99)] if errors else None,
    )


def median(rows: Sequence[Row]) -> Row:
    """Column by column over the runs that did not fail; where all failed, the last one's sentence."""
    good = [row for row in rows if not row.failure]
    if not good:
        return rows[-1]
    names = [name for name in Row.__slots__ if name not in ("client", "streams", "tokens", "failure")]
    found = {name: [value for row in good if (value := getattr(row, name)) is not None] for name in names}
    middle = {name: statistics.median(values) for name, values in found.items() if values}
    bad = len(rows) - len(good)
    kept = Row(good[0].client, good[0].streams, good[0].tokens, **middle)
    return (
        kept
        if not bad
        else Row(f"{kept.client} ({bad} of {len(rows)} runs failed)", kept.streams, kept.tokens, **middle)
    )


def append(path: Path | None, row: Row, **beside: Any) -> None:
    """A line a run, at once: what was measured is there whatever happens later."""
    if path is not None:
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({**row.as_dict(), **beside}) + "\n")
