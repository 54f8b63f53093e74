"""Launches before a load: a stored spread for each test, and a valid result of each earlier launch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from slabench.errors import ConfigError
from slabench.messages import Message
from slabench.session.preflight import Stage, Status, examine
from slabench.session.preflight.refusals import check_command_line
from slabench.session.servers import Servers
from slabench.strict_json import dumps
from tests.unit.session.preflight.builders import OLD, context, deployment, point, results


def spread(folder: Path, *tests: str) -> str:
    entry = {"launch_spread": {"launches": 8, "freedom": 7, "sd": {"tpot.mean": 0.004}}}
    path = folder / "spread.json"
    document = {"schema": "slabench.baseline/2", "fingerprint": {}, "tests": dict.fromkeys(tests, entry)}
    path.write_text(dumps(document))
    return str(path)


def about(file: str, launches: int) -> Any:
    options = {"base_url": [], "launch": "new", "baseline_launch": "old"}
    return context(point(1), point(8), launches=launches, launch_spread=file, **options)


def test_few_launches_need_the_spread_of_each_test(tmp_path: Path) -> None:
    ids = [point(size).test_id for size in (1, 8)]
    (found,) = results("launch_spread", about(spread(tmp_path, *ids), 2))
    assert found.status is Status.OK
    missing = about(spread(tmp_path, ids[0]), 2)
    (found,) = results("launch_spread", missing)
    assert (found.status, found.tests) == (Status.STOP, (ids[1],))
    with pytest.raises(ConfigError, match=r"--launches=2 alone shows too little.*so no load was sent"):
        list(check_command_line(examine(missing, Stage.COMMAND_LINE), missing))
    assert results("launch_spread", about(spread(tmp_path, ids[0]), 6)) == []


class Earlier:
    """A launch in which one test has no result."""

    def loads(self, test_id: str) -> object:
        if "bs8" in test_id:
            return Message("launches.invalid", number=1, line="client: too slow")
        return [], []


def test_what_an_earlier_launch_lacks_is_not_measured_again() -> None:
    servers = Servers(deployment(), deployment(OLD))
    found = results("earlier_launches", context(point(1), point(8), servers=servers, earlier=(Earlier(),)))
    assert [(result.status, result.tests) for result in found] == [(Status.STOP, (point(8).test_id,))]
    assert "launch 1: client: too slow" in str(found[0].message)
    found = results("earlier_launches", context(point(1), servers=servers, earlier=(Earlier(),)))
    assert [result.status for result in found] == [Status.OK]
    assert results("earlier_launches", context(point(8), servers=servers)) == []
