"""`python -m slabench compare OLD NEW ...`: stored runs against the first one, with the exit status of a
gate.

Each is a run folder (reports/latest), a baseline file, or a file of sglang.bench_serving's rows, whose rows
of the same load are repeats. 0: nothing is worse; 1: something is; 6: nobody can say.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from slabench.cli import PROG
from slabench.errors import ConfigError
from slabench.options.checks import check_writable
from slabench.output_file import check_free, write_named
from slabench.strict_json import dumps

if TYPE_CHECKING:
    from slabench.report.stored_runs import StoredSide


def run(argv: Sequence[str]) -> int:
    from slabench.report.compare import Rules, as_html, as_markdown, as_text, compare_sides, exit_status
    from slabench.report.stored_runs import read_side

    given = _options(argv)
    for option in ("--json", "--markdown", "--html"):
        path = getattr(given, option[2:])
        if path is not None:
            check_free(option, str(check_writable(option, path)))
    sides = [read_side(one) for one in given.runs]
    _refuse_itself(sides)
    document = compare_sides(
        sides,
        Rules(
            given.tolerance / 100,
            given.allow_diff,
            given.allow,
            strict=given.strict_validity,
            common=given.common,
        ),
    )
    print(as_text(document))
    for option, target, text in (
        ("--json", given.json, dumps(document, indent=1) + "\n"),
        ("--markdown", given.markdown, as_markdown(document)),
        ("--html", given.html, as_html(document)),
    ):
        if target is not None:
            write_named(option, target, text)
    return exit_status(document)


def _refuse_itself(sides: Sequence[StoredSide]) -> None:
    """Everything equals itself, and a gate that is given the old run by mistake would be green."""
    old, *others = sides
    for one in others:
        same = sorted(old.run_ids & one.run_ids)
        told = f"hold the same run, {', '.join(same)}" if same else "are the same"
        if same or Path(one.name).resolve() == Path(old.name).resolve():
            raise ConfigError(f"{old.name} and {one.name} {told}: it would be compared with itself.")


def _options(argv: Sequence[str]) -> argparse.Namespace:
    from slabench.options.checks import check_allow
    from slabench.verdict.differences import SECTIONS
    from slabench.verdict.tolerances import DEFAULT

    doc = (__doc__ or "").replace("`", "")
    parser = argparse.ArgumentParser(
        prog=f"{PROG} compare", description=doc, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("runs", nargs="+", metavar="RUN", help="the old one first")
    add(
        "--tolerance",
        type=float,
        default=DEFAULT * 100,
        metavar="PCT",
        help=f"per cent a figure may be worse ({DEFAULT * 100:g})",
    )
    add(
        "--allow-diff",
        default="",
        metavar="A,B",
        help="compare although these differ: hardware, model.dtype, server ...",
    )
    add(
        "--allow",
        default="",
        metavar="A,B",
        help="compare although a side was measured with --allow=A,B: completed, flush ...",
    )
    add(
        "--common",
        action="store_true",
        help="compare the tests, and the points of a curve, that both sides have",
    )
    add(
        "--strict-validity",
        action="store_true",
        help="findings and checks that could not be made are INVALID, as in the suite",
    )
    add("--json", metavar="FILE")
    add("--markdown", metavar="FILE")
    add("--html", metavar="FILE")
    given = parser.parse_args(argv)
    if len(given.runs) < 2:
        raise ConfigError(f"compare needs two runs or more, the old one first: {PROG} compare OLD NEW")
    if not given.tolerance > 0:
        raise ConfigError(f"--tolerance={given.tolerance:g} is not above 0.")
    given.allow_diff, given.allow = _names(given.allow_diff), _names(given.allow)
    unknown = [one for one in given.allow_diff if one.partition(".")[0] not in SECTIONS]
    if unknown:
        raise ConfigError(
            f"--allow-diff={','.join(unknown)} names nothing that is compared; name {', '.join(SECTIONS)}."
        )
    check_allow(given.allow)
    return given


def _names(text: str) -> list[str]:
    return [one for one in (part.strip() for part in text.split(",")) if one]
