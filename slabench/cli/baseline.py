"""`python -m slabench baseline list|show|save|merge`: baseline files, made of run folders and looked at.

list FOLDER: the baselines in a folder. show FILE: one of them. save RUN FILE: of a run folder. merge FILE OUTPUT ...: see below.
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from slabench.errors import ConfigError

NOTHING = 6  # as the suite's status: there is nothing that a gate could use


def run(argv: Sequence[str]) -> int:
    given = _options(argv)
    status: int = given.call(given)
    return status


def _options(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m slabench baseline", description="Baseline files.")
    commands = parser.add_subparsers(required=True, metavar="list|show|save|merge")
    one = commands.add_parser("list", help="the baselines in a folder")
    one.add_argument("folder", nargs="?", default="baselines", help="(baselines)")
    one.set_defaults(call=_list)
    one = commands.add_parser("show", help="what a baseline holds: source, what may differ, figures with their spread")
    one.add_argument("file")
    one.set_defaults(call=_show)
    one = commands.add_parser("save", help="write a run folder's valid tests as a baseline; an existing file keeps its floors")
    one.add_argument("run", help="a run folder, such as reports/latest")
    one.add_argument("file")
    one.set_defaults(call=_save)
    one = commands.add_parser("merge", help="several runs or baselines of one deployment as one, their samples as repeats")
    one.add_argument("output", help="the file to write")
    one.add_argument("parts", nargs="+", help="run folders or baseline files")
    one.set_defaults(call=_merge)
    return parser.parse_args(argv)


def _list(given: argparse.Namespace) -> int:
    from slabench.report.console import table
    from slabench.verdict.baseline_file import load

    folder = Path(given.folder)
    if not folder.is_dir():
        raise ConfigError(f"{folder} is not a folder; give the one that holds your baselines.")
    rows = []
    for path in sorted(folder.glob("*.json")):
        try:
            found = load(str(path), option="")
        except ConfigError as error:
            rows.append((path.name, "unreadable", "", "", str(error)))
            continue
        repeats = [len(values) for test_id in found.tests for values in found.samples(test_id).values()]
        hardware, model = found.fingerprint.get("hardware", {}), found.fingerprint.get("model", {})
        count = f"{min(repeats, default=0)}-{max(repeats, default=0)}" if len(set(repeats)) > 1 else str(max(repeats, default=0))
        what = f"{model.get('name') or '?'} on {hardware.get('gpu') or '?'}"
        rows.append((path.name, str(len(found.tests)), count, what, found.source))
    print(
        table(("file", "tests", "repeats", "model and hardware", "source"), rows, left=(0, 3, 4))
        if rows
        else f"No baseline in {folder}."
    )
    return 0 if rows else NOTHING


def _show(given: argparse.Namespace) -> int:
    from slabench.report.console import table
    from slabench.verdict.baseline_file import RULES, load
    from slabench.verdict.sla import number, spoken

    found = load(given.file, option="")
    print(f"{given.file}: {found.source}")
    for section in ("server", "hardware", "model"):
        told = ", ".join(f"{key} {value}" for key, value in found.fingerprint.get(section, {}).items() if value is not None)
        print(f"{section}: {told or 'nothing is named, so nothing is compared'}")
    print(f"may differ: {', '.join(RULES['may_differ'])}; may not: {', '.join(RULES['may_not_differ'])}, unless {RULES['unless']}.")
    rows = []
    for test_id, entry in found.tests.items():
        for key, values in found.samples(test_id).items():
            spread = f"{statistics.stdev(values) / statistics.fmean(values):.2%}" if len(values) > 1 else "one run"
            rows.append((test_id.rpartition("/")[2], spoken(key), number(statistics.fmean(values)), str(len(values)), spread))
        for key, where in entry.get("lacking", {}).items():
            rows.append((test_id.rpartition("/")[2], spoken(key), "", "", f"missing in {where or 'every repeat'}"))
        for key, value in entry.get("floors", {}).items():
            rows.append((test_id.rpartition("/")[2], spoken(key), number(value), "", "floor"))
    print(table(("test", "figure", "mean", "repeats", "spread"), rows, left=(0, 1)))
    return 0


def _read(given: str) -> dict[str, Any]:
    """A baseline document: a file's, or one made of a run folder."""
    from slabench.report.resume import read_run
    from slabench.verdict.baseline_file import build, load

    path = Path(given)
    if path.is_dir() or path.name == "run.json":
        _, data = read_run(given, "")
        return build(data["run_id"], data["updated_utc"], data["server"].get("fingerprint", {}), data["labels"], data["tests"])
    load(given, option="")  # says what is wrong with it
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def _save(given: argparse.Namespace) -> int:
    from slabench.verdict.baseline_file import keep, load
    from slabench.verdict.baselines import differences

    document = _read(given.run)
    if not document["tests"]:
        print(f"No baseline was written: no test of {given.run} was valid.")
        return NOTHING
    gone: list[str] = []
    if Path(given.file).exists():
        old = load(given.file, option="")
        document, gone = keep(document, old, [text for _, text in differences(old.fingerprint, document["fingerprint"])])
    _write(given.file, document)
    count = len(document["tests"])
    print(f"Baseline of {count} test{'' if count == 1 else 's'} written to {given.file}.")
    if gone:
        print(f"Of another hardware, model or server, and no longer in it: {', '.join(gone)}.")
    return 0


