"""The warm-up on a live run: how many requests a server really gets, and that none of them is taken for
another client's.
"""

from __future__ import annotations

import pytest

from tests.integration.conftest import Suite
from tests.integration.fault_matrix.rows import FAST

LOADS = 2 * 2 * 6  # two tests of one shape, two repeats of six requests each


@pytest.mark.parametrize(
    ("options", "warmups", "reported"),
    [((), 3, 3), (("--warmup-requests=1",), 4, 1), (("--warmup-requests=0",), 0, 0)],
    ids=["by default", "a number", "none"],
)
def test_what_the_server_gets(suite: Suite, options: tuple[str, ...], warmups: int, reported: int) -> None:
    done = suite("tests/tencent", "tests/serving", "--base-url=sim:", *FAST, "--repeats=2", *options)
    assert done.status == 0, done.output
    log = (done.folder / "server.log").read_text()  # type: ignore[operator]
    before, _, after = log.partition("Cache flushed successfully!")
    first = 3 if not options else reported
    assert after.count('"POST /generate') == LOADS + warmups - first
    # one prompt with 1 and with 64 tokens out, to see how answers come; and with 1 again, whose id is another
    pairs = done.run["tests"][0]["evidence"]["probe"]["pairs"]
    assert before.count('"POST /generate') == first + {1: 3, 2: 4}[len(pairs)]
    for entry in done.run["tests"]:
        assert entry["plan"]["warmup_requests"] == reported
        checks = {check["name"]: check["state"] for check in entry["checks"]}
        assert checks["prefix_cache"] == checks["flush"] == "ok"
        assert checks.get("other_clients", "ok") == "ok"
