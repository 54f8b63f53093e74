"""So many requests at once, in threads that nothing waits for: Ctrl-C must not last as long as an answer."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_parallel(ask: Callable[[Item], Result], items: Sequence[Item], at_once: int) -> list[Result]:
    """In the items' order. The first error is raised, and nothing more is asked then."""
    waiting: queue.SimpleQueue[int] = queue.SimpleQueue()
    ended: queue.SimpleQueue[tuple[int, Result] | BaseException] = queue.SimpleQueue()
    for number in range(len(items)):
        waiting.put(number)

    def work() -> None:
        while True:
            try:
                number = waiting.get_nowait()
            except queue.Empty:
                return
            try:
                ended.put((number, ask(items[number])))
            except BaseException as error:  # noqa: BLE001 - the caller raises it
                ended.put(error)
                return

    for _ in range(min(at_once, len(items))):
        threading.Thread(target=work, daemon=True).start()
    results: dict[int, Result] = {}
    try:
        while len(results) < len(items):
            came = ended.get()
            if isinstance(came, BaseException):
                raise came
            results[came[0]] = came[1]
    finally:
        while not waiting.empty():
            try:
                waiting.get_nowait()
            except queue.Empty:
                break
    return [results[number] for number in range(len(items))]
