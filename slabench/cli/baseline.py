"""`slabench baseline`: baseline files, made of run folders, listed and shown.

What is read comes first, in every command; what is written is named by -o, and nothing else is ever written.
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from slabench import cli
from slabench.cli.baseline_launches import LAUNCHES, add_launches
from slabench.cli.baseline_parts import refuse_others, refuse_the_same, writing
from slabench.cli.language import add_language
from slabench.cli.parser import Parser
from slabench.errors import ConfigError
from slabench.exit_status import INVALID
from slabench.messages import Message, in_language, metric_name, number, percent
from slabench.near import did_you_mean
from slabench.output_file import locked
from slabench.report.resume import read_run
from slabench.report.text_table import table
from slabench.server_arguments import NULL
from slabench.verdict.accuracy import METRIC
from slabench.verdict.baseline import Baseline
from slabench.verdict.baseline_file import RULES, add_to, build, load, save
from slabench.verdict.baseline_merge import merge
from slabench.verdict.outcome import Outcome

PROG = f"{cli.PROG} baseline"
Document = Mapping[str, Any]  # a baseline file's content
_LISTED = tuple(
    Message(f"column.{name}") for name in ("file", "tests", "repeats", "model_hardware", "source")
)
_NOT_SHOWN: tuple[Any, ...] = (
    None,
    NULL,
    False,
    "",
    "{}",
    [],
)  # a real server has some hundred arguments that are off
_SHOWN = (
    Message("label.test"),
    Message("label.metric"),
    *(Message(f"column.{name}") for name in ("mean", "repeats", "spread")),
)


def run(argv: Sequence[str]) -> int:
    """0, or 6 where there is nothing that a gate could use."""
    options = _options(argv)
    with in_language(options.lang):
        status: int = options.call(options)
    return status


class _Command(NamedTuple):
    """The first word of the example is the command's name. arguments: name -> of add_argument()."""

    call: Callable[[argparse.Namespace], int]
    what: str
    example: str
    arguments: Mapping[str, Mapping[str, Any]]

    @property
    def name(self) -> str:
        return self.example.partition(" ")[0]


def _options(argv: Sequence[str]) -> argparse.Namespace:
    names = [command.name for command in _COMMANDS]
    if argv and not argv[0].startswith("-") and argv[0] not in names:
        hint = did_you_mean(argv[0], names)
        raise ConfigError(Message("command.baseline_unknown", word=argv[0], hint=hint, names=names))
    examples = [f"baseline {command.example}" for command in _COMMANDS]
    parser = Parser(prog=PROG, description=__doc__, examples=examples)
    commands = parser.add_subparsers(required=True, metavar="|".join(names))
    for call, what, example, arguments in _COMMANDS:
        added = commands.add_parser(
            example.partition(" ")[0], help=what, description=what, examples=[f"baseline {example}"]
        )
        added.set_defaults(call=call)
        for argument, how in arguments.items():
            added.add_argument(*argument.split(), **how)
        add_language(added)
    return parser.parse_args(argv)


def _is_run(name: str) -> bool:
    return (Path(name) / "run.json").is_file() or Path(name).name == "run.json"


def _missing(name: str) -> ConfigError:
    return ConfigError(Message("command.nothing_there", name=name))


def _check_output(command: str, inputs: Sequence[str], output: str | None) -> str:
    """The file to write; ConfigError with the intended command, where the words are in another order."""
    if output is None:
        runs = [name for name in inputs if _is_run(name)]
        others = [name for name in inputs if name not in runs]
        swapped = command == "save" and runs
        missing = [name for name in inputs if not Path(name).exists()]
        if missing and not swapped:
            raise _missing(missing[0])
        named, read = (others[0] if swapped and others else "FILE"), runs[:1] if swapped else inputs
        meant = f"{PROG} {command} {' '.join(read)} -o {named}"
        raise ConfigError(Message("command.baseline_output", command=command, meant=meant))
    if command == "save" and len(inputs) > 1:
        raise ConfigError(Message("command.baseline_save_one", count=len(inputs)))
    if Path(output).is_dir() or Path(output).name == "run.json":
        meant = f"{PROG} {command} {output} -o {inputs[0]}"
        order = Message("part.right_order", command=meant) if _is_run(output) else None
        what = Message("part.a_run" if _is_run(output) else "part.a_folder")
        raise ConfigError(Message("command.baseline_output_is", output=output, what=what, order=order))
    return output


def _list(options: argparse.Namespace) -> int:
    folder = Path(options.folder)
    if folder.is_file():
        raise ConfigError(Message("command.baseline_list_file", folder=folder, prog=PROG))
    if not folder.is_dir():
        raise ConfigError(Message("command.baseline_list_missing", folder=folder))
    rows = [_list_row(path) for path in sorted(folder.glob("*.json"))]
    if not rows:
        print(Message("baseline.no_file", folder=repr(options.folder)))
        return INVALID
    print(table(_LISTED, rows, left=(0, 3, 4)))
    return 0


def _list_row(path: Path) -> tuple[str, ...]:
    try:
        baseline = load(str(path), option="")
    except ConfigError as error:
        return path.name, str(Message("baseline.unreadable")), "", "", str(error)
    repeats = {len(values) for test in baseline.tests.values() for values in test.samples.values.values()}
    count = f"{min(repeats)}-{max(repeats)}" if len(repeats) > 1 else str(max(repeats, default=0))
    hardware, model = (baseline.fingerprint.get(section, {}) for section in ("hardware", "model"))
    names = {"model": str(model.get("name") or "?"), "gpu": str(hardware.get("gpu") or "?")}
    what = str(Message("baseline.of", **names))
    return path.name, str(len(baseline.tests)), count, what, baseline.source


