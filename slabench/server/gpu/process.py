"""The sampler's process, from the side of the session."""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from slabench.gpu_records import GpuRecord, read_record
from slabench.places import child_environment
from slabench.server.gpu.reading import SourceError

COMMAND = ("-P", "-m", "slabench.server.gpu.sampler")
READY_S = 30.0  # a driver that no process uses is loaded with the first call
ANSWER_S = 20.0


@dataclass(frozen=True, slots=True)
class Course:
    """All GPUs of a source over one load. failed: readings that could not be made, and why the last could
    not.
    """

    gpus: Sequence[GpuRecord]
    failed: int = 0
    why: str = ""


class SamplerProcess:
    """where: `nvml`, or an exporter's URL. SourceError where it can read nothing."""

    def __init__(self, where: str) -> None:
        self._partial = b""
        self._process = subprocess.Popen(
            [sys.executable, *COMMAND, where],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=child_environment(),
            start_new_session=True,  # a Ctrl-C at the terminal reaches us, and we end it
        )
        try:
            answer = self._answer(READY_S)
            if "failed" in answer:
                raise SourceError(answer["failed"])
        except BaseException:
            self.close()
            raise

    @property
    def pid(self) -> int:
        return self._process.pid

    def begin(self) -> None:
        """Returns when the first reading has been made."""
        self._send(b"begin\n")
        self._answer(ANSWER_S)

    def end(self) -> Course:
        self._send(b"end\n")
        answer = self._answer(ANSWER_S)
        return Course(tuple(map(read_record, answer["gpus"])), answer["failed"], answer["why"])

    def close(self) -> None:
        """Safe to call twice."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        try:
            self._process.wait(2)
        except subprocess.TimeoutExpired:
            self._process.kill()  # inside a call of a driver that does not return
            self._process.wait(2)

    def _send(self, line: bytes) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(line)
            self._process.stdin.flush()
        except (OSError, ValueError) as error:
            raise SourceError("the process that reads the GPUs has ended") from error

    def _answer(self, seconds: float) -> dict[str, Any]:
        """Its next line."""
        pipe, deadline = self._process.stdout, time.monotonic() + seconds
        assert pipe is not None
        parts = [self._partial]
        while b"\n" not in parts[-1]:
            if not select.select([pipe], [], [], max(0.0, deadline - time.monotonic()))[0]:
                raise SourceError(f"the process that reads the GPUs did not answer within {seconds:g} s")
            data = os.read(pipe.fileno(), 1 << 20)
            if not data:
                raise SourceError("the process that reads the GPUs has ended")
            parts.append(data)
        line, _, self._partial = b"".join(parts).partition(b"\n")
        answer: dict[str, Any] = json.loads(line)
        return answer
