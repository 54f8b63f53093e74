"""`slabench baseline`: baseline files, made of run folders and looked at.

What is read comes first, in every command; what is written is named by -o, and nothing else is ever written.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import statistics
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from slabench import cli
from slabench.errors import ConfigError
from slabench.output_file import locked

NOTHING = 6  # as the suite's status: there is nothing that a gate could use
PROG = f"{cli.PROG} baseline"


def run(argv: Sequence[str]) -> int:
    given = _options(argv)
    status: int = given.call(given)
    return status


def _options(argv: Sequence[str]) -> argparse.Namespace:
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(prog=PROG, description=__doc__.replace("`", ""), formatter_class=raw)
    commands = parser.add_subparsers(required=True, metavar="list|show|save|merge")

    def command(name: str, call: object, what: str, example: str) -> argparse.ArgumentParser:
        made = commands.add_parser(
            name, help=what, description=what, epilog=f"example:\n  {PROG} {example}", formatter_class=raw
        )
        made.set_defaults(call=call)
        return made

    one = command("list", _list, "List the baselines in a folder.", "list baselines")
    one.add_argument(
        "folder", nargs="?", default="baselines", metavar="FOLDER", help="the folder (baselines)"
    )
    what = "Show what a baseline holds: source, what may differ, figures with their spread."
    one = command("show", _show, what, "show prod.json")
    one.add_argument("file", metavar="FILE", help="a baseline file")
    one = command(
        "save",
        _save,
        "Write a run's valid tests as a baseline. A baseline that exists keeps its floors, and the tests that this run did not\n"
        "measure; a file of anything else is not overwritten.",
        "save reports/latest -o prod.json",
    )
    one.add_argument("runs", nargs="+", metavar="RUN", help="a run folder, such as reports/latest")
    one.add_argument("-o", "--output", metavar="FILE", help="the baseline to write")
    one = command(
        "merge",
        _merge,
        "Join several runs or baselines of one deployment: their samples become repeats of one baseline. The parts stay as they\n"
        "are; to add to a baseline name it as a part and as the output.",
        "merge prod.json reports/latest -o prod-week.json",
    )
    one.add_argument("parts", nargs="+", metavar="PART", help="run folders and baseline files")
    one.add_argument("-o", "--output", metavar="FILE", help="the baseline to write")
    return parser.parse_args(argv)


def _is_run(name: str) -> bool:
    return (Path(name) / "run.json").is_file() or Path(name).name == "run.json"


def _check_output(command: str, inputs: Sequence[str], output: str | None) -> str:
    """The file to write; ConfigError with the command as it was meant, where the words are in another order."""
    if output is None:
        runs = [one for one in inputs if _is_run(one)]
        others = [one for one in inputs if one not in runs]
        named = others[0] if command == "save" and runs and others else "FILE"
        read = runs[:1] if command == "save" and runs else inputs
        meant = f"{PROG} {command} {' '.join(read)} -o {named}"
        raise ConfigError(
            f"baseline {command} writes the file that -o names; without it nothing is written: {meant}"
        )
    if command == "save" and len(inputs) > 1:
        raise ConfigError(
            f"baseline save reads one run, and {len(inputs)} were named; baseline merge joins several."
        )
    target = Path(output)
    if target.is_dir() or target.name == "run.json":
        order = f"; in the right order: {PROG} {command} {output} -o {inputs[0]}" if _is_run(output) else ""
        what = "a run" if _is_run(output) else "a folder"
        raise ConfigError(f"-o {output} is {what}, and -o names the baseline file to write{order}.")
    return output


def _list(given: argparse.Namespace) -> int:
    from slabench.report.console import table
    from slabench.verdict.baseline_file import load

    folder = Path(given.folder)
    if folder.is_file():
        raise ConfigError(f"{folder} is a file; {PROG} show {folder} shows it, list takes a folder.")
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
        count = (
            f"{min(repeats, default=0)}-{max(repeats, default=0)}"
            if len(set(repeats)) > 1
            else str(max(repeats, default=0))
        )
        what = f"{model.get('name') or '?'} on {hardware.get('gpu') or '?'}"
        rows.append((path.name, str(len(found.tests)), count, what, found.source))
    print(
        table(("file", "tests", "repeats", "model and hardware", "source"), rows, left=(0, 3, 4))
        if rows
        else f"There is no *.json file in the folder {given.folder!r}, so no baseline."
    )
    return 0 if rows else NOTHING


def _show(given: argparse.Namespace) -> int:
    from slabench.messages import metric_name, number
    from slabench.report.console import table
    from slabench.verdict.baseline_file import RULES, load

    if Path(given.file).is_dir():
        saved, listed = (
            f"save {given.file} -o FILE makes a baseline of it",
            f"list {given.file} lists what is in it",
        )
        use = saved if _is_run(given.file) else listed
        raise ConfigError(f"{given.file} is a folder, and show takes a baseline file; {PROG} {use}.")
    found = load(given.file, option="")
    print(f"{given.file}: {found.source}")
    for section in ("server", "hardware", "model"):
        told = ", ".join(
            f"{key} {value}" for key, value in found.fingerprint.get(section, {}).items() if value is not None
        )
        print(f"{section}: {told or 'nothing is named, so nothing is compared'}")
    print(
        f"may differ: {', '.join(RULES['may_differ'])}; may not: {', '.join(RULES['may_not_differ'])}, unless {RULES['unless']}."
    )
    rows = []
    for test_id, entry in found.tests.items():
        for key, values in found.samples(test_id).items():
            spread = (
                f"{statistics.stdev(values) / statistics.fmean(values):.2%}" if len(values) > 1 else "one run"
            )
            rows.append(
                (
                    test_id.rpartition("/")[2],
                    metric_name(key),
                    number(statistics.fmean(values)),
                    str(len(values)),
                    spread,
                )
            )
        for key, where in entry.get("lacking", {}).items():
            rows.append(
                (
                    test_id.rpartition("/")[2],
                    metric_name(key),
                    "",
                    "",
                    f"missing in {where or 'every repeat'}",
                )
            )
        for key, value in entry.get("floors", {}).items():
            rows.append((test_id.rpartition("/")[2], metric_name(key), number(value), "", "floor"))
    print(table(("test", "figure", "mean", "repeats", "spread"), rows, left=(0, 1)))
    return 0


def _read(given: str) -> dict[str, Any]:
    """A baseline document: a file's, or one made of a run folder."""
    from slabench.report.resume import read_run
    from slabench.verdict.baseline_file import build, load

    path = Path(given)
    if path.is_dir() or path.name == "run.json":
        _, data = read_run(given, "")
        return build(
            data["run_id"],
            data["updated_utc"],
            data["server"].get("fingerprint", {}),
            data["labels"],
            data["tests"],
        )
    load(given, option="")  # says what is wrong with it
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def _save(given: argparse.Namespace) -> int:
    from slabench.verdict.baseline_store import add_to

    target = _check_output("save", given.runs, given.output)
    (named,) = given.runs
    document = _read(named)
    if not document["tests"]:
        print(f"No baseline was written: no test of {named} was valid.")
        return NOTHING
    with _writing(target):
        document, gone = add_to(target, document, option="-o ")
    count = len(document["tests"])
    print(f"Baseline of {count} test{'' if count == 1 else 's'} written to {target}.")
    if gone:
        print(f"Of another hardware, model or server, and no longer in it: {', '.join(gone)}.")
    return 0


