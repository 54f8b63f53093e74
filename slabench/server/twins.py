"""Are two addresses one server process? A forwarded port, a second name or a proxy hides it from a look at
the URLs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from slabench.errors import ServerError
from slabench.server.http import Http
from slabench.server.info import throughputs

# What differs from process to process on one machine, or from launch to launch; a seed that is set by hand
# may be the same.
OWN = ("random_seed", "port", "nccl_port", "startup_time", "launch_command")
PROMPT, SPARE_TOKENS, MOST_TOKENS, PATIENCE_S = list(range(1, 17)), 24, 256, 60.0
ServerState = tuple[Any, ...]


def same_process(first: Http, second: Http, one: Mapping[str, Any], other: Mapping[str, Any]) -> bool | None:
    """True: what one does shows at the other; False: it does not, or they report themselves as two; None:
    nothing shows it.

    one, other: their server_info. Where these are equal in all that a process has for itself, a short request
    goes to the first server: its last_gen_throughput, a number of many digits, is then new at both or at one.
    """
    if any(one.get(name) != other.get(name) for name in OWN if name in one and name in other):
        return False
    if isinstance(one.get("startup_time"), float) and one["startup_time"] == other.get("startup_time"):
        return True
    try:
        return told_by(lambda: state(first), lambda: state(second), lambda: work(first, one))
    except (ServerError, ValueError):
        return None


def alike(one: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    """What two addresses have in common that two processes have only where it was set by hand, in words; ""
    for nothing.
    """
    seed = one.get("random_seed")
    return (
        f"both report random_seed {seed}"
        if isinstance(seed, int) and seed == other.get("random_seed")
        else ""
    )


def told_by(
    first: Callable[[], ServerState], second: Callable[[], ServerState], act: Callable[[], None]
) -> bool | None:
    """What the state after an act at the first says of the second."""
    was, before = first(), second()
    act()
    now, after = first(), second()
    if not now or now == was:
        return None  # it did not show at the first itself
    if after == before:
        return False
    return True if after == now else None


def state(client: Http) -> ServerState:
    """The throughput that each scheduler computed last; it stays as it is while nothing runs."""
    for path in ("/server_info", "/get_server_info"):
        answer = client.get(path)
        if answer.status == 200:
            info = answer.json()
            return throughputs(info) if isinstance(info, dict) else ()
    return ()


def work(client: Http, info: Mapping[str, Any]) -> None:
    """As many steps as one line of its log takes: then the number is computed anew."""
    interval = info.get("decode_log_interval")
    tokens = min(MOST_TOKENS, (interval if isinstance(interval, int) else 40) + SPARE_TOKENS)
    sampling = {"max_new_tokens": tokens, "temperature": 0, "ignore_eos": True}
    client.post("/generate", {"input_ids": PROMPT, "sampling_params": sampling}, timeout=PATIENCE_S)
