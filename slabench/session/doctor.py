"""`slabench doctor`: every check before a load at each server, a line each with its remedy."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import replace
from pathlib import Path

from slabench.errors import ConfigError, ServerError
from slabench.exit_status import INVALID
from slabench.messages import Message
from slabench.report.sanitize import plain
from slabench.server.secrets import scrub_text
from slabench.session.campaign import Campaign
from slabench.session.gate_choice import measured
from slabench.session.planned_load import PlannedTest
from slabench.session.preflight import PreflightContext, Result, Stage, Status, registered
from slabench.session.preflight.refusals import grouped
from slabench.session.preflight.registry import Preflight, short
from slabench.session.servers import open_servers
from slabench.session.settings import Settings

INDENT = 23
MOST_TESTS = 6  # that are named in a line


class Doctor:
    """say: prints a line; spoken: within it messages are rendered in the language of the output."""

    def __init__(
        self,
        settings: Settings,
        tests: Sequence[PlannedTest],
        folder: Path,
        say: Callable[[str], None],
        spoken: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        self.settings, self.tests, self.folder = settings, tests, folder
        self.say, self.spoken = say, spoken
        self.counts = dict.fromkeys(Status, 0)

    def run(self) -> int:
        """0, or 6 where a check stops a test. ConfigError for what the options alone refuse.

        A server that is not there is the first line: it stops the run whatever the options are.
        """
        several = len(self.settings.base_urls) > 1
        places = [place if several else None for place in range(len(self.settings.base_urls))]
        with ExitStack() as stack:
            opened = [self._open(place, stack) for place in places]
            self._examine(PreflightContext(self.settings, self.tests), Stage.COMMAND_LINE)
            for campaign in filter(None, opened):
                context = PreflightContext(self.settings, self.tests, campaign)
                if self.settings.quick:  # of all published batch sizes it takes those that fit
                    context = replace(context, tests=measured(context))
                self._examine(context, Stage.SERVER, Stage.PROBE)
        stops, warnings = self.counts[Status.STOP], self.counts[Status.WARN]
        end = "doctor.stops" if stops else "doctor.ready"
        self._say(Message(end, stops=stops, warnings=warnings))
        return INVALID if stops else 0

    def _say(self, sentence: Message | str) -> None:
        with self.spoken():
            self.say(str(sentence))

    def _open(self, place: int | None, stack: ExitStack) -> Campaign | None:
        """None where the server is not there, with its line."""
        settings = self.settings
        campaign = Campaign(settings, self.folder, self._say, place)
        # old and new do not fit at once there: the new one alone is looked at
        baseline = not settings.options.one_after_the_other
        try:
            campaign.opened = open_servers(settings, self.folder, place=place, baseline=baseline)
        except ServerError as error:
            self._line("server", Result(Status.STOP, error.as_message()))
            return None
        stack.callback(campaign.close)
        return campaign

    def _examine(self, context: PreflightContext, *stages: Stage) -> None:
        for check in registered(*stages):
            for group in grouped(_results(check, context)):
                some = group.first.status is not Status.OK and len(group.tests) < len(self.tests)
                tests = group.tests if some else ()
                self._line(check.name, group.first, tests=tests)

    def _line(self, name: str, result: Result, *, tests: Iterable[str] = ()) -> None:
        self.counts[result.status] += 1
        names = [short(test) for test in tests]
        more = Message("doctor.more_tests", more=len(names) - MOST_TESTS) if len(names) > MOST_TESTS else ""
        concerned = Message("doctor.tests", tests=names[:MOST_TESTS], more=more) if names else ""
        with self.spoken():
            self.say(_clean(f"{result.status:<5} {name:<16} {result.message}{concerned}"))
            if result.status is not Status.OK and str(result.remedy):
                self.say(_clean(f"{'':<{INDENT}}{result.remedy}"))


def _results(check: Preflight, context: PreflightContext) -> Iterator[Result]:
    """A check that cannot be made stops: what it needs, tests need too."""
    try:
        yield from check.results(context)
    except (ServerError, ConfigError) as error:
        yield Result(Status.STOP, error.as_message(), name=check.name)


def _clean(text: str) -> str:
    return plain(scrub_text(text))
