"""Our texts, lengths and arrival times against sglang 0.5.7's own functions: equal, byte for byte and bit for
bit.
"""

from __future__ import annotations

import itertools
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from slabench.loadgen.plan import Plan
from slabench.workloads import WorkloadSpec, prepare
from slabench.workloads.cache import DatasetStore
from slabench.workloads.tokenizer import load_tokenizer
from tests.integration.real_sglang import REPO

pytestmark = pytest.mark.sglang

PYTHON = REPO / ".venv-client" / "bin" / "python"
DRIVER = REPO / "tests" / "data" / "workloads" / "sample_with_sglang.py"
PLAIN = REPO / "fixtures" / "data" / "tokenizer"
DATASET = str(REPO / "fixtures" / "data" / "sharegpt_small.json")
# (name, range ratio, count, fixed output length, tokenizer): with_bos puts a special token before every
# encoded text.
CASES = [
    (name, ratio, count, fixed, seed, tokenizer)
    for name, ratio, count, fixed in (
        ("random", 1.0, 40, None),
        ("random", 0.3, 150, None),
        ("random", 0.0, 60, None),
        ("random-ids", 1.0, 25, None),
        ("random-ids", 0.0, 60, None),
        ("sharegpt", 1.0, 60, None),
        ("sharegpt", 1.0, 400, 16),
    )
    for seed in (123, 7)
    for tokenizer in ("plain", "with_bos")
]
RATES = {123: 128.0, 7: 0.3}


@pytest.fixture(scope="module")
def tokenizers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The small tokenizer, and the same one with a beginning-of-text token as DeepSeek's and Llama's have
    it.
    """
    folder = tmp_path_factory.mktemp("tokenizer")
    for file in PLAIN.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    document = json.loads((folder / "tokenizer.json").read_text())
    bos = document["added_tokens"][0]
    special = {"SpecialToken": {"id": bos["content"], "type_id": 0}}
    document["post_processor"] = {
        "type": "TemplateProcessing",
        "single": [special, {"Sequence": {"id": "A", "type_id": 0}}],
        "pair": [special, {"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
        "special_tokens": {
            bos["content"]: {"id": bos["content"], "ids": [bos["id"]], "tokens": [bos["content"]]}
        },
    }
    (folder / "tokenizer.json").write_text(json.dumps(document))
    found = {"plain": str(PLAIN), "with_bos": str(folder)}
    loaded = load_tokenizer(found["with_bos"])
    assert len(loaded.encode("word")) == len(load_tokenizer(found["plain"]).encode("word")) + 1
    return found


@pytest.fixture(scope="module")
def references(tokenizers: dict[str, str]) -> dict[Any, dict[str, Any]]:
    """sglang's answer to every case, from one process: importing it takes longer than all of them."""
    if not PYTHON.exists():
        pytest.fail(
            "There is no reference client in .venv-client; run make test-sglang, which installs it.",
            pytrace=False,
        )
    jobs = [
        {
            "name": name,
            "ratio": ratio,
            "count": count,
            "fixed_output_len": fixed,
            "seed": seed,
            "tokenizer": tokenizers[tokenizer],
            "dataset": DATASET,
            "rate": RATES[seed],
            "input_len": 350,
            "output_len": 120,
        }
        for name, ratio, count, fixed, seed, tokenizer in CASES
    ]
    done = subprocess.run(
        [str(PYTHON), str(DRIVER)], input=json.dumps(jobs), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return dict(zip(CASES, json.loads(done.stdout), strict=True))


@pytest.mark.parametrize("case", CASES, ids=lambda case: "-".join(map(str, case)))
def test_texts_lengths_order_and_arrivals(
    tmp_path: Path, tokenizers: dict[str, str], references: dict[Any, dict[str, Any]], case: Any
) -> None:
    name, ratio, count, fixed, seed, which = case
    reference = references[case]
    path = None if name == "random-ids" else DATASET
    spec = WorkloadSpec(name, count, 350, 120, ratio, seed, "text", path, fixed)
    tokenizer = load_tokenizer(tokenizers[which])
    for _ in range(2):  # the second time from the disk cache
        ours = prepare(spec, tokenizer=lambda: tokenizer, store=DatasetStore(tmp_path))
        assert len(ours.prompts) > 20
        assert [
            [request.text, request.input_len, request.output_len] for request in ours.prompts
        ] == reference["rows"]
        plan = Plan.open_loop(len(ours.prompts), RATES[seed], unit_gaps=ours.unit_gaps)
        assert len(reference["gaps"]) == len(ours.prompts)  # it sleeps after the last one too
        starts = itertools.accumulate(reference["gaps"][:-1], initial=0.0)
        assert plan.offsets_ns == tuple(round(start * 1e9) for start in starts)
