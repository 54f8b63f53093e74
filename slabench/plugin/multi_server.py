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
    servers = "1 server" if urls == 1 else f"{urls} servers"
    refuse(
        (
            count and settings.resume is not None,
            f"--resume={settings.resume} continues a run in this process; leave -n out.",
        ),
        (
            count > urls,
            f"-n {count} would let {count} workers drive {servers} at once, and each would measure the "
            "others' load; leave -n out (or use -n 0) for live tests, or name as many servers: "
            "--base-url=A --base-url=B -n 2.",
        ),
        (
            urls > 1 and not count,
            f"{urls} servers are named by --base-url, and one process measures one; -n {urls} spreads the "
            "tests over them. To compare two servers, name the old one with --baseline-url.",
        ),
        (
            count and settings.baseline_url is not None,
            "A baseline server is measured in turns with the new one, in one process; leave -n out.",
        ),
        (
            count and settings.quick,
            "--gate=quick sets its lengths by what one server takes, in one process; leave -n out.",
        ),
        (
            count and settings.options.time_budget is not None,
            "--time-budget is kept by one process; leave -n out.",
        ),
        (
            count and settings.options.launch is not None,
            "--launch starts one server; leave -n out.",
        ),
        (
            urls > 1 and logs not in (0, urls),
            f"{urls} servers have {logs} logs in --deploy-log; give one for each server, in the order of "
            "--base-url.",
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
        sentence = "tests are spread over servers that are the same."
        refuse((different, f"--base-url={different} is another server than {first}: {sentence}"))
        return ""
    servers = [identified_by(settings, url, settings.api_key) for url in settings.base_urls]
    twins = []
    for pair in combinations(servers, 2):
        same, twin = one_process(*pair)
        twins.append(twin)
        names = [f"--base-url={redact_url(server.url)}" for server in pair]
        sentence = "lead to one server process; two workers at one server would disturb each other."
        refuse((same, f"{' and '.join(names)} {sentence}"))
    for server in servers[1:]:
        _check_deployment(server, servers[0])
    return next(filter(None, twins), "")


def _check_deployment(server: Deployment, first: Deployment) -> None:
    from slabench.verdict.differences import SECTIONS

    mine, name = server.fingerprint, redact_url(first.url)
    differ = [
        f"{section}.{key}: {mine[section].get(key)!r}, {value!r} at {name}"
        for section in SECTIONS
        if section in mine
        for key, value in first.fingerprint[section].items()
        if mine[section].get(key) != value
    ]
    refuse(
        (
            differ,
            f"{redact_url(server.url)} is another deployment than {name} ({'; '.join(differ)}): tests are "
            "spread over servers that are the same. To compare two servers, name the old one with "
            "--baseline-url.",
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
