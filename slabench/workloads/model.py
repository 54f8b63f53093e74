"""A workload's recipe, and the prompts made from it."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RANDOM, RANDOM_IDS, SHAREGPT = "random", "random-ids", "sharegpt"
UNKNOWN_VOCABULARY = 1000  # an id outside the vocabulary can kill a server: without knowledge stay this low


@dataclass(frozen=True, slots=True)
class WorkloadSpec:
    """The recipe.

    Lengths in tokens; range_ratio r draws them uniformly from max(int(r x length), 1) to length.
    """

    dataset_name: str
    num_prompts: int
    input_len: int
    output_len: int
    range_ratio: float = 1.0
    seed: int = 123
    prompt_form: str = "ids"  # text | ids
    dataset_path: str | None = None
    sharegpt_output_len: int | None = None  # instead of the conversation's own answer length
    vocab_size: int | None = None  # random-ids as ids stay below it; None: UNKNOWN_VOCABULARY
    # random-ids as ids differ between tests, so that no test finds the prompts of another in a prefix cache
    salt: str = ""

    @property
    def vocabulary(self) -> int:
        return UNKNOWN_VOCABULARY if self.vocab_size is None else self.vocab_size


@dataclass(frozen=True, slots=True)
class Prompt:
    """One request's content: a text or ids, never both.

    input_len is the recipe's; a text's real count can differ.
    """

    text: str | None
    ids: array[int] | None
    input_len: int
    output_len: int


@dataclass(frozen=True, slots=True)
class Workload:
    """prompts in plan order; unit_gaps: as many draws of the standard exponential distribution, for Poisson
    arrivals.
    """

    spec: WorkloadSpec
    prompts: Sequence[Prompt]
    unit_gaps: tuple[float, ...]
    notes: tuple[str, ...] = ()
    dataset_sha256: str | None = None
    # each prompt's ids by our own tokenizer; of ids those that are sent
    own_ids: Sequence[Sequence[int]] = ()
    same_prompts: bool = False  # every repeat of the test has these, by --same-prompts

    def describe(self) -> dict[str, Any]:
        """run.json's workload: built-in types; the data set by name and hash, without its folder."""
        spec = self.spec
        description: dict[str, Any] = {
            "dataset_name": spec.dataset_name,
            "prompt_form": spec.prompt_form,
            "num_prompts": len(self.prompts),
            "input_len": None if spec.dataset_name == SHAREGPT else spec.input_len,
            "output_len": spec.sharegpt_output_len if spec.dataset_name == SHAREGPT else spec.output_len,
            "range_ratio": spec.range_ratio,
            "seed": spec.seed,
        }
        if self.dataset_sha256 is not None and spec.dataset_path is not None:
            description |= {"dataset": Path(spec.dataset_path).name, "dataset_sha256": self.dataset_sha256}
        if spec.dataset_name == RANDOM_IDS and spec.prompt_form == "ids":
            description["ids_below"] = spec.vocabulary
        if self.same_prompts:  # fresh ones are not recorded, as in the files of earlier versions
            description["same_prompts"] = True
        return description
