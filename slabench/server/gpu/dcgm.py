"""A DCGM exporter: the GPUs of its machine, as Prometheus' text."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Mapping

from slabench.errors import ServerError
from slabench.gpu_records import GpuSample
from slabench.server.gpu.reading import Gpu, Reading, SourceError
from slabench.server.http import Http

ENERGY = "DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION"  # mJ
POWER = "DCGM_FI_DEV_POWER_USAGE"  # W
CLOCK = "DCGM_FI_DEV_SM_CLOCK"  # MHz
TEMPERATURE = "DCGM_FI_DEV_GPU_TEMP"  # degrees Celsius
MEMORY = "DCGM_FI_DEV_FB_USED"  # MiB
# before and after DCGM 3.3; neither is in the exporter's default list
REASONS = ("DCGM_FI_DEV_CLOCKS_EVENT_REASONS", "DCGM_FI_DEV_CLOCK_THROTTLE_REASONS")
# DCGM's own values for "no data" are from there on: 2147483632 (32 bits), 140737488355328 (a float),
# 9223372036854775792 (64 bits)
_BLANK, _BLANK_ENERGY = 2147483632.0, 140737488355328.0
_SAMPLE = re.compile(r"^(DCGM_FI_DEV_\w+)\{([^}]*)\} (\S+)(?: \d+)?\r?$", re.M)
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')

Values = dict[str, float]


def read_text(text: str) -> tuple[dict[int, Gpu], dict[int, Values]]:
    """(GPUs, their values) by index. A GPU split into instances has a sample for each: its values are those
    of the first, and it is marked.
    """
    gpus: dict[int, Gpu] = {}
    values: dict[int, Values] = {}
    for name, labels, number in _SAMPLE.findall(text):
        known = dict(_LABEL.findall(labels))
        try:
            index, value = int(known.get("gpu", "")), float(number)
        except ValueError:
            continue
        uuid = known.get("UUID") or known.get("uuid") or ""
        mig = "GPU_I_ID" in known or (index in gpus and gpus[index].mig)
        gpus[index] = Gpu(index, uuid, known.get("modelName", ""), mig)
        if math.isfinite(value) and value < (_BLANK_ENERGY if name == ENERGY else _BLANK):
            values.setdefault(index, {}).setdefault(name, value)
    return gpus, values


class Dcgm:
    """An exporter at a URL, with or without its /metrics."""

    period_s, every, after = 1.0, 1, 2

    def __init__(self, url: str) -> None:
        self._http = Http(url.rstrip("/").removesuffix("/metrics"))
        gpus, _ = read_text(self.scrape())
        if not gpus:
            raise SourceError(f"{self._http.target.shown} has no metrics of a DCGM exporter")
        self.gpus = list(gpus.values())

    def read(self, *, whole: bool) -> Mapping[int, Reading]:
        """whole: it makes no difference, a scrape has all."""
        began = time.perf_counter_ns()
        text = self.scrape()
        at = (began + time.perf_counter_ns()) // 2
        return {index: _reading(at, values) for index, values in read_text(text)[1].items()}

    def scrape(self) -> str:
        """The text of its metrics."""
        try:
            answer = self._http.get("/metrics", timeout=5.0)
        except ServerError as error:
            raise SourceError(f"the DCGM exporter cannot be read ({error})") from error
        if answer.status != 200:
            raise SourceError(f"the DCGM exporter answered HTTP {answer.status}")
        return answer.text


def _reading(at: int, values: Values) -> Reading:
    energy = values.get(ENERGY)
    reasons = next((values[name] for name in REASONS if name in values), None)
    return Reading(
        None if energy is None else (at, int(energy)),
        GpuSample(
            at,
            values.get(POWER),
            values.get(CLOCK),
            values.get(TEMPERATURE),
            None if reasons is None else int(reasons),
            values.get(MEMORY),
        ),
    )
