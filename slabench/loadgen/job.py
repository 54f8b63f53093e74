"""The job: one file with everything a load process needs, which each of them maps, and their common queue.

The file: the head's length, the head as JSON, then every request's bytes. The queue of a plan with a cap: the
indices of the requests that no slot has from the start, 4 bytes each, in an open file that the load processes
inherited. They share its offset: a read of 4 bytes takes the next request for all of them, without a lock.
"""

from __future__ import annotations

import itertools
import json
import mmap
import os
from array import array
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from slabench.loadgen.options import ClientOptions, Target
from slabench.loadgen.plan import Plan
from slabench.loadgen.prepared import PreparedRequest

_INDEX = 4


def request_head(target: Target, request: PreparedRequest, *, keep_alive: bool) -> bytes:
    """The bytes before the request's body."""
    url = target.url
    lines = [
        f"POST {url.path}{request.backend.path} HTTP/1.1",
        f"Host: {url.netloc}",
        "Accept: */*",
    ]
    lines += ["Accept-Encoding: identity"]  # a gateway that compresses would hold back tokens
    lines += [f"{name}: {value}" for name, value in target.headers.items()]
    lines += ["Content-Type: application/json", f"Content-Length: {len(request.body)}"]
    lines += [] if keep_alive else ["Connection: close"]
    return "\r\n".join((*lines, "", "")).encode("latin-1")


def write_job(
    path: Path,
    target: Target,
    requests: Sequence[PreparedRequest],
    plan: Plan,
    options: ClientOptions,
    workers: int,
) -> None:
    keep_alive = options.connections == "keep-alive"
    heads = [request_head(target, request, keep_alive=keep_alive) for request in requests]
    head = {
        "secure": target.url.scheme == "https",
        "host": target.url.host,
        "port": target.url.port,
        "ca_file": target.ca_file,
        "options": asdict(options),
        "backend": requests[0].backend.name,
        "offsets_ns": plan.offsets_ns,
        "cap": plan.cap,
        "closed": plan.closed,
        "workers": workers,
        "sizes": [len(begin) + len(request.body) for begin, request in zip(heads, requests, strict=True)],
    }
    text = json.dumps(head).encode()
    with path.open("wb") as file:
        # the head of a request can hold an API key; run_load passes a file without a name
        os.fchmod(file.fileno(), 0o600)
        file.write(b"%d\n%b" % (len(text), text))
        for begin, request in zip(heads, requests, strict=True):
            file.write(begin)
            file.write(request.body)


def fill_queue(queue_fd: int, plan: Plan) -> None:
    """Write the requests that wait for a slot; none without a cap."""
    os.ftruncate(queue_fd, 0)
    if plan.cap is not None:
        os.pwrite(queue_fd, array("I", range(plan.cap, plan.count)).tobytes(), 0)
    os.lseek(queue_fd, 0, os.SEEK_SET)


def read_job(path: str) -> tuple[dict[str, Any], list[memoryview]]:
    """The job's head, and one view a request into the mapped file: nothing is copied before it is sent."""
    with open(path, "rb") as file:
        return parse_job(memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)))


def parse_job(view: memoryview) -> tuple[dict[str, Any], list[memoryview]]:
    """The same of a job that is in memory: one that came over a stream."""
    begin = bytes(view[:20]).split(b"\n", 1)[0]
    at = len(begin) + 1
    head = json.loads(bytes(view[at : at + int(begin)]))
    edges = itertools.accumulate(head["sizes"], initial=at + int(begin))
    return head, [view[start:end] for start, end in itertools.pairwise(edges)]


def own_share(head: dict[str, Any], number: int) -> range:
    """This process's requests from the start: every workers-th; under a cap, only those for its slots."""
    count = len(head["sizes"])
    return range(number, count if head["cap"] is None else min(head["cap"], count), head["workers"])


def drawer(queue_fd: int) -> Callable[[], int | None]:
    """A function that takes the next request from the common queue; None once it is empty."""

    def draw() -> int | None:
        data = os.read(queue_fd, _INDEX)
        return array("I", data)[0] if len(data) == _INDEX else None

    return draw
