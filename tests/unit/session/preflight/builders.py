"""A session before its first load: settings of options, planned tests, servers that answered."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from slabench.methods import ALI_DECODE, TENCENT
from slabench.server.fingerprint import fingerprint
from slabench.server.roles import read
from slabench.session.deployment import Deployment
from slabench.session.planned_load import PlannedLoad, PlannedTest
from slabench.session.preflight import PreflightContext, Result
from slabench.session.preflight.registry import registered
from slabench.session.servers import Servers
from slabench.session.settings import Settings
from tests.unit.plugin.test_plugin_options import given

NEW, OLD = "http://127.0.0.1:1", "http://127.0.0.1:2"
INFO = {
    "version": "0.5.7",
    "model_path": "org/r1",
    "device": "cuda",
    "tp_size": 1,
    "max_total_num_tokens": 100_000,
    "max_running_requests": 64,
    "cuda_graph_max_bs": 32,
    "context_length": 8192,
}
CURVE = PlannedTest("tests/ali/test_decode_curve.py::test_decode_curve", curve=True)


def point(size: int) -> PlannedTest:
    form = ALI_DECODE.replaced(num_prompts=size)
    load = PlannedLoad(form, {"batch_size": size}, batch_size=size)
    return PlannedTest(f"tests/ali/test_decode.py::test_decode_tpot[bs{size}]", (load,))


def tencent(count: int = 128, **form: Any) -> PlannedTest:
    load = PlannedLoad(TENCENT.replaced(num_prompts=count, **form), {"num_prompts": count})
    return PlannedTest(f"tests/tencent/test_sla.py::test_sla[np{count}]", (load,))


def deployment(url: str = NEW, *, logs: tuple[str, ...] = (), **info: Any) -> Deployment:
    known = {name: value for name, value in (INFO | info).items() if value is not None}
    roles = read(known, {})
    gpus = roles.gpus(None, None)
    return Deployment(
        url, {}, None, roles, logs, gpus, roles.describe_gpus(None, None), fingerprint(roles, "H20", url=url)
    )


def context(
    *tests: PlannedTest, servers: Servers | None = None, before: Any = None, earlier: Any = (), **options: Any
) -> PreflightContext:
    settings = Settings.of(given(**{"base_url": [NEW], **options}), {})
    campaign: Any = None
    if servers is not None:
        campaign = SimpleNamespace(servers=servers, before=before, settings=settings, earlier=earlier)
    return PreflightContext(settings, tests, campaign)


def answered(*tests: PlannedTest, options: dict[str, Any] | None = None, **info: Any) -> PreflightContext:
    """info: of server_info, over INFO; None: not reported."""
    return context(*tests, servers=Servers(deployment(**info)), **(options or {}))


def results(name: str, about: PreflightContext) -> list[Result]:
    """What the check of this name reports."""
    (check,) = [check for check in registered() if check.name == name]
    return list(check.results(about))
