"""The server's own clock as a witness: its /metrics time the same requests that we time."""

from __future__ import annotations

from slabench.messages import Message
from slabench.metrics.server_clock import same_by_client
from slabench.verdict.outcome import Check, finding, invalid, not_checked, ok
from slabench.verdict.validity.context import CheckContext
from slabench.verdict.validity.registry import Registration, Stage

APART_SHARE = 0.02  # on the H200 the two TPOT differ by less than 0.01 %
# A process that loses its core between sending and stamping, or before it writes, is some 10 ms off.
APART_MS, SHORTER_MS = 20.0, 50.0
SHORTER_SHARE = 0.05  # of the decoding time, which a first token that is held back makes shorter
LATER_SHARE = 0.10  # how much later first tokens may come than the server makes them
LATER_MS = 100.0  # a burst of long prompts waits so long in the server's HTTP loop before it is received


@Registration(
    Stage.LOAD,
    evidence="`/metrics`, before and after",
    invalid=(
        "the client's mean E2EL or TTFT is shorter than the server's own by more than 2 % (and 50 ms), or "
        "its decoding time by 5 % (and 50 ms); a finding where that differs by 2 % (and 20 ms), or TTFT is "
        "longer by 10 % (and 100 ms)"
    ),
    why="no client sees a token before the server made it; much later, something on the way held it back",
)
def server_agrees(context: CheckContext) -> Check:
    """E2EL and TTFT of the same requests, and TPOT from both."""
    served = context.served
    if served is None:
        return not_checked("server_agrees.no_metrics")
    sent = sum(record.sent_ns is not None for record in context.run.requests)
    clock = {name: value for name in ("ttft", "e2el") if (value := served.clock.get(f"server.{name}"))}
    client = same_by_client(context.run.requests)
    if len(clock) < 2 or not client:
        return not_checked("server_agrees.other_requests", counted=served.requests, sent=sent)
    pairs = tuple(
        Message("server_agrees.pair", metric=name, client=client[name], server=value)
        for name, value in clock.items()
    )
    tpot = served.clock.get("server.tpot")
    if tpot is not None and "tpot" in client:
        pairs += (Message("server_agrees.pair", metric="tpot", client=client["tpot"], server=tpot),)
    shorter: list[Message | str] = [
        name for name, value in clock.items() if value - client[name] > max(APART_SHARE * value, SHORTER_MS)
    ]
    own, mine = clock["e2el"] - clock["ttft"], client["e2el"] - client["ttft"]
    if own - mine > max(SHORTER_SHARE * own, SHORTER_MS):
        shorter.append(Message("server_agrees.decoding_time"))
    if shorter:
        return invalid("server_agrees.shorter", metrics=shorter, pairs=pairs, n=sent)
    if abs(mine - own) > max(APART_SHARE * own, APART_MS):
        return finding("server_agrees.decoding_differs", pairs=pairs, n=sent, limit=APART_SHARE)
    late = client["ttft"] - clock["ttft"]
    if late > max(LATER_SHARE * clock["ttft"], LATER_MS):
        return finding("server_agrees.ttft_longer", pairs=pairs, n=sent, late=late)
    return ok("server_agrees.ok", pairs=pairs, n=sent)
