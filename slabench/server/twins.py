"""Are two addresses one server process? A forwarded port, a second name or a proxy hides it from the URLs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from slabench.errors import ServerError
from slabench.server.http import Http
from slabench.server.info import throughputs

# What differs between processes on one machine, or between launches; a seed that is set by hand may be equal.
OWN = ("random_seed", "port", "nccl_port", "startup_time", "launch_command")
PROMPT, SPARE_TOKENS, MOST_TOKENS, TIMEOUT_S = list(range(1, 17)), 24, 256, 60.0
ServerState = tuple[Any, ...]


def same_process(first: Http, second: Http, info: Mapping[str, Any], other: Mapping[str, Any]) -> bool | None:
    """True: work at the first shows at the second. False: it does not, or they report themselves as two.
    None: undecided.

    info, other: their server_info. Where these are equal in all that a process has for itself, a short
    request goes to the first server: its last_gen_throughput, a number of many digits, then changes at both
    or at one.
    """
    if any(info.get(name) != other.get(name) for name in OWN if name in info and name in other):
        return False
    if isinstance(info.get("startup_time"), float) and info["startup_time"] == other.get("startup_time"):
        return True
    try:
        return same_by_state(lambda: state(first), lambda: state(second), lambda: work(first, info))
    except (ServerError, ValueError):
        return None


def alike(info: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    """What two addresses have in common that two processes share only where it was set by hand; "" for
    nothing.
    """
    seed = info.get("random_seed")
    same = isinstance(seed, int) and seed == other.get("random_seed")
    return f"both report random_seed {seed}" if same else ""


def same_by_state(
    first: Callable[[], ServerState], second: Callable[[], ServerState], act: Callable[[], None]
) -> bool | None:
    """Whether an act at the first changes the second's state in the same way; None: it proves nothing."""
    first_before, second_before = first(), second()
    act()
    first_after, second_after = first(), second()
    if not first_after or first_after == first_before:
        return None  # it did not show at the first itself
    if second_after == second_before:
        return False
    return True if second_after == first_after else None


def state(client: Http) -> ServerState:
    """The throughput that each scheduler computed last; it changes only while requests run."""
    answer = client.first_of(("/server_info", "/get_server_info"))
    info = answer.json() if answer.status == 200 else None
    return throughputs(info) if isinstance(info, dict) else ()


def work(client: Http, info: Mapping[str, Any]) -> None:
    """As many decode steps as one log line covers: then the throughput is computed anew."""
    interval = info.get("decode_log_interval")
    tokens = min(MOST_TOKENS, (interval if isinstance(interval, int) else 40) + SPARE_TOKENS)
    client.generate(PROMPT, tokens, timeout=TIMEOUT_S)
