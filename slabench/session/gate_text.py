"""What a quick gate says before its first load: what it measures, and what is left to the full gate."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator, Sequence

from slabench.messages import Message
from slabench.methods import (
    ALI_BATCH_SIZES,
    ALI_DECODE,
    ALI_PREFILL,
    ALI_PREFILL_LENS,
    TENCENT,
    TENCENT_COUNTS,
)
from slabench.session.planned_load import PlannedTest


def summary(tests: Sequence[PlannedTest], options: Namespace) -> Iterator[Message]:
    """tests: those that are run. Nothing where none has a short form. What the options fix is the same in a
    full gate, so that it is not left to it.
    """
    forms = [load.form for test in tests for load in test.loads if load.form.quick]
    if not forms:
        return
    parts, without = list[Message](), list[Message]()
    decode = [form for form in forms if form.method == ALI_DECODE.method]
    if decode:
        sizes = sorted({form.max_concurrency or form.num_prompts for form in decode})
        lengths = f"{decode[0].input_len}/{decode[0].output_len}"
        parts.append(Message("gate.decode", sizes=_batch_sizes(sizes), lengths=lengths))
        others = [size for size in ALI_BATCH_SIZES if size not in sizes]
        without += [] if options.batch_sizes else [_batch_sizes(others)]
        without.append(Message("gate.left_curve"))
    prefill = [form for form in forms if form.method == ALI_PREFILL.method]
    if prefill:
        lengths_ = sorted({form.input_len for form in prefill})
        parts.append(Message("gate.prefill", prompts=prefill[0].num_prompts, lengths=lengths_))
        others = [length for length in ALI_PREFILL_LENS if length not in lengths_]
        length = "gate.left_length" if len(others) == 1 else "gate.left_lengths"
        without += [] if options.prefill_lens else [Message(length, lengths=others)]
    for form in (form for form in forms if form.method == TENCENT.method):
        parts.append(
            Message("gate.sla", prompts=form.num_prompts, lengths=f"{form.input_len}/{form.output_len}")
        )
        counts = TENCENT_COUNTS if options.num_prompts is None else (options.num_prompts,)
        output_len = options.random_output_len or TENCENT.output_len
        if options.num_prompts is None or form.output_len != output_len:
            lengths = f"{form.input_len}/{output_len}"
            without.append(Message("gate.left_sla", prompts=counts, lengths=lengths))
    yield Message("gate.quick", parts=parts)
    yield Message("gate.left", without=[*without, Message("gate.left_rules")])


def _batch_sizes(sizes: Sequence[int]) -> Message:
    return Message("gate.batch_size" if len(sizes) == 1 else "gate.batch_sizes", sizes=sizes)
