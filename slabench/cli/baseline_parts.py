"""Which runs and baselines can be merged into one baseline."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from slabench.errors import ConfigError
from slabench.messages import Message
from slabench.verdict.baseline_merge import repeats_of, run_ids
from slabench.verdict.differences import Difference, differences, either_way

Document = Mapping[str, Any]  # a baseline file's content


def refuse_others(parts: Sequence[tuple[str, Document]]) -> None:
    """Two versions in one baseline would hide the step between them in its spread, so here not even the
    version may differ.
    """
    (first, known), *others = parts
    for name, document in others:
        lines = _texts(either_way(known["fingerprint"], document["fingerprint"]))
        was, now = (part["fingerprint"].get("server", {}).get("version") for part in (known, document))
        lines += [f"server.version: {now!r}, {was!r} in the first"] if was != now else []
        for test_id in known["tests"].keys() & document["tests"].keys():
            both = [part["tests"][test_id] for part in (known, document)]
            workloads = [{"workload": entry.get("workload", {})} for entry in both]
            texts = [*_texts(differences(*workloads)), *_unlike(*both)]
            lines += [f"{test_id}: {text}" for text in texts]
        if lines:
            raise ConfigError(Message("command.parts_differ", name=name, first=first, lines=lines))


def _texts(differing: Iterable[Difference]) -> list[str]:
    return [str(difference.message) for difference in differing]


def refuse_the_same(parts: Sequence[tuple[str, Document]]) -> None:
    """One run twice is two repeats without a spread, and every difference would be significant."""
    for k, (name, document) in enumerate(parts):
        for before, known in parts[:k]:
            same = [f"the same run, {run_id}" for run_id in sorted(run_ids(known) & run_ids(document))]
            same += [
                f"the same repeat of {test_id}, with every metric alike"
                for test_id in known["tests"].keys() & document["tests"].keys()
                if repeats_of(known["tests"][test_id]) & repeats_of(document["tests"][test_id])
            ]
            if same:
                raise ConfigError(Message("command.parts_twice", name=name, before=before, same=same[0]))


def _unlike(first: Document, second: Document) -> list[str]:
    """A metric that is not in every repeat of both could only be left out, and no gate would see it."""
    keys = first.get("figures", {}).keys() ^ second.get("figures", {}).keys()
    keys |= first.get("lacking", {}).keys() | second.get("lacking", {}).keys()
    return [f"{key} is not in every repeat" for key in sorted(keys)]


@contextlib.contextmanager
def writing(target: str) -> Iterator[None]:
    """ConfigError for a file that -o names and that cannot be written."""
    try:
        yield
    except OSError as error:
        raise ConfigError(Message("file.output_unwritable", target=target, why=error.strerror)) from error
