"""`slabench bisect SUITE ... --versions=A,B,C --launch=CMD --state=FILE [options of slabench run]`: the first
of several versions that is surely slower than the oldest.

The newest is measured first, then halves: each at a launch of its own, against the oldest, which stays up
(--one-after-the-other measures it first instead, where both do not fit). Exit status 0: found; 6: versions
remain of which nothing could be decided; 4: there is nothing to find.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from slabench.bisect.campaign import Campaign
from slabench.bisect.document import BisectDocument, Found
from slabench.bisect.versions import VERSION, as_launched, check_versions, read_versions
from slabench.cli import PROG
from slabench.cli.language import add_language
from slabench.cli.parser import Parser
from slabench.cli.run import join_values
from slabench.errors import ConfigError
from slabench.exit_status import INVALID
from slabench.messages import Message, in_language
from slabench.options.checks import check_writable
from slabench.options.types import count_or_auto, worded, words
from slabench.report.sanitize import plain
from slabench.report.text_table import table

# What the bisection gives to each run itself, or what is no gate.
OWN = ("--base-url", "--save-baseline", "--resume", "--report-dir", "--find-capacity", "--history-version")
REFERENCES = ("--baseline", "--baseline-url")


def run(argv: Sequence[str]) -> int:
    options, rest = _parser().parse_known_args(join_values(argv))
    campaign = _campaign(options, rest)

    def say(message: Message) -> None:
        with in_language(options.lang):
            print(plain(str(message)), flush=True)

    document = campaign.run(say)
    with in_language(options.lang):
        print(as_text(document))
    assert document.found is not None
    return INVALID if document.found.unresolved else 0


EXAMPLES = (
    "bisect tencent --versions=0.5.7,0.5.8,0.5.9 --state=bisect.json "
    "--launch='docker run --rm --gpus=all --network=host lmsysorg/sglang:v{version} ... --port {port}'",
)


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog=f"{PROG} bisect", description=__doc__, examples=EXAMPLES, allow_abbrev=False)
    add = parser.add_argument
    add("suites", nargs="+", metavar="SUITE", help="ali, serving, tencent, or a file or test of one")
    add("--versions", type=words, metavar="A,B,C", help="the versions or images, the oldest first")
    add("--versions-file", metavar="FILE", help="the same, one a line")
    add("--launch", metavar="CMD", help="starts a version's server, with {version} in it and {port}")
    add("--baseline-launch", metavar="CMD", help="starts the oldest, where that differs (other GPUs)")
    add("--one-after-the-other", action="store_true", help="measure the oldest first, and end it")
    add("--state", metavar="FILE", help="written after each probe; the same command continues it")
    count = worded(count_or_auto, "a whole number above 0, or auto")
    add(
        "--repeats",
        type=count,
        default="auto",
        metavar="K",
        help="loads a side, as slabench run has it (auto)",
    )
    add("--report-dir", default="reports", metavar="DIR", help="a folder with the runs goes here (reports)")
    add_language(parser)
    return parser


def _campaign(options: argparse.Namespace, rest: Sequence[str]) -> Campaign:
    """ConfigError with the first thing that is wrong, before anything is started."""
    versions = read_versions(options.versions, options.versions_file)
    check_versions(versions)
    for option in OWN:
        if any(word.partition("=")[0] == option for word in rest):
            raise ConfigError(Message("command.bisect_own_option", option=option))
    stray = [word for word in rest if not word.startswith("-")]
    if stray:
        raise ConfigError(Message("command.bisect_stray", word=stray[0]))
    references = [word for word in rest if word.partition("=")[0] in REFERENCES]
    if options.state is None:
        raise ConfigError(Message("command.bisect_state"))
    check_writable("--state", options.state)
    if options.launch is None:
        raise ConfigError(Message("command.bisect_launch", field=VERSION))
    as_launched("--launch", options.launch, versions[0])
    if options.baseline_launch is not None:
        as_launched("--baseline-launch", options.baseline_launch, versions[0])
    if references and (options.baseline_launch is not None or options.one_after_the_other):
        raise ConfigError(Message("command.bisect_reference", reference=references[0]))
    return Campaign(
        versions=versions,
        suites=tuple(options.suites),
        options=tuple(rest),
        launch=options.launch,
        oldest_launch=options.baseline_launch or options.launch,
        reference=references[0] if references else None,
        kept_up=not options.one_after_the_other,
        repeats=None if options.repeats == "auto" else options.repeats,
        state=options.state,
        report_dir=Path(options.report_dir),
    )


HEAD = tuple(Message(f"column.{name}") for name in ("probe", "version", "pairs", "standing", "why"))


def as_text(document: BisectDocument) -> str:
    """The path and the answer."""
    rows = [
        tuple(map(plain, (str(number), probe.version, str(probe.repeats), probe.standing.value, probe.line)))
        for number, probe in enumerate(document.probes, 1)
    ]
    lines = [table(HEAD, rows, left=(1, 3, 4))]
    if document.labels:
        lines.append(str(Message("bisect.labels", labels=document.labels)))
    if document.found is not None:
        lines.append(plain(_answer(document, document.found)))
    return "\n".join(lines)


def _answer(document: BisectDocument, found: Found) -> str:
    counts = {"probes": len(document.probes), "versions": len(document.versions)}
    effort = Message("bisect.effort", launches=document.launches, **counts)
    ends: dict[str, Message | str] = {
        "slower": found.slower,
        "not_slower": found.not_slower,
        "effort": effort,
    }
    if not found.unresolved:
        return str(Message("bisect.found", **ends))
    return str(Message("bisect.unresolved", unresolved=tuple(found.unresolved), **ends))
