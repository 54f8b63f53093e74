"""The answers to the questions of --accuracy-file, graded, to the test's entry in run.json."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from slabench import request_extras
from slabench.messages import Message
from slabench.report.document import utc_now
from slabench.run_document.accuracy import Accuracy, WrongAnswer
from slabench.run_document.entry import Entry
from slabench.server.parallel import in_parallel
from slabench.server.secrets import redact_url
from slabench.session.asking import Answer, Asker
from slabench.session.campaign import Campaign
from slabench.session.comparison import ComparedWith, not_measured
from slabench.session.deployment import Deployment
from slabench.session.entry import concluded
from slabench.session.evaluate import codes
from slabench.session.load import LoadOptions
from slabench.session.measurement import BASELINE, NEW
from slabench.session.settings import Settings
from slabench.verdict.accuracy import METRIC, NONE, RIGHT, WRONG, Answers, against_floor
from slabench.verdict.accuracy_comparison import compare_answers
from slabench.verdict.baseline import Baseline, BaselineTest
from slabench.verdict.baseline_file import identity
from slabench.verdict.comparison import Comparison
from slabench.verdict.gated_metrics import Gathered
from slabench.verdict.judge import Case, judge
from slabench.verdict.shares import interval
from slabench.verdict.statistics import LEVEL
from slabench.verdict.validity import settle
from slabench.verdict.validity.answered import AnswerEvidence, answered
from slabench.workloads.questions import QuestionFile

METHOD = "accuracy"
SHOWN = 3  # wrong answers
MAX_SHOWN = 80  # characters of each


def asked_entry(campaign: Campaign, compared: ComparedWith, file: QuestionFile, concurrency: int) -> Entry:
    """Both servers answer every question once: at temperature 0 a repeat would show the server's rounding."""
    began_utc, began = utc_now(), time.monotonic()
    servers, settings = campaign.servers, campaign.settings
    servers.check_alive()
    campaign.say(Message("accuracy.asking", questions=len(file.questions), concurrency=concurrency))
    old = None if servers.baseline is None else _ask(servers.baseline, settings, file, concurrency)
    new = _ask(servers.new, settings, file, concurrency)
    entry = Graded(settings, file, concurrency, new, old).entry(compared, servers.new)
    return replace(entry, began_utc=began_utc, duration_s=time.monotonic() - began)


def _ask(deployment: Deployment, settings: Settings, file: QuestionFile, concurrency: int) -> list[Answer]:
    options = LoadOptions.of(settings)
    ask = Asker(deployment, options, options.client.total_timeout_s)
    return in_parallel(ask, file.questions, concurrency)


