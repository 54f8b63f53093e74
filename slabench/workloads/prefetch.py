"""Prompts made in advance by a process of its own: `python -m slabench.workloads.prefetch`, the order as JSON
on standard input.

It fills the cache that prepare() reads, and writes a line for each spec: its number, once its prompts are
stored. It ends when its standard input closes, so it does not outlive its parent.
"""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from slabench.places import child_environment
from slabench.workloads.cache import DatasetStore
from slabench.workloads.model import WorkloadSpec
from slabench.workloads.prepare import prepare
from slabench.workloads.tokenizer import load_tokenizer

NICE = 10  # a load that is being measured has priority


class Prefetch:
    """The parent's side of the process."""

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
        self.stored: set[int] = set()
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "slabench.workloads.prefetch"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # what fails there fails here too, and is reported once
            env=child_environment(),
            start_new_session=True,
        )
        assert self.process.stdin is not None and self.process.stdout is not None
        self.stdin, self.stdout = self.process.stdin, self.process.stdout
        order = {
            "specs": [asdict(spec) for spec in specs],
            "tokenizer": tokenizer,
            "cache": str(cache),
            "trust_remote_code": trust_remote_code,
            "allow_download": allow_download,
        }
        with suppress(BrokenPipeError):  # wait() finds that it has ended
            self.stdin.write(json.dumps(order).encode() + b"\n")
            self.stdin.flush()

    def wait(self, wanted: Callable[[WorkloadSpec], bool]) -> bool:
        """Wait until the prompts of the first wanted spec are stored; False if there is none, or the process
        ended before.
        """
        number = next((k for k, spec in enumerate(self.specs) if wanted(spec)), None)
        while number is not None and number not in self.stored:
            line = self.stdout.readline()
            if not line:
                return False
            self.stored.add(int(line))
        return number is not None

    def close(self) -> None:
        self.stdin.close()
        try:
            self.process.wait(2)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.stdout.close()


def make(order: Mapping[str, Any], stored: Callable[[int], None]) -> None:
    store = DatasetStore(Path(order["cache"]))

    @functools.cache
    def tokenizer() -> Any:
        options = {key: order[key] for key in ("trust_remote_code", "allow_download")}
        return load_tokenizer(order["tokenizer"], **options)

    for number, spec in enumerate(order["specs"]):
        prepare(WorkloadSpec(**spec), tokenizer=tokenizer, store=store, tokenizer_folder=order["tokenizer"])
        stored(number)


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
