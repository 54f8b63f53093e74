"""judge: figures, checks, objectives and baseline of one run to one word, stored for every output and raised
when it is red.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, TypeVar

from slabench.errors import InvalidRun, SLAViolation
from slabench.metrics.bounded import bounds
from slabench.records import RunRecord
from slabench.session import comparison, reference, usage
from slabench.session.deployment import Campaign, DecodePoint, Deployment
from slabench.session.evidence import read_log
from slabench.session.judged_metrics import judged
from slabench.session.measurement import NEW, Evaluated, Measured, on_average_only, served, worst
from slabench.session.pytest_benchmark import Sidecar
from slabench.session.settings import Settings
from slabench.session.texts import texts
from slabench.verdict.baseline_file import only_inconclusive
from slabench.verdict.bounded import LABEL
from slabench.verdict.judge import Case
from slabench.verdict.judge import judge as conclude
from slabench.verdict.outcome import Check, CheckStatus, Outcome, Verdict
from slabench.verdict.request_limits import check_goodput, checked
from slabench.verdict.sla import Slo
from slabench.verdict.validity import CheckContext, LogEvidence, Margin, examine
from slabench.verdict.validity.prompts import distorted

RETRACTED = ("retraction", "log_retraction")
Answer = TypeVar("Answer")


def codes(labels: Sequence[str], *, simulated: bool) -> tuple[str, ...]:
    """The reason codes of the labels: the word before the colon."""
    found = [label.partition(":")[0] for label in labels]
    return tuple(dict.fromkeys([*found, *(["SIMULATED"] if simulated else [])]))


class Judge:
    """Callable handed to a test; one object a test.

    test_ids: of all tests of the session. keep: takes what is stored for every output, {"entry", "server",
    "labels", "lost"}.
    """

    def __init__(
        self,
        test_id: str,
        test_ids: Sequence[str],
        campaign: Campaign,
        deployment: Deployment,
        sidecar: Sidecar,
        keep: Callable[[dict[str, Any]], None],
    ) -> None:
        self.test_id = test_id
        self.test_ids = test_ids
        self.keep = keep
        self.campaign = campaign
        self.deployment = deployment
        self.sidecar = sidecar
        self.limits: Mapping[str, float] = {}

    @property
    def settings(self) -> Settings:
        return self.campaign.settings

    def __call__(
        self,
        measured: Measured,
        *rules: Slo,
        shown: tuple[str, ...] = (),
        goodput: Mapping[str, float] | None = None,
    ) -> None:
        """SLAViolation if an objective does not hold, InvalidRun if nobody can judge; the entry is stored
        first.

        goodput: limits in ms that each request is held to, where --goodput gives none.
        """
        from slabench.bench_serving import objectives
        from slabench.metrics.repeats import fewest, summed, together
        from slabench.metrics.ttft_breakdown import Crowd, explained, retracted
        from slabench.verdict import advice, sla
        from slabench.verdict.validity import context_json as evidence

        if not isinstance(measured, Measured):
            raise usage.no_run(measured)
        usage.check_judge(rules, shown)
        self.limits = self.settings.goodput or checked(goodput or {}, "judge(goodput=...)")
        check_goodput((*rules, *self.settings.slos), self.limits)
        run = measured.run
        given, beside = applicable(
            self.settings.slos, measured.form.output_len, batch=measured.batch_size is not None
        )
        slos = sla.merge(rules, given)
        measured = replace(measured, labels=(*measured.labels, *sla.loosened(rules, given)))
        looked = self._look(measured.turns or (measured,), slos, shown)
        mine = [one for one in looked if one.side == NEW]
        sizes, seen = [one.sizes for one in mine], mine[0].subject.log
        figures = together([one.figures for one in mine], sizes)
        if bounds("tpot.mean", figures) is not None:
            measured = replace(measured, labels=(*measured.labels, LABEL))
        if run.reported is not None:
            measured = replace(measured, labels=(*measured.labels, objectives.label(run.reported, slos)))
            slos, shown = objectives.classic_rules(slos), tuple(objectives.as_classic(key) for key in shown)
        checks = (
            *worst(looked),
            *beside,
            *self._further(measured, figures, on_average_only(mine, slos, figures)),
        )
        seen_full = [
            one
            for one in checks
            if one.name in RETRACTED and one.state in (CheckStatus.FINDING, CheckStatus.INVALID)
        ]
        sound = measured.form.method == "tencent" and not any(
            one.state is CheckStatus.INVALID for one in checks
        )
        tuning = advice.tencent(slos, figures, run.plan, full=bool(seen_full)) if sound else ()
        crowd = None if seen is None else Crowd(seen.lines, seen.running_max, seen.waited_max, seen.waited)
        case = Case(
            metrics=figures,
            sizes=fewest(sizes),
            counted=summed(sizes),
            checks=checks,
            slos=slos,
            comparison=comparison.compare(self, measured.form.method, looked),
            require_baseline=self.settings.given.require_baseline,
            gate=self.settings.gate,
            labels=(*measured.reasons, *codes(measured.labels, simulated=self.deployment.simulated)),
            advice=(*measured.advice, *tuning),
            shown=shown,
        )
        verdict = conclude(case)
        entry = self.entry(measured.form.method, measured.point, measured.labels, verdict, figures, case)
        entry |= {
            "workload": dict(run.workload),
            "plan": dict(run.plan),
            "explained": explained(figures, crowd, without=retracted(run.requests)),
            "errors": _errors([one.measured.run for one in looked]),
            "evidence": evidence.as_dict(mine[0].subject),
            "server": served(run),
            "client": asdict(run.client),
            "began_utc": measured.began_utc,
            "duration_s": sum(one.measured.run.client.wall_s for one in looked),
            "records": {
                "file": self.campaign.records_name,
                "requests": sum(len(one.measured.run.requests) for one in looked),
            },
        }
        if len(looked) > 1:
            entry["repeats"] = [one.as_dict() for one in looked]
        entry |= measured.extra
        if run.reported is not None:
            told_of = [one.measured.run.reported for one in looked]
            entry["records"] = {
                "file": reference.FILE,
                "requests": sum(len(one.requests) for one in told_of if one is not None),
            }
        if measured.batch_size is not None:
            self._remember(measured, looked, entry)
        self.sidecar.note(figures, verdict.word.value)
        self.close(entry, verdict)

    def _look(self, loads: Sequence[Measured], slos: Sequence[Slo], shown: Sequence[str]) -> list[Evaluated]:
        """Each load's figures and checks, with the evidence of its own server; figures first: a check asks
        for the old side's.
        """
        from slabench.metrics.accepted import accept_length
        from slabench.metrics.ttft_breakdown import waiting

        found: list[tuple[Measured, dict[str, float], dict[str, int], LogEvidence | None]] = []
        for one in loads:
            figures, sizes = self._figures(one)
            seen, logged = read_log(one, one.deployment or self.deployment, figures)
            accepted = accept_length(one.run.server.info_after, [logged.get("log.accept_len")])
            found.append((one, figures | logged | accepted | waiting(one.run.requests), sizes, seen))
        compared = comparison.margins(self, [(one, figures) for one, figures, _, _ in found])
        looked = []
        for one, figures, sizes, seen in found:
            margins, hangs_on = (*_margins(slos, figures), *compared), judged(self, one, slos, shown, figures)
            subject = self._subject(one, one.deployment or self.deployment, seen, margins, hangs_on)
            given = self.settings.given
            checks = examine(subject, one.form.method, allow=given.allow, strict=given.strict_validity)
            looked.append(Evaluated(one, figures, sizes, checks, subject))
        return looked

    def _figures(self, measured: Measured) -> tuple[dict[str, float], dict[str, int]]:
        """(figures, how many requests are behind each): ours and bench_serving's from our records, or what
        another client told.
        """
        from slabench.bench_serving.metrics import reported_metrics, reported_sizes
        from slabench.metrics.classic import compute_classic, text_sizes
        from slabench.metrics.compute import compute, goodput, sample_sizes
        from slabench.metrics.full_batch import full_batch

        run = measured.run
        if run.reported is not None:
            return reported_metrics(run.reported, measured.gpus), reported_sizes(run.reported)
        figures = compute(run, measured.gpus) | compute_classic(run, measured.gpus)
        # which requests hold it is not known within bounds
        if "tpot" not in self.limits or bounds("tpot.mean", figures) is None:
            figures |= goodput(run, self.limits, figures.get("duration"))
        if self.settings.given.retokenize:
            figures |= self._retokenized(run.requests, figures)
        if measured.batch_size is not None:
            figures |= full_batch(run.requests, measured.batch_size, figures.get("duration"))
        return figures, sample_sizes(run) | text_sizes(run.requests)

    def _subject(
        self,
        measured: Measured,
        deployment: Deployment,
        logged: LogEvidence | None,
        margins: Sequence[Margin],
        on: Sequence[str],
    ) -> CheckContext:
        from slabench.server.info import incremental
        from slabench.server.roles import agreed, identity
        from slabench.verdict.validity.context import Behind, Served

        run, info, roles = measured.run, deployment.info, deployment.roles
        before, after = run.server.info_before, run.server.info_after
        return CheckContext(
            run=run,
            exact_prompt=measured.exact_prompt,
            planned=measured.form.num_prompts,
            batch_size=measured.batch_size,
            token_capacity=info.token_capacity,
            max_running=info.max_running_requests,
            # what the session began with: figures of another server go by its name otherwise
            identity_before=identity(info.raw),
            identity_after=odd_one(
                [identity(info.raw), identity(before), *run.server.identities, identity(after)]
            ),
            throughputs=run.server.throughputs,
            twin=self.campaign.twin,
            counted=measured.counted,
            shared=measured.shared,
            ranks=roles.schedulers,
            behind=Behind(roles.router.value, len(roles.workers), roles.unasked, roles.whole),
            page_size=info.page_size or 1,
            uses_graphs=None if info.device is None else info.device != "cpu" and not info.disable_cuda_graph,
            stall_limit_s=self.settings.given.stall_limit,
            log=logged,
            served=None if run.server.served is None else Served(*run.server.served),
            margins=margins,
            incremental=agreed(incremental(one.info.raw) for one in roles.workers),
            probe=self.campaign.stream_probes.get(deployment.url),
            texts=texts(run.requests, self.campaign),
            distorted=distorted(
                str(run.workload.get("dataset_name")),
                info.speculative_algorithm,
                info.architectures,
                run.server.info_after,
            ),
            judged=on,
        )

    def _further(
        self, measured: Measured, figures: Mapping[str, float], repeats: Sequence[Check]
    ) -> tuple[Check, ...]:
        """What the repeats together and the test itself have to say of the run, under the same policy."""
        from slabench.verdict.validity.policy import settle

        given, found = self.settings.given, () if measured.beside is None else measured.beside(figures)
        allow, strict = given.allow, given.strict_validity
        return tuple(
            settle(one, measured.form.method, allow=allow, strict=strict) for one in (*repeats, *found)
        )

    def _retokenized(self, requests: Sequence[Any], figures: Mapping[str, float]) -> dict[str, float]:
        from slabench.metrics.classic import retokenized

        tokenizer = self.campaign.required_tokenizer()
        texts = [record.text for record in requests if record.ok]
        # a server that streams pieces, or answers without a text: their sum would stand for less than was
        # made
        if not all(texts):
            return {}
        total = sum(len(tokenizer.encode(text, add_special_tokens=False)) for text in texts)
        return retokenized(figures, total)

    def entry(
        self,
        method: str,
        point: dict[str, Any],
        labels: Sequence[str],
        verdict: Verdict,
        figures: Mapping[str, float],
        case: Case,
    ) -> dict[str, Any]:
        comparison = (
            case.comparison.as_dict()
            if case.comparison is not None
            else {"baseline": None, "state": "NO_BASELINE", "differences": [], "figures": []}
        )
        return {
            "id": self.test_id,
            "method": method,
            "point": point,
            **verdict.as_dict(),
            "labels": list(labels),
            "metrics": {key: float(value) for key, value in figures.items()},
            "comparison": comparison,
        }

    def _remember(self, measured: Measured, looked: Sequence[Evaluated], entry: dict[str, Any]) -> None:
        run = measured.run
        assert measured.batch_size is not None
        self.campaign.decode_points.append(
            DecodePoint(
                measured.batch_size,
                run.server.log_spans,
                dict(run.workload),
                dict(run.plan),
                measured.labels,
                "INCONCLUSIVE" if only_inconclusive(entry) else entry["word"],
                dict(entry["metrics"]),
                tuple(one.measured.run.server.log_spans for one in looked if one.side == NEW),
                tuple(one.measured.run.server.log_spans for one in looked if one.side != NEW),
            )
        )

    def close(self, entry: dict[str, Any], verdict: Verdict) -> None:
        """Store for every output, then raise if the word is red."""
        labels = [*codes(entry["labels"], simulated=False), *self.deployment.labels]
        if self.campaign.place is not None:
            from slabench.server.secrets import redact_url

            entry["url"] = redact_url(self.deployment.url)
        self.keep(
            {
                "entry": entry,
                "server": self.campaign.as_dict(),
                "labels": labels,
                "lost": dict(self.campaign.lost),
            }
        )
        if verdict.word is Outcome.FAILED:
            raise SLAViolation(verdict.headline)
        if verdict.word is Outcome.INVALID:
            raise InvalidRun(verdict.headline)


def _margins(slos: Sequence[Slo], figures: Mapping[str, float]) -> list[Margin]:
    known = [(one, figures[one.metric]) for one in slos if one.metric in figures]
    known += [(one, end) for one in slos for end in bounds(one.metric, figures) or ()]
    return [Margin(one.metric, value, one.limit) for one, value in known]


def applicable(
    slos: Sequence[Slo], output_len: int, *, batch: bool = False
) -> tuple[tuple[Slo, ...], tuple[Check, ...]]:
    """The command line's objectives that a test can define, and a finding for the others: they are meant for
    the other tests.
    """
    from slabench.verdict.sla import between_tokens, of_a_batch

    apart = {
        "an answer of one token has no time between tokens": [
            one for one in slos if output_len == 1 and between_tokens(one)
        ],
        "it is no batch-size point": [one for one in slos if not batch and of_a_batch(one)],
    }
    said = [
        f"{', '.join(f'--slo={one}' for one in found)} is not judged in this test: {why}."
        for why, found in apart.items()
        if found
    ]
    left = tuple(one for one in slos if not any(one in found for found in apart.values()))
    return left, (Check("slo_applies", CheckStatus.FINDING, " ".join(said)),) if said else ()


def odd_one(answers: Sequence[Answer]) -> Answer:
    """The first answer that differs from the one before everything; the last where none does."""
    return next((one for one in answers if one != answers[0]), answers[-1])


def _errors(runs: Sequence[RunRecord]) -> dict[str, Any]:
    if runs[0].reported is not None:
        said = [
            one.error
            for run in runs
            if run.reported is not None
            for one in run.reported.requests
            if one.error
        ]
        return {
            "counts": {"bench_serving": len(said)} if said else {},
            "examples": list(dict.fromkeys(said))[:3],
        }
    bad = [record for run in runs for record in run.requests if record.error is not None]
    counts = Counter(record.error.value for record in bad if record.error is not None)
    texts = [record.error_text for record in bad if record.error_text]
    return {"counts": dict(counts), "examples": list(dict.fromkeys(texts))[:3]}
