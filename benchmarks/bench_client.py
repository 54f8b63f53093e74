"""Our client beside others, against a server that keeps an exact schedule and knows what it really wrote.

    python -m benchmarks.bench_client --mode=MODE

    table (default)  64, 256, 512, 1024 streams, all clients in turns, medians
    long             256 streams of 1536 tokens
    rate             72,000 chunks/s on one core
    memory           640 streams of 1536 tokens, once
    scaling          one run shared by 1, 2 and 4 load processes at 72,000 chunks/s each
    pairs            1, 2 and 4 pairs of a server and a client of its own at that rate
    null             how many chunks/s sim:null keeps its schedule for, read by the C floor
    all, or several with commas

Server and client have a core each (--lanes=N: so many pairs at once, on cores of their own). Errors are
against the server's own record of its writes. Every run is appended to --json at once; tables are Markdown.
Ends with 1 if our client failed anywhere.
"""

from __future__ import annotations

import argparse
import os
import platform
import queue
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path

from benchmarks.clients import claims, peers
from benchmarks.clients.measure import Row, append, measure, median
from benchmarks.clients.peers import Peer
from benchmarks.clients.tables import accuracy, ceiling, plain_rows
from benchmarks.clients.truth import Group, NoTruth, Server
from benchmarks.clients.watch import physical_cores
from slabench.sim.null_socket import raise_file_limit

MODES = ("null", "table", "long", "rate", "memory", "scaling", "pairs")
RATE_STREAMS = 1440  # at one token every 20 ms: 72,000 chunks/s


