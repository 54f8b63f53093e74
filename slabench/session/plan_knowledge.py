"""What a plan's times are made from: a profile, a baseline file, a probe of the server, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from slabench.errors import ConfigError
from slabench.messages import Message
from slabench.session.plan import Knowledge, plan_run
from slabench.session.plan_limits import KnownLimits
from slabench.session.plan_models import StoredServer, VirtualServer
from slabench.session.planned_load import PlannedTest
from slabench.session.preflight.registry import Result, of_old_server
from slabench.session.settings import SIM, Settings
from slabench.sim.profiles import NullProfile, Profile, UnknownProfile, read_profile

PROBE = "probe"


def known(
    settings: Settings, tests: Sequence[PlannedTest], say: Callable[[Message | str], None]
) -> Knowledge:
    """As --plan says."""
    if settings.options.plan != PROBE:
        return offline(settings, tests)
    from slabench.session.plan_probe import probed  # with all that sends loads

    return probed(settings, tests, say)


def offline(settings: Settings, tests: Sequence[PlannedTest]) -> Knowledge:
    """Without asking a server: --plan=PROFILE, else the profile of a sim: URL, else the baseline file."""
    named = settings.options.plan
    urls = [url for url in (*settings.base_urls[:1], settings.baseline_url) if url is not None]
    if named or (urls and all(url.startswith(SIM) for url in urls)):
        texts = [named] if named else [url.removeprefix(SIM) or "demo" for url in urls]
        profiles = [_profile(text) for text in texts]
        shown = " and ".join(dict.fromkeys(texts))
        return Knowledge(
            Message("plan.source.profile", profile=shown),
            tuple(VirtualServer(profile, profile.limits) for profile in profiles),
            tuple(_stops(profiles, tests, settings)),
            unlike="plan.unlike.never",
        )
    if settings.baseline is not None:
        model = StoredServer(settings.baseline)
        return Knowledge(Message("plan.source.baseline", file=settings.baseline.path), (model,))
    return Knowledge(Message("plan.source.none"), (None,))


def _stops(profiles: Sequence[Profile], tests: Sequence[PlannedTest], settings: Settings) -> Iterator[Result]:
    """Of the new server, and of an old one that has another profile."""
    new, *others = dict.fromkeys(profiles)
    yield from KnownLimits.of_profile(new).stops(tests, settings)
    for old in others:
        yield from of_old_server(KnownLimits.of_profile(old).stops(tests, settings))


def by_baseline(tests: Sequence[PlannedTest], settings: Settings) -> dict[str, float]:
    """test id -> seconds, at most, by the durations in --baseline=FILE; empty without one."""
    if settings.baseline is None:
        return {}
    source = Message("plan.source.baseline", file=settings.baseline.path)
    plan = plan_run(tests, settings, Knowledge(source, (StoredServer(settings.baseline),), None))
    return {row.test.test_id: row.seconds.most for row in plan.rows if row.seconds is not None}


def _profile(text: str) -> Profile:
    try:
        profile = read_profile(text)
    except UnknownProfile as error:
        raise ConfigError(Message("option.plan_profile", text=text, why=error)) from error
    if isinstance(profile, NullProfile):
        raise ConfigError(Message("option.plan_null", text=text))
    return profile
