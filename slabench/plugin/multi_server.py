"""Several servers and -n K: worker gwN takes server N, each test runs on one of them, and the run is one run.

The servers have to be the same deployment, or a test's figure would depend on which worker was free.
"""

from __future__ import annotations

import contextlib
import json
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from slabench.errors import ConfigError
from slabench.plugin.order import is_live
from slabench.server.secrets import redact_url
from slabench.session.settings import SIM, Settings
from slabench.session.starting import bearer
from slabench.strict_json import dumps

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
    """What K and the number of URLs alone say. Two workers at one server would each measure the other's load."""
    count, urls = workers(config), len(settings.base_urls)
    if hasattr(config, "workerinput") or not urls:
        return
    if count and settings.resume is not None:
        raise ConfigError(f"--resume={settings.resume} continues a run in this process; leave -n out.")
    if count > urls:
        servers = "1 server" if urls == 1 else f"{urls} servers"
        raise ConfigError(
            f"-n {count} would let {count} workers drive {servers} at once, and each would measure the others' load; leave -n out "
            "(or use -n 0) for live tests, or name as many servers: --base-url=A --base-url=B -n 2."
        )
    if urls > 1 and not count:
        raise ConfigError(
            f"{urls} servers are named by --base-url, and one process measures one; -n {urls} spreads the tests over them. "
            "To compare two servers, name the old one with --baseline-url."
        )
    if count and settings.baseline_url is not None:
        raise ConfigError(
            "A baseline server is measured in turns with the new one, in one process; leave -n out."
        )
    if count and settings.given.launch is not None:
        raise ConfigError("--launch starts one server; leave -n out.")
    logs = len(settings.given.deploy_log)
    if urls > 1 and logs not in (0, urls):
        raise ConfigError(
            f"{urls} servers have {logs} logs in --deploy-log; give one for each server, in the order of --base-url."
        )
    if count and urls > 1:
        # a worker that takes a dead one's place would have another number, and no server
        config.option.maxworkerrestart = "0"


def check_same(settings: Settings) -> str:
    """ConfigError if the servers are not one deployment, or one server; ServerError if one does not answer.

    What they report is compared: version, arguments, hardware and model. Their speed is not: it is what the
    run measures. Why two of them may be one process, where nothing shows that they are not; "" else.
    """
    from slabench.server.fingerprint import fingerprint
    from slabench.server.http import Http
    from slabench.server.identify import identify
    from slabench.server.twins import alike, same_process
    from slabench.verdict.differences import SECTIONS

    first, *others = settings.base_urls
    simulated = [url for url in settings.base_urls if url.startswith(SIM)]
    if simulated:
        odd = [url for url in others if url != first]
        if odd:
            raise ConfigError(
                f"--base-url={odd[0]} is another server than {first}: tests are spread over servers that are the same."
            )
        return ""
    given = settings.given
    headers = {**bearer(settings.api_key), **settings.headers}
    found, infos, twins = [], [], []
    for url in settings.base_urls:
        roles = identify(url, headers, ca_file=given.ca_file)
        gpus = roles.gpus(given.prefill_gpu_num, given.decode_gpu_num)
        found.append(fingerprint(roles, given.hardware, url=url, gpus=gpus))
        infos.append((url, roles.info.raw))
    for (one_url, one_info), (other_url, other_info) in combinations(infos, 2):
        one_client, other_client = (Http(url, headers, ca_file=given.ca_file) for url in (one_url, other_url))
        same = same_process(one_client, other_client, one_info, other_info)
        twins += [alike(one_info, other_info)] if same is None else []
        if same:
            raise ConfigError(
                f"--base-url={redact_url(one_url)} and --base-url={redact_url(other_url)} lead to one server process; two workers "
                "at one server would disturb each other."
            )
    for url, one in zip(others, found[1:], strict=True):
        differ = [
            f"{section}.{key}: {one[section].get(key)!r}, {was!r} at {redact_url(first)}"
            for section in SECTIONS
            if section in one
            for key, was in found[0][section].items()
            if one[section].get(key) != was
        ]
        if differ:
            raise ConfigError(
                f"{redact_url(url)} is another deployment than {redact_url(first)} ({'; '.join(differ)}): tests are spread over "
                "servers that are the same. To compare two servers, name the old one with --baseline-url."
            )
    return next(filter(None, twins), "")


class Worker:
    """In a worker: the controller hears its tests' ids alone, so which of them are live is left in the run
    folder.
    """

    def __init__(self, folder: Path, worker: str) -> None:
        self.file = _live_file(folder, worker)

    @pytest.hookimpl(tryfirst=True)  # before xdist hands the ids over
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        with contextlib.suppress(OSError):
            self.file.write_text(
                dumps([item.nodeid for item in session.items if is_live(item)]), encoding="utf-8"
            )


def live_ids(folder: Path, node: Any, ids: list[str]) -> list[str]:
    """In the controller: those of a worker's collected tests that are live.

    All, where that could not be left: none is lost.
    """
    file = _live_file(folder, node.gateway.id)
    try:
        found: list[str] = json.loads(file.read_text(encoding="utf-8"))
        file.unlink()
    except (OSError, ValueError):
        return ids
    return found


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
