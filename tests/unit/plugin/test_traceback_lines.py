"""An interrupt between two lines, of which CPython 3.11 knows no line, is Ctrl-C and no crash."""

from __future__ import annotations

from pathlib import Path

import pytest

SOURCE = """
import types
def interrupt():
    raise KeyboardInterrupt
code = interrupt.__code__
# entries that are of no place, one a unit (Objects/locations.md of CPython)
lineless = types.FunctionType(code.replace(co_linetable=b"\\xf8" * (len(code.co_code) // 2)), {})
def test_error_from_an_interrupt():
    try:
        lineless()
    except KeyboardInterrupt as error:
        raise ValueError("late") from error
def test_interrupt():
    lineless()
"""


def test_ctrl_c_without_a_line_ends_with_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SLABENCH_BASE_URL", raising=False)
    file = tmp_path / "test_lineless.py"
    file.write_text(SOURCE)
    plugins = ("-p", "slabench.plugin", "-p", "no:cacheprovider", "-p", "no:xdist")
    status = pytest.main([str(file), f"--rootdir={tmp_path}", *plugins])
    output = "".join(capsys.readouterr())
    assert status == pytest.ExitCode.INTERRUPTED, output
    assert "INTERNALERROR" not in output and "1 failed" in output
    assert "ValueError: late" in output and "test_lineless.py:3: KeyboardInterrupt" in output
