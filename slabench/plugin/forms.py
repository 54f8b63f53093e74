"""What the session's tests will send, known before any of them runs, and objectives that do not fit it."""

from __future__ import annotations

import math
from argparse import Namespace
from collections.abc import Callable, Iterable, Sequence

import pytest

from slabench.errors import ConfigError
from slabench.messages import Message
from slabench.methods import Form
from slabench.options.checks import refuse
from slabench.verdict.shares import GOOD
from slabench.verdict.sla import Slo, between_tokens, needs, of_a_batch

MARKER = "sends"


def marked_forms(items: Iterable[pytest.Item], options: Namespace) -> list[tuple[str, Form]]:
    """(test id, form) of the tests with a marker sends(form=F): their load is F(options, **parameters)."""
    marked = [(item, item.get_closest_marker(MARKER)) for item in items]
    return [(item.nodeid, _form_of(item, mark, options)) for item, mark in marked if mark is not None]


def most_in_flight(forms: Iterable[Form]) -> int:
    """Of loads whose plan says it: how many a rate without a cap has in flight depends on the server."""
    caps = [
        min(form.num_prompts, form.max_concurrency or form.num_prompts)
        for form in forms
        if form.max_concurrency is not None or math.isinf(form.request_rate)
    ]
    return max(caps, default=0)


def _form_of(item: pytest.Item, marker: pytest.Mark, options: Namespace) -> Form:
    """What the marker's function returns; ConfigError if it cannot be called so, or returns no Form."""
    form_of: Callable[..., Form] | None = marker.kwargs.get("form")
    callspec = getattr(item, "callspec", None)
    expected = Message("part.sends_mark")
    try:
        if form_of is None:
            raise TypeError(Message("part.no_form"))
        form = form_of(options, **(callspec.params if callspec is not None else {}))
    except (TypeError, AttributeError, KeyError) as error:
        raise ConfigError(
            Message("test_code.mark_not_callable", test=item.nodeid, expected=expected, why=error)
        ) from error
    if not isinstance(form, Form):
        raise ConfigError(
            Message("test_code.mark_returned", test=item.nodeid, expected=expected, kind=type(form).__name__)
        )
    return form


def check_objectives(forms: Sequence[tuple[str, Form]], slos: Sequence[Slo], repeats: int = 1) -> None:
    """ConfigError if a test sends too few requests for an objective on a percentile or a share ever to hold,
    or if no test of the run has the objective's metric. repeats: loads of each test at most.
    """
    for slo in slos:
        of_a_load, of_all = needs(slo)
        evaluated = [(test, form) for test, form in forms if form.output_len > 1 or not between_tokens(slo)]
        few = [
            (test, form.num_prompts)
            for test, form in evaluated
            if form.num_prompts < of_a_load or form.num_prompts * repeats < of_all
        ]
        batches = any(form.method == "ali-decode" for _, form in forms)
        test, count = few[0] if few else ("", 0)
        least = max(of_a_load, -(-of_all // repeats))
        each = None if repeats == 1 else Message("part.each_repeat", repeats=repeats)
        of_a_share = slo.metric == GOOD
        side = "part.for_lower_bound" if of_a_share else "part.for_bound"
        bound = Message(side, level=slo.level * 100) if least > of_a_load else None
        more = Message("part.such_tests", tests=len(few)) if len(few) > 1 else None
        refuse(
            (
                of_a_batch(slo) and forms and not batches,
                Message("slo.no_batch_test", slo=str(slo)),
            ),
            (
                few,
                Message(
                    "slo.few_for_a_share" if of_a_share else "slo.few_requests",
                    slo=str(slo),
                    least=least,
                    each=each,
                    bound=bound,
                    test=test.rpartition("/")[2],
                    count=count,
                    more=more,
                ),
            ),
        )
