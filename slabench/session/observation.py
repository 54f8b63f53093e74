"""What a server answers about itself right before and right after a load."""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from slabench.errors import ServerError
from slabench.server.identify import identify
from slabench.server.roles import Roles, identity, throughputs
from slabench.server.scrape import counters
from slabench.session.deployment import Deployment

Identity = tuple[tuple[str, Any], ...]
AT_ONCE = 8  # a balancer that sends each to the server with the fewest connections spreads them as well


@dataclass(frozen=True, slots=True)
class Observation:
    """At one moment. info: the answer of the one that was asked alone; identities and throughputs: of all."""

    info: Mapping[str, Any] | None
    note: str  # why there is no info, or nothing
    answered_ns: int | None
    identities: tuple[Identity, ...]
    throughputs: tuple[tuple[float, ...], ...]  # what the schedulers of each answer computed last
    counters: dict[str, float] | None  # of /metrics, by the names of server/scrape.py


def observe(deployment: Deployment) -> Observation:
    answered: list[int] = []
    info, note = None, ""
    try:
        info = _ask(deployment, answered).raw
    except ServerError as error:
        note = str(error)
    identities, states = ask_at_once(deployment)
    counted = counters(deployment.url, deployment.headers, ca_file=deployment.ca_file)
    answered_ns = answered[-1] if info is not None else None
    return Observation(info, note, answered_ns, identities, states, counted)


def _ask(deployment: Deployment, answered: list[int] | None = None) -> Roles:
    """answered: takes the moment at which the answer was there."""
    return identify(
        deployment.url,
        deployment.headers,
        ca_file=deployment.ca_file,
        like=deployment.roles,
        on_answer=None if answered is None else lambda: answered.append(time.perf_counter_ns()),
    )


def ask_at_once(deployment: Deployment) -> tuple[tuple[Identity, ...], tuple[tuple[float, ...], ...]]:
    """(identities, states) of what answers several requests at the same time: behind a balancer one answer is
    one server's.

    Requests without an answer are left out: the check same_server reports those of the one asked alone.
    """

    def ask(number: int) -> tuple[Identity | None, tuple[float, ...]] | None:
        try:
            raw = _ask(deployment).raw
        except ServerError:
            return None
        return identity(raw), throughputs(raw)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = [answer for answer in pool.map(ask, range(AT_ONCE)) if answer is not None]
        states = {state for _, state in answers if state}
        if len(states) > 1:
            # One server at work, for another client, goes from one state to the next and never back: both are
            # there again only where two servers answer.
            again = [answer for answer in pool.map(ask, range(AT_ONCE)) if answer is not None]
            answers, states = answers + again, states & {state for _, state in again}
    return tuple(known for known, _ in answers if known is not None), tuple(sorted(states))
