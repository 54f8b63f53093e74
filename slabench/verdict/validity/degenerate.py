"""Are the answers answers? A server whose kernels return nothing of use is fast."""

from __future__ import annotations

from collections.abc import Mapping

from slabench.messages import Message
from slabench.metrics.answer_contents import LEAST_ANSWERS, LEAST_TOKENS, contents, long_enough
from slabench.metrics.definitions import declared
from slabench.verdict.outcome import Check, Objective, finding, not_checked, ok
from slabench.verdict.validity.context import CheckContext
from slabench.verdict.validity.registry import Registration, Stage

SHARE_LIMIT = 0.5  # of the answers
METRICS = ("answers.one_token", "answers.alike")


@Registration(
    Stage.STREAM,
    evidence="`output_ids`, else the text, of 4 answers or more of 8 tokens or more",
    invalid=(
        "never; a finding when more than half of the answers are one token again and again or no text, or "
        "are the same for different prompts; FAILED under `--answers=gate`"
    ),
    why="a server that computes nothing of use is fast; neither random ids nor random weights make that",
)
def degenerate_answers(context: CheckContext) -> Check:
    known = context.contents
    if known is None:
        known = contents(context.run.requests, context.shared)
    if known.answers < LEAST_ANSWERS:
        candidates = sum(map(long_enough, context.answers))
        if candidates < LEAST_ANSWERS:
            return ok("degenerate_answers.few", answers=candidates, tokens=LEAST_TOKENS, least=LEAST_ANSWERS)
        return not_checked("degenerate_answers.unknown", answers=candidates)
    beyond = [metric for metric, share in known.metrics.items() if share > SHARE_LIMIT]
    return (finding if beyond else ok)(
        "degenerate_answers.so" if beyond else "degenerate_answers.not_so",
        one_token=known.one_token,
        alike=known.alike,
        different=known.different,
        answers=known.answers,
        limit=SHARE_LIMIT,
    )


def objectives(metrics: Mapping[str, float]) -> tuple[Objective, ...]:
    """For --answers=gate, of those of METRICS that are defined."""
    made = []
    for metric in METRICS:
        if metric not in metrics:
            continue
        share, n = metrics[metric], int(metrics.get("completed", 0)) or None
        limit = f"{SHARE_LIMIT:g}"
        message = Message(
            "answers.estimate", metric=metric, value=share, ends=None, token=None, n=n, op="<=", limit=limit
        )
        unit, holds = declared(metric).unit, share <= SHARE_LIMIT
        made.append(Objective("answers", metric, "<=", SHARE_LIMIT, share, unit, holds, n, message))
    return tuple(made)