def parsed(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--mode", default="table", help=f"{', '.join(MODES)}, several with commas, or all")
    add("--backend", default="sglang", choices=peers.PATHS, help="the endpoint that all clients load")
    add("--streams", default="64,256,512,1024", help="levels of the table")
    add("--tokens", type=int, default=256, help="per stream")
    add("--input-len", type=int, default=64, help="tokens of each prompt")
    add("--ttft-ms", type=float, default=200.0)
    add("--itl-ms", type=float, default=20.0)
    add("--runs", type=int, default=5, help="of each client and level, in turns; medians are shown")
    add("--lanes", type=int, default=1, help="levels that are measured at once, each on two cores of its own")
    add("--cores", help="the cores to use, such as 0,1,2,3; else one of each physical core")
    add(
        "--server-cmd",
        help="another exact server: a command with {port}, {ttft} and {itl} (ms) that answers GET /truth and "
        "/truth/trace",
    )
    add("--peers", type=Path, help="folder made by benchmarks/make_peers.py")
    add("--peer-python", help="the Python that runs sglang 0.5.23's clients and vllm's; else this one")
    add(
        "--bench-serving-python",
        help="the Python that has sglang 0.5.7; else .venv-client, else the folder of --peers",
    )
    add(
        "--peer",
        action="append",
        default=[],
        metavar="NAME=COMMAND",
        help="another client; it writes {output} in bench_serving's names",
    )
    add("--only", help="names of clients, comma separated, by their beginnings: slabench,floor")
    add("--rate-streams", type=int, default=RATE_STREAMS, help="streams of the modes rate and scaling")
    add("--workers", default="1,2,4", help="of the mode scaling")
    add("--timeout", type=float, default=180.0, help="seconds for one run of a client")
    add("--json", type=Path, help="file that every run is appended to")
    add("--markdown", type=Path, help="file for the tables")
    options = parser.parse_args(argv)
    options.mode = MODES if options.mode == "all" else tuple(options.mode.split(","))
    if not set(options.mode) <= set(MODES):
        parser.error(f"--mode={','.join(options.mode)} is none of {', '.join(MODES)}, all")
    if options.peers is not None:
        options.peers = options.peers.resolve()  # clients run in folders of their own
    return options


class Bench:
    """What all modes share."""

    def __init__(self, options: argparse.Namespace, folder: Path) -> None:
        self.options, self.folder = options, folder
        self.cores = [int(core) for core in options.cores.split(",")] if options.cores else physical_cores()
        if len(self.cores) < 2:
            raise SystemExit("bench_client needs two cores, one for the server and one for the client.")
        known = [
            peers.ours(backend=options.backend),
            peers.floor(folder, options.backend),
            peers.reference(options.bench_serving_python, options.peers, options.backend),
            *peers.newer(options.peers, options.peer_python, options.backend),
            peers.vllm(options.peers, options.peer_python, options.backend),
            *map(peers.extra, options.peer),
        ]
        self.left_out = [peer for peer in known if isinstance(peer, str)]
        self.peers = [peer for peer in known if isinstance(peer, Peer)]
        if options.only:
            wanted = tuple(options.only.split(","))
            self.peers = [peer for peer in self.peers if peer.name.startswith(wanted)]
        if options.cores is None and (spare := sorted(os.sched_getaffinity(0) - set(self.cores))):
            # what watches keeps off the measured cores; clients and servers are options theirs
            os.sched_setaffinity(0, spare)
        self.lock = threading.Lock()
        self.failed = False
        self.text: list[str] = []

    def server(self, core: int, name: str) -> Server:
        options = self.options
        log = self.folder / f"server-{name}.log"
        return Server(
            [core], ttft_ms=options.ttft_ms, itl_ms=options.itl_ms, command=options.server_cmd, log=log
        )

    def note(self, row: Row, **beside: object) -> None:
        with self.lock:
            append(self.options.json, row, **beside)
            self.failed |= bool(row.failure) and row.client == peers.OURS
            print(plain_rows([row]), file=sys.stderr, flush=True)

    def show(self, text: str) -> None:
        self.text.append(text)
        print(text, flush=True)

    def hold(self, stated: Sequence[claims.Claim]) -> None:
        if stated:
            self.show(claims.table(stated))

    @property
    def counts(self) -> list[int]:
        """Of --workers, those that have a core each for client and server."""
        counts = map(int, self.options.workers.split(","))
        return [count for count in counts if 2 * count <= len(self.cores)]

    def pick(self, *names: str) -> list[Peer]:
        return [peer for peer in self.peers if peer.name.startswith(names)]

    # modes

    def compare(
        self, clients: Sequence[Peer], levels: Sequence[int], tokens: int, runs: int, mode: str
    ) -> list[Row]:
        """Medians in the order of clients and levels; a lane takes one level after the other, clients in
        turns within it.
        """
        todo: queue.SimpleQueue[int] = queue.SimpleQueue()
        for level in sorted(levels, reverse=True):
            todo.put(level)
        rows: dict[tuple[str, int], list[Row]] = {
            (client.name, level): [] for client in clients for level in levels
        }
        lanes = max(1, min(self.options.lanes, len(levels), len(self.cores) // 2))

        def lane(number: int) -> None:
            while True:
                try:
                    level = todo.get_nowait()
                except queue.Empty:
                    return
                try:
                    with self.server(self.cores[2 * number], f"{mode}-{number}") as server:
                        cores = self.cores[2 * number + 1 : 2 * number + 2]
                        for trial in range(runs):
                            for client in clients:
                                row = self.run(client, server, cores, level, tokens)
                                rows[client.name, level].append(row)
                                self.note(row, mode=mode, turn=trial)
                except NoTruth as error:
                    for client in clients:
                        rows[client.name, level].append(Row(client.name, level, tokens, str(error)))

        threads = [threading.Thread(target=lane, args=(number,)) for number in range(lanes)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return [median(rows[client.name, level]) for client in clients for level in levels]

    def run(self, peer: Peer, server: Server | Group, cores: Sequence[int], streams: int, tokens: int) -> Row:
        options = self.options
        return measure(
            peer,
            server,
            cores,
            streams=streams,
            tokens=tokens,
            input_len=options.input_len,
            timeout_s=options.timeout,
        )

    def table(self) -> None:
        levels = [int(level) for level in self.options.streams.split(",")]
        rows = self.compare(self.peers, levels, self.options.tokens, self.options.runs, "table")
        self.show(
            accuracy(
                rows,
                levels,
                f"One core each, {self.options.tokens} tokens a stream, medians of {self.options.runs}",
            )
        )
        self.hold(claims.accuracy(rows, self.options.backend))

    def long(self) -> None:
        runs = min(self.options.runs, 3)
        rows = self.compare(self.peers, [256], 1536, runs, "long")
        self.show(accuracy(rows, [256], f"One core each, 1536 tokens a stream, medians of {runs}"))
        self.hold(claims.long(rows))

    def rate(self) -> None:
        level = self.options.rate_streams
        light = self.pick(peers.OURS, peers.FLOOR, claims.RUST)
        rows = self.compare(light, [level], self.options.tokens, self.options.runs, "rate")
        self.show(accuracy(rows, [level], f"{level * 1000 / self.options.itl_ms:,.0f} chunks/s on one core"))
        self.hold(claims.rate(rows, level))

    def memory(self) -> None:
        rows = self.compare(self.peers, [640], 1536, 1, "memory")
        self.show(accuracy(rows, [640], "640 streams of 1536 tokens"))
        self.hold(claims.memory(rows))

    def scaling(self) -> None:
        """One run shared by 1, 2, 4 load processes, which have as many cores, its parent with them; a null
        server for each.
        """
        if self.options.server_cmd is not None:
            self.show(
                "Left out: scaling of one run needs null servers behind one port; --mode=pairs takes any "
                "server."
            )
            return
        counts, rows = self.counts, []
        for count in counts:
            ours, servers, clients = (
                peers.ours(count, self.options.backend),
                self.cores[:count],
                self.cores[count : 2 * count],
            )
            for trial in range(self.options.runs):
                streams = count * self.options.rate_streams
                try:
                    log = self.folder / f"servers-{count}.log"
                    with Group(
                        servers, ttft_ms=self.options.ttft_ms, itl_ms=self.options.itl_ms, log=log
                    ) as group:
                        row = self.run(ours, group, clients, streams, self.options.tokens)
                except NoTruth as error:
                    row = Row(ours.name, streams, self.options.tokens, str(error))
                rows.append(row)
                self.note(row, mode="scaling", turn=trial, workers=count)
        title = (
            "Scaling: one run shared by load processes, a core for each and a null server on a core for each"
        )
        self.show(ceiling(rows, counts, self.options.runs, title=title, each=1))

    def pairs(self) -> None:
        """Pairs of a server and a load process, each with two cores: what one more core adds, nothing shared
        but the machine.
        """
        counts, ours, rows = self.counts, peers.ours(1, self.options.backend), []
        for count in counts:
            for trial in range(self.options.runs):
                rows += self._pairs(ours, count, trial)
        title = "Scaling: pairs of one server and one load process of its own, every process on a core"
        self.show(ceiling(rows, counts, self.options.runs, title=title))

    def _pairs(self, ours: Peer, count: int, trial: int) -> list[Row]:
        rows: list[Row] = []

        def pair(number: int) -> None:
            try:
                with self.server(self.cores[number], f"scaling-{number}") as server:
                    gate.wait(30)
                    row = self.run(
                        ours,
                        server,
                        [self.cores[count + number]],
                        self.options.rate_streams,
                        self.options.tokens,
                    )
            except (NoTruth, threading.BrokenBarrierError) as error:
                gate.abort()
                row = Row(
                    ours.name,
                    self.options.rate_streams,
                    self.options.tokens,
                    str(error) or "another pair failed",
                )
            rows.append(row)
            self.note(row, mode="pairs", turn=trial, pairs=count)

        gate = threading.Barrier(count)
        threads = [threading.Thread(target=pair, args=(number,)) for number in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return rows

    def null(self) -> None:
        """sim:null's ceiling: the lightest reader there is, more and more streams, and how late the server's
        own writes were.
        """
        levels = [256, 512, 1024, 1536, 2048, 2560, 3072]
        rows = self.compare(
            self.pick(peers.FLOOR), levels, self.options.tokens, min(self.options.runs, 3), "null"
        )
        self.show("### What the null server keeps its schedule for\n\n" + plain_rows(rows, server=True))


def main(argv: Sequence[str]) -> int:
    options = parsed(argv)
    raise_file_limit()  # clients inherit it: 1024 streams are more files than the usual soft limit allows
    with tempfile.TemporaryDirectory(prefix="bench-client-servers-") as folder:
        bench = Bench(options, Path(folder))
        bench.show(
            f"{platform.platform()}, Python {platform.python_version()}; cores {bench.cores}; server: "
            f"{options.server_cmd or 'slabench sim:null'} (SIMULATED), {peers.PATHS[options.backend]}; "
            f"clients: {', '.join(peer.name for peer in bench.peers)}\n"
        )
        for sentence in bench.left_out:
            bench.show(f"Left out: {sentence}.")
        for mode in options.mode:
            getattr(bench, mode)()
        if options.markdown is not None:
            options.markdown.write_text("\n\n".join(bench.text) + "\n", encoding="utf-8")
        if options.json is not None:
            print(f"{sum(1 for _ in options.json.open())} runs in {options.json}", file=sys.stderr)
    return int(bench.failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
