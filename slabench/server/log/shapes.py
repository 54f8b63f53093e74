"""The fast lane: a form that the careful reader has accepted once becomes one regular expression for the lines like it.

It is learned by name (which group holds which key), matches from sglang's own bracket to the newline or not at all, and uses the
same patterns and converters as lines.py, so it can only say what the careful reader would have said, faster.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from operator import call, itemgetter
from typing import Any

from slabench.server.log.keys import FIRST, key_of, pattern_of
from slabench.server.log.lines import Batch, Parsed
from slabench.server.log.tags import HEAD, read_stamp, read_tags
from slabench.server.log.values import DecodeLine, PrefillLine


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


_MAX_MEMORY = 20_000
_MANY = frozenset({"gen_throughput", "input_throughput", "token", "new_token", "cached_token"})  # fields whose values hardly repeat
_memory = lru_cache(maxsize=None)(_Memory)  # one a conversion


@lru_cache(maxsize=1024)
def _tags(writer: str) -> _Memory:
    return _Memory(lambda text: read_tags(text, writer))


_ANCHOR = re.compile(HEAD + rb"(?:Decode|Prefill) batch( \[\d{1,18}\])?([.,]) ")


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")


class Shape:
    """One form of a batch line of one writer: match(line, position) finds it, build(groups) makes the value."""

    __slots__ = ("build", "match")

    def __init__(self, word: str, keys: tuple[bytes, ...], iteration: bool, writer: str) -> None:
        separator, *names = keys
        closed = names[-1:] == [b""]
        names = names[: len(names) - closed]
        patterns = (pattern_of(word, name).pattern for name in names)
        items = b", ".join(re.escape(name) + b": (" + pattern + b")" for name, pattern in zip(names, patterns, strict=True))
        pattern = HEAD + word.encode("ascii") + b" batch" + (rb" \[(\d{1,18})\]" if iteration else b"") + re.escape(separator)
        pattern += b" " + items + (b"," if closed else b"") + rb" ?\r?\n?\Z"
        self.match = re.compile(pattern).match
        convert: list[Callable[[bytes], Any]] = [_memory(read_stamp).__getitem__, _tags(writer).__getitem__]
        where = {"stamp": 0, "rank": 1}
        if iteration:
            where["iteration"] = len(convert)
            convert.append(int)
        others: list[int] = []
        other_names: list[str] = []
        graph_kind: str | None = None
        for name in names:
            key = key_of(word, name)
            if key is None or FIRST.get(name) in names or key.field in where:
                others.append(len(convert))
                other_names.append(_text(name))
                convert.append(_text)
                continue
            where[key.field] = len(convert)
            convert.append(key.convert if key.field in _MANY else _memory(key.convert).__getitem__)
            if key.field == "graph":
                graph_kind = name.partition(b" ")[0].decode("ascii", "replace")
        # Behind the converted groups stand None for every key that is not there, the label of the graph, and the other keys.
        nothing = len(convert)
        if graph_kind is not None:
            where["graph_kind"] = nothing + 1
        where["other"] = nothing + 2
        kind: type[Batch] = DecodeLine if word == "Decode" else PrefillLine
        fields = itemgetter(*(where.get(field, nothing) for field in kind._fields))
        self.build: Callable[[tuple[bytes, ...]], Batch] = _builder(kind, fields, convert, graph_kind, others, other_names)


def _builder(
    kind: type[Batch],
    fields: Callable[[Any], Any],
    convert: Sequence[Callable[[bytes], Any]],
    graph_kind: str | None,
    others: Sequence[int],
    other_names: Sequence[str],
) -> Callable[[tuple[bytes, ...]], Batch]:
    """The groups of a match -> the line's value. As a closure: its names are found faster than an object's."""
    new = tuple.__new__  # kind._make() without its second look at the length: the fields are as many as the type has
    tail = (None, graph_kind, ())

    def plain(groups: tuple[bytes, ...]) -> Batch:
        made: Batch = new(kind, fields([*map(call, convert, groups), *tail]))
        return made

    def full(groups: tuple[bytes, ...]) -> Batch:
        values = [*map(call, convert, groups)]
        other = tuple(zip(other_names, [values[place] for place in others], strict=True))
        made: Batch = new(kind, fields([*values, None, graph_kind, other]))
        return made

    return full if others else plain


_shape = lru_cache(maxsize=256)(Shape)  # a server that is started again prints the same ones


def learn(line: bytes, parsed: Parsed, writer: str, begin: int = 0) -> Shape | None:
    """The shape of a line that the careful reader has accepted; None if something foreign is in it, so that it stays careful.

    begin: where sglang's bracket stands. A shape that does not give back the very value that the careful reader gave is not used.
    """
    anchor = _ANCHOR.match(line, begin)
    if anchor is None or parsed.line.stamp is None:
        return None
    shape = _shape(parsed.kind, parsed.keys, anchor[3] is not None, writer)
    found = shape.match(line, begin)
    if found is None:
        return None
    built = shape.build(found.groups())
    wanted = parsed.line._replace(rank=parsed.line.rank._replace(writer=writer))
    return shape if repr(built) == repr(wanted) else None  # repr: nan is not equal to itself
