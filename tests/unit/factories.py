"""What tests of several rooms build: log lines and files, HTTP servers that answer as scripted,
server_info.
"""

from __future__ import annotations

import contextlib
import json
import re
import socket
import threading
from array import array
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from slabench.records import ClientRecord, RequestRecord, RunRecord
from slabench.server.log.line_types import Line
from slabench.server.log.lines import Parsed, parse
from slabench.server.log.reader import Counts, LogReader, read_blocks

MS = 1_000_000

# -- records


def answer(
    index: int = 0,
    *,
    due: int = 0,
    sent: int = 10,
    arrivals: Sequence[tuple[int, int]] = ((110, 1), (120, 2), (140, 4)),
    end: int = 150,
    **more: Any,
) -> RequestRecord:
    """A record with times in ms: by default 4 tokens, two of them in the last event."""
    fields = {
        "input_len": 100,
        "output_len": 4,
        "prompt_tokens": 100,
        "completion_tokens": arrivals[-1][1] if arrivals else None,
        "cached_tokens": 0,
        "finish_reason": "length",
        "request_id": f"r{index}",
        "done": True,
        "first_empty": False,
    } | more
    return RequestRecord(
        index=index,
        due_ns=due * MS,
        start_ns=sent * MS,
        sent_ns=sent * MS,
        arrival_ns=array("q", [at * MS for at, _ in arrivals]),
        arrival_tokens=array("q", [count for _, count in arrivals]),
        first_text_ns=arrivals[0][0] * MS if arrivals else None,
        end_ns=end * MS,
        **fields,
    )


def run_of(*records: RequestRecord) -> RunRecord:
    client = ClientRecord(
        wall_s=1.0, cpu_s=0.1, loop_lag_max_ms=0.1, loop_lag_p99_ms=0.1, send_lag_max_ms=0.1
    )
    return RunRecord(requests=records, began_ns=0, began_unix=0.0, workload={}, plan={}, client=client)


# -- deploy logs


def decode_line(
    running: int = 8,
    speed: float = 800.0,
    second: int = 0,
    tags: str = "",
    token: int = 800,
    queue: int = 0,
    graph: bool = True,
    before: str = "",
    extra: str = "",
    tail: str = "",
) -> str:
    """extra: more keys, each with its comma and blank; tail: after the last key; before: the bracket."""
    stamp = f"2026-11-01 10:{second // 60:02d}:{second % 60:02d}"
    return (
        f"{before}[{stamp}{tags}] Decode batch, #running-req: {running}, #token: {token}, token usage: 0.10, "
        f"{extra}cuda graph: {graph}, gen throughput (token/s): {speed:.2f}, #queue-req: {queue}{tail}\n"
    )


def prefill_line(second: int = 0, tags: str = "") -> str:
    return message_line(
        "Prefill batch, #new-seq: 1, #new-token: 512, #cached-token: 7, token usage: 0.02, #running-req: 0, "
        "#queue-req: 0, ",
        second,
        tags,
    )


def message_line(text: str, second: int = 0, tags: str = "") -> str:
    return f"[2026-11-01 10:{second // 60:02d}:{second % 60:02d}{tags}] {text}\n"


def write_text(path: Path, *lines: str) -> str:
    path.write_text("".join(lines))
    return str(path)


def read_lines(path: str, begin: int = 0, end: int | None = None) -> Iterator[Line]:
    """The values of a part of a file, without the counts."""
    for block in read_blocks(path, LogReader(), begin, end):
        yield from block


def parse_line(line: bytes) -> Line | None:
    """The value of one whole line, without its form."""
    parsed = parse(line)
    return parsed.line if isinstance(parsed, Parsed) else parsed


def rejected(counts: Counts) -> int:
    """Lines that mention a batch and were not read."""
    return sum(counts.rejected.values())


# -- servers


def http_answer(status: int, body: Any, kind: str = "application/json", *more: str) -> bytes:
    """A whole answer; body: bytes, or what becomes JSON; more: header lines."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    head = [f"HTTP/1.1 {status} X", f"content-type: {kind}", f"content-length: {len(data)}", *more]
    return "".join(f"{line}\r\n" for line in head).encode() + b"\r\n" + data


@contextlib.contextmanager
def scripted_server(
    reply: Callable[[str], bytes], family: int = socket.AF_INET, host: str = "127.0.0.1"
) -> Iterator[tuple[str, list[str]]]:
    """A server on a free port; reply(request line) -> bytes to send before it hangs up.

    Yields (url, request heads).
    """
    listener = socket.create_server((host, 0), family=family)
    heads: list[str] = []

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection, contextlib.suppress(OSError):
                data = b""
                while b"\r\n\r\n" not in data and not data.startswith(b"\x16"):  # a TLS client's first byte
                    data += connection.recv(65536) or b"\r\n\r\n"
                length = re.search(rb"Content-Length: (\d+)", data)
                while length and len(data.partition(b"\r\n\r\n")[2]) < int(length[1]):
                    data += connection.recv(65536)
                heads.append(data.decode("latin-1"))
                connection.sendall(reply(data.partition(b"\r\n")[0].decode("latin-1")))

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    port = listener.getsockname()[1]
    try:
        yield f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}", heads
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


def server_info(tp: int = 1, mode: str = "null", seed: int = 1, **more: Any) -> dict[str, Any]:
    """One server's server_info."""
    info = {"tp_size": tp, "dp_size": 1, "pp_size": 1, "device": "cuda", "version": "0.5.7"}
    info |= {"random_seed": seed, "model_path": "org/m", "disaggregation_mode": mode}
    return {**info, "max_running_requests": 64, "max_total_num_tokens": 1000, **more}
