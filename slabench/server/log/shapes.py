"""The fast lanes: a shape that the careful reader has accepted once becomes one regular expression for the lines like it.

It is learned by name (which group holds which key), matches a whole line from the first byte to the newline or not at all, and
uses the same patterns and converters as lines.py, so it can only say what the careful reader would have said, faster.

Faster still is a line whose mould (its bytes with every digit made a 0) has matched before: what a pattern asks of a line does
not depend on which digits it has, so each value stands at the place where it stood then.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache, partial
from operator import call, itemgetter
from types import CodeType
from typing import Any

from slabench.server.log.lines import KEYS, OTHER_REAL, OTHER_WHOLE, Batch, Parsed
from slabench.server.log.tags import HEAD, read_stamp, read_tags
from slabench.server.log.values import DecodeLine, PrefillLine

MOULD = bytes.maketrans(b"123456789", b"000000000")
_cached_stamp = lru_cache(maxsize=256)(read_stamp)
_ANCHOR = re.compile(rb"(?:Decode|Prefill) batch( \[\d{1,18}\])?([.,]) ")
_STANDARD = re.compile(HEAD + rb"(?:Decode|Prefill) batch")


class _Memory(dict[bytes, Any]):
    """What a conversion has given before: a subscript is faster than any call. Emptied when it has grown, as stamps make it."""

    def __init__(self, convert: Callable[[bytes], Any]) -> None:
        super().__init__()
        self._convert = convert

    def __missing__(self, text: bytes) -> Any:
        if len(self) > _MAX_MEMORY:
            self.clear()
        value = self[text] = self._convert(text)
        return value


_SHORT = 4  # bytes: few different values
_MAX_MEMORY = 20_000
_memory = lru_cache(maxsize=None)(_Memory)  # one a conversion


@lru_cache(maxsize=4096)
def _compiled(source: str) -> CodeType:
    return compile(source, "<mould>", "eval")


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")


class Shape:
    """One form of a batch line: match(block, position) finds it, build(groups) makes the value."""

    __slots__ = ("_convert", "_fields", "_make", "_other_names", "_others", "_tail", "_where", "keys", "kind", "match", "word")

    def __init__(self, word: str, keys: tuple[bytes, ...], iteration: bool, separator: bytes) -> None:
        table = KEYS[word]
        names = [name for name in keys if name]
        patterns = [
            table[name].pattern if name in table else OTHER_WHOLE if name.startswith(b"#") else OTHER_REAL for name in names
        ]
        items = b", ".join(re.escape(name) + b": (" + pattern + b")" for name, pattern in zip(names, patterns, strict=True))
        pattern = HEAD + word.encode("ascii") + b" batch" + (rb" \[(\d{1,18})\]" if iteration else b"") + re.escape(separator)
        pattern += b" " + items + (b"," if keys[-1] == b"" else b"") + rb" ?\r?\n"
        self.keys = keys
        self.word = word
        self.match = re.compile(pattern).match
        convert: list[Callable[[bytes], Any]] = [_cached_stamp, read_tags]
        where = {"stamp": 0, "rank": 1}
        if iteration:
            where["iteration"] = len(convert)
            convert.append(int)
        others: list[int] = []
        graph_kind: str | None = None
        for name in names:
            if name in table:
                where[table[name].field] = len(convert)
                convert.append(table[name].convert)
                if table[name].field == "graph":
                    graph_kind = name.partition(b" ")[0].decode("ascii")
            else:
                others.append(len(convert))
                convert.append(_text)
        # Behind the converted groups stand None for every key that is not there, the label of the graph, and the other keys.
        self._tail: list[Any] = [None, graph_kind, ()] if not others else [None, graph_kind]
        nothing = len(convert)
        if graph_kind is not None:
            where["graph_kind"] = nothing + 1
        where["other"] = nothing + 2
        kind: type[Batch] = DecodeLine if word == "Decode" else PrefillLine
        self.kind, self._where = kind, where
        # kind._make() without its second look at the length: the fields below are as many as the type has.
        self._make: Callable[[Any], Batch] = partial(tuple.__new__, kind)
        self._fields = itemgetter(*(where.get(field, nothing) for field in kind._fields))
        self._convert = tuple(convert)
        self._others = others
        self._other_names = tuple(_text(name) for name in names if name not in table)

    def build(self, groups: tuple[bytes, ...]) -> Batch:
        """The groups of a match -> the line's value."""
        values = [*map(call, self._convert, groups), *self._tail]
        if self._others:
            values.append(tuple(zip(self._other_names, [values[i] for i in self._others], strict=True)))
        return self._make(self._fields(values))

    def places(self, found: re.Match[bytes]) -> dict[str, tuple[int, int]]:
        """Where each field stands in the line that matched, counted from its first byte."""
        begin = found.start()
        fields = {name: found.span(place + 1) for name, place in self._where.items() if place < len(self._convert)}
        return {name: (low - begin, high - begin) for name, (low, high) in fields.items()}

    def mould(self, found: re.Match[bytes]) -> Callable[[bytes], Batch]:
        """line -> value for all lines of the mould of the one that matched.

        The function is made of source text, as collections.namedtuple makes its own: the places are literals in it, and the only
        thing of a log that enters the text. Each conversion is the one that build() makes.
        """
        begin = found.start()
        scope: dict[str, Any] = {"new": tuple.__new__, "kind": self.kind, "graph_kind": self._tail[1]}

        def read(place: int) -> str:
            low, high = found.span(place + 1)
            convert, short = self._convert[place], high - low <= _SHORT
            if short or convert in (_cached_stamp, read_tags):
                scope[f"read{place}"] = _memory(convert)
                return f"read{place}[line[{low - begin}:{high - begin}]]"
            scope[f"read{place}"] = convert
            return f"read{place}(line[{low - begin}:{high - begin}])"

        others = []
        for name, place in zip(self._other_names, self._others, strict=True):
            scope[f"name{place}"] = name
            others.append(f"(name{place}, {read(place)}), ")
        fixed = {"other": f"({''.join(others)})", "graph_kind": "graph_kind"}
        where = self._where
        parts = [fixed.get(one) or (read(where[one]) if one in where else "None") for one in self.kind._fields]
        made: Callable[[bytes], Batch] = eval(_compiled(f"lambda line: new(kind, ({', '.join(parts)}))"), scope)  # noqa: S307
        return made


_shape = lru_cache(maxsize=256)(Shape)  # a server that is started again prints the same ones


def learn(line: bytes, parsed: Parsed) -> Shape | None:
    """The shape of a line that the careful reader has accepted; None if something foreign is in it, so that it stays careful.

    line has its newline. A shape that does not give back the very value that the careful reader gave is not used.
    """
    if _STANDARD.match(line) is None or parsed.line.stamp is None:
        return None
    anchor = _ANCHOR.search(line)
    if anchor is None:
        return None
    shape = _shape(parsed.kind, parsed.keys, anchor[1] is not None, anchor[2])
    found = shape.match(line)
    if found is None or found.end() != len(line):
        return None
    built = shape.build(found.groups())
    return shape if repr(built) == repr(parsed.line) else None  # repr: nan is not equal to itself
