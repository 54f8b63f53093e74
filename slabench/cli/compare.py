"""`slabench compare OLD NEW ...`: stored runs against the first one, with the exit status of a gate.

Each is a run folder (reports/latest), a baseline file, or a file of sglang.bench_serving's rows, whose rows
of the same load are repeats. 0: nothing is worse; 1: something is; 6: no verdict is possible.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from slabench.cli import PROG
from slabench.cli.language import add_language
from slabench.cli.parser import Parser
from slabench.errors import ConfigError
from slabench.exit_status import INVALID
from slabench.messages import Message, in_language
from slabench.options.checks import check_allow, check_allow_diff, check_writable
from slabench.options.types import words
from slabench.output_file import check_free, write_named
from slabench.report.compare import Rules, compare_sides
from slabench.report.compare_pages import as_html, as_markdown, as_text
from slabench.report.localized import localized
from slabench.report.stored_runs import StoredSide, read_side
from slabench.run_document.write import stored
from slabench.strict_json import dumps
from slabench.verdict.outcome import Outcome
from slabench.verdict.tolerances import DEFAULT

STATUS = {Outcome.PASSED: 0, Outcome.FAILED: 1, Outcome.INVALID: INVALID}  # as the suite's


def run(argv: Sequence[str]) -> int:
    options = _options(argv)
    targets = [(f"--{name}", getattr(options, name)) for name in ("json", "markdown", "html")]
    for option, path in targets:
        if path is not None:
            check_free(option, str(check_writable(option, path)))
    sides = [read_side(name) for name in options.runs]
    _refuse_itself(sides)
    tolerance, strict, common = options.tolerance / 100, options.strict_validity, options.common
    rules = Rules(tolerance, options.allow_diff, options.allow, strict=strict, common=common)
    document = compare_sides(sides, rules)
    json_text = dumps(stored(document), indent=1) + "\n"
    with in_language(options.lang):
        shown = localized(document)
        print(as_text(shown))
        texts = (json_text, as_markdown(shown), as_html(shown))
    for (option, target), text in zip(targets, texts, strict=True):
        if target is not None:
            write_named(option, target, text)
    return STATUS[document.word]


def _refuse_itself(sides: Sequence[StoredSide]) -> None:
    """Everything equals itself, so a gate with the old run named twice by mistake would pass."""
    old, *others = sides
    for side in others:
        same = sorted(old.run_ids & side.run_ids)
        how = Message("part.same_run", runs=same) if same else Message("part.are_same")
        if same or Path(side.name).resolve() == Path(old.name).resolve():
            raise ConfigError(Message("command.compare_same", old=old.name, new=side.name, how=how))


EXAMPLES = (
    "compare reports/20261128T101500Z-4f21aa reports/latest",
    "compare prod.json reports/latest --common --html=/tmp/compare.html",
    "compare old.jsonl new.jsonl --tolerance=3",
)
_ARGUMENTS: Mapping[str, Mapping[str, Any]] = {
    "runs": {
        "nargs": "+",
        "metavar": "RUN",
        "help": "a run folder, baseline file or file of rows; the old one first",
    },
    "--tolerance": {
        "type": float,
        "default": DEFAULT * 100,
        "metavar": "PCT",
        "help": f"per cent that a metric may be worse ({DEFAULT * 100:g})",
    },
    "--allow-diff": {
        "type": words,
        "default": [],
        "metavar": "A,B",
        "help": "compare although these differ: hardware, model.dtype, server ...",
    },
    "--allow": {
        "type": words,
        "default": [],
        "metavar": "A,B",
        "help": "compare although a side was measured with --allow=A,B: completed, flush ...",
    },
    "--common": {
        "action": "store_true",
        "help": "compare the tests, and the points of a curve, that both sides have",
    },
    "--strict-validity": {
        "action": "store_true",
        "help": "findings and checks that could not be made are INVALID, as in the suite",
    },
    **{
        f"--{name}": {"metavar": "FILE", "help": f"write {what} to this file"}
        for name, what in (("json", "the comparison"), ("markdown", "a table"), ("html", "a page"))
    },
}


def _options(argv: Sequence[str]) -> argparse.Namespace:
    parser = Parser(prog=f"{PROG} compare", description=__doc__, examples=EXAMPLES)
    for name, how in _ARGUMENTS.items():
        parser.add_argument(name, **how)
    add_language(parser)
    options = parser.parse_args(argv)
    if len(options.runs) < 2:
        raise ConfigError(Message("command.compare_two", prog=PROG))
    if not options.tolerance > 0:
        raise ConfigError(Message("command.compare_tolerance", tolerance=options.tolerance))
    check_allow_diff(options.allow_diff)
    check_allow(options.allow)
    return options
