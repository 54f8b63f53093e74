"""Calibrations on disk: they hold for a machine, a version of the client and a load shape, for a time."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import asdict, fields, replace
from pathlib import Path

from slabench.calibration.shape import Shape
from slabench.records import Calibration
from slabench.strict_json import dumps
from slabench.workloads.cache import cache_folder

FORMAT = 1
MAX_AGE_S = 30 * 86400.0
_ROOT = Path(__file__).resolve().parents[1]


def machine() -> dict[str, str]:
    """What makes one machine's client another's: processor, cores that may be used, kernel, Python; the name
    tells hosts apart.
    """
    try:
        model = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(errors="replace"), re.M)
    except OSError:
        model = None
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {
        "node": platform.node(),
        "processor": model[1] if model else platform.processor(),
        "cores": str(cores),
        "kernel": platform.release(),
        "python": sys.version.split()[0],
    }


def client_version() -> str:
    """Of the code that stamps and the code that knows: another client is measured anew."""
    digest = hashlib.sha256()
    for path in sorted([*(_ROOT / "loadgen").glob("*.py"), *(_ROOT / "sim").glob("null*.py")]):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


class Store:
    """One file a shape in the user's cache folder. A damaged or unwritable cache is no error: calibration is
    made anew.
    """

    def __init__(self, options: object, folder: Path | None = None) -> None:
        self.folder = cache_folder() if folder is None else folder
        self._key = [FORMAT, machine(), client_version(), repr(options)]

    def _path(self, shape: Shape) -> Path:
        text = json.dumps([*self._key, asdict(shape)], sort_keys=True)
        return self.folder / f"calibration-{hashlib.sha256(text.encode()).hexdigest()[:32]}.json"

    def load(self, shape: Shape) -> Calibration | None:
        path = self._path(shape)
        try:
            if time.time() - path.stat().st_mtime > MAX_AGE_S:
                return None
            stored = json.loads(path.read_text(encoding="utf-8"))
            names = {field.name for field in fields(Calibration)}
            known = Calibration(**{key: value for key, value in stored.items() if key in names})
        except (OSError, ValueError, TypeError, AttributeError):
            return None
        errors = (known.tpot_error_pct, known.ttft_error_ms, known.p99_itl_error_ms)
        whole = known.state == "measured" and all(isinstance(error, float) for error in errors)
        return replace(known, kept=True) if whole else None

    def save(self, shape: Shape, made: Calibration) -> None:
        """Whole or not at all; only what was measured: a machine that was too busy may not be so the next
        time.
        """
        if made.state == "measured":
            with suppress(OSError):
                self.folder.mkdir(parents=True, exist_ok=True)
                with tempfile.NamedTemporaryFile(
                    "w", dir=self.folder, delete=False, encoding="utf-8"
                ) as file:
                    file.write(dumps(asdict(made)))
                os.replace(file.name, self._path(shape))
