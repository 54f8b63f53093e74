"""The KV pool in tokens, and the prefix cache that lives in it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

Ids = np.ndarray  # one dimension of token ids


@dataclass(slots=True, eq=False)
class Entry:
    """A cached sequence. owned: its tokens that no other entry holds; evictable while locks is 0."""

    ids: Ids | None
    owned: int
    locks: int = 0
    used: int = 0  # the clock of its last use


@dataclass(slots=True)
class Pool:
    """size tokens; free: those that neither an entry nor a running request holds."""

    size: int
    free: int = 0
    evictable: int = 0
    entries: list[Entry] = field(default_factory=list)
    by_first: dict[int, list[Entry]] = field(default_factory=dict)
    clock: int = 0

    def __post_init__(self) -> None:
        self.free = self.size

    @property
    def used(self) -> int:
        """Tokens in use, as the log's token usage counts them: evictable ones are not."""
        return self.size - self.free - self.evictable

    def match(self, ids: Ids | None) -> tuple[Entry | None, int]:
        """The entry with the longest common beginning; at least one token of a prompt is always computed."""
        best, longest = None, 0
        if ids is None or len(ids) < 2:
            return best, longest
        for entry in self.by_first.get(int(ids[0]), ()):
            assert entry.ids is not None
            n = min(len(entry.ids), len(ids) - 1)
            differs = entry.ids[:n] != ids[:n]
            common = int(differs.argmax()) if differs.any() else n
            if common > longest:
                best, longest = entry, common
        return best, longest

    def lock(self, entry: Entry) -> None:
        if entry.locks == 0:
            self.evictable -= entry.owned
        entry.locks += 1
        self.clock += 1
        entry.used = self.clock

    def unlock(self, entry: Entry) -> None:
        entry.locks -= 1
        if entry.locks == 0:
            self.evictable += entry.owned

    def take(self, tokens: int) -> bool:
        """Allocate, evicting what was used longest ago; False, and nothing taken, if there is not enough."""
        if tokens > self.free + self.evictable:
            return False
        while self.free < tokens:
            unlocked = (entry for entry in self.entries if entry.locks == 0)
            oldest = min(unlocked, key=lambda entry: entry.used)
            self._drop(oldest)
        self.free -= tokens
        return True

    def give(self, tokens: int) -> None:
        self.free += tokens

    def insert(self, ids: Ids | None, owned: int) -> Entry:
        """A locked entry of tokens that a request had taken."""
        self.clock += 1
        entry = Entry(ids, owned, locks=1, used=self.clock)
        self.entries.append(entry)
        if ids is not None and len(ids):
            self.by_first.setdefault(int(ids[0]), []).append(entry)
        return entry

    def _drop(self, entry: Entry) -> None:
        self.entries.remove(entry)
        if entry.ids is not None and len(entry.ids):
            self.by_first[int(entry.ids[0])].remove(entry)
        self.evictable -= entry.owned
        self.free += entry.owned

    def flush(self) -> None:
        """Everything goes; only allowed while nothing runs."""
        self.entries.clear()
        self.by_first.clear()
        self.free, self.evictable = self.size, 0
