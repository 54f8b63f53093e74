"""The fast path: a form that lines.py has accepted once becomes one regular expression for the lines like it.

It is learned by name (which group has which key), matches to the end of the line or not at all, and uses the
same patterns and converters as lines.py, so it can only return what lines.py would, faster.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from operator import call, itemgetter
from typing import Any

from slabench.server.log.keys import FIRST, key_of, pattern_of
from slabench.server.log.line_prefix import HEAD, Rank, read_stamp, read_tags
from slabench.server.log.line_types import DecodeLine, PrefillLine
from slabench.server.log.lines import Batch, Parsed


class Memory(dict[bytes, Any]):
    """Earlier results of a conversion: a subscript is faster than any call. Emptied when it has grown."""

    def __init__(self, convert: Callable[[bytes], Any]) -> None:
        super().__init__()
        self._convert = convert

    def __missing__(self, text: bytes) -> Any:
        if len(self) > _MAX_MEMORY:
            self.clear()
        value = self[text] = self._convert(text)
        return value


_MAX_MEMORY = 20_000
# fields whose values hardly repeat
_MANY = frozenset({"gen_throughput", "input_throughput", "token", "new_token", "cached_token"})
_memory = lru_cache(maxsize=None)(Memory)  # one a conversion


@lru_cache(maxsize=1024)
def _tags(writer: str) -> Memory:
    return Memory(lambda text: read_tags(text, writer))


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")


class Shape:
    """One form of a batch line of one writer.

    run(block, place) matches a whole line that begins with sglang's own bracket, and build(groups) makes
    its value; match(text, place) matches the part after any prefix, and build_behind(stamp, rank, groups)
    makes the value.
    """

    __slots__ = ("build", "build_behind", "match", "run", "writer")

    def __init__(self, word: str, keys: tuple[bytes, ...], iteration: bool, writer: str) -> None:
        separator, *names = keys
        closed = names[-1:] == [b""]
        names = names[: len(names) - closed]
        patterns = (pattern_of(word, name, name is names[-1]).pattern for name in names)
        items = b", ".join(
            re.escape(name) + b": (" + pattern + b")" for name, pattern in zip(names, patterns, strict=True)
        )
        body = (
            word.encode("ascii")
            + b" batch"
            + (rb" \[(\d{1,18})\]" if iteration else b"")
            + re.escape(separator)
        )
        body += b" " + items + (b"," if closed else b"") + b" ?"
        self.run = re.compile(HEAD + body + rb"\n").match
        self.match = re.compile(body + rb"\Z").match
        self.writer = writer
        convert: list[Callable[[bytes], Any]] = []
        where = {"stamp": 0, "rank": 1}
        if iteration:
            where["iteration"] = 2
            convert.append(int)
        others: list[int] = []
        other_names: list[str] = []
        graph_kind: str | None = None
        for name in names:
            key = key_of(word, name)
            place = 2 + len(convert)
            if key is None or FIRST.get(name) in names or key.field in where:
                others.append(place)
                other_names.append(_text(name))
                convert.append(_text)
                continue
            where[key.field] = place
            convert.append(key.convert if key.field in _MANY else _memory(key.convert).__getitem__)
            if key.field == "graph":
                graph_kind = name.partition(b" ")[0].decode("ascii", "replace")
        # After the converted groups come None for every key that is not there, the label of the graph, and
        # the other keys.
        nothing = 2 + len(convert)
        if graph_kind is not None:
            where["graph_kind"] = nothing + 1
        where["other"] = nothing + 2
        kind: type[Batch] = DecodeLine if word == "Decode" else PrefillLine
        places = [where.get(field, nothing) for field in kind._fields]
        while places[-1] == nothing:  # the last fields are the ones that few lines have
            places.pop()
        pad = (None,) * (len(kind._fields) - len(places))
        finish = _finish(kind, itemgetter(*places), pad, graph_kind, others, other_names)
        self.build, self.build_behind = _builders(finish, convert, writer)


def _finish(
    kind: type[Batch],
    fields: Callable[[Any], Any],
    pad: tuple[None, ...],
    graph_kind: str | None,
    others: Sequence[int],
    other_names: Sequence[str],
) -> Callable[[list[Any]], Batch]:
    """The converted groups -> the line's value. A closure, whose names are looked up faster than an
    object's.
    """
    # kind._make() without its second look at the length: the fields are as many as the type has
    new = tuple.__new__
    tail = (None, graph_kind, ())

    def plain(values: list[Any]) -> Batch:
        values.extend(tail)
        made: Batch = new(kind, fields(values) + pad)
        return made

    def full(values: list[Any]) -> Batch:
        other = tuple(zip(other_names, [values[place] for place in others], strict=True))
        values.extend((None, graph_kind, other))
        made: Batch = new(kind, fields(values) + pad)
        return made

    return full if others else plain


def _builders(
    finish: Callable[[list[Any]], Batch], convert: Sequence[Callable[[bytes], Any]], writer: str
) -> tuple[Callable[[tuple[bytes, ...]], Batch], Callable[[float | None, Rank, tuple[bytes, ...]], Batch]]:
    own = [_memory(read_stamp).__getitem__, _tags(writer).__getitem__, *convert]

    def build(groups: tuple[bytes, ...]) -> Batch:
        return finish([*map(call, own, groups)])

    def build_behind(stamp: float | None, rank: Rank, groups: tuple[bytes, ...]) -> Batch:
        return finish([stamp, rank, *map(call, convert, groups)])

    return build, build_behind


_shape = lru_cache(maxsize=256)(Shape)  # a server that is started again prints the same ones


def learn(text: bytes, parsed: Parsed, writer: str) -> Shape | None:
    """The shape of a cleaned line that lines.py has accepted; None if it has none that gives the very same
    value.
    """
    shape = _shape(parsed.kind, parsed.keys, parsed.line.iteration is not None, writer)
    match = shape.match(text, message(text))
    if match is None:
        return None
    rank = parsed.line.rank._replace(writer=writer)
    built = shape.build_behind(parsed.line.stamp, rank, match.groups())
    # repr: nan is not equal to itself
    return shape if repr(built) == repr(parsed.line._replace(rank=rank)) else None


def message(text: bytes) -> int:
    """Where the last batch of a line begins; -1 without one."""
    return max(text.rfind(b"Decode batch"), text.rfind(b"Prefill batch"))
