"""What two sides differ in, and what the old one does not record: their fingerprints and workloads.

What the old side does not record is not compared; what it records and this run does not know is a difference,
since nothing shows that it is the same.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from slabench.messages import Message

Sections = Mapping[str, Mapping[str, Any]]  # of a fingerprint, and the workload
EXTRAS = ("headers", "extra_request_body")  # of a request: a side that records none sent none
# An upgrade gate compares sides that differ in these: the version is what it is about, and the capacity
# follows.
UPGRADED = ("server.version", "server.token_capacity")
# A model's name with its organisation, which one in a folder does not have: shown where the names differ.
MAY_DIFFER = (*UPGRADED, "model.repository")
ESSENTIAL = {"hardware": ("gpu",), "model": ("name",)}  # without these a side could be of anything
SECTIONS = ("hardware", "model", "workload", "server")


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that the old side records and this run has otherwise or does not know; key: `section.key`."""

    key: str
    message: Message

    def allowed(self, allow: Collection[str]) -> bool:
        """allow: sections and keys, as --allow-diff names them."""
        return self.key in allow or self.key.partition(".")[0] in allow


def differences(stored: Sections, current: Sections) -> Iterator[Difference]:
    """What the baseline records and this run has otherwise or does not know."""
    for section in SECTIONS:
        was, now = stored.get(section, {}), current.get(section, {})
        extras = EXTRAS if section == "workload" else ()
        for key in dict.fromkeys((*was, *extras)):
            name, old, new = f"{section}.{key}", was.get(key), now.get(key)
            if old == new or name in MAY_DIFFER or (old is None and key not in extras):
                continue
            absent = Message("comparison.none_here" if key in EXTRAS else "comparison.unknown_here")
            yield Difference(
                name,
                Message(
                    "comparison.difference",
                    key=name,
                    current=absent if new is None else repr(_shown(name, new, now)),
                    baseline=Message("comparison.none") if old is None else repr(_shown(name, old, was)),
                ),
            )


def _shown(name: str, value: Any, section: Mapping[str, Any]) -> Any:
    """A model with its organisation, where that is recorded."""
    return (section.get("repository") or value) if name == "model.name" else value


def unrecorded(stored: Sections, current: Sections, allow: Collection[str] = ()) -> list[str]:
    """`section` or `section.key` of hardware, model and workload that the old side does not record.

    A section without any record, the accelerator's and the model's names, and what this run does record.
    """
    absent: list[str] = []
    for section in ("hardware", "model", "workload"):
        was = {key for key, value in stored.get(section, {}).items() if value is not None}
        now = [key for key, value in current.get(section, {}).items() if value is not None]
        keys = dict.fromkeys([*ESSENTIAL.get(section, ()), *(key for key in now if key not in EXTRAS)])
        lost = [f"{section}.{key}" for key in keys if key not in was and f"{section}.{key}" not in MAY_DIFFER]
        absent += [section] if lost and not was else lost
    return [name for name in absent if name not in allow and name.partition(".")[0] not in allow]


def blocked(
    differing: Iterable[Difference], allow: Collection[str], *, as_text: bool = False
) -> tuple[Message, list[Message]] | None:
    """(why these sides are not comparable, each difference) where some of the differences are not allowed.

    as_text: the old side's prompts were text.
    """
    blocking = [difference for difference in differing if not difference.allowed(allow)]
    if not blocking:
        return None
    keys = [difference.key for difference in blocking]
    names = dict.fromkeys(key if key.startswith("server.") else key.partition(".")[0] for key in keys)
    hint = as_text and "workload.prompt_form" in keys
    messages = [difference.message for difference in blocking]
    line = Message(
        "comparison.differences",
        differences=tuple(messages),
        hint=Message("comparison.prompts_as_text") if hint else "",
        allow=tuple(names),
    )
    return line, messages
