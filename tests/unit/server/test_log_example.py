"""The log of a real sglang 0.5.12 on an H200 (docs/examples): what the run wrote of it is what is read from
it today.
"""

import gzip
import json
from pathlib import Path

import pytest

from slabench.records import LogSpan
from slabench.server.log.merge import Merged, samples
from tests.unit.metrics.curves import classic_curve, published_form

EXAMPLE = Path(__file__).resolve().parents[3] / "docs" / "examples" / "h200-qwen3-30b-a3b"


@pytest.mark.parametrize("folder", ["both-methods", "decode-sweep"])
def test_the_stored_curve_comes_out_of_the_stored_log(folder: str, tmp_path: Path) -> None:
    log = tmp_path / "server.log"
    log.write_bytes(gzip.decompress((EXAMPLE / "server.log.gz").read_bytes()))
    run = json.loads((EXAMPLE / folder / "run.json").read_text())
    decode = [entry for entry in run["tests"] if entry["method"] == "ali-decode"]
    spans = [
        LogSpan(str(log), span["begin"], span["end"])
        for entry in decode
        for span in entry["server"]["log_spans"]
    ]
    merged = Merged()
    curve = classic_curve(samples(spans, merged), 1)
    stored = json.loads((EXAMPLE / folder / "ali_decode.json").read_text())[1]
    assert published_form(curve) == stored
    assert not merged.rejected()
    assert {str(entry["point"]["batch_size"]) for entry in decode} <= set(stored)
