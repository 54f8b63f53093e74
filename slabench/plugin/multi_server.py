"""Several servers and -n K: worker gwN takes server N, each test runs on one of them, and the run is one run.

The servers have to be the same deployment, or a test's metrics would depend on which worker was free.
"""

from __future__ import annotations

import contextlib
import json
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from slabench.messages import Message
from slabench.options.checks import refuse
from slabench.plugin.order import is_live
from slabench.server.secrets import redact_url
from slabench.session.settings import SIM, Settings
from slabench.strict_json import dumps

if TYPE_CHECKING:
    from slabench.session.deployment import Deployment

# the curve is made from the decode tests' lines: all of them at one server
TOGETHER = "tests/ali/test_decode"


def workers(config: pytest.Config) -> int:
    """How many xdist will start, from its options alone; 0 in a worker and without xdist."""
    if hasattr(config, "workerinput") or config.getoption("dist", "no") == "no":
        return 0
    tx = config.getoption("tx", None) or []
    return sum(int(spec.split("*")[0]) if "*" in spec else 1 for spec in tx)


def place(config: pytest.Config) -> int | None:
    """Which server is this process's: its worker's number. None: this process is no worker."""
    worker = getattr(config, "workerinput", {}).get("workerid")
    return None if worker is None else int(str(worker).removeprefix("gw"))


def check_numbers(config: pytest.Config, settings: Settings) -> None:
    """ConfigError where -n K does not fit the number of servers, or what else was asked for.

    Two workers at one server would each measure the other's load.
    """
    count, urls, logs = workers(config), len(settings.base_urls), len(settings.options.deploy_log)
    if hasattr(config, "workerinput") or not urls:
        return
    servers = Message("part.servers", servers=urls)
    refuse(
        (
            count and settings.resume is not None,
            Message("option.resume_xdist", resume=settings.resume),
        ),
        (
            count > urls,
            Message("option.workers_at_one", count=count, servers=servers),
        ),
        (
            urls > 1 and not count,
            Message("option.several_servers", urls=urls),
        ),
        (
            count and settings.baseline_url is not None,
            Message("option.baseline_xdist"),
        ),
        (
            count and settings.quick,
            Message("option.quick_xdist"),
        ),
        (
            count and settings.options.time_budget is not None,
            Message("option.budget_xdist"),
        ),
        (
            count and settings.options.launch is not None,
            Message("option.launch_xdist"),
        ),
        (
            urls > 1 and logs not in (0, urls),
            Message("option.logs_of_servers", urls=urls, logs=logs),
        ),
    )
    if count and urls > 1:
        # a worker that takes a dead one's place would have another number, and no server
        config.option.maxworkerrestart = "0"


def check_same(settings: Settings) -> str:
    """ConfigError if the servers are not one deployment, or one server; ServerError if one does not answer.

    What they report is compared: version, arguments, hardware and model. Their speed is not: it is what the
    run measures. The answer: why two of them may be one process, or nothing.
    """
    from slabench.session.servers import identified_by, one_process

    first, *others = settings.base_urls
    if any(url.startswith(SIM) for url in settings.base_urls):
        different = next((url for url in others if url != first), "")
        remedy = Message("part.same_servers")
        refuse((different, Message("option.another_server", different=different, first=first, remedy=remedy)))
        return ""
    servers = [identified_by(settings, url, settings.api_key) for url in settings.base_urls]
    twins = []
    for pair in combinations(servers, 2):
        same, twin = one_process(*pair)
        twins.append(twin)
        names = [f"--base-url={redact_url(server.url)}" for server in pair]
        remedy = Message("part.one_process")
        refuse((same, Message("option.one_process", names=names, remedy=remedy)))
    for server in servers[1:]:
        _check_deployment(server, servers[0])
    return next(filter(None, twins), "")


def _check_deployment(server: Deployment, first: Deployment) -> None:
    from slabench.verdict.differences import SECTIONS

    mine, name = server.fingerprint, redact_url(first.url)
    differ = [
        Message(
            "part.differs_at",
            key=f"{section}.{key}",
            mine=repr(mine[section].get(key)),
            theirs=repr(first.fingerprint[section].get(key)),
            name=name,
        )
        for section in SECTIONS
        if section in mine
        for key in {**first.fingerprint[section], **mine[section]}
        if mine[section].get(key) != first.fingerprint[section].get(key)
    ]
    refuse(
        (
            differ,
            Message("option.another_deployment", url=redact_url(server.url), name=name, differ=differ),
        )
    )


class Worker:
    """In a worker: the controller gets only its tests' ids, so a file in the run folder has the live ones."""

    def __init__(self, folder: Path, worker: str) -> None:
        self.file = _live_file(folder, worker)

    @pytest.hookimpl(tryfirst=True)  # before xdist hands the ids over
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        with contextlib.suppress(OSError):
            self.file.write_text(
                dumps([item.nodeid for item in session.items if is_live(item)]), encoding="utf-8"
            )


def live_ids(folder: Path, node: Any, ids: list[str]) -> list[str]:
    """In the controller: a worker's collected tests that are live; all, where its file is missing."""
    file = _live_file(folder, node.gateway.id)
    try:
        live: list[str] = json.loads(file.read_text(encoding="utf-8"))
        file.unlink()
    except (OSError, ValueError):
        return ids
    return live


def _live_file(folder: Path, worker: str) -> Path:
    return folder / f"live-{worker}.json"


class Spread:
    """xdist's hooks, registered where workers drive live tests."""

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_make_scheduler(self, config: pytest.Config, log: Any) -> Any:
        from xdist.scheduler import LoadScopeScheduling

        scheduling = LoadScopeScheduling(config, log)
        scheduling._split_scope = lambda nodeid: TOGETHER if nodeid.startswith(TOGETHER) else nodeid
        return scheduling
