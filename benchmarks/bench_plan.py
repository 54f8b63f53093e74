"""Is a plan's time that of the run? Both methods in full size and a gate of fixed repeats, in virtual time.

Run by hand: python benchmarks/bench_plan.py [--profile r1-fp8-tp8] [--pairs 2]. The suites are collected and
followed as --plan does it; the same loads then go through run_load to a server that is the profile in virtual
time (tests/unit/session/virtual_session.py). Ends with 1 if a plan is further off than 15 %.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from slabench.options.table import OPTIONS  # noqa: E402
from slabench.places import SUITES  # noqa: E402
from slabench.plugin.planned_tests import planned_tests  # noqa: E402
from slabench.session.plan import plan_run  # noqa: E402
from slabench.session.plan_knowledge import offline  # noqa: E402
from slabench.session.plan_time import START_S  # noqa: E402
from slabench.session.planned_load import PlannedTest  # noqa: E402
from slabench.session.settings import Settings  # noqa: E402
from slabench.sim.profiles import read_profile  # noqa: E402
from tests.unit.session.virtual_session import NEW, OLD, VirtualSession  # noqa: E402

LIMIT = 0.15


class Collected:
    """Takes the planned tests of a collection."""

    def __init__(self) -> None:
        self.tests: Sequence[PlannedTest] = ()

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.tests = planned_tests(session.items, session.config.option)


def tests_of(*suites: str) -> Sequence[PlannedTest]:
    collected = Collected()
    paths = [str(SUITES / suite) for suite in suites]
    pytest.main([*paths, "--collect-only", "-qq", "--no-header", "-p", "no:cacheprovider"], [collected])
    return collected.tests


def off(name: str, tests: Sequence[PlannedTest], profile: str, **options: object) -> float:
    """The plan's difference from the run, as a share; one line of it."""
    given = {option.dest: option.default for option in OPTIONS}
    given |= {"base_url": [NEW], "plan": profile, "calibrate": "off", **options}
    settings = Settings.of(Namespace(**given), {})
    plan = plan_run(tests, settings, offline(settings, tests))
    urls = (NEW, OLD)[: len(plan.servers)]
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder:
        session = VirtualSession(settings, Path(folder), dict.fromkeys(urls, read_profile(profile)), patch)
        for row in plan.rows:
            for load in row.test.loads if not row.stops else ():  # a run refuses those by the same check
                session.run(row.test.test_id, load.form, batch_size=load.batch_size)
    assert plan.seconds is not None
    took, planned = sum(session.seconds.values()), plan.seconds.least
    print(
        f"| {name} | {sum(session.sent.values()):,} | {took / 60:.1f} | {planned / 60:.1f} | "
        f"{planned / took - 1:+.1%} | {START_S * len(urls):.0f} s and 0.6 s a load |",
        flush=True,
    )
    return abs(planned / took - 1)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--profile", default="r1-fp8-tp8")
    parser.add_argument("--pairs", type=int, default=2)
    options = parser.parse_args()
    tencent, ali = tests_of("tencent"), tests_of("ali")
    print("\n| run | requests | server min | plan min | difference | of it beside the loads |")
    print("|---|---|---|---|---|---|")
    gate = {"baseline_url": OLD, "repeats": options.pairs}
    worst = max(
        off("tencent", tencent, options.profile),
        off("ali", ali, options.profile),
        off(f"tencent, {options.pairs} pairs", tencent, options.profile, **gate),
        off(f"ali, {options.pairs} pairs", ali, options.profile, **gate),
    )
    return int(worst > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
