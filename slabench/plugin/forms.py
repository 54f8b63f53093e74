"""What the session's tests will send, told before any of them runs, and the objectives that no such load can be judged by."""

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
    """(test id, form) of the tests whose marker sends(form=F) tells beforehand what they load: F(options, **parameters)."""
    found = []
    for item in items:
        marker = item.get_closest_marker(MARKER)
        if marker is not None:
            form_of: Callable[..., Form] = marker.kwargs["form"]
            callspec = getattr(item, "callspec", None)
            found.append((item.nodeid, form_of(options, **(callspec.params if callspec is not None else {}))))
    return found


def check_objectives(forms: Sequence[tuple[str, Form]], slos: Sequence[Slo]) -> None:
    """ConfigError if a test sends too few requests for the percentile that an objective asks for: known before the first one."""
    from slabench.verdict.sla import between_tokens, needs

    for one in slos:
        least = needs(one)
        judged = [(test, form) for test, form in forms if form.output_len > 1 or not between_tokens(one)]
        few = [(test, form.num_prompts) for test, form in judged if form.num_prompts < least]
        if few:
            test, count = few[0]
            more = f" ({len(few)} such tests)" if len(few) > 1 else ""
            raise ConfigError(
                f"--slo={one} needs {least} requests, and {test.rpartition('/')[2]} would send {count}{more}: nobody could judge "
                "it. Ask for the mean, send more prompts, or leave such tests out with -k."
            )
