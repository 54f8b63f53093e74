"""What two sides differ in, and what the old one does not record: their fingerprints and workloads.

What the old side does not record is not compared; what it records and this run does not know is a difference,
since nothing shows that it is the same. What a server's arguments are worth: slabench/server_arguments.py. A
fingerprint that has the number of its server's arguments records all of them, and null ones as NULL; files of
before have null for what was null or not reported, and nothing of most arguments.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from slabench.messages import Message
from slabench.server_arguments import (
    ALGORITHM,
    NULL,
    SPEED_ARGS,
    WEIGHTS,
    follows,
    is_argument,
    is_set,
    weigh,
)

Sections = Mapping[str, Mapping[str, Any]]  # of a fingerprint, and the workload
EXTRAS = ("headers", "extra_request_body")  # of a request: a side that records none sent none
# An upgrade gate compares sides that differ in these: the version is what it is about, and the capacity
# follows.
UPGRADED = ("server.version", "server.token_capacity")
ARGUMENTS = "server.arguments"  # how many the server reports
# A model's name with its organisation, which one in a folder does not have: shown where the names differ.
MAY_DIFFER = (*UPGRADED, ARGUMENTS, "model.repository")
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
    return (difference for difference, refused in _unlike(stored, current) if refused)


def of_versions(stored: Sections, current: Sections) -> list[Message]:
    """The server's arguments that differ and are not compared, since the versions differ too."""
    return [difference.message for difference, refused in _unlike(stored, current) if not refused]


def either_way(first: Sections, second: Sections) -> list[Difference]:
    """The same for two that become one: also the arguments that are set in the second and not known of the
    first, unless a hand wrote it without any.
    """
    differing = {difference.key: difference for difference in differences(first, second)}
    for difference in differences(second, first):
        section, _, key = difference.key.partition(".")
        was, now = first.get(section, {}), second.get(section, {})
        if is_argument(section, key) and any(is_argument(section, name) for name in was):
            differing.setdefault(difference.key, _difference(section, key, was, now))
    return list(differing.values())


def records_all(fingerprint: Sections) -> bool:
    """Whether it has all arguments that the server reports."""
    return bool(fingerprint.get("server", {}).get("arguments"))


def joined(newest: Sections, *others: Sections) -> dict[str, dict[str, Any]]:
    """A fingerprint for what was measured under several that do not differ: it records all arguments only if
    each of them does.
    """
    sections = {section: dict(values) for section, values in newest.items()}
    if "server" in sections and not all(map(records_all, others)):
        sections["server"].pop("arguments", None)
    return sections


def lasting(fingerprint: Sections) -> dict[str, Any]:
    """`section.key` -> value of what has to be the same for values to be of one series: the version is what
    changes along it, and files of before have no record of most arguments.
    """
    return {
        f"{section}.{key}": value
        for section, values in fingerprint.items()
        for key, value in values.items()
        if value not in (None, NULL) and f"{section}.{key}" not in MAY_DIFFER and _lasts(section, key, value)
    }


def _lasts(section: str, key: str, value: Any) -> bool:
    name = key.rpartition(".")[2]
    if not is_argument(section, key) or name in SPEED_ARGS or name in WEIGHTS:
        return True
    return (section == "model" or name in ALGORITHM) and is_set(section, key, value)


def _unlike(stored: Sections, current: Sections) -> Iterator[tuple[Difference, bool]]:
    """(what is otherwise, whether the sides are not comparable for it)."""
    recorded = records_all(stored), records_all(current)
    versions = [side.get("server", {}).get("version") for side in (stored, current)]
    same_version = None in versions or versions[0] == versions[1]
    for section in SECTIONS:
        was, now = stored.get(section, {}), current.get(section, {})
        extras = EXTRAS if section == "workload" else ()
        reported = [key for key in now if is_argument(section, key)]
        for key in dict.fromkeys((*was, *extras, *reported)):
            name, old, new = f"{section}.{key}", was.get(key), now.get(key)
            if old == new or name in MAY_DIFFER:
                continue
            refused: bool | None = old is not None or key in extras or None
            if is_argument(section, key):
                leading = follows(key)
                if leading is not None and was.get(leading) != now.get(leading):
                    continue
                refused = weigh(section, key, old, new, recorded=recorded, same_version=same_version)
            if refused is not None:
                yield _difference(section, key, was, now), refused


def _difference(section: str, key: str, was: Mapping[str, Any], now: Mapping[str, Any]) -> Difference:
    name, old, new = f"{section}.{key}", was.get(key), now.get(key)
    absent = Message("comparison.none_here" if key in EXTRAS else "comparison.unknown_here")
    return Difference(
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
    """`section` or `section.key` that the old side does not record.

    A section without any record, the accelerator's and the model's names, and what this run does record; of
    the server's arguments, those that are set in this run, and whether all of them were recorded.
    """
    absent: list[str] = []
    for section in SECTIONS:
        was = {key for key, value in stored.get(section, {}).items() if value is not None}
        keys = dict.fromkeys((*ESSENTIAL.get(section, ()), *_recorded_here(section, stored, current)))
        lost = [f"{section}.{key}" for key in keys if key not in was]
        if section == "server":
            was = {key for key in was if is_argument(section, key)}
            lost += [ARGUMENTS] if records_all(current) and not records_all(stored) else []
        absent += [section] if lost and not was else lost
    return [name for name in absent if name not in allow and name.partition(".")[0] not in allow]


def _recorded_here(section: str, stored: Sections, current: Sections) -> Iterator[str]:
    """Keys that the old side has to have. A null of before is no value that differs from NULL."""
    was, complete = stored.get(section, {}), records_all(stored)
    for key, value in current.get(section, {}).items():
        if value is None or key in EXTRAS or f"{section}.{key}" in MAY_DIFFER:
            continue
        if not is_argument(section, key):
            needed = section != "server"
        else:
            needed = not complete and (section == "model" or is_set(section, key, value))
            needed = needed and not (value == NULL and key in was)
        if needed:
            yield key


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
