"""ask_questions: the questions of --accuracy-file at the concurrency of the session's loads."""

from __future__ import annotations

from dataclasses import replace

from slabench.errors import ConfigError, interrupted_by
from slabench.messages import Message
from slabench.session.judge import Judge
from slabench.session.partial_entry import bare_entry, hand_over
from slabench.verdict.outcome import Outcome


class AskQuestions:
    """Callable handed to a test. in_flight: the most requests at once of the session's loads; 0: none."""

    def __init__(self, judge: Judge, in_flight: int = 0) -> None:
        self.judge, self.in_flight = judge, in_flight

    def __call__(self, concurrency: int) -> None:
        """InvalidRun if a question has no answer, SLAViolation if the floor or the comparison does not hold.

        concurrency: where the session has no load.
        """
        from slabench.session.accuracy_entry import METHOD, asked_entry  # as judge.py's

        judge, campaign = self.judge, self.judge.campaign
        file = campaign.settings.questions
        if file is None:
            raise ConfigError(Message("test_code.no_questions"))
        compared = campaign.compared_with(judge.test_id, judge.test_ids)
        try:
            entry = asked_entry(campaign, compared, file, self.in_flight or concurrency)
        except KeyboardInterrupt as error:
            line = str(
                Message("accuracy.interrupted", signal=interrupted_by(error), questions=len(file.questions))
            )
            bare = bare_entry(judge.test_id, Outcome.INVALID, line, "interrupted")
            hand_over(campaign, campaign.servers.new, replace(bare, method=METHOD), ())
            raise
        judge.close(entry)
