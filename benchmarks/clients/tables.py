"""Rows to Markdown."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from benchmarks.clients.measure import Row

FULL = 0.95  # of a core: the client paces the run
# at p99, a quarter of the time between two tokens: the server had another schedule, and no client is shown by
# it
LATE_US = 5000.0


def cell(row: Row) -> str:
    """TTFT error ms / TPOT error % / p99 ITL error ms / CPU ms per 1000 chunks / peak RSS MB."""
    if row.failure:
        return f"failed: {row.failure[:120]}".replace("|", "/").replace("\n", " ")
    full = " (full)" if (row.cpu_share or 0) >= FULL else ""
    full += " (server late)" if (row.server_late_p99_us or 0) > LATE_US else ""
    return (
        f"{row.ttft_error_ms:+.1f} / {row.tpot_error_pct:+.3f} / {row.p99_itl_error_ms:+.2f} / "
        f"{row.cpu_ms_per_1000:.1f} / {row.rss_mb:.0f}{full}"
    )


def accuracy(rows: Sequence[Row], levels: Sequence[int], title: str) -> str:
    """A line a client, a column a level."""
    names = list(
        dict.fromkeys(
            row.client.partition(" (")[0] if " runs failed)" in row.client else row.client for row in rows
        )
    )
    head = [
        f"### {title}",
        "",
        "Mean TTFT error ms / mean TPOT error % / p99 ITL error ms / CPU ms per 1000 chunks / peak RSS MB",
        "",
    ]
    head += [
        "| client | " + " | ".join(f"{level} streams" for level in levels) + " |",
        "|---" * (len(levels) + 1) + "|",
    ]
    for name in names:
        cells = []
        for level in levels:
            found = [row for row in rows if row.client.startswith(name) and row.streams == level]
            note = (
                f" [{found[0].client.removeprefix(name).strip(' ()')}]"
                if found and found[0].client != name
                else ""
            )
            cells.append(cell(found[0]) + note if found else "")
        head.append(f"| {name} | " + " | ".join(cells) + " |")
    late = [row for row in rows if row.server_late_p99_us is not None]
    if late:
        worst = max(late, key=lambda row: row.server_late_p99_us or 0)
        head += [
            "",
            f"The server's own lateness: p99 {worst.server_late_p99_us:.0f} us at worst ({worst.client}, "
            f"{worst.streams} streams).",
        ]
    return "\n".join(head)


def plain_rows(rows: Sequence[Row], *, server: bool = False) -> str:
    """A line a row; server: only what the server did."""
    if not server:
        return "\n".join(f"{row.client:28} {row.streams:5} x {row.tokens}: {cell(row)}" for row in rows)
    head = ["| streams | chunks/s | lateness mean us | p99 us | blocked |", "|---|---|---|---|---|"]
    for row in rows:
        if row.failure:
            head.append(f"| {row.streams} | failed: {row.failure} | | | |")
        else:
            late = f"{row.server_late_mean_us:.0f} | {row.server_late_p99_us:.0f} | {row.server_blocked:.0f}"
            head.append(f"| {row.streams} | {row.chunks_per_s:,.0f} | {late} |")
    return "\n".join(head)


def ceiling(rows: Sequence[Row], counts: Sequence[int], runs: int, *, title: str, each: int = 0) -> str:
    """What they carry together, and what a chunk costs beside what it costs one; rows come count by count.

    each: rows of one turn; 0: as many as the count.
    """
    head = [
        f"### {title}",
        "",
        "The last column: the cost of a chunk on one core over its cost on these, the share of its work "
        "that an added",
        "",
    ]
    head[2] += " core does."
    head += [
        "| cores | chunks/s together | worst TPOT error % | CPU ms per 1000 chunks | per added core |",
        "|---|---|---|---|---|",
    ]
    at, alone = 0, 0.0
    for count in counts:
        size = runs * (each or count)
        part, at = rows[at : at + size], at + size
        known = [
            (row.cpu_ms_per_1000, row.chunks_per_s, row.tpot_error_pct)
            for row in part
            if not (
                row.failure
                or row.cpu_ms_per_1000 is None
                or row.chunks_per_s is None
                or row.tpot_error_pct is None
            )
        ]
        if not part or len(known) < len(part):
            why = next((row.failure for row in part if row.failure), "figures are missing")
            head.append(f"| {count} | failed: {why[:120]} | | | |")
            continue
        cost = statistics.median(cpu for cpu, _, _ in known)
        alone = alone or cost
        together = sum(rate for _, rate, _ in known) / runs
        worst = max(abs(error) for _, _, error in known)
        head.append(f"| {count} | {together:,.0f} | {worst:.3f} | {cost:.2f} | {alone / cost:.2f} |")
    return "\n".join(head)
