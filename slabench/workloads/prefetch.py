"""Prompts made ahead by a process of its own: `python -m slabench.workloads.prefetch`, the order as JSON on
standard input.

It fills the cache that prepare() reads, and says a line for each spec: its number once its prompts are kept.
It ends when its standard input closes, so it does not outlive who asked.
"""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from slabench.places import child_environment
from slabench.workloads.model import WorkloadSpec

NICE = 10  # a load that is being measured comes first


class Ahead:
    """The process, as the one who asked sees it."""

    def __init__(
        self,
        specs: Sequence[WorkloadSpec],
        tokenizer: str,
        cache: Path,
        *,
        trust_remote_code: bool,
        allow_download: bool,
    ) -> None:
        self.specs = specs
        self.kept: set[int] = set()
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "slabench.workloads.prefetch"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # what goes wrong there goes wrong here too, and is said once
            env=child_environment(),
            start_new_session=True,
        )
        assert self.process.stdin is not None and self.process.stdout is not None
        self.stdin, self.stdout = self.process.stdin, self.process.stdout
        order = {
            "specs": [asdict(one) for one in specs],
            "tokenizer": tokenizer,
            "cache": str(cache),
            "trust_remote_code": trust_remote_code,
            "allow_download": allow_download,
        }
        try:
            self.stdin.write(json.dumps(order).encode() + b"\n")
            self.stdin.flush()
        except BrokenPipeError:
            pass  # wait() finds that it has ended

    def wait(self, wanted: Callable[[WorkloadSpec], bool]) -> bool:
        """Until the prompts of the first spec that is wanted are kept;

        False if it ended without, or was not asked for them.
        """
        number = next((k for k, one in enumerate(self.specs) if wanted(one)), None)
        if number is None:
            return False
        while number not in self.kept:
            line = self.stdout.readline()
            if not line:
                return False
            self.kept.add(int(line))
        return True

    def close(self) -> None:
        self.stdin.close()
        try:
            self.process.wait(2)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.stdout.close()


def make(order: dict[str, Any], say: Callable[[int], None]) -> None:
    from slabench.workloads.cache import DatasetStore
    from slabench.workloads.prepare import prepare
    from slabench.workloads.tokenizer import load_tokenizer

    store = DatasetStore(Path(order["cache"]))

    @functools.cache
    def tokenizer() -> Any:
        options = {key: order[key] for key in ("trust_remote_code", "allow_download")}
        return load_tokenizer(order["tokenizer"], **options)

    for number, given in enumerate(order["specs"]):
        prepare(WorkloadSpec(**given), tokenizer=tokenizer, store=store, tokenizer_folder=order["tokenizer"])
        say(number)


def main() -> int:
    os.nice(NICE)
    order = json.loads(sys.stdin.buffer.readline())

    def end_with_the_parent() -> None:
        sys.stdin.buffer.read()
        os._exit(1)

    threading.Thread(target=end_with_the_parent, daemon=True).start()
    make(order, lambda number: print(number, flush=True))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
