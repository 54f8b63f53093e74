"""Prepared prompts as bytes, for a file that is mapped: a line with checksum and the head's length, the head,
then texts and ids.

The head is JSON: the recipe, how many prompts were asked for, and the sizes of each.
"""

from __future__ import annotations

import itertools
import json
import zlib
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from slabench.workloads.model import Prompt


@dataclass(frozen=True, slots=True)
class Made:
    """What a recipe gave. own_ids: each prompt's ids by our own tokenizer (of a text: encoded again), side by
    side with prompts.
    """

    prompts: Sequence[Prompt]
    own_ids: Sequence[Sequence[int]]
    asked: int  # where fewer prompts came, there are no more

    def first(self, count: int) -> Made | None:
        """The first count prompts: a longer workload begins with the shorter one.

        None if these are not enough to tell.
        """
        if count > self.asked and len(self.prompts) == self.asked:
            return None
        return Made(self.prompts[:count], self.own_ids[:count], count)


def encode(recipe: Mapping[str, Any], made: Made) -> bytes:
    rows, blob = [], bytearray()
    for prompt, own_ids in zip(made.prompts, made.own_ids, strict=True):
        text = b"" if prompt.text is None else prompt.text.encode()
        ids = array("i", own_ids).tobytes()
        rows.append((prompt.text is not None, len(text), len(ids), prompt.input_len, prompt.output_len))
        blob += text + ids
    head = json.dumps({"recipe": dict(recipe), "asked": made.asked, "rows": rows}).encode()
    rest = b"".join((head, blob))
    return b"%d %d\n%b" % (zlib.crc32(rest), len(head), rest)


def decode(recipe: Mapping[str, Any], data: memoryview) -> Made:
    """own_ids are views into data.

    ValueError, KeyError, TypeError, IndexError for what encode() did not write for this recipe.
    """
    line = bytes(data[:40]).split(b"\n", 1)[0]
    rest = data[len(line) + 1 :]
    checksum, length = map(int, line.split(b" "))
    if zlib.crc32(rest) != checksum:
        raise ValueError("the file is damaged")
    head, blob = json.loads(bytes(rest[:length])), rest[length:]
    if head["recipe"] != dict(recipe):
        raise ValueError("the file is of another recipe")
    prompts: list[Prompt] = []
    own: list[Sequence[int]] = []
    edges = [0, *itertools.accumulate(size for row in head["rows"] for size in row[1:3])]
    places = zip(edges[::2], edges[1::2], edges[2::2], strict=False)  # edges has one more than twice the rows
    for (is_text, _, _, input_len, output_len), (begin, middle, end) in zip(
        head["rows"], places, strict=True
    ):
        ids = blob[middle:end].cast("i")
        text = str(blob[begin:middle], "utf-8") if is_text else None
        prompts.append(Prompt(text, None if is_text else array("i", ids), input_len, output_len))
        own.append(ids)
    return Made(prompts, own, head["asked"])
