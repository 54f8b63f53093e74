"""Frames without a line get one before pytest prints them: CPython 3.11 can be interrupted (Ctrl-C, a timer)
between two lines, and pytest then subtracts 1 from None and crashes.
"""

from __future__ import annotations

from collections.abc import Generator
from types import TracebackType

import pytest


@pytest.hookimpl(tryfirst=True)
def pytest_keyboard_interrupt(excinfo: pytest.ExceptionInfo[BaseException]) -> None:
    _repair(excinfo)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    call: pytest.CallInfo[None],
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Of an error that was raised from an interrupt."""
    if call.excinfo is not None:
        _repair(call.excinfo)
    return (yield)


def _repair(excinfo: pytest.ExceptionInfo[BaseException]) -> None:
    errors: list[BaseException] = [excinfo.value]
    for error in errors:
        lined = _lined(error.__traceback__)
        if lined is not error.__traceback__:
            error.__traceback__ = lined
            if error is excinfo.value and lined is not None:
                excinfo.traceback = type(excinfo.traceback)(lined)
        further = (error.__cause__, error.__context__)
        errors += [each for each in further if each is not None and each not in errors]


def _lined(traceback: TracebackType | None) -> TracebackType | None:
    """The same where every frame has a line; else a frame without one has its function's first."""
    frames = []
    while traceback is not None:
        frames.append(traceback)
        traceback = traceback.tb_next
    # typeshed has no None for a line
    lines: list[int | None] = [frame.tb_lineno for frame in frames]
    if None not in lines:
        return frames[0] if frames else None
    whole: TracebackType | None = None
    for frame, line in reversed([*zip(frames, lines, strict=True)]):
        first = frame.tb_frame.f_code.co_firstlineno
        whole = TracebackType(whole, frame.tb_frame, frame.tb_lasti, first if line is None else line)
    return whole
