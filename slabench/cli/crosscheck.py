"""`slabench crosscheck --base-url=URL`: the same workload by our client and by
sglang.bench_serving, in turns.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TextIO

from slabench.bench_serving.client import Reference, check_recipe, find
from slabench.cli import PROG
from slabench.cli.language import add_language
from slabench.cli.parser import Parser
from slabench.errors import ConfigError
from slabench.exit_status import INVALID
from slabench.messages import Message, in_language
from slabench.methods import Form
from slabench.options.checks import check_writable
from slabench.options.table import OPTIONS
from slabench.options.types import positive_int, worded
from slabench.output_file import check_free, write_named
from slabench.places import DATA
from slabench.report.crosscheck import as_dict, compare, crosscheck_table
from slabench.session.campaign import Campaign
from slabench.session.evaluate import evaluate_loads
from slabench.session.live_view import LiveView
from slabench.session.load import LoadOptions
from slabench.session.measurement import Evaluated, Trial
from slabench.session.prompts import Prompts
from slabench.session.pytest_benchmark import Sidecar
from slabench.session.rules import Rules
from slabench.session.screen import Screen
from slabench.session.settings import SIM, Settings
from slabench.session.trial import TestParts, run_trial
from slabench.strict_json import dumps
from slabench.verdict.outcome import CheckStatus
from slabench.verdict.validity.server import CACHED_SHARE_LIMIT, prefix_cache
from slabench.workloads.model import RANDOM_IDS, Workload
from slabench.workloads.shared_prefix import longest_shared

EXAMPLES = ("crosscheck --base-url=http://HOST:PORT --tokenizer=DIR", "crosscheck --base-url=sim: --rounds=2")
NAME = "crosscheck"  # of the load, as a test's id
SIM_DATA = DATA / "sharegpt_small.json"
# The suite's options that it has, with its own defaults and help.
SHARED: tuple[tuple[str, Any, str, str], ...] = (
    (
        "--dataset-name",
        None,
        "NAME",
        "random (the default with a data set), random-ids (without) or sharegpt",
    ),
    (
        "--dataset-path",
        None,
        "FILE",
        "the ShareGPT_V3 JSON file (embedded server: a small one of this project)",
    ),
    ("--tokenizer", None, "DIR", "tokenizer folder (default: the one that the server reports)"),
    ("--num-prompts", 16, "N", "the number of prompts"),
    ("--request-rate", "inf", "N", "the requests a second, or inf"),
    ("--max-concurrency", 8, "N", "the number of requests in flight at most, or inf"),
    ("--random-input-len", 256, "N", "the number of tokens of a prompt"),
    ("--random-output-len", 256, "N", "the number of tokens to generate"),
    ("--random-range-ratio", "1.0", "N", "X from 0 to 1: lengths are drawn from X x length to length"),
    ("--seed", 123, "N", "the seed of prompts and arrivals"),
    ("--connections", "keep-alive", "HOW", "of our client: keep-alive or per-request"),
    ("--bench-serving-python", None, "FILE", "a Python that has sglang (default: .venv-client/bin/python)"),
    ("--api-key-env", "SLABENCH_API_KEY", "NAME", "environment variable that holds the API key"),
    ("--trust-remote-code", False, "", "let the tokenizer's folder run its own code"),
    ("--allow", (), "A,B", "validity checks that may fail"),
)


def options(argv: Sequence[str]) -> argparse.Namespace:
    """The suite's options with this command's values, and --rounds and --json."""
    parser = Parser(prog=f"{PROG} crosscheck", description=__doc__, examples=EXAMPLES)
    url = "the server's URL, or sim: / sim:PROFILE for the embedded one"
    rounds = "the number of runs of each client, one after the other in turns"
    parser.add_argument("--base-url", required=True, metavar="URL", help=url)
    parser.add_argument(
        "--rounds", default=3, type=worded(positive_int, rounds), metavar="N", help=f"{rounds} (3)"
    )
    parser.add_argument("--json", metavar="FILE", help="write the rows and every run's metrics to this file")
    known = {option.name: option for option in OPTIONS}
    for name, default, metavar, text in SHARED:
        option, shown = known[name], f" ({default})" if default not in (None, (), False) else ""
        if option.parse is None:
            parser.add_argument(name, action="store_true", help=text)
            continue
        read = replace(option, help=text).reader
        parser.add_argument(name, default=default, type=read, metavar=metavar, help=text + shown)
    add_language(parser)
    parsed = parser.parse_args(argv)
    if parsed.json:
        check_free("--json", str(check_writable("--json", parsed.json)))
    embedded = parsed.base_url.startswith(SIM) and parsed.dataset_name != RANDOM_IDS
    if embedded and parsed.dataset_path is None:
        parsed.dataset_path = str(SIM_DATA)
    elif parsed.dataset_name == RANDOM_IDS:
        parsed.dataset_path = None
    defaults = {option.dest: option.default for option in OPTIONS}
    fixed = {"prompt_form": "text", "calibrate": "off"}
    return argparse.Namespace(**{**defaults, **fixed, **vars(parsed)})


def run(argv: Sequence[str]) -> int:
    parsed = options(argv)
    ours, theirs = (
        Settings.of(argparse.Namespace(**{**vars(parsed), "client": client}), os.environ)
        for client in ("slabench", "bench_serving")
    )
    reference = find(parsed.bench_serving_python)
    with tempfile.TemporaryDirectory(prefix="slabench-") as folder:
        first, second = (Campaign(side, Path(folder), lambda sentence: None) for side in (ours, theirs))
        try:
            first.open()
            second.opened, second.history = first.opened, first.history
            return crosscheck(first, second, reference)
        finally:
            first.close()
            second.files.close()


def crosscheck(ours: Campaign, theirs: Campaign, reference: Reference) -> int:
    """Print the table; 0, or 6 if a run was not valid, which allows no statement on either client."""
    given = ours.settings.options
    form = Form(
        "serving",
        given.random_input_len,
        given.random_output_len,
        given.num_prompts,
        given.request_rate,
        given.max_concurrency,
    )
    prompts = Prompts(ours.settings, ours.tokenizer, list)
    workload = prompts.workload(form, NAME)
    if len(workload.prompts) < form.num_prompts:
        raise ConfigError(
            Message(
                "crosscheck.few_prompts",
                wanted=form.num_prompts,
                prompts=len(workload.prompts),
                path=given.dataset_path,
            )
        )
    plan, tokenizer = LoadOptions.of(ours.settings).plan(form, workload), ours.tokenizer.folder() or ""
    check_recipe(workload.spec, plan, tokenizer, trust_remote_code=given.trust_remote_code)
    alike = shared_beginnings(workload)
    if alike is not None:
        say(given, alike, file=sys.stderr)
    metrics: dict[str, list[dict[str, float]]] = {"ours": [], "theirs": []}
    for number in range(1, given.rounds + 1):
        for key, name, side in (("ours", "slabench", ours), ("theirs", reference.name, theirs)):
            load = measured(side, prompts, form)
            bad = next((check for check in load.checks if check.state is CheckStatus.INVALID), None)
            if bad is not None:
                because = alike is not None and bad.name == prefix_cache.__name__
                invalid = Message(
                    "crosscheck.invalid",
                    number=number,
                    name=name,
                    check=bad.name,
                    text=bad.message or bad.text,
                    remedy=bad.remedy_message or bad.remedy,
                    cause=Message("crosscheck.cause", text=alike) if because else None,
                )
                say(given, invalid, file=sys.stderr)
                return INVALID
            metrics[key].append(load.metrics)
            tpot = load.metrics.get("classic.tpot.mean")
            shown = "n/a" if tpot is None else f"{tpot:.3f}"
            turn = {"number": number, "rounds": given.rounds, "name": name}
            say(given, Message("crosscheck.round", **turn, tpot=shown), file=sys.stderr)
    rows = compare(metrics["ours"], metrics["theirs"])
    described = {**workload.describe(), **plan.describe()}
    in_words = load_in_words(described)
    say(given, Message("crosscheck.head", name=reference.name, rounds=given.rounds, load=in_words))
    labels = ours.servers.new.labels
    if labels:
        say(given, Message("run.labels", labels=labels))
    with in_language(given.lang):
        print(crosscheck_table(rows))
    if given.json:
        head = {"labels": labels, "workload": described, "rounds": given.rounds}
        document = {**head, "rows": as_dict(rows), **metrics}
        write_named("--json", given.json, dumps(document, indent=1) + "\n")
    return 0


def say(given: argparse.Namespace, message: Message, file: TextIO | None = None) -> None:
    with in_language(given.lang):
        print(message, file=file)


def measured(campaign: Campaign, prompts: Prompts, form: Form) -> Evaluated:
    """One run of one client, measured and evaluated as a test's."""
    test = TestParts(NAME, prompts, LiveView(Screen("off")), Sidecar(None))
    load = run_trial(campaign, test, form, Trial(), point={}, labels=(), batch_size=None)
    rules, compared = Rules(shown=("tpot.mean",)), campaign.compared_with(NAME, ())
    return evaluate_loads((load,), rules, campaign.settings, compared, campaign.facts)[0]