@dataclass(frozen=True, slots=True)
class Graded:
    """What came back, in the questions' order. old: of the baseline server, in an A/B run."""

    settings: Settings
    file: QuestionFile
    concurrency: int
    new: Sequence[Answer]
    old: Sequence[Answer] | None = None

    @property
    def workload(self) -> dict[str, Any]:
        return {
            "dataset_name": METHOD,
            "prompt_form": "text",
            "num_prompts": len(self.file.questions),
            "dataset": self.file.name,
            "dataset_sha256": self.file.sha256,
        }

    @property
    def plan(self) -> dict[str, Any]:
        return {
            "kind": "closed_loop",
            "count": len(self.file.questions),
            "request_rate": "inf",
            "max_concurrency": self.concurrency,
            "backend": self.settings.options.backend,
            **request_extras.identity(self.settings.headers, self.settings.body),
        }

    def answers(self, asked: Sequence[Answer]) -> Answers:
        results = (
            NONE if answer.text is None else RIGHT if question.right(answer.text) else WRONG
            for question, answer in zip(self.file.questions, asked, strict=True)
        )
        return Answers(self.file.sha256, "".join(results))

    def entry(self, compared: ComparedWith, deployment: Deployment) -> Entry:
        """Without its times."""
        options, answers = self.settings.options, self.answers(self.new)
        floor, metrics = options.accuracy_floor, _metrics(answers)
        check = settle(
            answered(self._evidence()), METHOD, allow=options.allow, strict=options.strict_validity
        )
        comparison = self.comparison(compared, answers)
        case = Case(
            metrics=metrics,
            sizes={METRIC: answers.n},
            checks=(check,),
            accuracy=None if floor is None or not answers.n else against_floor(answers, floor),
            comparison=comparison,
            require_baseline=options.require_baseline,
            gate=self.settings.gate,
            labels=codes((), simulated=deployment.simulated),
            advice=tuple(self._advice(judged=floor is not None or comparison is not None)),
            shown=(METRIC,),
        )
        return Entry(
            id=compared.test_id,
            method=METHOD,
            point={},
            labels=(),
            **concluded(judge(case), metrics, comparison),
            workload=self.workload,
            plan=self.plan,
            accuracy=self._accuracy(answers),
            began_utc="",
            duration_s=0.0,
        )

    def _evidence(self) -> AnswerEvidence:
        sides = [(NEW, self.new)] if self.old is None else [(NEW, self.new), (BASELINE, self.old)]
        errors = [
            (side, question.line, answer.error)
            for side, asked in sides
            for question, answer in zip(self.file.questions, asked, strict=True)
            if answer.text is None
        ]
        return AnswerEvidence(len(self.file.questions) * len(sides), tuple(errors))

    def _advice(self, *, judged: bool) -> Iterator[Message]:
        if cut := sum(answer.cut for answer in self.new):
            yield Message("accuracy.cut", cut=cut, questions=len(self.new))
        if not judged:
            yield Message("accuracy.give_floor")

    def _accuracy(self, answers: Answers) -> Accuracy:
        low, high = interval(answers.right, answers.n) if answers.n else (None, None)
        wrong = [
            WrongAnswer(
                line=question.line, wanted=question.wanted[:MAX_SHOWN], answer=answer.text[:MAX_SHOWN]
            )
            for question, answer in zip(self.file.questions, self.new, strict=True)
            if answer.text is not None and not question.right(answer.text)
        ]
        return Accuracy(
            file=self.file.name,
            sha256=self.file.sha256,
            concurrency=self.concurrency,
            results=answers.results,
            old_results=None if self.old is None else self.answers(self.old).results,
            low=low,
            high=high,
            level=LEVEL,
            floor=self.settings.options.accuracy_floor,
            cut=sum(answer.cut for answer in self.new),
            wrong=tuple(wrong[:SHOWN]),
        )

    def comparison(self, compared: ComparedWith, answers: Answers) -> Comparison | None:
        """None: there is nothing to compare with."""
        known, work, interleaved = compared.file, identity(self.workload, self.plan), None
        test_id, server, before = compared.test_id, compared.server, compared.before
        if server is not None and self.old is not None:
            test = BaselineTest(Gathered({}), work, answers=self.answers(self.old))
            url = redact_url(server.url)
            known = Baseline(url, "the baseline server", server.fingerprint, {test_id: test})
        elif before is not None:
            was = before.tests.get(test_id)
            if was is None or was.invalid is not None:
                return not_measured(before.name, None if was is None else was.invalid)
            test = BaselineTest(Gathered({}), was.workload, allowed=was.allowed, answers=was.answers)
            known = Baseline(before.name, "the baseline server", before.fingerprint, {test_id: test})
            interleaved = False
        if known is None:
            return None
        return compare_answers(
            known,
            test_id,
            answers,
            compared.fingerprint,
            work,
            tolerance=compared.tolerance,
            allow=compared.allow_diff,
            checks=compared.allow,
            interleaved=interleaved,
        )


def _metrics(answers: Answers) -> dict[str, float]:
    """Of the questions that have an answer; none where none has."""
    if not answers.n:
        return {}
    low, high = interval(answers.right, answers.n)
    return {
        METRIC: answers.right / answers.n,
        "accuracy.low": low,
        "accuracy.high": high,
        "accuracy.questions": float(answers.n),
    }
