"""Requests at once: their order, their number, and what an error or a signal leaves."""

from __future__ import annotations

import threading
import time

import pytest

from slabench.server.parallel import in_parallel


def test_so_many_at_once_and_every_result_in_its_place() -> None:
    running, most, lock = 0, 0, threading.Lock()

    def ask(number: int) -> str:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.005)
        with lock:
            running -= 1
        return str(number)

    assert in_parallel(ask, range(20), 4) == [str(number) for number in range(20)]
    assert most == 4


def test_an_error_is_raised_and_ends_the_asking() -> None:
    asked: list[int] = []

    def ask(number: int) -> int:
        asked.append(number)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        in_parallel(ask, range(1000), 1)
    time.sleep(0.05)
    assert len(asked) < 1000


def test_an_error_does_not_wait_for_the_others() -> None:
    """Nor does Ctrl-C, which comes as an error where the results are waited for."""
    release = threading.Event()

    def ask(number: int) -> int:
        if number:
            raise ZeroDivisionError
        release.wait(30)
        return number

    begin = time.monotonic()
    with pytest.raises(ZeroDivisionError):
        in_parallel(ask, range(2), 2)
    assert time.monotonic() - begin < 10
    release.set()
