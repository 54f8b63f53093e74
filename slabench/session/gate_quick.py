"""The quick gate's forms: the methods' loads with shorter answers and fewer prompts, under ids of their own.

What the command line gives stands over them. gate_choice.py sets the sizes by the time that a load takes.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from dataclasses import dataclass

from slabench.methods import Form

PREFILL_LENS = (2048,)
MARK = "quick"  # of a test's id
SIZES = "quick_sizes"  # on the options, in a run whose gate is quick


@dataclass(frozen=True, slots=True)
class QuickSizes:
    """The defaults are those of a server whose speed is not known."""

    decode_output_len: int = 512
    prefill_prompts: int = 128
    sla_prompts: int = 128
    sla_output_len: int = 400

    def form(self, published: Form) -> Form:
        changes = {
            "ali-decode": {"output_len": self.decode_output_len},
            "ali-prefill": {"num_prompts": self.prefill_prompts},
            "tencent": {"num_prompts": self.sla_prompts, "output_len": self.sla_output_len},
        }
        return published.replaced(quick=True, **changes[published.method])


def is_quick(options: Namespace) -> bool:
    return getattr(options, SIZES, None) is not None


def gate_form(published: Form, options: Namespace) -> Form:
    """The published form, or its short one in a quick gate."""
    sizes: QuickSizes | None = getattr(options, SIZES, None)
    return published if sizes is None else sizes.form(published)


def point_id(template: str, options: Namespace) -> Callable[[object], str]:
    """`bs8`; `bs8-quick` in a quick gate, so that the two are never compared with each other."""
    return (f"{template}-{MARK}" if is_quick(options) else template).format
