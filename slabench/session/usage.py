"""The arguments of run_load and judge: ConfigError in a sentence, before any load, for wrong ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from slabench.errors import ConfigError
from slabench.methods import Form
from slabench.metrics.definitions import metric_of
from slabench.options.checks import refuse
from slabench.verdict.metric_names import did_you_mean
from slabench.verdict.sla import SLO_FORM, Slo


def check_load(form: object, point: object, labels: object, batch_size: object) -> dict[str, Any]:
    """run_load()'s point, if its arguments are right."""
    if not isinstance(form, Form):
        raise ConfigError(
            f'run_load() was given {_kind(form)} where it reads a Form: write run_load(Form("serving", '
            "input_len=8000, "
            "output_len=100, num_prompts=16), point={})."
        )
    refuse(
        (
            point is None,
            "run_load() needs point=: what distinguishes this test from others of its kind in tables and "
            "reports, such as "
            'point={"workload": "long"}, or point={} where nothing does.',
        )
    )
    if not isinstance(point, Mapping) or not all(isinstance(name, str) for name in point):
        raise ConfigError(
            f'run_load(point={point!r}) is no dict with names as keys; write point={{"workload": "long"}}, '
            f"or {{}}."
        )
    wrong = {
        name: value for name, value in point.items() if not isinstance(value, str | int | float | bool | None)
    }
    named = next(iter(wrong), "")
    texts = not isinstance(labels, str) and isinstance(labels, Sequence)
    size = batch_size if isinstance(batch_size, int) and not isinstance(batch_size, bool) else 0
    refuse(
        (
            wrong,
            f"run_load(point=...): {named} is {_kind(wrong.get(named))}; a point holds texts and numbers.",
        ),
        (
            not texts or not all(isinstance(label, str) for label in labels),  # type: ignore[attr-defined]
            f'run_load(labels={labels!r}) is no tuple of texts; write labels=("REDUCED: why",).',
        ),
        (
            batch_size is not None and size < 1,
            f"run_load(batch_size={batch_size!r}): give a whole number of at least 1, or leave it out.",
        ),
        (
            size > form.num_prompts,
            f"run_load(batch_size={batch_size}) is more than its Form's {form.num_prompts} prompts: the "
            "batch would never be full.",
        ),
    )
    return dict(point)


def check_judge(rules: Sequence[object], shown: object) -> None:
    """ConfigError unless judge()'s further arguments are objectives and names of metrics."""
    for rule in rules:
        refuse(
            (
                not isinstance(rule, Slo),
                f"judge() was given {_kind(rule)} as an objective; write {SLO_FORM}.",
            )
        )
    if isinstance(shown, str) or not isinstance(shown, Sequence):
        raise ConfigError(
            f'judge(shown={shown!r}) is no tuple of metrics; write shown=("tpot.mean", "ttft.mean").'
        )
    unknown = [key for key in shown if not isinstance(key, str) or metric_of(key) is None]
    if unknown:
        hint = did_you_mean(str(unknown[0]))
        raise ConfigError(f"judge(shown=...) names {unknown[0]!r}, which is no known metric.{hint}")


def no_run(value: object) -> ConfigError:
    """The error where judge()'s first argument is not what run_load() returned."""
    return ConfigError(
        f"judge() was given {_kind(value)} where it reads what run_load() returned: write run = "
        "run_load(...), then "
        'judge(run, slo("tpot", "mean", "<=", 50)).'
    )


def _kind(value: object) -> str:
    """`the text 'tpot.mean<=50'`, `None`, `a RunRecord`."""
    if isinstance(value, str):
        return f"the text {value!r}"
    return repr(value) if value is None or isinstance(value, int | float) else f"a {type(value).__name__}"
