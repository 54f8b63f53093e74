"""What a test of one's own hands to run_load and judge:

ConfigError in a sentence, before any load, for what cannot be meant.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from slabench.errors import ConfigError
from slabench.methods import Form
from slabench.metrics.definitions import metric_of
from slabench.verdict.metric_names import did_you_mean
from slabench.verdict.sla import SLO_FORM, Slo


def check_load(form: object, point: object, labels: object, batch_size: object) -> dict[str, Any]:
    """The point of a run_load() call that can be made."""
    if not isinstance(form, Form):
        raise ConfigError(
            f'run_load() was given {_kind(form)} where it reads a Form: write run_load(Form("serving", input_len=8000, '
            "output_len=100, num_prompts=16), point={})."
        )
    if point is None:
        raise ConfigError(
            "run_load() needs point=: what tells this test from others of its kind in tables and reports, such as "
            'point={"workload": "long"}, or point={} where there is nothing to tell.'
        )
    if not isinstance(point, Mapping) or not all(isinstance(name, str) for name in point):
        raise ConfigError(
            f'run_load(point={point!r}) is no dict with names as keys; write point={{"workload": "long"}}, or {{}}.'
        )
    for name, value in point.items():
        if not isinstance(value, str | int | float | bool | None):
            raise ConfigError(
                f"run_load(point=...): {name} is {_kind(value)}; a point holds texts and numbers."
            )
    if (
        isinstance(labels, str)
        or not isinstance(labels, Sequence)
        or not all(isinstance(one, str) for one in labels)
    ):
        raise ConfigError(
            f'run_load(labels={labels!r}) is no tuple of texts; write labels=("REDUCED: why",).'
        )
    if batch_size is not None and (
        isinstance(batch_size, bool) or not isinstance(batch_size, int) or batch_size < 1
    ):
        raise ConfigError(
            f"run_load(batch_size={batch_size!r}): give a whole number of at least 1, or leave it out."
        )
    if batch_size is not None and batch_size > form.num_prompts:
        raise ConfigError(
            f"run_load(batch_size={batch_size}) is more than its Form's {form.num_prompts} prompts: the batch would never be full."
        )
    return dict(point)


def check_judge(rules: Sequence[object], shown: object) -> None:
    """ConfigError unless judge() was given objectives and names of metrics after the run."""
    for rule in rules:
        if not isinstance(rule, Slo):
            raise ConfigError(f"judge() was given {_kind(rule)} as an objective; write {SLO_FORM}.")
    if isinstance(shown, str) or not isinstance(shown, Sequence):
        raise ConfigError(
            f'judge(shown={shown!r}) is no tuple of metrics; write shown=("tpot.mean", "ttft.mean").'
        )
    for key in shown:
        if not isinstance(key, str) or metric_of(key) is None:
            raise ConfigError(
                f"judge(shown=...) names {key!r}, which is no known metric.{did_you_mean(str(key))}"
            )


def no_run(value: object) -> ConfigError:
    """judge() was given something else than what run_load() returned."""
    return ConfigError(
        f"judge() was given {_kind(value)} where it reads what run_load() returned: write run = run_load(...), then "
        'judge(run, slo("tpot", "mean", "<=", 50)).'
    )


def _kind(value: object) -> str:
    """`the text 'tpot.mean<=50'`, `None`, `a RunRecord`."""
    if isinstance(value, str):
        return f"the text {value!r}"
    return repr(value) if value is None or isinstance(value, int | float) else f"a {type(value).__name__}"
