"""`python -m slabench crosscheck --base-url=URL`: the same workload by our client and by
sglang.bench_serving, in turns.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slabench.bench_serving.client import Reference, check_recipe, find, run_bench_serving
from slabench.bench_serving.metrics import reported_metrics
from slabench.cli import PROG
from slabench.errors import ConfigError, ServerError
from slabench.loadgen import ClientOptions, Plan, Target, prepare_requests, run_load
from slabench.metrics.classic import compute_classic
from slabench.metrics.compute import compute
from slabench.options.checks import (
    api_key,
    check_allow,
    check_dataset,
    check_folder,
    check_root,
    check_writable,
)
from slabench.options.types import count_or_inf, positive_int, rate, ratio, seed, worded, words
from slabench.output_file import check_free, write_named
from slabench.places import DATA, TOKENIZER
from slabench.records import ClientRecord, RunRecord, ServerEvidence
from slabench.report.crosscheck import as_dict, compare, crosscheck_table
from slabench.server.control import flush
from slabench.server.identify import identify
from slabench.server.launch import launch
from slabench.server.secrets import know, know_environment, know_url, scrub_text
from slabench.strict_json import dumps
from slabench.verdict.outcome import Check, CheckStatus
from slabench.verdict.validity import CheckContext, examine
from slabench.verdict.validity.server import CACHED_SHARE_LIMIT, prefix_cache
from slabench.workloads import WorkloadSpec, prepare
from slabench.workloads.cache import DatasetStore
from slabench.workloads.model import RANDOM_IDS, Workload
from slabench.workloads.shared_prefix import longest_shared
from slabench.workloads.tokenizer import load_tokenizer

SIM = "sim:"
SIM_DATA = DATA / "sharegpt_small.json"
EXIT_INVALID = 6
WARMUP_OUTPUT_LEN = 32


def options(argv: Sequence[str]) -> argparse.Namespace:
    """The options, checked before anything is started; ConfigError for what no single one can tell."""
    parser = argparse.ArgumentParser(prog=f"{PROG} crosscheck", description=(__doc__ or "").replace("`", ""))
    add = parser.add_argument

    def value(name: str, default: Any, parse: Callable[[str], Any], what: str) -> None:
        shown = "" if default is None else f" ({default})"
        # A default that is text is read by the same type.
        given = str(default) if isinstance(default, float) else default
        add(name, default=given, type=worded(parse, what), metavar="N", help=what + shown)

    add(
        "--base-url",
        required=True,
        metavar="URL",
        help="the server's URL, or sim: / sim:PROFILE for the embedded one",
    )
    value("--rounds", 3, positive_int, "the number of runs of each client, one after the other in turns")
    add(
        "--dataset-name",
        choices=("random", "random-ids", "sharegpt"),
        help="default: random with a data set, as the embedded server has one, else random-ids",
    )
    add(
        "--dataset-path",
        metavar="FILE",
        help="the ShareGPT_V3 JSON file (embedded server: a small one of this project)",
    )
    add("--tokenizer", metavar="DIR", help="tokenizer folder (default: what the server says)")
    value("--num-prompts", 16, positive_int, "the number of prompts")
    value("--request-rate", math.inf, rate, "the requests a second, or inf")
    value("--max-concurrency", 8, count_or_inf, "the number of requests in flight at most, or inf")
    value("--random-input-len", 256, positive_int, "the number of tokens of a prompt")
    value("--random-output-len", 256, positive_int, "the number of tokens to generate")
    value("--random-range-ratio", 1.0, ratio, "X from 0 to 1: lengths are drawn from X x length to length")
    value("--seed", 123, seed, "the seed of prompts and arrivals")
    add(
        "--connections",
        choices=("keep-alive", "per-request"),
        default="keep-alive",
        help="of our client (keep-alive)",
    )
    add(
        "--bench-serving-python",
        metavar="FILE",
        help="a Python that has sglang (default: .venv-client/bin/python)",
    )
    add(
        "--api-key-env",
        default="SLABENCH_API_KEY",
        metavar="NAME",
        help="environment variable that holds the API key (SLABENCH_API_KEY)",
    )
    add("--trust-remote-code", action="store_true", help="let the tokenizer's folder run its own code")
    add("--allow", default=(), type=words, metavar="A,B", help="validity checks that may fail")
    add("--json", metavar="FILE", help="write the rows and every run's figures to this file")
    given = parser.parse_args(argv)
    if not given.base_url.strip():
        raise ConfigError(
            "--base-url is empty; give a URL such as http://127.0.0.1:30000, or sim: (embedded server)."
        )
    if not given.base_url.startswith(SIM):
        check_root("--base-url", given.base_url)
    if given.json:
        check_free("--json", str(check_writable("--json", given.json)))
    if given.base_url.startswith(SIM) and given.dataset_path is None and given.dataset_name != "random-ids":
        given.dataset_path = str(SIM_DATA)
    check_dataset(given.dataset_path, given.dataset_name)
    check_folder("tokenizer", given.tokenizer)
    check_allow(given.allow)
    return given


@dataclass(frozen=True, slots=True)
class Setup:
    """What both clients are given."""

    target: Target
    workload: Workload
    plan: Plan
    reference: Reference
    tokenizer: str
    model: str
    connections: str
    shared: tuple[int, ...]  # tokens at its beginning that each prompt has in common with another


def run(argv: Sequence[str]) -> int:
    given = options(argv)
    reference = find(given.bench_serving_python)
    try:
        if not given.base_url.startswith(SIM):
            return crosscheck(given, given.base_url, reference)
        with tempfile.TemporaryDirectory(prefix="slabench-") as folder:
            words = [
                sys.executable,
                "-P",
                "-m",
                "slabench.sim",
                "--profile",
                given.base_url.removeprefix(SIM) or "demo",
            ]
            words += ["--port", "{port}", "--tokenizer", str(TOKENIZER)]
            with launch(words, str(Path(folder) / "server.log"), ready_timeout=60.0) as server:
                return crosscheck(given, server.url, reference)
    except ServerError as error:
        print(f"INVALID: {scrub_text(str(error))}", file=sys.stderr)
        return EXIT_INVALID


def crosscheck(given: argparse.Namespace, url: str, reference: Reference) -> int:
    """Print the table; 0, or 6 if a run was not valid and so says nothing of either client."""
    setup = prepared(given, url, reference)
    said_before = shared_beginnings(setup)
    if said_before:
        print(said_before, file=sys.stderr)
    ours: list[dict[str, float]] = []
    theirs: list[dict[str, float]] = []
    for number in range(given.rounds):
        for name, measure, kept in (("slabench", by_ours, ours), (reference.name, by_theirs, theirs)):
            run = measure(setup)
            check = invalid(run, setup, given.allow)
            if check is not None:
                cause = f" {said_before}" if check.name == prefix_cache.__name__ else ""
                print(
                    f"INVALID: round {number + 1} by {name}: {check.name}: {check.text} {check.remedy}{cause}",
                    file=sys.stderr,
                )
                return EXIT_INVALID
            figures = (
                reported_metrics(run.reported)
                if run.reported is not None
                else compute(run) | compute_classic(run)
            )
            kept.append(figures)
            print(
                f"round {number + 1} of {given.rounds}: {name}: TPOT {_shown(figures, 'classic.tpot.mean')} ms",
                file=sys.stderr,
            )
    rows = compare(ours, theirs)
    described = {**setup.workload.describe(), **setup.plan.describe()}
    print(f"slabench and {reference.name} in turns, {given.rounds} runs each: {load_in_words(described)}")
    print(crosscheck_table(rows))
    if given.json:
        document = {
            "workload": described,
            "rounds": given.rounds,
            "rows": as_dict(rows),
            "ours": ours,
            "theirs": theirs,
        }
        write_named("--json", given.json, dumps(document, indent=1) + "\n")
    return 0


def load_in_words(described: Mapping[str, Any]) -> str:
    """`16 prompts (random) of 256 tokens, 256 out, request rate inf, concurrency 8`."""
    cap = described["max_concurrency"] or "not limited"
    low = "" if described["range_ratio"] == 1 else f"{described['range_ratio']:g} x length to "
    lengths = f"of {low}{described['input_len']} tokens, {low}{described['output_len']} out"
    if described["input_len"] is None:
        lengths = "with the conversations' own lengths"
    name = described["dataset_name"]
    return f"{described['num_prompts']} prompts ({name}) {lengths}, request rate {described['request_rate']}, concurrency {cap}"


def shared_beginnings(setup: Setup) -> str:
    """A sentence where a prefix cache can answer more of these prompts than a valid run may have; else
    nothing.

    bench_serving's random-ids are ids that follow one another. Bytes that are no character by themselves are
    such ids too, and all become the same sign: with a small vocabulary, several prompts begin with a row of
    it.
    """
    shared, ids = setup.shared, setup.workload.own_ids
    if sum(shared) <= CACHED_SHARE_LIMIT * sum(map(len, ids)):
        return ""
    alike = sum(each > CACHED_SHARE_LIMIT * len(one) for each, one in zip(shared, ids, strict=True))
    made = setup.workload.spec.dataset_name == RANDOM_IDS
    why = "random-ids of a small vocabulary" if made else "texts of this data set"
    remedy = "--dataset-path=FILE gives texts that differ" if made else "another --seed draws others"
    return (
        f"{alike} of {len(ids)} prompts share up to {max(shared)} tokens of their beginning with another one, as {why} can: where "
        f"they do not come together, the prefix cache answers that part, and the run is INVALID; {remedy}."
    )


def _shown(figures: Mapping[str, float], key: str) -> str:
    return f"{figures[key]:.3f}" if key in figures else "n/a"


def prepared(given: argparse.Namespace, url: str, reference: Reference) -> Setup:
    key = api_key(os.environ, given.api_key_env)
    know_environment(os.environ)
    know_url(url)
    know(key)
    target = Target(url, headers={"Authorization": f"Bearer {key}"} if key else {})
    info = identify(url, dict(target.headers)).info
    folder = given.tokenizer or info.tokenizer_path or info.model_path or ""
    loaded = load_tokenizer(folder, trust_remote_code=given.trust_remote_code)
    name = given.dataset_name or ("random" if given.dataset_path else "random-ids")
    spec = WorkloadSpec(
        dataset_name=name,
        num_prompts=given.num_prompts,
        input_len=given.random_input_len,
        output_len=given.random_output_len,
        range_ratio=given.random_range_ratio,
        seed=given.seed,
        prompt_form="text",
        dataset_path=None if name == "random-ids" else given.dataset_path,
    )
    workload = prepare(spec, tokenizer=lambda: loaded, store=DatasetStore())
    if len(workload.prompts) < spec.num_prompts:
        raise ConfigError(
            f"--num-prompts={spec.num_prompts} is more than the {len(workload.prompts)} prompts that {spec.dataset_path} gives; "
            "ask for fewer, or give a larger data set."
        )
    plan = Plan.open_loop(
        len(workload.prompts), given.request_rate, cap=given.max_concurrency, unit_gaps=workload.unit_gaps
    )
    check_recipe(spec, plan, folder, trust_remote_code=given.trust_remote_code)
    model = str(info.served_model_name or info.model_path)
    return Setup(
        target, workload, plan, reference, folder, model, given.connections, longest_shared(workload.own_ids)
    )


def make_ready(setup: Setup) -> tuple[int, str]:
    """Both clients meet the same server: warm, and with an empty prefix cache."""
    prompt = setup.workload.prompts[0]
    warm = prepare_requests([prompt], output_len=min(prompt.output_len, WARMUP_OUTPUT_LEN))
    run_load(setup.target, warm, Plan.at_once(1), ClientOptions())
    return flush(setup.target.base_url, dict(setup.target.headers))


def by_ours(setup: Setup) -> RunRecord:
    status, text = make_ready(setup)
    result = run_load(
        setup.target,
        prepare_requests(setup.workload.prompts),
        setup.plan,
        ClientOptions(connections=setup.connections),
    )
    answered: list[int] = []
    identify(
        setup.target.base_url,
        dict(setup.target.headers),
        on_answer=lambda: answered.append(time.perf_counter_ns()),
    )
    evidence = ServerEvidence(info_after_end_ns=answered[0], flush_status=status, flush_text=text)
    return RunRecord(
        result.requests,
        result.began_ns,
        result.began_unix,
        {},
        setup.plan.describe(),
        result.client,
        evidence,
    )


def by_theirs(setup: Setup) -> RunRecord:
    status, text = make_ready(setup)
    found = run_bench_serving(
        setup.reference,
        setup.target,
        setup.workload.spec,
        setup.plan,
        setup.workload.prompts,
        backend="sglang",
        tokenizer=setup.tokenizer,
        model=setup.model,
    )
    client = ClientRecord(found.wall_s, None, None, None, None)
    evidence = ServerEvidence(flush_status=status, flush_text=text)
    plan: Mapping[str, Any] = setup.plan.describe()
    return RunRecord((), found.began_ns, found.began_unix, {}, plan, client, evidence, reported=found.run)


def invalid(run: RunRecord, setup: Setup, allow: Collection[str]) -> Check | None:
    """The first check that says INVALID; None if all is well."""
    workload = setup.workload
    counted, planned = tuple(map(len, workload.own_ids)), workload.spec.num_prompts
    subject = CheckContext(
        run, exact_prompt=False, planned=planned, counted=counted, shared=setup.shared, judged=("tpot.mean",)
    )
    checks = examine(subject, "serving", allow=allow)
    return next((one for one in checks if one.state is CheckStatus.INVALID), None)
