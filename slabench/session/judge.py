"""judge: a test's run to its outcome, which is stored for every output, and raised if it is red."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from slabench.errors import InvalidRun, SLAViolation
from slabench.session import usage
from slabench.session.measurement import Measured
from slabench.verdict.outcome import Outcome
from slabench.verdict.sla import Slo

if TYPE_CHECKING:
    from slabench.run_document.entry import Entry
    from slabench.run_document.run import FinishedTest
    from slabench.session.campaign import Campaign
    from slabench.session.pytest_benchmark import Sidecar

# What evaluates is imported with the first run that is judged, since tests import this module when they are
# collected.


class Judge:
    """Callable handed to a test; one object a test.

    test_ids: of all tests of the session. keep: takes what is stored for every output.
    """

    def __init__(
        self,
        campaign: Campaign,
        test_id: str,
        test_ids: Sequence[str],
        sidecar: Sidecar,
        keep: Callable[[FinishedTest], None],
    ) -> None:
        self.campaign, self.test_id, self.test_ids = campaign, test_id, test_ids
        self.sidecar, self.keep = sidecar, keep
        self.judged = False

    def __call__(
        self,
        measured: Measured,
        *rules: Slo,
        shown: tuple[str, ...] = (),
        goodput: Mapping[str, float] | None = None,
    ) -> None:
        """SLAViolation if an objective does not hold, InvalidRun if no verdict is possible; the entry is
        stored first.

        goodput: limits in ms that each request is held to, where --goodput gives none.
        """
        from slabench.session.decode_curve import DecodePoint
        from slabench.session.entry import entry_of
        from slabench.session.evaluate import evaluate
        from slabench.session.rules import Rules

        if not isinstance(measured, Measured):
            raise usage.no_run(measured)
        usage.check_judge(rules, shown)
        usage.first_verdict(self.judged)
        self.judged = True
        campaign = self.campaign
        judged_by = Rules.of(campaign.settings, measured, rules, shown=shown, goodput=goodput)
        compared = campaign.compared_with(self.test_id, self.test_ids)
        evaluation = evaluate(measured, judged_by, campaign.settings, compared, campaign.facts)
        entry = entry_of(self.test_id, measured, evaluation, campaign.files.records_name)
        if measured.batch_size is not None:
            campaign.decode_points.append(DecodePoint.of(entry, measured.batch_size))
        self.sidecar.note(entry.metrics, entry.word.value)
        self.close(entry)

    def close(self, entry: Entry) -> None:
        """Store for every output, then raise if the outcome is red."""
        campaign = self.campaign
        if campaign.place is not None:
            entry = replace(entry, url=campaign.servers.entry.url)
        self.keep(campaign.finished(entry))
        if entry.word is Outcome.FAILED:
            raise SLAViolation(entry.headline)
        if entry.word is Outcome.INVALID:
            raise InvalidRun(entry.headline)