def load_in_words(described: Mapping[str, Any]) -> Message:
    """`16 prompts (random) of 256 tokens, 256 out, request rate inf, concurrency 8`."""
    ratio = described["range_ratio"]
    low = None if ratio == 1 else Message("crosscheck.low", ratio=ratio)
    full = {"input": described["input_len"], "output": described["output_len"]}
    lengths = Message("crosscheck.lengths", low=low, **full)
    if described["input_len"] is None:
        lengths = Message("crosscheck.own_lengths")
    return Message(
        "crosscheck.load",
        prompts=described["num_prompts"],
        dataset=described["dataset_name"],
        lengths=lengths,
        rate=described["request_rate"],
        cap=described["max_concurrency"] or Message("crosscheck.not_limited"),
    )


def shared_beginnings(workload: Workload) -> Message | None:
    """Where a prefix cache can answer more of these prompts than a valid run may have.

    bench_serving's random-ids are ids that follow one another. Bytes that are no character by themselves are
    such ids too, and all become the same sign: with a small vocabulary, several prompts begin with a row of
    it.
    """
    ids = workload.own_ids
    shared = longest_shared(ids)
    if sum(shared) <= CACHED_SHARE_LIMIT * sum(map(len, ids)):
        return None
    alike = sum(each > CACHED_SHARE_LIMIT * len(own) for each, own in zip(shared, ids, strict=True))
    counts = {"alike": alike, "prompts": len(ids), "tokens": max(shared), "longest": max(map(len, ids))}
    if workload.spec.dataset_name == RANDOM_IDS:
        return Message("crosscheck.alike_random_ids", **counts)
    return Message("crosscheck.alike_texts", **counts)
