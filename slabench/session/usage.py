"""The arguments of run_load and judge: ConfigError in a sentence, before any load, for wrong ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from slabench.errors import ConfigError
from slabench.messages import Message
from slabench.methods import Form
from slabench.metrics.definitions import metric_of
from slabench.options.checks import refuse
from slabench.verdict.metric_names import did_you_mean
from slabench.verdict.sla import SLO_FORM, Slo


def check_load(form: object, point: object, labels: object, batch_size: object) -> dict[str, Any]:
    """run_load()'s point, if its arguments are right."""
    if not isinstance(form, Form):
        raise ConfigError(Message("test_code.run_load_form", kind=_kind(form)))
    refuse(
        (
            point is None,
            Message("test_code.run_load_point"),
        )
    )
    if not isinstance(point, Mapping) or not all(isinstance(name, str) for name in point):
        raise ConfigError(Message("test_code.point_no_dict", point=repr(point)))
    wrong = {
        name: value for name, value in point.items() if not isinstance(value, str | int | float | bool | None)
    }
    named = next(iter(wrong), "")
    texts = not isinstance(labels, str) and isinstance(labels, Sequence)
    size = batch_size if isinstance(batch_size, int) and not isinstance(batch_size, bool) else 0
    refuse(
        (
            wrong,
            Message("test_code.point_value", named=named, kind=_kind(wrong.get(named))),
        ),
        (
            not texts or not all(isinstance(label, str) for label in labels),  # type: ignore[attr-defined]
            Message("test_code.labels", labels=repr(labels)),
        ),
        (
            batch_size is not None and size < 1,
            Message("test_code.batch_size", batch_size=repr(batch_size)),
        ),
        (
            size > form.num_prompts,
            Message(
                "test_code.batch_size_prompts", batch_size=repr(batch_size), num_prompts=form.num_prompts
            ),
        ),
    )
    return dict(point)


def check_judge(rules: Sequence[object], shown: object) -> None:
    """ConfigError unless judge()'s further arguments are objectives and names of metrics."""
    for rule in rules:
        refuse(
            (
                not isinstance(rule, Slo),
                Message("test_code.judge_rule", kind=_kind(rule), slo_form=SLO_FORM),
            )
        )
    if isinstance(shown, str) or not isinstance(shown, Sequence):
        raise ConfigError(Message("test_code.judge_shown", shown=repr(shown)))
    unknown = [key for key in shown if not isinstance(key, str) or metric_of(key) is None]
    if unknown:
        hint = did_you_mean(str(unknown[0]))
        raise ConfigError(Message("test_code.judge_unknown", name=unknown[0], hint=hint))


def first_load(loaded: bool) -> None:
    """ConfigError at a test's second load: its entry has one, so the other would be in no output."""
    refuse((loaded, Message("test_code.second_load")))


def first_verdict(judged: bool) -> None:
    """ConfigError at a test's second judge(): the outcome of the first would be in no output."""
    refuse((judged, Message("test_code.second_verdict")))


def no_run(value: object) -> ConfigError:
    """The error where judge()'s first argument is not what run_load() returned."""
    return ConfigError(Message("test_code.judge_run", kind=_kind(value)))


def _kind(value: object) -> Message | str:
    """`the text 'tpot.mean<=50'`, `None`, `a RunRecord`."""
    if isinstance(value, str):
        return Message("part.kind_text", value=value)
    plain = value is None or isinstance(value, int | float)
    return repr(value) if plain else Message("part.kind_a", name=type(value).__name__)
