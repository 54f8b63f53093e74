"""The check same_answers between real sglang 0.5.7 servers on CPU: what it finds, and what it lets pass.

    .venv-sglang/bin/python tools/sglang_cpu/make_variants.py MODELS
    python -m benchmarks.bench_answers MODELS [--runs=20] [--only=NAME,...] [--out=FILE]

Run by hand after `make sglang-server`. The old server has the seeded weights, in bfloat16; each change is one
server beside it, one after the other. A run is one set of prompts: 16 of 64 random ids, answers of 32 tokens.
Writes a line a run to --out (JSON lines), prints the table of docs/answers.md, and ends with 1 if a harmful
change was missed or a harmless one is a finding.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import tempfile
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
PROMPTS, PROMPT_LEN, TOKENS, FIRST_ID, VOCABULARY = 16, 64, 32, 300, 2048
SHOWN = ("logprob_shift", "top1_agreement", "token_shift", "decode_shift", "decode_top1")


@dataclass(frozen=True, slots=True)
class Change:
    model: str
    options: str
    harmful: bool | None  # None: neither, it is shown

    def runs(self, harmful: int) -> int:
        """All harmless ones together have twice as many."""
        return harmful if self.harmful else harmful // 2 if self.harmful is False else harmful // 4


CHANGES: Mapping[str, Change] = {
    "the old server again": Change("base", "", False),
    "other batches (2 running at most)": Change("base", "--max-running-requests 2", False),
    "chunks of 32 tokens, no prefix cache": Change(
        "base", "--chunked-prefill-size 32 --disable-radix-cache", False
    ),
    "float32 instead of bfloat16": Change("base", "--dtype float32", False),
    "layer 0 times 0.9": Change("layer-0.9", "", True),
    "a frequent token's logit + 2": Change("logit-frequent", "", True),
    "another seed's head": Change("other-head", "", True),
    "layer 0 times 0.99": Change("layer-0.99", "", None),
    "a rare token's logit + 2": Change("logit-rare", "", None),
}


def server(model: Path, log: Path, options: str) -> Launched:
    venv = ROOT / ".venv-sglang"
    command = f"bash {START} {venv} {model} {{port}} --port {{port}} --load-format auto {options}"
    return launch(command, str(log), ready_timeout=600.0)


def scorer(launched: Launched) -> Scorer:
    return Scorer(Http(launched.url), {})


def run(old: Launched, new: Launched, seed: int) -> dict[str, Any]:
    dice = random.Random(seed)
    prompts = [tuple(dice.randrange(FIRST_ID, VOCABULARY) for _ in range(PROMPT_LEN)) for _ in range(PROMPTS)]
    scored = score_both(scorer(old), scorer(new), prompts, TOKENS)
    if not isinstance(scored, Scored):
        raise ServerError(str(scored))
    compared = Compared.of(scored)
    parted = compared.difference
    return {
        "seed": seed,
        "finding": check(compared).state is CheckStatus.FINDING,
        "beyond": [each.metric for each in compared.estimates if not each.holds],
        "identical": None if parted is None else parted.same,
        **compared.metrics,
    }


def line(name: str, change: Change, runs: list[dict[str, Any]]) -> str:
    """A row of the table: found, the metrics' means with their extremes."""
    kind = {True: "harmful", False: "harmless", None: "shown"}[change.harmful]
    cells = []
    for metric in SHOWN:
        values = [each[f"answers.{metric}"] for each in runs if f"answers.{metric}" in each]
        cells.append(
            f"{statistics.fmean(values):.3f} ({min(values):.3f} to {max(values):.3f})" if values else ""
        )
    identical = sum(each["identical"] for each in runs)
    cells.append(f"{identical} of {PROMPTS * len(runs)}")
    found = sum(each["finding"] for each in runs)
    return f"| {name} | {kind} | {found} of {len(runs)} | {' | '.join(cells)} |"


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("models", type=Path)
    parser.add_argument(
        "--runs", type=int, default=20, help="of a harmful change; a harmless one has half (20)"
    )
    parser.add_argument("--only", default="", help="changes whose names contain one of these")
    parser.add_argument("--out", type=Path, help="JSON lines, added to")
    asked = parser.parse_args()
    words = [word for word in asked.only.split(",") if word]
    wrong = 0
    print(f"| change | | finding | {' | '.join(SHOWN)} | identical answers |", flush=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with server(asked.models / "base", folder / "old.log", "") as old:
            for title, change in CHANGES.items():
                if words and not any(word in title for word in words):
                    continue
                with server(asked.models / change.model, folder / "new.log", change.options) as new:
                    runs = [run(old, new, 1000 + k) for k in range(change.runs(asked.runs))]
                if asked.out is not None:
                    with asked.out.open("a", encoding="utf-8") as file:
                        file.writelines(json.dumps({"change": title, **each}) + "\n" for each in runs)
                if change.harmful is not None:
                    wrong += sum(each["finding"] != change.harmful for each in runs)
                print(line(title, change, runs), flush=True)
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
