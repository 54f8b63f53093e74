"""Every option once: its name, its default, what it reads, and the tests it applies to (docs/options.md is
made from here).
"""

from __future__ import annotations

from slabench.options.clients import CLIENT
from slabench.options.gate import GATE, PLAN
from slabench.options.outcomes import JUDGEMENT, OUTPUT
from slabench.options.servers import SERVER
from slabench.options.types import Option
from slabench.options.workloads import ACCURACY, ALI, CAPACITY, WORKLOAD

OPTIONS: tuple[Option, ...] = (
    *SERVER,
    *WORKLOAD,
    *ALI,
    *CAPACITY,
    *ACCURACY,
    *CLIENT,
    *JUDGEMENT,
    *GATE,
    *OUTPUT,
    *PLAN,
)
