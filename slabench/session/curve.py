"""judge_curve: the ali decode curve of this session, from the deploy log lines that its decode tests wrote."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from slabench.errors import InvalidRun
from slabench.records import LogSpan
from slabench.server.roles import Roles
from slabench.session.comparison import compare_runs
from slabench.session.deployment import DecodePoint
from slabench.session.evaluate import Judge, codes
from slabench.session.evidence import graph_limit
from slabench.verdict.comparison import Comparison
from slabench.verdict.judge import Case
from slabench.verdict.judge import judge as conclude
from slabench.verdict.validity.curve import METHOD


class JudgeCurve:
    """The decode curve's judgement: from the log lines of this session's decode tests."""

    def __init__(self, judge: Judge) -> None:
        self.judge = judge

    def __call__(self) -> None:
        from slabench.report.document import utc_now

        began = utc_now()
        campaign, deployment = self.judge.campaign, self.judge.deployment
        points = campaign.decode_points
        if not points:
            raise InvalidRun(
                "no_decode_run: no ali decode test ran in this session before the curve; run tests/ali/test_decode.py with it."
            )
        if not deployment.logs:
            raise InvalidRun(
                "no_deploy_log: the curve is made from the server's log; give it with --deploy-log=FILE (one per node, comma "
                "separated), or let slabench start the server with --launch=CMD."
            )
        self._judge(points, began)

    def _judge(self, points: Sequence[DecodePoint], began: str) -> None:
        from slabench.metrics.curve import CurveBuilder, shares
        from slabench.report.curve_rows import curve_rows
        from slabench.server.log.merge import Merged, samples
        from slabench.verdict.validity.curve import examine_curve
        from slabench.verdict.validity.curve_evidence import CurveEvidence, Scale

        judge, deployment = self.judge, self.judge.deployment
        given, info, roles = judge.settings.given, deployment.info, deployment.roles
        merged = Merged(interval=info.decode_log_interval)
        every = [span for point in points for spans in _repeats(point) for span in spans]
        builder = CurveBuilder().add_all(samples(every, merged))
        told_gpus, servers = _decoding(roles, given.decode_gpu_num)
        scale = Scale(
            given_gpus=given.decode_gpu_num,
            told_gpus=told_gpus,
            told_source=info.gpus.source,
            told_dp=None if info.dp is None else info.dp // max(1, len(roles.decoding())),
            servers=servers,
            told_pp=info.pp,
            seen_dp=frozenset(merged.dp_ranks),
            seen_pp=frozenset(merged.pp_ranks),
        )
        classic = builder.classic(scale.gpus_per_line)
        clean = builder.clean(scale.gpus_per_line, graph_up_to=graph_limit(info, builder.largest_graph))
        evidence = CurveEvidence(
            points=[(point.batch_size, point.word) for point in points],
            lines=builder.lines,
            copies=merged.copies,
            rejected={reason.value: count for reason, count in merged.rejected().items()},
            outside=merged.outside,
            files=len(deployment.logs),
            classic=classic,
            clean=clean,
            scale=scale,
            tpots={
                point.batch_size: (point.metrics["full_batch.tpot"], point.metrics["log.tpot"])
                for point in points
                if "full_batch.tpot" in point.metrics and "log.tpot" in point.metrics
            },
            clients={
                p.batch_size: p.metrics["full_batch.tpot"] for p in points if "full_batch.tpot" in p.metrics
            },
            tokens={
                point.batch_size: (point.metrics["log.tokens"], point.metrics["output_tokens"])
                for point in points
                if "log.tokens" in point.metrics and point.metrics.get("output_tokens")
            },
            engines=merged.engines,
            mixed=merged.mixed,
        )
        checks = examine_curve(evidence, allow=given.allow, strict=given.strict_validity)
        by_running = {row.running: row for row in classic.points}
        runs = sorted({run for point in points for run in shares(point.batch_size, scale.ranks)})
        figures = {f"curve.{run}": by_running[run].median for run in runs if run in by_running}
        # Every point has the same lengths and data; the number of prompts is what the points differ in.
        work = {
            key: points[0].workload[key] for key in ("dataset_name", "prompt_form", "input_len", "output_len")
        }
        labels = tuple(
            dict.fromkeys(
                label for point in points for label in point.labels if not label.startswith("LATER")
            )
        )
        new, old = self._by_repeat(points, runs, figures)
        comparison = self._compare(new, old, runs, work)
        case = Case(
            metrics=figures,
            sizes={},
            checks=checks,
            comparison=comparison,
            require_baseline=judge.settings.given.require_baseline,
            gate=judge.settings.gate,
            labels=codes(labels, simulated=deployment.simulated),
            shown=tuple(figures)[-1:],
        )
        verdict = conclude(case)
        entry = judge.entry(METHOD, {}, labels, verdict, figures, case)
        entry |= {
            "workload": work,
            "plan": {},
            "curve": curve_rows(classic, clean, _stored(judge), _clients(points, scale.ranks)),
            "curve_left_out": dict(clean.left_out),
            "gpus_per_line": scale.gpus_per_line,
            "began_utc": began,
            "duration_s": 0.0,
        }
        loads = [*_loads("new", new), *_loads("baseline", old)]
        if len(loads) > 1:
            entry["repeats"] = loads
        judge.close(entry, verdict)

    def _by_repeat(
        self, points: Sequence[DecodePoint], runs: Sequence[int], figures: Mapping[str, float]
    ) -> tuple[list[dict[str, float]], list[dict[str, float]]]:
        """`curve.N` of each repeat, of this server and of the baseline server if there is one."""
        many = min(len(_repeats(point)) for point in points)
        new = _medians([_repeats(point) for point in points], runs) if many > 1 else [dict(figures)]
        if self.judge.campaign.other is None:
            return new, []
        old = _medians([point.other for point in points], runs)
        if not any(old):
            raise InvalidRun(
                "no_deploy_log: baseline server: its curve is made from its log; give it with --baseline-deploy-log=FILE, or "
                "let slabench start that server with --baseline-launch=CMD."
            )
        return new, old

    def _compare(
        self,
        new: Sequence[Mapping[str, float]],
        old: Sequence[Mapping[str, float]],
        runs: Sequence[int],
        work: dict[str, Any],
    ) -> Comparison | None:
        """An old curve may have more batch sizes than were measured here, which alone are compared."""
        return compare_runs(self.judge, METHOD, new, old, work, [{}], only=[f"curve.{run}" for run in runs])


def _decoding(roles: Roles, given: int | None) -> tuple[int | None, int]:
    """(GPUs that decode, servers that do), as reported; where one of several answered, --decode-gpu-num says
    how many there are.
    """
    count, servers = roles.info.gpus.count, max(1, len(roles.decoding()))
    if roles.whole or given is None or not count or given % count:
        return count, servers
    return given, given // count


def _repeats(point: DecodePoint) -> tuple[tuple[LogSpan, ...], ...]:
    return point.repeats or (point.spans,)


def _loads(side: str, repeats: Sequence[Mapping[str, float]]) -> list[dict[str, Any]]:
    """The curve's figures as run.json's `repeats`."""
    return [{"side": side, "repeat": number, "metrics": dict(one)} for number, one in enumerate(repeats, 1)]


def _medians(points: Sequence[Sequence[Sequence[LogSpan]]], runs: Sequence[int]) -> list[dict[str, float]]:
    """Each repeat's `curve.N`, where it has lines of N; points: each decode test's log parts by repeat."""
    from slabench.metrics.curve import CurveBuilder
    from slabench.server.log.merge import samples

    found: list[dict[str, float]] = []
    for repeat in range(min(map(len, points))):
        builder = CurveBuilder().add_all(samples([span for spans in points for span in spans[repeat]]))
        found.append(
            {
                f"curve.{row.running}": row.median
                for row in builder.classic(None).points
                if row.running in runs
            }
        )
    return found


def _clients(points: Sequence[DecodePoint], ranks: int) -> dict[int, Mapping[str, float]]:
    """The decode tests' own figures by the number of running requests that a rank's lines show; only where
    that is one number.
    """
    from slabench.metrics.curve import shares

    alone = [(shares(point.batch_size, ranks), point.metrics) for point in points]
    return {runs[0]: metrics for runs, metrics in alone if len(runs) == 1}


def _stored(judge: Judge) -> Mapping[str, float]:
    if judge.settings.baseline is None:
        return {}
    figures: Mapping[str, float] = judge.settings.baseline.tests.get(judge.test_id, {}).get("figures", {})
    return figures