def _show(options: argparse.Namespace) -> int:
    file = options.file
    if Path(file).is_dir():
        use = Message("part.save_of" if _is_run(file) else "part.list_of", file=file)
        raise ConfigError(Message("command.baseline_show_folder", file=file, prog=PROG, use=use))
    baseline = load(file, option="")
    print(f"{file}: {baseline.source}")
    for section in ("server", "hardware", "model"):
        known = baseline.fingerprint.get(section, {}).items()
        values = ", ".join(f"{key} {value}" for key, value in known if value not in _NOT_SHOWN)
        shown = values or Message("baseline.nothing_recorded")
        print(Message("baseline.recorded", section=section, values=shown))
    may, may_not = ", ".join(RULES["may_differ"]), ", ".join(RULES["may_not_differ"])
    print(Message("baseline.rules", may=may, may_not=may_not, unless=str(RULES["unless"])))
    rows = [row for test_id in baseline.tests for row in _metric_rows(baseline, test_id)]
    print(table(_SHOWN, rows, left=(0, 1)))
    return 0


def _metric_rows(baseline: Baseline, test_id: str) -> Iterator[tuple[str, ...]]:
    test, name = baseline.tests[test_id], test_id.rpartition("/")[2]
    for key, values in test.samples.values.items():
        mean = statistics.fmean(values)
        spread = percent(statistics.stdev(values) / mean, ".2%") if len(values) > 1 else None
        one_run = str(Message("baseline.one_run"))
        yield name, metric_name(key), number(mean), str(len(values)), spread or one_run
    for key, where in test.samples.lacking.items():
        missing = Message("baseline.missing_in", where=where or Message("baseline.every_repeat"))
        yield name, metric_name(key), "", "", str(missing)
    if (answers := test.answers) is not None and answers.n:
        share = percent(answers.right / answers.n, ".1%")
        yield name, METRIC, share, "1", str(Message("baseline.questions", questions=answers.n))
    for key, value in test.floors.items():
        yield name, metric_name(key), number(value), "", str(Message("baseline.floor"))


def _read(name: str) -> Document:
    """A baseline document: a file's, or one made of a run folder, whose FAILED tests are named."""
    path = Path(name)
    if path.is_dir() or path.name == "run.json":
        run = read_run(name, "")[1]
        if failed := [entry.name for entry in run.tests if entry.word is Outcome.FAILED]:
            print(Message("baseline.failed_taken", run=name, tests=tuple(failed)))
        return build(run)
    if not path.exists():
        raise _missing(name)
    load(name, option="")  # ConfigError with what is wrong with it
    document: Document = json.loads(path.read_text(encoding="utf-8"))
    return document


def _save(options: argparse.Namespace) -> int:
    target = _check_output("save", options.runs, options.output)
    (name,) = options.runs
    document = _read(name)
    if not document["tests"]:
        print(Message("baseline.none_of_run", run=name))
        return INVALID
    with writing(target):
        document, removed = add_to(target, document, option="-o ")
    print(Message("baseline.saved", tests=len(document["tests"]), file=target))
    if removed:
        print(Message("baseline.removed", tests=tuple(removed)))
    return 0


def _merge(options: argparse.Namespace) -> int:
    target = _check_output("merge", options.parts, options.output)
    with writing(target), locked(target):
        if Path(target).is_file():
            load(target, option="-o ")  # never over something else
            if Path(target).resolve() not in [Path(name).resolve() for name in options.parts]:
                raise ConfigError(Message("command.baseline_not_a_part", target=target))
        parts = [(name, _read(name)) for name in options.parts]
        refuse_others(parts)
        refuse_the_same(parts)
        document = merge(parts)
        if not document["tests"]:
            print(Message("baseline.none_of_parts"))
            return INVALID
        save(target, document)
    repeats = [entry.get("repeats", 1) for entry in document["tests"].values()]
    print(Message("baseline.merged", tests=len(repeats), repeats=max(repeats), file=target))
    return 0


def _launches(options: argparse.Namespace) -> int:
    return add_launches(options.runs, _check_output("launches", options.runs, options.output))


_OUTPUT = {"-o --output": {"metavar": "FILE", "help": "the baseline to write"}}
_COMMANDS = (
    _Command(
        _list,
        "List the baselines in a folder.",
        "list baselines",
        {
            "folder": {
                "nargs": "?",
                "default": "baselines",
                "metavar": "FOLDER",
                "help": "the folder (baselines)",
            }
        },
    ),
    _Command(
        _show,
        "Show what a baseline holds: source, what may differ, metrics with their spread.",
        "show prod.json",
        {"file": {"metavar": "FILE", "help": "a baseline file"}},
    ),
    _Command(
        _save,
        "Write a run's valid tests as a baseline. In one that exists they replace the earlier ones; floors "
        "stay, and so do the\ntests that this run did not measure, if nothing differs that may not. A file "
        "of anything else is not overwritten.",
        "save reports/latest -o prod.json",
        {"runs": {"nargs": "+", "metavar": "RUN", "help": "a run folder, such as reports/latest"}} | _OUTPUT,
    ),
    _Command(
        _merge,
        "Join several runs or baselines of one deployment: their samples become repeats of one baseline. The "
        "parts stay as they\nare; to add to a baseline name it as a part and as the output.",
        "merge prod.json reports/latest -o prod-week.json",
        {"parts": {"nargs": "+", "metavar": "PART", "help": "run folders and baseline files"}} | _OUTPUT,
    ),
    _Command(
        _launches,
        LAUNCHES,
        "launches reports/2026* -o prod.json",
        {"runs": {"nargs": "+", "metavar": "RUN", "help": "run folders, each of a launch of its own"}}
        | _OUTPUT,
    ),
)