def _merge(given: argparse.Namespace) -> int:
    from slabench.verdict.baseline_file import load, merge, save

    target = _check_output("merge", given.parts, given.output)
    with _writing(target), locked(target):
        if Path(target).is_file():
            load(target, option="-o ")  # never over something else
            if Path(target).resolve() not in [Path(one).resolve() for one in given.parts]:
                raise ConfigError(
                    f"-o {target} exists and is not among the parts, so its samples would be lost; name it as a part too, or "
                    "another file with -o."
                )
        parts = [(one, _read(one)) for one in given.parts]
        _refuse_others(parts)
        _refuse_the_same(parts)
        document = merge(parts)
        if not document["tests"]:
            print("No baseline was written: no test of these runs was valid.")
            return NOTHING
        save(target, document)
    repeats = [entry.get("repeats", 1) for entry in document["tests"].values()]
    tests = f"{len(repeats)} test{'' if len(repeats) == 1 else 's'}"
    times = f"{max(repeats)} repeat{'' if max(repeats) == 1 else 's'}"
    print(f"Baseline of {tests} with up to {times} written to {target}.")
    return 0


@contextlib.contextmanager
def _writing(target: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ConfigError(
            f"-o {target} cannot be written ({error.strerror}); give a file in a folder that exists."
        ) from error


def _refuse_others(parts: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
    """Two versions in one baseline would hide the step between them in its spread; so not even the version
    may differ here.
    """
    from slabench.verdict.differences import differences

    (first, known), *others = parts
    for name, document in others:
        found = [str(each.message) for each in differences(known["fingerprint"], document["fingerprint"])]
        was, now = (one["fingerprint"].get("server", {}).get("version") for one in (known, document))
        found += [f"server.version: {now!r}, {was!r} in the first"] if was != now else []
        for test_id in known["tests"].keys() & document["tests"].keys():
            work = [{"workload": one["tests"][test_id].get("workload", {})} for one in (known, document)]
            found += [f"{test_id}: {each.message}" for each in differences(*work)]
            found += [
                f"{test_id}: {text}" for text in _unlike(known["tests"][test_id], document["tests"][test_id])
            ]
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
