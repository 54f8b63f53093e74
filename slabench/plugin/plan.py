"""--plan: the collected tests run with recorders in the place of a server, and the plan is shown.

pytest's own protocol runs them, so that marks, parameters and fixtures of another repository's tests do what
they do in a run.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from _pytest.runner import runtestprotocol

from slabench.errors import ConfigError, InvalidRun, ServerError
from slabench.exit_status import INVALID
from slabench.messages import Message
from slabench.options.checks import check_writable
from slabench.output_file import check_free, write_whole
from slabench.plugin import plan_fixtures
from slabench.plugin.forms import check_objectives
from slabench.plugin.gate_tests import Choice
from slabench.plugin.language import spoken, usage_error
from slabench.plugin.order import is_live
from slabench.plugin.own_tests import check_calls, idle_options, unread
from slabench.plugin.plan_fixtures import RECORDERS
from slabench.plugin.repeats import check_repeats
from slabench.plugin.stash import SETTINGS
from slabench.plugin.terminal import say
from slabench.report.sanitize import plain_lines
from slabench.session.gate_quick import is_quick
from slabench.session.planned_load import BodyEnds, PlannedTest, Recorders

if TYPE_CHECKING:
    from slabench.session.plan import Knowledge
    from slabench.session.settings import Settings

ERROR = pytest.StashKey[BaseException | None]()  # on the item: what its setup or body raised


def planning(config: pytest.Config) -> bool:
    return config.getoption("plan", None) is not None


def pytest_configure(config: pytest.Config) -> None:
    """After the options were checked (tryfirst), before xdist starts its workers (trylast)."""
    if not planning(config) or config.option.collectonly:
        return
    config.option.dist = "no"  # nothing is sent, so that no worker is needed
    config.pluginmanager.register(plan_fixtures, "slabench-plan-fixtures")
    config.pluginmanager.register(PlanRun(config), "slabench-plan")


class PlanRun:
    """In the place of the run."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.probed: Knowledge | None = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> None:
        if call.when != "teardown" and call.excinfo is not None:
            item.stash[ERROR] = call.excinfo.value

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """UsageError for what a run with these options would refuse."""
        config, live = self.config, [item for item in session.items if is_live(item)]
        if not live:
            say(self.config, Message("plan.no_live_test"))
            return True
        try:
            if config.option.plan_json is not None:
                check_writable("--plan-json", config.option.plan_json)
                check_free("--plan-json", config.option.plan_json)
            check_repeats(config, live)
            live = self._chosen(session, live)
            settings = config.stash[SETTINGS]
            check_calls(live, settings.slos, settings.goodput)
            following = zip(live, [*live[1:], None], strict=True)
            tests = [self._planned(item, following_item) for item, following_item in following]
            kept = self._kept(settings.resume)
            tests = [test for test in tests if test.test_id not in kept]
            forms = [(test.test_id, load.form) for test in tests for load in test.loads]
            check_objectives(forms, settings.slos)
            self._show(tests)
            for sentence in (*idle_options(live, config.option), *unread(live, config.option)):
                say(config, sentence)
            if settings.live:
                # with all checks, and what they look at: not for a collection
                from slabench.session.preflight import PreflightContext, Stage, examine
                from slabench.session.preflight.refusals import check_command_line

                context = PreflightContext(settings, tuple(tests))
                with spoken(config):
                    for line in check_command_line(examine(context, Stage.COMMAND_LINE), context):
                        say(config, line)
        except ConfigError as error:
            raise usage_error(config, error) from error
        except (InvalidRun, ServerError) as error:
            with spoken(config):
                why = plain_lines(str(error))
            say(config, Message("plan.invalid", why=why))
            pytest.exit(why, returncode=INVALID)
        return True

    def _chosen(self, session: pytest.Session, live: list[pytest.Item]) -> list[pytest.Item]:
        """The tests that the gate would measure, with its lengths."""
        config, settings = self.config, self.config.stash[SETTINGS]
        if not is_quick(config.option) and settings.options.time_budget is None:
            return live

        def stops(tests: Sequence[PlannedTest]) -> set[str]:
            known = self._known(tests, settings).stops or ()
            return {test_id for stop in known for test_id in stop.tests}

        choice = Choice(session, settings, lambda tests: self._known(tests, settings), stops)
        config.stash[SETTINGS] = choice.make({}, ())
        return [item for item in session.items if is_live(item)]

    def _known(self, tests: Sequence[PlannedTest], settings: Settings) -> Knowledge:
        """A server is asked once."""
        from slabench.session.plan_knowledge import PROBE, known, offline

        if settings.options.plan != PROBE:
            return offline(settings, tests)
        if self.probed is None:
            self.probed = known(settings, tests, lambda sentence: say(self.config, sentence))
        return self.probed

    def _planned(self, item: pytest.Item, following: pytest.Item | None) -> PlannedTest:
        """ConfigError for a wrong call in its body."""
        item.stash[ERROR] = None
        item.stash[RECORDERS] = recorders = Recorders()
        runtestprotocol(item, log=False, nextitem=following)
        error = item.stash[ERROR]
        if error is None:
            return recorders.test(item.nodeid)
        if isinstance(error, ConfigError):
            raise ConfigError(Message("test_code.at", test=item.nodeid, why=error)) from error
        if isinstance(error, pytest.skip.Exception):
            return recorders.test(item.nodeid, f"is skipped ({error.msg})")
        why = str(error) if isinstance(error, BodyEnds) else f"raises {type(error).__name__}: {error}"
        return recorders.test(item.nodeid, why)

    def _kept(self, run: str | None) -> Collection[str]:
        """The finished tests of the run that --resume continues."""
        if run is None:
            return ()
        from slabench.report.resume import finished, read_run

        kept = finished(read_run(run)[1])
        say(self.config, Message("plan.kept", run=run, tests=len(kept)))
        return kept

    def _show(self, tests: list[PlannedTest]) -> None:
        from slabench.session.plan import plan_run
        from slabench.session.plan_text import plan_text, plan_values
        from slabench.strict_json import dumps

        config, settings = self.config, self.config.stash[SETTINGS]
        plan = plan_run(tests, settings, self._known(tests, settings))
        with spoken(config):
            text = plan_text(plan)
        for line in text.splitlines():
            say(config, line)
        if config.option.plan_json is not None:
            write_whole(Path(config.option.plan_json), dumps(plan_values(plan)))
            say(self.config, Message("plan.written", file=config.option.plan_json))
