"""What a server cannot hold of planned loads, by limits that are known without asking it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from slabench.messages import Message
from slabench.server.info import ServerInfo
from slabench.session.planned_load import PlannedLoad, PlannedTest
from slabench.session.preflight.context import PreflightContext
from slabench.session.preflight.registry import Result, Status, stop
from slabench.session.settings import Settings
from slabench.sim.profiles import Profile
from slabench.verdict.outcome import CheckStatus
from slabench.verdict.validity.batch import fits
from slabench.verdict.validity.policy import settle


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

    def stops(self, tests: Sequence[PlannedTest], settings: Settings) -> Iterator[Result]:
        """As the checks `request_fits` and `batch_fits` before a load have them of a server's answers."""
        context = PreflightContext(settings, tests)
        for test_id, load in context.loads:
            lengths = context.least_lengths(load)
            if lengths is not None:
                yield from self._load(test_id, load, sum(lengths), settings)

    def _load(self, test_id: str, load: PlannedLoad, tokens: int, settings: Settings) -> Iterator[Result]:
        limits = {"context": self.context_length, "pool": self.pool_tokens}
        for what, limit in limits.items():
            # a request that takes the whole pool is never admitted
            if limit is not None and tokens > limit - (what == "pool"):
                result = stop(f"request_fits.{what}", [test_id], tokens=tokens, limit=limit)
                yield replace(result, name="request_fits")
                return
        if load.batch_size is None:
            return
        options = settings.options
        check = settle(
            fits(load.batch_size, tokens, capacity=self.pool_tokens, max_running=self.max_running),
            load.form.method,
            allow=options.allow,
            strict=options.strict_validity,
        )
        if check.state is CheckStatus.INVALID and isinstance(check.message, Message):
            yield Result(Status.STOP, check.message, check.remedy_message, (test_id,), check, name=check.name)
