"""What a server cannot hold of a planned load, by its own limits."""

from __future__ import annotations

from dataclasses import dataclass

from slabench.messages import Message
from slabench.server.info import ServerInfo
from slabench.session.planned_load import PlannedLoad
from slabench.sim.profiles import Profile


@dataclass(frozen=True, slots=True)
class KnownLimits:
    """Tokens and requests of all data-parallel ranks together; None: not known."""

    pool_tokens: int | None = None
    max_running: int | None = None
    context_length: int | None = None

    @classmethod
    def of_profile(cls, profile: Profile) -> KnownLimits:
        return cls(profile.pool_tokens, profile.max_running, profile.context_length)

    @classmethod
    def of_server(cls, info: ServerInfo) -> KnownLimits:
        return cls(info.token_capacity, info.max_running_requests, info.context_length)

    def problems(self, name: str, load: PlannedLoad) -> tuple[Message, ...]:
        """Why the load cannot be measured as asked; name: the test's."""
        tokens, pool, size = load.request_tokens, self.pool_tokens, load.batch_size or 0
        if self.context_length is not None and tokens > self.context_length:
            return (Message("plan.too_long", test=name, tokens=tokens, context=self.context_length),)
        if pool is not None and tokens >= pool:
            return (Message("plan.never_fits", test=name, tokens=tokens, pool=pool),)
        most = (self.max_running, pool and pool // tokens)
        fits = min((limit for limit in most if limit is not None), default=size)
        if self.max_running is not None and size > self.max_running:
            return (Message("plan.batch_running", test=name, size=size, running=self.max_running, fits=fits),)
        if pool is not None and size * tokens > pool:
            return (
                Message(
                    "plan.batch_tokens", test=name, size=size, tokens=size * tokens, pool=pool, fits=fits
                ),
            )
        return ()
