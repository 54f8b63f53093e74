"""What the session's tests will send, told before any of them runs, and the objectives that no such load can
be judged by."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

import pytest

from slabench.errors import ConfigError

if TYPE_CHECKING:
    from slabench.methods import Form
    from slabench.verdict.sla import Slo

MARKER = "sends"


def marked_forms(items: Iterable[pytest.Item], options: Namespace) -> list[tuple[str, Form]]:
    """(test id, form) of the tests whose marker sends(form=F) tells beforehand what they load:

    F(options, **parameters).
    """
    found = []
    for item in items:
        marker = item.get_closest_marker(MARKER)
        if marker is not None:
            found.append((item.nodeid, _form_of(item, marker, options)))
    return found


def _form_of(item: pytest.Item, marker: pytest.Mark, options: Namespace) -> Form:
    """What the marker's function says;

    ConfigError if it cannot be called so, or says something else than a Form.
    """
    from slabench.methods import Form

    form_of: Callable[..., Form] | None = marker.kwargs.get("form")
    callspec = getattr(item, "callspec", None)
    expected = "@pytest.mark.sends(form=form_of) names a function: form_of(options, **parameters) that returns the test's Form"
    try:
        if form_of is None:
            raise TypeError("it has no form=")
        form = form_of(options, **(callspec.params if callspec is not None else {}))
    except (TypeError, AttributeError, KeyError) as error:
        raise ConfigError(f"{item.nodeid}: {expected}; this one cannot be called ({error}).") from error
    if not isinstance(form, Form):
        raise ConfigError(f"{item.nodeid}: {expected}; this one returned a {type(form).__name__}.")
    return form


def check_objectives(forms: Sequence[tuple[str, Form]], slos: Sequence[Slo]) -> None:
    """ConfigError if a test sends too few requests for the percentile that an objective asks for: known
    before the first one.

    Or if the objective is about what only other tests have.
    """
    from slabench.verdict.sla import between_tokens, needs, of_a_batch

    for one in slos:
        least = needs(one)
        judged = [(test, form) for test, form in forms if form.output_len > 1 or not between_tokens(one)]
        few = [(test, form.num_prompts) for test, form in judged if form.num_prompts < least]
        if of_a_batch(one) and forms and not any(form.method == "ali-decode" for _, form in forms):
            raise ConfigError(
                f"--slo={one} is of a batch-size point, which tests/ali/test_decode.py measures and no test of this run."
            )
        if few:
            test, count = few[0]
            more = f" ({len(few)} such tests)" if len(few) > 1 else ""
            raise ConfigError(
                f"--slo={one} needs {least} requests, and {test.rpartition('/')[2]} would send {count}{more}: nobody could judge "
                "it. Ask for the mean, send more prompts, or leave such tests out with -k."
            )
