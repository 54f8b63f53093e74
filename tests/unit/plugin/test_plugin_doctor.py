"""The doctor's lines go to a pipe as well."""

from __future__ import annotations

import subprocess
import sys


def test_a_reader_that_goes_changes_nothing_of_the_status() -> None:
    code = (
        "from slabench.plugin.doctor import _say\n"
        "_say('first')\n"
        "for _ in range(1000): _say('x' * 1000)\n"
        "raise SystemExit(6)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        assert process.stdout.readline() == "first\n"
        process.stdout.close()
        assert (process.stderr.read(), process.wait(20)) == ("", 6)
