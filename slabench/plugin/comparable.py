"""Before any load: another model or other hardware than the baseline's is known from the servers' own
answers.

Measuring would take its hours and end in NOT_COMPARABLE. Nothing is sent, and every live test of the session
is INVALID at once.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from slabench.errors import InvalidRun
from slabench.plugin.order import is_live
from slabench.plugin.stash import CAMPAIGN, ENTRY
from slabench.session.partial_entry import bare_entry
from slabench.verdict.comparison import Comparison, ComparisonState
from slabench.verdict.differences import blocked, differences
from slabench.verdict.outcome import Outcome

if TYPE_CHECKING:
    from slabench.session.campaign import Campaign

REFUSED = pytest.StashKey[Comparison | None]()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> None:
    """The server has been identified by now, and no load was sent."""
    campaign = item.config.stash.get(CAMPAIGN, None)
    if campaign is None or campaign.opened is None or not is_live(item):
        return
    if REFUSED not in item.config.stash:
        live = [other.nodeid for other in item.session.items if is_live(other)]
        item.config.stash[REFUSED] = refused = refusal(campaign, live)
        if refused is not None:
            campaign.say(f"INVALID: {refused.not_comparable}: no load is sent.")
    comparison = item.config.stash[REFUSED]
    if comparison is None:
        return
    line = f"{comparison.not_comparable}; no load was sent"
    from slabench.run_document.entry import ComparisonEntry
    from slabench.run_document.read import parse

    entry = bare_entry(item.nodeid, Outcome.INVALID, line, "NOT_COMPARABLE")
    compared = parse(ComparisonEntry, comparison.as_dict(), strict=True)
    item.stash[ENTRY] = campaign.finished(replace(entry, comparison=compared))
    raise InvalidRun(line)


def refusal(campaign: Campaign, tests: list[str]) -> Comparison | None:
    """None where the old side is of the same deployment, or has none of the tests."""
    servers, file = campaign.servers, campaign.settings.baseline
    if campaign.before is not None:
        name, old = campaign.before.name, campaign.before.fingerprint
    elif servers.baseline is not None:
        name, old = servers.baseline.entry.url, servers.baseline.fingerprint
    elif file is not None and any(test in file.tests for test in tests):
        name, old = file.path, file.fingerprint
    else:
        return None
    blocking = blocked(differences(old, servers.new.fingerprint), campaign.settings.options.allow_diff)
    interleaved = None if campaign.before is None else False
    comparison = Comparison(name, ComparisonState.NOT_COMPARABLE, interleaved=interleaved)
    return None if blocking is None else comparison.refused(*blocking)
