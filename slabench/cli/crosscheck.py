"""`python -m slabench crosscheck --base-url=URL`: the same workload by our client and by sglang.bench_serving, in turns."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slabench.errors import ServerError
from slabench.loadgen import ClientOptions, Plan, Target, prepare_requests, run_load
from slabench.loadgen.bench_serving import Reference, check_recipe, find, run_bench_serving
from slabench.metrics.classic import compute_classic
from slabench.metrics.compute import compute
from slabench.metrics.told import told_figures
from slabench.records import ClientRecord, RunRecord, ServerEvidence
from slabench.report.crosscheck import as_dict, compare, crosscheck_table
from slabench.server.control import flush
from slabench.server.info import identify
from slabench.server.launch import launch
from slabench.verdict import told as told_checks
from slabench.verdict.validity import Subject, examine
from slabench.verdict.words import State
from slabench.workloads import WorkloadSpec, prepare
from slabench.workloads.cache import DatasetStore
from slabench.workloads.model import Workload
from slabench.workloads.tokenizer import load_tokenizer

SIM = "sim:"
SIM_TOKENIZER = Path(__file__).resolve().parents[2] / "fixtures" / "data" / "tokenizer"
EXIT_INVALID = 6
WARMUP_OUTPUT_LEN = 32


def options(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m slabench crosscheck", description=__doc__)
    add = parser.add_argument
    add("--base-url", required=True, help="the server's URL, or sim: / sim:PROFILE for the embedded one")
    add("--rounds", type=int, default=3, help="runs of each client, one after the other in turns (3)")
    add("--dataset-name", choices=("random", "random-ids", "sharegpt"), help="default: random with a data set, else random-ids")
    add("--dataset-path", help="the ShareGPT_V3 JSON file")
    add("--tokenizer", help="tokenizer folder (default: what the server says)")
    add("--num-prompts", type=int, default=32)
    add("--request-rate", type=float, default=float("inf"))
    add("--max-concurrency", type=int)
    add("--random-input-len", type=int, default=256)
    add("--random-output-len", type=int, default=128)
    add("--random-range-ratio", type=float, default=1.0)
    add("--seed", type=int, default=123)
    add("--connections", choices=("keep-alive", "per-request"), default="keep-alive", help="of our client")
    add("--bench-serving-python", help="a Python that has sglang (default: .venv-client/bin/python)")
    add("--api-key-env", default="SLABENCH_API_KEY")
    add("--trust-remote-code", action="store_true")
    add("--allow", default="", help="validity checks that may fail, comma separated")
    add("--json", help="write the rows and every run's figures to this file")
    return parser.parse_args(argv)


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


def run(argv: Sequence[str]) -> int:
    given = options(argv)
    reference = find(given.bench_serving_python)
    try:
        if not given.base_url.startswith(SIM):
            return crosscheck(given, given.base_url, reference)
        with tempfile.TemporaryDirectory(prefix="slabench-") as folder:
            words = [sys.executable, "-m", "slabench.sim", "--profile", given.base_url.removeprefix(SIM) or "demo"]
            words += ["--port", "{port}", "--tokenizer", str(SIM_TOKENIZER)]
            with launch(words, str(Path(folder) / "server.log"), ready_timeout=60.0) as server:
                return crosscheck(given, server.url, reference)
    except ServerError as error:
        print(f"INVALID: {error}", file=sys.stderr)
        return EXIT_INVALID


def crosscheck(given: argparse.Namespace, url: str, reference: Reference) -> int:
    """Print the table; 0, or 6 if a run was not valid and so says nothing of either client."""
    setup = prepared(given, url, reference)
    allow = [one for one in given.allow.split(",") if one]
    ours: list[dict[str, float]] = []
    theirs: list[dict[str, float]] = []
    for number in range(given.rounds):
        for name, measure, kept in (("slabench", by_ours, ours), (reference.name, by_theirs, theirs)):
            run = measure(setup)
            bad = invalid(run, len(setup.workload.prompts), allow)
            if bad:
                print(f"INVALID: round {number + 1} by {name}: {bad}", file=sys.stderr)
                return EXIT_INVALID
            figures = told_figures(run.told) if run.told is not None else compute(run) | compute_classic(run)
            kept.append(figures)
            print(f"round {number + 1} of {given.rounds}: {name}: TPOT {_shown(figures, 'classic.tpot.mean')} ms", file=sys.stderr)
    rows = compare(ours, theirs)
    described = {**setup.workload.describe(), **setup.plan.describe()}
    cap = described["max_concurrency"] or "not limited"
    load = f"{len(setup.workload.prompts)} prompts, request rate {described['request_rate']}, concurrency {cap}"
    print(f"slabench and {reference.name} in turns, {given.rounds} runs each: {load}")
    print(crosscheck_table(rows))
    if given.json:
        document = {"workload": described, "rounds": given.rounds, "rows": as_dict(rows), "ours": ours, "theirs": theirs}
        Path(given.json).write_text(json.dumps(document, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    return 0


def _shown(figures: Mapping[str, float], key: str) -> str:
    return f"{figures[key]:.3f}" if key in figures else "n/a"


def prepared(given: argparse.Namespace, url: str, reference: Reference) -> Setup:
    key = os.environ.get(given.api_key_env)
    target = Target(url, headers={"Authorization": f"Bearer {key}"} if key else {})
    info = identify(url, dict(target.headers))
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
    plan = Plan.open_loop(len(workload.prompts), given.request_rate, cap=given.max_concurrency, unit_gaps=workload.unit_gaps)
    check_recipe(spec, plan, folder, trust_remote_code=given.trust_remote_code)
    return Setup(target, workload, plan, reference, folder, str(info.served_model_name or info.model_path), given.connections)


def make_ready(setup: Setup) -> tuple[int, str]:
    """Both clients meet the same server: warm, and with an empty prefix cache."""
    prompt = setup.workload.prompts[0]
    warm = prepare_requests([prompt], output_len=min(prompt.output_len, WARMUP_OUTPUT_LEN))
    run_load(setup.target, warm, Plan.at_once(1), ClientOptions())
    return flush(setup.target.base_url, dict(setup.target.headers))


def by_ours(setup: Setup) -> RunRecord:
    status, text = make_ready(setup)
    result = run_load(
        setup.target, prepare_requests(setup.workload.prompts), setup.plan, ClientOptions(connections=setup.connections)
    )
    identify(setup.target.base_url, dict(setup.target.headers))
    evidence = ServerEvidence(info_after_end_ns=time.perf_counter_ns(), flush_status=status, flush_text=text)
    return RunRecord(result.requests, result.began_ns, result.began_unix, {}, setup.plan.describe(), result.client, evidence)


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
    return RunRecord((), found.began_ns, found.began_unix, {}, plan, client, evidence, told=found.run)


def invalid(run: RunRecord, planned: int, allow: Sequence[str]) -> str:
    """The first check that says INVALID, in its words; nothing if all is well."""
    subject = Subject(run, exact_prompt=False, planned=planned, judged=("tpot.mean",))
    checks = examine(subject, "serving", allow=allow, checks=None if run.told is None else told_checks.CHECKS)
    return next((f"{one.name}: {one.text} {one.remedy}" for one in checks if one.state is State.INVALID), "")
