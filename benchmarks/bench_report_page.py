"""How large report.html of a full run is, and how soon a browser can use it.

    python -m benchmarks.bench_report_page [RUN_FOLDER ...]

Without a folder: 18 tests with 100,000 requests in all, each with every series that a test can
have, made by the functions that make run.json's; checks and metrics are those of the stored H200
run. Each page is opened from a file in headless Chromium: `ready` is the script's own moment on the
page's clock, `all charts` the time to open everything and draw every chart at once, which a reader
never does.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.bench_series import records
from slabench.metrics.course import in_flight, output_rate, waiting
from slabench.metrics.distribution import Counts, counts, counts_of, token_gaps
from slabench.metrics.per_request import tpot, ttft
from slabench.metrics.ttft_groups import groups
from slabench.report.page.render import report_page
from slabench.run_document.entry import Entry
from slabench.run_document.read import run_document
from slabench.run_document.run import RunDocument
from slabench.run_document.series import Distribution, Timeline, TimelineEvent, TtftGroup
from slabench.session.series import short_series

EXAMPLE = Path(__file__).resolve().parents[1] / "docs/examples/h200-qwen3-30b-a3b/both-methods/run.json"
TESTS, REQUESTS, TOKENS = 18, 100_000, 100
ROUNDS = 3
LARGEST, LATEST_MS = 4 << 20, 2000


def series(requests: int) -> dict[str, Any]:
    """A test's distributions, timeline and TTFT in parts, of a load of so many requests."""
    load = records(requests, TOKENS)
    duration = max(record.end_ns or 0 for record in load) / 1e9

    def distribution(metric: str, counted: Counts | None) -> Distribution:
        assert counted is not None
        parts = {"values": counted.values, "at_most": counted.at_most, "n": counted.n}
        return Distribution(metric=metric, side="new", unit="ms", loads=1, **parts)  # type: ignore[arg-type]

    courses = {"running": in_flight, "queued": waiting, "in_flight": in_flight, "waiting": waiting}
    drawn = [short_series(name, "log", "requests", make(load, 0)) for name, make in courses.items()]
    rate = output_rate(load, 0, duration)
    assert rate is not None
    drawn += [short_series(name, "log", "tok/s", rate) for name in ("decode", "prefill", "output")]
    events = [
        TimelineEvent(kind=kind, seconds=duration * k / 60, until=duration * k / 60, count=1)
        for kind in ("retraction", "jit", "gap")
        for k in range(60)
    ]
    return {
        "distributions": (
            distribution("ttft", counts([value for each in load if (value := ttft(each)) is not None])),
            distribution("tpot", counts([value for each in load if (value := tpot(each)) is not None])),
            distribution("itl", counts_of(lambda: token_gaps(load))),
        ),
        "timeline": Timeline(repeat=1, duration_s=duration, series=tuple(drawn), events=tuple(events)),
        "ttft_groups": tuple(
            TtftGroup(
                first=each.first, n=each.n, queue=each.queue, prefill=each.prefill, outside=each.outside
            )
            for each in groups(load)
        ),
    }


def full_run() -> RunDocument:
    stored = run_document(json.loads(EXAMPLE.read_text(encoding="utf-8")))
    made = series(REQUESTS // TESTS)

    def test(place: int) -> Entry:
        entry = stored.tests[place % len(stored.tests)]
        return replace(entry, id=f"{entry.id}-{place}", **made)

    return replace(stored, tests=tuple(map(test, range(TESTS))))


DRAW_ALL = """async () => {
  const begin = performance.now();
  document.querySelectorAll('details').forEach(each => { each.open = true; });
  slabenchCharts();
  await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
  const drawn = [...document.querySelectorAll('figure .plot')].filter(plot => plot.querySelector('svg path'));
  if (drawn.length !== document.querySelectorAll('figure').length) throw new Error(`${drawn.length} drawn`);
  return performance.now() - begin;
}"""


def measure(page_file: Path) -> list[tuple[float, float]]:
    """(ready, all charts) in ms, of each round."""
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium")
    if chromium is None:
        raise SystemExit("There is no chromium here: apt-get install --no-install-recommends chromium")
    rounds = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        for _ in range(ROUNDS):
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.goto(page_file.as_uri())
            ready = float(page.evaluate("() => document.documentElement.dataset.ready"))
            rounds.append((ready, float(page.evaluate(DRAW_ALL))))
            page.close()
        browser.close()
    return rounds


def main(folders: list[str]) -> int:
    runs = {
        name: run_document(json.loads((Path(name) / "run.json").read_text(encoding="utf-8")))
        for name in folders
    } or {f"{TESTS} tests, {REQUESTS:,} requests": full_run()}
    missed = False
    with tempfile.TemporaryDirectory() as folder:
        for name, document in runs.items():
            began = time.process_time()
            text = report_page([document])
            took = time.process_time() - began
            path = Path(folder) / "report.html"
            path.write_text(text, encoding="utf-8")
            rounds, size = measure(path), path.stat().st_size
            ready, drawn = (min(each[k] for each in rounds) for k in (0, 1))
            print(f"{name}: {size:,} bytes, made in {took:.2f} s of CPU", end="; ")
            print(f"ready after {ready:.0f} ms, all {text.count('<figure')} charts in {drawn:.0f} ms")
            missed |= size > LARGEST or ready > LATEST_MS
    return int(missed)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
