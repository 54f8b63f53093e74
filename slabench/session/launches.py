"""What a test's comparison knows of how launches differ, from the file of --launch-spread."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from slabench.messages import Message
from slabench.verdict.baseline import Baseline
from slabench.verdict.differences import differences
from slabench.verdict.launch_spread import Launches

if TYPE_CHECKING:
    from slabench.session.comparison import ComparedWith


def stored_launches(compared: ComparedWith, known: Baseline, work: Mapping[str, object]) -> Launches | None:
    """None: no file was named, and what the old side itself knows counts. known: the old side."""
    file, old = compared.launch_spread, known.tests.get(compared.test_id)
    if file is None or known.of_runs:
        return None
    launches = 1 if old is None else old.launches.old
    test = file.tests.get(compared.test_id)
    if test is None or not test.launches.spread.sd:
        return Launches(old=launches, unused=Message("launches.no_spread", file=file.path))
    stored = {**file.fingerprint, "workload": test.workload}
    current = {**compared.fingerprint, "workload": work}
    differing = tuple(
        difference.message
        for difference in differences(stored, current)
        if not difference.allowed(compared.allow_diff)
    )
    if differing:
        why = Message("launches.differs", file=file.path, differences=differing)
        return Launches(old=launches, unused=why)
    return Launches(test.launches.spread, old=launches, source=file.path)
