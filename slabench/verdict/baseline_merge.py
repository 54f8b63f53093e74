"""Several baseline documents as one, and which runs and repeats one holds."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

from slabench.metrics.definitions import curve_size
from slabench.verdict.baseline_file import RULES, SCHEMA, of_samples
from slabench.verdict.differences import joined
from slabench.verdict.stored_launches import OF_LAUNCHES, SPREAD

JOINT = " + "  # between the runs that a merged baseline names as its source


def run_ids(document: Mapping[str, Any]) -> set[str]:
    """The runs that a document was made of, as merge() joins them; a published table's source stands for its
    run.
    """
    return set(str(document["source"]).split(JOINT)) if document.get("source") else set()


def repeats_of(entry: Mapping[str, Any]) -> set[tuple[tuple[str, float], ...]]:
    """Each repeat of a test by its metrics of the client's clock: two runs never agree in all of them.

    A point of the curve is left out: it is a median of what the log prints in two decimals, and two short
    runs of one server can print the same.
    """
    keys = sorted(key for key in entry.get("figures", {}) if curve_size(key) is None)
    columns = [_samples(entry, key) for key in keys]
    return {tuple(zip(keys, row, strict=True)) for row in zip(*columns, strict=False)}


def merge(named: Sequence[tuple[str, Mapping[str, Any]]]) -> dict[str, Any]:
    """Several documents of the same deployment as one: their samples one after the other.

    The caller has checked that they do not differ.
    """
    documents = [document for _, document in named]
    tests: dict[str, Any] = {}
    for document in documents:
        for test_id, entry in document["tests"].items():
            known = tests.get(test_id)
            if known is None:
                tests[test_id] = copy.deepcopy(dict(entry))
                continue
            both = [key for key in known["figures"] if key in entry["figures"]]
            samples = {key: [*_samples(known, key), *_samples(entry, key)] for key in both}
            known |= of_samples(samples) | {
                "floors": {**known.get("floors", {}), **entry.get("floors", {})},
            }
            known.pop(OF_LAUNCHES, None)  # the samples are of so many no longer
            if SPREAD in entry:
                known[SPREAD] = entry[SPREAD]
            if allowed := {**known.get("allowed", {}), **entry.get("allowed", {})}:
                known["allowed"] = allowed
            if "answers" in entry:  # of the last one: the same questions again are no further questions
                known["answers"] = entry["answers"]
    last = documents[-1]
    labels = dict.fromkeys(label for document in documents for label in document.get("labels", ()))
    source = JOINT.join(str(document.get("source", path)) for path, document in named)
    return {
        **last,
        "fingerprint": joined(last["fingerprint"], *(document["fingerprint"] for document in documents)),
        "schema": SCHEMA,
        "rules": RULES,
        "source": source,
        "labels": list(labels),
        "tests": tests,
    }


def _samples(entry: Mapping[str, Any], key: str) -> list[float]:
    samples: list[float] = entry.get("samples", {}).get(key, [entry["figures"][key]])
    return samples
