"""Waiting for a server, and emptying its prefix cache."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping

from slabench.errors import ServerError
from slabench.messages import Argument, Message
from slabench.server.http import Http, Response
from slabench.server.secrets import scrub_text

_POLL_S = 0.2
_SILENT_S = 2.0  # our own warm-up may take that long to end
_IDLE_S = 2.0  # after it: a server that reports no request so long will not flush later either
BUSY = (400, 206)  # 206: some workers behind a Rust gateway answered 400
_FLUSHED = re.compile(r'"workers_flushed":\s*(\d+).*?"total_workers":\s*(\d+)', re.S)


def flush(
    url: str,
    headers: Mapping[str, str] | None = None,
    *,
    timeout: float = 10.0,
    busy_s: float = 30.0,
    ca_file: str | None = None,
    say: Callable[[Message], None] = lambda message: None,
) -> tuple[int, str]:
    """POST /flush_cache -> (status, text). Only the status counts: before 0.5.10 a 400 has the text "Cache
    flushed." as well.

    400 (behind a gateway: 206) means that requests are still running, perhaps our own warm-up: the flush is
    repeated for up to busy_s seconds, and say() gets one sentence after 2 s. A server that then reports no
    request for 2 s refuses for another reason, and that is the answer. Other statuses (404: no such endpoint,
    401: it needs the admin key) are returned at once. ServerError if no answer comes.
    """
    client = Http(url, headers, timeout=timeout, ca_file=ca_file)
    begin = time.monotonic()
    silent_s, idle_since, said = min(_SILENT_S, busy_s / 2), None, False
    while True:
        answer = client.post("/flush_cache")
        now = time.monotonic()
        if answer.status not in BUSY or now - begin >= busy_s:
            break
        if now - begin >= silent_s:
            running = requests_there(client)
            idle_since = (idle_since or now) if running == 0 else None
            if idle_since is not None and now - idle_since >= _IDLE_S:
                break
            if not said:
                said = True
                say(_refused(answer, running, busy_s))
        time.sleep(_POLL_S)
    return answer.status, scrub_text(answer.text[:4000])[:500]


def _refused(answer: Response, running: int | None, busy_s: float) -> Message:
    """What is waited for, in a sentence."""
    head: dict[str, Argument] = {"url": answer.url, "status": answer.status}
    if running == 0:
        return Message("server.not_busy", **head, limit_s=_IDLE_S)
    reported = Message("part.reports_running", running=running)
    running_there = Message("part.still_running") if running is None else reported
    return Message("server.busy", **head, running=running_there, limit_s=busy_s)


def requests_there(client: Http) -> int | None:
    """Requests that run or wait at the server, by its own count; None where it reports none.

    GET /get_load has them in versions 0.4.7 to 0.5.20, /v1/loads from 0.5.8 on.
    """
    for path, names in _LOADS:
        try:
            answer = client.get(path)
            page = answer.json() if answer.status == 200 else None
        except ServerError:
            continue
        ranks = page.get("loads") if isinstance(page, dict) else page
        counts = [
            rank.get(name) if isinstance(rank, dict) else None
            for rank in (ranks if isinstance(ranks, list) else ())
            for name in names
        ]
        known = [count for count in counts if type(count) is int]
        if known and len(known) == len(counts):
            return sum(known)
    return None


# a data-parallel rank's requests: of the older page waiting ones are part of the first count
_LOADS = (("/get_load", ("num_reqs",)), ("/v1/loads", ("num_running_reqs", "num_waiting_reqs")))


def workers_flushed(text: str) -> tuple[int, int] | None:
    """(flushed, all) of the workers, from the answer of sglang-router and smg to a flush; None: the answer
    counts no workers.
    """
    counts = _FLUSHED.search(text)
    return (int(counts[1]), int(counts[2])) if counts else None


def wait_ready(
    url: str,
    deadline_s: float,
    headers: Mapping[str, str] | None = None,
    *,
    ca_file: str | None = None,
    log_says_ready: Callable[[], bool] | None = None,
    check: Callable[[], None] | None = None,
) -> None:
    """Return once the server at url takes requests. ServerError, with the last obstacle, after deadline_s
    seconds.

    model_info answers before a server has warmed up, so it is not enough: in addition the log has its ready
    line, or a request for one token is answered. GET /health is not used, it costs a token and a log line.
    check() is called in every round and may raise, for example when a process that we started has died.
    """
    client = Http(url, headers, timeout=min(10.0, deadline_s), ca_file=ca_file)
    deadline = time.monotonic() + deadline_s
    grace = time.monotonic() + 2.0
    answers, obstacle = False, "no request was sent"
    while True:
        if check is not None:
            check()
        try:
            if not answers:
                answer = client.first_of(("/model_info", "/get_model_info"))
                answers = answer.status == 200
                obstacle = f"{answer.url} answers {answer.status}"
                grace = time.monotonic() + 2.0
            if answers and log_says_ready is not None and log_says_ready():
                return
            # Where there is a log, its line comes first: our request would be one more in the server's own
            # warm-up.
            if answers and (log_says_ready is None or time.monotonic() >= grace):
                limit = max(1.0, min(30.0, deadline - time.monotonic()))
                answer = client.generate([1], 1, timeout=limit)
                if answer.status == 200:
                    return
                obstacle = f"{answer.url} answers {answer.status}"
        except ServerError as error:
            obstacle = str(error)
        if time.monotonic() >= deadline:
            raise ServerError(
                Message("reach.not_ready", url=client.target.shown, deadline_s=deadline_s, obstacle=obstacle)
            )
        time.sleep(_POLL_S)
