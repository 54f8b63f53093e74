"""A table as values: what a cell shows, and the number that it sorts by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from slabench.messages import Message, number
from slabench.metrics.bounded import bounds
from slabench.report.headline_metric import verdict
from slabench.run_document.entry import Entry

NONE = "–"


@dataclass(frozen=True, slots=True)
class Cell:
    """value: what a column of numbers sorts by; word: an outcome, which is drawn as such."""

    text: str
    value: float | None = None
    word: str = ""
    href: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """kind: "" of numbers, "text", or "long" for sentences."""

    label: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """title: what a screen reader calls it."""

    title: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]


def label(name: str, /, **arguments: object) -> str:
    """A label or sentence of the page, from the catalogue's `page.NAME`."""
    return str(Message(f"page.{name}", **arguments))  # type: ignore[arg-type]


def columns(*names: str) -> tuple[Column, ...]:
    """Labels `page.column.NAME`; a name may be followed by `:text` or `:long`."""
    parts = [name.partition(":") for name in names]
    return tuple(Column(label(f"column.{name}"), kind) for name, _, kind in parts)


def numeric(value: float | None, text: str | None = None) -> Cell:
    """A number as the report writes it; a dash for what is not defined."""
    if value is None:
        return Cell(NONE)
    whole = isinstance(value, int) or (float(value).is_integer() and abs(value) < 1e6)
    return Cell(text or (f"{value:,.0f}" if whole else number(value)), float(value))


def metric(metrics: Mapping[str, float], key: str) -> Cell:
    """Of a run of another client the metric by that client's definition, which the cell names."""
    if (ends := bounds(key, metrics)) is not None:
        return Cell(str(Message("label.range", low=number(ends[0]), high=number(ends[1]))), ends[0])
    if key in metrics:
        return Cell(number(metrics[key]), metrics[key])
    classic = f"classic.{key}"
    if "completed" not in metrics and classic in metrics:
        return Cell(str(Message("label.classic", value=number(metrics[classic]))), metrics[classic])
    return Cell(NONE)


def word(entry: Entry) -> Cell:
    return Cell(verdict(entry), word=entry.word)


def texts(values: Iterable[object]) -> tuple[Cell, ...]:
    return tuple(Cell(NONE if value is None else str(value)) for value in values)
