"""The published forms of the methods, in one place: what a live test runs unless options say otherwise, and
what REDUCED means.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

from slabench.errors import ConfigError
from slabench.messages import Message, Sentence, messages_of

INF = math.inf
_LOAD = ("input_len", "output_len", "num_prompts", "request_rate", "max_concurrency")


@dataclass(frozen=True, slots=True)
class Form:
    """One load by a method: lengths in tokens, request_rate in requests/s (inf: all at once), max_concurrency
    None: no cap.
    """

    method: str
    input_len: int
    output_len: int
    num_prompts: int
    request_rate: float = INF
    max_concurrency: int | None = None
    # the short form of a quick gate: judged by comparison alone, at a fixed batch by TPOT alone
    quick: bool = False

    def __post_init__(self) -> None:
        """ConfigError for what is no load, before anything is sent."""
        if not isinstance(self.method, str) or not self.method:
            raise ConfigError(Message("test_code.form_method", method=self.method))
        for name in ("input_len", "output_len", "num_prompts", "max_concurrency"):
            value, optional = getattr(self, name), name == "max_concurrency"
            whole = isinstance(value, int) and not isinstance(value, bool) and value >= 1
            if not whole and not (optional and value is None):
                beside = Message("part.or_no_limit") if optional else None
                raise ConfigError(Message("test_code.form_count", name=name, value=value, beside=beside))
        rate = self.request_rate
        if isinstance(rate, bool) or not isinstance(rate, int | float) or not rate > 0:
            raise ConfigError(Message("test_code.form_rate", rate=rate))

    @property
    def at_once(self) -> int:
        """Requests in flight at most."""
        return min(self.num_prompts, self.max_concurrency or self.num_prompts)

    def replaced(self, **options: Any) -> Form:
        """This form with other values; an option that is None changes nothing."""
        return replace(self, **{key: value for key, value in options.items() if value is not None})

    def differences(self, published: Form, *, counts: tuple[int, ...] = ()) -> tuple[str, ...]:
        """What this form has otherwise than the published one. counts: the published numbers of prompts, if
        several.
        """
        wanted: dict[str, tuple[object, ...]] = {key: (getattr(published, key),) for key in _LOAD}
        wanted["num_prompts"] = counts or wanted["num_prompts"]
        return tuple(
            Sentence.of("methods.differs", key=key, own=_shown(getattr(self, key)), published=_shown(*values))
            for key, values in wanted.items()
            if getattr(self, key) not in values
        )


def _shown(*values: object) -> Message | str:
    """`128, 256 or 512`"""
    *others, last = (
        Message("methods.no_limit")
        if value is None
        else f"{value:g}"
        if isinstance(value, float)
        else str(value)
        for value in values
    )
    return Message("methods.one_of", others=others, last=last) if others else last


def reduced(differences: tuple[str, ...]) -> tuple[str, ...]:
    """The label of a run that is not the published method, if it differs."""
    named = messages_of(differences) or differences
    return (Sentence.of("methods.reduced", differences=named),) if differences else ()


# shared texts of both publications: see docs/methods.md for the sources.
ALI_DECODE = Form("ali-decode", 4096, 1536, num_prompts=1)  # num_prompts is the batch size
ALI_BATCH_SIZES = (1, 2, 4, 8, 12, 16, 20, 24, 28, 32, 40, 48, 56, 64)
ALI_PREFILL = Form("ali-prefill", 1024, 1, num_prompts=512)
ALI_PREFILL_LENS = (1024, 2048, 4096)
ALI_SATURATION = Form("ali-saturation", 4096, 1536, num_prompts=4096, max_concurrency=2048)
TENCENT = Form("tencent", 3500, 1200, num_prompts=128, request_rate=128.0, max_concurrency=128)
TENCENT_COUNTS = (128, 256, 512)
SERVING = Form("serving", 3500, 1200, num_prompts=8, request_rate=8.0, max_concurrency=8)

TPOT_LIMIT_MS = 50.0
