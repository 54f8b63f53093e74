"""Deploy log parser against a regex-per-line loop: speed and memory. Run by hand: python
benchmarks/bench_log_parser.py [FILE ...]

Without a file it builds three in a temporary folder from tests/data/server: the recorded 0.5.7 CPU log
repeated (nearly all batch lines), the same with one start, and one of access lines of which a tenth are batch
lines. The loop is what a published script does: one search per text line for two numbers. The reader keeps
every field of every line, events and rejections besides; `curves` goes on to both curves. On a shared machine
compare the best of several --rounds: each is printed, the ways of a file in turn.

Real logs are megabytes. Wanted are 1 GB in 40 s and below 100 MB of memory.
"""

from __future__ import annotations

import argparse
import gzip
import random
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

RECORDED = ROOT / "tests" / "data" / "server" / "real-0.5.7-cpu-tiny-qwen3.log.gz"
LOOP = re.compile(r"#running-req: (\d+).*gen throughput \(token/s\): (\d+\.\d+)")


def by_loop(path: str) -> int:
    """The regex-per-line loop; returns the samples it found."""
    found: dict[int, list[float]] = {}
    with open(path, encoding="utf-8", errors="replace") as file:
        for line in file:
            match = LOOP.search(line)
            if match:
                found.setdefault(int(match[1]), []).append(float(match[2]))
    return sum(map(len, found.values()))


def by_reader(path: str) -> int:
    """Every line with every field, nothing kept."""
    from slabench.server.log.reader import LogReader, read_blocks

    reader = LogReader()
    for _ in read_blocks(path, reader):
        pass
    return reader.counts.decode


def by_curve(path: str) -> int:
    """From the file to both curves, what `python -m slabench log` and the decode curve do: lines, what came
    between, medians.
    """
    from slabench.metrics.curve import CurveBuilder
    from slabench.server.log.merge import samples

    builder = CurveBuilder().add_all(samples([path]))
    classic, clean = builder.classic(1), builder.clean(1)
    assert classic.used >= clean.used
    return classic.used + sum(classic.left_out.values())


WAYS: dict[str, Callable[[str], int]] = {"regex loop": by_loop, "reader": by_reader, "curves": by_curve}


def build(folder: Path, megabytes: int) -> list[Path]:
    """The three logs."""
    lines = gzip.decompress(RECORDED.read_bytes()).splitlines(keepends=True)
    whole = folder / "batch-lines.log"
    text = b"".join(lines)
    with whole.open("wb") as file:
        for _ in range(megabytes * 1_000_000 // len(text)):
            file.write(text)
    once = folder / "one-start.log"
    ready = next(number for number, line in enumerate(lines) if b"The server is fired up" in line)
    served = b"".join(line for line in lines[ready + 1 :] if b"SIGTERM" not in line)
    with once.open("wb") as file:
        file.writelines(lines[: ready + 1])
        for _ in range(megabytes * 1_000_000 // len(served)):
            file.write(served)
    batch = [line for line in lines if b" batch, " in line]
    access = [line for line in lines if b"HTTP/1.1" in line and b"INFO" in line]
    tenth = folder / "tenth.log"
    dice = random.Random(123)
    with tenth.open("wb") as file:
        while file.tell() < megabytes * 1_000_000:
            file.write(b"".join(dice.choice(batch if dice.random() < 0.1 else access) for _ in range(1000)))
    return [whole, once, tenth]


def load(way: str) -> None:
    """What the way imports, so that start-up is known apart from work."""
    if way == "reader":
        import slabench.server.log.reader
    elif way == "curves":
        import slabench.metrics.curve
        import slabench.server.log.merge  # noqa: F401


def one(way: str, path: str) -> None:
    """Measure one way in this process, so that its memory is its own. Prints what row() reads."""
    began = time.perf_counter()
    load(way)
    loaded, busy = time.perf_counter(), time.process_time()
    count = WAYS[way](path)
    seconds, busy = time.perf_counter() - loaded, time.process_time() - busy
    print(seconds, loaded - began, busy, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, count)


def row(way: str, path: str) -> tuple[float, float]:
    """One way in a process of its own, printed: (seconds, seconds with the imports before it)."""
    done = subprocess.run(
        [sys.executable, __file__, "--way", way, path], check=True, capture_output=True, text=True
    )
    seconds, loading, busy, peak, count = map(float, done.stdout.split())
    name, size = Path(path).name, Path(path).stat().st_size / 1e6
    speed = f"{seconds:6.2f} s + {loading:.2f} s imports  cpu {busy:6.2f} s {size / seconds:5.0f} MB/s"
    print(f"{name:18} {way:12} {speed}  peak {peak:4.0f} MB  {count:.0f} lines", flush=True)
    return seconds, seconds + loading


def main() -> None:
    """Print one row per file, round and way, and the ratios of the best."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="*")
    parser.add_argument("--megabytes", type=int, default=256, help="size of each built log")
    parser.add_argument("--rounds", type=int, default=3, help="times that each way is measured")
    parser.add_argument("--way", choices=sorted(WAYS), help="measure this one only, in this process")
    parser.add_argument(
        "--only", nargs="*", default=list(WAYS), choices=list(WAYS), metavar="WAY", help="these ways only"
    )
    options = parser.parse_args()
    if options.way:
        for path in options.files:
            one(options.way, path)
        return
    with tempfile.TemporaryDirectory() as folder:
        files = options.files or [str(path) for path in build(Path(folder), options.megabytes)]
        for path in files:
            rounds = [{way: row(way, path) for way in options.only} for _ in range(options.rounds)]
            best = {
                way: [min(times) for times in zip(*(times_of[way] for times_of in rounds), strict=True)]
                for way in rounds[0]
            }
            loop = best.get("regex loop")
            for way, (seconds, whole) in best.items():
                if loop is None:
                    break
                ratios = f"{loop[0] / seconds:5.2f}x the loop's speed, with imports {loop[1] / whole:5.2f}x"
                print(f"{Path(path).name:18} {way:12} {ratios}")


if __name__ == "__main__":
    main()
