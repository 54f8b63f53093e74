"""The published tables as this package has them, to stand behind a run's own points."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from slabench.places import BASELINES
from slabench.report.charts.parts import text
from slabench.run_document.run import RunDocument

ALI, TENCENT = "published-ali-a800.json", "published-tencent.json"


@dataclass(frozen=True, slots=True)
class Published:
    """tests: metrics by the test's id."""

    file: str
    model: str
    gpu: str  # empty: not stated
    gpus: int | None
    tests: Mapping[str, Mapping[str, float]]

    @property
    def name(self) -> str:
        """As a series has it."""
        return text("chart.series.published", model=self.model, gpus=self.gpus or 0, gpu=self.gpu)

    def of(self, test_id: str, key: str) -> float | None:
        return self.tests.get(test_id, {}).get(key)

    def same_model(self, document: RunDocument) -> bool:
        """Whether the run's server has this model, by its name."""
        name = document.fingerprint.get("model", {}).get("name")
        return isinstance(name, str) and name.rpartition("/")[2].casefold() == self.model.casefold()


@cache
def published(file: str) -> Published:
    data: dict[str, Any] = json.loads((BASELINES / file).read_text(encoding="utf-8"))
    hardware = data["fingerprint"].get("hardware", {})
    tests = {
        test_id: {**test.get("information", {}), **test["figures"]} for test_id, test in data["tests"].items()
    }
    model = data["fingerprint"]["model"]["name"]
    return Published(file, model, hardware.get("gpu", ""), hardware.get("gpus") or hardware.get("tp"), tests)
