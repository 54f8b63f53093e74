"""Our texts, lengths and arrival gaps against sglang 0.5.7's own functions: equal, byte for byte and bit for bit."""

from __future__ import annotations

import itertools
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from fixtures.real_sglang import REPO
from slabench.loadgen.plan import Plan
from slabench.workloads import WorkloadSpec, prepare
from slabench.workloads.cache import DatasetStore
from slabench.workloads.tokenizer import load_tokenizer

pytestmark = pytest.mark.sglang

PYTHON = REPO / ".venv-client" / "bin" / "python"
DRIVER = REPO / "tests" / "data" / "workloads" / "sample_with_sglang.py"
TOKENIZER = str(REPO / "fixtures" / "data" / "tokenizer")
DATASET = str(REPO / "fixtures" / "data" / "sharegpt_small.json")


def theirs(**job: Any) -> dict[str, Any]:
    if not PYTHON.exists():
        pytest.fail("There is no reference client in .venv-client; run make test-sglang, which installs it.", pytrace=False)
    done = subprocess.run([str(PYTHON), str(DRIVER)], input=json.dumps(job), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("seed", [123, 7])
@pytest.mark.parametrize(
    ("name", "ratio", "count", "fixed"),
    [
        ("random", 1.0, 40, None),
        ("random", 0.3, 150, None),
        ("random-ids", 1.0, 25, None),
        ("sharegpt", 1.0, 60, None),
        ("sharegpt", 1.0, 400, 16),
    ],
)
def test_texts_lengths_and_gaps(tmp_path: Path, name: str, ratio: float, count: int, fixed: int | None, seed: int) -> None:
    rate = 128.0
    job = {"tokenizer": TOKENIZER, "dataset": DATASET, "name": name, "seed": seed, "count": count, "ratio": ratio, "rate": rate}
    reference = theirs(**job, input_len=350, output_len=120, fixed_output_len=fixed)
    path = None if name == "random-ids" else DATASET
    spec = WorkloadSpec(name, count, 350, 120, ratio, seed, "text", path, fixed)
    tokenizer = load_tokenizer(TOKENIZER)
    for _ in range(2):  # the second time from the disk cache
        ours = prepare(spec, tokenizer=lambda: tokenizer, store=DatasetStore(tmp_path))
        assert [[one.text, one.input_len, one.output_len] for one in ours.prompts] == reference["rows"]
        plan = Plan.open_loop(len(ours.prompts), rate, unit_gaps=ours.unit_gaps)
        starts = itertools.accumulate(reference["gaps"][:-1], initial=0.0)
        assert plan.offsets_ns == tuple(round(start * 1e9) for start in starts)
