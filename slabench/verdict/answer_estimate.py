"""A metric of what both servers find of the same answers, with its interval and its limit."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from slabench.messages import Message
from slabench.metrics.definitions import declared
from slabench.verdict.outcome import Objective
from slabench.verdict.sla import Slo
from slabench.verdict.statistics import LEVEL, quantile

# docs/answers.md has the table that these are taken from: each lies between what harmless changes show and
# what harmful ones do.
LIMITS: Mapping[str, Slo] = {
    rule.metric: rule
    for rule in (
        Slo("answers.not_finite", "<=", 0.0),
        Slo("answers.logprob_shift", "<=", 0.05),
        Slo("answers.top1_agreement", ">=", 0.93),
        Slo("answers.token_shift", "<=", 0.2),
        Slo("answers.decode_shift", "<=", 0.05),
        Slo("answers.decode_top1", ">=", 0.93),
        Slo("answers.decode_token_shift", "<=", 0.2),
        Slo("answers.vocabulary_shift", "<=", 0.5),
    )
}


@dataclass(frozen=True, slots=True)
class Estimate:
    """A metric over n answers (answers.token_shift and answers.vocabulary_shift: n places) with the ends of
    its two-sided interval, which are the value itself where nothing spreads.

    token: the id whose change it is; lower: the new server finds that token less probable.
    """

    metric: str
    value: float
    low: float
    high: float
    n: int
    token: int | None = None
    lower: bool = False

    def of_token(self, token: int) -> Estimate:
        """A change of this token's log-probability, by its size."""
        if self.value >= 0:
            return replace(self, token=token)
        return Estimate(self.metric, -self.value, -self.high, -self.low, self.n, token, lower=True)

    @property
    def holds(self) -> bool:
        """False: the whole interval is beyond the limit."""
        rule = LIMITS[self.metric]
        return rule.holds(self.low if rule.op == "<=" else self.high)

    @property
    def message(self) -> Message:
        rule = LIMITS[self.metric]
        ends = Message("answers.ends", low=self.low, high=self.high) if self.low < self.high else None
        changed = "answers.token_less" if self.lower else "answers.token_more"
        token = None if self.token is None or self.holds else Message(changed, token=self.token)
        return Message(
            "answers.estimate",
            metric=self.metric,
            value=self.value,
            ends=ends,
            token=token,
            n=self.n,
            op=rule.op,
            limit=f"{rule.limit:g}",
        )

    @property
    def objective(self) -> Objective:
        """For --answers=gate."""
        rule = LIMITS[self.metric]
        return Objective(
            kind="answers",
            metric=self.metric,
            op=rule.op,
            limit=rule.limit,
            observed=self.value,
            unit=declared(self.metric).unit,
            holds=self.holds,
            n=self.n,
            message=self.message,
        )


def mean_of(metric: str, values: Sequence[float], level: float = LEVEL) -> Estimate | None:
    """With a t-interval of this level. None: there are no values."""
    if not values:
        return None
    mean, half = statistics.fmean(values), 0.0
    if len(values) > 1:
        half = quantile(len(values) - 1, level) * statistics.stdev(values) / math.sqrt(len(values))
    return Estimate(metric, mean, mean - half, mean + half, len(values))
