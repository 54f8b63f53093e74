"""The check same_answers between real sglang 0.5.7 servers on CPU: what it finds, and what it lets pass.

    .venv-sglang/bin/python tools/sglang_cpu/make_variants.py MODELS
    python -m benchmarks.bench_answers MODELS [--runs=20] [--prompts=16] [--tokens=24] [--out=FILE]
        [--change=NAME ...] [--old=URL --new=URL [--options=OPTIONS]]

Run by hand after `make sglang-server`. The old server has the seeded weights in bfloat16; beside it runs a
new one, which gets changed weights by /update_weights_from_disk, or was started with other options. A run is
one set of prompts of 24 random ids: 16, with answers of 24 tokens, or as many as the options say. Writes a
line a run to --out (JSON lines), prints the table of docs/answers.md, and ends with 1 if a harmful change was
missed or a harmless one found. make_experts.py makes MODELS with routed experts, for --old and --new.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slabench.answer_records import Scored
from slabench.errors import ServerError
from slabench.server.http import Http
from slabench.server.launch import Launched, launch
from slabench.server.scoring import Scorer
from slabench.session.answers import score_both
from slabench.verdict.outcome import CheckStatus
from slabench.verdict.same_answers import Compared, check

ROOT = Path(__file__).resolve().parents[1]
START = ROOT / "tools" / "sglang_cpu" / "start.sh"
PROMPT_LEN, FIRST_ID, VOCABULARY = 24, 300, 2048
SHOWN = (
    "logprob_shift", "top1_agreement", "token_shift", "decode_shift", "decode_top1", "decode_token_shift",
    "vocabulary_shift",
)  # fmt: skip


PLAIN, OTHER, FLOAT32 = (
    "",
    "--chunked-prefill-size 32 --disable-radix-cache --max-running-requests 2",
    "--dtype float32",
)
# not on 0.5.7's CPU, which has one: on a GPU, with --old, --new and --options
BACKEND = "--attention-backend torch_native --disable-cuda-graph"


@dataclass(frozen=True, slots=True)
class Change:
    """options: of the new server, which is started once for all changes that have the same."""

    model: str
    options: str
    harmful: bool | None  # None: neither, it is shown


CHANGES: Mapping[str, Change] = {
    "the same server, started again": Change("base", PLAIN, False),
    "layer 0 times 0.9": Change("layer-0.9", PLAIN, True),
    "a frequent token's logit + 2": Change("logit-frequent", PLAIN, True),
    "another seed's head": Change("other-head", PLAIN, True),
    "layer 0 times 0.99": Change("layer-0.99", PLAIN, None),
    "a rare token's logit + 2": Change("logit-rare", PLAIN, True),
    "chunks of 32, batches of 2, no prefix cache": Change("base", OTHER, False),
    "float32 instead of bfloat16": Change("base", FLOAT32, False),
    "another attention backend": Change("base", BACKEND, False),
}


def server(models: Path, log: Path, options: str) -> Launched:
    venv = ROOT / ".venv-sglang"
    command = f"bash {START} {venv} {models / 'base'} {{port}} --port {{port}} --load-format auto {options}"
    return launch(command, str(log), ready_timeout=900.0)


def use_weights(url: str, folder: Path) -> None:
    """Of another model with the same shapes, into a running server."""
    body = {"model_path": str(folder), "flush_cache": True}
    answer = Http(url).post("/update_weights_from_disk", body, timeout=300.0)
    if answer.status != 200 or not answer.json().get("success"):
        raise ServerError(f"{answer.url} answers {answer.status}: {answer.text[:300]}")


def run(old_url: str, new_url: str, seed: int, asked: argparse.Namespace) -> dict[str, Any]:
    dice = random.Random(seed)
    prompts = [
        tuple(dice.randrange(FIRST_ID, VOCABULARY) for _ in range(PROMPT_LEN)) for _ in range(asked.prompts)
    ]
    start = time.monotonic()
    scored = score_both(Scorer(Http(old_url), {}), Scorer(Http(new_url), {}), prompts, asked.tokens)
    if not isinstance(scored, Scored):
        raise ServerError(str(scored))
    compared = Compared.of(scored)
    parted = compared.difference
    return {
        "seed": seed,
        "seconds": round(time.monotonic() - start, 1),
        "finding": check(compared).state is CheckStatus.FINDING,
        "tokens": {each.metric: each.token for each in compared.estimates if each.token is not None},
        "beyond": [each.metric for each in compared.estimates if not each.holds],
        "identical": None if parted is None else parted.same,
        **compared.metrics,
    }


def measure(
    title: str, change: Change, urls: tuple[str, str], models: Path, asked: argparse.Namespace
) -> int:
    """Prints the change's row; returns how many of its runs are not as they should be."""
    if change.options == PLAIN:
        use_weights(urls[1], models / change.model)
    runs = []
    for number in range(asked.runs if change.harmful is not None else 5):
        runs.append(run(*urls, 1000 + number, asked))
        if asked.out is not None:  # each at once: a machine may be taken away before the last
            with asked.out.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"change": title, **runs[-1]}) + "\n")
    print(line(title, change, runs, asked.prompts * len(runs)), flush=True)
    return 0 if change.harmful is None else sum(each["finding"] != change.harmful for each in runs)


def line(name: str, change: Change, runs: list[dict[str, Any]], answers: int) -> str:
    """A row of the table: found, the metrics' means with their extremes."""
    kind = {True: "harmful", False: "harmless", None: "shown"}[change.harmful]
    cells = []
    for metric in SHOWN:
        values = [each[f"answers.{metric}"] for each in runs if f"answers.{metric}" in each]
        cells.append(
            f"{statistics.fmean(values):.3f} ({min(values):.3f} to {max(values):.3f})" if values else ""
        )
    identical = sum(each["identical"] for each in runs)
    cells.append(f"{identical} of {answers}")
    found = sum(each["finding"] for each in runs)
    return f"| {name} | {kind} | {found} of {len(runs)} | {' | '.join(cells)} |"


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("models", type=Path)
    parser.add_argument("--runs", type=int, default=20, help="prompt sets for each change (20)")
    parser.add_argument("--prompts", type=int, default=16, help="of a run (16; a test's check asks up to 64)")
    parser.add_argument("--tokens", type=int, default=24, help="of an answer (24; a test's check up to 64)")
    parser.add_argument("--out", type=Path, help="JSON lines, added to")
    parser.add_argument("--change", action="append", choices=CHANGES, help="only this one; repeatable")
    parser.add_argument("--old", help="URL of a server that runs already; with --new")
    parser.add_argument("--new", help="URL of another one, for the changes of --options")
    parser.add_argument("--options", default=PLAIN, help="which it was started with")
    asked = parser.parse_args()
    models, wrong = asked.models.resolve(), 0
    changes = {title: CHANGES[title] for title in asked.change or CHANGES}
    print(f"| change | | finding | {' | '.join(SHOWN)} | identical answers |", flush=True)
    if asked.new is not None:
        chosen = {title: change for title, change in changes.items() if change.options == asked.options}
        return int(
            sum(
                measure(title, change, (asked.old, asked.new), models, asked)
                for title, change in chosen.items()
            )
            > 0
        )
    with tempfile.TemporaryDirectory() as name, server(models, Path(name) / "old.log", "") as old:
        for options in (PLAIN, OTHER, FLOAT32):
            with server(models, Path(name) / "new.log", options) as new:
                for title, change in changes.items():
                    if change.options == options:
                        wrong += measure(title, change, (old.url, new.url), models, asked)
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
