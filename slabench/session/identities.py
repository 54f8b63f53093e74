"""Who answers, asked several times at once: behind a balancer one answer is one server's."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from slabench.session.deployment import Deployment

Identity = tuple[tuple[str, Any], ...]
AT_ONCE = 8  # a balancer that sends each to the server with the fewest connections spreads them as well


@dataclass(frozen=True, slots=True)
class Asked:
    """What those that answered said; who says nothing is same_server's business by the one that is asked
    alone.
    """

    identities: tuple[Identity, ...]
    throughputs: tuple[tuple[float, ...], ...]  # what the schedulers of each answer computed last


def ask_at_once(deployment: Deployment) -> Asked:
    from slabench.errors import ServerError
    from slabench.server.identify import identify
    from slabench.server.roles import identity, throughputs

    def ask(number: int) -> tuple[Identity | None, tuple[float, ...]] | None:
        try:
            found = identify(
                deployment.url, deployment.headers, ca_file=deployment.ca_file, like=deployment.roles
            )
            return identity(found.raw), throughputs(found.raw)
        except ServerError:
            return None

    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = [found for found in pool.map(ask, range(AT_ONCE)) if found is not None]
        states = {state for _, state in answers if state}
        if len(states) > 1:
            # One server at work, for another client, goes from one state to the next and never back: both are
            # there again only where two servers answer.
            again = [found for found in pool.map(ask, range(AT_ONCE)) if found is not None]
            answers, states = answers + again, states & {state for _, state in again}
    return Asked(tuple(one for one, _ in answers if one is not None), tuple(sorted(states)))
