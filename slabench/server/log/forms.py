"""Which server wrote a batch line, by its form: separator, keys in their order and closing comma, which are
the same in all lines of one server process.

A line that is the beginning of another form (the same keys with the last few missing, or without the comma
that closes the others) was cut, however well formed it looks, unless such lines keep coming: then a second
server, or another version, writes to the file.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

from slabench.server.log.lines import Parsed

Keys = tuple[bytes, ...]
Family = tuple[bytes, bool, tuple[bytes, ...]]
SAME_SHORT = 3  # lines of one shorter form: a torn write does not end at the same key again and again
MANY = 200  # lines in a row after which an earlier form is not waited for any more
SPLIT = ", form "  # between a writer's name and the number of its second, third ... form
# Keys that a process prints at some times and not at others: they do not show another server.
_OPTIONAL = re.compile(rb"accept |cap len|block accept|est uncap|#retracted")


def base(writer: str) -> str:
    """The writer's name without the number of a form."""
    return writer.partition(SPLIT)[0]


@dataclass(slots=True)
class _Writer:
    """The forms of one writer's lines since the last start of a server."""

    known: dict[str, set[Keys]] = field(default_factory=lambda: {"Decode": set(), "Prefill": set()})
    short: Counter[Keys] = field(default_factory=Counter)
    families: list[Family] = field(default_factory=list)  # of Decode lines
    last: Family | None = None
    since: int = 0  # Decode lines of the last family without a break
    returned: bool = False  # a known form came again after lines that look cut
    several: bool = False  # lines of an earlier family came back: two servers, not an unlogged restart


class Forms:
    """The forms that the server processes of a file have printed since their start."""

    def __init__(self) -> None:
        self._writers: dict[str, _Writer] = {}
        self.again = 0  # lines that were rejected as cut and turned out to have a form of their own just now

    def clear(self) -> None:
        """A server has started: its lines may be of another version or have other options."""
        self._writers.clear()

    def settled(self, own: str) -> bool:
        """Whether the next line of a known form can be taken without asking here."""
        state = self._writers[own]
        return state.several or (len(state.families) < 2 and not state.short)

    def writer(self, parsed: Parsed) -> str | None:
        """The name of the writer of such a line; None: the line was cut."""
        own, kind, keys = parsed.line.rank.writer, parsed.kind, parsed.keys
        self.again = 0
        state = self._writers.setdefault(own, _Writer())
        known = state.known[kind]
        if keys in known and kind == "Decode" and state.short:
            state.returned = True
        if keys not in known:
            if any(other[: len(keys)] == keys for other in known):
                state.short[keys] += 1
                if state.short[keys] < SAME_SHORT:
                    return None
                self.again = SAME_SHORT - 1
                state.several |= state.returned
            known.add(keys)
        # A Prefill line does not show the Decode form of its server.
        return own if kind != "Decode" else self._name(own, state, _family(keys))

    def _name(self, own: str, state: _Writer, family: Family) -> str:
        if family not in state.families:
            state.families.append(family)
        elif state.last is not None and family != state.last:
            state.several = True
        state.since = state.since + 1 if family == state.last else 1
        state.last = family
        if not state.several and state.since > MANY:  # the others have ended: a restart that was not logged
            state.families, state.short = [family], Counter()
        number = state.families.index(family)
        return f"{own}{SPLIT}{number + 1}" if state.several and number else own


def _family(keys: Keys) -> Family:
    separator, *names = keys
    return separator, names[-1:] == [b""], tuple(name for name in names if not _OPTIONAL.match(name))