def _merge(given: argparse.Namespace) -> int:
    from slabench.verdict.baseline_file import merge

    if Path(given.output).is_dir():
        raise ConfigError(f"{given.output} is a folder; the first word of merge is the file to write, the parts follow.")
    parts = [(one, _read(one)) for one in given.parts]
    _refuse_others(parts)
    _refuse_the_same(parts)
    document = merge(parts)
    if not document["tests"]:
        print("No baseline was written: no test of these runs was valid.")
        return NOTHING
    _write(given.output, document)
    repeats = [entry.get("repeats", 1) for entry in document["tests"].values()]
    tests = f"{len(repeats)} test{'' if len(repeats) == 1 else 's'}"
    times = f"{max(repeats)} repeat{'' if max(repeats) == 1 else 's'}"
    print(f"Baseline of {tests} with up to {times} written to {given.output}.")
    return 0


def _refuse_others(parts: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
    """Two versions in one baseline would hide the step between them in its spread; so not even the version may differ here."""
    from slabench.verdict.baselines import differences

    (first, known), *others = parts
    for name, document in others:
        found = [text for _, text in differences(known["fingerprint"], document["fingerprint"])]
        was, now = (one["fingerprint"].get("server", {}).get("version") for one in (known, document))
        found += [f"server.version: {now!r}, {was!r} in the first"] if was != now else []
        for test_id in known["tests"].keys() & document["tests"].keys():
            work = [{"workload": one["tests"][test_id].get("workload", {})} for one in (known, document)]
            found += [f"{test_id}: {text}" for _, text in differences(*work)]
            found += [f"{test_id}: {text}" for text in _unlike(known["tests"][test_id], document["tests"][test_id])]
        if found:
            raise ConfigError(
                f"{name} is not of the same deployment and workload as {first}: {'; '.join(found)}. Merge what is alike."
            )


def _refuse_the_same(parts: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
    """One run twice is two repeats without a spread, and every difference would be sure."""
    from slabench.verdict.baseline_file import repeats_of, run_ids

    for k, (name, document) in enumerate(parts):
        for before, known in parts[:k]:
            same = [f"the same run, {one}" for one in sorted(run_ids(known) & run_ids(document))]
            same += [
                f"the same repeat of {test_id}, with every figure alike"
                for test_id in known["tests"].keys() & document["tests"].keys()
                if repeats_of(known["tests"][test_id]) & repeats_of(document["tests"][test_id])
            ]
            if same:
                raise ConfigError(f"{name} and {before} hold {same[0]}: merged, it would count twice.")


def _unlike(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """A figure that is not in every repeat of both could only be left out, and would be gated by nobody."""
    odd = one.get("figures", {}).keys() ^ other.get("figures", {}).keys()
    odd |= one.get("lacking", {}).keys() | other.get("lacking", {}).keys()
    return [f"{key} is not in every repeat" for key in sorted(odd)]


def _write(target: str, document: Mapping[str, Any]) -> None:
    from slabench.verdict.baseline_file import save

    try:
        save(target, document)
    except OSError as error:
        raise ConfigError(f"{target} cannot be written ({error.strerror}); give a file in a folder that exists.") from error
